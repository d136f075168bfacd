"""Every change to a year plan. Approved content is locked: a change is a new edition with its reason."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from roster.audit.actions import Actor, record
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.plans import rules
from sessions_app.plans.models import PlanItem, PlanStage, StudyMode, StudyPlan
from sessions_app.plans.rules import MOVES
from sessions_app.policies import parameters
from sessions_app.policies.actions import require_open

WRITING = ("create", "amend", "save_head", "save_items", "submit")


def _gate(committee: Committee, year: int) -> None:
    """A plan belongs to its whole year: it stays open until the year's last quarter is closed."""
    require_open(committee, date(year, 12, 31))


def _to_write(plan: StudyPlan, version: int) -> StudyPlan:
    plan = StudyPlan.objects.lock(plan.pk, version)
    if plan.stage not in rules.OPEN_STAGES:
        cure = "请先由组长退回。" if plan.stage == PlanStage.SUBMITTED else "要改请发起“调整”，写明理由后重新审定。"
        raise Refused(f"计划现在是“{plan.get_stage_display()}”，内容已锁定。{cure}")
    _gate(plan.committee, plan.year)
    return plan


@transaction.atomic
def create(
    *, committee: Committee, year: int, copy_from: StudyPlan | None = None, by: Actor, at: datetime
) -> StudyPlan:
    """Edition 1 of a committee's year, empty or with the text and topics of another year (renumbered from 1)."""
    committee = Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=committee.pk)
    if StudyPlan.objects.filter(committee=committee, year=year).exists():
        raise Refused(f"{committee} {year} 年的计划已经有了，请打开它继续编辑。")
    if copy_from and copy_from.committee_id != committee.pk:
        raise Refused("只能照抄本委员会往年的计划。")
    _gate(committee, year)
    plan = StudyPlan(committee=committee, year=year)
    if copy_from:
        plan.aim, plan.requirements = copy_from.aim, copy_from.requirements
    plan.save()
    if copy_from:
        old = sorted(copy_from.items.all(), key=lambda item: (item.quarter, item.month or 0, item.serial))
        plan.last_serial = _copy_items(old, plan, renumber=True)
        plan.save(update_fields=["last_serial"])
    data = {"copied_from": copy_from.pk, "copied_year": copy_from.year} if copy_from else {}
    record(plan, verb="create", after=plan.stage, by=by, at=at, data=data)
    return plan


def _copy_items(items: Sequence[PlanItem], plan: StudyPlan, *, renumber: bool) -> int:
    rows = [
        PlanItem(
            plan=plan,
            serial=place if renumber else item.serial,
            **{field: getattr(item, field) for field in rules.ITEM_FIELDS},
        )
        for place, item in enumerate(items, start=1)
    ]
    PlanItem.objects.bulk_create(rows)
    return max((row.serial for row in rows), default=0)


def _put_head(plan: StudyPlan, aim: str, requirements: str) -> list[str]:
    changed = [name for name, text in (("aim", aim), ("requirements", requirements)) if getattr(plan, name) != text]
    plan.aim, plan.requirements = aim, requirements
    return changed


def _put_items(plan: StudyPlan, items: Sequence[Mapping[str, Any]]) -> dict[str, list[int]]:
    """Make the edition hold exactly `items`; a row keeps its identity by its serial. Says what changed, by serial."""
    present = {item.serial: item for item in plan.items.select_for_update(of=("self",))}
    serials, wrong = rules.settle_serials([item.get("serial") for item in items], present, plan.last_serial)
    items = [rules.with_quarter(item) for item in items]
    for place, item in enumerate(items, start=1):
        wrong += rules.item_problems(item, f"第 {place} 项")
        if item.get("mode") and item["mode"] not in StudyMode.values:
            wrong.append(f"第 {place} 项：学习方式不在六种之内，请重新选择。")
    gone = sorted(set(present) - set(serials))
    # By serial, through every edition: a session keeps pointing at the edition it was made from.
    studied = PlanItem.objects.filter(
        plan__committee=plan.committee_id, plan__year=plan.year, serial__in=gone,
        participations__study_session__isnull=False,
    ).exclude(participations__study_session__stage="CANCELLED")  # fmt: skip
    wrong += [
        f"第 {serial} 项“{present[serial].topic}”已有学习场次，不能删去；可以改题目。"
        for serial in sorted(set(studied.values_list("serial", flat=True)))
    ]
    if wrong:
        raise Refused(wrong)
    said: dict[str, list[int]] = {"added": [], "changed": [], "removed": gone}
    for serial, item in zip(serials, items, strict=True):
        row = present.get(serial)
        values = {field: item.get(field) for field in rules.ITEM_FIELDS}
        values = {f: v if v is not None or f in ("month", "quarter", "category") else "" for f, v in values.items()}
        values["topic"] = str(values["topic"]).strip()
        if row is None:
            PlanItem.objects.create(plan=plan, serial=serial, **values)
            said["added"].append(serial)
        elif any(getattr(row, field) != value for field, value in values.items()):
            for field, value in values.items():
                setattr(row, field, value)
            row.save()
            said["changed"].append(serial)
    plan.items.filter(serial__in=gone).delete()
    plan.last_serial = max(plan.last_serial, *serials, *present, 0)
    return {key: found for key, found in said.items() if found}


@transaction.atomic
def save_head(plan: StudyPlan, *, aim: str, requirements: str, version: int, by: Actor, at: datetime) -> StudyPlan:
    plan = _to_write(plan, version)
    changed = _put_head(plan, aim, requirements)
    plan.save_changed()
    record(plan, verb="save_head", before=plan.stage, after=plan.stage, by=by, at=at, data={"changed": changed})
    return plan


@transaction.atomic
def save_items(
    plan: StudyPlan, *, items: Sequence[Mapping[str, Any]], version: int, by: Actor, at: datetime
) -> StudyPlan:
    """Replace the edition's topics. A dict holds PlanItem's fields; `serial` is absent or None for a new topic."""
    plan = _to_write(plan, version)
    said = _put_items(plan, items)
    plan.save_changed()
    record(plan, verb="save_items", before=plan.stage, after=plan.stage, by=by, at=at, data=said)
    return plan


@transaction.atomic
def save(
    plan: StudyPlan, *, aim: str, requirements: str, items: Sequence[Mapping[str, Any]], version: int, by: Actor,
    at: datetime,
) -> StudyPlan:  # fmt: skip
    """Head and topics of one page, under one version and one event."""
    plan = _to_write(plan, version)
    data: dict[str, Any] = {**_put_items(plan, items)}
    if head := _put_head(plan, aim, requirements):
        data["head"] = head
    plan.save_changed()
    record(plan, verb="save_items", before=plan.stage, after=plan.stage, by=by, at=at, data=data)
    return plan


def first_quarter(plan: StudyPlan) -> int:
    """The first quarter in which the committee existed: it owes nothing before."""
    since = plan.committee.since
    return rules.quarter_of(since) if since.year == plan.year else 1


@transaction.atomic
def submit(
    plan: StudyPlan, *, meeting: str = "", met_on: date | None = None, version: int, by: Actor, at: datetime
) -> StudyPlan:
    """To the leader. The approving meeting may be written down already; the leader then only agrees."""
    plan = StudyPlan.objects.lock(plan.pk, version)
    before, plan.stage = plan.stage, MOVES.target(plan.stage, "submit")
    _gate(plan.committee, plan.year)
    minimum = parameters.value("sessions_per_quarter", plan.committee, date(plan.year, 12, 31))
    items = list(plan.items.all())
    wrong = rules.submit_problems(items, first_quarter(plan), int(minimum or 0))
    wrong += rules.category_problems((item.serial, item.category) for item in items)
    if met_on and met_on > at.date():
        wrong.append(f"审定日期 {met_on:%Y-%m-%d} 还没有到，请核对。")
    if wrong:
        raise Refused(wrong)
    plan.submitted_by_id, plan.submitted_at = by.person_id, at
    plan.approving_meeting, plan.approved_on, plan.return_note = meeting.strip(), met_on, ""
    plan.save_changed()
    record(plan, verb="submit", before=before, after=plan.stage, by=by, at=at)
    return plan


@transaction.atomic
def send_back(plan: StudyPlan, *, note: str, version: int, by: Actor, at: datetime) -> StudyPlan:
    plan = StudyPlan.objects.lock(plan.pk, version)
    before, plan.stage = plan.stage, MOVES.target(plan.stage, "send_back")
    if not note.strip():
        raise Refused("请写明退回意见，学习秘书据此修改。")
    plan.return_note = note.strip()
    plan.save_changed()
    record(plan, verb="send_back", before=before, after=plan.stage, by=by, at=at, reason=plan.return_note)
    return plan


def writers(plan: StudyPlan) -> set[int]:
    """Persons who had a hand in this edition's content."""
    hands = AuditEvent.objects.about(plan).filter(verb__in=WRITING, actor__person__isnull=False)
    found = set(hands.values_list("actor__person_id", flat=True))
    return found | ({plan.submitted_by_id} if plan.submitted_by_id else set())


@transaction.atomic
def approve(
    plan: StudyPlan, *, meeting: str = "", met_on: date | None = None, version: int, by: Actor, at: datetime
) -> StudyPlan:
    """By the leader, with the committee's own meeting and its day (those given on submission, unless given here)."""
    plan = StudyPlan.objects.lock(plan.pk, version)
    before, plan.stage = plan.stage, MOVES.target(plan.stage, "approve")
    _gate(plan.committee, plan.year)
    meeting, met_on = meeting.strip() or plan.approving_meeting, met_on or plan.approved_on
    wrong = rules.settle_problems(meeting, met_on, at.date())
    if by.person_id and by.person_id in writers(plan):
        wrong.append("您参与了这份计划的编制或提交，不能由本人审定；请由组长本人或另一位有权的同志审定。")
    if wrong:
        raise Refused(wrong)
    plan.approving_meeting, plan.approved_on, plan.approved_by_id = meeting, met_on, by.person_id
    plan.save_changed()
    record(
        plan, verb="approve", before=before, after=plan.stage, by=by, at=at,
        data={"meeting": meeting, "met_on": str(met_on)},
    )  # fmt: skip
    return plan


@transaction.atomic
def file(plan: StudyPlan, *, version: int, by: Actor, at: datetime) -> StudyPlan:
    """Report to the superior departments. Late or not, it is filed; the days late are counted from the dates."""
    plan = StudyPlan.objects.lock(plan.pk, version)
    before, plan.stage = plan.stage, MOVES.target(plan.stage, "file")
    _gate(plan.committee, plan.year)
    plan.filed_on = at.date()
    plan.save_changed()
    record(plan, verb="file", before=before, after=plan.stage, by=by, at=at, data={"filed_on": str(plan.filed_on)})
    return plan


@transaction.atomic
def amend(plan: StudyPlan, *, reason: str, by: Actor, at: datetime) -> StudyPlan:
    """A new edition in draft with the same topics under the same serials; the settled one stays and stays in force."""
    plan = StudyPlan.objects.lock(plan.pk)
    wrong = []
    if not reason.strip():
        wrong.append("请写明调整理由。")
    if plan.stage not in rules.SETTLED_STAGES:
        wrong.append(f"计划现在是“{plan.get_stage_display()}”，可以直接修改，不用调整。")
    newest = StudyPlan.objects.filter(committee=plan.committee_id, year=plan.year).order_by("-edition").first()
    if newest.stage not in rules.SETTLED_STAGES and newest.pk != plan.pk:
        wrong.append(f"第 {newest.edition} 版正在调整中（{newest.get_stage_display()}），请在那一版上继续。")
    elif newest.pk != plan.pk:
        wrong.append(f"这是第 {plan.edition} 版，已有第 {newest.edition} 版；请在最新一版上调整。")
    if wrong:
        raise Refused(wrong)
    _gate(plan.committee, plan.year)
    draft = StudyPlan(
        committee_id=plan.committee_id, year=plan.year, edition=plan.edition + 1, aim=plan.aim,
        requirements=plan.requirements, amend_reason=reason.strip(), last_serial=plan.last_serial,
    )  # fmt: skip
    draft.save()
    draft.last_serial = max(draft.last_serial, _copy_items(list(plan.items.all()), draft, renumber=False))
    draft.save(update_fields=["last_serial"])
    record(draft, verb="amend", after=draft.stage, by=by, at=at, reason=draft.amend_reason, data={"from": plan.pk})
    return draft
