"""今日待办 of a study secretary: only what is missing, nearest deadline first, each line one verb."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.committees.models import Committee
from sessions_app.assessment.models import AssessmentSheet, AssessmentStage
from sessions_app.attendance.models import MakeUpStage, MakeUpStudy
from sessions_app.bulletins.models import Bulletin, BulletinStage
from sessions_app.corrections.models import Correction, CorrectionStage
from sessions_app.desk.counting import counts_of
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.plans.models import PlanStage, StudyPlan
from sessions_app.policies import parameters
from sessions_app.policies.calendar import load
from sessions_app.policies.rules import DEADLINE_RULES, WorkingDays, day_in_year, deadline
from sessions_app.sessions.models import Participation, ParticipationState, SessionStage, StudySession

Rules = Mapping[int, Mapping[str, Any]]
SHOWN = 30
NEAR_DAYS = 14
UNSIGNED_DAYS = 120  # a bulletin nobody signed for in a season is history


@dataclass(frozen=True)
class Todo:
    verb: str
    what: str
    due: date | None
    url: str
    go: str
    note: str = ""
    left: str = ""
    tone: str = "muted"


@dataclass(frozen=True)
class Kind:
    """One kind of missing thing: the rows, and the line each makes."""

    rows: QuerySet
    line: Callable[[Any], Todo]


RULES = ("plan_due_day", "minutes_due_working_days", *DEADLINE_RULES)


def kinds_for(user: User, today: date, calendar: WorkingDays, rules: Rules) -> dict[str, Kind]:
    """What a secretary may owe today. Deadlines are the local rules of each committee (`rules`: id -> key -> value)."""
    committees = Committee.objects.open_to(user, Permission.PLAN_EDIT).active_on(today)
    many = len({hold.committee_id for hold in user.holds_with(Permission.PLAN_EDIT)}) > 1
    sessions = StudySession.objects.open_to(user, Permission.SESSION_EDIT).select_related("committee")
    rolls = Participation.objects.open_to(user, Permission.SESSION_EDIT).select_related("study_session", "committee")
    written = Minutes.objects.filter(study_session=OuterRef("pk")).exclude(
        stage__in=[MinutesStage.DRAFT, MinutesStage.RETURNED]
    )
    open_roll = Participation.objects.filter(study_session=OuterRef("pk"), is_host=True, unmarked_marks__gt=0)

    mine = {hold.committee_id for hold in user.holds_with(Permission.SESSION_EDIT)}
    lately = today - timedelta(days=NEAR_DAYS)

    def of(committee: Committee) -> str:
        return str(committee) if many else ""

    def minutes_due(committee_id: int, day: date) -> date:
        return calendar.add(day, rules[committee_id]["minutes_due_working_days"])

    def plan_due(committee_id: int, year: int) -> date:
        return day_in_year(rules[committee_id]["plan_due_day"], year)

    return {
        "plan_missing": Kind(
            committees.exclude(plans__year=today.year),
            lambda c: Todo("制订", f"{today.year}年度学习计划", plan_due(c.pk, today.year), f"{reverse('plan_new')}?committee={c.pk}&year={today.year}",
                           "去制订", of(c)),
        ),
        "plan_open": Kind(
            StudyPlan.objects.open_to(user, Permission.PLAN_EDIT).filter(
                year__gte=today.year, stage__in=[PlanStage.DRAFT, PlanStage.RETURNED]
            ).select_related("committee"),
            lambda p: Todo("修改" if p.stage == PlanStage.RETURNED else "提交", f"{p.year}年度学习计划",
                           plan_due(p.committee_id, p.year) if p.edition == 1 else None, p.get_absolute_url(), "去处理",
                           p.return_note or of(p.committee)),
        ),
        "plan_to_file": Kind(
            StudyPlan.objects.open_to(user, Permission.PLAN_EDIT).filter(
                year__gte=today.year, stage=PlanStage.APPROVED
            ).select_related("committee"),
            lambda p: Todo("报备", f"{p.year}年度学习计划", plan_due(p.committee_id, p.year) if p.edition == 1 else None,
                           p.get_absolute_url(), "去备案", of(p.committee)),
        ),
        "invitation": Kind(
            rolls.filter(state=ParticipationState.INVITED, study_session__stage__in=[
                SessionStage.PREPARING, SessionStage.SUBMITTED, SessionStage.APPROVED, SessionStage.HELD]),
            lambda p: Todo("答复", f"联组学习邀请：{p.study_session.topic}", p.study_session.day,
                           p.study_session.get_absolute_url(), "去答复", of(p.committee)),
        ),
        # A notice, not a task: shown for a fortnight to every other committee of a joint session.
        "correction_told": Kind(
            Correction.objects.filter(Q(asked_at__date__gte=lately) | Q(applied_on__gte=lately), study_session__is_joint=True)
            .exclude(stage=CorrectionStage.REFUSED).exclude(committee__in=mine)
            .filter(Exists(rolls.filter(study_session=OuterRef("study_session"), state=ParticipationState.ACCEPTED)))
            .select_related("committee", "study_session"),
            lambda c: Todo("知悉", f"{c.committee}更正联组学习：{c.study_session.topic}", None, c.get_absolute_url(), "去看",
                           "本单位考勤如有变化，请由本单位另行申请更正"),
        ),
        "prepare": Kind(
            sessions.filter(stage=SessionStage.PREPARING, day__lte=today + timedelta(days=NEAR_DAYS)),
            lambda s: Todo("修改" if s.return_note else "完善", f"学习方案：{s.topic}", s.day, s.get_absolute_url(),
                           "去完善", s.return_note or of(s.committee)),
        ),
        "hold": Kind(
            sessions.filter(stage=SessionStage.APPROVED, day__lte=today),
            lambda s: Todo("登记", f"召开情况：{s.topic}", s.day, s.get_absolute_url(), "去登记", of(s.committee)),
        ),
        "roll": Kind(
            rolls.filter(state=ParticipationState.ACCEPTED, study_session__stage=SessionStage.HELD, unmarked_marks__gt=0),
            lambda p: Todo("点名", f"{p.day.month}月{p.day.day}日 {p.study_session.topic}", minutes_due(p.committee_id, p.day),
                           reverse("roll", args=[p.pk]), "去点名", of(p.committee)),
        ),
        "minutes": Kind(
            sessions.filter(~Exists(written), ~Exists(open_roll), stage=SessionStage.HELD),
            lambda s: Todo("填写", f"{s.day.month}月{s.day.day}日学习记录：{s.topic}", minutes_due(s.committee_id, s.day),
                           reverse("minutes", args=[s.pk]), "去填写", of(s.committee)),
        ),
        "archive": Kind(
            sessions.filter(stage=SessionStage.HELD, minutes__stage=MinutesStage.APPROVED),
            lambda s: Todo("归档", f"{s.day.month}月{s.day.day}日 {s.topic}", None, s.get_absolute_url(), "去归档",
                           of(s.committee)),
        ),
        "make_up_confirm": Kind(
            MakeUpStudy.objects.open_to(user, Permission.MAKEUP_CONFIRM).filter(stage=MakeUpStage.SUBMITTED)
            .exclude(person_id=user.person_id).select_related("person", "participation__study_session", "participation__committee"),
            lambda m: Todo("确认", f"{m.person}补学：{m.participation.study_session.topic}", m.due_on, reverse("make_up", args=[m.pk]), "去确认",
                           of(m.participation.committee)),
        ),
        "make_up_late": Kind(
            MakeUpStudy.objects.open_to(user, Permission.MAKEUP_CONFIRM).filter(
                stage__in=[MakeUpStage.DUE, MakeUpStage.RETURNED], due_on__lte=today + timedelta(days=NEAR_DAYS)
            ).select_related("person", "participation__study_session", "participation__committee"),
            lambda m: Todo("催办", f"{m.person}补学：{m.participation.study_session.topic}", m.due_on,
                           reverse("make_up", args=[m.pk]), "去登记", of(m.participation.committee)),
        ),
        "self_score": Kind(
            AssessmentSheet.objects.open_to(user, Permission.ASSESS_SELF).filter(
                committee__in=mine, assessment__stage=AssessmentStage.SELF, self_at=None
            ).select_related("assessment", "committee"),
            lambda s: Todo("自评", str(s.assessment), s.assessment.self_due_on, reverse("sheet_self", args=[s.pk]), "去自评",
                           of(s.committee)),
        ),
        "bulletin": Kind(
            Bulletin.objects.open_to(user, Permission.BULLETIN_RECEIPT).filter(
                stage=BulletinStage.ISSUED, signed_at__date__gte=today - timedelta(days=UNSIGNED_DAYS)
            ).exclude(committee__in=mine).exclude(receipts__committee__in=mine),
            lambda b: Todo("签收", str(b), None, b.get_absolute_url(), "去签收"),
        ),
    }  # fmt: skip


def todos_of(user: User, today: date) -> list[Todo]:
    """The lines, nearest deadline first; one query a kind, each capped."""
    calendar = load(date(today.year - 1, 1, 1), date(today.year + 1, 12, 31))
    found = []
    doing = (Permission.PLAN_EDIT, Permission.SESSION_EDIT, Permission.MAKEUP_CONFIRM)
    mine = {hold.committee_id for permission in doing for hold in user.holds_with(permission)}
    rules = parameters.values(RULES, Committee.objects.filter(pk__in=mine), today)
    for kind in kinds_for(user, today, calendar, rules).values():
        for row in kind.rows[:SHOWN]:
            todo = kind.line(row)
            if todo.due:
                left, tone = deadline(todo.due, today, calendar, rules[row.committee_id])
                todo = replace(todo, left=left, tone=tone)
            found.append(todo)
    return sorted(found, key=lambda todo: (todo.due or date.max, todo.verb))


def todo_count(user: User, today: date) -> int:
    """How many lines there are in all; one query."""
    nothing = WorkingDays({}, frozenset())
    return sum(counts_of({key: kind.rows for key, kind in kinds_for(user, today, nothing, {}).items()}).values())
