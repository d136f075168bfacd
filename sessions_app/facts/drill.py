"""The list behind every figure: the same rows that figures.py counts, each as one line with its place to open."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any
from urllib.parse import quote

from django.db.models import Count, Exists, OuterRef, Prefetch, QuerySet, Sum
from django.urls import reverse

from roster.accounts.roles import Permission
from roster.committees.models import Committee, Viewer
from roster.people.models import Person
from sessions_app.facts import counted
from sessions_app.facts.figures import LABELS, MARKS
from sessions_app.facts.periods import Span
from sessions_app.facts.rules import Number, known_rate, plain
from sessions_app.facts.scope import Scope
from sessions_app.facts.supervision import Part, seen_by_one
from sessions_app.findings.models import Finding
from sessions_app.outcomes.models import Outcome
from sessions_app.sessions.models import StudySession
from sessions_app.visits.models import ObservationVisit


@dataclass(frozen=True)
class Line:
    """One counted row in words. `amount` is its share of the figure; `day` None where the thing has no date."""

    committee: str
    day: date | None
    title: str
    url: str
    note: str = ""
    amount: Number = 1


@dataclass(frozen=True)
class Narrow:
    """What an address narrows a list to: the values of the filters mode, category, kind; "" and None are all.

    `part` is of visits and findings; `today` judges what is overdue; `viewer` reads the words of a finding only where it is open to him.
    """

    mode: str = ""
    category: int | None = None
    kind: str = ""
    today: date | None = None
    viewer: Viewer | None = None
    part: Part = Part()

    def of_session(self, prefix: str = "") -> dict[str, Any]:
        wanted = {f"{prefix}mode": self.mode, f"{prefix}category": self.category}
        return {name: value for name, value in wanted.items() if value}


@dataclass(frozen=True)
class Listing:
    """`rows` in a sensible order, `line` says one of them, `total` is the figure. `weighted`: lines add up by amount."""

    key: str
    label: str
    unit: str
    rows: QuerySet
    line: Callable[[Any], Line]
    total: Callable[[], Number | Decimal | None]
    weighted: bool = False
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hint: str = ""


def listing(key: str, scope: Scope, period: Span, narrow: Narrow = Narrow()) -> Listing:
    """The list of a key of `facts`; KeyError for a key that is none."""
    make, hint = MAKERS[key]
    label, unit = LABELS[key]
    rows, line, total, weighted, orders = make(key, scope, period, narrow)
    return Listing(key, label, unit, rows, line, total or rows.count, weighted, orders, hint)


Made = tuple[QuerySet, Callable[[Any], Line], Callable[[], Any] | None, bool, Mapping[str, tuple[str, ...]]]
Maker = Callable[[str, Scope, Span, Narrow], Made]


def by_committee(field_name: str, day: str, *rest: str) -> dict[str, tuple[str, ...]]:
    """The orders a list offers: 日期 and 委员会; the first is the one it opens in."""
    place = (f"{field_name}level_order", f"{field_name}sort_order", f"{field_name}code")
    return {"day": (day, *place, *rest), "-day": (f"-{day}", *place, *rest), "committee": (*place, day, *rest)}


def committee_line(row: Committee) -> Line:
    since = f"{row.since} 起" + (f"，{row.until} 停用" if row.until else "")
    return Line(str(row), None, row.name, reverse("committee", args=[row.pk]), f"{row.get_level_display()} · {since}")


def _committees(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
    return counted.committees(scope, period), committee_line, None, False, COMMITTEE_ORDERS


COMMITTEE_ORDERS = {"committee": ("level_order", "sort_order", "code", "pk")}


def _people(rows: Callable[[Scope, Span], QuerySet], name: str) -> Maker:
    def make(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
        valid = rows(scope, period)
        people = Person.objects.filter(Exists(valid.filter(person_id=OuterRef("pk"))))
        here = valid.select_related("committee").order_by("since", "pk")
        people = people.prefetch_related(Prefetch(name, queryset=here, to_attr="places"))
        return people, _person_line, None, False, {"code": ("code", "pk"), "name": ("pinyin", "code", "pk")}

    return make


def _person_line(row: Any) -> Line:
    places = list(dict.fromkeys(str(place.committee) for place in row.places))
    posts = "、".join(dict.fromkeys(getattr(place, "post", "") for place in row.places if getattr(place, "post", "")))
    return Line("、".join(places), None, row.name, reverse("person", args=[row.pk]), posts)


def _plan_items(rows: Callable[[Scope, Span], QuerySet]) -> Maker:
    def make(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
        wanted = {name: value for name, value in (("mode", narrow.mode), ("category", narrow.category)) if value}
        found = rows(scope, period).filter(**wanted).select_related("plan__committee")
        orders = by_committee("plan__committee__", "quarter", "month", "serial", "pk")
        return found, plan_item_line, None, False, orders

    return make


def plan_item_line(row: Any) -> Line:
    when = f"{row.plan.year}年第{'一二三四'[row.quarter - 1]}季度" + (f" {row.month}月" if row.month else "")
    note = f"{when} · {row.get_category_display()}"
    return Line(str(row.plan.committee), None, f"{row.serial}. {row.topic}", row.plan.get_absolute_url(), note)


def _sessions(late: bool) -> Maker:
    def make(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
        rows = counted.participations(scope, period)
        if late:
            rows = rows.filter(counted.LATE)
        found = StudySession.objects.filter(
            Exists(rows.filter(study_session_id=OuterRef("pk"))), **narrow.of_session()
        ).select_related("committee")  # fmt: skip
        return found, session_line, None, False, by_committee("committee__", "day", "pk")

    return make


def session_line(row: StudySession) -> Line:
    notes = [row.get_form_display(), row.get_mode_display()]
    notes += ["联组"] if row.is_joint else []
    notes += [f"补录（迟 {row.late_days} 天）"] if row.late_days else []
    return Line(str(row.committee), row.day, row.topic, row.get_absolute_url(), " · ".join(notes))


def _participations(amount: str = "") -> Maker:
    """Committee-sessions, each with its share: 1, its days, or a count of members (`amount` names the column)."""

    def make(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
        rows = counted.participations(scope, period).filter(**narrow.of_session("study_session__"))
        if amount and key in MARKS:
            rows = rows.filter(**{f"{amount}__gt": 0})
        found = rows.select_related("committee", "study_session")
        orders = by_committee("committee__", "day", "pk")

        def total() -> Number:
            if amount == "days":
                return plain(rows.aggregate(total=Sum("days"))["total"] or 0)
            return plain(_weigh(rows, amount))

        line = _participation_line(amount)
        return found, line, total if amount else None, bool(amount), orders

    return make


def _weigh(rows: QuerySet, column: str) -> Fraction:
    sums = rows.values("part_count").annotate(total=Sum(column), rows=Count("pk"))
    return sum((Fraction(row["total"], row["part_count"]) for row in sums), Fraction(0))


def _participation_line(amount: str) -> Callable[[Any], Line]:
    def line(row: Any) -> Line:
        weighed = {key: plain(Fraction(getattr(row, column), row.part_count)) for key, column in MARKS.items()}
        words = (
            f"第{row.number}次 · 应到 {weighed['expected']} · 出席 {weighed['present']} · 请假 {weighed['on_leave']}"
        )
        words += f" · 缺席 {weighed['absent']}" + (f" · 未记 {weighed['unmarked']}" if weighed["unmarked"] else "")
        words += f" · 补学 {weighed['made_up']}" if weighed["made_up"] else ""
        share: Number = 1
        if amount:
            share = plain(row.days) if amount == "days" else plain(Fraction(getattr(row, amount), row.part_count))
        meeting = row.study_session
        return Line(str(row.committee), row.day, meeting.topic, meeting.get_absolute_url(), words, share)

    return line


def _rates(*columns: str) -> Maker:
    """The committee-sessions behind a rate: each line shows its counts, the foot the rate of all together."""

    def make(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
        rows = counted.participations(scope, period).filter(
            **narrow.of_session("study_session__"), expected_marks__gt=0
        )
        orders = by_committee("committee__", "day", "pk")

        def total() -> Decimal | None:
            part = sum((_weigh(rows, column) for column in columns), Fraction(0))
            return known_rate(part, _weigh(rows, "expected_marks"), _weigh(rows, "unmarked_marks"))

        return rows.select_related("committee", "study_session"), _participation_line(""), total, False, orders

    return make


def _speeches(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
    rows = counted.speeches(scope, period).filter(**narrow.of_session("participation__study_session__"))
    found = rows.select_related("speaker", "participation__committee", "participation__study_session")
    return found, speech_line, None, False, by_committee("participation__committee__", "participation__day", "pk")


def speech_line(row: Any) -> Line:
    place = row.participation
    words = f"{row.get_kind_display()}发言 · {row.speaker}"
    return Line(str(place.committee), place.day, row.title, place.study_session.get_absolute_url(), words)


def _outcomes(rows: Callable[[Scope, Span], QuerySet]) -> Maker:
    def make(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
        wanted = {"kind": narrow.kind} if narrow.kind else {}
        found = rows(scope, period).filter(**wanted).select_related("committee", "derived_from")
        return found, outcome_line, None, False, by_committee("committee__", "day", "pk")

    return make


def _proposals(scope: Scope, period: Span) -> QuerySet:
    return Outcome.objects.filter(Exists(counted.policies(scope, period).filter(derived_from_id=OuterRef("pk"))))


def outcome_line(row: Outcome) -> Line:
    notes = [row.get_kind_display(), row.document_number, f"来自{row.derived_from}" if row.derived_from else ""]
    words = " · ".join(note for note in notes if note)
    return Line(str(row.committee), row.day, row.title, reverse("outcome", args=[row.pk]), words)


def _corrections(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
    rows = counted.corrections(scope, period).select_related("committee", "study_session")
    return rows, _correction_line, None, False, by_committee("committee__", "applied_on", "pk")


def _correction_line(row: Any) -> Line:
    title = f"{row.about}（更正{row.number}）"
    words = f"{row.get_kind_display()} · {row.reason}"
    return Line(str(row.committee), row.applied_on, title, reverse("correction", args=[row.pk]), words)


def _visits(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
    mine = ObservationVisit.objects.none()
    if narrow.viewer:
        mine = ObservationVisit.objects.open_to(narrow.viewer, Permission.VISIT_READ)
    rows = (
        counted.visits(scope, period)
        .filter(narrow.part.of_visits())
        .annotate(is_open=Exists(mine.filter(pk=OuterRef("pk"))))
    )
    rows = rows.select_related("committee", "round__committee", "team")
    return rows, visit_line, None, False, by_committee("committee__", "observed_on", "pk")


def visit_line(row: Any) -> Line:
    """`is_open` False: of a department below; it opens from the coverage, after one said why."""
    words = f"{row.team} · {row.round.committee}组织 · {row.get_stage_display()}"
    url = row.get_absolute_url() if row.is_open else f"{reverse('coverage')}?q={quote(row.committee.name)}"
    return Line(str(row.committee), row.observed_on, str(row.round), url, words)


def _committees_visited(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
    rows = seen_by_one(scope, period) if narrow.part.alone else counted.committees_visited(scope, period)
    return rows, committee_line, None, False, COMMITTEE_ORDERS


def _findings(rows: Callable[[Scope, Span, date | None], QuerySet]) -> Maker:
    def make(key: str, scope: Scope, period: Span, narrow: Narrow) -> Made:
        wanted = rows(scope, period, narrow.today).filter(narrow.part.of_findings(period.until(narrow.today)))
        found = with_openness(wanted, narrow.viewer)
        found = found.select_related("committee", "department", "type")
        return found, finding_line, None, False, by_committee("committee__", "found_on", "pk")

    return make


def with_openness(rows: QuerySet, viewer: Viewer | None) -> QuerySet:
    """Findings with `is_open`: whether the viewer may read their words."""
    mine = Finding.objects.open_to(viewer, Permission.FINDING_READ) if viewer else Finding.objects.none()
    return rows.annotate(is_open=Exists(mine.filter(pk=OuterRef("pk"))))


def finding_address(row: Any) -> str:
    """Of a department below, whose words are not open: the list from which one may be opened, with a reason."""
    if row.is_open:
        return str(row.get_absolute_url())
    return f"{reverse('finding_list')}?below={row.department_id}"


def finding_line(row: Any) -> Line:
    words = [row.type.name, row.get_stage_display()]
    words += [f"时限 {row.due_on}"] if row.due_on else []
    words += [] if row.is_open else [f"{row.department}督办"]
    title = f"{row.number} {row.text}" if row.is_open else row.number
    return Line(str(row.committee), row.found_on, title, finding_address(row), " · ".join(words))


SUM = "每行的数是该场次所占的份额，合计即页面上的数字。"
MAKERS: dict[str, tuple[Maker, str]] = {
    "committees": (_committees, "期间内任何一天在用的单位。"),
    "members": (_people(counted.memberships, "memberships"), "期间内任何一天在任的人，一人多处任职只列一次。"),
    "secretaries": (_people(counted.secretaryships, "secretaryships"), "期间内任何一天任职的学习秘书，一人只列一次。"),
    "planned_items": (_plan_items(counted.plan_items), "现行版次的计划专题。"),
    "completed_items": (_plan_items(counted.completed_items), "已有场次完成的计划专题。"),
    "sessions": (_sessions(late=False), "联组学习只算一场；取消的场次和第一议题不计。"),
    "sessions_by_mode": (_sessions(late=False), "联组学习只算一场；取消的场次和第一议题不计。"),
    "sessions_by_category": (_sessions(late=False), "联组学习只算一场；未注明内容类别的场次不在各类之中。"),
    "sessions_by_month": (_sessions(late=False), "联组学习只算一场；跨月的场次按第一天计。"),
    "late_entries": (_sessions(late=True), "学习之后补录的场次。"),
    "committee_sessions": (_participations(), "联组学习每家各算一场次。"),
    "days": (_participations("days"), SUM),
    **{key: (_participations(column), SUM) for key, column in MARKS.items()},
    "presence_rate": (_rates("present_marks"), "出席率 = 出席 ÷ 应到，请假计入应到。"),
    "participation_rate": (_rates("present_marks", "made_up_marks"), "参学率 =（出席 + 已确认补学）÷ 应到。"),
    "speeches": (_speeches, "已计入的场次上的发言。"),
    "outcomes_by_kind": (_outcomes(counted.outcomes), "期间内登记、未撤销的成果。"),
    "policies_from_proposals": (_outcomes(counted.policies), "直接由对策建议转化的政策文件。"),
    "proposals_converted": (_outcomes(_proposals), "由此转化出期间内政策文件的对策建议。"),
    "corrections": (_corrections, "期间内生效的更正。"),
    "visits": (_visits, "期间内到场旁听的，按旁听日期计。"),
    "committees_visited": (_committees_visited, "期间内到场旁听过的单位，一家只计一次。"),
    "findings": (_findings(lambda scope, span, _: counted.findings(scope, span)), "期间内发现、已经确认的问题，按发现日期计。"),
    "findings_closed": (_findings(lambda scope, span, _: counted.findings_closed(scope, span)), "期间内发现的问题中已经销号的。"),
    "findings_overdue": (_findings(counted.findings_overdue), "期间内发现、尚未销号、整改时限已过的问题。"),
}  # fmt: skip


def address(key: str, period: Span, *, committee: int | None = None, **narrow: Any) -> str:
    """Where the list of a key opens: period, committee and filters in the address, as the other lists name them."""
    parts = {"key": key, **period.query(), "committee": committee, **narrow}
    query = "&".join(f"{name}={value}" for name, value in parts.items() if value not in (None, ""))
    return f"{reverse('drill')}?{query}"
