"""What a bulletin is written from: a quarter or a year of a department's subtree, read in one moment, as plain JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from roster.audit.actions import SHANGHAI
from roster.committees.models import Committee
from sessions_app.attendance.models import Attendance
from sessions_app.bulletins import rules
from sessions_app.bulletins.models import Bulletin, BulletinStage
from sessions_app.corrections.models import Correction, CorrectionKind, CorrectionStage
from sessions_app.facts import counted, figures, tables
from sessions_app.facts.periods import Span, before, same_days, span
from sessions_app.facts.scope import subtree
from sessions_app.findings.models import UNDER_WAY, Finding, FindingStage
from sessions_app.papers.handlers import snapshot
from sessions_app.sessions.models import Participation, StudySession

Facts = dict[str, Any]
one_moment = snapshot
EACH_AT_MOST = 500  # of more committees, a table names the department's own and those right below it
LISTED_AT_MOST = 300
PRACTICES_A_MODE = 12
STATUS_WORDS = {status.value: str(status.label) for status in Attendance} | {"": "未记"}


def period_of(year: int, quarter: int) -> Span:
    return span(year, quarter or None)


def facts(bulletin: Bulletin, *, at: datetime) -> Facts:
    """About sixty queries, however many committees, sessions and corrections there are."""
    top, period = bulletin.committee, period_of(bulletin.year, bulletin.quarter)
    scope, today = subtree(top.path), at.astimezone(SHANGHAI).date()
    past = same_days(before(period), period, today)
    found = figures.for_scope(top.path, period, today=today)
    units, whole = _units(top, period)
    months = tables.months(scope, period)
    corrected, known_today = _corrections(bulletin, today)
    listed, more = _findings(top, period, today)
    return {
        "label": rules.period_words(bulletin.year, bulletin.quarter),
        "period": {
            "year": bulletin.year, "quarter": bulletin.quarter, "first": period.first.isoformat(),
            "last": period.last.isoformat(),
        },
        "as_of": at.astimezone(SHANGHAI).isoformat(),
        "committee": {"code": top.code, "name": top.name_on(min(period.last, today))},
        "figures": _plain(found),
        "previous": {
            "label": rules.period_words(past.year, past.quarter or 0) + rules.until_words(past.last, cut=past.is_cut),
            "first": past.first.isoformat(), "last": past.last.isoformat(), "cut": past.is_cut,
            "figures": _plain(figures.for_scope(top.path, past, today=today)),
        },
        "each": "all" if whole else "direct",
        "committees": _committees(units, period, today),
        "months": [
            {"month": row.month, "sessions": row.sessions, "committee_sessions": row.committee_sessions} for row in months
        ],
        "modes": [{"label": label, "number": number} for label, number in found.sessions_by_mode.items()],
        "categories": tables.as_plain(tables.categories(scope, period)),
        "idle": _idle(units, period, today),
        "practices": _practices(top, period),
        "findings": listed, "findings_more": more,
        "corrections": corrected, "known_today": known_today,
        "receivers": Committee.objects.under(top).active_on(today).exclude(pk=top.pk).count(),
    }  # fmt: skip


def _plain(found: figures.Figures) -> Facts:
    """The keys of `facts --json`, and the rates and sums made of them."""
    derived = {
        "outcomes": found.outcomes, "closing_rate": found.closing_rate, "completion_rate": found.completion_rate,
    }  # fmt: skip
    return found.as_json() | {key: tables.as_plain(value) for key, value in derived.items()}


# ------------------------------------------------------------------------------------------------ each committee
def _units(top: Committee, period: Span) -> tuple[QuerySet, bool]:
    rows = Committee.objects.under(top).active_in(period.first, period.last)
    whole = rows.count() <= EACH_AT_MOST
    return (rows if whole else rows.filter(Q(parent=top) | Q(pk=top.pk))).in_order(), whole


def _committees(units: QuerySet, period: Span, today: date) -> list[Facts]:
    day = max(period.first, min(period.last, today))
    rows = list(units.prefetch_related("names"))
    each = figures.for_each(units, period, today=today)
    return [
        {
            "code": row.code, "name": row.name_on(day), "short": row.short_name, "level": row.get_level_display(),
            "figures": _plain(each[row.pk]),
        }
        for row in rows
    ]  # fmt: skip


def _idle(units: QuerySet, period: Span, today: date) -> list[Facts]:
    """Committees with two quarters or more that are over and had no session: of the year, or this one and the last."""
    if period.quarter:
        spans = [before(period), period]
    else:
        spans = [span(period.year, quarter) for quarter in (1, 2, 3, 4)]
    spans = [one for one in spans if one.last < today]
    named = {row.pk: row for row in units.prefetch_related("names")}
    standing = [set(units.filter(since__lte=one.first).values_list("pk", flat=True)) for one in spans]
    held = [
        set(Participation.objects.counted().filter(committee__in=units.order_by().values("pk"), day__range=(one.first, one.last))
            .order_by().values_list("committee_id", flat=True).distinct())
        for one in spans
    ]  # fmt: skip
    found = []
    for pk, row in named.items():
        without = [
            one.label for one, there, met in zip(spans, standing, held, strict=True) if pk in there and pk not in met
        ]
        if len(without) > 1:
            found.append({"code": row.code, "name": row.name_on(min(period.last, today)), "quarters": without})
    return found[:LISTED_AT_MOST]


# --------------------------------------------------------------------------------------------- good practice
def held_pairs(top: Committee, year: int, quarter: int, sessions: Collection[int]) -> set[tuple[int, int]]:
    """(session, committee) of committee-sessions of the period that count, of these sessions. One query."""
    rows = counted.participations(subtree(top.path), period_of(year, quarter)).filter(study_session__in=sessions)
    return set(rows.values_list("study_session_id", "committee_id"))


def _practices(top: Committee, period: Span) -> list[Facts]:
    """Candidates for the cards: of each of the six kinds the sessions that brought most outcomes. Two queries."""
    taking = counted.participations(subtree(top.path), period).filter(study_session=OuterRef("pk"), is_host=True)
    rows = StudySession.objects.filter(Exists(taking)).select_related("committee").prefetch_related("committee__names")
    rows = rows.annotate(made=Count("outcomes", filter=Q(outcomes__is_withdrawn=False))).filter(made__gt=0)
    seen: Counter[str] = Counter()
    found = []
    for row in rows.order_by("-made", "-day", "pk")[: LISTED_AT_MOST * 2]:
        seen[row.mode] += 1
        if seen[row.mode] <= PRACTICES_A_MODE:
            found.append({
                "session": row.pk, "committee": row.committee_id, "code": row.committee.code,
                "name": row.committee.name_on(row.day), "day": row.day.isoformat(), "topic": row.topic, "mode": row.mode,
                "label": row.get_mode_display(), "outcomes": row.made,
            })  # fmt: skip
    return found


# ------------------------------------------------------------------------------------------------ open findings
def _findings(top: Committee, period: Span, today: date) -> tuple[list[Facts], int]:
    """What the department itself confirmed and has not closed; of departments below only figures are known here."""
    rows = Finding.objects.filter(
        department=top, stage__in=[*UNDER_WAY, FindingStage.LONG_TERM], found_on__lte=period.last
    ).select_related("committee", "type").order_by("committee__level_order", "committee__sort_order", "committee__code", "pk")  # fmt: skip
    total = rows.count()
    found = [
        {
            "number": row.number, "committee": str(row.committee), "kind": row.type.name, "found_on": row.found_on.isoformat(),
            "due_on": row.due_on.isoformat() if row.due_on else "", "stage": row.get_stage_display(),
            "late": row.stage in UNDER_WAY and row.due_on is not None and row.due_on < today,
        }
        for row in rows[:LISTED_AT_MOST]
    ]  # fmt: skip
    return found, total - len(found)


# -------------------------------------------------------------------------------------------------- corrections
def _corrections(bulletin: Bulletin, today: date) -> tuple[list[Facts], list[int]]:
    """Corrections that took effect after an issued bulletin was frozen and touch its period, each listed once an issue.

    A correction keeps only the day on which it took effect. So a snapshot remembers those of its own day (the second
    answer): on that day, the ones it knew are in its figures, the others came after. Six queries, of all issues alike.
    """
    issued = list(
        Bulletin.objects.filter(committee=bulletin.committee_id, stage=BulletinStage.ISSUED).exclude(pk=bulletin.pk)
        .order_by("year", "issue").values_list("pk", "year", "quarter", "issue", "as_of", "facts__known_today")
    )  # fmt: skip
    told: set[tuple[int, int]] = set()
    for rows in Bulletin.objects.filter(committee=bulletin.committee_id, stage=BulletinStage.ISSUED).exclude(
        pk=bulletin.pk
    ).values_list("facts__corrections", flat=True):  # fmt: skip
        told |= {(row["correction"], pk) for row in rows or () for pk in row["bulletins"]}
    here = Correction.objects.filter(
        committee__path__startswith=bulletin.committee.path, stage=CorrectionStage.AGREED
    ).order_by()  # fmt: skip
    known_today = sorted(here.filter(applied_on=today).values_list("pk", flat=True))
    concerned: dict[int, list[int]] = {}
    issues = {pk: rules.issue_words(year, issue) for pk, year, _, issue, _, _ in issued}
    oldest = min((as_of for *_, as_of, _ in issued), default=None)
    late = here.filter(applied_on__range=(oldest.astimezone(SHANGHAI).date(), today)) if oldest else here.none()
    late_rows = list(late.values_list("pk", "applied_on", "day"))
    for pk, year, quarter, _, as_of, knew in issued:
        period, frozen_on, had = period_of(year, quarter), as_of.astimezone(SHANGHAI).date(), set(knew or ())
        for correction, applied_on, day in late_rows:
            after = applied_on > frozen_on or applied_on == frozen_on and correction not in had
            if after and period.first <= day <= period.last and (correction, pk) not in told:
                concerned.setdefault(correction, []).append(pk)
    rows = Correction.objects.filter(pk__in=concerned).select_related("committee", "study_session")
    numbers = {
        (session, committee): number
        for session, committee, number in Participation.objects.filter(
            Exists(Correction.objects.filter(pk__in=concerned, study_session=OuterRef("study_session"), committee=OuterRef("committee")))
        ).values_list("study_session_id", "committee_id", "number")
    }  # fmt: skip
    listed = [
        {
            "correction": row.pk, "bulletins": concerned[row.pk], "issues": [issues[pk] for pk in concerned[row.pk]],
            "code": row.committee.code, "committee": str(row.committee), "day": row.day.isoformat(),
            "session": f"第{numbers.get((row.study_session_id, row.committee_id), 0)}次集体学习" if row.study_session_id
            else row.get_kind_display(),
            "number": row.number, "applied_on": row.applied_on.isoformat(), "what": what_changed(row.kind, row.before, row.after),
        }
        for row in rows.order_by("applied_on", "committee__level_order", "committee__sort_order", "committee__code", "pk")
    ]  # fmt: skip
    return listed, known_today


def what_changed(kind: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """考勤：出席改请假1人次. Without names: a bulletin is read by everybody below."""
    if kind != CorrectionKind.ATTENDANCE:
        return "学习记录文字" if kind == CorrectionKind.MINUTES else str(CorrectionKind(kind).label)
    old = {(mark["part"], mark["person"]): mark["status"] for mark in was.get("marks", ())}
    pairs = Counter((old.get((mark["part"], mark["person"]), ""), mark["status"]) for mark in now.get("marks", ()))
    said = [
        f"{STATUS_WORDS[a]}改{STATUS_WORDS[b]}{count}人次" if a != b else f"{STATUS_WORDS[a]}情形{count}人次"
        for (a, b), count in sorted(pairs.items())
    ]
    return "考勤：" + "，".join(said)
