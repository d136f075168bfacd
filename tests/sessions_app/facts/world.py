"""A random year of a small tree, written straight into the tables: the oracle and the figures both read it."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from roster.committees.models import Committee, CommitteeLevel
from roster.corps.models import VisitTeam
from roster.people.models import GroupRole, Membership, Person, StudySecretary
from sessions_app.attendance.actions import recount_participations
from sessions_app.attendance.models import Attendance, AttendanceMark, MakeUpStage, MakeUpStudy
from sessions_app.corrections.models import Correction, CorrectionKind, CorrectionStage
from sessions_app.findings.models import Finding, FindingStage, ProblemType, Source
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.plans.models import ContentCategory, PlanItem, PlanStage, StudyMode, StudyPlan
from sessions_app.sessions.models import (
    Form,
    Participation,
    ParticipationState,
    SessionPart,
    SessionStage,
    Speech,
    SpeechKind,
    StudySession,
)
from sessions_app.visits.models import SAT_IN, ObservationVisit, VisitRound, VisitStage

AT = datetime(2026, 3, 1, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
YEARS = (2025, 2026)


class World:
    """`root` over two counties over a few townships, all of them with members, plans, sessions and outcomes."""

    def __init__(self, seed: int, *, counties: int = 2, townships: int = 2, sessions: int = 6) -> None:
        self.pick = random.Random(seed)
        self.serial = seed * 10_000
        self.root = self._committee(None, CommitteeLevel.CITY)
        self.counties = [self._committee(self.root, CommitteeLevel.COUNTY) for _ in range(counties)]
        self.townships = [
            self._committee(county, CommitteeLevel.TOWNSHIP) for county in self.counties for _ in range(townships)
        ]
        self.committees = [self.root, *self.counties, *self.townships]
        self.people = [self._person() for _ in range(8 + 4 * len(self.committees))]
        for committee in self.committees:
            self._roster(committee)
            for year in YEARS:
                self._plans(committee, year)
        self.numbers: dict[tuple[int, int], int] = {}
        for committee in self.committees:
            for _ in range(sessions):
                self._session(committee)
        self._outcomes()
        self._supervision()
        recount_participations(Participation.objects.values_list("pk", flat=True), AT)

    def _next(self) -> int:
        self.serial += 1
        return self.serial

    def _day(self, year: int | None = None) -> date:
        return date(year or self.pick.choice(YEARS), 1, 1) + timedelta(days=self.pick.randrange(365))

    def _committee(self, parent: Committee | None, level: str) -> Committee:
        serial = self._next()
        row = Committee.objects.create(
            code=f"W{serial}", name=f"世界{serial}", kind="PARTY_GROUP", level=level, parent=parent, path=f"w{serial}",
            level_order=list(CommitteeLevel.values).index(level), since=self.pick.choice([date(2020, 1, 1), self._day()]),
        )  # fmt: skip
        if self.pick.random() < 0.2:
            row.until = row.since + timedelta(days=self.pick.randrange(500))
        row.path = f"{parent.path if parent else ''}{row.pk:07d}/"
        row.save()
        return row

    def _person(self) -> Person:
        serial = self._next()
        return Person.objects.create(code=f"WP{serial}", name=f"甲{serial}")

    def _roster(self, committee: Committee) -> None:
        for rank, person in enumerate(self.pick.sample(self.people, self.pick.randrange(2, 7))):
            first = self.pick.choice([date(2024, 1, 1), self._day(2025)])
            until = self.pick.choice([None, first + timedelta(days=self.pick.randrange(400))])
            Membership.objects.create(
                committee=committee, person=person, rank=rank, since=first, until=until,
                group_role=GroupRole.LEADER if rank == 0 else GroupRole.MEMBER,
            )  # fmt: skip
            if until and self.pick.random() < 0.4:
                again = until + timedelta(days=1 + self.pick.randrange(60))
                Membership.objects.create(committee=committee, person=person, rank=rank, since=again)
        for person in self.pick.sample(self.people, 2):
            first = self._day()
            until = self.pick.choice([None, first + timedelta(days=90)])
            StudySecretary.objects.create(committee=committee, person=person, since=first, until=until)

    def _plans(self, committee: Committee, year: int) -> None:
        stages = self.pick.choice([
            [], [PlanStage.DRAFT], [PlanStage.FILED], [PlanStage.APPROVED, PlanStage.FILED], [PlanStage.FILED, PlanStage.DRAFT],
        ])  # fmt: skip
        for edition, stage in enumerate(stages, start=1):
            settled = stage in (PlanStage.APPROVED, PlanStage.FILED)
            plan = StudyPlan.objects.create(
                committee=committee, year=year, edition=edition, stage=stage, amend_reason="调整" if edition > 1 else "",
                approving_meeting="党组会" if settled else "", approved_on=date(year, 1, 10) if settled else None,
                filed_on=date(year, 1, 20) if stage == PlanStage.FILED else None,
            )  # fmt: skip
            for serial in self.pick.sample(range(1, 8), self.pick.randrange(1, 6)):
                quarter = self.pick.randrange(1, 5)
                PlanItem.objects.create(
                    plan=plan, serial=serial, quarter=quarter, topic=f"专题{serial}",
                    month=self.pick.choice([None, quarter * 3 - self.pick.randrange(3)]),
                    category=self.pick.choice(ContentCategory.values),
                )  # fmt: skip

    def _session(self, host: Committee) -> None:
        day, count = self._day(), self.pick.choice([1, 1, 1, 2, 3])
        stage = self.pick.choices(list(SessionStage), weights=[1, 1, 1, 6, 6, 2])[0]
        late = self.pick.choice([0, 0, 0, 20])
        session = StudySession.objects.create(
            committee=host, day=day, topic=f"主题{self._next()}", entered_at=AT, stage=stage, late_days=late,
            late_reason="补录" if late else "", cancel_reason="防汛" if stage == SessionStage.CANCELLED else "",
            form=self.pick.choices(list(Form), weights=[6, 2, 2, 2, 2, 2])[0], mode=self.pick.choice(StudyMode.values),
            category=self.pick.choice([None, *ContentCategory.values]),
        )  # fmt: skip
        days = [Decimal(self.pick.choice(["0.5", "1.0"])) for _ in range(count)]
        parts = [
            SessionPart.objects.create(
                study_session=session, order=order, day=day + timedelta(days=order - 1), days=days[order - 1]
            )
            for order in range(1, count + 1)
        ]
        guests = [one for one in self.committees if one != host]
        taking_part = [(host, ParticipationState.ACCEPTED)]
        for guest in self.pick.sample(guests, min(len(guests), self.pick.choice([0, 0, 0, 1, 2]))):
            taking_part.append((guest, self.pick.choice(list(ParticipationState))))
        for committee, state in taking_part:
            self._participation(session, committee, state, parts, sum(days))
        if stage in (SessionStage.HELD, SessionStage.ARCHIVED) and self.pick.random() < 0.4:
            self._correction(session)

    def _participation(
        self, session: StudySession, committee: Committee, state: str, parts: list[SessionPart], days: Decimal
    ) -> None:
        key = (committee.pk, session.day.year)
        accepted = state == ParticipationState.ACCEPTED
        self.numbers[key] = self.numbers.get(key, 0) + (1 if accepted else 0)
        items = list(PlanItem.objects.filter(plan__committee=committee))
        row = Participation.objects.create(
            study_session=session, committee=committee, is_host=committee == session.committee, state=state,
            year=session.day.year, number=self.numbers[key] if accepted else 0, day=session.day, days=days,
            part_count=len(parts), plan_item=self.pick.choice([None, *items]),
        )  # fmt: skip
        self._marks(row, parts)
        people = Membership.objects.filter(committee=committee).on(session.day)
        for member in self.pick.sample(list(people), min(len(people), self.pick.randrange(3))):
            Speech.objects.create(
                participation=row, speaker_id=member.person_id, kind=self.pick.choice(SpeechKind.values),
                title=f"发言{self._next()}",
            )  # fmt: skip

    def _marks(self, row: Participation, parts: list[SessionPart]) -> None:
        """Marks of most members of each part's day; who was away may have made it up. Counts come by recount."""
        kept, away = [], dict[int, int]()
        for part in parts:
            for member in Membership.objects.filter(committee=row.committee).on(part.day):
                if self.pick.random() < 0.1:
                    continue
                status = self.pick.choices(list(Attendance), weights=[6, 1, 2, 2])[0]
                gone = status in (Attendance.ON_LEAVE, Attendance.ABSENT)
                away[member.person_id] = away.get(member.person_id, 0) + gone
                kept.append(
                    AttendanceMark(
                        participation=row,
                        part=part,
                        person_id=member.person_id,
                        status=status,
                        reason="公务" if gone else "",
                    )  # fmt: skip
                )
        AttendanceMark.objects.bulk_create(kept)
        for person_id, missed in away.items():
            if missed:
                stage = self.pick.choice([MakeUpStage.DUE, MakeUpStage.CONFIRMED, MakeUpStage.RETURNED])
                MakeUpStudy.objects.create(
                    participation=row, person_id=person_id, missed_marks=missed, stage=stage,
                    due_on=row.day + timedelta(days=21),
                    confirmed_on=row.day + timedelta(days=9) if stage == MakeUpStage.CONFIRMED else None,
                )  # fmt: skip

    def _correction(self, session: StudySession) -> None:
        stage = self.pick.choice(list(CorrectionStage))
        Correction.objects.create(
            committee=session.committee, study_session=session, number=1, kind=CorrectionKind.ATTENDANCE, before={},
            after={}, reason="请假", evidence="请假条", asked_by=self.pick.choice(self.people), asked_at=AT, stage=stage,
            applied_on=session.day + timedelta(days=self.pick.randrange(200)) if stage == CorrectionStage.AGREED else None,
        )  # fmt: skip

    def _outcomes(self) -> None:
        made: list[Outcome] = []
        for committee in self.committees:
            for _ in range(self.pick.randrange(8)):
                serial, withdrawn = self._next(), self.pick.random() < 0.15
                kind = self.pick.choices(list(OutcomeKind), weights=[2, 1, 1, 4, 5, 1, 1])[0]
                made.append(
                    Outcome.objects.create(
                        code=f"WO{serial}",
                        committee=committee,
                        day=self._day(),
                        kind=kind,
                        title=f"成果{serial}",
                        is_withdrawn=withdrawn,
                        withdrawn_reason="重复" if withdrawn else "",
                        entered_at=AT,
                        derived_from=self.pick.choice([None, *made]) if made else None,
                    )  # fmt: skip
                )

    def _supervision(self) -> None:
        """The root and every county run rounds and findings of their own over what stands below them."""
        self.types = [
            ProblemType.objects.get_or_create(name=name)[0] for name in ("主题不聚焦", "互动不够", "以会代学")
        ]
        serial = 0
        for department in [self.root, *self.counties]:
            below = [one for one in self.committees if one.path.startswith(department.path)]
            team = VisitTeam.objects.create(committee=department, name="第一组", since=date(2024, 1, 1))
            for number in (1, 2):
                year = self.pick.choice(YEARS)
                one = VisitRound.objects.create(
                    committee=department, year=year, number=number, since=date(year, 1, 1),
                    until=date(year, 12, 31),
                )  # fmt: skip
                for committee in below:
                    if self.pick.random() < 0.7:
                        self._visit(one, team, committee)
            for committee in below:
                for _ in range(self.pick.randrange(5)):
                    serial += 1
                    self._finding(department, committee, serial)

    def _visit(self, one: VisitRound, team: VisitTeam, committee: Committee) -> None:
        stage = self.pick.choice([*VisitStage, *SAT_IN])
        session = StudySession.objects.filter(committee=committee).order_by("pk").first()
        seen = stage in SAT_IN
        if seen and session is None:
            return
        ObservationVisit.objects.create(
            round=one, team=team, committee=committee, stage=stage, study_session=session if seen else None,
            observed_on=self._day() if seen else None, stop_reason="" if seen else "防汛",
        )  # fmt: skip

    def _finding(self, department: Committee, committee: Committee, serial: int) -> None:
        stage, found = self.pick.choice(list(FindingStage)), self._day()
        planned = stage not in (FindingStage.RAISED, FindingStage.DISMISSED, FindingStage.OPEN)
        leader, owner, closer = self.pick.sample(self.people, 3)
        closed = stage == FindingStage.CLOSED
        due = found + timedelta(days=self.pick.randrange(10, 200))
        Finding.objects.create(
            committee=committee, department=department, source=self.pick.choice(list(Source)[1:]), year=found.year,
            serial=serial, type=self.pick.choice(self.types), text=f"问题{serial}的表述", found_on=found, stage=stage,
            owner=owner if planned else None, accountable_leader=leader if planned else None,
            due_on=due if planned else None, first_due_on=due if planned else None,
            dismiss_reason="查无此事" if stage == FindingStage.DISMISSED else "",
            long_term_reason="长期任务" if stage == FindingStage.LONG_TERM else "",
            closed_by=closer if closed else None, closed_on=found + timedelta(days=30) if closed else None,
            evidence_print="0" * 64 if closed else "",
        )  # fmt: skip
