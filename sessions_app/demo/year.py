"""What happened: two years of plans, sessions, marks, speeches, outcomes, as rows that carry the time of their day."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from roster.people.intake import MembershipRow
from roster.people.models import GroupRole
from sessions_app.attendance.intake import MarkRow
from sessions_app.attendance.models import Attendance
from sessions_app.demo import names
from sessions_app.demo.world import SHOWN, SHOWN_SMALL, Body, World
from sessions_app.outcomes.intake import OutcomeRow
from sessions_app.outcomes.models import OutcomeKind, OutcomeStage
from sessions_app.plans.intake import PlanItemRow
from sessions_app.plans.models import PlanStage, StudyMode
from sessions_app.policies.rules import WorkingDays
from sessions_app.sessions.intake import AgendaRow, GuestRow, PartRow, SessionRow, SpeechRow
from sessions_app.sessions.models import AgendaKind, Form, SessionStage, SpeechKind

SHANGHAI = ZoneInfo("Asia/Shanghai")
# The published account's figures, reproduced by the last full year (domain 0).
ESSAYS, RESEARCH_REPORTS, PROPOSALS, POLICIES, ON_SITE_AT_LEAST = 219, 52, 12, 26, 120


def moment(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime.combine(day, time(hour, minute), SHANGHAI)


@dataclass
class Meeting:
    """One session of the demo before it becomes a row: numbers are given when all of a year are known."""

    body: Body
    day: date
    topic: str
    category: int
    mode: str
    serial: int | None
    days: Decimal
    parts: int = 1
    cancelled: bool = False
    late: int = 0
    guests: list[Body] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)


@dataclass
class History:
    plans: list[PlanItemRow] = field(default_factory=list)
    sessions: list[SessionRow] = field(default_factory=list)
    marks: list[MarkRow] = field(default_factory=list)
    speeches: list[SpeechRow] = field(default_factory=list)
    outcomes: list[OutcomeRow] = field(default_factory=list)


def history(world: World, *, last_year: int, today: date, calendar: WorkingDays) -> History:
    """Everything up to yesterday, for the last full year and the running one."""
    found = History()
    for year in (last_year, last_year + 1):
        random = Random(f"year {year}")
        meetings = [m for body in world.bodies for m in _plan_year(random, body, year, today, calendar, found)]
        _join_some(random, world, meetings)
        _number(meetings)
        for meeting in meetings:
            _write(random, meeting, calendar, found, today)
        _outcomes(random, world, meetings, year, today, found)
    return found


def _working(day: date, calendar: WorkingDays) -> date:
    while day not in calendar:
        day += timedelta(days=1)
    return day


def _plan_year(
    random: Random, body: Body, year: int, today: date, calendar: WorkingDays, found: History
) -> list[Meeting]:
    """The year's plan and the meetings that follow from it; the last plans are filed late, one not at all yet."""
    count = body.sessions_a_year
    start = random.randrange(len(names.TOPICS))
    filed = _working(date(year, 1, random.randint(8, 22)), calendar)
    if body.row.code in ("LX0211", "LX0313"):
        filed = date(year, 2, 3)
    approved = _working(filed - timedelta(days=5), calendar)
    stage = PlanStage.FILED
    if year == today.year and body.row.code in ("LX0913", "LC47"):
        stage = PlanStage.APPROVED
    meetings = []
    for serial in range(1, count + 1):
        month = max(1, min(12, round((serial - 0.5) * 12 / count + 0.5)))
        topic, category, mode = names.TOPICS[(start + serial) % len(names.TOPICS)]
        speakers = random.sample(body.on(date(year, 1, 31)), 3)
        found.plans.append(
            PlanItemRow(
                body.code, year, serial, (month + 2) // 3, topic, category, month, mode,
                "、".join(body.names[m.person] for m in speakers), _expected(mode), _reading(topic),
                department="办公室", research_topic=f"{topic}专题调研" if mode == StudyMode.FIELD else None,
                stage=stage, aim="深化理论武装，推动学用结合，把学习成果转化为推动工作的举措。",
                requirements="集体学习研讨每季度不少于一次；成员会前自学，会中研讨，会后转化；因故不能参加的履行请假手续并及时补学。",
                approving_meeting=f"{year}年第{random.randint(1, 3)}次会议", approved_on=approved,
                filed_on=filed if stage == PlanStage.FILED else None, submitted_by=body.secretaries[0],
                approved_by=body.leader_on(approved), at=moment(filed, 16),
            )
        )  # fmt: skip
        day = _working(date(year, month, random.randint(3, 24)), calendar)
        # The shown committee keeps the running year's last two topics for its visitor to call.
        kept = body.code in (SHOWN, SHOWN_SMALL) and year == today.year and serial > count - 2
        if random.random() < 0.05 or day >= today or kept:
            continue  # not held, or not yet
        days = Decimal("1.0") if random.random() < 0.35 else Decimal("0.5")
        meeting = Meeting(body, day, topic, category, mode, serial, days)
        chance = random.random()
        if chance < 0.012:
            meeting.cancelled = True
        elif chance < 0.032:
            meeting.late = random.randint(9, 38)
        elif body.size > 20 and serial == 7:
            meeting.parts, meeting.days = 3, Decimal("3.0")
        meetings.append(meeting)
    return meetings


def _expected(mode: str) -> str:
    return {
        StudyMode.FIELD: "形成调研报告1篇",
        StudyMode.DISCUSSION: "形成学习体会",
        StudyMode.TEACH_BACK: "开展宣讲1次",
    }.get(StudyMode(mode), "提出改进工作举措")


def _reading(topic: str) -> str:
    return f"《{topic}》学习读本有关章节；上级下发的学习资料"


def _join_some(random: Random, world: World, meetings: list[Meeting]) -> None:
    """Six joint sessions a year: a host of the city and one or two guests, who have no session of their own that day."""
    busy: dict[str, set[date]] = defaultdict(set)
    for meeting in meetings:
        busy[meeting.body.code].add(meeting.day)
    hosts = [m for m in meetings if m.body.code.startswith("LC") and not m.cancelled and not m.late and m.parts == 1]
    for meeting in random.sample(hosts, min(6, len(hosts))):
        others = [
            b
            for b in world.bodies
            if b.code.startswith("LC") and b is not meeting.body and meeting.day not in busy[b.code]
        ]
        meeting.guests = random.sample(others, min(len(others), random.choice((1, 2))))
        for guest in meeting.guests:
            busy[guest.code].add(meeting.day)


def _number(meetings: list[Meeting]) -> None:
    """Each committee counts its own year, in the order of the days; a cancelled one keeps its number."""
    places: dict[str, list[Meeting]] = defaultdict(list)
    for meeting in meetings:
        for body in (meeting.body, *meeting.guests):
            places[body.code].append(meeting)
    for code, rows in places.items():
        for number, meeting in enumerate(sorted(rows, key=lambda m: (m.day, m.topic)), 1):
            meeting.numbers[code] = number


def _write(random: Random, meeting: Meeting, calendar: WorkingDays, found: History, today: date) -> None:
    body, day, year = meeting.body, meeting.day, meeting.day.year
    here = body.on(day)
    number = meeting.numbers[body.code]
    leader, secretary = body.leader_on(day), body.secretaries[0]
    chair = leader if random.random() < 0.9 else here[1].person
    speakers = random.sample(here[1:], min(3, len(here) - 1))
    on_site = meeting.mode in (StudyMode.ON_SITE, StudyMode.FIELD)
    last = day + timedelta(days=meeting.parts - 1)
    entered = last + timedelta(days=meeting.late) if meeting.late else last
    closed = min(_working(entered + timedelta(days=random.randint(4, 9)), calendar), today - timedelta(days=1))
    recent = (today - last).days < 10
    agenda = [
        AgendaRow(AgendaKind.LEAD_READING, f"领学{meeting.topic}有关篇目", here[2].person, 40),
        *(AgendaRow(AgendaKind.KEYNOTE, f"围绕{meeting.topic}重点发言", m.person, 15) for m in speakers),
        AgendaRow(AgendaKind.DISCUSSION, "交流研讨", None, 40), AgendaRow(AgendaKind.SUMMARY, "总结讲话", chair, 15),
    ]  # fmt: skip
    parts = [
        PartRow(day + timedelta(days=index), time(9), time(17 if meeting.days >= meeting.parts else 11, 30),
                meeting.days / meeting.parts)
        for index in range(meeting.parts)
    ]  # fmt: skip
    stage = SessionStage.CANCELLED if meeting.cancelled else SessionStage.HELD if recent else SessionStage.ARCHIVED
    found.sessions.append(
        SessionRow(
            body.code, year, number, day, meeting.topic, meeting.mode, cancelled=meeting.cancelled,
            place_name=random.choice(names.SITES if on_site else names.PLACES), chair=chair, plan_serial=meeting.serial,
            late_reason="秘书外出培训，返回后补录" if meeting.late else None, stage=stage,
            form=Form.READING_CLASS if meeting.parts > 1 else Form.ON_SITE if meeting.mode == StudyMode.ON_SITE
            else Form.GROUP_STUDY,
            category=meeting.category, recorder=secretary, late_days=meeting.late,
            cancel_reason=random.choice(("防汛应急处置", "参加上级紧急会议")) if meeting.cancelled else None,
            submitted_by=None if meeting.late else secretary, approved_by=None if meeting.late else leader,
            approved_at=None if meeting.late else moment(day - timedelta(days=3), 17),
            archived_at=moment(closed, 15) if stage == SessionStage.ARCHIVED else None, contact=body.names[secretary],
            self_study="会前自学所列篇目，结合分管工作准备发言。", parts=parts, agenda=agenda,
            guests=[GuestRow(guest.code, meeting.numbers[guest.code]) for guest in meeting.guests],
            materials=[f"{meeting.topic}重要论述摘编", "上级有关文件"], at=moment(entered, 18),
        )
    )  # fmt: skip
    if meeting.cancelled:
        return
    for order, speaker in enumerate(speakers):
        kind = SpeechKind.KEYNOTE if order < 2 else SpeechKind.DISCUSSION
        found.speeches.append(
            SpeechRow(body.code, year, number, speaker.person, kind, f"{meeting.topic}与{_field(speaker.post)}工作思考",
                      f"围绕{meeting.topic}，结合{_field(speaker.post)}工作实际，谈认识、摆问题、提举措。",
                      f"{_field(speaker.post)}工作", reviewed_by=leader if speaker.person != leader else here[1].person,
                      at=moment(day - timedelta(days=1), 10))
        )  # fmt: skip
    first = len(found.marks)
    for taking_part in (body, *meeting.guests):
        for part in range(meeting.parts):
            part_day = day + timedelta(days=part)
            for member in taking_part.on(part_day):
                found.marks.append(
                    _mark(random, taking_part, meeting, member, part + 1 if meeting.parts > 1 else None, chair, calendar, today,
                          entered)
                )  # fmt: skip
    # Who was in no part of the session did not speak there: his speech was handed in on paper.
    here = {
        mark.person for mark in found.marks[first:]
        if mark.committee == body.code and mark.status in (Attendance.PRESENT, Attendance.VIDEO)
    }  # fmt: skip
    for row in found.speeches[len(found.speeches) - len(speakers) :]:
        if row.person not in here:
            row.kind = SpeechKind.WRITTEN


def _field(post: str | None) -> str:
    """What somebody with that post answers for, in two words."""
    for word, field_of in (("组织", "组织"), ("宣传", "宣传思想"), ("纪", "纪检监察"), ("政法", "政法"), ("统战", "统战"), ("办公室", "综合协调"),
                           ("人事", "干部人事"), ("法规", "依法行政"), ("规划", "规划编制"), ("工程", "项目建设")):  # fmt: skip
        if post and word in post:
            return field_of
    return "分管"


def _mark(
    random: Random, body: Body, meeting: Meeting, member: MembershipRow, part: int | None, chair: str, calendar: WorkingDays,
    today: date, entered: date,
) -> MarkRow:  # fmt: skip
    number, year = meeting.numbers[body.code], meeting.day.year
    row = MarkRow(body.code, year, number, member.person, Attendance.PRESENT, part=part, make_up="always",
                  at=moment(entered, 18, 5))  # fmt: skip
    chance = random.random()
    if member.person == chair or member.group_role == GroupRole.LEADER and chance < 0.5:
        return row
    if chance < 0.035:
        row.status = Attendance.VIDEO
    elif chance < 0.095:
        row.status, row.reason = Attendance.ON_LEAVE, random.choice(names.LEAVE_REASONS)
    elif chance < 0.108:
        row.status, row.reason = Attendance.ABSENT, random.choice(names.ABSENT_REASONS)
    elif chance < 0.12:
        row.is_late = True
    if row.status in (Attendance.ON_LEAVE, Attendance.ABSENT) and (year < today.year or random.random() < 0.85):
        made = _working(entered + timedelta(days=random.randint(3, 16)), calendar)
        if made < today:
            row.made_up_on = made
            row.confirmed_by = body.secretaries[0]
            row.at = moment(made, 17)  # what is known of the row as of the day it was confirmed
            row.make_up_content = f"自学{meeting.topic}篇目，阅看学习记录，撰写体会。"
    return row


def _outcomes(random: Random, world: World, meetings: list[Meeting], year: int, today: date, found: History) -> None:
    """The account's numbers in a full year; as much of them as the year is old in the running one."""
    share = 1.0 if year < today.year else today.timetuple().tm_yday / 366
    held = [m for m in meetings if not m.cancelled]
    serial: dict[str, int] = defaultdict(int)

    def add(kind: str, meeting: Meeting, title: str, after: int, **more: str) -> OutcomeRow:
        body = meeting.body
        serial[body.code] += 1
        day = min(meeting.day + timedelta(days=after), date(year, 12, 30), today - timedelta(days=1))
        author = random.choice(body.on(meeting.day))
        row = OutcomeRow(f"{body.code}-{year}-{serial[body.code]:02d}", body.code, max(day, meeting.day), kind, title,
                         body.names[author.person], (year, meeting.numbers[body.code]), at=moment(max(day, meeting.day), 17), **more)  # fmt: skip
        found.outcomes.append(row)
        return row

    def some(count: int, modes: tuple[str, ...] = ()) -> list[Meeting]:
        wanted = [m for m in held if not modes or m.mode in modes]
        # A small demo has fewer meetings than the account has essays: several from one meeting are fine.
        return [random.choice(wanted) for _ in range(round(count * share))]

    for meeting in some(ESSAYS):
        add(OutcomeKind.ESSAY, meeting, f"学习{meeting.topic}的体会", random.randint(3, 12))
    for meeting in some(RESEARCH_REPORTS, (StudyMode.FIELD,)):
        add(OutcomeKind.RESEARCH_REPORT, meeting, f"关于{meeting.topic}的调研报告", random.randint(15, 40))
    for meeting in some(38):
        add(
            OutcomeKind.ARTICLE,
            meeting,
            f"以{meeting.topic}推动高质量发展",
            random.randint(10, 30),
            document_number="《澜川日报》理论版",
        )
    for meeting in some(17):
        add(OutcomeKind.REGULATION, meeting, f"{meeting.topic}工作制度", random.randint(15, 40))
    for meeting in some(30):
        add(OutcomeKind.PROBLEM_SOLVED, meeting, f"{meeting.topic}学习中查摆问题的整改", random.randint(15, 40))
    early = [m for m in held if m.day.month <= max(1, min(7, today.month - 3 if year == today.year else 7))]
    proposals = []
    for meeting in random.sample(early, min(len(early), round(PROPOSALS * share))):
        proposals.append(
            (
                meeting,
                add(
                    OutcomeKind.PROPOSAL,
                    meeting,
                    f"关于{meeting.topic}的对策建议",
                    10,
                    stage=OutcomeStage.CONVERTED,
                    adoption="市委主要领导批示，转有关部门研究吸收。",
                ),
            )  # fmt: skip
        )
    for index in range(round(POLICIES * share) if proposals else 0):
        meeting, proposal = proposals[index % len(proposals)]
        head = names.DOCUMENT_HEADS[index % len(names.DOCUMENT_HEADS)]
        add(OutcomeKind.POLICY, meeting, f"关于{meeting.topic}的实施意见（{'一二三'[index // len(proposals)]}）", 40 + index,
            document_number=f"{head}〔{year}〕{10 + index}号", source=proposal.code)  # fmt: skip
