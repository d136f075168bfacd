"""The scores of 115 committees under three sheets, reckoned again in plain loops over whole tables: equal to the cent.

Nothing of `facts/` or of the scoring engine is used here: own counting, own working days, own points. Each sheet's rules are
written out as sums, the way somebody with a pencil would read them.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from django.db import transaction

from roster.accounts.roles import Role
from roster.committees.models import Committee
from roster.people.models import Membership
from sessions_app.assessment import run_actions as actions
from sessions_app.assessment import scheme_actions
from sessions_app.assessment.models import Assessment, AssessmentSheet, SheetLine
from sessions_app.attendance.models import AttendanceMark, MakeUpStudy
from sessions_app.findings.models import Finding
from sessions_app.guidance.models import PromptReceipt, StudyPrompt
from sessions_app.minutes.models import Minutes
from sessions_app.outcomes.models import Outcome
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.policies.models import PolicyParameter, WorkingDay
from sessions_app.sessions.models import (
    ExtraParticipant,
    Participation,
    SessionPart,
    SpeakerFiling,
    Speech,
    StudySession,
)
from tests import build
from tests.sessions_app.assessment.lively import YEAR, Lively, points

AS_OF = date(YEAR, 12, 10)
AT = build.at(date(YEAR, 12, 14))
SHEETS = {"A": "city_sheet", "F": "college", "default": "default"}
Line = Fraction | None
CENT = Decimal("0.01")


def four(part: Fraction, whole: Fraction | int) -> Line:
    """A rate as the house shows it: four decimals, a half upwards; nothing of nothing is unknown."""
    if not whole:
        return None
    scaled = Fraction(part) / whole * 10_000
    return Fraction(int(scaled + Fraction(1, 2)), 10_000)


def cents(exact: Fraction) -> Decimal:
    return Decimal(int(exact * 100 + Fraction(1, 2))) / 100


class Pencil:
    """Whole tables in memory; `of(committee)` counts what the sheets ask for."""

    def __init__(self, as_of: date) -> None:
        self.first, self.last = date(YEAR, 1, 1), as_of
        self.committees = {row.pk: row for row in Committee.objects.all()}
        self.sessions = {row.pk: row for row in StudySession.objects.all()}
        self.parts = {row.pk: row for row in SessionPart.objects.all()}
        self.days = {row.day: row.is_working for row in WorkingDay.objects.all()}
        self.rules = list(PolicyParameter.objects.all())
        self.tables: dict[str, dict[int, list[Any]]] = {}
        for name, rows, key in (
            ("places", Participation.objects.all(), "committee_id"), ("members", Membership.objects.all(), "committee_id"),
            ("plans", StudyPlan.objects.all(), "committee_id"), ("outcomes", Outcome.objects.all(), "committee_id"),
            ("findings", Finding.objects.all(), "committee_id"), ("receipts", PromptReceipt.objects.all(), "committee_id"),
            ("items", PlanItem.objects.all(), "plan_id"), ("marks", AttendanceMark.objects.all(), "participation_id"),
            ("make_ups", MakeUpStudy.objects.all(), "participation_id"), ("speeches", Speech.objects.all(), "participation_id"),
            ("minutes", Minutes.objects.all(), "study_session_id"), ("extras", ExtraParticipant.objects.all(), "study_session_id"),
            ("filings", SpeakerFiling.objects.all(), "study_session_id"),
        ):  # fmt: skip
            found: dict[int, list[Any]] = {}
            for row in rows:
                found.setdefault(getattr(row, key), []).append(row)
            self.tables[name] = found
        self.names = dict(Membership.objects.values_list("person_id", "person__name"))
        self.prompts = list(StudyPrompt.objects.all())
        self.derived: dict[int, list[Any]] = {}
        for row in Outcome.objects.all():
            self.derived.setdefault(row.derived_from_id or 0, []).append(row)

    def rows(self, name: str, key: int) -> list[Any]:
        return self.tables[name].get(key, [])

    def rule(self, key: str, committee: Committee, day: date, otherwise: Any) -> Any:
        at: Committee | None = committee
        while at is not None:
            for row in self.rules:
                if row.key == key and row.committee_id == at.pk and row.since <= day <= (row.until or date.max):
                    return row.value
            at = self.committees.get(at.parent_id or 0)
        return otherwise

    def after(self, day: date, count: int) -> date:
        while count:
            day += timedelta(days=1)
            if self.days.get(day, day.weekday() < 5):
                count -= 1
        return day

    def by_then(self, stamp: Any) -> bool:
        return stamp is not None and stamp.astimezone(build.SHANGHAI).date() <= self.last

    def counts(self, place: Any) -> bool:
        session = self.sessions[place.study_session_id]
        held = session.stage in ("HELD", "ARCHIVED") and session.form != "FIRST_AGENDA_ITEM"
        return held and place.state == "ACCEPTED" and self.first <= session.day <= self.last

    def of(self, committee: Committee) -> dict[str, Line]:
        places = [row for row in self.rows("places", committee.pk) if self.counts(row)]
        hosted = [self.sessions[row.study_session_id] for row in places if row.is_host]
        out: dict[str, Any] = {}
        for name, size, key in (("months", 1, "sessions_per_month"), ("quarters", 3, "sessions_per_quarter")):
            due = enough = talked = 0
            for start in range(1, 13, size):
                begin = date(YEAR, start, 1)
                end = (date(YEAR, start + size, 1) if start + size < 13 else date(YEAR + 1, 1, 1)) - timedelta(days=1)
                stood = committee.since <= begin and (committee.until is None or committee.until >= end)
                if begin <= self.last and stood:
                    due += 1
                    least = max(1, self.rule(key, committee, begin, 1 if size == 3 else 0))
                    inside = [
                        self.sessions[row.study_session_id] for row in places
                        if begin <= self.sessions[row.study_session_id].day <= end
                    ]  # fmt: skip
                    enough += len(inside) >= least
                    talked += (
                        sum(
                            one.mode == "DISCUSSION"
                            or one.form in ("GROUP_STUDY", "READING_CLASS")
                            and one.mode not in ("ON_SITE", "FIELD")
                            for one in inside
                        )
                        >= least
                    )
            out[f"{name}_due"], out[f"{name}_with_session"] = due, enough
            out[f"{name}_with_discussion"] = talked
        out |= self.plan(committee) | self.roll(committee, places) | self.words(committee, places)
        out |= self.minutes(committee, hosted) | self.supervised(committee)
        return {key: None if value is None else Fraction(value) for key, value in out.items()}

    def plan(self, committee: Committee) -> dict[str, Any]:
        editions = sorted(
            (row for row in self.rows("plans", committee.pk) if row.year == YEAR), key=lambda row: row.edition
        )
        month, day = self.rule("plan_due_day", committee, date(YEAR, 1, 31), "01-31").split("-")
        due = date(YEAR, int(month), int(day))
        if committee.since > self.first:
            due = max(due, committee.since + timedelta(days=30))
        filed = [row.filed_on for row in editions if row.filed_on and row.filed_on <= self.last]
        late = max(0, ((filed[0] if filed else self.last) - due).days)
        settled = [row for row in editions if row.stage in ("APPROVED", "FILED")]
        force = (settled or editions)[-1:]
        items = {item.serial for plan in force for item in self.rows("items", plan.pk)}
        known = {item.pk: item.serial for plan in editions for item in self.rows("items", plan.pk)}
        done = {
            known[place.plan_item_id]
            for place in self.rows("places", committee.pk)
            if place.plan_item_id in known and place.state == "ACCEPTED"
            and self.sessions[place.study_session_id].stage in ("HELD", "ARCHIVED")
            and self.sessions[place.study_session_id].form != "FIRST_AGENDA_ITEM"
        }  # fmt: skip
        return {
            "plan_filed": int(bool(filed)), "plan_days_late": late,
            "completion_rate": four(Fraction(len(items & done)), len(items)),
        }  # fmt: skip

    def roll(self, committee: Committee, places: list[Any]) -> dict[str, Any]:
        expected, present, overdue = Fraction(0), Fraction(0), 0
        parts: dict[int, list[Any]] = {}
        for part in self.parts.values():
            parts.setdefault(part.study_session_id, []).append(part)
        for place in places:
            held = parts[place.study_session_id]
            due = {
                (one.person_id, part.pk)
                for one in self.rows("members", committee.pk)
                for part in held
                if one.since <= part.day <= (one.until or date.max)
            }
            there = {
                (mark.person_id, mark.part_id)
                for mark in self.rows("marks", place.pk)
                if mark.status in ("PRESENT", "VIDEO")
            }
            expected += Fraction(len(due), len(held))
            present += Fraction(len(due & there), len(held))
            for row in self.rows("make_ups", place.pk):
                open_yet = row.stage in ("DUE", "RETURNED") or (row.done_on is not None and row.done_on > self.last)
                overdue += row.stage != "VOID" and row.due_on < self.last and open_yet
        return {
            "present": four(present, 1), "expected": four(expected, 1), "presence_rate": four(present, expected),
            "make_ups_overdue": overdue,
        }  # fmt: skip

    def words(self, committee: Committee, places: list[Any]) -> dict[str, Any]:
        members = {
            one.person_id
            for one in self.rows("members", committee.pk)
            if one.since <= self.last and (one.until or date.max) >= self.first
        }
        spoke = {row.speaker_id for place in places for row in self.rows("speeches", place.pk)} & members
        rows = [
            row for row in self.rows("outcomes", committee.pk)
            if not row.is_withdrawn and self.first <= row.day <= self.last
        ]  # fmt: skip
        authors = set()
        for row in rows:
            if row.kind in ("ARTICLE", "RESEARCH_REPORT"):
                line = row.authors
                for mark in "，；;,":
                    line = line.replace(mark, "、")
                authors |= {"".join(name.split()) for name in line.split("、")}
        wrote = {one for one in members if "".join(self.names[one].split()) in authors}
        proposals = set()
        by_pk = {row.pk: row for found in self.tables["outcomes"].values() for row in found}
        for row in rows:
            source = by_pk.get(row.derived_from_id or 0)
            if row.kind == "POLICY" and source and source.kind == "PROPOSAL" and not source.is_withdrawn:
                proposals.add(source.pk)
        return {
            "spoken_rate": four(Fraction(len(spoke)), len(members)), "report_rate": four(Fraction(len(wrote)), len(members)),
            "outcomes": len(rows), "proposals_converted": len(proposals),
        }  # fmt: skip

    def minutes(self, committee: Committee, hosted: list[Any]) -> dict[str, Any]:
        late = missing = open_yet = unfiled = 0
        for session in hosted:
            due = self.after(session.day, self.rule("minutes_due_working_days", committee, session.day, 5))
            done = [
                row.submitted_at.astimezone(build.SHANGHAI).date()
                for row in self.rows("minutes", session.pk)
                if row.stage in ("SUBMITTED", "APPROVED") and self.by_then(row.submitted_at)
            ]
            late += bool(done) and done[0] > due
            missing += not done and due < self.last
            open_yet += not self.by_then(session.archived_at)
            agreed = {row.speaker for row in self.rows("filings", session.pk) if row.stage == "APPROVED"}
            unfiled += sum(row.is_outside_speaker and row.name not in agreed for row in self.rows("extras", session.pk))
        return {
            "minutes_late": late,
            "minutes_missing": missing,
            "unarchived_sessions": open_yet,
            "filings_missing": unfiled,
        }

    def supervised(self, committee: Committee) -> dict[str, Any]:
        rows = [
            row for row in self.rows("findings", committee.pk)
            if row.stage not in ("RAISED", "DISMISSED") and self.first <= row.found_on <= self.last
        ]  # fmt: skip
        under_way = ("OPEN", "IN_PROGRESS", "SUBMITTED", "RETURNED")
        overdue = sum(row.stage in under_way and row.due_on is not None and row.due_on < self.last for row in rows)
        received = {row.prompt_id for row in self.rows("receipts", committee.pk) if self.by_then(row.received_at)}
        waiting = 0
        for prompt in self.prompts:
            if prompt.stage == "DRAFT" or not self.by_then(prompt.published_at):
                continue
            at: Committee | None = committee
            while at is not None and at.pk != prompt.committee_id:
                at = self.committees.get(at.parent_id or 0)
            told = max(prompt.published_at.astimezone(build.SHANGHAI).date(), committee.since)
            due = self.after(told, self.rule("prompt_receipt_working_days", committee, told, 5))
            gone = committee.until is not None and committee.until < due
            waiting += at is not None and due < self.last and not gone and prompt.pk not in received
        return {
            "findings_overdue": overdue, "findings_reopened": sum(row.reopened_count > 0 for row in rows),
            "prompts_unreceipted": waiting,
        }  # fmt: skip


# ------------------------------------------------------------------------------------- the three sheets, by pencil


def held(value: Line, most: int) -> Line:
    return None if value is None else max(Fraction(0), min(Fraction(most), value))


def share(most: int, value: Line, full: Fraction) -> Line:
    return None if value is None else held(most * value / full, most)


def step(value: Line, *steps: tuple[int, int]) -> Line:
    assert value is not None
    return Fraction(next((score for least, score in steps if value >= least), 0))


def off(most: int, *taken: Fraction) -> Line:
    return held(Fraction(most) - sum(taken, Fraction(0)), most)


def sheet_a(f: dict[str, Any], typed: dict[str, Decimal]) -> list[Line]:
    half, n = Fraction(1, 2), {key: Fraction(value) for key, value in typed.items()}
    taken = [
        1 - f["plan_filed"], half * max(0, f["months_due"] - f["months_with_session"]),
        half * max(0, f["quarters_due"] - f["quarters_with_discussion"]), half * n["topics"], min(n["regulation"], Fraction(1)),
        min(n["readers"], Fraction(1)), n["reports"], n["other_reviews"],
    ]  # fmt: skip
    return [off(4, *taken)]


def sheet_f(f: dict[str, Any], typed: dict[str, Decimal]) -> list[Line]:
    there = None if not f["expected"] else f["present"] / f["expected"]
    return [share(30, there, Fraction(85, 100)), None, share(15, f["report_rate"], Fraction(1)), None]


def sheet_default(f: dict[str, Any], typed: dict[str, Decimal]) -> list[Line]:
    half, one = Fraction(1, 2), Fraction(1)
    return [
        off(8, 8 * (1 - f["plan_filed"]), min(Fraction(4), half * f["plan_days_late"])), share(7, f["completion_rate"], one),
        off(8, 2 * max(0, f["quarters_due"] - f["quarters_with_session"])),
        share(8, f["presence_rate"], Fraction(9, 10)), off(4, half * f["make_ups_overdue"]),
        None, share(8, f["spoken_rate"], one),
        off(8, half * f["minutes_late"], f["minutes_missing"]), off(7, f["unarchived_sessions"]),
        share(8, f["report_rate"], one), step(f["outcomes"], (5, 5), (3, 4), (1, 2)),
        step(f["proposals_converted"], (2, 7), (1, 4)),
        off(7, 2 * f["findings_overdue"], f["findings_reopened"]), off(3, half * f["prompts_unreceipted"], f["filings_missing"]),
    ]  # fmt: skip


PENCIL = {"A": sheet_a, "F": sheet_f, "default": sheet_default}
# (weight, maxima of its items) of every indicator: what a total is made of.
TOTALS = {
    "A": [(100, [4])],
    "F": [(30, [30]), (20, [20]), (15, [15]), (35, [35])],
    "default": [(15, [8, 7]), (20, [8, 8, 4]), (20, [12, 8]), (15, [8, 7]), (20, [8, 5, 7]), (10, [7, 3])],
}  # fmt: skip
TYPED = ("topics", "regulation", "readers", "reports", "other_reviews")


def total(name: str, scores: list[Decimal]) -> Decimal:
    left = iter(scores)
    found = Fraction(0)
    for weight, maxima in TOTALS[name]:
        found += Fraction(weight) * sum(Fraction(next(left)) for _ in maxima) / sum(maxima)
    return cents(found)


# -------------------------------------------------------------------------------------------------------- the runs


class World:
    def __init__(self) -> None:
        self.lively = Lively(2026)
        self.city = self.lively.city
        self.reviewer = build.granted(Role.REVIEWER, self.city, on=AT.date())
        pick = random.Random(7)
        self.typed = {
            row.pk: {key: Decimal(pick.choice(["0"] * 9 + ["0.5", "1", "2"])) for key in TYPED}
            for row in self.lively.committees
        }
        self.given = {row.pk: pick.random() for row in self.lively.committees}

    def run(self, name: str) -> Assessment:
        """A run under one example; the numbers people type are there before it is computed."""
        scheme = scheme_actions.take_example(
            committee=self.city, year=YEAR, name=SHEETS[name], by=self.reviewer, at=build.AT
        )
        scheme_actions.publish(scheme, version=scheme.version, by=self.reviewer, at=build.AT)
        row = actions.open_assessment(self.city, year=YEAR, as_of=AS_OF, by=self.reviewer, at=AT)
        assert row.scheme == scheme
        if name == "A":
            lines = list(SheetLine.objects.filter(sheet__assessment=row).select_related("sheet"))
            for line in lines:
                line.counts = {key: str(said) for key, said in self.typed[line.sheet.committee_id].items()}
            SheetLine.objects.bulk_update(lines, ["counts"])
        return actions.compute(row, by=self.reviewer, at=AT)

    def by_pencil(self, name: str) -> dict[int, list[Decimal | None]]:
        pencil = Pencil(AS_OF)
        found = {}
        for pk in AssessmentSheet.objects.values_list("committee_id", flat=True).distinct():
            lines = PENCIL[name](pencil.of(pencil.committees[pk]), self.typed[pk])
            found[pk] = [None if line is None else cents(line) for line in lines]
        return found


@pytest.fixture(scope="module")
def built(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with django_db_blocker.unblock(), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture
def world(built: World, db: None) -> World:
    return built


def by_system(run: Assessment) -> dict[int, list[Decimal | None]]:
    found: dict[int, list[Decimal | None]] = {}
    rows = SheetLine.objects.filter(sheet__assessment=run).order_by("item__indicator__order", "item__order")
    for committee_id, system in rows.values_list("sheet__committee_id", "system"):
        found.setdefault(committee_id, []).append(system)
    return found


@pytest.mark.parametrize("name", SHEETS)
def test_115_committees_come_to_the_same_cent(world: World, name: str) -> None:
    run = world.run(name)
    system, pencil = by_system(run), world.by_pencil(name)
    assert len(system) == 115 and system == pencil
    assert len({tuple(lines) for lines in system.values()}) > 5  # a lively year: they differ


def test_totals_and_places_come_to_the_same(world: World) -> None:
    run = world.run("default")
    pencil = world.by_pencil("default")
    actions.open_self(run, by=world.reviewer, at=AT)
    actions.start_review(run, by=world.reviewer, at=AT + timedelta(days=60))
    expected = {}
    for sheet in AssessmentSheet.objects.filter(assessment=run).prefetch_related("lines__item__indicator"):
        lines = sorted(sheet.lines.all(), key=lambda line: (line.item.indicator.order, line.item.order))
        own = random.Random(str(world.given[sheet.committee_id]))
        scores = [
            points(own, int(line.item.max)) if known is None else known
            for line, known in zip(lines, pencil[sheet.committee_id], strict=True)
        ]
        given = {line.pk: (score, "见记录") for line, score in zip(lines, scores, strict=True)}
        actions.verify(sheet, scores=given, done=True, by=world.reviewer, at=AT)
        expected[sheet.committee_id] = total("default", scores)
    run.refresh_from_db()
    actions.publish(run, by=world.reviewer, at=AT)
    rows = AssessmentSheet.objects.filter(assessment=run)
    assert dict(rows.values_list("committee_id", "total")) == expected
    high = sorted(expected.values(), reverse=True)
    assert dict(rows.values_list("committee_id", "rank")) == {pk: high.index(one) + 1 for pk, one in expected.items()}
    assert dict(rows.values_list("committee_id", "converted")) == {
        pk: cents(Fraction(one) / 10) for pk, one in expected.items()
    }
    assert Assessment.objects.get(pk=run.pk).median == high[57]


def test_one_changed_row_shows(world: World) -> None:
    """The negative control: the oracle is not blind. One mark of one member, one session's minutes."""
    run = world.run("default")
    before = world.by_pencil("default")
    marks = AttendanceMark.objects.filter(
        status="PRESENT", participation__study_session__stage="ARCHIVED", participation__day__lte=AS_OF,
        participation__study_session__form="GROUP_STUDY", participation__state="ACCEPTED", participation__part_count=1,
    )  # fmt: skip
    moved = next(
        mark for mark in marks.select_related("participation")
        if before[mark.participation.committee_id][3] not in (None, Decimal("8.00"))
    )  # fmt: skip
    AttendanceMark.objects.filter(pk=moved.pk).update(status="ABSENT", reason="无故")
    after = world.by_pencil("default")
    changed = {pk for pk in before if before[pk] != after[pk]}
    assert changed == {moved.participation.committee_id}
    assert by_system(run) == before != after
