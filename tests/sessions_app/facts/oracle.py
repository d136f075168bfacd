"""Every key again, in plain loops over whole tables: marks and memberships, no kept counts, no SQL grouping."""

from datetime import date
from fractions import Fraction
from typing import Any

from roster.committees.models import Committee
from roster.people.models import Membership, StudySecretary
from sessions_app.attendance.models import AttendanceMark, MakeUpStudy
from sessions_app.corrections.models import Correction
from sessions_app.findings.models import Finding
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.plans.models import PlanItem, StudyMode, StudyPlan
from sessions_app.sessions.models import Participation, SessionPart, Speech, StudySession
from sessions_app.visits.models import ObservationVisit


def four(value: Fraction) -> float:
    whole, rest = divmod(value * 10000, 1)
    return (int(whole) + (1 if rest >= Fraction(1, 2) else 0)) / 10000


class Oracle:
    def __init__(self) -> None:
        self.committees = list(Committee.objects.all())
        self.memberships = list(Membership.objects.all())
        self.secretaries = list(StudySecretary.objects.all())
        self.plans = list(StudyPlan.objects.all())
        self.items = list(PlanItem.objects.all())
        self.sessions = {row.pk: row for row in StudySession.objects.all()}
        self.parts = list(SessionPart.objects.all())
        self.participations = list(Participation.objects.all())
        self.marks = list(AttendanceMark.objects.all())
        self.make_ups = list(MakeUpStudy.objects.all())
        self.speeches = list(Speech.objects.all())
        self.outcomes = {row.pk: row for row in Outcome.objects.all()}
        self.corrections = list(Correction.objects.all())
        self.visits = list(ObservationVisit.objects.all())
        self.findings = list(Finding.objects.all())

    def counts(self, row: Participation) -> bool:
        session = self.sessions[row.study_session_id]
        return row.state == "ACCEPTED" and session.stage in ("HELD", "ARCHIVED") and session.form != "FIRST_AGENDA_ITEM"

    def in_force(self, committee_id: int, year: int) -> StudyPlan | None:
        editions = [plan for plan in self.plans if plan.committee_id == committee_id and plan.year == year]
        settled = [plan for plan in editions if plan.stage in ("APPROVED", "FILED")]
        return max(settled or editions, key=lambda plan: plan.edition, default=None)

    def answer(
        self,
        inside: set[int],
        first: date,
        last: date,
        year: int,
        quarter: int | None,
        month: int | None,
        today: date | None = None,
    ) -> dict[str, Any]:
        def meets(row: Any) -> bool:
            return row.since <= last and (row.until is None or row.until >= first)

        def dated(day: date | None) -> bool:
            return day is not None and first <= day <= last

        out: dict[str, Any] = {
            "committees": sum(1 for row in self.committees if row.pk in inside and meets(row)),
            "members": len({row.person_id for row in self.memberships if row.committee_id in inside and meets(row)}),
            "secretaries": len(
                {row.person_id for row in self.secretaries if row.committee_id in inside and meets(row)}
            ),
        }
        planned = completed = 0
        items = {item.pk: item for item in self.items}
        plans = {plan.pk: plan for plan in self.plans}
        for committee_id in inside:
            plan = self.in_force(committee_id, year)
            closed = set()
            for row in self.participations:
                if row.plan_item_id and row.committee_id == committee_id and self.counts(row):
                    item = items[row.plan_item_id]
                    of = plans[item.plan_id]
                    if of.committee_id == committee_id and of.year == year:
                        closed.add(item.serial)
            for item in self.items:
                if plan is None or item.plan_id != plan.pk:
                    continue
                if (month and item.month != month) or (quarter and not month and item.quarter != quarter):
                    continue
                planned += 1
                completed += item.serial in closed
        out |= {"planned_items": planned, "completed_items": completed}

        rows = [r for r in self.participations if r.committee_id in inside and self.counts(r)]
        rows = [r for r in rows if dated(self.sessions[r.study_session_id].day)]
        meetings = {r.study_session_id for r in rows}
        out |= {"sessions": len(meetings), "committee_sessions": len(rows)}
        days = Fraction(0)
        totals = dict.fromkeys(["expected", "present", "on_leave", "absent", "unmarked", "made_up"], Fraction(0))
        for row in rows:
            session = self.sessions[row.study_session_id]
            parts = [part for part in self.parts if part.study_session_id == session.pk]
            share = Fraction(1, len(parts))
            days += sum((Fraction(part.days) for part in parts), Fraction(0))
            made_up = {m.person_id for m in self.make_ups if m.participation_id == row.pk and m.stage == "CONFIRMED"}
            for part in parts:
                for member in self.memberships:
                    if member.committee_id != row.committee_id or member.since > part.day:
                        continue
                    if member.until is not None and member.until < part.day:
                        continue
                    totals["expected"] += share
                    marks = [
                        m.status for m in self.marks
                        if (m.participation_id, m.part_id, m.person_id) == (row.pk, part.pk, member.person_id)
                    ]  # fmt: skip
                    key = {"PRESENT": "present", "VIDEO": "present", "ON_LEAVE": "on_leave", "ABSENT": "absent"}
                    totals[key[marks[0]] if marks else "unmarked"] += share
                    if marks and marks[0] in ("ON_LEAVE", "ABSENT") and member.person_id in made_up:
                        totals["made_up"] += share
        out["days"] = four(days)
        out |= {key: four(value) for key, value in totals.items()}
        expected = totals["expected"]
        out["presence_rate"] = four(totals["present"] / expected) if expected else None
        out["participation_rate"] = four((totals["present"] + totals["made_up"]) / expected) if expected else None
        counted = {row.pk for row in rows}
        out["speeches"] = sum(1 for speech in self.speeches if speech.participation_id in counted)
        held = [self.sessions[pk] for pk in meetings]
        out["sessions_by_mode"] = {m.label: sum(1 for s in held if s.mode == m.value) for m in StudyMode}
        out["sessions_by_category"] = {str(c): sum(1 for s in held if s.category == c) for c in range(1, 10)}
        out["sessions_by_month"] = {str(n): sum(1 for s in held if s.day.month == n) for n in range(1, 13)}
        made = [o for o in self.outcomes.values() if o.committee_id in inside and not o.is_withdrawn and dated(o.day)]
        out["outcomes_by_kind"] = {k.label: sum(1 for o in made if o.kind == k.value) for k in OutcomeKind}
        sources = [
            self.outcomes[o.derived_from_id] for o in made if o.kind == "POLICY" and o.derived_from_id is not None
        ]  # fmt: skip
        sources = [source for source in sources if source.kind == "PROPOSAL" and not source.is_withdrawn]
        out["proposals_converted"] = len({source.pk for source in sources})
        out["policies_from_proposals"] = len(sources)
        sat = ("OBSERVED", "FEEDBACK_PENDING", "FED_BACK", "ACKNOWLEDGED", "CLOSED")
        been = [v for v in self.visits if v.committee_id in inside and v.stage in sat and dated(v.observed_on)]
        out |= {"visits": len(been), "committees_visited": len({v.committee_id for v in been})}
        told = [f for f in self.findings if f.committee_id in inside and f.stage not in ("RAISED", "DISMISSED")]
        told = [f for f in told if dated(f.found_on)]
        open_ones = [f for f in told if f.stage not in ("CLOSED", "LONG_TERM")]
        judged = min(last, today) if today else last
        out["findings"] = len(told)
        out["findings_closed"] = sum(1 for f in told if f.stage == "CLOSED")
        out["findings_overdue"] = sum(1 for f in open_ones if f.due_on is not None and f.due_on < judged)
        out["late_entries"] = sum(1 for s in held if s.late_days > 0)
        out["corrections"] = sum(
            1 for c in self.corrections if c.committee_id in inside and c.stage == "AGREED" and dated(c.applied_on)
        )
        return out
