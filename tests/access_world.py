"""The world of the access oracle: a city, a county in it, committee A in the county, its sibling B, and one of everything.

Rows are made plainly, not by actions: the matrix asks who may see a row, not how it came to be. Words that must not
leak stand in the rows: SECRET in everything of B, CONTENT in what A does, PRIVATE in a colleague's own rows.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO

import openpyxl
from django.core.files.base import ContentFile

from roster.accounts.models import Grant, PasswordReset, User
from roster.accounts.roles import Role
from roster.audit.actions import SystemActor, record
from roster.committees.models import Committee, CommitteeLevel
from roster.corps.models import (
    Expert,
    HandOver,
    TeamArea,
    TeamMember,
    Trainee,
    TrainingCourse,
    TrainingSession,
    VisitTeam,
)
from roster.people.models import GroupRole, Person
from sessions_app.assessment.models import (
    Assessment,
    AssessmentSheet,
    AssessmentStage,
    BonusRequest,
    Indicator,
    InterviewStage,
    LeaderInterview,
    Objection,
    OtherResult,
    Scheme,
    SchemeItem,
    SchemeStage,
    SheetLine,
)
from sessions_app.attachments.models import Attachment, AttachmentKind
from sessions_app.attendance.models import Attendance, AttendanceMark, LeaveRequest, MakeUpStage, MakeUpStudy
from sessions_app.bulletins.models import Bulletin
from sessions_app.corrections.models import Correction, CorrectionKind
from sessions_app.findings.models import Evidence, Extension, Finding, FindingStage, ProblemType, Source
from sessions_app.guidance.models import PromptMapping, PromptReceipt, PromptStage, PromptTopic, StudyPrompt
from sessions_app.jobs.models import Job, JobStage
from sessions_app.letters.models import LetterLine, ReminderLetter
from sessions_app.minutes.models import Minutes, MinutesSection, MinutesStage
from sessions_app.notices.models import Channel, Delivery, Notice, Rhythm
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.papers.models import IssuedPaper, PaperFile, PaperKind, WordTemplate
from sessions_app.plans.models import PlanItem, PlanStage, StudyPlan
from sessions_app.policies.models import Period, PeriodStage, PolicyParameter
from sessions_app.reminders.keys import token
from sessions_app.reminders.models import DueItem, FeedKey
from sessions_app.reminders.rules import Kind
from sessions_app.sessions.models import (
    AgendaItem,
    AgendaKind,
    Participation,
    ParticipationState,
    SessionPart,
    SessionStage,
    SpeakerFiling,
    Speech,
    SpeechKind,
    SpeechStage,
    StudySession,
)
from sessions_app.visits.models import (
    Feedback,
    FeedbackStage,
    ObservationVisit,
    RoundStage,
    ScoreSheet,
    VisitObserver,
    VisitRound,
    VisitScore,
    VisitStage,
)
from sessions_app.workbooks.models import ImportRun, ImportStage
from tests import build
from tests.access import Seat, Somebody, Target

SECRET, UNIT = "乙机密", "乙单位"
CONTENT, PRIVATE = "甲内容", "同事隐私"
HELD_ON = build.DAY - timedelta(days=10)
AHEAD = build.DAY + timedelta(days=20)
MACHINE = SystemActor("测试")


@dataclass
class World:
    visitors: list[Somebody] = field(default_factory=list)
    users: dict[str, User] = field(default_factory=dict)
    # subject -> which row of it ("own", "other", ...) -> the row
    targets: dict[str, dict[str, Target]] = field(default_factory=dict)

    def add(
        self, subject: str, which: str, pk: object, *paths: str, person: int | None = None, exact: bool = False
    ) -> None:
        self.targets.setdefault(subject, {})[which] = Target((pk,), paths, person, exact=exact)


def make() -> World:
    world = World()
    root = build.committee("云州市委", code="C001")
    county = build.committee("清河县委", parent=root, code="X001", level=CommitteeLevel.COUNTY)
    own = build.committee("甲单位党组", parent=county, code="Z001", level=CommitteeLevel.TOWNSHIP)
    other = build.committee(f"{UNIT}党组", parent=root, code="Z002", level=CommitteeLevel.COUNTY)
    host = build.committee("丁单位党组", parent=root, code="Z003", level=CommitteeLevel.COUNTY)
    _visitors(world, root, county, own)
    member = world.users["member"].person
    colleague = build.member(own, build.person("甲同事")).person
    _life(world, own, "own", "甲", member, colleague)
    stranger = build.member(other, build.person(f"{SECRET}人")).person
    build.member(other, build.person(f"{SECRET}组长"), role=GroupRole.LEADER, rank=1)
    _life(world, other, "other", SECRET, stranger, stranger)
    _joint(world, host, own)
    _prompts(world, root, county, own, other)
    _schemes(world, root, county, other)
    _told(world, root, member, colleague, stranger)
    _bulletins(world, root, county, other)
    _visits(world, root, county, own, other, stranger)
    _feedback(world, root, county, own, other, stranger)
    _weighed(world, root, county, own, other)
    for which, committee in (("above", county), ("top", root)):
        world.add("committee", which, committee.pk, committee.path)
    return world


def _visitors(world: World, root: Committee, county: Committee, own: Committee) -> None:
    def sit(name: str, user: User, *seats: tuple[Role, Committee]) -> None:
        world.users[name] = user
        found = tuple(Seat(role, committee.path) for role, committee in seats)
        world.visitors.append(Somebody(name, found, user.person_id))

    def grant(name: str, role: Role, where: Committee) -> None:
        sit(name, build.granted(role, where), (role, where))

    sit("secretary", build.secretary_of(own), (Role.SECRETARY, own))
    sit("leader", build.leader_of(own), (Role.LEADER, own), (Role.MEMBER, own))
    deputy = build.member(own, role=GroupRole.DEPUTY, rank=2).person
    sit("deputy", build.account(deputy), (Role.DEPUTY, own), (Role.MEMBER, own))
    stand_in = build.member(own, build.person("甲代理"), rank=3).person
    build.acting(own, stand_in)
    sit("acting", build.account(stand_in), (Role.ACTING, own), (Role.MEMBER, own))
    sit("member", build.account(build.member(own, build.person("甲成员")).person), (Role.MEMBER, own))
    grant("reviewer of the county", Role.REVIEWER, county)
    grant("reviewer of the city", Role.REVIEWER, root)
    grant("head of the county", Role.HEAD, county)
    grant("head of the city", Role.HEAD, root)
    grant("observer", Role.OBSERVER, root)
    for role, name in ((Role.ADMIN, "admin"), (Role.SECURITY, "security"), (Role.AUDITOR, "auditor")):
        grant(f"{name} of the city", role, root)
        grant(f"{name} of the county", role, county)
    sit("nobody", build.account())
    world.visitors.append(Somebody("the street", logged_in=False))


def _prompts(world: World, root: Committee, county: Committee, own: Committee, other: Committee) -> None:
    """Published from the city and the county to all below them, one of a sibling alone, and a draft of the county."""

    def prompt(committee: Committee, title: str, stage: str) -> StudyPrompt:
        at = None if stage == PromptStage.DRAFT else build.AT
        row: StudyPrompt = StudyPrompt.objects.create(
            committee=committee, year=2026, quarter=1, title=title, focus=f"{title}重点", outcomes=f"{title}成果",
            stage=stage, published_at=at,
        )  # fmt: skip
        PromptTopic.objects.create(prompt=row, text=f"{title}主题")
        return row

    rows = {}
    below = [row.path for row in Committee.objects.filter(path__startswith=root.path)]
    for which, committee, title, stage in (
        ("top", root, f"{CONTENT}市提示", PromptStage.PUBLISHED), ("own", county, f"{CONTENT}县提示", PromptStage.PUBLISHED),
        ("other", other, f"{SECRET}提示", PromptStage.PUBLISHED), ("a draft", county, f"{CONTENT}草稿", PromptStage.DRAFT),
    ):  # fmt: skip
        row = rows[which] = prompt(committee, title, stage)
        told = [path for path in below if path.startswith(committee.path)]
        draft = stage == PromptStage.DRAFT
        world.add("prompt", which, row.pk, *((committee.path,) if draft else told))
        world.add("prompt_desk", which, row.pk, committee.path)
        if not draft:
            world.add("prompt_told", which, row.pk, *told)
    for committee in (own, other):
        PromptReceipt.objects.create(prompt=rows["top"], committee=committee, received_at=build.AT)
        PromptMapping.objects.create(
            topic=rows["top"].topics.get(), committee=committee, study_session=committee.study_sessions.first(),
            mapped_at=build.AT,
        )  # fmt: skip


def _bulletins(world: World, root: Committee, county: Committee, other: Committee) -> None:
    """Issued by the city, by the county, by a sibling to itself; and a draft of the county. Nobody else's at any stage."""
    hands = [build.person() for _ in range(3)]
    below = [row.path for row in Committee.objects.filter(path__startswith=root.path)]
    for number, (which, committee, words, stage) in enumerate((
        ("top", root, f"{CONTENT}市", "ISSUED"), ("own", county, f"{CONTENT}县", "ISSUED"), ("other", other, SECRET, "ISSUED"),
        ("a draft", county, f"{CONTENT}草稿", "DRAFT"),
    ), start=1):  # fmt: skip
        title, paper = f"{words}通报", None
        if stage == "ISSUED":
            facts = {"title": title, "body": [], "cards": [], "annexes": []}
            paper = IssuedPaper(
                kind=PaperKind.BULLETIN, committee=committee, year=2026, title=title, facts=facts, edition="e",
                sha256="0" * 64, pages=1, as_of=build.AT, issued_at=build.AT,
            )  # fmt: skip
            paper.file.save("x.pdf", ContentFile(b"%PDF-"), save=False)
            paper.save()
        done = {
            "facts": {}, "as_of": build.AT, "checked_by": hands[1], "checked_at": build.AT, "signed_by": hands[2],
            "signed_at": build.AT, "paper": paper,
        }  # fmt: skip
        row = Bulletin.objects.create(
            committee=committee, year=2026, quarter=1, issue=number, title=title, body=f"<p>{words}正文</p>", stage=stage,
            compiled_by=hands[0], **(done if paper else {}),
        )  # fmt: skip
        told = [path for path in below if path.startswith(committee.path)] if paper else [committee.path]
        world.add("bulletin", which, row.pk, *told, exact=True)
        world.add("bulletin_desk", which, row.pk, committee.path, exact=True)
        if paper:
            world.add("bulletin_issued", which, row.pk, *told, exact=True)


def _session(
    committee: Committee, words: str, day: date, stage: str, number: int, item: PlanItem | None = None
) -> StudySession:
    session = StudySession.objects.create(
        committee=committee,
        day=day,
        topic=f"{words}学习主题",
        stage=stage,
        category=1,
        place="三楼会议室",
        entered_at=build.AT,
    )
    SessionPart.objects.create(study_session=session, day=day)
    AgendaItem.objects.create(study_session=session, kind=AgendaKind.LEAD_READING, content=f"{words}领学")
    Participation.objects.create(
        study_session=session, committee=committee, year=day.year, number=number, day=day, plan_item=item
    )
    return session


def _life(world: World, committee: Committee, which: str, name: str, mine: Person, colleague: Person) -> None:
    """One of everything of a committee; personal rows twice where `colleague` is somebody else."""
    path, words = committee.path, CONTENT if which == "own" else name
    secretary = build.secretary(committee, build.person(f"{name}秘书"))
    membership = committee.memberships.get(person=mine)
    user = User.objects.filter(person=mine).first() or build.account(mine)
    world.add("committee", which, committee.pk, path)
    world.add("person", which, mine.pk, path)
    world.add("membership", which, membership.pk, path)
    world.add("secretary", which, secretary.pk, path)
    world.add("account", which, user.pk, path)
    grant = Grant.objects.create(user=build.account(), role=Role.OBSERVER, committee=committee, since=build.SINCE)
    world.add("grant", which, grant.pk, path)
    reset = PasswordReset.objects.create(
        user=user, asked_by=grant.user, asked_at=build.AT, reason=f"{name}忘记密码", code="!"
    )  # fmt: skip
    world.add("reset", which, reset.pk, path)
    acting = committee.acting_leaders.first() or build.acting(committee, mine)
    world.add("acting", which, acting.pk, path)
    value = PolicyParameter.objects.create(
        key="make_up_due_working_days", committee=committee, value=7, since=build.SINCE, source=f"{name}依据"
    )
    world.add("parameter", which, value.pk, path)
    period = Period.objects.create(committee=committee, year=2025, stage=PeriodStage.CLOSED)
    world.add("period", which, period.pk, path)

    _corps(world, committee, which, words)

    plan = StudyPlan.objects.create(committee=committee, year=2026, stage=PlanStage.SUBMITTED, aim=f"{words}目标")
    item = PlanItem.objects.create(plan=plan, serial=1, quarter=1, topic=f"{words}专题", category=1)
    world.add("plan", which, plan.pk, path)
    world.add("plan_item", which, item.pk, path)

    session = _session(committee, words, HELD_ON, SessionStage.HELD, 1, item)
    taking = session.participations.get()
    part = session.parts.get()
    ahead = _session(committee, f"{words}下一次", AHEAD, SessionStage.SUBMITTED, 2)
    world.add("session", which, session.pk, path)
    world.add("session_host", which, session.pk, path)
    world.add("session", f"{which}, ahead", ahead.pk, path)
    world.add("session_host", f"{which}, ahead", ahead.pk, path)
    world.add("participation", which, taking.pk, path)
    invited = Participation.objects.create(
        study_session=build_guest(committee), committee=committee, is_host=False, state=ParticipationState.INVITED,
        year=2026, number=0, day=AHEAD,
    )  # fmt: skip
    world.add("invitation", which, invited.pk, path)
    members = [row.person for row in committee.memberships.select_related("person")]
    for one in members:
        away = one == colleague
        AttendanceMark.objects.create(
            participation=taking, part=part, person=one, status=Attendance.ON_LEAVE if away else Attendance.PRESENT,
            reason=f"{PRIVATE if which == 'own' else words}事由" if away else "",
        )  # fmt: skip
    taking.expected_marks, taking.present_marks, taking.leave_marks = len(members), len(members) - 1, 1
    taking.roll_saved_at = build.AT
    taking.save()

    for whose, person, said in ((which, mine, words), ("a colleague's", colleague, PRIVATE)):
        if whose != which and colleague == mine:
            continue
        own = person.pk
        speech = Speech.objects.create(
            participation=taking, speaker=person, kind=SpeechKind.KEYNOTE, title=f"{words}发言{own}", text=f"{said}提纲",
            stage=SpeechStage.SUBMITTED, edition=1,
        )  # fmt: skip
        world.add("speech", whose, speech.pk, path, person=own)
        leave = LeaveRequest.objects.create(
            participation=ahead.participations.get(),
            person=person,
            kind="DUTY",
            reason=f"{said}请假",
            asked_at=build.AT,
        )
        world.add("leave", whose, leave.pk, path, person=own)
        make_up = MakeUpStudy.objects.create(
            participation=taking, person=person, due_on=AHEAD, stage=MakeUpStage.SUBMITTED, reflection=f"{said}体会"
        )
        world.add("make_up", whose, make_up.pk, path, person=own)
    filing = SpeakerFiling.objects.create(
        study_session=ahead, speaker=f"{words}教授", unit="某大学", topic=f"{words}报告"
    )
    world.add("filing", which, filing.pk, path)

    minutes = Minutes.objects.create(
        study_session=session, stage=MinutesStage.SUBMITTED, discussion=f"{words}讨论", author=secretary.person
    )
    MinutesSection.objects.create(minutes=minutes, agenda_item=session.agenda.get(), text=f"{words}要点")
    world.add("minutes", which, minutes.pk, path)
    world.add("minutes_of", which, session.pk, path)
    outcome = Outcome.objects.create(
        code=f"CG{committee.pk}", committee=committee, day=HELD_ON, kind=OutcomeKind.PROPOSAL, title=f"{words}建议",
        study_session=session, entered_at=build.AT,
    )  # fmt: skip
    world.add("outcome", which, outcome.pk, path)
    archived = _session(committee, f"{words}已归档", HELD_ON - timedelta(days=20), SessionStage.ARCHIVED, 3)
    Minutes.objects.create(
        study_session=archived,
        stage=MinutesStage.APPROVED,
        author=secretary.person,
        approver=members[0],
        approved_at=build.AT,
    )
    world.add("archived", which, archived.pk, path)
    correction = Correction.objects.create(
        committee=committee, study_session=archived, number=1, kind=CorrectionKind.MINUTES, before={"summary": "前"},
        after={"summary": f"{words}后"}, reason=f"{words}理由", evidence="会议记录", asked_by=secretary.person, asked_at=build.AT,
    )  # fmt: skip
    world.add("correction", which, correction.pk, path)
    for subject, kind, about in (
        ("material", AttachmentKind.MATERIAL, session), ("evidence", AttachmentKind.EVIDENCE, session),
        ("outcome_file", AttachmentKind.OUTCOME, outcome),
    ):  # fmt: skip
        file = _file(committee, about, kind, words, build.account())
        world.add(subject, which, file.pk, path)
    _issued(world, committee, which, words)
    _letters(world, committee, which, words)
    _finding(world, committee, which, words, members[0], secretary.person)
    event = record(plan, verb="submit", by=MACHINE, at=build.AT)
    world.add("audit_event", which, event.pk, path)


def _finding(world: World, committee: Committee, which: str, words: str, owner: Person, secretary: Person) -> None:
    """Run by the committee directly above; applied to be closed, with evidence, and an extension asked for."""
    department = committee.parent
    row = Finding.objects.create(
        committee=committee, department=department, source=Source.INSPECTION, year=2026, text=f"{words}问题",
        serial=Finding.objects.count() + 1, type=ProblemType.objects.get_or_create(name="学习形式单一")[0], found_on=HELD_ON,
        stage=FindingStage.SUBMITTED, confirmed_on=HELD_ON, owner=owner, accountable_leader=owner, due_on=AHEAD,
        submitted_by=secretary, submitted_on=HELD_ON, evidence_print="0" * 64,
    )  # fmt: skip
    proof = Evidence.objects.create(finding=row, text=f"{words}佐证", filed_by=secretary, filed_at=build.AT)
    asked = Extension.objects.create(
        finding=row, old_due_on=AHEAD, new_due_on=AHEAD + timedelta(days=9), reason=f"{words}延期", asked_at=build.AT
    )
    world.add("finding", which, row.pk, department.path, committee.path, person=owner.pk, exact=True)
    world.add("finding_desk", which, row.pk, department.path, exact=True)
    world.add("finding_below", which, row.pk, department.path, person=owner.pk)
    world.add("finding_evidence", which, proof.pk, committee.path)
    world.add("extension", which, asked.pk, department.path, exact=True)


def _schemes(world: World, root: Committee, county: Committee, other: Committee) -> None:
    """Published by the city, the county and a sibling; a draft of the county. Who stands over a department reads none."""
    paths = list(Committee.objects.filter(path__startswith=root.path).values_list("path", flat=True))
    for which, committee, title, stage in (
        ("top", root, f"{CONTENT}市办法", SchemeStage.PUBLISHED), ("own", county, f"{CONTENT}县办法", SchemeStage.PUBLISHED),
        ("other", other, f"{SECRET}办法", SchemeStage.PUBLISHED), ("a draft", county, f"{CONTENT}办法草稿", SchemeStage.DRAFT),
    ):  # fmt: skip
        draft = stage == SchemeStage.DRAFT
        row = Scheme.objects.create(
            committee=committee, year=2026, edition=2 if draft else 1, title=title, stage=stage,
            effective_from=build.SINCE.replace(year=2026), published_at=None if draft else build.AT,
        )  # fmt: skip
        told = [path for path in paths if path.startswith(committee.path) and not draft]
        world.add("scheme", which, row.pk, *(told or [committee.path]), exact=True)
        world.add("scheme_desk", which, row.pk, committee.path, exact=True)


def _told(world: World, root: Committee, mine: Person, colleague: Person, stranger: Person) -> None:
    """A notice each, and a calendar of somebody who studies with nobody else."""
    for which, person, words in (
        ("own", mine, CONTENT),
        ("a colleague's", colleague, PRIVATE),
        ("other", stranger, SECRET),
    ):
        told = Notice.objects.create(
            person=person, rhythm=Rhythm.MONTHLY, period="2026-03", title=f"{words}月提醒", created_at=build.AT,
            lines=[{"item": None, "kind": "补学", "what": f"{words}补学", "committee": "", "due": "", "left": "", "tone": "near", "url": ""}],
        )  # fmt: skip
        world.targets.setdefault("notice", {})[which] = Target((told.pk,), (), person.pk, private=True)
        sent = Delivery.objects.create(
            notice=told, channel=Channel.MAIL, address="a@zhixing.example", stage="FAILED", next_try_at=build.AT
        )
        world.add("delivery", which, sent.pk, *person.memberships.values_list("committee__path", flat=True))
    alone = build.member(build.committee("己单位党组", parent=root)).person
    build.account(alone)
    key = FeedKey.objects.create(person=alone, nonce="n" * 32, made_at=build.AT)
    world.targets["feed"] = {"own": Target((alone.pk, token(key)), ())}


def _visits(
    world: World, root: Committee, county: Committee, own: Committee, other: Committee, stranger: Person
) -> None:
    """Rounds of the county and of the city; the observer is named in A's visit, a stranger in B's, and one is not sent out."""
    mine = world.users["observer"].person
    for which, department, unit, words, who, stage in (
        ("own", county, own, CONTENT, mine, VisitStage.ACCEPTED), ("other", root, other, SECRET, stranger, VisitStage.ASSIGNED),
        ("not sent out", root, own, CONTENT, mine, VisitStage.PROPOSED),
    ):  # fmt: skip
        team, _ = VisitTeam.objects.get_or_create(committee=department, name=f"{words}组", since=build.SINCE)
        if not team.members.filter(expert__person=who).exists():
            expert = Expert.objects.create(committee=department, person=who, unit_name=words, since=build.SINCE)
            TeamMember.objects.create(team=team, expert=expert, since=build.SINCE, is_leader=True)
        number = VisitRound.objects.filter(committee=department).count() + 1
        visit_round = VisitRound.objects.create(
            committee=department, year=2026, number=number, title=f"{words}批次", since=build.SINCE.replace(year=2026),
            until=AHEAD, stage=RoundStage.DRAFT if stage == VisitStage.PROPOSED else RoundStage.OPEN,
        )  # fmt: skip
        visit_round.places.add(unit)
        visit = ObservationVisit.objects.create(
            round=visit_round, committee=unit, team=team, stage=stage, reasons=[f"{words}理由"],
            study_session=unit.study_sessions.get(day=AHEAD, topic__endswith="下一次学习主题"),
        )  # fmt: skip
        VisitObserver.objects.create(visit=visit, person=who, is_lead=True)
        told = (unit.path,) if stage != VisitStage.PROPOSED else ()
        named = who.pk if stage != VisitStage.PROPOSED else -1
        world.targets.setdefault("visit", {})[which] = Target((visit.pk,), (department.path, *told), named, exact=True)
        # the session is farther ahead than the window
        world.targets.setdefault("visit_pack", {})[which] = Target(
            (visit.pk,), (department.path, *told), -1, exact=True
        )
        sheet, _ = ScoreSheet.objects.get_or_create(
            committee=department, since=build.SINCE, defaults={"name": f"{words}评分表"}
        )
        score = VisitScore.objects.create(visit=visit, sheet=sheet, person=who, comment=f"{words}点评")
        for subject, row in (("visit_score", score), ("score_sheet", sheet)):
            world.targets.setdefault(subject, {})[which] = Target((row.pk,), (department.path,), -1, exact=True)
        world.targets.setdefault("round", {})[which] = Target((visit_round.pk,), (department.path,), -1, exact=True)
        # said why, a department above opens it; for the unit and the observers there is nothing to be opened
        world.add("visit_sample", which, visit.pk, department.path, person=-1)


def _feedback(
    world: World, root: Committee, county: Committee, own: Committee, other: Committee, stranger: Person
) -> None:
    """Letters in draft, which the unit does not see, and letters it has received, run by the county and by the city."""
    mine = world.users["observer"].person
    for which, department, unit, words, who in (
        ("own", county, own, CONTENT, mine), ("other", root, other, SECRET, stranger)
    ):  # fmt: skip
        team = VisitTeam.objects.get(committee=department, name=f"{words}组")
        for subject, stage, letter in (
            ("visit_draft", VisitStage.OBSERVED, FeedbackStage.DRAFT),
            ("visit_letter", VisitStage.FED_BACK, FeedbackStage.ISSUED),
        ):
            number = VisitRound.objects.filter(committee=department).count() + 1
            visit_round = VisitRound.objects.create(
                committee=department, year=2026, number=number, title=f"{words}反馈批次", stage=RoundStage.OPEN,
                since=build.SINCE.replace(year=2026), until=AHEAD,
            )  # fmt: skip
            visit = ObservationVisit.objects.create(
                round=visit_round, committee=unit, team=team, stage=stage, observed_on=HELD_ON,
                study_session=unit.study_sessions.filter(day=HELD_ON).first(),
            )  # fmt: skip
            VisitObserver.objects.create(visit=visit, person=who, is_lead=True)
            told = stage == VisitStage.FED_BACK
            Feedback.objects.create(
                visit=visit, overall=f"{words}评价", highlights=f"{words}亮点", problems=f"{words}问题", stage=letter,
                issued_at=build.AT if told else None,
            )  # fmt: skip
            paths = (department.path, unit.path) if told else (department.path,)
            world.targets.setdefault(subject, {})[which] = Target((visit.pk,), paths, who.pk, exact=True)


def build_guest(committee: Committee) -> StudySession:
    """A session somewhere else to which `committee` is invited."""
    elsewhere = build.committee("戊单位党组", parent=Committee.objects.get(pk=int(committee.path.split("/")[0])))
    return _session(elsewhere, "邀请", AHEAD, SessionStage.PREPARING, 1)


def _file(committee: Committee, about: object, kind: str, words: str, by: User) -> Attachment:
    row = Attachment(
        committee=committee, subject_type=about._meta.model_name, subject_id=about.pk, kind=kind, name=f"{words}.pdf",  # type: ignore[attr-defined]
        content_type="application/pdf", size=4, sha256="0" * 64, uploaded_by=by, uploaded_at=build.AT,
    )  # fmt: skip
    row.file.save("x", ContentFile(b"%PDF"), save=False)
    row.save()
    return row


def _issued(world: World, committee: Committee, which: str, words: str) -> None:
    job = Job.objects.create(
        kind="papers.annual", key=f"annual:{committee.pk}", label=f"{words}年度报告", committee=committee,
        stage=JobStage.RUNNING, total=2, created_at=build.AT, started_at=build.AT,
    )  # fmt: skip
    world.add("job", which, job.pk, committee.path)
    paper = IssuedPaper(
        kind=PaperKind.OUTCOMES, committee=committee, year=2025, title=f"{words}成果清单", facts={"topic": words},
        edition="0" * 64, sha256="0" * 64, pages=1, as_of=build.AT, issued_at=build.AT,
    )  # fmt: skip
    paper.file.save("x", ContentFile(b"%PDF"), save=False)
    paper.save()
    world.add("paper", which, paper.pk, committee.path)
    docx = PaperFile(paper=paper, format="docx", sha256=paper.sha256, edition=paper.edition, made_at=paper.issued_at)
    docx.file.save("x", ContentFile(b"PK"), save=False)
    docx.save()
    template = WordTemplate(
        committee=committee, kind=PaperKind.MINUTES, number=1, sha256=paper.sha256, note=f"{words}模板",
        uploaded_by=User.objects.order_by("pk").first(), uploaded_at=paper.issued_at,
    )  # fmt: skip
    template.file.save("x", ContentFile(b"PK"), save=False)
    template.save()
    world.add("word_template", which, template.pk, committee.path)
    run = ImportRun(
        committee=committee, name=f"{words}.xlsx", sha256="0" * 64, stage=ImportStage.PREVIEWED, uploaded_at=build.AT,
        uploaded_by=world.users["observer"], report={},
    )  # fmt: skip
    book, file = openpyxl.Workbook(), BytesIO()
    book.active.title = "人员"
    book.active.append(["人员编码*", "姓名*"])
    book.active.append(["", f"{words}某"])
    book.save(file)
    run.file.save("x", ContentFile(file.getvalue()), save=False)
    run.save()
    world.add("import_run", which, run.pk, committee.path)


def _corps(world: World, committee: Committee, which: str, words: str) -> None:
    """A course, an expert, a team and a hand-over of the committee's own."""
    path = committee.path
    keeper, name = committee.secretaries.first(), "甲" if which == "own" else SECRET
    course = TrainingCourse.objects.create(committee=committee, name=f"{words}培训班", since=HELD_ON, until=AHEAD)
    TrainingSession.objects.create(course=course, day=HELD_ON, topic=f"{words}课程", hours=4)
    Trainee.objects.create(course=course, person=keeper.person, committee=committee)
    expert = Expert.objects.create(
        committee=committee, person=build.person(f"{name}专家"), unit_name=f"{words}学校", since=build.SINCE
    )
    team = VisitTeam.objects.create(committee=committee, name=f"{words}组", since=build.SINCE)
    TeamMember.objects.create(team=team, expert=expert, is_leader=True, since=build.SINCE)
    TeamArea.objects.create(team=team, department=committee, committee=committee, since=build.SINCE)
    hand_over = HandOver.objects.create(
        committee=committee, giver=keeper, receiver=build.person(f"{name}接任"), ends_at=build.at(AHEAD), note=f"{words}说明",
        prepared_at=build.AT,
    )  # fmt: skip
    for subject, row in (("course", course), ("expert", expert), ("team", team), ("hand_over", hand_over)):
        world.add(subject, which, row.pk, path)


def _letters(world: World, committee: Committee, which: str, words: str) -> None:
    """A thing that is due, and the letters that name it: the city's, and one of the committee directly above."""
    item = DueItem.objects.create(
        kind=Kind.PLAN_DUE, subject=f"plan:{committee.pk}:2027", committee=committee, due_on=HELD_ON, what=f"{words}计划",
        found_on=HELD_ON,
    )  # fmt: skip
    root = Committee.objects.get(pk=int(committee.path.split("/")[0]))
    for name, sender in ((which, root), (f"{which}, from directly above", committee.parent)):
        letter = ReminderLetter.objects.create(
            committee=committee, sender=sender, year=2026, demand=f"{words}要求", answer_by=AHEAD, issued_at=build.AT,
            number=ReminderLetter.objects.filter(sender=sender).count() + 1,
        )  # fmt: skip
        LetterLine.objects.create(letter=letter, item=item, what=item.what, due_on=item.due_on)
        world.add("letter", name, letter.pk, committee.path)
        world.add("letter_sent", name, letter.pk, sender.path)


def _joint(world: World, host: Committee, guest: Committee) -> None:
    """A session of another committee in which A takes part: read by both, changed by the host alone."""
    session = _session(host, "联组", HELD_ON - timedelta(days=3), SessionStage.HELD, 1)
    session.is_joint = True
    session.save()
    taking = Participation.objects.create(
        study_session=session, committee=guest, is_host=False, year=2026, number=4, day=session.day
    )
    hosting = session.participations.get(is_host=True)
    stranger = build.member(host, build.person("丁成员")).person
    AttendanceMark.objects.create(
        participation=hosting,
        part=session.parts.get(),
        person=stranger,
        status=Attendance.ON_LEAVE,
        reason=f"{SECRET}事由",
    )
    hosting.expected_marks = hosting.leave_marks = 1
    hosting.save()
    speech = Speech.objects.create(
        participation=hosting, speaker=stranger, kind=SpeechKind.KEYNOTE, title="丁发言", text=f"{SECRET}提纲"
    )
    world.add("speech", "the host's", speech.pk, host.path, person=stranger.pk)
    world.add("session", "joint", session.pk, host.path, guest.path)
    world.add("session_host", "joint", session.pk, host.path)
    world.add("participation", "joint, the host's", hosting.pk, host.path)
    world.add("participation", "joint, ours", taking.pk, guest.path)


def _weighed(world: World, root: Committee, county: Committee, own: Committee, other: Committee) -> None:
    """Published results of the county over A and of the city over B, one run that has not begun, and interviews."""
    judge = build.account()
    for which, department, unit, words, stage in (
        ("own", county, own, CONTENT, AssessmentStage.PUBLIC), ("other", root, other, SECRET, AssessmentStage.PUBLIC),
        ("not begun", county, own, CONTENT, AssessmentStage.RULES),
    ):  # fmt: skip
        public = stage == AssessmentStage.PUBLIC
        year = 2024 if public else 2023
        # what the city published is read by all below it, so its title is no secret
        scheme = Scheme.objects.create(
            committee=department, year=year, title=f"{CONTENT}办法", effective_from=date(year, 1, 1),
            stage=SchemeStage.PUBLISHED, published_at=build.AT, bonus_cap=3,
        )  # fmt: skip
        item = SchemeItem.objects.create(
            indicator=Indicator.objects.create(scheme=scheme, order=1, name=f"{words}指标", weight=100), order=1,
            name=f"{words}评分项", max=10,
        )  # fmt: skip
        run = Assessment.objects.create(
            committee=department, scheme=scheme, year=year, as_of=date(year, 12, 31), stage=stage, self_due_on=AHEAD,
            published_on=build.DAY if public else None, objection_until=AHEAD if public else None,
        )  # fmt: skip
        row = AssessmentSheet.objects.create(assessment=run, committee=unit, self_note=f"{words}自评")
        SheetLine.objects.create(sheet=row, item=item, reason=f"{words}理由")
        world.add("run", which, run.pk, department.path, exact=True)
        world.add("sheet", which, row.pk, department.path, *((unit.path,) if public else ()), exact=True)
        world.add("sheet_desk", which, row.pk, department.path, exact=True)
        if not public:
            continue
        asked = Objection.objects.create(sheet=row, reason=f"{words}申诉", asked_by=judge, asked_at=build.AT)
        bonus = BonusRequest.objects.create(
            sheet=row, reason=f"{words}加分", points=1, asked_by=judge, asked_at=build.AT
        )
        world.add("objection", which, asked.pk, department.path, unit.path, exact=True)
        world.add("bonus", which, bonus.pk, department.path, exact=True)
        result = OtherResult.objects.create(
            committee=unit, year=2024, name=f"{words}考核", score=90, source=f"{words}来源", entered_at=build.AT
        )
        world.add("other_result", which, result.pk, unit.path)
        lead = unit.memberships.filter(group_role=GroupRole.LEADER).first().person
        for held in (False, True):
            decided = {"decided_by": judge, "decided_at": build.AT} if held else {}
            record_ = {"held_on": HELD_ON, "interviewer": judge.person, "interviewee": lead, "record": f"{words}记录"}
            talk = LeaderInterview.objects.create(
                department=department, committee=unit, year=2024 if held else 2025, reason=f"{words}缘由",
                suggested_at=build.AT, stage=InterviewStage.HELD if held else InterviewStage.SUGGESTED,
                **(record_ | decided if held else {}),
            )  # fmt: skip
            paths = (department.path, unit.path) if held else (department.path,)
            world.add("interview_held" if held else "interview", which, talk.pk, *paths, exact=True)
