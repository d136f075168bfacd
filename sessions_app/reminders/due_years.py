"""What a year, a quarter or a month owes: the plan filed, sessions enough, the prompt received, the year reported and closed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from django.db.models import Count, Q
from django.urls import reverse

from roster.audit.actions import SHANGHAI
from sessions_app.guidance.models import PromptReceipt, PromptStage, StudyPrompt
from sessions_app.papers.models import IssuedPaper, PaperKind
from sessions_app.plans.models import PlanStage, StudyPlan
from sessions_app.policies.rules import ancestors, day_in_year, period_last_day, quarter_of
from sessions_app.reminders.rules import Kind
from sessions_app.reminders.world import Due, World, page, short
from sessions_app.sessions.models import COUNTED_FORMS, Participation, SessionStage, StudySession

QUARTERS = "一二三四"
NEW_COMMITTEE = timedelta(days=30)  # how long a committee founded within the year has for its plan


def plan_due(world: World) -> Iterator[Due]:
    """No edition of the year's plan filed by the day. Known from 1 January on, whoever asks."""
    year = world.day.year
    rows = world.within(StudyPlan.objects.filter(year=year)).order_by("edition")
    filed, newest = set(), {}
    for pk, committee_id, stage, filed_on in rows.values_list("pk", "committee_id", "stage", "filed_on"):
        newest[committee_id] = pk
        if stage == PlanStage.FILED and filed_on <= world.day:
            filed.add(committee_id)
    existing, new = page("plan"), reverse("plan_new")
    for pk, committee in world.committees.items():
        if pk in filed or not world.open(pk, date(year, 12, 31)):
            continue
        due_on = day_in_year(world.rules[pk]["plan_due_day"], year)
        if committee.since > date(year, 1, 1):
            due_on = max(due_on, committee.since + NEW_COMMITTEE)
        url = existing(newest[pk]) if pk in newest else f"{new}?committee={pk}&year={year}"
        yield Due(Kind.PLAN_DUE, f"plan:{pk}:{year}", pk, due_on, f"{year}年度学习计划尚未备案", url)


def month_empty(world: World) -> Iterator[Due]:
    """Where a local rule asks for sessions every month: this month late in it, and last month all through this one."""
    asked = {pk: rules["sessions_per_month"] for pk, rules in world.rules.items() if rules["sessions_per_month"] > 0}
    if not asked:
        return
    this = world.day.replace(day=1)
    url = reverse("session_new")
    for first in ((this - timedelta(days=1)).replace(day=1), this):
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        held = _held(world, first, last)
        known = world.known(first.year) if first < this else frozenset(asked)
        for pk, least in asked.items():
            early = first == this and world.day.day < world.rules[pk]["month_check_day"]
            count = held.get(pk, 0)
            if early or count >= least or pk not in known or world.committees[pk].since > first:
                continue
            if world.open(pk, last):
                what = f"{first.month}月集体学习 {count} 次，应不少于 {least} 次"
                yield Due(Kind.MONTH_EMPTY, f"month:{pk}:{first:%Y-%m}", pk, last, what, f"{url}?committee={pk}")


def session_too_few(world: World) -> Iterator[Due]:
    """This quarter from its first check day on, told again from the second; last quarter all through this one."""
    quarter = quarter_of(world.day)
    this = date(world.day.year, quarter * 3 - 2, 1)
    number = (world.day - this).days + 1
    for first in (_quarter_before(this), this):
        last = period_last_day(first.year, quarter_of(first))
        yield from _short_quarter(world, first, last, number if first == this else None)


def _short_quarter(world: World, first: date, last: date, number: int | None) -> Iterator[Due]:
    """`number`: which day of the quarter it is; None when the quarter is over."""
    held = _held(world, first, last)
    known = world.known(first.year) if number is None else frozenset(world.committees)
    url = reverse("session_new")
    name = f"{first.year}Q{quarter_of(first)}"
    for pk, committee in world.committees.items():
        rules = world.rules[pk]
        count, least = held.get(pk, 0), rules["sessions_per_quarter"]
        if count >= least or committee.since > first or pk not in known or not world.open(pk, last):
            continue
        if number is None:
            tell = "over"
        elif number < rules["quarter_first_check_day"]:
            continue
        else:
            tell = "first" if number < rules["quarter_second_check_day"] else "second"
        what = f"第{QUARTERS[quarter_of(first) - 1]}季度集体学习 {count} 次，应不少于 {least} 次"
        subject = f"quarter:{pk}:{name}"
        yield Due(Kind.SESSION_TOO_FEW, subject, pk, last, what, f"{url}?committee={pk}", tell=tell)


def prompt_unreceipted(world: World) -> Iterator[Due]:
    """A prompt published and not closed by the day: each committee of its subtree that has not received it.

    A committee founded later has the whole term from its first day on.
    """
    rows = StudyPrompt.objects.filter(published_at__lt=world.end).filter(
        Q(stage=PromptStage.PUBLISHED) | Q(closed_at__gte=world.end)
    )
    columns = ("pk", "committee_id", "title", "year", "quarter", "published_at")
    prompts = list(rows.order_by("pk").values_list(*columns))
    if not prompts:
        return
    receipts = PromptReceipt.objects.filter(prompt__in=[row[0] for row in prompts], received_at__lt=world.end)
    received = set(world.within(receipts).order_by().values_list("prompt_id", "committee_id"))
    below = _below(world, {row[1] for row in prompts})
    address = page("prompt")
    for pk, root, title, year, quarter, published_at in prompts:
        url = address(pk)
        published_on = published_at.astimezone(SHANGHAI).date()
        what = f"第{QUARTERS[quarter - 1]}季度学习提示尚未签收：{short(title)}"
        for committee_id in below[root]:
            if (pk, committee_id) not in received and world.open(committee_id, date(year, quarter * 3, 1)):
                told_on = max(published_on, world.committees[committee_id].since)
                due_on = world.after(told_on, world.rules[committee_id]["prompt_receipt_working_days"])
                yield Due(Kind.PROMPT_UNRECEIPTED, f"prompt:{pk}:{committee_id}", committee_id, due_on, what, url)


def _below(world: World, roots: set[int]) -> Mapping[int, list[int]]:
    """{root: the committees of its subtree, itself included}."""
    found: dict[int, list[int]] = {root: [] for root in roots}
    for pk, committee in world.committees.items():
        for root in roots.intersection(ancestors(committee.path)):
            found[root].append(pk)
    return found


def report_due(world: World) -> Iterator[Due]:
    """Last year's own annual report not issued by the day, of committees that stood at its end and had work in it."""
    year = world.day.year - 1
    rows = IssuedPaper.objects.filter(
        kind=PaperKind.ANNUAL, subject_id=None, year=year, issued_at__lt=world.end
    ).order_by()  # fmt: skip
    issued = set(world.within(rows).values_list("committee_id", flat=True))
    known = world.known(year)
    address = page("paper_annual")
    for pk, committee in world.committees.items():
        if pk in issued or pk not in known or committee.since > date(year, 12, 31):
            continue
        if world.open(pk, date(year, 12, 31)):
            due_on = day_in_year(world.rules[pk]["report_due_day"], world.day.year)
            what = f"{year}年度学习情况报告尚未印发"
            yield Due(Kind.REPORT_DUE, f"report:{pk}:{year}", pk, due_on, what, f"{address(pk)}?year={year}")


def period_closing(world: World) -> Iterator[Due]:
    """Last year is about to be closed, and sessions of it that were held are not archived."""
    year = world.day.year - 1
    rows = StudySession.objects.filter(
        form__in=COUNTED_FORMS, day__range=(date(year, 1, 1), date(year, 12, 31))
    ).filter(Q(stage=SessionStage.HELD) | Q(stage=SessionStage.ARCHIVED, archived_at__gte=world.end))
    left = dict(world.within(rows).order_by().values_list("committee_id").annotate(number=Count("pk")))
    url = f"{reverse('session_list')}?year={year}&stage={SessionStage.HELD}"
    for pk, number in left.items():
        if not world.open(pk, date(year, 12, 31)):
            continue
        rules = world.rules[pk]
        due_on = day_in_year(rules["year_close_day"], world.day.year)
        if world.day <= due_on <= world.near_until(rules["year_close_notice_working_days"]):
            what = f"{year}年度即将截止，还有 {number} 场学习没有归档"
            yield Due(Kind.PERIOD_CLOSING, f"close:{pk}:{year}", pk, due_on, what, url)


def _quarter_before(first: date) -> date:
    return (first - timedelta(days=1)).replace(day=1, month=quarter_of(first - timedelta(days=1)) * 3 - 2)


def _held(world: World, first: date, last: date) -> Mapping[int, int]:
    """{committee: sessions that count}, of these days up to the world's own."""
    rows = Participation.objects.counted().filter(day__range=(first, min(last, world.day))).order_by()
    return dict(world.within(rows).values_list("committee_id").annotate(number=Count("pk")))
