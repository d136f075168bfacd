"""Which rows the further measures of an assessment count, and what a term says of one: shared by figures and drill lists.

What carries a stamp is taken as it stood at the end of the cut-off day (`period.last`), and each term is the local rule of
the thing's own day: a session's minutes by the rule of the session's day.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cache
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet

from roster.audit.actions import SHANGHAI
from sessions_app.attendance.models import MakeUpStage, MakeUpStudy
from sessions_app.facts import counted
from sessions_app.facts.periods import Span
from sessions_app.facts.scope import Scope
from sessions_app.findings.models import UNDER_WAY
from sessions_app.guidance.models import PromptReceipt, PromptStage, StudyPrompt
from sessions_app.minutes.models import MinutesStage
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.plans.models import StudyMode
from sessions_app.policies import calendar
from sessions_app.policies.parameters import Dated
from sessions_app.policies.rules import ancestors, day_in_year
from sessions_app.sessions.models import COUNTED_FORMS, TOOK_PLACE, ExtraParticipant, FilingStage, Form, SpeechKind
from sessions_app.visits.models import ScoreStage, VisitScore

RULES = (
    "sessions_per_month", "sessions_per_quarter", "minutes_due_working_days", "plan_due_day",
    "prompt_receipt_working_days", "days_per_year", "speeches_per_member_year", "reports_per_year",
    "speech_quota_per_session",
)  # fmt: skip
# What is a discussion: 研讨交流学 in any form; group study and reading classes, but not where the way is a visit.
# A lecture and a lesson on site are study, and no discussion.
DISCUSSING = (Form.GROUP_STUDY, Form.READING_CLASS)
VISITING = (StudyMode.ON_SITE, StudyMode.FIELD)
NEW_COMMITTEE = timedelta(days=30)  # how long a committee founded within the year has for its plan, as in reminders
REPORTS = [OutcomeKind.ARTICLE, OutcomeKind.RESEARCH_REPORT]
HANDED_IN = [MinutesStage.SUBMITTED, MinutesStage.APPROVED]


def until(year: int, as_of: date) -> Span:
    """1 January to the cut-off day, or to the end of the year where that comes first."""
    return Span(date(year, 1, 1), min(as_of, date(year, 12, 31)), year)


def end_of(day: date) -> datetime:
    """24:00 of the day: what is stamped at or after it has not happened yet."""
    return datetime.combine(day + timedelta(days=1), time(), SHANGHAI)


def is_discussion(form: str, mode: str) -> bool:
    return mode == StudyMode.DISCUSSION or (form in DISCUSSING and mode not in VISITING)


class Terms:
    """Working days and dated local rules of a period. Two queries, then none; every reckoning is made once."""

    def __init__(self, period: Span) -> None:
        self.period = period
        self.rules = Dated(RULES, min(period.first, period.last), max(period.first, period.last))
        days = calendar.load(period.first, date(period.year + 1, 12, 31))
        self._after = cache(days.add)

    def after(self, day: date, path: str, key: str) -> date:
        """The day that many working days after `day`, by the rule of `day`."""
        return self._after(day, self.rules.at(path, key, day))

    def least(self, path: str, key: str, first: date) -> int:
        """Sessions asked for in a month or quarter, by the rule of its first day; 1 where no rule asks for any."""
        return max(1, self.rules.at(path, key, first))

    def asked(self, path: str, key: str) -> int:
        """What a rule of the whole year asks for, by its value on the first day; 0 asks for nothing."""
        return int(self.rules.at(path, key, self.period.first))

    def plan_due(self, path: str, since: date) -> date:
        """By the rule that holds on the day the year's first rule names; a committee founded later has thirty days."""
        opening = day_in_year(self.rules.at(path, "plan_due_day", self.period.first), self.period.year)
        due = day_in_year(self.rules.at(path, "plan_due_day", opening), self.period.year)
        return max(due, since + NEW_COMMITTEE) if since > self.period.first else due


def starts(year: int, months: int) -> list[tuple[date, date]]:
    """First and last day of every part of `months` months of a year."""
    firsts = [date(year, month, 1) for month in range(1, 13, months)]
    ends = [*firsts[1:], date(year + 1, 1, 1)]
    return [(first, end - timedelta(days=1)) for first, end in zip(firsts, ends, strict=True)]


# ------------------------------------------------------------------------------------- sessions the committee holds


def hosted(scope: Scope, period: Span) -> QuerySet:
    """Committee-sessions that count and that the committee itself held: minutes, filing and archive are its own."""
    return counted.participations(scope, period).filter(is_host=True)


def archived(period: Span) -> Q:
    return Q(study_session__archived_at__lt=end_of(period.last))


class OfMinutes(StrEnum):
    """What became of a session's minutes by the cut-off. OPEN: the term is still running."""

    ON_TIME = "minutes_on_time"
    LATE = "minutes_late"
    MISSING = "minutes_missing"
    OPEN = ""


def judged_minutes(scope: Scope, period: Span, terms: Terms) -> Iterator[tuple[int, int, OfMinutes]]:
    """(participation id, committee id, what became of them) of every session held. One query."""
    columns = (
        "pk", "committee_id", "committee__path", "day", "study_session__minutes__stage",
        "study_session__minutes__submitted_at",
    )  # fmt: skip
    end = end_of(period.last)
    due_after = _due_after(terms)
    for pk, committee_id, path, day, stage, submitted_at in hosted(scope, period).values_list(*columns).iterator():
        due_on = due_after(path, day)
        if stage in HANDED_IN and submitted_at is not None and submitted_at < end:
            on_time = submitted_at.astimezone(SHANGHAI).date() <= due_on
            yield pk, committee_id, OfMinutes.ON_TIME if on_time else OfMinutes.LATE
        else:
            yield pk, committee_id, OfMinutes.MISSING if due_on < period.last else OfMinutes.OPEN


def _due_after(terms: Terms) -> Callable[[str, date], date]:
    """Half a million sessions share a few thousand paths and days."""

    @cache
    def due(path: str, day: date) -> date:
        return terms.after(day, path, "minutes_due_working_days")

    return due


def filings_missing(scope: Scope, period: Span) -> QuerySet:
    """外请报告人 at sessions the committee held, without a filing of their name that was approved."""
    filed = Q(
        study_session__filings__speaker=F("name"), study_session__filings__stage=FilingStage.APPROVED
    )  # fmt: skip
    rows = ExtraParticipant.objects.filter(
        scope.where("study_session__committee"), is_outside_speaker=True, study_session__stage__in=TOOK_PLACE,
        study_session__form__in=COUNTED_FORMS, study_session__day__range=(period.first, period.last),
    )  # fmt: skip
    return rows.annotate(filed=Count("study_session__filings", filter=filed)).filter(filed=0).order_by()


# ------------------------------------------------------------------------------------------------ what members do


def keynotes(scope: Scope, period: Span) -> QuerySet:
    return counted.speeches(scope, period).filter(kind=SpeechKind.KEYNOTE)


def members_speeches(scope: Scope, period: Span) -> QuerySet:
    """Speeches of those who were members of the committee on any day of the period, a guest's left out."""
    mine = counted.memberships(scope, period).filter(
        committee_id=OuterRef("participation__committee_id"), person_id=OuterRef("speaker_id")
    )
    return counted.speeches(scope, period).filter(Exists(mine))


def reports(scope: Scope, period: Span) -> QuerySet:
    """调研报告 and 理论文章; who wrote them is told by their names, as in table 4."""
    return counted.outcomes(scope, period).filter(kind__in=REPORTS)


def make_ups_due(scope: Scope, period: Span) -> QuerySet:
    """Of sessions that count, not void, the term over by the cut-off. The term was set by the rule of its own day."""
    rows = MakeUpStudy.objects.exclude(stage=MakeUpStage.VOID).filter(due_on__lte=period.last)
    return counted.at_participations(rows, scope, period)


def not_made_up(period: Span) -> Q:
    """Not handed in by the cut-off, and the term was over before it."""
    open_yet = Q(stage__in=[MakeUpStage.DUE, MakeUpStage.RETURNED]) | Q(done_on__gt=period.last)
    return open_yet & Q(due_on__lt=period.last)


# ---------------------------------------------------------------------------------------- outcomes, findings, visits


def proposals(scope: Scope, period: Span) -> QuerySet:
    return counted.outcomes(scope, period).filter(kind=OutcomeKind.PROPOSAL)


def proposals_converted(scope: Scope, period: Span) -> QuerySet:
    """Of the period's own proposals those from which a policy paper was made by the cut-off."""
    made = Outcome.objects.filter(
        derived_from_id=OuterRef("pk"), kind=OutcomeKind.POLICY, is_withdrawn=False, day__lte=period.last
    )  # fmt: skip
    return proposals(scope, period).filter(Exists(made))


FINDING_OPEN = Q(stage__in=UNDER_WAY)
FINDING_REOPENED = Q(reopened_count__gt=0)


def visit_scores(scope: Scope, period: Span) -> QuerySet:
    """Sheets handed in for the visits that count."""
    rows = VisitScore.objects.filter(visit__in=counted.visits(scope, period).values("pk"), stage=ScoreStage.SUBMITTED)
    return rows.order_by()


# ---------------------------------------------------------------------------------------------------- study prompts


@dataclass(frozen=True)
class Place:
    """What is asked of a committee besides its id."""

    pk: int
    path: str
    since: date
    until: date | None


def unreceipted(places: list[Place], period: Span, terms: Terms) -> dict[int, list[Any]]:
    """{committee id: prompts published to it in the period, the term over, not received by the cut-off}. Two queries."""
    end = end_of(period.last)
    first = datetime.combine(period.first, time(), SHANGHAI)
    rows = StudyPrompt.objects.exclude(stage=PromptStage.DRAFT).filter(published_at__gte=first, published_at__lt=end)
    below: dict[int, list[Any]] = {}
    for prompt in rows.order_by("published_at", "pk"):
        below.setdefault(prompt.committee_id, []).append(prompt)
    receipts = PromptReceipt.objects.filter(prompt__in=rows.order_by().values("pk"), received_at__lt=end).order_by()
    if len(places) <= 1000:  # of a few the receipts are named, of a province all are read
        receipts = receipts.filter(committee_id__in=[place.pk for place in places])
    received = set(receipts.values_list("prompt_id", "committee_id")) if below else set()
    found: dict[int, list[Any]] = {}
    for place in places if below else ():
        for prompt in (one for pk in ancestors(place.path) if pk in below for one in below[pk]):
            told_on = max(prompt.published_at.astimezone(SHANGHAI).date(), place.since)
            due_on = terms.after(told_on, place.path, "prompt_receipt_working_days")
            gone = place.until is not None and place.until < due_on
            if due_on < period.last and not gone and (prompt.pk, place.pk) not in received:
                found.setdefault(place.pk, []).append(prompt)
    return found
