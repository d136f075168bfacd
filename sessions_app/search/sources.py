"""What is searched: of each kind its text, its scope (the model's own `open_to`), its day, and how a hit is shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.html import strip_tags

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.audit.actions import SHANGHAI
from roster.committees.models import Committee
from sessions_app.bulletins.models import Bulletin
from sessions_app.findings.models import Finding
from sessions_app.minutes.models import Minutes, MinutesSection
from sessions_app.outcomes.models import Outcome
from sessions_app.papers.models import IssuedPaper
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.sessions.models import Speech, StudySession

P = Permission
Rows = QuerySet[Any]


@dataclass(frozen=True)
class Shown:
    """A hit in words. `title` is what the link says; `text` is looked through for the snippet."""

    title: str
    text: str
    committee: Committee
    when: date | str
    url: str
    note: str = ""


@dataclass(frozen=True)
class Source:
    """`words`: the SQL of the searched text, with `{t}` for the row; the same as in the migration, or no index serves.

    `order` leads to the day by which the newest comes first; `year` filters by year.
    """

    key: str
    label: str
    permission: Permission
    rows: Callable[[User], Rows]
    words: str
    order: str
    year: str
    show: Callable[[Any], Shown]
    related: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = field(default=())


def _session(row: StudySession) -> Shown:
    return Shown(row.topic, "", row.committee, row.day, row.get_absolute_url(), str(row.get_stage_display()))


def _plan_item(row: PlanItem) -> Shown:
    text = "　".join(part for part in (row.materials, row.research_topic, row.expected_outcome) if part)
    note = f"第{row.quarter}季度"
    return Shown(row.topic, text, row.plan.committee, f"{row.plan.year}年度", reverse("plan", args=[row.plan_id]), note)


def _minutes(row: Minutes) -> Shown:
    session = row.study_session
    text = f"{row.discussion}　{row.summary}"
    return Shown(session.topic, text, session.committee, session.day, reverse("minutes", args=[session.pk]),
                 str(row.get_stage_display()))  # fmt: skip


def _section(row: MinutesSection) -> Shown:
    session = row.minutes.study_session
    about = row.agenda_item.content if row.agenda_item else f"{row.speech.speaker.name}《{row.speech.title}》"
    return Shown(about, row.text, session.committee, session.day, reverse("minutes", args=[session.pk]), session.topic)


def _speech(row: Speech) -> Shown:
    text = "　".join(part for part in (row.text, row.link_to_work, row.proposal) if part)
    part = row.participation
    return Shown(row.title, text, part.committee, part.day, reverse("speech", args=[row.pk]), row.speaker.name)


def _outcome(row: Outcome) -> Shown:
    text = "　".join(part for part in (row.authors, row.document_number, row.adoption) if part)
    return Shown(row.title, text, row.committee, row.day, row.get_absolute_url(), str(row.get_kind_display()))


def _finding(row: Finding) -> Shown:
    return Shown(row.number, f"{row.text}　{row.basis}", row.committee, row.found_on, row.get_absolute_url(),
                 str(row.get_stage_display()))  # fmt: skip


def _paper(row: IssuedPaper) -> Shown:
    day = row.issued_at.astimezone(SHANGHAI).date()
    return Shown(row.title, "", row.committee, day, reverse("paper", args=[row.pk]), f"第{row.number}次印发")


def _bulletin(row: Bulletin) -> Shown:
    return Shown(row.title or str(row), strip_tags(row.body), row.committee, f"{row.year}年第{row.issue}期",
                 row.get_absolute_url(), str(row.get_stage_display()))  # fmt: skip


def _of_minutes(user: User) -> Rows:
    return MinutesSection.objects.filter(minutes__in=Minutes.objects.open_to(user, P.MINUTES_READ))


SOURCES: tuple[Source, ...] = (
    Source(
        "session", "学习场次", P.SESSION_READ, lambda user: StudySession.objects.open_to(user, P.SESSION_READ),
        "{t}.topic", "day", "day__year", _session, ("committee",),
    ),
    Source(
        "plan", "计划条目", P.PLAN_READ,
        lambda user: PlanItem.objects.open_to(user, P.PLAN_READ).filter(plan__in=StudyPlan.objects.in_force()),
        "{t}.topic || ' ' || {t}.materials || ' ' || {t}.research_topic || ' ' || {t}.expected_outcome",
        "plan__year", "plan__year", _plan_item, ("plan__committee",),
    ),
    Source(
        "minutes", "研讨摘要和总结", P.MINUTES_READ, lambda user: Minutes.objects.open_to(user, P.MINUTES_READ),
        "{t}.discussion || ' ' || {t}.summary", "study_session__day", "study_session__day__year", _minutes,
        ("study_session__committee",),
    ),
    Source(
        "section", "学习记录", P.MINUTES_READ, _of_minutes, "{t}.text", "minutes__study_session__day",
        "minutes__study_session__day__year", _section,
        ("minutes__study_session__committee", "agenda_item", "speech__speaker"),
    ),
    Source(
        "speech", "发言", P.SESSION_READ, lambda user: Speech.objects.open_to(user, P.SESSION_READ),
        "{t}.title || ' ' || {t}.text || ' ' || {t}.link_to_work || ' ' || {t}.proposal", "participation__day",
        "participation__day__year", _speech, ("participation__committee", "speaker"),
    ),
    Source(
        "outcome", "成果", P.OUTCOME_READ,
        lambda user: Outcome.objects.open_to(user, P.OUTCOME_READ).filter(is_withdrawn=False),
        "{t}.title || ' ' || {t}.authors || ' ' || {t}.document_number || ' ' || {t}.adoption", "day", "day__year",
        _outcome, ("committee",),
    ),
    Source(
        "finding", "问题整改", P.FINDING_READ, lambda user: Finding.objects.open_to(user, P.FINDING_READ),
        "{t}.text || ' ' || {t}.basis", "found_on", "year", _finding, ("committee",),
    ),
    Source(
        "bulletin", "学情通报", P.BULLETIN_READ, lambda user: Bulletin.objects.open_to(user, P.BULLETIN_READ),
        "{t}.title || ' ' || regexp_replace({t}.body, '<[^>]*>', '', 'g')", "year", "year", _bulletin, ("committee",),
        ("facts",),
    ),
    Source(
        "paper", "文书", P.PAPER_READ, lambda user: IssuedPaper.objects.open_to(user, P.PAPER_READ), "{t}.title",
        "issued_at", "year", _paper, ("committee",), ("facts",),
    ),
)  # fmt: skip
BY_KEY = {source.key: source for source in SOURCES}
