"""Issuing a 提醒函, withdrawing it by hand, and by itself once everything it names is met."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, F, Max, OuterRef

from roster.audit.actions import SHANGHAI, Actor, Entry, SystemActor, record, record_many
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.letters import draft, rules
from sessions_app.letters.models import LetterLine, LetterStage, ReminderLetter
from sessions_app.letters.rules import MOVES
from sessions_app.notices import actions as notices
from sessions_app.notices.actions import Draft
from sessions_app.notices.models import Rhythm
from sessions_app.papers import actions as papers
from sessions_app.papers.models import PaperKind
from sessions_app.policies import parameters
from sessions_app.policies.rules import left_words, tone
from sessions_app.reminders.models import DueItem

CLOCKWORK = SystemActor("定时任务")


def _lock_numbers(sender_id: int) -> Committee:
    """One letter at a time of a sender: numbers have no gap and nobody gets the same one."""
    return Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=sender_id)


def _next_number(sender_id: int, year: int) -> int:
    last = ReminderLetter.objects.filter(sender_id=sender_id, year=year).aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


@transaction.atomic
def issue(
    committee: Committee, *, items: Sequence[int], demand: str, answer_by: date, form_token: str = "", by: Actor,
    at: datetime,
) -> ReminderLetter:  # fmt: skip
    """A numbered letter to `committee` that names its open things `items` (ids); its paper is issued with it.

    The sender is the committee of the writer's grant nearest above. The same `form_token` makes it once.
    """
    day = at.astimezone(SHANGHAI).date()
    sender_id = draft.sender_of(by, committee)
    if sender_id is None:
        raise Refused(rules.NOT_BELOW)
    sender = _lock_numbers(sender_id)
    if form_token:
        made = ReminderLetter.objects.filter(form_token=form_token, sender=sender, committee=committee).first()
        if made is not None:
            return made
    rows = list(DueItem.objects.open().filter(pk__in=items, committee=committee).order_by("due_on", "id"))
    wrong = rules.issue_refusals(
        lines=len(rows), strangers=len(set(items)) - len(rows), demand=demand, answer_by=answer_by, today=day
    )
    if committee.until and committee.until < day:
        wrong.append(f"{committee}已停用，不再发函。")
    if wrong:
        raise Refused(wrong)
    number = _next_number(sender.pk, day.year)
    letter = ReminderLetter.objects.create(
        committee=committee, sender=sender, year=day.year, number=number, demand=demand.strip(), answer_by=answer_by,
        issued_by_id=by.person_id, issued_at=at, form_token=form_token or None,
    )  # fmt: skip
    LetterLine.objects.bulk_create(
        LetterLine(letter=letter, order=order, item=item, what=item.what, due_on=item.due_on)
        for order, item in enumerate(rows, start=1)
    )
    contact = by.display_name if by.person_id else ""
    facts = draft.facts(
        committee, sender, rows, demand=demand, answer_by=answer_by, day=day, number=number, contact=contact
    )
    letter.paper = papers.issue(
        PaperKind.REMINDER_LETTER, committee=committee, year=day.year, subject_id=letter.pk, facts=facts, by=by, at=at
    )
    letter.save(update_fields=["paper"])
    told = _tell(letter, rows, facts["sender"], day, at)
    record(
        letter, verb="issue", after=letter.stage, by=by, at=at,
        data={"number": number, "sender": sender.pk, "lines": len(rows), "told": told, "answer_by": str(answer_by)},
    )  # fmt: skip
    return letter


def _tell(letter: ReminderLetter, items: Sequence[DueItem], sender: str, day: date, at: datetime) -> int:
    """The secretaries and leaders find it in their inbox; how many were told."""
    working = draft.days_round(items, day)
    behind = parameters.value("behind_working_days", letter.committee, day)
    lines = [
        {
            "item": item.pk, "kind": item.kind_label, "what": item.what, "committee": "",
            "due": item.due_on.isoformat(), "left": left_words(item.due_on, day, working),
            "tone": str(tone(item.due_on, day, working, behind_days=behind)), "url": item.url,
        }
        for item in items
    ]  # fmt: skip
    lead = f"请在{letter.answer_by.month}月{letter.answer_by.day}日前办结下列 {len(items)} 项；办结后自动撤销，不用另行回复。"
    people = draft.readers(letter.committee, day).ids
    notices.post(
        [_notice(letter, person, f"{sender}发来{letter}", lead, lines) for person in people],
        at=at,
    )
    return len(people)


def _notice(letter: ReminderLetter, person: int, title: str, lead: str, lines: list | None = None) -> Draft:
    return Draft(
        rhythm=Rhythm.LETTER, period=f"letter:{letter.pk}", title=title[:120], person_id=person,
        committee_id=letter.committee_id, lead=lead, lines=lines or [], url=letter.get_absolute_url(),
    )  # fmt: skip


@transaction.atomic
def withdraw(letter: ReminderLetter, *, reason: str, version: int | None, by: Actor, at: datetime) -> ReminderLetter:
    """By hand, with a reason. The paper stays as it is; its readers are told."""
    row: ReminderLetter = ReminderLetter.objects.select_related("committee", "sender").lock(letter.pk, version)
    before, stage = row.stage, MOVES.target(row.stage, "withdraw_letter")
    if wrong := rules.withdraw_refusals(reason):
        raise Refused(wrong)
    day = at.astimezone(SHANGHAI).date()
    row.stage, row.withdrawn_on, row.withdraw_reason = stage, day, reason.strip()
    row.save_changed()
    people = draft.readers(row.committee, day).ids
    lead = f"撤销原因：{row.withdraw_reason}"
    notices.post([_notice(row, person, f"{row}已撤销", lead) for person in people], at=at)
    record(row, verb="withdraw_letter", before=before, after=stage, reason=row.withdraw_reason, by=by, at=at)
    return row


@transaction.atomic
def settle(*, at: datetime, by: Actor) -> int:
    """Withdraw every letter of which nothing is open any more; how many."""
    open_lines = LetterLine.objects.filter(letter=OuterRef("pk"), item__met_on__isnull=True)
    rows = list(
        ReminderLetter.objects.select_for_update(of=("self",), skip_locked=True)
        .filter(~Exists(open_lines), stage=LetterStage.ISSUED).order_by("committee_id", "id")
    )  # fmt: skip
    if not rows:
        return 0
    ReminderLetter.objects.filter(pk__in=[row.pk for row in rows]).update(
        stage=MOVES.target(LetterStage.ISSUED, "withdraw_letter"), withdrawn_on=at.astimezone(SHANGHAI).date(),
        withdraw_reason=rules.DONE, version=F("version") + 1,
    )  # fmt: skip
    record_many(
        [
            Entry(
                row, "withdraw_letter", at, before=LetterStage.ISSUED, after=LetterStage.WITHDRAWN, reason=rules.DONE,
                chain=row.committee_id,
            )
            for row in rows
        ],
        by=by,
    )  # fmt: skip
    return len(rows)


def settle_after_run(at: datetime) -> None:
    """At the end of a run of reminders: see `reminders.consequences`."""
    settle(at=at, by=CLOCKWORK)
