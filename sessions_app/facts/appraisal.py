"""What a committee is weighed by: every figure of a year up to a day as one number a key, with what the key means.

The keys of `figures.LABELS` come from `figures.for_each` unchanged; the further ones count the rows of `appraisal_rows`.
A constant number of queries for one committee and for forty thousand. Unknown (a rate of nothing) is None, never 0.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from django.db.models import Avg, Count, Min, Q, QuerySet
from django.db.models.functions import ExtractMonth

from sessions_app.facts import appraisal_rows as rows_of
from sessions_app.facts import counted, drill
from sessions_app.facts.appraisal_rows import OfMinutes, Place, Terms
from sessions_app.facts.figures import LABELS, Figures
from sessions_app.facts.figures import for_each as figures_of_each
from sessions_app.facts.periods import Span
from sessions_app.facts.rules import rate
from sessions_app.facts.scope import Scope, these
from sessions_app.facts.supervision import tenth
from sessions_app.facts.tables import BETWEEN_NAMES
from sessions_app.plans.models import SETTLED, StudyMode, StudyPlan
from sessions_app.sessions.models import COUNTED_FORMS

Value = Fraction | None


@dataclass(frozen=True)
class Measure:
    """A key a formula may name. `meaning`: in one line what is counted, and from where."""

    key: str
    label: str
    unit: str
    meaning: str


# Of the keys of `figures`: what each counts. The four tables among them are no single number and stay out.
_SHARED = {
    "committees": "本单位在期间内任何一天在用为 1。",
    "members": "期间内任何一天在任的中心组成员，一人只计一次；来自成员名册。",
    "secretaries": "期间内任何一天任职的学习秘书，一人只计一次；来自学习秘书名册。",
    "planned_items": "现行版次年度计划的专题数。",
    "completed_items": "现行版次年度计划中已有场次完成的专题数。",
    "sessions": "已召开、计入的集体学习；取消的场次和第一议题不计。",
    "committee_sessions": "本单位参加并计入的场次，联组学习各家各计一场次。",
    "days": "计入场次的学习天数合计。",
    "expected": "计入场次的应到人次，请假计入应到；多时段的场次按时段折算。",
    "present": "出席人次，含视频参会。",
    "on_leave": "请假人次。",
    "absent": "缺席人次。",
    "unmarked": "未记考勤的人次。",
    "made_up": "请假或缺席后已确认补学的人次。",
    "presence_rate": "出席率 = 出席 ÷ 应到，取四位小数；没有应到时未知。",
    "participation_rate": "参学率 =（出席 + 已确认补学）÷ 应到，取四位小数；没有应到时未知。",
    "speeches": "计入场次上登记的全部发言，含重点、交流、书面。",
    "proposals_converted": "由此转化出期间内政策文件的对策建议，不论建议何时提出。",
    "policies_from_proposals": "期间内直接由对策建议转化的政策文件。",
    "visits": "期间内到场旁听的次数，按旁听日期计。",
    "committees_visited": "期间内被旁听过为 1，没有为 0。",
    "findings": "期间内发现、已经确认的问题，按发现日期计。",
    "findings_closed": "期间内发现的问题中已经销号的。",
    "findings_overdue": "期间内发现、尚未销号、到截止日整改时限已过的问题。",
    "late_entries": "学习之后补录的场次。",
    "corrections": "期间内生效的更正。",
}
_DUE = "单位在用、到截止日已经开始的"
_FURTHER = (
    Measure("months_due", "应学月份", "个月", f"{_DUE}月份；当月启用或停用的不计。"),
    Measure(
        "months_with_session", "达到次数的月份", "个月",
        "应学月份中集体学习不少于规定次数的；次数按该月 1 日有效的本地规则，规则不按月考核时按 1 次。",
    ),
    Measure("months_missing", "缺学月份", "个月", "应学月份减去达到次数的月份。"),
    Measure("quarters_due", "应学季度", "个季度", f"{_DUE}季度；当季启用或停用的不计。"),
    Measure(
        "quarters_with_session", "达到次数的季度", "个季度",
        "应学季度中集体学习不少于规定次数的；次数按该季第一天有效的本地规则，至少 1 次。",
    ),
    Measure("quarters_missing", "缺学季度", "个季度", "应学季度减去达到次数的季度。"),
    *(
        Measure(f"form_{form.lower()}", f"{form.label}场次", "场次", f"计入的场次中，形式为{form.label}的。")
        for form in COUNTED_FORMS
    ),
    *(
        Measure(f"mode_{mode.lower()}", f"{mode.label}场次", "场次", f"计入的场次中，学习方式为{mode.label}的。")
        for mode in StudyMode
    ),
    Measure(
        "discussions", "集体研讨场次", "场次",
        "学习方式为研讨交流学的；以及形式为集体学习研讨、专题读书班，学习方式不是实地调研学、现场观摩学的。",
    ),
    Measure(
        "quarters_with_discussion", "研讨达到次数的季度", "个季度",
        "应学季度中集体研讨不少于规定次数的；辅导、现场教学不算研讨；次数按该季第一天有效的本地规则，至少 1 次。",
    ),
    Measure("quarters_missing_discussion", "缺研讨季度", "个季度", "应学季度减去研讨达到次数的季度。"),
    Measure("months_with_discussion", "研讨达到次数的月份", "个月", "应学月份中集体研讨不少于规定次数的，至少 1 次。"),
    Measure("days_missing", "学习天数不足", "天", "本地规则要求的全年学习天数减去学习天数，不少于 0；规则为 0 时为 0。"),
    Measure(
        "members_short_of_speeches", "重点发言不足的成员", "人",
        "到截止日在任、重点发言少于本地规则每年次数的成员；规则为 0 时为 0。",
    ),
    Measure(
        "members_short_of_reports", "报告不足的成员", "人",
        "到截止日在任、调研报告和理论文章少于本地规则每年篇数的成员；规则为 0 时为 0。",
    ),
    Measure(
        "sessions_short_of_speeches", "重点发言不足的场次", "场次",
        "计入的场次中，重点发言少于本地规则每场人数的；规则为 0 时为 0，人数按学习当日有效的本地规则。",
    ),
    Measure("plan_filed", "计划已备案", "", "年度计划到截止日已备案为 1，没有为 0。"),
    Measure(
        "plan_days_late", "计划逾期天数", "天",
        "第一次备案晚于备案截止日的天数，尚未备案的算到截止日；截止日按当时有效的本地规则，年内新设单位有三十天。",
    ),
    Measure("plan_amendments", "计划调整", "次", "到截止日已审定的调整版次，第一版不计。"),
    Measure("completion_rate", "计划完成率", "", "已完成专题 ÷ 计划专题，取四位小数；没有专题时未知。"),
    Measure("keynote_speeches", "重点发言", "人次", "计入场次上登记的重点发言。"),
    Measure("members_spoken", "发言成员", "人", "在计入的场次上登记过发言的成员，一人只计一次；列席和客人不计。"),
    Measure("spoken_rate", "发言覆盖率", "", "发言成员 ÷ 中心组成员，取四位小数；没有成员时未知。"),
    Measure(
        "members_with_report", "有调研报告或理论文章的成员", "人",
        "期间内登记、未撤销的调研报告和理论文章，作者栏写到姓名的成员，一人只计一次。",
    ),
    Measure("report_rate", "报告覆盖率", "", "有调研报告或理论文章的成员 ÷ 中心组成员，取四位小数；没有成员时未知。"),
    Measure(
        "minutes_on_time", "按期完成的学习记录", "份",
        "本单位召开的计入场次中，学习记录在期限内提交的；期限按学习当日有效的本地规则，从当日起算工作日。",
    ),
    Measure("minutes_late", "逾期完成的学习记录", "份", "到截止日已提交、但超过期限的；期限同上。"),
    Measure("minutes_missing", "逾期未交的学习记录", "份", "期限已过、到截止日仍未提交的；期限同上，退回未再交的算未提交。"),
    Measure("archived_sessions", "已归档场次", "场", "本单位召开的计入场次中，到截止日已归档的。"),
    Measure("unarchived_sessions", "未归档场次", "场", "本单位召开的计入场次中，到截止日尚未归档的。"),
    Measure("archived_rate", "归档率", "", "已归档场次 ÷ 本单位召开的计入场次，取四位小数；没有场次时未知。"),
    Measure("make_ups_due", "到期的补学", "人次", "计入场次产生、到截止日期限已到的补学，已撤销的不计。"),
    Measure("make_ups_overdue", "逾期未补学", "人次", "到期的补学中，期限已过、到截止日仍未提交的。"),
    Measure("outcomes", "学习成果", "项", "期间内登记、未撤销的各类成果。"),
    Measure("proposals", "对策建议", "项", "期间内登记、未撤销的对策建议。"),
    Measure(
        "conversion_rate", "转化率", "",
        "期间内的对策建议中，到截止日已转化出政策文件的 ÷ 对策建议，取四位小数；没有建议时未知。",
    ),
    Measure(
        "prompts_unreceipted", "逾期未签收的学习提示", "件",
        "期间内向本单位发布、签收期限已过、到截止日仍未签收的；期限按发布当日有效的本地规则。",
    ),
    Measure("filings_missing", "未备案的外请报告", "人次", "本单位召开的计入场次上，没有已同意备案的外请报告人。"),
    Measure("closing_rate", "销号率", "", "已销号 ÷ 问题，取四位小数，长期坚持计入问题；没有问题时未知。"),
    Measure("findings_open", "尚未销号的问题", "项", "期间内发现、仍在整改或等待复核的问题，长期坚持的不计。"),
    Measure("findings_reopened", "回头看重开的问题", "项", "期间内发现的问题中，销号后又重开过的。"),
    Measure("visit_score", "旁听评分", "分", "期间内旁听的已提交评分的平均，取一位小数；没有评分时未知。"),
)  # fmt: skip
MEASURES: Mapping[str, Measure] = {
    **{key: Measure(key, *LABELS[key], meaning) for key, meaning in _SHARED.items()},
    **{measure.key: measure for measure in _FURTHER},
}

# A measure that is reckoned from others opens the list that shows why.
_BEHIND = {
    "months_due": "committee_sessions", "months_with_session": "committee_sessions",
    "months_missing": "committee_sessions", "quarters_due": "committee_sessions",
    "quarters_with_session": "committee_sessions", "quarters_missing": "committee_sessions",
    **{f"form_{form.lower()}": "committee_sessions" for form in COUNTED_FORMS},
    **{f"mode_{mode.lower()}": "committee_sessions" for mode in StudyMode},
    "discussions": "committee_sessions", "quarters_with_discussion": "committee_sessions",
    "quarters_missing_discussion": "committee_sessions", "months_with_discussion": "committee_sessions",
    "days_missing": "days", "members_short_of_speeches": "keynote_speeches", "members_short_of_reports": "reports",
    "sessions_short_of_speeches": "keynote_speeches",
    "plan_filed": "planned_items", "plan_days_late": "planned_items", "plan_amendments": "planned_items",
    "completion_rate": "completed_items", "members_spoken": "speeches", "spoken_rate": "speeches",
    "members_with_report": "reports", "report_rate": "reports", "archived_rate": "archived_sessions",
    "outcomes": "outcomes_by_kind", "conversion_rate": "proposals", "closing_rate": "findings_closed",
    "visit_score": "visits",
}  # fmt: skip


def listed(key: str, *, year: int, committee: int, as_of: date | None = None) -> str:
    """The address of the rows behind a measure of one committee, up to `as_of`; KeyError for a key that is none."""
    if key not in MEASURES:
        raise KeyError(key)
    until = as_of if as_of and as_of < date(year, 12, 31) else None
    period = Span(date(year, 1, 1), date(year, 12, 31), year)
    return drill.address(_BEHIND.get(key, key), period, committee=committee, only=1, until=until)


def for_each(committees: QuerySet, year: int, *, as_of: date) -> dict[int, dict[str, Value]]:
    """{committee id: {key of MEASURES: value}}, from 1 January to `as_of`. Thirty-seven queries, however many committees."""
    period = rows_of.until(year, as_of)
    places = [Place(*row) for row in committees.values_list("pk", "path", "since", "until")]
    # A handful is named by its ids; for many the subquery is cheaper than a list of thousands in thirty queries.
    scope = these([place.pk for place in places] if len(places) <= 500 else committees)
    terms = Terms(period)
    figures = figures_of_each(committees, period, today=as_of)
    gathered = _gather(scope, period, terms)
    for pk, prompts in rows_of.unreceipted(places, period, terms).items():
        gathered[pk]["prompts_unreceipted"] = len(prompts)
    kinds = _by_kind(scope, period)
    short = _short(scope, period, terms, places)
    plans = _plans(scope, period)
    found: dict[int, dict[str, Value]] = {}
    for place in places:
        values: dict[str, Any] = {key: getattr(figures[place.pk], key) for key in _SHARED}
        values |= _calendar(place, period, terms, kinds[place.pk])
        values |= _kinds(kinds[place.pk]) | short[place.pk]
        wanted = terms.asked(place.path, "days_per_year")
        values["days_missing"] = max(0, wanted - figures[place.pk].days)
        values |= _plan(place, period, terms, plans.get(place.pk))
        values |= _reckoned(figures[place.pk], gathered[place.pk])
        found[place.pk] = {key: _exact(values[key]) for key in MEASURES}
    return found


def _exact(value: Any) -> Value:
    return None if value is None else Fraction(value)


def _reckoned(figures: Figures, got: Mapping[str, Any]) -> dict[str, Any]:
    """The counts as they are, and the rates between them, rounded as every rate of the house."""
    values = {key: got.get(key, 0) for key in _COUNTS}
    hosted = got.get("hosted", 0)
    values |= {
        "unarchived_sessions": hosted - values["archived_sessions"],
        "archived_rate": rate(values["archived_sessions"], hosted),
        "completion_rate": figures.completion_rate, "closing_rate": figures.closing_rate,
        "outcomes": figures.outcomes, "conversion_rate": rate(got.get("own_converted", 0), values["proposals"]),
        "spoken_rate": rate(values["members_spoken"], figures.members),
        "report_rate": rate(values["members_with_report"], figures.members),
        "visit_score": tenth(got.get("visit_score")),
    }  # fmt: skip
    return values


_COUNTS = (
    "keynote_speeches", "members_spoken", "members_with_report", "minutes_on_time", "minutes_late", "minutes_missing",
    "archived_sessions", "make_ups_due", "make_ups_overdue", "proposals", "prompts_unreceipted", "filings_missing",
    "findings_open", "findings_reopened",
)  # fmt: skip


def _gather(scope: Scope, period: Span, terms: Terms) -> dict[int, dict[str, Any]]:
    """Grouped by committee, one query each; minutes alone are read row by row, for the term is of the session's day."""
    found: dict[int, dict[str, Any]] = defaultdict(dict)

    def several(rows: QuerySet, committee: str, **sums: Any) -> None:
        for row in rows.values(committee).annotate(**sums).order_by():
            found[row[committee]].update({key: row[key] for key in sums})

    for (committee_id, became), number in Counter(
        (committee_id, became) for _, committee_id, became in rows_of.judged_minutes(scope, period, terms)
    ).items():
        if became is not OfMinutes.OPEN:
            found[committee_id][became.value] = number
    several(
        rows_of.hosted(scope, period), "committee_id", hosted=Count("pk"),
        archived_sessions=Count("pk", filter=rows_of.archived(period)),
    )  # fmt: skip
    several(rows_of.keynotes(scope, period), "participation__committee_id", keynote_speeches=Count("pk"))
    several(
        rows_of.members_speeches(scope, period), "participation__committee_id",
        members_spoken=Count("speaker_id", distinct=True),
    )  # fmt: skip
    several(
        rows_of.make_ups_due(scope, period), "participation__committee_id", make_ups_due=Count("pk"),
        make_ups_overdue=Count("pk", filter=rows_of.not_made_up(period)),
    )  # fmt: skip
    several(rows_of.proposals(scope, period), "committee_id", proposals=Count("pk"))
    several(rows_of.proposals_converted(scope, period), "committee_id", own_converted=Count("pk"))
    several(
        counted.findings(scope, period), "committee_id", findings_open=Count("pk", filter=rows_of.FINDING_OPEN),
        findings_reopened=Count("pk", filter=rows_of.FINDING_REOPENED),
    )  # fmt: skip
    several(rows_of.visit_scores(scope, period), "visit__committee_id", visit_score=Avg("total"))
    missing = rows_of.filings_missing(scope, period).values_list("study_session__committee_id", "pk")
    for committee_id, number in Counter(committee_id for committee_id, _ in missing).items():
        found[committee_id]["filings_missing"] = number
    for committee_id, number in _authors(scope, period).items():
        found[committee_id]["members_with_report"] = number
    return found


def _authors(scope: Scope, period: Span) -> dict[int, int]:
    """{committee: its members whom a report or article names}. Two queries; the members of committees without one stay out."""
    written: dict[int, set[str]] = defaultdict(set)
    reports = rows_of.reports(scope, period)
    for committee_id, authors in reports.values_list("committee_id", "authors"):
        written[committee_id] |= {"".join(part.split()) for part in BETWEEN_NAMES.split(authors)}
    who = counted.memberships(scope, period).filter(committee_id__in=reports.values("committee_id"))
    people: dict[int, set[int]] = defaultdict(set)
    for committee_id, person_id, name in who.values_list("committee_id", "person_id", "person__name"):
        if "".join(name.split()) in written[committee_id]:
            people[committee_id].add(person_id)
    return {committee_id: len(found) for committee_id, found in people.items()}


Kind = tuple[int, str, str]  # month, form, mode


def _by_kind(scope: Scope, period: Span) -> dict[int, dict[Kind, int]]:
    """{committee: {(month, form, mode): committee-sessions that count}}. One query."""
    found: dict[int, dict[Kind, int]] = defaultdict(dict)
    rows = counted.participations(scope, period).annotate(in_month=ExtractMonth("day"))
    groups = rows.values_list("committee_id", "in_month", "study_session__form", "study_session__mode")
    for committee_id, month, form, mode, number in groups.annotate(rows=Count("pk")):
        found[committee_id][month, form, mode] = number
    return found


def _kinds(held: Mapping[Kind, int]) -> dict[str, int]:
    """Committee-sessions of each form and way, and those that were a discussion."""
    values = {f"form_{form.lower()}": 0 for form in COUNTED_FORMS} | {f"mode_{mode.lower()}": 0 for mode in StudyMode}
    values["discussions"] = 0
    for (_, form, mode), number in held.items():
        values[f"form_{form.lower()}"] += number
        if mode:
            values[f"mode_{mode.lower()}"] += number
        values["discussions"] += number * rows_of.is_discussion(form, mode)
    return values


def _calendar(place: Place, period: Span, terms: Terms, held: Mapping[Kind, int]) -> dict[str, int]:
    """Months and quarters the committee stood through, begun by the cut-off, and those of them with sessions enough."""
    values = {}
    for name, rule, months in (("months", "sessions_per_month", 1), ("quarters", "sessions_per_quarter", 3)):
        due = enough = discussed = 0
        for first, last in rows_of.starts(period.year, months):
            if first > period.last or place.since > first or (place.until is not None and place.until < last):
                continue
            due += 1
            inside = {kind: count for kind, count in held.items() if first.month <= kind[0] <= last.month}
            least = terms.least(place.path, rule, first)
            enough += sum(inside.values()) >= least
            talks = sum(count for (_, form, mode), count in inside.items() if rows_of.is_discussion(form, mode))
            discussed += talks >= least
        values |= {f"{name}_due": due, f"{name}_with_session": enough, f"{name}_missing": due - enough}
        values |= {f"{name}_with_discussion": discussed, f"{name}_missing_discussion": due - discussed}
    return values


def _short(scope: Scope, period: Span, terms: Terms, places: Sequence[Place]) -> dict[int, dict[str, int]]:
    """Members and sessions with fewer speeches and reports than the local rules ask for. Four queries."""
    members: dict[int, dict[int, str]] = defaultdict(dict)
    valid = counted.memberships(scope, Span(period.last, period.last, period.year))
    for committee_id, person_id, name in valid.values_list("committee_id", "person_id", "person__name"):
        members[committee_id][person_id] = "".join(name.split())
    keynotes = rows_of.keynotes(scope, period)
    spoken = Counter(keynotes.values_list("participation__committee_id", "speaker_id"))
    at_session = Counter(keynotes.values_list("participation_id", flat=True))
    written: Counter[tuple[int, str]] = Counter()
    for committee_id, authors in rows_of.reports(scope, period).values_list("committee_id", "authors"):
        names = {"".join(part.split()) for part in BETWEEN_NAMES.split(authors)}
        written.update((committee_id, name) for name in names)
    found: dict[int, dict[str, int]] = {}
    for place in places:
        speeches, reports = (
            terms.asked(place.path, key) for key in ("speeches_per_member_year", "reports_per_year")
        )  # fmt: skip
        mine = members[place.pk]
        found[place.pk] = {
            "members_short_of_speeches": sum(spoken[place.pk, person] < speeches for person in mine),
            "members_short_of_reports": sum(written[place.pk, name] < reports for name in mine.values()),
            "sessions_short_of_speeches": 0,
        }
    for pk, committee_id, path, held_on in (
        counted.participations(scope, period).values_list("pk", "committee_id", "committee__path", "day").iterator()
    ):
        if committee_id in found:
            quota = terms.rules.at(path, "speech_quota_per_session", held_on)
            found[committee_id]["sessions_short_of_speeches"] += at_session[pk] < quota
    return found


def _plans(scope: Scope, period: Span) -> dict[int, tuple[date | None, int]]:
    """{committee: (day its plan was first filed, amendments settled)}, by the cut-off. One query."""
    rows = StudyPlan.objects.filter(scope.where("committee"), year=period.year).order_by()
    settled = Q(stage__in=SETTLED, edition__gt=1, approved_on__lte=period.last)
    groups = rows.values("committee_id").annotate(
        filed=Min("filed_on", filter=Q(filed_on__lte=period.last)), amendments=Count("pk", filter=settled)
    )  # fmt: skip
    return {row["committee_id"]: (row["filed"], row["amendments"]) for row in groups}


def _plan(place: Place, period: Span, terms: Terms, plan: tuple[date | None, int] | None) -> dict[str, int]:
    filed, amendments = plan or (None, 0)
    due = terms.plan_due(place.path, place.since)
    return {
        "plan_filed": int(filed is not None), "plan_days_late": max(0, ((filed or period.last) - due).days),
        "plan_amendments": amendments,
    }  # fmt: skip
