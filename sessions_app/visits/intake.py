"""Whole lives of many visits at once (demo), by the rules of the single acts: told step by step, judged, written in bulk.

    take_in(rows, by=)

All or nothing: every reason at once. Each step is an event dated with its day.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from roster.audit.actions import SHANGHAI, Actor, Entry, record_many
from roster.audit.moves import Refused
from roster.audit.taking import BATCH
from roster.committees.models import Committee
from roster.corps.models import VisitTeam
from sessions_app.policies.rules import WorkingDays
from sessions_app.sessions.models import TOOK_PLACE, StudySession
from sessions_app.visits import deadlines, feedback_rules, planning, score_rules
from sessions_app.visits.models import (
    Feedback,
    FeedbackStage,
    Interview,
    ObservationVisit,
    ScoreItem,
    ScoreSheet,
    ScoreStage,
    VisitCheck,
    VisitObserver,
    VisitRound,
    VisitScore,
    VisitScoreLine,
    VisitStage,
)
from sessions_app.visits.rules import VISIT_MOVES
from sessions_app.visits.score_rules import Line


@dataclass(slots=True)
class Step:
    """One act: `verb`, when, by which person, and what it needs (see `_Life`)."""

    verb: str
    at: datetime
    person: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class VisitRow:
    """A visit as it went. `people`: persons, the lead first. `steps` in the order they were taken, after the proposal."""

    round: VisitRound
    committee: Committee
    team: VisitTeam
    people: Sequence[int]
    proposed_at: datetime
    session: StudySession | None = None
    reasons: Sequence[str] = ()
    steps: Sequence[Step] = ()


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


class _Life:
    """One visit while its steps are taken: the rows that come of it, its events, what is wrong with it."""

    def __init__(
        self, row: VisitRow, sheet: ScoreSheet, items: Sequence[ScoreItem], rules: Mapping[str, Any], days: WorkingDays
    ) -> None:
        self.row, self.sheet, self.items, self.rules, self.days = row, sheet, items, rules, days
        self.wrong: list[str] = []
        self.visit = ObservationVisit(
            round=row.round, committee=row.committee, team=row.team, reasons=list(row.reasons), study_session=None
        )
        self.observers = [
            VisitObserver(visit=self.visit, person_id=pk, is_lead=not n) for n, pk in enumerate(row.people)
        ]
        self.checks: list[VisitCheck] = []
        self.interviews: list[Interview] = []
        self.scores: list[VisitScore] = []
        self.lines: list[VisitScoreLine] = []
        self.letter: Feedback | None = None
        people = {"team": row.team.pk, "people": list(row.people)}
        self.entries = [Entry(self.visit, "propose", row.proposed_at, "", VisitStage.PROPOSED, data=people)]
        steps: dict[str, Callable[[Step], None]] = {
            "assign": self._move, "accept": self._accept, "choose": self._choose, "review": self._review,
            "score": self._score, "observe": self._observe, "interview": self._interview, "submit": self._submit,
            "issue": self._issue, "acknowledge": self._acknowledge, "reply": self._reply, "close": self._close,
            "decline": self._stop, "cancel": self._stop,
        }  # fmt: skip
        last = row.proposed_at
        for step in row.steps:
            if step.at < last:
                self.wrong.append(f"“{step.verb}”早于上一步。")
            last = step.at
            try:
                steps[step.verb](step)
            except Refused as refusal:
                self.wrong += refusal.reasons

    # ---------------------------------------------------------------------------------------------------------- tools
    def _say(self, verb: str, step: Step, before: str, reason: str = "", **data: Any) -> None:
        self.entries.append(Entry(self.visit, verb, step.at, before, self.visit.stage, reason, data))

    def _move(self, step: Step, verb: str = "", reason: str = "", **data: Any) -> None:
        before = self.visit.stage
        self.visit.stage = VisitStage(VISIT_MOVES.target(before, verb or step.verb))
        self._say(verb or step.verb, step, before, reason, **data)

    def _observer(self, step: Step) -> VisitObserver:
        found = [line for line in self.observers if line.person_id == step.person]
        if not found:
            raise Refused("只有派到这次旁听的人员可以办理。")
        return found[0]

    def _letter(self) -> Feedback:
        if self.letter is None:
            raise Refused("还没有写反馈意见。")
        return self.letter

    def _write(self, verb: str, step: Step) -> Feedback:
        letter = self._letter()
        before = letter.stage
        letter.stage = FeedbackStage(feedback_rules.MOVES.target(before, verb))
        self.entries.append(Entry(letter, verb, step.at, before, letter.stage))
        return letter

    # ---------------------------------------------------------------------------------------------------------- steps
    def _accept(self, step: Step) -> None:
        line = self._observer(step)
        line.accepted_at = step.at
        if line.is_lead:
            self._move(step, person=step.person)
        else:
            self._say("accept", step, self.visit.stage, person=step.person)

    def _choose(self, step: Step) -> None:
        session = self.row.session
        if session is None or session.committee_id != self.row.committee.pk:
            raise Refused(f"这场学习不是{self.row.committee}的，请选它自己的学习。")
        self.visit.study_session, self.visit.contact = session, session.contact
        self.visit.noticed_on = _day(step.at)
        data = {"session": session.pk, "day": str(session.day), "noticed_on": str(self.visit.noticed_on)}
        self._say("choose", step, self.visit.stage, **data)

    def _review(self, step: Step) -> None:
        """`more["notes"]`: {key of a line that is not well: what is missing}."""
        self._observer(step)
        if self.visit.study_session is None:
            raise Refused("旁听的学习场次还没有确定，请先选定场次。")
        notes = step.more.get("notes", {})
        self.checks = [
            VisitCheck(visit=self.visit, key=key, text=text, is_well=key not in notes, note=notes.get(key, ""))
            for key, text, _ in score_rules.CHECKS
        ]
        self._move(step, not_well=sorted(notes))

    def _score(self, step: Step) -> None:
        """`more["points"]`: {number of the item: (points, reason)}; an item not named has full marks."""
        self._observer(step)
        if self.visit.study_session is None or self.visit.study_session.day > _day(step.at):
            raise Refused("学习还没有到召开的日期，不能提交评分。")
        given: Mapping[int, tuple[Decimal, str]] = step.more.get("points", {})
        lines = [
            Line(item.order, item.text, item.max_points, *given.get(item.order, (item.max_points, "")))
            for item in self.items
        ]
        if wrong := score_rules.unfinished(lines):
            raise Refused(wrong)
        score = VisitScore(
            visit=self.visit, sheet=self.sheet, person_id=step.person, stage=ScoreStage.SUBMITTED, submitted_at=step.at,
            comment=step.more.get("comment", ""), total=score_rules.total(lines),
        )  # fmt: skip
        self.scores.append(score)
        self.lines += [
            VisitScoreLine(score=score, item=item, max_points=item.max_points, points=line.points, reason=line.reason)
            for item, line in zip(self.items, lines, strict=True)
        ]
        data = {"total": score_rules.plain(score.total)}
        chain = self.row.committee.pk
        self.entries.append(Entry(score, "submit", step.at, ScoreStage.DRAFT, score.stage, data=data, chain=chain))

    def _observe(self, step: Step) -> None:
        session = self.visit.study_session
        if session is None or session.stage not in TOOK_PLACE:
            raise Refused("这场学习还没有登记召开，请单位学习秘书先登记。")
        if self.observers[0].person_id not in {score.person_id for score in self.scores}:
            raise Refused("带队人还没有提交评分表。")
        self.visit.observed_on = session.day
        self._move(step)

    def _interview(self, step: Step) -> None:
        self._observer(step)
        day = _day(step.at)
        self.interviews.append(Interview(visit=self.visit, day=day, by_id=step.person, **step.more))
        self._say("interview", step, self.visit.stage, day=day.isoformat())

    def _submit(self, step: Step) -> None:
        """`more`: the parts of the letter."""
        parts = {name: step.more.get(name, "") for name in feedback_rules.PARTS}
        named = step.person in self.row.people
        wrong = feedback_rules.write_refusals(visit_stage=self.visit.stage, is_observer=named)
        wrong += feedback_rules.submit_refusals(**parts)
        if wrong:
            raise Refused(wrong)
        due = self.days.add(self.visit.observed_on, self.rules["visit_feedback_working_days"])
        self.letter = Feedback(
            visit=self.visit, **parts, advice=step.more.get("advice", ""), submitted_by_id=step.person,
            submitted_at=step.at, late_days=deadlines.late_by(due, _day(step.at), self.days),
        )  # fmt: skip
        self.entries.append(Entry(self.letter, "create", step.at, after=FeedbackStage.DRAFT))
        self._write("submit", step)
        self._move(step, "submit_feedback")

    def _issue(self, step: Step) -> None:
        letter = self._letter()
        if step.person is None or step.person == letter.submitted_by_id:
            raise Refused("这份反馈意见由您撰写或提交，须由另一位审核人发出。")
        self._write("issue", step)
        letter.issued_by_id, letter.issued_at = step.person, step.at
        self._move(step, "issue_feedback")

    def _acknowledge(self, step: Step) -> None:
        letter = self._write("acknowledge", step)
        letter.acknowledged_by_id, letter.acknowledged_at = step.person, step.at
        self._move(step)

    def _reply(self, step: Step) -> None:
        letter, text = self._letter(), feedback_rules.clean(step.more["text"])
        if wrong := feedback_rules.reply_refusals(visit_stage=self.visit.stage, text=text):
            raise Refused(wrong)
        letter.reply = text
        self.entries.append(Entry(letter, "reply", step.at, letter.stage, letter.stage, data={"length": len(text)}))

    def _close(self, step: Step) -> None:
        if not self._letter().reply:
            raise Refused("单位还没有回复反馈意见，不能办结。")
        self.visit.closed_on = _day(step.at)
        self._move(step)

    def _stop(self, step: Step) -> None:
        """Declined by the lead, or cancelled. `more["reason"]`."""
        if step.verb == "decline" and not self._observer(step).is_lead:
            raise Refused("带队人谢绝，整次旁听才算谢绝。")
        self.visit.stop_reason = step.more["reason"]
        self._move(step, reason=self.visit.stop_reason)


@transaction.atomic
def take_in(
    rows: Sequence[VisitRow],
    *,
    sheets: Mapping[int, ScoreSheet],
    rules: Mapping[str, Any],
    days: WorkingDays,
    by: Actor,
) -> list[ObservationVisit]:
    """`sheets`: the form of each department, by its id; `rules`: the local rules; the visits in the order of the rows."""
    items = {pk: list(sheet.items.order_by("order")) for pk, sheet in sheets.items()}
    lives, wrong = [], _own_units(rows)
    for row in rows:
        department = row.round.committee_id
        life = _Life(row, sheets[department], items[department], rules, days)
        wrong += [f"{row.round} {row.committee}：{reason}" for reason in life.wrong]
        lives.append(life)
    if wrong:
        raise Refused(wrong)
    ObservationVisit.objects.bulk_create([life.visit for life in lives], batch_size=BATCH)
    VisitObserver.objects.bulk_create([one for life in lives for one in life.observers], batch_size=BATCH)
    VisitCheck.objects.bulk_create([one for life in lives for one in life.checks], batch_size=BATCH)
    VisitScore.objects.bulk_create([one for life in lives for one in life.scores], batch_size=BATCH)
    VisitScoreLine.objects.bulk_create([one for life in lives for one in life.lines], batch_size=BATCH)
    Interview.objects.bulk_create([one for life in lives for one in life.interviews], batch_size=BATCH)
    Feedback.objects.bulk_create([life.letter for life in lives if life.letter is not None], batch_size=BATCH)
    entries = [entry for life in lives for entry in life.entries]
    for entry in entries:
        entry.chain = entry.chain or entry.subject.committee_id  # type: ignore[attr-defined]
    record_many(sorted(entries, key=lambda entry: entry.at), by=by)
    return [life.visit for life in lives]


def _own_units(rows: Sequence[VisitRow]) -> list[str]:
    """Nobody sits in on his own unit: as of the first day of each round."""
    wrong = []
    for round_ in {row.round.pk: row.round for row in rows}.values():
        here = [row for row in rows if row.round.pk == round_.pk]
        people = {pk for row in here for pk in row.people}
        own = planning.own_units(people, on=round_.since, department=round_.committee_id)
        wrong += [
            f"{row.committee}：旁听人是本单位的人。"
            for row in here
            if any(row.committee.pk in own[pk] for pk in row.people)
        ]
    return wrong
