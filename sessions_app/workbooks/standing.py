"""What stands on an import: rows built on it since, signatures, papers that count it. Named, not guessed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from roster.audit.actions import SHANGHAI
from roster.audit.models import Versioned
from roster.committees.models import Committee
from roster.people.models import Membership
from sessions_app.attachments.models import Attachment
from sessions_app.outcomes.models import Outcome
from sessions_app.papers.models import IssuedPaper, PaperKind
from sessions_app.plans.models import StudyPlan
from sessions_app.sessions.models import Participation, StudySession
from sessions_app.workbooks.models import ImportRun

# What hangs on what: taken back from the end.
ORDER = (
    "roster.Committee", "roster.Person", "roster.Membership", "roster.StudySecretary", "roster.Expert", "roster.TeamMember",
    "sessions_app.StudyPlan",
    "sessions_app.PlanItem", "sessions_app.StudySession", "sessions_app.SessionPart", "sessions_app.Participation",
    "sessions_app.AttendanceMark", "sessions_app.MakeUpStudy", "sessions_app.Speech", "sessions_app.Outcome",
)  # fmt: skip
OF_SESSION = [PaperKind.SIGN_IN, PaperKind.SESSION_PLAN, PaperKind.MINUTES, PaperKind.SUMMARY]
OF_PERIOD = [
    PaperKind.ANNUAL, PaperKind.OUTCOMES, PaperKind.LEARNING, PaperKind.SCORES, PaperKind.MEMBERS, PaperKind.BULLETIN,
    PaperKind.VOLUME, PaperKind.BRIEFING,
]  # fmt: skip
NAMED = 3


def made_of(run: ImportRun) -> dict[str, list[int]]:
    return {label: list(ids) for label, ids in run.made.get("made", {}).items()}


def touched_of(run: ImportRun, label: str) -> list[int]:
    """Rows of one table that the import made or changed."""
    changed = run.made.get("changed", {}).get(label, {})
    return [*made_of(run).get(label, []), *(int(pk) for pk in changed)]


def built_on(run: ImportRun) -> list[str]:
    """Everything that stands on what this import wrote; empty when it can be taken back."""
    reasons = [f"这次导入改动了{what}，不能自动撤销，请逐项改回。" for what in run.made.get("final", [])]
    made = made_of(run)
    for label in ORDER:
        model, ids = apps.get_model(label), made.get(label, [])
        if issubclass(model, Versioned):
            reasons += _moved_on(run, model, touched_of(run, label))
        if ids:
            reasons += _hung_on(model, ids, made)
    return reasons + _papers(run)


def _named(rows: models.QuerySet[Any]) -> str:
    """At most three by name: 《甲》、《乙》等 5 项."""
    names = [str(row) for row in rows.order_by("pk")[:NAMED]]
    more = rows.count() - len(names)
    return "、".join(names) + (f"等 {more + len(names)} 项" if more > 0 else "")


def _moved_on(run: ImportRun, model: Any, ids: list[int]) -> list[str]:
    left = run.made.get("versions", {}).get(model._meta.label, {})
    now = dict(model.objects.filter(pk__in=ids).values_list("pk", "version"))
    moved = [pk for pk in ids if now.get(pk) != left.get(str(pk), 1)]
    if not moved:
        return []
    what = _named(model.objects.filter(pk__in=moved)) or "已不存在"
    name = model._meta.verbose_name
    return [f"导入后有 {len(moved)} 项{name}被改动过（{what}），不能撤销；请在页面上逐项处理。"]


def _hung_on(model: Any, ids: list[int], made: Mapping[str, list[int]]) -> list[str]:
    """Rows of others that point at these. What falls with its owner (名称沿革, 议程) does not count."""
    found = []
    for relation in model._meta.related_objects:
        if relation.on_delete is not models.PROTECT:
            continue
        other = relation.related_model
        rows = other._base_manager.filter(**{f"{relation.field.name}__in": ids})
        rows = rows.exclude(pk__in=made.get(other._meta.label, []))
        if count := rows.count():
            what = f"{count} 项{other._meta.verbose_name}（{_named(rows)}）"
            found.append(f"导入的{model._meta.verbose_name}已有 {what}，不能撤销；请先处理这些内容。")
    files = Attachment.objects.filter(subject_type=model._meta.model_name, subject_id__in=ids)
    if files:
        found.append(f"导入的{model._meta.verbose_name}已有 {len(files)} 个附件（{_named(files)}），不能撤销。")
    return found


@dataclass
class Span:
    """Where in time the rows of an import are counted: sessions and outcomes by day, plans and terms by year."""

    days: set[date] = field(default_factory=set)
    years: set[int] = field(default_factory=set)

    def meets(self, paper: IssuedPaper) -> bool:
        """Whether a paper of a year, or of the quarter its facts name, counts any of it."""
        quarter = paper.facts.get("quarter") or 0
        in_year = [day for day in self.days if day.year == paper.year]
        if quarter:
            in_year = [day for day in in_year if (day.month + 2) // 3 == quarter]
        return bool(in_year) or paper.year in self.years


def _span(run: ImportRun) -> Span:
    found = Span()
    for label in ("Participation", "AttendanceMark", "MakeUpStudy", "Speech", "StudySession", "SessionPart"):
        found.days |= _days(label, touched_of(run, f"sessions_app.{label}"))
    found.days |= set(
        Outcome.objects.filter(pk__in=touched_of(run, "sessions_app.Outcome")).values_list("day", flat=True)
    )
    plans = Q(pk__in=touched_of(run, "sessions_app.StudyPlan")) | Q(items__in=touched_of(run, "sessions_app.PlanItem"))
    found.years |= set(StudyPlan.objects.filter(plans).values_list("year", flat=True))
    at = (run.committed_at or run.uploaded_at).astimezone(SHANGHAI)
    terms = Membership.objects.filter(pk__in=touched_of(run, "roster.Membership"))
    for since, until in terms.values_list("since", "until"):
        found.years |= set(range(since.year, min((until or at.date()).year, at.year + 1) + 1))
    return found


def _days(label: str, ids: list[int]) -> set[date]:
    """The days of the sessions these rows belong to."""
    if not ids:
        return set()
    if label in ("StudySession", "SessionPart"):
        way = "pk__in" if label == "StudySession" else "parts__in"
        return set(StudySession.objects.filter(**{way: ids}).values_list("day", flat=True))
    way = {
        "Participation": "pk__in",
        "AttendanceMark": "marks__in",
        "MakeUpStudy": "make_ups__in",
        "Speech": "speeches__in",
    }
    return set(Participation.objects.filter(**{way[label]: ids}).values_list("day", flat=True))


def affected(run: ImportRun) -> set[int]:
    """Committees whose records this import touched."""
    found: set[int] = set()
    for label in ORDER[2:]:
        model, ids = apps.get_model(label), touched_of(run, label)
        way = WAYS.get(label, "committee_id")
        if ids and (way != "committee_id" or any(one.name == "committee" for one in model._meta.fields)):
            found |= set(model.objects.filter(pk__in=ids).values_list(way, flat=True))
    return found - {None}  # type: ignore[arg-type]


WAYS = {
    "sessions_app.PlanItem": "plan__committee_id", "sessions_app.SessionPart": "study_session__committee_id",
    "sessions_app.AttendanceMark": "participation__committee_id", "sessions_app.Speech": "participation__committee_id",
    "sessions_app.MakeUpStudy": "participation__committee_id",
}  # fmt: skip


def _papers(run: ImportRun) -> list[str]:
    """Papers issued since that show or count what the import wrote; another year's report is none of them."""
    if run.committed_at is None:
        return []
    paths = Committee.objects.filter(pk__in=affected(run)).values_list("path", flat=True)
    above = {int(part) for path in paths for part in path.split("/") if part}
    since = IssuedPaper.objects.filter(committee_id__in=above, issued_at__gte=run.committed_at)
    sessions = touched_of(run, "sessions_app.StudySession")
    sessions += Participation.objects.filter(
        Q(pk__in=touched_of(run, "sessions_app.Participation"))
        | Q(marks__in=touched_of(run, "sessions_app.AttendanceMark"))
        | Q(speeches__in=touched_of(run, "sessions_app.Speech"))
    ).values_list("study_session_id", flat=True)
    plans = touched_of(run, "sessions_app.StudyPlan")
    about = Q(kind__in=OF_SESSION, subject_id__in=sessions) | Q(kind=PaperKind.YEAR_PLAN, subject_id__in=plans)
    found = list(since.filter(about))
    span = _span(run)
    found += [paper for paper in since.filter(kind__in=OF_PERIOD).order_by("issued_at") if span.meets(paper)]
    return [
        f"{paper.issued_at.astimezone(SHANGHAI):%Y-%m-%d} 已印发《{paper.title}》（第{paper.number}次），其中用到这些数据，"
        "不能撤销；错误请用“更正”处理。"
        for paper in found[:NAMED]
    ] + ([f"另有 {len(found) - NAMED} 份文书也用到这些数据。"] if len(found) > NAMED else [])
