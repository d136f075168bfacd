"""What stands on the first page of each role: figures, the current session, twelve months, one's own study."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import F, Prefetch, QuerySet
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.people.models import Membership
from sessions_app.attendance.models import LeaveRequest, LeaveStage, MakeUpStage, MakeUpStudy
from sessions_app.facts.figures import Figures, for_committee
from sessions_app.facts.periods import span
from sessions_app.facts.rules import percent, short
from sessions_app.facts.tables import MemberRow, members
from sessions_app.sessions.models import (
    TOOK_PLACE,
    Participation,
    ParticipationState,
    SessionStage,
    Speech,
    StudySession,
)
from sessions_app.visits.models import ENDED, ObservationVisit, VisitStage

DOTS = {
    SessionStage.PREPARING: "planned", SessionStage.SUBMITTED: "planned", SessionStage.APPROVED: "planned",
    SessionStage.HELD: "held", SessionStage.ARCHIVED: "archived", SessionStage.CANCELLED: "cancelled",
}  # fmt: skip


def twelve_months(committee_id: int, today: date) -> list[dict[str, Any]]:
    """The year's sessions of one committee as dots by month; one query."""
    rows = (
        Participation.objects.filter(committee_id=committee_id, year=today.year, state=ParticipationState.ACCEPTED)
        .select_related("study_session")
        .order_by("day")
    )
    months = [
        {
            "label": f"{month}月",
            "current": month == today.month,
            "url": f"{reverse('session_list')}?year={today.year}&month={month}&committee={committee_id}",
            "dots": [],
        }
        for month in range(1, 13)
    ]
    for row in rows:
        session = row.study_session
        late = session.stage not in TOOK_PLACE and session.stage != SessionStage.CANCELLED and row.day < today
        state = "overdue" if late else DOTS[session.stage]
        word = "已过期未召开" if late else session.get_stage_display()
        months[row.day.month - 1]["dots"].append(
            {"state": state, "label": f"{row.day.month}月{row.day.day}日 {session.topic} {word}"}
        )
    return months


def current_session(committee_id: int) -> StudySession | None:
    """The session the committee is working on: the earliest that is not yet archived, else none."""
    return (
        StudySession.objects.filter(
            participations__committee_id=committee_id, participations__state=ParticipationState.ACCEPTED
        )
        .exclude(stage__in=[SessionStage.ARCHIVED, SessionStage.CANCELLED])
        .prefetch_related(
            Prefetch("participations", Participation.objects.select_related("plan_item__plan__committee"))
        )
        .order_by("day", "pk")
        .first()
    )


def three_figures(committee_id: int, year: int) -> tuple[Figures, list[dict[str, Any]]]:
    """场次, 出席率, 参学率 of the year so far; each opens the sessions it counts."""
    figures = for_committee(committee_id, span(year))
    listed = f"{reverse('session_list')}?year={year}&committee={committee_id}&stage=TOOK_PLACE"
    here = f"实到 {short(figures.present)} / 应到 {short(figures.expected)}"
    return figures, [
        {"label": f"{year}年集体学习", "value": figures.committee_sessions, "unit": "场", "url": listed,
         "note": f"折合 {short(figures.days)} 天"},
        {"label": "出席率", "value": percent(figures.presence_rate), "url": listed, "note": here},
        {"label": "参学率", "value": percent(figures.participation_rate), "url": listed,
         "note": f"另有补学 {short(figures.made_up)} 人次"},
    ]  # fmt: skip


def my_visits(user: User) -> list[ObservationVisit]:
    """An observer's visits that are not over, the next session first; two queries."""
    rows = ObservationVisit.objects.open_to(user, Permission.VISIT_OBSERVE)
    rows = rows.exclude(stage__in=[*ENDED, VisitStage.CLOSED]).select_related(
        "round", "committee", "team", "study_session"
    )
    return list(rows.order_by(F("study_session__day").asc(nulls_last=True), "pk"))


@dataclass
class MyCommittee:
    """A member's own record in one committee, as the report's table 4 has it; never summed with another's."""

    membership: Membership
    row: MemberRow


@dataclass
class MyStudy:
    upcoming: list[Participation]
    speeches: QuerySet
    make_ups: QuerySet
    leaves: list[LeaveRequest]
    committees: list[MyCommittee]


def my_study(user: User, today: date) -> MyStudy:
    """我的学习: the next sessions, my speeches, what I owe, my own year. A few queries a committee of the member."""
    me = user.person_id
    mine = list(
        Membership.objects.filter(person_id=me)
        .during(date(today.year, 1, 1), date(today.year, 12, 31))
        .select_related("committee")
    )
    upcoming = list(
        Participation.objects.open_to(user, Permission.SESSION_READ)
        .filter(committee__memberships__person_id=me, day__gte=today, state=ParticipationState.ACCEPTED)
        .exclude(study_session__stage=SessionStage.CANCELLED)
        .select_related("study_session", "committee")
        .order_by("day")
        .distinct()[:10]
    )
    return MyStudy(
        upcoming=upcoming,
        speeches=Speech.objects.filter(speaker_id=me, participation__year=today.year)
        .select_related("participation__study_session", "participation__committee")
        .order_by("-participation__day"),
        make_ups=MakeUpStudy.objects.filter(person_id=me, stage__in=[MakeUpStage.DUE, MakeUpStage.RETURNED, MakeUpStage.SUBMITTED])
        .select_related("participation__study_session", "participation__committee"),
        leaves=_own_leaves(me, today),
        committees=_own_years(me, mine, today.year),
    )  # fmt: skip


def _own_leaves(person_id: int | None, today: date) -> list[LeaveRequest]:
    """This year's, newest first; `may_withdraw` until the session's day is over or it was held."""
    rows = list(
        LeaveRequest.objects.filter(person_id=person_id, participation__year=today.year)
        .exclude(stage=LeaveStage.WITHDRAWN)
        .select_related("participation__study_session", "part")
        .order_by("-participation__day")
    )
    for row in rows:
        waiting = row.participation.study_session.stage not in (*TOOK_PLACE, SessionStage.CANCELLED)
        live = row.stage in (LeaveStage.ASKED, LeaveStage.AGREED)
        row.may_withdraw = live and waiting and row.participation.day >= today  # type: ignore[attr-defined]
    return rows


def _own_years(person_id: int, memberships: list[Membership], year: int) -> list[MyCommittee]:
    latest = {membership.committee_id: membership for membership in memberships}
    found = []
    for committee_id, membership in latest.items():
        mine = [row for row in members(committee_id, span(year)) if row.person_id == person_id]
        found += [MyCommittee(membership, row) for row in mine]
    return found
