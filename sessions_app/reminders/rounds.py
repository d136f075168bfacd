"""Which rounds are to be gone through on a day, and what a quarter or a year holds for each committee. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Q

from sessions_app.attendance.models import MakeUpStudy
from sessions_app.guidance.models import PromptStage, StudyPrompt
from sessions_app.notices.models import Rhythm
from sessions_app.outcomes.models import Outcome
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.policies.rules import KEYS, ancestors, day_in_year, quarter_of
from sessions_app.reminders import rules
from sessions_app.reminders.models import Round
from sessions_app.reminders.rules import Period
from sessions_app.reminders.world import Due, World
from sessions_app.sessions.models import COUNTED_FORMS, SessionStage, StudySession


def root_rule(world: World, key: str) -> str | int:
    """A rule that holds for everybody at once: that of the topmost committee, the default where there is none."""
    top = min(world.committees.values(), key=lambda row: (row.path.count("/"), row.path), default=None)
    return world.rules[top.pk][key] if top is not None else KEYS[key].default


def periods(world: World) -> dict[Rhythm, Period]:
    """The period of every rhythm that the day lies in."""
    day, calendar = world.day, world.calendar
    return {
        Rhythm.MONTHLY: rules.month_period(day, calendar),
        Rhythm.WEEKLY: rules.week_period(day, calendar),
        Rhythm.DAILY: rules.day_period(day, calendar),
        Rhythm.QUARTERLY: rules.quarter_period(day, calendar),
        Rhythm.YEAR_OPEN: rules.year_open_period(day, calendar, str(root_rule(world, "year_review_open_day"))),
        Rhythm.YEAR_CLOSE: rules.year_close_period(
            day, calendar, str(root_rule(world, "year_close_day")), int(root_rule(world, "year_close_notice_working_days"))
        ),
    }  # fmt: skip


def to_do(world: World) -> dict[Rhythm, Period]:
    """The rounds that have opened in their period and were not gone through: also those of days that were missed."""
    opened = {rhythm: period for rhythm, period in periods(world).items() if period.opens_on <= world.day}
    asked = Q(pk__in=[])
    for rhythm, period in opened.items():
        asked |= Q(rhythm=rhythm, period=period.key)
    done = set(Round.objects.filter(asked).values_list("rhythm", flat=True))
    return {rhythm: period for rhythm, period in opened.items() if rhythm not in done}


# ------------------------------------------------------------------------------------------------- the quarter


@dataclass(frozen=True)
class Quarter:
    """What a quarter holds, by committee: prompts told to it, topics its plan in force names. Plans: their ids."""

    year: int
    quarter: int
    prompts: Mapping[int, list[tuple[int, str]]]  # by the committee that issued it: (prompt, title)
    plans: Mapping[int, int]
    items: Mapping[int, list[tuple[str, int | None]]]  # (topic, month)

    def prompts_for(self, path: str) -> list[tuple[int, str]]:
        return [prompt for above in ancestors(path) for prompt in self.prompts.get(above, ())]


def load_quarter(world: World) -> Quarter:
    """Three queries."""
    year, quarter = world.day.year, quarter_of(world.day)
    told = StudyPrompt.objects.filter(year=year, quarter=quarter, published_at__lt=world.end).exclude(
        stage=PromptStage.DRAFT
    )
    prompts: dict[int, list[tuple[int, str]]] = defaultdict(list)
    still = told.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=world.end)).order_by("pk")
    for issuer, pk, title in still.values_list("committee_id", "pk", "title"):
        prompts[issuer].append((pk, title))
    in_force = StudyPlan.objects.filter(year=year).in_force().order_by()
    plans = dict(world.within(in_force).values_list("committee_id", "pk"))
    topics = PlanItem.objects.filter(plan__in=in_force.values("pk"), quarter=quarter).order_by("plan_id", "serial")
    items: dict[int, list[tuple[str, int | None]]] = defaultdict(list)
    for committee_id, topic, month in topics.values_list("plan__committee_id", "topic", "month"):
        items[committee_id].append((topic, month))
    return Quarter(year, quarter, prompts, plans, items)


# --------------------------------------------------------------------------------------------------- the year


@dataclass(frozen=True)
class Year:
    """What the year's materials lack, by committee. `outcomes`: the committees that registered one; `subjects`: those of
    due things that hang on a session of the year."""

    year: int
    unarchived: Mapping[int, int]
    outcomes: frozenset[int]
    subjects: frozenset[str]

    def concerns(self, due: Due) -> bool:
        """Whether a due thing is one of this year: the year itself, a month or quarter of it, a session held in it."""
        word, _, key = due.subject.partition(":")
        if word in ("session", "minutes", "make-up"):
            return due.subject in self.subjects
        return word in ("plan", "month", "quarter", "report", "close") and key.partition(":")[2][:4] == str(self.year)


def load_year(world: World, year: int, dues: Sequence[Due] = ()) -> Year:
    """Four queries."""
    open_still = Q(stage=SessionStage.HELD) | Q(stage=SessionStage.ARCHIVED, archived_at__gte=world.end)
    last = min(world.day, date(year, 12, 31))
    sessions = StudySession.objects.filter(open_still, form__in=COUNTED_FORMS, day__range=(date(year, 1, 1), last))
    counts = world.within(sessions).order_by().values("committee_id").annotate(n=Count("pk"))
    outcomes = Outcome.objects.filter(day__range=(date(year, 1, 1), last), is_withdrawn=False).order_by()
    registered = world.within(outcomes).values_list("committee_id", flat=True).distinct()
    return Year(
        year, dict(counts.values_list("committee_id", "n")), frozenset(registered), _subjects_of(year, dues)
    )  # fmt: skip


def _subjects_of(year: int, dues: Sequence[Due]) -> frozenset[str]:
    """Of the due things that hang on a session, those whose session's day lies in the year."""
    ids: dict[str, list[int]] = defaultdict(list)
    for one in dues:
        word, _, key = one.subject.partition(":")
        if word in ("session", "minutes", "make-up"):
            ids[word].append(int(key))
    held = StudySession.objects.filter(pk__in=ids["session"] + ids["minutes"], day__year=year)
    pks = set(held.order_by().values_list("pk", flat=True))
    owed = MakeUpStudy.objects.filter(pk__in=ids["make-up"], participation__day__year=year)
    found = {f"make-up:{pk}" for pk in owed.order_by().values_list("pk", flat=True)}
    return frozenset(found | {f"{word}:{pk}" for word in ("session", "minutes") for pk in ids[word] if pk in pks})


def closes_on(world: World, year: int) -> date:
    """The day on which `year` closes."""
    return day_in_year(str(root_rule(world, "year_close_day")), year + 1)
