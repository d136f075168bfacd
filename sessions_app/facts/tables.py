"""The tables of the annual report (domain 3.11), as plain rows for pages and papers. Constant queries each."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from django.db.models import Count, Exists, Max, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import ExtractMonth, ExtractQuarter, ExtractYear

from roster.committees.models import CommitteeLevel
from roster.people.models import GroupRole, Membership
from sessions_app.attendance.models import AWAY, Attendance, AttendanceMark, MakeUpStage, MakeUpStudy
from sessions_app.facts import counted
from sessions_app.facts.figures import MARKS, Figures, attendance_sums, for_each
from sessions_app.facts.periods import Span, same_days, span
from sessions_app.facts.rules import Number, known_rate, plain, tenth
from sessions_app.facts.scope import Scope, only
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.plans.models import ContentCategory
from sessions_app.sessions.models import Participation, ParticipationState, SessionStage, Speech

TEXTS = [OutcomeKind.ESSAY, OutcomeKind.ARTICLE, OutcomeKind.RESEARCH_REPORT]
BETWEEN_NAMES = re.compile(r"[、，,；;/]+")


@dataclass(frozen=True)
class Attended:
    """应到 = 出席 + 请假 + 缺席 + 未记; 补学 apart. In members, a part of a session weighs its share."""

    expected: Number = 0
    present: Number = 0
    on_leave: Number = 0
    absent: Number = 0
    unmarked: Number = 0
    made_up: Number = 0
    presence_rate: Decimal | None = None
    participation_rate: Decimal | None = None

    @classmethod
    def of(cls, weighed: Mapping[str, Fraction]) -> "Attended":
        """From exact sums by key; a missing key is 0."""
        exact = {key: Fraction(weighed.get(key, 0)) for key in MARKS}
        return cls(
            **{key: plain(value) for key, value in exact.items()},
            presence_rate=known_rate(exact["present"], exact["expected"], exact["unmarked"]),
            participation_rate=known_rate(exact["present"] + exact["made_up"], exact["expected"], exact["unmarked"]),
        )


# ------------------------------------------------------------------------------------------- table 1: sessions


@dataclass(frozen=True)
class SessionRow:
    """One committee-session. `host` names the host of a joint session, "" where it is the committee itself."""

    participation_id: int
    session_id: int
    number: int
    day: date
    last_day: date
    days: Number
    topic: str
    form: str
    mode: str
    category: int | None
    place: str
    chair: str
    host: str
    attended: Attended
    video: Number
    speakers: tuple[str, ...]
    late_days: int
    is_joint: bool
    is_expanded: bool


@dataclass(frozen=True)
class CancelledRow:
    """A number that was given and is not used: 第3次取消. Counts nowhere."""

    session_id: int
    number: int
    day: date
    topic: str
    reason: str


def sessions(committee_id: int, period: Span) -> list[SessionRow]:
    """Table 1, in the order of the numbers. Three queries."""
    spoken = Speech.objects.select_related("speaker").order_by("order", "id")
    rows = (
        counted.participations(only(committee_id), period)
        .select_related("study_session__chair", "study_session__committee")
        .prefetch_related(Prefetch("speeches", queryset=spoken))
        .annotate(last_day=Max("study_session__parts__day"))
        .order_by("year", "number", "day", "id")
    )
    return [_session_row(row) for row in rows]


def _session_row(row: Participation) -> SessionRow:
    meeting = row.study_session
    weighed = {key: Fraction(getattr(row, column), row.part_count) for key, column in MARKS.items()}
    return SessionRow(
        participation_id=row.pk, session_id=meeting.pk, number=row.number, day=row.day,
        last_day=row.last_day or row.day, days=plain(row.days), topic=meeting.topic,  # type: ignore[attr-defined]
        form=meeting.get_form_display(), mode=meeting.get_mode_display(), category=meeting.category,
        place=meeting.place, chair=meeting.chair.name if meeting.chair else "",
        host="" if meeting.committee_id == row.committee_id else str(meeting.committee),
        attended=Attended.of(weighed), video=plain(Fraction(row.video_marks, row.part_count)),
        speakers=tuple(dict.fromkeys(speech.speaker.name for speech in row.speeches.all())),
        late_days=meeting.late_days, is_joint=meeting.is_joint, is_expanded=meeting.is_expanded,
    )  # fmt: skip


def cancelled(committee_id: int, period: Span) -> list[CancelledRow]:
    """Cancelled sessions of the period, which keep their numbers. One query."""
    rows = Participation.objects.filter(
        committee_id=committee_id, day__range=(period.first, period.last), number__gt=0,
        state=ParticipationState.ACCEPTED, study_session__stage=SessionStage.CANCELLED,
    ).select_related("study_session").order_by("year", "number")  # fmt: skip
    found = []
    for row in rows:
        meeting = row.study_session
        found.append(CancelledRow(meeting.pk, row.number, row.day, meeting.topic, meeting.cancel_reason))
    return found


# ------------------------------------------------------------------------------- tables 2 and 3: quarters, content


@dataclass(frozen=True)
class QuarterRow:
    """`sessions` are distinct meetings, `committee_sessions` one a committee; equal for one committee."""

    quarter: int
    sessions: int
    committee_sessions: int
    days: Number
    attended: Attended
    planned_items: int
    completed_items: int


@dataclass(frozen=True)
class MonthRow:
    month: int
    sessions: int
    committee_sessions: int
    days: Number
    attended: Attended
    late_entries: int


@dataclass(frozen=True)
class CategoryRow:
    """One of the nine kinds of content: what was planned of it and what was held."""

    category: int
    label: str
    planned_items: int
    completed_items: int
    sessions: int
    committee_sessions: int

    @property
    def is_missing(self) -> bool:
        """Planned and not yet held."""
        return self.planned_items > 0 and self.sessions == 0


def quarters(scope: Scope, period: Span) -> list[QuarterRow]:
    """Table 2: the quarters of the period (four of a year). Four queries."""
    sums = _sums(counted.participations(scope, period).annotate(part_of_year=ExtractQuarter("day")))
    planned = _counts(counted.plan_items(scope, period), "quarter")
    completed = _counts(counted.completed_items(scope, period), "quarter")
    wanted = sorted({(month + 2) // 3 for month in period.months})
    return [
        QuarterRow(
            quarter=quarter, sessions=sums[quarter].sessions, committee_sessions=sums[quarter].rows,
            days=plain(sums[quarter].days), attended=Attended.of(sums[quarter].weighed),
            planned_items=planned.get(quarter, 0), completed_items=completed.get(quarter, 0),
        )
        for quarter in wanted
    ]  # fmt: skip


def months(scope: Scope, period: Span) -> list[MonthRow]:
    """The months of the period. Two queries."""
    sums = _sums(counted.participations(scope, period).annotate(part_of_year=ExtractMonth("day")))
    return [
        MonthRow(
            month=month, sessions=sums[month].sessions, committee_sessions=sums[month].rows,
            days=plain(sums[month].days), attended=Attended.of(sums[month].weighed), late_entries=sums[month].late,
        )
        for month in period.months
    ]  # fmt: skip


@dataclass(frozen=True)
class YearRow:
    """The same part of a year: the whole of it, a quarter, a month."""

    period: Span
    sessions: int
    committee_sessions: int
    attended: Attended
    planned_items: int
    completed_items: int
    outcomes: int


def years(scope: Scope, period: Span, *, count: int = 3, today: date | None = None) -> list[YearRow]:
    """The period and the same part of the years before it, the oldest first. Five queries a year.

    `today`: while the period runs on that day, the years before end on the same day of the year.
    """
    found = []
    for back in range(count - 1, -1, -1):
        past = span(period.year - back, period.quarter, period.month)
        if today and back:
            past = same_days(past, period, today)
        sums = _sums(counted.participations(scope, past).annotate(part_of_year=ExtractYear("day")))[past.year]
        found.append(
            YearRow(
                period=past, sessions=sums.sessions, committee_sessions=sums.rows, attended=Attended.of(sums.weighed),
                planned_items=counted.plan_items(scope, past).count(),
                completed_items=counted.completed_items(scope, past).count(), outcomes=counted.outcomes(scope, past).count(),
            )
        )  # fmt: skip
    return found


def categories(scope: Scope, period: Span) -> list[CategoryRow]:
    """Table 3: all nine, in their order, the missing ones too. Three queries."""
    planned = _counts(counted.plan_items(scope, period), "category")
    completed = _counts(counted.completed_items(scope, period), "category")
    rows = counted.participations(scope, period).values("study_session__category")
    held = {
        row["study_session__category"]: row
        for row in rows.annotate(rows=Count("pk"), sessions=Count("study_session_id", distinct=True))
    }
    return [
        CategoryRow(
            category=int(kind), label=str(kind.label), planned_items=planned.get(kind, 0),
            completed_items=completed.get(kind, 0), sessions=held.get(kind, {}).get("sessions", 0),
            committee_sessions=held.get(kind, {}).get("rows", 0),
        )
        for kind in ContentCategory
    ]  # fmt: skip


class _PartOfYear:
    def __init__(self) -> None:
        self.sessions = self.rows = self.late = 0
        self.days = Fraction(0)
        self.weighed: dict[str, Fraction] = defaultdict(Fraction)


def _sums(rows: QuerySet) -> dict[int, _PartOfYear]:
    """Rows annotated with `part_of_year`, summed by it. Two queries."""
    found: dict[int, _PartOfYear] = defaultdict(_PartOfYear)
    for row in attendance_sums(rows, "part_of_year", "part_count"):
        into = found[row["part_of_year"]]
        into.rows += row["rows"]
        into.days += Fraction(row["sum_days"])
        for key in MARKS:
            into.weighed[key] += Fraction(row[f"sum_{key}"], row["part_count"])
    meetings = Count("study_session_id", distinct=True)
    late = Count("study_session_id", distinct=True, filter=counted.LATE)
    for row in rows.values("part_of_year").annotate(meetings=meetings, late=late):
        found[row["part_of_year"]].sessions = row["meetings"]
        found[row["part_of_year"]].late = row["late"]
    return found


def _counts(rows: QuerySet, key: str) -> dict[int, int]:
    return {row[key]: row["rows"] for row in rows.values(key).annotate(rows=Count("pk"))}


# ---------------------------------------------------------------------------------------------- table 4: members


@dataclass(frozen=True)
class Term:
    """任期 within one committee: the real dates, not cut to the period. `until` None: still in office."""

    since: date
    until: date | None
    group_role: str
    post: str


@dataclass(frozen=True)
class MemberRow:
    """One person who was a member on any day of the period, with role and post of the latest of the terms."""

    person_id: int
    name: str
    group_role: str
    post: str
    terms: tuple[Term, ...]
    attended: Attended
    speeches: int
    texts: int


@dataclass(frozen=True)
class ChangeRow:
    """Somebody joined (`joined`) or left in the period; `day` is the first or the last day in office."""

    name: str
    post: str
    group_role: str
    joined: bool
    day: date
    reason: str


def members(committee_id: int, period: Span) -> list[MemberRow]:
    """Table 4, in rank order. Expected where the membership covers the part's day. Seven queries.

    `texts` are essays, articles and research reports of the committee that name the person among their authors.
    """
    scope = only(committee_id)
    terms: dict[int, list[Membership]] = defaultdict(list)
    for term in counted.memberships(scope, period).select_related("person").order_by("since", "id"):
        terms[term.person_id].append(term)
    counting = counted.participations(scope, period).select_related("study_session")
    held = {row.pk: row for row in counting.prefetch_related("study_session__parts")}

    weighed: dict[int, dict[str, Fraction]] = defaultdict(lambda: defaultdict(Fraction))
    expected_at: set[tuple[int, int, int]] = set()
    for person_id, periods in terms.items():
        for row in held.values():
            for part in row.study_session.parts.all():
                if any(term.since <= part.day and (term.until is None or part.day <= term.until) for term in periods):
                    expected_at.add((person_id, row.pk, part.pk))
                    weighed[person_id]["expected"] += Fraction(1, row.part_count)
                    weighed[person_id]["unmarked"] += Fraction(1, row.part_count)

    done = set(
        counted.at_participations(MakeUpStudy.objects.filter(stage=MakeUpStage.CONFIRMED), scope, period).values_list(
            "person_id", "participation_id"
        )
    )
    kept = counted.at_participations(AttendanceMark.objects.all(), scope, period)
    for person_id, participation_id, part_id, status in kept.values_list(
        "person_id", "participation_id", "part_id", "status"
    ):
        if (person_id, participation_id, part_id) in expected_at:
            share = Fraction(1, held[participation_id].part_count)
            weighed[person_id][STATUS_KEYS[status]] += share
            weighed[person_id]["unmarked"] -= share
            if status in AWAY and (person_id, participation_id) in done:
                weighed[person_id]["made_up"] += share

    spoken = _counts(counted.speeches(scope, period), "speaker_id")
    written = texts_by_author(counted.outcomes(scope, period).filter(kind__in=TEXTS).values_list("authors", flat=True))
    latest = sorted((periods[-1] for periods in terms.values()), key=lambda term: (term.rank, term.pk))
    return [
        MemberRow(
            person_id=term.person_id, name=term.person.name, group_role=term.get_group_role_display(), post=term.post,
            terms=tuple(_term(one) for one in terms[term.person_id]), attended=Attended.of(weighed[term.person_id]),
            speeches=spoken.get(term.person_id, 0), texts=written.get(_bare(term.person.name), 0),
        )
        for term in latest
    ]  # fmt: skip


STATUS_KEYS = {
    Attendance.PRESENT: "present", Attendance.VIDEO: "present", Attendance.ON_LEAVE: "on_leave",
    Attendance.ABSENT: "absent",
}  # fmt: skip


def _term(row: Membership) -> Term:
    return Term(row.since, row.until, row.get_group_role_display(), row.post)


def _bare(name: str) -> str:
    return "".join(name.split())


def texts_by_author(authors: Iterable[str]) -> dict[str, int]:
    """How many texts name each author; names stand between 、 or commas, spaces inside a name do not matter."""
    found: dict[str, int] = defaultdict(int)
    for line in authors:
        for name in {_bare(part) for part in BETWEEN_NAMES.split(line)} - {""}:
            found[name] += 1
    return dict(found)


def member_changes(committee_id: int, period: Span) -> list[ChangeRow]:
    """Who joined and who left within the period, by day. One query."""
    rows = counted.memberships(only(committee_id), period).select_related("person")
    found = []
    for row in rows:
        said = {"name": row.person.name, "post": row.post, "group_role": row.get_group_role_display()}
        if period.first < row.since <= period.last:
            found.append(ChangeRow(**said, joined=True, day=row.since, reason=""))
        if row.until and row.until < period.last:
            found.append(ChangeRow(**said, joined=False, day=row.until, reason=row.end_reason))
    return sorted(found, key=lambda change: (change.day, change.joined, change.name))


def leaders(committee_id: int, period: Span) -> list[Term]:
    """组长 and 副组长 of the period with their terms, in rank order. One query."""
    rows = counted.memberships(only(committee_id), period).filter(group_role__in=[GroupRole.LEADER, GroupRole.DEPUTY])
    return [_term(row) for row in rows.order_by("rank", "since", "id")]


# --------------------------------------------------------------------------------------------- table 5: outcomes


@dataclass(frozen=True)
class OutcomeRow:
    """`source` is the outcome it derives from, `derived` what was made of it (all kinds, none withdrawn)."""

    outcome_id: int
    code: str
    committee: str
    day: date
    kind: str
    title: str
    authors: str
    session: str
    document_number: str
    adoption: str
    stage: str
    source: str
    derived: tuple[str, ...]


def outcomes(scope: Scope, period: Span) -> list[OutcomeRow]:
    """Table 5, by kind and day. Two queries."""
    rows = counted.outcomes(scope, period)
    return sorted(_outcome_rows(rows), key=lambda row: (KIND_ORDER[row.kind], row.day, row.code))


def conversions(scope: Scope, period: Span) -> list[OutcomeRow]:
    """The proposals from which a policy paper of the period derives, with all that was made of them. Two queries."""
    proposals = Outcome.objects.filter(Exists(counted.policies(scope, period).filter(derived_from_id=OuterRef("pk"))))
    return sorted(_outcome_rows(proposals), key=lambda row: (row.day, row.code))


KIND_ORDER = {str(kind.label): order for order, kind in enumerate(OutcomeKind)}


def _outcome_rows(rows: QuerySet) -> list[OutcomeRow]:
    kept = Outcome.objects.filter(is_withdrawn=False).order_by("day", "id")
    rows = rows.select_related("committee", "study_session", "derived_from").prefetch_related(
        Prefetch("derived", queryset=kept)
    )
    return [
        OutcomeRow(
            outcome_id=row.pk, code=row.code, committee=str(row.committee), day=row.day, kind=row.get_kind_display(),
            title=row.title, authors=row.authors, session=str(row.study_session) if row.study_session else "",
            document_number=row.document_number, adoption=row.adoption, stage=row.get_stage_display(),
            source=_named(row.derived_from) if row.derived_from and not row.derived_from.is_withdrawn else "",
            derived=tuple(_named(one) for one in row.derived.all()),
        )
        for row in rows
    ]  # fmt: skip


def _named(row: Outcome) -> str:
    return f"{row}（{row.document_number}）" if row.document_number else str(row)


# ------------------------------------------------------------------------------------------- county and city edition


@dataclass(frozen=True)
class CommitteeRow:
    """A committee in the ranking. `place` None: nothing was expected of it, so it has no rank; equals share one."""

    committee_id: int
    code: str
    name: str
    level: str
    parent_id: int | None
    path: str
    place: int | None
    figures: Figures


# How places are given, as pages and papers print it. 参学率 counts to the tenth of a percent that is printed, and last:
# somebody away for one of three days would otherwise put his unit behind every unit that met once.
RANKED_BY = "同一层级内排名，依次按计划完成率、场次、参学率，相同的并列"


def ranking(committees: QuerySet, period: Span, *, today: date | None = None) -> list[CommitteeRow]:
    """Level by level, see RANKED_BY; within one equals share a place and the next is skipped. Fifteen queries.

    Never across levels: a city department and a township do not owe the same.
    """
    figures = for_each(committees, period, today=today)
    rows = committees.values_list("pk", "code", "name", "level", "parent_id", "path")

    def merit(row: tuple[Any, ...]) -> tuple[Decimal, int, Decimal]:
        one = figures[row[0]]
        return (
            one.completion_rate or Decimal(0), one.committee_sessions, tenth(one.participation_rate) or Decimal(0)
        )  # fmt: skip

    found: list[CommitteeRow] = []
    for level in CommitteeLevel:
        peers = [row for row in rows if row[3] == level]
        ranked = sorted((row for row in peers if figures[row[0]].expected), key=merit, reverse=True)
        first: dict[Any, int] = {}
        places = {row[0]: first.setdefault(merit(row), place) for place, row in enumerate(ranked, start=1)}
        rest = [row for row in peers if row[0] not in places]
        found += [CommitteeRow(*row, place=places.get(row[0]), figures=figures[row[0]]) for row in [*ranked, *rest]]
    return found


def idle_quarters(committees: QuerySet, year: int) -> dict[int, frozenset[int]]:
    """For each committee the quarters of the year without any session that counts. Two queries."""
    ids = list(committees.values_list("pk", flat=True))
    found: dict[int, set[int]] = {pk: {1, 2, 3, 4} for pk in ids}
    rows = counted.participations(Scope(lambda field: Q(**{f"{field}__in": ids})), span(year))
    for pk, quarter in rows.annotate(quarter=ExtractQuarter("day")).values_list("committee_id", "quarter").distinct():
        found[pk].discard(quarter)
    return {pk: frozenset(quarters) for pk, quarters in found.items()}


def as_plain(row: Any) -> Any:
    """A row, or a list of rows, as JSON values for a paper's frozen facts: dates in ISO, Decimals as floats."""
    if isinstance(row, (list, tuple)):
        return [as_plain(item) for item in row]
    if isinstance(row, date):
        return row.isoformat()
    if isinstance(row, Decimal):
        return float(row)
    if hasattr(row, "__dataclass_fields__"):
        return {item.name: as_plain(getattr(row, item.name)) for item in fields(row)}
    if isinstance(row, dict):
        return {key: as_plain(value) for key, value in row.items()}
    return row
