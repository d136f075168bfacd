"""A department, a unit with a session and all that flows from it, a visit with a lead and a second observer."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee
from roster.corps.models import VisitTeam
from sessions_app.attendance.models import Attendance, AttendanceMark
from sessions_app.plans.models import PlanItem, PlanStage, StudyPlan
from sessions_app.sessions.models import (
    AgendaItem,
    AgendaKind,
    Participation,
    SessionPart,
    SessionStage,
    Speech,
    SpeechKind,
    SpeechStage,
    StudyMaterial,
    StudySession,
)
from sessions_app.visits.models import ObservationVisit, RoundStage, VisitObserver, VisitRound, VisitStage
from tests import build

HELD = build.DAY - timedelta(days=1)


@dataclass
class SatIn:
    department: Committee
    unit: Committee
    visit: ObservationVisit
    lead: User
    second: User
    reviewer: User
    secretary: User
    session: StudySession

    def fresh(self) -> ObservationVisit:
        found: ObservationVisit = ObservationVisit.objects.select_related(
            "round__committee", "committee", "study_session"
        ).get(pk=self.visit.pk)
        return found


def session_of(unit: Committee, day: date = HELD, stage: str = SessionStage.HELD, number: int = 1) -> StudySession:
    """With a plan filed in time, agenda, materials, a reviewed speech, a roll of ten with nine present."""
    plan, _ = StudyPlan.objects.get_or_create(
        committee=unit, year=day.year, defaults={
            "stage": PlanStage.FILED, "aim": "本年目标", "approving_meeting": "党组会", "approved_on": date(day.year, 1, 8),
            "filed_on": date(day.year, 1, 20),
        },
    )  # fmt: skip
    item, _ = PlanItem.objects.get_or_create(
        plan=plan,
        serial=1,
        defaults={"quarter": 1, "topic": "计划里的专题", "category": 1, "research_topic": "基层治理"},
    )
    chair = unit.memberships.order_by("rank").first()
    session: StudySession = StudySession.objects.create(
        committee=unit, day=day, topic="学习全会精神", stage=stage, place="三楼会议室", entered_at=build.AT,
        chair=chair.person if chair else None, approved_by=chair.person if chair else None,
        approved_at=build.AT - timedelta(days=9) if chair else None,
    )  # fmt: skip
    part = SessionPart.objects.create(study_session=session, day=day)
    AgendaItem.objects.create(study_session=session, kind=AgendaKind.LEAD_READING, content="领学原文")
    StudyMaterial.objects.create(study_session=session, title="早发的资料", sent_on=day - timedelta(days=20))
    StudyMaterial.objects.create(study_session=session, title="迟发的资料", sent_on=day - timedelta(days=1), order=2)
    taking = Participation.objects.create(
        study_session=session, committee=unit, year=day.year, number=number, day=day, plan_item=item
    )
    people = [row.person for row in unit.memberships.select_related("person")]
    if people:
        Speech.objects.create(
            participation=taking, speaker=people[-1], kind=SpeechKind.KEYNOTE, title="审过的发言", text="发言全文在此",
            stage=SpeechStage.APPROVED, edition=1, reviewed_by=people[0], reviewed_at=build.AT,
        )  # fmt: skip
        AttendanceMark.objects.bulk_create(
            AttendanceMark(
                participation=taking, part=part, person=one,
                status=Attendance.ABSENT if one == people[-1] else Attendance.PRESENT, reason="出差" if one == people[-1] else "",
            )
            for one in people
        )  # fmt: skip
        taking.expected_marks, taking.present_marks, taking.absent_marks = len(people), len(people) - 1, 1
        taking.roll_saved_at = build.AT
        taking.save()
    return session


def make(*, stage: str = VisitStage.ACCEPTED, day: date = HELD, held: bool = True) -> SatIn:
    department = build.committee("云州市委")
    unit = build.committee("市发改委党组", parent=department)
    build.leader_of(unit)
    build.group(unit, 9)
    session = session_of(unit, day, SessionStage.HELD if held else SessionStage.APPROVED)
    lead = build.granted(Role.OBSERVER, department, build.person("带队甲"))
    second = build.granted(Role.OBSERVER, department, build.person("组员乙"))
    visit = add_visit(department, unit, session, [lead, second], stage=stage)
    return SatIn(
        department,
        unit,
        visit,
        lead,
        second,
        build.granted(Role.REVIEWER, department),
        build.secretary_of(unit),
        session,
    )


def add_visit(
    department: Committee,
    unit: Committee,
    session: StudySession | None,
    observers: list[User],
    *,
    stage: str,
    **more: Any,
) -> ObservationVisit:
    round_, _ = VisitRound.objects.get_or_create(
        committee=department, year=2026, number=1,
        defaults={"since": date(2026, 3, 1), "until": date(2026, 4, 30), "stage": RoundStage.OPEN},
    )  # fmt: skip
    team, _ = VisitTeam.objects.get_or_create(committee=department, name="第一组", defaults={"since": build.SINCE})
    visit: ObservationVisit = ObservationVisit.objects.create(
        round=round_, committee=unit, team=team, study_session=session, stage=stage, **more
    )
    for number, user in enumerate(observers):
        VisitObserver.objects.create(
            visit=visit, person_id=user.person_id, is_lead=number == 0, accepted_at=build.AT - timedelta(days=5)
        )
    return visit
