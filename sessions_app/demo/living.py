"""A week in the life of the shown committee, by ordinary actions: something waits for every role that logs in."""

from datetime import date, datetime, time, timedelta

from roster.accounts.models import User
from roster.committees.models import Committee
from roster.people.models import Membership
from sessions_app.attendance import actions as attendance
from sessions_app.attendance.models import Attendance, LeaveKind
from sessions_app.attendance.roll import open_roll
from sessions_app.corrections import actions as corrections
from sessions_app.demo.accounts import shown_committee
from sessions_app.demo.world import World
from sessions_app.demo.year import moment
from sessions_app.minutes import actions as minutes
from sessions_app.plans import actions as plans
from sessions_app.plans.models import PlanItem, StudyMode, StudyPlan
from sessions_app.policies.calendar import load
from sessions_app.policies.rules import WorkingDays
from sessions_app.sessions import actions as sessions
from sessions_app.sessions import filing_actions, speech_actions
from sessions_app.sessions.models import Participation, SessionStage, SpeechKind, StudySession


class Week:
    """The people of the shown committee and the days round today."""

    def __init__(self, world: World, at: datetime) -> None:
        self.at, self.today = at, at.date()
        self.committee = Committee.objects.get(code=shown_committee(world))
        self.calendar: WorkingDays = load(self.today - timedelta(days=60), self.today + timedelta(days=60))

    def user(self, username: str, on: date) -> User:
        return User.objects.get(username=username).act(on=on)

    def back(self, working_days: int) -> date:
        day = self.today
        while working_days:
            day -= timedelta(days=1)
            working_days -= day in self.calendar
        return day

    def ahead(self, working_days: int) -> date:
        return self.calendar.add(self.today, working_days)

    def called(self, day: date, item: PlanItem | None, place: str, prepared: date) -> StudySession:
        """A session created and submitted by the secretary, from a topic of the plan."""
        by = self.user("mishu", prepared)
        row = sessions.create(
            committee=self.committee, day=day, plan_item=item, topic="" if item else "学习上级最新会议精神",
            mode=None if item else StudyMode.DISCUSSION, place=place, by=by, at=moment(prepared, 9),
            parts=[{"day": day, "starts_at": time(9), "ends_at": time(11, 30), "days": "0.5"}],
            materials=[{"title": "上级最新会议文件"}],
        )  # fmt: skip
        return sessions.submit(row, version=row.version, by=by, at=moment(prepared, 10))

    def held(self, row: StudySession, approved: date) -> StudySession:
        row = sessions.approve(row, version=row.version, by=self.user("zuzhang", approved), at=moment(approved, 16))
        return sessions.hold(row, version=row.version, by=self.user("mishu", row.day), at=moment(row.day, 14))

    def roll(self, row: StudySession, away: dict[int, tuple[str, str]]) -> Participation:
        """The roll of the host: everybody present but the persons of `away`."""
        part = Participation.objects.get(study_session=row, is_host=True)
        marks = []
        for page in open_roll(part, today=row.day).parts:
            for line in page.rows:
                status, reason = away.get(line.person_id, (Attendance.PRESENT, ""))
                marks.append({"person": line.person_id, "part": page.part.pk, "status": status, "reason": reason})
        return attendance.record_roll(
            part, marks=marks, version=part.version, by=self.user("mishu", row.day), at=moment(row.day, 15)
        )


def play(world: World, *, at: datetime) -> None:
    """What a visitor of the demo finds open today."""
    week = Week(world, at)
    plan = StudyPlan.objects.filter(committee=week.committee, year=week.today.year).in_force().get()
    # The last two topics stay open for the visitor.
    items = list(plan.items.filter(participations__isnull=True).order_by("serial"))[:-2]
    member = week.user("chengyuan", week.today)
    others = [
        m for m in Membership.objects.filter(committee=week.committee).on(week.today).order_by("rank") if m.rank > 2
    ]

    _minutes_waiting(week, items.pop(0) if items else None, member)
    _minutes_unfinished(week, items.pop(0) if items else None, others)
    _coming(week, items.pop(0) if items else None, others, member)
    _correction_asked(week)
    _next_years_plan(week, plan)


def _minutes_waiting(week: Week, item: PlanItem | None, member: User) -> None:
    """Held eight working days ago; the record is written and waits for 审签; the member's make-up waits to be confirmed."""
    day = week.back(8)
    row = week.held(week.called(day, item, "第一会议室", week.back(14)), week.back(12))
    part = week.roll(row, {member.person_id: (Attendance.ON_LEAVE, "带队赴外地招商")})
    secretary = week.user("mishu", week.back(6))
    record = minutes.start(row, by=secretary, at=moment(week.back(6), 9))
    texts = {f"agenda-{agenda.pk}": f"{agenda.content}，按议程进行。" for agenda in row.agenda.all()}
    texts |= {f"speech-{speech.pk}": "结合分管工作谈认识、提举措。" for speech in part.speeches.all()}
    record = minutes.save(
        record, discussion="与会人员联系分管工作作了交流。", summary="主持人要求抓好学习成果转化。", sections=texts,
        action_items=[{"text": "各科室梳理需要推动解决的问题", "owner": "办公室"}], version=record.version, by=secretary,
        at=moment(week.back(6), 10),
    )  # fmt: skip
    minutes.submit(record, version=record.version, by=secretary, at=moment(week.back(6), 11))
    owed = part.make_ups.get(person_id=member.person_id)
    attendance.submit_make_up(
        owed, done_on=week.back(2), method="自学", content="自学会议篇目，阅看学习记录。", reflection="结合分管工作抓好落实。",
        version=owed.version, by=member, at=moment(week.back(2), 17),
    )  # fmt: skip


def _minutes_unfinished(week: Week, item: PlanItem | None, others: list[Membership]) -> None:
    """Held three working days ago, one away; the record is begun and not finished."""
    row = week.held(week.called(week.back(3), item, "机关三楼会议室", week.back(11)), week.back(9))
    week.roll(row, {others[-1].person_id: (Attendance.ON_LEAVE, "参加培训班")})
    minutes.start(row, by=week.user("mishu", week.back(2)), at=moment(week.back(2), 9))


def _coming(week: Week, item: PlanItem | None, others: list[Membership], member: User) -> None:
    """Next week's session waits for approval; a speech for review, another to be written; leave is asked; a filing waits."""
    row = week.called(week.ahead(6), item, "四楼中心组学习室", week.back(1))
    part = Participation.objects.get(study_session=row, is_host=True)
    secretary = week.user("mishu", week.today)
    now = min(week.at, moment(week.today, 17))
    for membership, title, text in (
        (
            others[0],
            f"{row.topic}：认识与举措",
            f"围绕{row.topic}，结合分管工作谈三点认识：一是提高站位；二是查找差距；三是抓好落实。",
        ),
        (others[1], f"{row.topic}与分管工作思考", ""),
    ):
        existing = part.speeches.filter(speaker_id=membership.person_id).first()
        speech = existing or speech_actions.add_speech(
            part, speaker=membership.person, kind=SpeechKind.KEYNOTE, title=title, by=secretary, at=now
        )
        if text:
            speech_actions.submit_speech(
                speech, text=text, link_to_work="分管领域重点工作", version=speech.version, by=secretary, at=now
            )
    filing_actions.file_speaker(
        row, speaker="苏教授", unit="省委党校", topic=f"{row.topic}专题辅导", title="教授", audience="中心组成员",
        summary="解读精神、分析案例、提出建议。", by=secretary, at=now,
    )  # fmt: skip
    attendance.ask_leave(part, person=member.person, kind=LeaveKind.DUTY, reason="赴省里参加会议", by=member, at=now)


def _correction_asked(week: Week) -> None:
    """Somebody marked present in an archived session had been on leave: the secretary asks, the leader decides."""
    part = (
        Participation.objects.filter(
            committee=week.committee, is_host=True, part_count=1, study_session__stage=SessionStage.ARCHIVED,
            day__year=week.today.year,
        ).order_by("-day").first()
    )  # fmt: skip
    if part is None:
        return
    mark = part.marks.filter(status=Attendance.PRESENT).order_by("-person_id").first()
    corrections.ask(
        part, marks=[{"person": mark.person_id, "part": mark.part_id, "status": Attendance.ON_LEAVE, "reason": "参加省里培训"}],
        reason="当日本人在省里参加培训，点名时误记出席。", evidence="省委党校培训通知和学员名册", by=week.user("mishu", week.today),
        at=week.at,
    )  # fmt: skip


def _next_years_plan(week: Week, plan: StudyPlan) -> None:
    """Next year's plan is begun from this year's."""
    by = week.user("mishu", week.today)
    plans.create(committee=week.committee, year=week.today.year + 1, copy_from=plan, by=by, at=week.at)
