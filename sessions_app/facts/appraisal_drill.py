"""The list behind every further measure of an assessment, beside those of `drill`: the same rows that are counted."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from roster.committees.models import Committee
from sessions_app.facts import appraisal_rows as rows_of
from sessions_app.facts import counted, drill
from sessions_app.facts.appraisal import MEASURES
from sessions_app.facts.appraisal_rows import OfMinutes, Place, Terms
from sessions_app.facts.drill import Line, Listing, Narrow, by_committee
from sessions_app.facts.periods import Span
from sessions_app.facts.scope import Scope
from sessions_app.guidance.models import StudyPrompt
from sessions_app.sessions.models import Participation

Maker = Callable[[Scope, Span, Narrow], drill.Made]


EVERYTHING = Narrow()


def listing(key: str, scope: Scope, period: Span, narrow: Narrow = EVERYTHING) -> Listing:
    """The list of a key of `figures` or of `FURTHER`; KeyError for one that is none."""
    if key in drill.MAKERS:
        return drill.listing(key, scope, period, narrow)
    make, label, unit = FURTHER[key]
    rows, line, total, weighted, orders = make(scope, period, narrow)
    hint = MEASURES[key].meaning if key in MEASURES else ""
    return Listing(key, label, unit, rows, line, total or rows.count, weighted, orders, hint)


AT_SESSION = by_committee("committee__", "day", "pk")


def _held(rows: QuerySet) -> drill.Made:
    return rows.select_related("committee", "study_session__minutes"), _session_line, None, False, AT_SESSION


def _session_line(row: Any) -> Line:
    meeting = row.study_session
    minutes = getattr(meeting, "minutes", None)
    words = [meeting.get_stage_display()]
    words += [f"学习记录{minutes.get_stage_display()}" if minutes else "没有学习记录"]
    if minutes and minutes.submitted_at:
        words += [f"{minutes.submitted_at.astimezone(rows_of.SHANGHAI):%Y-%m-%d} 提交"]
    return Line(str(row.committee), row.day, meeting.topic, meeting.get_absolute_url(), " · ".join(words))


def _minutes(became: OfMinutes) -> Maker:
    def make(scope: Scope, period: Span, narrow: Narrow) -> drill.Made:
        judged = rows_of.judged_minutes(scope, period, Terms(period))
        return _held(Participation.objects.filter(pk__in=[pk for pk, _, what in judged if what is became]))

    return make


def _archived(scope: Scope, period: Span, narrow: Narrow) -> drill.Made:
    return _held(rows_of.hosted(scope, period).filter(rows_of.archived(period)))


def _unarchived(scope: Scope, period: Span, narrow: Narrow) -> drill.Made:
    done = rows_of.hosted(scope, period).filter(rows_of.archived(period))
    return _held(rows_of.hosted(scope, period).exclude(pk__in=done.values("pk")))


def _keynotes(scope: Scope, period: Span, narrow: Narrow) -> drill.Made:
    rows = rows_of.keynotes(scope, period)
    found = rows.select_related("speaker", "participation__committee", "participation__study_session")
    orders = by_committee("participation__committee__", "participation__day", "pk")
    return found, drill.speech_line, None, False, orders


def _outcomes(rows: Callable[[Scope, Span], QuerySet]) -> Maker:
    def make(scope: Scope, period: Span, narrow: Narrow) -> drill.Made:
        found = rows(scope, period).select_related("committee", "derived_from")
        return found, drill.outcome_line, None, False, by_committee("committee__", "day", "pk")

    return make


def _make_ups(late: bool) -> Maker:
    def make(scope: Scope, period: Span, narrow: Narrow) -> drill.Made:
        rows = rows_of.make_ups_due(scope, period)
        rows = rows.filter(rows_of.not_made_up(period)) if late else rows
        found = rows.select_related("person", "participation__committee", "participation__study_session")
        return found, _make_up_line, None, False, by_committee("participation__committee__", "due_on", "pk")

    return make


def _make_up_line(row: Any) -> Line:
    meeting = row.participation.study_session
    words = f"{row.get_stage_display()} · 期限 {row.due_on}" + (f" · {row.done_on} 补学" if row.done_on else "")
    title = f"{row.person}补学：{meeting.topic}"
    return Line(str(row.participation.committee), row.due_on, title, meeting.get_absolute_url(), words)


def _findings(condition: Any) -> Maker:
    def make(scope: Scope, period: Span, narrow: Narrow) -> drill.Made:
        rows = drill.with_openness(counted.findings(scope, period).filter(condition), narrow.viewer)
        found = rows.select_related("committee", "department", "type")
        return found, drill.finding_line, None, False, by_committee("committee__", "found_on", "pk")

    return make


def _filings(scope: Scope, period: Span, narrow: Narrow) -> drill.Made:
    found = rows_of.filings_missing(scope, period).select_related("study_session__committee")
    orders = by_committee("study_session__committee__", "study_session__day", "pk")
    return found, _filing_line, found.count, False, orders


def _filing_line(row: Any) -> Line:
    meeting = row.study_session
    url = meeting.get_absolute_url()
    return Line(str(meeting.committee), meeting.day, f"{row.name}：{meeting.topic}", url, row.post)


def _prompts(scope: Scope, period: Span, narrow: Narrow) -> drill.Made:
    """A prompt stands once; the number is of committees that did not receive it."""
    places = [
        Place(*row) for row in Committee.objects.filter(scope.where("")).values_list("pk", "path", "since", "until")
    ]
    found = rows_of.unreceipted(places, period, Terms(period))
    number = sum(len(prompts) for prompts in found.values())
    rows = StudyPrompt.objects.filter(pk__in={one.pk for prompts in found.values() for one in prompts})
    orders = {"day": ("published_at", "pk"), "-day": ("-published_at", "-pk")}
    return rows.select_related("committee"), _prompt_line, lambda: number, False, orders


def _prompt_line(row: Any) -> Line:
    day = row.published_at.astimezone(rows_of.SHANGHAI).date()
    return Line(str(row.committee), day, row.title, reverse("prompt", args=[row.pk]), f"{row.committee}发布")


def _named(key: str, make: Maker) -> tuple[Maker, str, str]:
    return make, MEASURES[key].label, MEASURES[key].unit


FURTHER: dict[str, tuple[Maker, str, str]] = {
    **{became.value: _named(became.value, _minutes(became)) for became in OfMinutes if became.value},
    "archived_sessions": _named("archived_sessions", _archived),
    "unarchived_sessions": _named("unarchived_sessions", _unarchived),
    "keynote_speeches": _named("keynote_speeches", _keynotes),
    "proposals": _named("proposals", _outcomes(rows_of.proposals)),
    "reports": (_outcomes(rows_of.reports), "调研报告和理论文章", "篇"),
    "make_ups_due": _named("make_ups_due", _make_ups(late=False)),
    "make_ups_overdue": _named("make_ups_overdue", _make_ups(late=True)),
    "findings_open": _named("findings_open", _findings(rows_of.FINDING_OPEN)),
    "findings_reopened": _named("findings_reopened", _findings(rows_of.FINDING_REOPENED)),
    "filings_missing": _named("filings_missing", _filings),
    "prompts_unreceipted": _named("prompts_unreceipted", _prompts),
}  # fmt: skip
