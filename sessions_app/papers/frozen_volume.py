"""学习档案 of a committee's year: its papers as frozen facts, in the order they are bound, and the list of its originals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db.models import Q

from roster.accounts.models import User
from roster.accounts.roles import Permission as P
from roster.audit.actions import SHANGHAI, Actor
from roster.committees.models import Committee
from sessions_app.attachments.models import Attachment, AttachmentKind
from sessions_app.attendance.models import LeaveRequest, LeaveStage, MakeUpStage, MakeUpStudy
from sessions_app.findings.models import COUNTED, Finding
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.outcomes.models import Outcome
from sessions_app.papers import frozen, frozen_findings, frozen_people, frozen_supervision, rules
from sessions_app.papers.models import IssuedPaper, PaperKind
from sessions_app.plans.models import SETTLED, StudyPlan
from sessions_app.sessions.models import (
    TOOK_PLACE,
    FilingStage,
    Participation,
    ParticipationState,
    ReleaseType,
    SessionStage,
    Speech,
    SpeechStage,
    StudyMaterial,
)
from sessions_app.visits.models import FeedbackStage, ObservationVisit

Facts = dict[str, Any]
LINE = 25  # letters of a line of the contents
SUPERVISION, ORIGINALS = "列席旁听和问题整改", "原件目录"


def _part(kind: str, group: str, label: str, facts: Facts) -> Facts:
    return {"kind": str(kind), "group": group, "label": label, "facts": facts}


def held(committee: Committee, year: int) -> list[Participation]:
    """Every session the committee took part in that year, in order; those it was a guest of as well."""
    rows = Participation.objects.filter(
        committee=committee, year=year, state=ParticipationState.ACCEPTED, study_session__stage__in=TOOK_PLACE
    )
    return list(rows.select_related("study_session__committee", "committee").order_by("day", "number", "pk"))


def group_of(part: Participation) -> str:
    """The heading of a session in the contents."""
    line = f"第{part.number}次　{rules.short_day(part.day)}　{part.study_session.topic}"
    return line if len(line) <= LINE else f"{line[: LINE - 1]}…"


def head(committee: Committee, year: int, *, today: date) -> list[Facts]:
    """The plan in force, as it was approved, and who belongs to the group."""
    found = []
    plan = StudyPlan.objects.in_force().filter(committee=committee, year=year, stage__in=SETTLED).first()
    if plan is not None:
        found.append(_part("year-plan", "年度学习计划", "年度学习计划", frozen.year_plan(plan)))
    members = frozen_people.members(committee, year, today=today)
    if members["members"]:
        found.append(_part(PaperKind.MEMBERS, "成员名单", "成员名单", members))
    return found


def of_session(part: Participation) -> list[Facts]:
    """One session's pack: the plan, the sheet, the record, and the slips of the committee's own people."""
    session, group = part.study_session, group_of(part)
    found = [
        _part("session-plan", group, "学习方案", frozen.session_plan(session)),
        _part("sign-in", group, "签到表", frozen.sign_in(session)),
    ]
    if Minutes.objects.filter(study_session=session).exists():
        found.append(_part("minutes", group, "学习记录", frozen.minutes(session)))
    people = frozen_people.ROWS
    slips: list[tuple[PaperKind, Any, str]] = [
        (PaperKind.SPEECH, people[PaperKind.SPEECH].filter(participation=part, stage=SpeechStage.APPROVED), "发言提纲"),
        (PaperKind.LEAVE, people[PaperKind.LEAVE].filter(participation=part, stage=LeaveStage.AGREED), "请假条"),
        (PaperKind.MAKE_UP, people[PaperKind.MAKE_UP].filter(participation=part, stage=MakeUpStage.CONFIRMED), "补学登记"),
    ]  # fmt: skip
    if part.is_host:
        filings = people[PaperKind.FILING].filter(study_session=session, stage=FilingStage.APPROVED)
        slips.insert(0, (PaperKind.FILING, filings, "外请报告备案表"))
    for kind, rows, label in slips:
        for row in rows.order_by("pk"):
            facts = frozen_people.READERS[kind](row)
            who = facts.get("person") or facts.get("speaker", "")
            found.append(_part(kind, group, f"{label}（{who}）", facts))
    return found


def tail(committee: Committee, year: int, *, today: date, by: Actor) -> tuple[list[Facts], list[Facts], list[str]]:
    """Outcomes, what was found and put right, the report; the originals; the departments whose work stands in it."""
    found, departments = [], set()
    outcomes = frozen.outcomes(committee, year, today=today)
    if outcomes["outcomes"]:
        found.append(_part("outcomes", "成果清单", "成果清单", outcomes))
    for visit in letters(committee, year, by):
        label = f"反馈意见（{rules.short_day(visit.observed_on)}）" if visit.observed_on else "反馈意见"
        found.append(_part(PaperKind.FEEDBACK, SUPERVISION, label, frozen_supervision.feedback(visit, today=today)))
        departments.add(visit.round.committee.path)
    mine = Finding.objects.open_to(by, P.FINDING_READ) if isinstance(by, User) else None
    for kind, label in ((PaperKind.FINDINGS, "问题清单"), (PaperKind.RECTIFICATION, "整改台账")):
        facts = frozen_findings.LISTS[kind](committee, year, today=today, mine=mine)
        if facts["rows"]:
            found.append(_part(kind, SUPERVISION, label, facts))
            departments.update(facts["departments"])
    report = annual(committee, year)
    if report is not None:
        found.append(_part("annual", "年度学习情况报告", "年度学习情况报告", report.facts["sections"][0]))
    kept = originals(committee, year, by=by)
    if kept:
        facts = {"title": f"{committee.name_on(today)}{year}年度理论学习中心组学习档案原件目录",
                 "committee": {"name": committee.name_on(today)}, "rows": kept}  # fmt: skip
        found.append(_part("originals", ORIGINALS, ORIGINALS, facts))
    return found, kept, sorted(departments)


def letters(committee: Committee, year: int, by: Actor) -> list[ObservationVisit]:
    """Visits whose letter went out to the unit, as far as they are open to whoever asks."""
    rows = ObservationVisit.objects.filter(
        committee=committee, round__year=year, feedback__stage__in=[FeedbackStage.ISSUED, FeedbackStage.ACKNOWLEDGED]
    )
    if isinstance(by, User):
        rows = rows.filter(pk__in=ObservationVisit.objects.open_to(by, P.VISIT_READ).order_by().values("pk"))
    rows = rows.select_related("round__committee", "committee", "team", "study_session")
    return list(rows.order_by("observed_on", "pk"))


def annual(committee: Committee, year: int) -> IssuedPaper | None:
    """The committee's own report as it was last issued."""
    rows = IssuedPaper.objects.filter(kind=PaperKind.ANNUAL, committee=committee, year=year, subject_id=None)
    row: IssuedPaper | None = rows.order_by("-number").first()
    return row


# ------------------------------------------------------------------------------------------------ originals


def originals(committee: Committee, year: int, *, by: Actor) -> list[Facts]:
    """The files kept with the year's work, as far as they are open to whoever asks; never a RESTRICTED material's text.

    Ten queries, however many files.
    """
    parts = held(committee, year)
    places: dict[tuple[str, int], tuple[str, str]] = {}  # what it hangs on -> folder, what it is about

    def add(kind: str, rows: Iterable[tuple[int, int]], by_part: dict[int, Participation]) -> None:
        for pk, owner in rows:
            part = by_part[owner]
            places[kind, pk] = (f"第{part.number:02d}次学习", f"第{part.number}次学习（{rules.short_day(part.day)}）")

    of_session = {part.study_session_id: part for part in parts}
    of_part = {part.pk: part for part in parts}
    add("studysession", ((pk, pk) for pk in of_session), of_session)
    add("participation", ((pk, pk) for pk in of_part), of_part)
    materials = StudyMaterial.objects.filter(study_session__in=of_session).exclude(release_type=ReleaseType.RESTRICTED)
    add("studymaterial", materials.values_list("pk", "study_session_id"), of_session)
    add(
        "minutes",
        Minutes.objects.filter(study_session__in=of_session).values_list("pk", "study_session_id"),
        of_session,
    )
    leaves = LeaveRequest.objects.filter(participation__in=of_part)
    add("leaverequest", leaves.values_list("pk", "participation_id"), of_part)
    made_up = MakeUpStudy.objects.filter(participation__in=of_part)
    add("makeupstudy", made_up.values_list("pk", "participation_id"), of_part)
    for outcome in Outcome.objects.filter(committee=committee, day__year=year, is_withdrawn=False):
        places["outcome", outcome.pk] = ("成果", outcome.title)
    findings = Finding.objects.filter(committee=committee, year=year, stage__in=COUNTED)
    if isinstance(by, User):
        findings = findings.filter(pk__in=Finding.objects.open_to(by, P.FINDING_READ).order_by().values("pk"))
    for finding in findings:
        places["finding", finding.pk] = (f"问题整改/{finding.number}", finding.number)
    wanted = Q(pk__in=[])
    for kind in {kind for kind, _ in places}:
        wanted |= Q(subject_type=kind, subject_id__in=[pk for named, pk in places if named == kind])
    rows = Attachment.objects.filter(wanted, committee=committee, withdrawn_at=None)
    if isinstance(by, User):
        rows = rows.filter(pk__in=Attachment.objects.readable_by(by).order_by().values("pk"))
    found: list[Facts] = []
    taken: set[str] = set()
    for row in rows.select_related("uploaded_by__person").order_by("pk"):
        folder, about = places[row.subject_type, row.subject_id]
        found.append({
            "pk": row.pk, "path": _free(f"{folder}/{row.get_kind_display()}", row.name, taken), "name": row.name,
            "kind": row.get_kind_display(), "size": row.size, "sha256": row.sha256, "about": about,
            "by": row.uploaded_by.display_name, "at": row.uploaded_at.astimezone(SHANGHAI).isoformat(),
        })  # fmt: skip
    return sorted(found, key=lambda row: row["path"])


def _free(folder: str, name: str, taken: set[str]) -> str:
    """A path of its own: the second file of a name is called 名称(2)."""
    safe = rules.UNSAFE.sub("_", name).strip(" .") or "原件"
    stem, dot, ending = safe.rpartition(".") if "." in safe else (safe, "", "")
    path, count = f"{folder}/{safe}", 1
    while path.casefold() in taken:
        count += 1
        path = f"{folder}/{stem}({count}){dot}{ending}"
    taken.add(path.casefold())
    return path


# ------------------------------------------------------------------------------------------------ looked at before


@dataclass
class Sitting:
    """A session as the page tells of it before anything is made. `lacks`: said, never demanded."""

    part: Participation
    papers: list[str] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)


def sittings(committee: Committee, year: int) -> list[Sitting]:
    """What each session will bring, and what it has not; seven queries."""
    parts = held(committee, year)
    ids, sessions = [part.pk for part in parts], [part.study_session_id for part in parts]
    minutes = dict(Minutes.objects.filter(study_session__in=sessions).values_list("study_session_id", "stage"))
    counts = {
        "发言提纲": _counted(Speech.objects.filter(participation__in=ids, stage=SpeechStage.APPROVED)),
        "请假条": _counted(LeaveRequest.objects.filter(participation__in=ids, stage=LeaveStage.AGREED)),
        "补学登记": _counted(MakeUpStudy.objects.filter(participation__in=ids, stage=MakeUpStage.CONFIRMED)),
    }
    scans = Attachment.objects.filter(kind=AttachmentKind.SIGN_IN_SCAN, withdrawn_at=None, committee=committee)
    scanned = set(
        scans.filter(
            Q(subject_type="studysession", subject_id__in=sessions)
            | Q(subject_type="participation", subject_id__in=ids)
        ).values_list("subject_type", "subject_id")
    )
    found = []
    for part in parts:
        one = Sitting(part, ["学习方案", "签到表"])
        stage = minutes.get(part.study_session_id)
        if stage is None:
            one.lacks.append("没有学习记录")
        else:
            one.papers.append("学习记录")
            if stage != MinutesStage.APPROVED:
                one.lacks.append("学习记录还没有审签")
        one.papers += [f"{label} {each[part.pk]} 份" for label, each in counts.items() if part.pk in each]
        if not {("studysession", part.study_session_id), ("participation", part.pk)} & scanned:
            one.lacks.append("缺签到表扫描件")
        if part.is_host and part.study_session.stage != SessionStage.ARCHIVED:
            one.lacks.append("还没有归档")
        found.append(one)
    return found


def _counted(rows: Any) -> dict[int, int]:
    counts: dict[int, int] = {}
    for pk in rows.values_list("participation_id", flat=True):
        counts[pk] = counts.get(pk, 0) + 1
    return counts


def lacking(committee: Committee, year: int) -> list[str]:
    """What of the year itself is not there."""
    found = []
    plan = StudyPlan.objects.in_force().filter(committee=committee, year=year).first()
    if plan is None:
        found.append("没有年度学习计划")
    elif plan.stage not in SETTLED:
        found.append("年度学习计划还没有审定")
    if annual(committee, year) is None:
        found.append("没有印发年度学习情况报告")
    return found
