"""What the unit means to do and how it goes: measures, the department's word on them, progress, 长期坚持."""

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction

from roster.audit.actions import Actor
from roster.audit.moves import Refused
from roster.people.models import Person
from sessions_app.findings import rules
from sessions_app.findings.ground import day_of, lock, members_on, people_on, tell
from sessions_app.findings.hands import unit_hands
from sessions_app.findings.models import ExtensionStage, Finding, FindingStage, Measure, Milestone, Progress
from sessions_app.findings.rules import MOVES


@transaction.atomic
def propose_plan(
    finding: Finding, *, measures: Sequence[str], leader: Person, owner: Person, due_on: date, version: int | None = None,
    by: Actor, at: datetime,
) -> Finding:  # fmt: skip
    """Measures, 责任领导, 责任人 and a date. Again until the department agrees; it stays 待整改 meanwhile."""
    row, today = lock(finding, version), day_of(at)
    texts = [text.strip() for text in measures if text.strip()]
    wrong = rules.stage_refusals(row.stage, [FindingStage.OPEN], "报整改措施")
    wrong += rules.plan_refusals(
        measures=texts, leader_belongs=leader.pk in members_on(row.committee_id, today),
        owner_belongs=owner.pk in people_on(row.committee_id, today), due_on=due_on, today=today,
    )  # fmt: skip
    if wrong:
        raise Refused(wrong)
    row.measures.all().delete()
    Measure.objects.bulk_create(Measure(finding=row, order=number, text=text) for number, text in enumerate(texts, 1))
    row.accountable_leader, row.owner, row.due_on, row.first_due_on, row.return_note = leader, owner, due_on, due_on, ""
    row.save_changed()
    tell(
        row, "propose_plan", by=by, at=at,
        data={"measures": texts, "leader": leader.pk, "owner": owner.pk, "due_on": due_on.isoformat()},
    )  # fmt: skip
    return row


@transaction.atomic
def return_plan(finding: Finding, *, note: str, version: int | None = None, by: Actor, at: datetime) -> Finding:
    """The measures do not do; the unit owes them again."""
    row = lock(finding, version)
    wrong = rules.stage_refusals(row.stage, [FindingStage.OPEN], "退回整改措施")
    if not wrong and not row.is_planned:
        wrong.append("责任单位还没有报整改措施，没有可以退回的。")
    if not note.strip():
        wrong.append("请写明退回的意见。")
    if wrong:
        raise Refused(wrong)
    row.return_note = note.strip()[:300]
    row.save_changed()
    tell(row, "return_plan", reason=row.return_note, by=by, at=at)
    return row


@transaction.atomic
def agree_plan(finding: Finding, *, version: int | None = None, by: Actor, at: datetime) -> Finding:
    """The department takes the measures; the clock of the finding runs."""
    row = lock(finding, version)
    wrong = rules.move_refusals(row.stage, "agree_plan")
    if not wrong and not row.is_planned:
        wrong.append("责任单位还没有报整改措施、责任领导、责任人和时限，不能认可。")
    wrong += rules.own_decision(by.person_id, unit_hands(row), "认可整改措施")
    if wrong:
        raise Refused(wrong)
    before, row.stage = row.stage, MOVES.target(row.stage, "agree_plan")
    row.save_changed()
    tell(row, "agree_plan", before=before, by=by, at=at)
    return row


@transaction.atomic
def add_progress(finding: Finding, *, text: str, by: Actor, at: datetime) -> Progress:
    row = lock(finding)
    wrong = rules.stage_refusals(row.stage, rules.PROGRESS_STAGES, "填报进展")
    if not text.strip():
        wrong.append("请写明进展。")
    if len(text.strip()) > 300:
        wrong.append("进展请控制在 300 字以内。")
    if wrong:
        raise Refused(wrong)
    made = Progress.objects.create(finding=row, day=day_of(at), text=text.strip(), by_id=by.person_id)
    row.save_changed()
    tell(row, "add_progress", reason=made.text, by=by, at=at)
    return made


@transaction.atomic
def reach(milestone: Milestone, *, text: str, by: Actor, at: datetime) -> Milestone:
    """A step of what is kept up is done; what was done goes into the progress."""
    row = lock(milestone.finding)
    mark: Milestone = Milestone.objects.get(pk=milestone.pk)
    wrong = rules.stage_refusals(row.stage, [FindingStage.LONG_TERM], "完成节点")
    if mark.done_on:
        wrong.append("这个节点已经完成。")
    if wrong:
        raise Refused(wrong)
    mark.done_on = day_of(at)
    mark.save(update_fields=["done_on"])
    words = f"完成节点：{mark.text}" + (f"。{text.strip()}" if text.strip() else "")
    Progress.objects.create(finding=row, day=mark.done_on, text=words[:300], by_id=by.person_id)
    row.save_changed()
    tell(row, "reach", reason=words[:300], by=by, at=at, data={"milestone": mark.pk})
    return mark


@transaction.atomic
def keep_up(
    finding: Finding, *, reason: str, milestones: Sequence[tuple[date, str]], version: int | None = None, by: Actor,
    at: datetime,
) -> Finding:  # fmt: skip
    """长期坚持: it has no end, but steps with dates. It is not counted as closed, and shown apart."""
    row = lock(finding, version)
    wrong = rules.move_refusals(row.stage, "keep_up") + rules.milestone_refusals(milestones, today=day_of(at))
    if not reason.strip():
        wrong.append("请写明转为长期坚持的理由。")
    if row.extensions.filter(stage=ExtensionStage.ASKED).exists():
        wrong.append(rules.ASKS_EXTENSION)
    wrong += rules.own_decision(by.person_id, unit_hands(row), "转为长期坚持")
    if wrong:
        raise Refused(wrong)
    before, row.stage = row.stage, MOVES.target(row.stage, "keep_up")
    row.long_term_reason, row.evidence_print = reason.strip()[:200], ""
    Milestone.objects.bulk_create(Milestone(finding=row, day=day, text=text.strip()) for day, text in milestones)
    row.save_changed()
    steps = [[day.isoformat(), text.strip()] for day, text in milestones]
    tell(row, "keep_up", before=before, reason=row.long_term_reason, by=by, at=at, data={"milestones": steps})
    return row


@transaction.atomic
def resume(
    finding: Finding, *, reason: str, due_on: date, version: int | None = None, by: Actor, at: datetime
) -> Finding:
    """Back from 长期坚持 to a rectification that ends, by a day."""
    row = lock(finding, version)
    wrong = rules.move_refusals(row.stage, "resume")
    if not reason.strip():
        wrong.append("请写明恢复整改的理由。")
    if due_on <= day_of(at):
        wrong.append("整改时限须在今天之后。")
    if wrong:
        raise Refused(wrong)
    before, row.stage = row.stage, MOVES.target(row.stage, "resume")
    old, row.due_on = row.due_on, due_on
    row.save_changed()
    tell(row, "resume", before=before, reason=reason.strip(), by=by, at=at, data={"due_on": [str(old), str(due_on)]})
    return row
