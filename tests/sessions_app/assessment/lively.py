"""A lively year of 115 committees, written straight into the tables: short quarters, late minutes, people away, findings.

Everything is chosen by one seed, so that a run can be repeated; local rules change within the year.
"""

import random
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from roster.committees.models import Committee, CommitteeLevel
from roster.people.models import GroupRole, Membership, Person
from sessions_app.attendance.actions import recount_participations
from sessions_app.attendance.models import Attendance, AttendanceMark, MakeUpStage, MakeUpStudy
from sessions_app.findings.models import Finding, FindingStage, ProblemType, Source
from sessions_app.guidance.models import PromptReceipt, PromptStage, StudyPrompt
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.plans.models import ContentCategory, PlanItem, PlanStage, StudyPlan
from sessions_app.policies.models import PolicyParameter
from sessions_app.sessions.models import (
    ExtraParticipant,
    FilingStage,
    Form,
    Participation,
    ParticipationState,
    SessionPart,
    SessionStage,
    SpeakerFiling,
    Speech,
    SpeechKind,
    StudySession,
)
from tests import build

YEAR = 2026
TOOK_PLACE = (SessionStage.HELD, SessionStage.ARCHIVED)


class Lively:
    """`city` over four counties, ten units below each, the rest directly below it: `size` committees in all."""

    def __init__(self, seed: int, *, size: int = 115) -> None:
        self.pick = random.Random(seed)
        self.city = build.committee("云州市委")
        counties = [
            build.committee(f"第{number}县", parent=self.city, level=CommitteeLevel.COUNTY) for number in range(1, 5)
        ]
        self.committees = [self.city, *counties]
        for number in range(size - len(self.committees)):
            parent = counties[number % 4] if number < 40 else self.city
            since = self.pick.choice([build.SINCE] * 9 + [date(YEAR, 2, 16), date(YEAR, 5, 20)])
            row = build.committee(f"单位{number + 1}", parent=parent, since=since)
            if number % 29 == 28:
                row.until = date(YEAR, 12, 25)
                row.save()
            self.committees.append(row)
        self._rules(counties)
        self.people = Person.objects.bulk_create(
            Person(code=f"LV{number:05d}", name=f"成员 {number}" if number % 7 == 0 else f"成员{number}")
            for number in range(size * 7)
        )
        self._members()
        self._plans()
        self._sessions()
        self._outcomes()
        self._findings()
        self._prompts(counties)
        with connection.cursor() as cursor:  # planned as for empty tables, counting the roll walks for minutes
            cursor.execute("ANALYZE")
        recount_participations(Participation.objects.values_list("pk", flat=True), build.AT)

    def _day(self, first: date = date(YEAR, 1, 2), last: date = date(YEAR, 12, 28)) -> date:
        return first + timedelta(days=self.pick.randrange((last - first).days + 1))

    def _at(self, day: date) -> datetime:
        """Any minute of a day in Shanghai, the last ones too."""
        clock = self.pick.choice([time(0, 5), time(9, 30), time(16, 0), time(23, 58)])
        return datetime.combine(day, clock, build.SHANGHAI)

    def _rules(self, counties: list[Committee]) -> None:
        def rule(key: str, where: Committee, value: Any, since: date, until: date | None = None) -> None:
            PolicyParameter.objects.create(
                key=key, committee=where, value=value, since=since, until=until, source="本地"
            )

        first = date(YEAR, 1, 1)
        rule("minutes_due_working_days", self.city, 10, first, date(YEAR, 5, 31))
        rule("minutes_due_working_days", self.city, 4, date(YEAR, 6, 1))
        rule("minutes_due_working_days", counties[0], 7, date(YEAR, 3, 10))
        rule("sessions_per_quarter", counties[1], 2, date(YEAR, 7, 1))
        rule("sessions_per_month", counties[2], 2, date(YEAR, 6, 15))
        rule("plan_due_day", counties[3], "02-15", date(2025, 6, 1))
        rule("prompt_receipt_working_days", counties[0], 2, date(YEAR, 4, 1))

    def _members(self) -> None:
        self.of: dict[int, list[Membership]] = {}
        spare = iter(self.people)
        rows = []
        for committee in self.committees:
            mine = []
            for rank in range(self.pick.randrange(4, 8)):
                since = self.pick.choice([build.SINCE] * 6 + [self._day()])
                until = self._day(max(since, date(YEAR, 3, 1))) if self.pick.random() < 0.1 else None
                mine.append(
                    Membership(
                        committee=committee, person=next(spare), rank=rank, since=since, until=until,
                        group_role=GroupRole.LEADER if rank == 0 else GroupRole.MEMBER,
                    )
                )  # fmt: skip
            self.of[committee.pk] = mine
            rows += mine
        Membership.objects.bulk_create(rows)

    def _plans(self) -> None:
        self.items: dict[int, list[PlanItem]] = {}
        for committee in self.committees:
            stages = self.pick.choice([
                [], [PlanStage.DRAFT], [PlanStage.APPROVED], [PlanStage.FILED], [PlanStage.FILED], [PlanStage.FILED],
                [PlanStage.FILED, PlanStage.FILED], [PlanStage.FILED, PlanStage.APPROVED], [PlanStage.FILED, PlanStage.DRAFT],
            ])  # fmt: skip
            for edition, stage in enumerate(stages, start=1):
                day = self._day(date(YEAR, 1, 5), date(YEAR, 3, 20)) if edition == 1 else self._day(date(YEAR, 4, 1))
                settled = stage in (PlanStage.APPROVED, PlanStage.FILED)
                plan = StudyPlan.objects.create(
                    committee=committee, year=YEAR, edition=edition, stage=stage,
                    amend_reason="调整" if edition > 1 else "", approving_meeting="会" if settled else "",
                    approved_on=day if settled else None, filed_on=day if stage == PlanStage.FILED else None,
                )  # fmt: skip
                made = PlanItem.objects.bulk_create(
                    PlanItem(
                        plan=plan, serial=serial, quarter=1 + serial % 4, topic=f"专题{serial}",
                        category=self.pick.choice(ContentCategory.values),
                    )
                    for serial in self.pick.sample(range(1, 9), self.pick.randrange(2, 7))
                )  # fmt: skip
                self.items.setdefault(committee.pk, []).extend(made)

    def _sessions(self) -> None:
        number: dict[int, int] = {}
        sessions, parts, places, marks, make_ups, speeches, minutes, extras, filings = ([] for _ in range(9))
        for committee in self.committees:
            keenness = self.pick.choice([2, 6, 12, 22])
            for _ in range(self.pick.randrange(keenness // 2, keenness + 1)):
                day = self._day()
                stage = self.pick.choices(list(SessionStage), weights=[1, 0, 1, 6, 8, 1])[0]
                archived = self._at(day + timedelta(days=self.pick.randrange(1, 90)))
                session = StudySession(
                    committee=committee, day=day, topic="专题", entered_at=build.AT, stage=stage,
                    cancel_reason="防汛" if stage == SessionStage.CANCELLED else "",
                    form=self.pick.choices(list(Form), weights=[8, 1, 1, 1, 1, 1])[0],
                    archived_at=archived if stage == SessionStage.ARCHIVED else None,
                )  # fmt: skip
                sessions.append(session)
                days = [
                    SessionPart(study_session=session, order=order, day=day + timedelta(days=order - 1))
                    for order in range(1, self.pick.choice([1, 1, 1, 2, 3]) + 1)
                ]
                parts += days
                taking = [(committee, ParticipationState.ACCEPTED)]
                if self.pick.random() < 0.15:
                    guest = self.pick.choice([one for one in self.committees if one is not committee])
                    taking.append((guest, self.pick.choice(list(ParticipationState))))
                for where, state in taking:
                    accepted = state == ParticipationState.ACCEPTED
                    number[where.pk] = number.get(where.pk, 0) + accepted
                    place = Participation(
                        study_session=session, committee=where, is_host=where is committee, state=state, year=YEAR,
                        number=number[where.pk] if accepted else 0, day=day, part_count=len(days),
                        plan_item=self.pick.choice([None, *self.items.get(where.pk, [])]),
                    )  # fmt: skip
                    places.append(place)
                    self._roll(place, days, marks, make_ups, speeches)
                if stage in TOOK_PLACE and self.pick.random() < 0.85:
                    self._minutes(session, minutes)
                for name in self.pick.sample(["甲", "乙", "丙"], self.pick.choice([0, 0, 0, 1, 2])):
                    extras.append(
                        ExtraParticipant(
                            study_session=session, committee=committee, name=name,
                            is_outside_speaker=self.pick.random() < 0.8,
                        )
                    )  # fmt: skip
                    if self.pick.random() < 0.6:
                        filings.append(
                            SpeakerFiling(
                                study_session=session, speaker=self.pick.choice([name, "丁"]), unit="党校",
                                topic=f"题{len(filings)}", stage=self.pick.choice(list(FilingStage)),
                            )
                        )  # fmt: skip
        for model, rows in (
            (StudySession, sessions), (SessionPart, parts), (Participation, places), (AttendanceMark, marks),
            (MakeUpStudy, make_ups), (Speech, speeches), (Minutes, minutes), (ExtraParticipant, extras),
            (SpeakerFiling, filings),
        ):  # fmt: skip
            model.objects.bulk_create(rows, batch_size=1000)

    def _roll(self, place: Participation, days: list[SessionPart], marks: list, make_ups: list, speeches: list) -> None:
        there = self.pick.choice([0.7, 0.8, 0.9, 1.0])
        away: dict[int, int] = {}
        for part in days:
            for one in self.of[place.committee_id]:
                if not (one.since <= part.day and (one.until is None or part.day <= one.until)):
                    continue
                if self.pick.random() < 0.03:
                    continue  # never marked
                gone = self.pick.random() > there
                status = self.pick.choice(
                    [Attendance.ON_LEAVE, Attendance.ABSENT] if gone else [Attendance.PRESENT, Attendance.VIDEO]
                )
                marks.append(
                    AttendanceMark(
                        participation=place, part=part, person=one.person, status=status, reason="公务" if gone else ""
                    )
                )
                away[one.person_id] = away.get(one.person_id, 0) + gone
        for person_id, missed in away.items():
            if missed and self.pick.random() < 0.8:
                stage = self.pick.choice(list(MakeUpStage))
                done = stage in (MakeUpStage.SUBMITTED, MakeUpStage.CONFIRMED)
                day = place.day + timedelta(days=self.pick.randrange(2, 60))
                make_ups.append(
                    MakeUpStudy(
                        participation=place, person_id=person_id, missed_marks=missed, stage=stage,
                        due_on=place.day + timedelta(days=21), done_on=day if done else None,
                        confirmed_on=day if stage == MakeUpStage.CONFIRMED else None,
                    )
                )  # fmt: skip
        for one in self.pick.sample(self.of[place.committee_id], self.pick.randrange(3)):
            speaker = one.person if self.pick.random() < 0.9 else self.pick.choice(self.people)
            speeches.append(
                Speech(
                    participation=place, speaker=speaker, kind=self.pick.choice(SpeechKind.values),
                    title=f"发言{len(speeches)}",
                )
            )  # fmt: skip

    def _minutes(self, session: StudySession, minutes: list) -> None:
        stage = self.pick.choices(list(MinutesStage), weights=[1, 3, 8, 1])[0]
        submitted = self._at(session.day + timedelta(days=self.pick.randrange(1, 22)))
        person = self.people[0] if stage == MinutesStage.APPROVED else None
        minutes.append(
            Minutes(
                study_session=session, stage=stage, submitted_at=None if stage == MinutesStage.DRAFT else submitted,
                approver=person, approved_at=submitted if person else None,
            )
        )  # fmt: skip

    def _outcomes(self) -> None:
        made: list[Outcome] = []
        for committee in self.committees:
            for _ in range(self.pick.randrange(9)):
                withdrawn = self.pick.random() < 0.1
                names = [one.person.name for one in self.pick.sample(self.of[committee.pk], self.pick.randrange(3))]
                authors = self.pick.choice(["、", "，", " ; "]).join([*names, self.pick.choice(["外人", "王某"])])
                made.append(
                    Outcome.objects.create(
                        code=f"LO{len(made)}", committee=committee, day=self._day(date(2025, 11, 1)), title="成果",
                        kind=self.pick.choices(list(OutcomeKind), weights=[2, 3, 3, 4, 5, 1, 1])[0], authors=authors,
                        is_withdrawn=withdrawn, withdrawn_reason="重复" if withdrawn else "", entered_at=build.AT,
                        derived_from=self.pick.choice([None, *made[-12:]]) if made else None,
                    )
                )  # fmt: skip

    def _findings(self) -> None:
        kind = ProblemType.objects.get_or_create(name="互动不够")[0]
        serial = 0
        for committee in self.committees:
            for _ in range(self.pick.randrange(5)):
                serial += 1
                stage, found = self.pick.choice(list(FindingStage)), self._day(date(2025, 12, 1))
                planned = stage not in (FindingStage.RAISED, FindingStage.DISMISSED, FindingStage.OPEN)
                leader, owner, closer = self.pick.sample(self.people, 3)
                due = found + timedelta(days=self.pick.randrange(10, 200))
                Finding.objects.create(
                    committee=committee, department=self.city, source=Source.INSPECTION, year=YEAR, serial=serial,
                    type=kind, text="问题", found_on=found, stage=stage, owner=owner if planned else None,
                    accountable_leader=leader if planned else None, due_on=due if planned else None,
                    dismiss_reason="查无" if stage == FindingStage.DISMISSED else "",
                    long_term_reason="长期" if stage == FindingStage.LONG_TERM else "",
                    closed_by=closer if stage == FindingStage.CLOSED else None,
                    closed_on=found if stage == FindingStage.CLOSED else None,
                    evidence_print="0" * 64 if stage == FindingStage.CLOSED else "",
                    reopened_count=self.pick.choice([0, 0, 0, 1, 2]),
                )  # fmt: skip

    def _prompts(self, counties: list[Committee]) -> None:
        receipts = []
        for number, where in enumerate([self.city, self.city, *counties, self.city], start=1):
            stage = self.pick.choice([PromptStage.PUBLISHED, PromptStage.CLOSED])
            published = self._day()
            prompt = StudyPrompt.objects.create(
                committee=where, year=YEAR, quarter=1 + number % 4, title=f"提示{number}", stage=stage,
                published_at=self._at(published),
            )  # fmt: skip
            receipts += [
                PromptReceipt(
                    prompt=prompt,
                    committee=one,
                    received_at=self._at(published + timedelta(days=self.pick.randrange(20))),
                )
                for one in self.committees
                if self.pick.random() < 0.7
            ]
        StudyPrompt.objects.create(committee=self.city, year=YEAR, quarter=1, title="草稿")
        PromptReceipt.objects.bulk_create(receipts)


def points(pick: random.Random, most: int) -> Decimal:
    """What a person might give: halves up to the maximum."""
    return Decimal(pick.randrange(2 * most + 1)) / 2
