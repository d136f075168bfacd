"""Whole lives of many findings at once (demo), by the rules of the single acts: told step by step, judged, written in bulk.

    take_in(rows, by=)

All or nothing: every reason at once. It closes nothing that could not be closed by hand: each closing names the person
who did it, on evidence, and that person took no other part.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Model

from roster.audit.actions import SHANGHAI, Actor, Entry, record_many
from roster.audit.moves import Refused
from roster.audit.taking import BATCH
from roster.committees.models import Committee
from roster.people.models import Membership, StudySecretary
from sessions_app.findings import rules
from sessions_app.findings.models import (
    COUNTED,
    Evidence,
    Extension,
    ExtensionStage,
    Finding,
    FindingStage,
    Measure,
    Milestone,
    ProblemType,
    Progress,
    mark_of,
)
from sessions_app.findings.rules import MOVES
from sessions_app.visits.models import ObservationVisit, ScoreItem


@dataclass(slots=True)
class Step:
    """One act: `verb`, when, by which person, and what it needs (see `_Life`)."""

    verb: str
    at: datetime
    person: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class FindingRow:
    """A finding as it went. `steps` in the order they were taken, after it was raised."""

    committee: Committee
    department: Committee
    source: str
    type: ProblemType
    text: str
    raised_at: datetime
    found_by: int | None
    basis: str = ""
    is_systemic: bool = False
    visit: ObservationVisit | None = None
    score_item: ScoreItem | None = None
    steps: Sequence[Step] = ()

    @property
    def found_on(self) -> date:
        return _day(self.raised_at)


Hand = tuple[str, int | None]


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


class Belonging:
    """Who belonged to which committee, and when: members, and members or secretaries."""

    def __init__(self, committees: set[int]) -> None:
        self._terms: dict[tuple[str, int, int], list[tuple[date, date | None]]] = defaultdict(list)
        for model, kind in ((Membership, "member"), (StudySecretary, "secretary")):
            rows = model.objects.filter(committee__in=committees)
            for committee, person, since, until in rows.values_list("committee_id", "person_id", "since", "until"):
                self._terms[kind, committee, person].append((since, until))

    def member(self, committee: int, person: int, day: date) -> bool:
        return self._on("member", committee, person, day)

    def any(self, committee: int, person: int, day: date) -> bool:
        return self.member(committee, person, day) or self._on("secretary", committee, person, day)

    def _on(self, kind: str, committee: int, person: int, day: date) -> bool:
        terms = self._terms.get((kind, committee, person), ())
        return any(since <= day and (until is None or day <= until) for since, until in terms)


class _Life:
    """One finding while its steps are taken: the rows that come of it, its events, what is wrong with it."""

    def __init__(self, row: FindingRow, belonging: Belonging, ids: Callable[[], int]) -> None:
        self.row, self.belonging, self.ids = row, belonging, ids
        self.finding = Finding(
            committee=row.committee, department=row.department, source=row.source, year=row.found_on.year, type=row.type,
            text=row.text, basis=row.basis, is_systemic=row.is_systemic, found_on=row.found_on, found_by_id=row.found_by,
            visit=row.visit, score_item=row.score_item,
        )  # fmt: skip
        self.measures: list[Measure] = []
        self.progress: list[Progress] = []
        self.evidence: list[Evidence] = []
        self.extensions: list[Extension] = []
        self.milestones: list[Milestone] = []
        self.hands: list[Hand] = [("发现人", row.found_by)]
        self.entries = [Entry(self.finding, "raise", row.raised_at, "", FindingStage.RAISED)]
        self.wrong: list[str] = rules.raise_refusals(
            text=row.text, found_on=row.found_on, today=row.found_on, source=row.source, active=row.type.is_active,
            below=row.committee.path.startswith(row.department.path), has_visit=row.visit is not None,
            visit_fits=row.visit is None or row.visit.committee_id == row.committee.pk,
        )  # fmt: skip
        steps: dict[str, Callable[[Step], None]] = {
            "confirm": self._confirm, "dismiss": self._dismiss, "propose_plan": self._propose, "agree_plan": self._agree,
            "add_progress": self._progress, "file_evidence": self._file, "submit": self._submit, "return": self._return,
            "close": self._close, "keep_up": self._keep_up, "reach": self._reach, "reopen": self._reopen,
            "ask": self._ask, "decide": self._decide,
        }  # fmt: skip
        last = row.raised_at
        for step in row.steps:
            if step.at < last:
                self.wrong.append(f"“{step.verb}”早于上一步。")
            last = step.at
            try:
                steps[step.verb](step)
            except Refused as refusal:
                self.wrong += refusal.reasons

    # ---------------------------------------------------------------------------------------------------------- tools
    def _tell(self, step: Step, before: str, reason: str = "", verb: str = "", **data: Any) -> None:
        self.entries.append(Entry(self.finding, verb or step.verb, step.at, before, self.finding.stage, reason, data))

    def _move(self, step: Step, reason: str = "", **data: Any) -> None:
        before = self.finding.stage
        self.finding.stage = FindingStage(MOVES.target(before, step.verb))
        self._tell(step, before, reason, **data)

    def _need(self, *reasons: str) -> None:
        if reasons:
            raise Refused(reasons)

    def _print(self) -> str:
        return rules.evidence_print((row.pk, row.text, "") for row in self.evidence)

    # ---------------------------------------------------------------------------------------------------------- steps
    def _confirm(self, step: Step) -> None:
        self.finding.confirmed_by_id, self.finding.confirmed_on = step.person, _day(step.at)
        self._move(step)

    def _dismiss(self, step: Step) -> None:
        self.finding.dismiss_reason = step.more["reason"]
        self._move(step, self.finding.dismiss_reason)

    def _propose(self, step: Step) -> None:
        """`more`: measures, leader, owner, due_on."""
        texts, leader, owner, due_on = (step.more[name] for name in ("measures", "leader", "owner", "due_on"))
        day, committee = _day(step.at), self.row.committee.pk
        self._need(*rules.stage_refusals(self.finding.stage, [FindingStage.OPEN], "报整改措施"), *rules.plan_refusals(
            measures=texts, leader_belongs=self.belonging.member(committee, leader, day),
            owner_belongs=self.belonging.any(committee, owner, day), due_on=due_on, today=day,
        ))  # fmt: skip
        self.measures = [Measure(finding=self.finding, order=n, text=text) for n, text in enumerate(texts, 1)]
        self.finding.accountable_leader_id, self.finding.owner_id = leader, owner
        self.finding.due_on = self.finding.first_due_on = due_on
        self.hands += [("整改措施提出人", step.person), ("责任人", owner), ("责任领导", leader)]
        data = {"measures": list(texts), "leader": leader, "owner": owner, "due_on": due_on.isoformat()}
        self._tell(step, self.finding.stage, **data)

    def _agree(self, step: Step) -> None:
        self._need(*rules.own_decision(step.person, self.hands[1:], "认可整改措施"))
        self._move(step)

    def _progress(self, step: Step) -> None:
        self._need(*rules.stage_refusals(self.finding.stage, rules.PROGRESS_STAGES, "填报进展"))
        text = step.more["text"]
        self.progress.append(Progress(finding=self.finding, day=_day(step.at), text=text, by_id=step.person))
        self.hands.append(("进展填报人", step.person))
        self._tell(step, self.finding.stage, text)

    def _file(self, step: Step) -> None:
        self._need(*rules.stage_refusals(self.finding.stage, ("IN_PROGRESS", "RETURNED"), "提交佐证"))
        text = step.more["text"]
        self.evidence.append(
            Evidence(pk=self.ids(), finding=self.finding, text=text, filed_by_id=step.person, filed_at=step.at)
        )
        self.hands.append(("佐证提交人", step.person))
        self._tell(step, self.finding.stage, text, evidence=self.evidence[-1].pk, sha256="")

    def _submit(self, step: Step) -> None:
        if not self._print():
            raise Refused("还没有佐证材料，不能申请销号。")
        self.finding.submitted_by_id, self.finding.submitted_on = step.person, _day(step.at)
        self.finding.evidence_print = self._print()
        self.hands.append(("申请销号人", step.person))
        self._move(step, evidence_print=self.finding.evidence_print)

    def _return(self, step: Step) -> None:
        self.finding.return_note, self.finding.evidence_print = step.more["note"], ""
        self.finding.return_count += 1
        self._move(step, self.finding.return_note, times=self.finding.return_count)

    def _close(self, step: Step) -> None:
        self._need(*rules.closer_reasons(step.person, took_part=self.hands))
        if not self._print() or self._print() != self.finding.evidence_print:
            raise Refused(rules.NO_EVIDENCE)
        if any(one.stage == ExtensionStage.ASKED for one in self.extensions):
            raise Refused(rules.ASKS_EXTENSION)
        self.finding.closed_by_id, self.finding.closed_on = step.person, _day(step.at)
        self.finding.close_note = step.more["note"]
        data = {"closed_by": step.person, "evidence_print": self.finding.evidence_print}
        self._move(step, self.finding.close_note, **data)

    def _reopen(self, step: Step) -> None:
        """`more`: reason, due_on."""
        row, due_on = self.finding, step.more["due_on"]
        past = {
            "closed_by": row.closed_by_id, "closed_on": str(row.closed_on), "close_note": row.close_note,
            "evidence_print": row.evidence_print, "due_on": [str(row.due_on), str(due_on)],
        }  # fmt: skip
        row.closed_by, row.closed_on, row.close_note, row.evidence_print = None, None, "", ""
        row.due_on, row.submitted_on = due_on, None
        row.reopened_count += 1
        self._move(step, step.more["reason"], **past)

    def _keep_up(self, step: Step) -> None:
        """`more`: reason, milestones [(day, text)]."""
        steps = step.more["milestones"]
        self._need(
            *rules.milestone_refusals(steps, today=_day(step.at)),
            *rules.own_decision(step.person, self.hands[1:], "转为长期坚持"),
        )
        self.finding.long_term_reason, self.finding.evidence_print = step.more["reason"], ""
        self.milestones += [Milestone(finding=self.finding, day=day, text=text) for day, text in steps]
        self._move(step, self.finding.long_term_reason, milestones=[[day.isoformat(), text] for day, text in steps])

    def _reach(self, step: Step) -> None:
        """The next milestone that is still open."""
        mark = next(one for one in self.milestones if one.done_on is None)
        mark.done_on = _day(step.at)
        words = f"完成节点：{mark.text}"
        self.progress.append(Progress(finding=self.finding, day=mark.done_on, text=words, by_id=step.person))
        self.hands.append(("进展填报人", step.person))
        self._tell(step, self.finding.stage, words)

    def _ask(self, step: Step) -> None:
        """An extension. `more`: new_due_on, reason."""
        self._need(*rules.stage_refusals(self.finding.stage, rules.EXTENSION_STAGES, "申请延期"))
        self.extensions.append(
            Extension(
                finding=self.finding, old_due_on=self.finding.due_on, new_due_on=step.more["new_due_on"],
                reason=step.more["reason"], asked_by_id=step.person, asked_at=step.at,
            )
        )  # fmt: skip
        self.hands.append(("延期申请人", step.person))
        one = self.extensions[-1]
        data = {"due_on": [str(one.old_due_on), str(one.new_due_on)]}
        self.entries.append(Entry(one, "ask", step.at, after=ExtensionStage.ASKED, reason=one.reason, data=data))

    def _decide(self, step: Step) -> None:
        """`more`: agree, note."""
        one, agree = self.extensions[-1], step.more["agree"]
        self._need(*rules.own_decision(step.person, self.hands[1:], "答复延期"))
        one.stage = ExtensionStage.AGREED if agree else ExtensionStage.REFUSED
        one.decided_by_id, one.decided_at, one.note = step.person, step.at, step.more.get("note", "")
        data = {"due_on": [str(one.old_due_on), str(one.new_due_on)]}
        verb = "agree" if agree else "refuse"
        self.entries.append(Entry(one, verb, step.at, ExtensionStage.ASKED, one.stage, reason=one.note, data=data))
        if agree:
            self.finding.due_on = one.new_due_on
            self._tell(step, self.finding.stage, verb="extend", **data)


@transaction.atomic
def take_in(rows: Sequence[FindingRow], *, recurrence_months: int, by: Actor) -> list[Finding]:
    """In the order of the days they were found; numbered by department, year and source, after those that are there."""
    rows = sorted(rows, key=lambda row: (row.raised_at, row.committee.pk))
    departments = {row.department.pk for row in rows}
    list(Committee.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=departments).order_by("pk"))
    ids = iter(_reserved(Evidence, sum(step.verb == "file_evidence" for row in rows for step in row.steps)))
    belonging = Belonging({row.committee.pk for row in rows})
    lives = [_Life(row, belonging, lambda: next(ids)) for row in rows]
    for life, pk in zip(lives, _reserved(Finding, len(lives)), strict=True):
        life.finding.pk = pk
    wrong = [f"{life.row.committee} {life.row.text[:20]}：{reason}" for life in lives for reason in life.wrong]
    if wrong:
        raise Refused(wrong)
    _number(lives, departments)
    _link(lives, recurrence_months)
    Finding.objects.bulk_create([life.finding for life in lives], batch_size=BATCH)
    for model, name in (
        (Measure, "measures"), (Progress, "progress"), (Evidence, "evidence"), (Extension, "extensions"),
        (Milestone, "milestones"),
    ):  # fmt: skip
        model.objects.bulk_create([one for life in lives for one in getattr(life, name)], batch_size=BATCH)
    for life in lives:
        for entry in life.entries:
            entry.chain = life.row.committee.pk
            if entry.verb in ("raise", "confirm"):
                entry.data = _facts(life.finding)
            if isinstance(entry.subject, Extension):
                entry.data = {"finding": life.finding.pk, **entry.data}
    record_many(sorted((entry for life in lives for entry in life.entries), key=lambda entry: entry.at), by=by)
    return [life.finding for life in lives]


def _facts(row: Finding) -> dict[str, object]:
    return {
        "number": row.number, "type": row.type.name, "visit": row.visit_id, "score_item": row.score_item_id,
        "recurs": row.recurs.number if row.recurs else None,
    }  # fmt: skip


def _reserved(model: type[Model], count: int) -> list[int]:
    """Ids of rows to come: an application stands on its evidence, a finding on what it repeats, before they are written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [model._meta.db_table, count],
        )
        return [row[0] for row in cursor.fetchall()]


def _number(lives: Sequence[_Life], departments: set[int]) -> None:
    rows = Finding.objects.filter(department__in=departments).order_by()
    last: dict[tuple[int, int, str], int] = defaultdict(int)
    for department, year, source, serial in rows.values_list("department_id", "year", "source").annotate(Max("serial")):
        last[department, year, source] = serial
    for life in lives:
        key = (life.finding.department_id, life.finding.year, life.finding.source)
        last[key] += 1
        life.finding.serial, life.finding.mark = last[key], mark_of(life.row.department)


def _link(lives: Sequence[_Life], months: int) -> None:
    """What repeats an earlier confirmed finding of the same committee and type; not what was seen on the same visit."""
    earlier: dict[tuple[int, int], list[Finding]] = defaultdict(list)
    for life in lives:
        row = life.finding
        same = earlier[row.committee_id, row.type_id]
        since = rules.months_before(row.found_on, months)
        fits = [one for one in same if one.found_on >= since and (one.visit_id is None or one.visit_id != row.visit_id)]
        row.recurs = fits[-1] if fits else None
        if row.stage in COUNTED:
            same.append(row)
