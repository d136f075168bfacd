"""What is behind, in words, the worst first. Each exception is a queryset: its number opens exactly its rows."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse

from roster.committees.models import Committee, CommitteeLevel
from sessions_app.attendance.models import MakeUpStage, MakeUpStudy
from sessions_app.facts import counted
from sessions_app.facts.drill import (
    COMMITTEE_ORDERS,
    Line,
    Listing,
    by_committee,
    committee_line,
    plan_item_line,
    session_line,
)
from sessions_app.facts.figures import Figures, for_each
from sessions_app.facts.periods import Span, before, span
from sessions_app.facts.scope import Scope
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.plans.models import PlanStage, StudyPlan
from sessions_app.policies import calendar
from sessions_app.policies.parameters import values
from sessions_app.policies.rules import day_in_year, is_below, shown
from sessions_app.sessions.models import (
    COUNTED_FORMS,
    TOOK_PLACE,
    Participation,
    SessionStage,
    StudySession,
)

RULES = ("attendance_target", "plan_due_day", "minutes_due_working_days", "sessions_per_quarter")


@dataclass(frozen=True)
class Situation:
    """What an exception is judged by. `until` is the last day that may be judged: of the period, but not after today."""

    scope: Scope
    period: Span
    today: date
    rules: dict[str, Any]

    @property
    def until(self) -> date:
        return min(self.period.last, self.today)

    @property
    def started(self) -> bool:
        return self.period.first <= self.today


def situation(scope: Scope, committee: Committee, period: Span, today: date) -> Situation:
    """With the rules that hold for `committee` today; one query."""
    return Situation(scope, period, today, values(RULES, [committee], today)[committee.pk])


@dataclass(frozen=True)
class Kind:
    """One kind: its rows for a situation, its sentence with {n}, the tone, how one row reads."""

    label: str
    sentence: str
    unit: str
    tone: str
    rows: Callable[[Situation], QuerySet]
    line: Callable[[Any], Line]
    orders: Any
    hint: str = ""


@dataclass(frozen=True)
class Found:
    key: str
    count: int
    sentence: str
    tone: str
    split: str


def last_two_quarters(until: date) -> tuple[Span, Span]:
    """The two latest quarters that have ended by `until`, the earlier first."""
    quarter = span(until.year, (until.month + 2) // 3)
    if quarter.last > until:
        quarter = before(quarter)
    return before(quarter), quarter


def _active(at: Situation, first: date, last: date) -> QuerySet:
    """Committees that stood on every day of the time judged: who was founded later owes nothing for it."""
    return Committee.objects.filter(at.scope.where(""), since__lte=first).filter(Q(until=None) | Q(until__gte=last))


def _without_sessions(rows: QuerySet, first: date, last: date) -> QuerySet:
    held = Participation.objects.counted().filter(committee_id=OuterRef("pk"), day__range=(first, last))
    return rows.filter(~Exists(held)).order_by()


def _idle_two_quarters(at: Situation) -> QuerySet:
    earlier, later = last_two_quarters(at.until)
    return _without_sessions(_active(at, earlier.first, later.last), earlier.first, later.last)


def _idle(at: Situation) -> QuerySet:
    if not at.started:
        return Committee.objects.none()
    return _without_sessions(_active(at, at.until, at.until), at.period.first, at.until)


def _held(at: Situation) -> QuerySet:
    rows = Participation.objects.filter(committee_id=OuterRef("pk"))
    held = rows.counted().filter(day__range=(at.period.first, at.period.last))
    return Committee.objects.filter(at.scope.where("")).filter(Exists(held)).order_by()


def _plan_missing(at: Situation) -> QuerySet:
    due = day_in_year(at.rules["plan_due_day"], at.period.year)
    if at.today <= due:
        return Committee.objects.none()
    filed = StudyPlan.objects.filter(committee_id=OuterRef("pk"), year=at.period.year, stage=PlanStage.FILED)
    standing = counted.committees(at.scope, span(at.period.year)).filter(since__lte=due)
    return standing.filter(Q(until=None) | Q(until__gte=at.until)).filter(~Exists(filed)).order_by()


def _plan_late(at: Situation) -> QuerySet:
    due = day_in_year(at.rules["plan_due_day"], at.period.year)
    rows = StudyPlan.objects.filter(at.scope.where("committee"), year=at.period.year, edition=1, filed_on__gt=due)
    return rows.select_related("committee").order_by()


def _minutes_missing(at: Situation) -> QuerySet:
    days = calendar.load(at.today - timedelta(days=90), at.today)
    latest = at.today - timedelta(days=1)
    while days.add(latest, at.rules["minutes_due_working_days"]) >= at.today:
        latest -= timedelta(days=1)
    written = Minutes.objects.filter(
        study_session_id=OuterRef("pk"), stage__in=[MinutesStage.SUBMITTED, MinutesStage.APPROVED]
    )
    rows = StudySession.objects.filter(
        at.scope.where("committee"), day__range=(at.period.first, min(at.period.last, latest)), stage__in=TOOK_PLACE,
        form__in=COUNTED_FORMS,
    )  # fmt: skip
    return rows.filter(~Exists(written)).select_related("committee").order_by()


def _make_ups_overdue(at: Situation) -> QuerySet:
    open_ones = MakeUpStudy.objects.filter(due_on__lt=at.today, stage__in=[MakeUpStage.DUE, MakeUpStage.RETURNED])
    rows = counted.at_participations(open_ones, at.scope, at.period)
    return rows.select_related("person", "participation__committee", "participation__study_session").order_by()


def _unmarked(at: Situation) -> QuerySet:
    rows = counted.participations(at.scope, at.period).filter(unmarked_marks__gt=0)
    return rows.select_related("committee", "study_session")


def _not_held(at: Situation) -> QuerySet:
    rows = StudySession.objects.filter(
        at.scope.where("committee"), day__range=(at.period.first, at.until), day__lt=at.today,
        stage__in=[SessionStage.PREPARING, SessionStage.SUBMITTED, SessionStage.APPROVED],
    )  # fmt: skip
    return rows.select_related("committee").order_by()


def _items_behind(at: Situation) -> QuerySet:
    ended = [quarter for quarter in range(1, 5) if span(at.period.year, quarter).last < at.today]
    rows = counted.plan_items(at.scope, at.period).filter(quarter__in=ended)
    return rows.filter(~Exists(counted.closing_participations())).select_related("plan__committee")


def _below_target(at: Situation) -> QuerySet:
    """From the kept counts of every committee of the scope."""
    committees = counted.committees(at.scope, at.period)
    return committees.filter(pk__in=below_target(for_each(committees, at.period), at.rules["attendance_target"]))


def below_target(figures: dict[int, Figures], target: Decimal) -> list[int]:
    return [pk for pk, one in figures.items() if is_below(one.presence_rate, target)]


def _make_up_line(row: MakeUpStudy) -> Line:
    place = row.participation
    title = f"{row.person}：{place.study_session.topic}"
    return Line(str(place.committee), place.day, title, reverse("make_up", args=[row.pk]), f"应于 {row.due_on} 前补学")


def _roll_line(row: Participation) -> Line:
    note = f"应到 {row.expected_marks} 个，未记 {row.unmarked_marks} 个"
    return Line(str(row.committee), row.day, row.study_session.topic, row.study_session.get_absolute_url(), note)


def _plan_line(row: StudyPlan) -> Line:
    return Line(str(row.committee), row.filed_on, f"{row.year}年度学习计划", row.get_absolute_url(), "备案日期晚于期限")


SESSION_ORDERS = by_committee("committee__", "day", "pk")
KINDS: dict[str, Kind] = {
    "idle_two_quarters": Kind(
        "连续两季未学", "{n} 家连续两季未学", "家", "overdue", _idle_two_quarters, committee_line, COMMITTEE_ORDERS,
        "最近两个已结束的季度都没有集体学习；期间新设的单位不计。",
    ),
    "plan_missing": Kind(
        "年度计划未备案", "{n} 家年度计划过期未备案", "家", "overdue", _plan_missing, committee_line, COMMITTEE_ORDERS,
        "备案期限已过，尚未备案。",
    ),
    "not_held": Kind(
        "已过日期未召开", "{n} 场已过日期，没有召开也没有改期", "场", "overdue", _not_held, session_line, SESSION_ORDERS,
    ),
    "minutes_missing": Kind(
        "学习记录未交", "{n} 场学习记录过期未交", "场", "overdue", _minutes_missing, session_line, SESSION_ORDERS,
        "召开后超过规定的工作日，还没有提交审签。",
    ),
    "make_ups_overdue": Kind(
        "补学过期", "{n} 人次补学已过期限", "人次", "overdue", _make_ups_overdue, _make_up_line,
        by_committee("participation__committee__", "participation__day", "pk"), "已过补学期限，还没有交。",
    ),
    "below_target": Kind(
        "出席率低于目标", "{n} 家出席率低于 {target}", "家", "behind", _below_target, committee_line, COMMITTEE_ORDERS,
    ),
    "items_behind": Kind(
        "到期未学的计划专题", "{n} 项计划专题到期未学", "项", "behind", _items_behind, plan_item_line,
        by_committee("plan__committee__", "quarter", "serial", "pk"), "所在季度已经结束，还没有场次完成它。",
    ),
    "idle": Kind(
        "本期尚未学习", "{n} 家本期尚未组织集体学习", "家", "behind", _idle, committee_line, COMMITTEE_ORDERS,
    ),
    "unmarked_rolls": Kind(
        "考勤没有记全", "{n} 场次考勤没有记全", "场次", "behind", _unmarked, _roll_line,
        SESSION_ORDERS, "未记不等于缺席，请秘书补齐。",
    ),
    "plan_late": Kind(
        "年度计划迟备案", "{n} 家年度计划迟备案", "家", "near", _plan_late, _plan_line,
        by_committee("committee__", "filed_on", "pk"),
    ),
}  # fmt: skip
OTHERS: dict[str, Kind] = {
    "committees_held": Kind(
        "已组织学习的单位", "{n} 家已组织集体学习", "家", "ok", _held, committee_line, COMMITTEE_ORDERS,
    ),
}  # fmt: skip


def exceptions(at: Situation, *, below: int | None = None) -> list[Found]:
    """All that is behind, none with nothing in it. `below`: how many are under the target, when already counted."""
    found = []
    for key, kind in KINDS.items():
        split = ""
        if key == "below_target" and below is not None:
            count = below
        elif kind.unit == "家" and kind.line is committee_line:
            levels = dict(kind.rows(at).values_list("level").annotate(rows=Count("pk")))
            count = sum(levels.values())
            split = " · ".join(f"{level.label} {levels[level]}" for level in CommitteeLevel if levels.get(level))
        else:
            count = kind.rows(at).count()
        if count:
            sentence = kind.sentence.format(n=count, target=shown("attendance_target", at.rules["attendance_target"]))
            found.append(Found(key, count, sentence, kind.tone, split))
    return found


def exception_listing(key: str, at: Situation) -> Listing:
    """The rows behind one sentence; KeyError for a key that is none."""
    kind = {**KINDS, **OTHERS}[key]
    rows = kind.rows(at)
    return Listing(key, kind.label, kind.unit, rows, kind.line, rows.count, orders=kind.orders, hint=kind.hint)
