"""A visit that was sat in and waits for its feedback: what tests of the feedback and its papers start from."""

from dataclasses import dataclass
from datetime import date

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee, CommitteeKind
from roster.corps.models import VisitTeam
from sessions_app.sessions.models import Participation, SessionPart, SessionStage, StudySession
from sessions_app.visits.models import (
    ObservationVisit,
    ScoreItem,
    ScoreSheet,
    ScoreStage,
    SheetPart,
    VisitObserver,
    VisitRound,
    VisitScore,
    VisitScoreLine,
    VisitStage,
)
from tests import build

OBSERVED = date(2026, 3, 17)  # Tuesday; five working days later is Tuesday the 24th
GOOD = {"overall": "准备充分，研讨有质量。", "highlights": "联系实际紧。", "problems": "互动不够。\n主题不聚焦。"}


@dataclass
class World:
    city: Committee
    unit: Committee
    visit: ObservationVisit
    lead: User
    second: User
    reviewer: User
    other_reviewer: User
    secretary: User

    def fresh(self) -> ObservationVisit:
        row: ObservationVisit = ObservationVisit.objects.get(pk=self.visit.pk)
        return row


def make(
    city: Committee | None = None, *, day: date = OBSERVED, stage: str = VisitStage.OBSERVED, name: str = "市发改委党组"
) -> World:
    """A city's round, one unit, a team of two observers, the session observed on `day`."""
    city = city or build.committee("云州市委员会", kind=CommitteeKind.PARTY_COMMITTEE)
    unit = build.committee(name, parent=city)
    round_, _ = VisitRound.objects.get_or_create(
        committee=city, year=day.year, number=1,
        defaults={"since": date(day.year, 1, 1), "until": date(day.year, 12, 31), "stage": "OPEN"},
    )  # fmt: skip
    team, _ = VisitTeam.objects.get_or_create(committee=city, name="旁听一组", since=build.SINCE)
    lead, second = build.granted(Role.OBSERVER, city), build.granted(Role.OBSERVER, city)
    session = StudySession.objects.create(
        committee=unit,
        day=day,
        topic="学习贯彻全会精神",
        place="三楼会议室",
        stage=SessionStage.HELD,
        entered_at=build.AT,
    )
    SessionPart.objects.create(study_session=session, day=day)
    Participation.objects.create(
        study_session=session, committee=unit, year=day.year, number=2, day=day, expected_marks=9, present_marks=7,
        leave_marks=2, roll_saved_at=build.AT,
    )  # fmt: skip
    visit = ObservationVisit.objects.create(
        round=round_, committee=unit, team=team, study_session=session, stage=stage, noticed_on=day, observed_on=day
    )
    VisitObserver.objects.create(visit=visit, person=lead.person, is_lead=True, accepted_at=build.AT)
    VisitObserver.objects.create(visit=visit, person=second.person, accepted_at=build.AT)
    return World(
        city, unit, visit, lead, second, build.granted(Role.REVIEWER, city), build.granted(Role.REVIEWER, city),
        build.secretary_of(unit),
    )  # fmt: skip


def scored(world: World) -> tuple[ScoreItem, ScoreItem]:
    """The lead's sheet handed in: full marks for the first line, three points off the second."""
    sheet = ScoreSheet.objects.create(committee=world.city, name="列席旁听评分表", since=build.SINCE)
    first = ScoreItem.objects.create(sheet=sheet, part=SheetPart.BEFORE, order=1, text="年度计划按时备案", max_points=8)
    second = ScoreItem.objects.create(sheet=sheet, part=SheetPart.AT, order=2, text="互动研讨", max_points=10)
    score = VisitScore.objects.create(
        visit=world.visit, sheet=sheet, person=world.lead.person, stage=ScoreStage.SUBMITTED, total=15,
        submitted_at=build.AT, comment="总体较好。",
    )  # fmt: skip
    VisitScoreLine.objects.create(score=score, item=first, max_points=8, points=8)
    VisitScoreLine.objects.create(score=score, item=second, max_points=10, points=7, reason="只有两人交流发言")
    return first, second
