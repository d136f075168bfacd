"""Findings of a year and a half in every state: raised, planned, put right, struck off, returned, overdue, kept up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from roster.audit.actions import Actor
from roster.committees.models import Committee
from roster.people.models import Person
from sessions_app.demo.accounts import shown_committee
from sessions_app.demo.world import World
from sessions_app.demo.year import moment
from sessions_app.findings import intake
from sessions_app.findings.intake import FindingRow, Step
from sessions_app.findings.models import ProblemType, Source
from sessions_app.policies import parameters
from sessions_app.policies.rules import WorkingDays
from sessions_app.visits.models import ObservationVisit, ScoreItem

# By type of the catalogue: what is found, and what is done about it.
PROBLEMS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "学习形式单一": (("连续两次学习只有领学文件，没有安排现场教学或专题辅导。", "学习以念读文件为主，形式较为单一。"),
                ("每季度安排一次现场教学或专题辅导。", "邀请党校教师作专题辅导。")),
    "主题不聚焦": (("一次学习安排四个主题，研讨不够集中。", "学习内容与年度计划专题对应不紧。"),
                ("每次学习只定一个主题，方案报审时核对计划。",)),
    "以会代学": (("学习与党组会议合并召开，学习时间不足一小时。", "第一议题学习计入了集体学习研讨次数。"),
              ("学习与会议分开召开，每次不少于半天。", "重新核对全年场次。")),
    "互动不够": (("重点发言之后没有交流研讨。", "发言多为照本宣科，主持人没有点评。"), ("议程单列交流研讨不少于40分钟。", "主持人逐一点评发言。")),
    "记录要素不全": (("学习记录未写明请假人员和事由。", "两次学习记录缺少审签人签字。"), ("对照要素逐条补正学习记录。", "记录三个工作日内送审签。")),
    "基层覆盖难": (("下属单位没有组织跟进学习。", "班子成员到联系点宣讲次数不足。"), ("每名班子成员每年到联系点宣讲不少于两次。",)),
    "理论与业务“两张皮”": (("发言与分管工作联系不紧，举措不具体。", "学习成果没有转化为工作措施。"), ("发言须列明分管领域问题和举措。", "建立学习成果转化台账。")),
    "档案不规范": (("学习档案缺签到表和发言提纲。", "资料清单与归档材料不一致。"), ("按目录补齐档案，专人管理。",)),
}  # fmt: skip
EVIDENCE = (
    "学习记录（第{n}次）和签到表",
    "整改情况报告（党组〔{year}〕{n}号）",
    "修订后的中心组学习制度",
    "现场教学方案和照片目录",
)
MORE_EVIDENCE = "补充提交审签人签字的学习记录"
RETURNED = ("学习记录没有审签人签字，请补正后再申请。", "佐证只有通知，没有落实情况，请补充。")
CLOSED = ("已核对佐证，整改到位，同意销号。", "现场查看档案，问题已整改，同意销号。")
KINDS = ("raised", "open", "planned", "in_progress", "overdue", "submitted", "returned", "asked", "extended", "long_term",
         "dismissed", "closed", "returned_closed", "reopened")  # fmt: skip
SHOWN = ("open", "in_progress", "returned", "overdue")  # of the committee whose people the demo lets in
# How many working days a kind needs to have happened.
NEEDS = {
    "raised": 1, "open": 3, "planned": 6, "in_progress": 10, "overdue": 26, "submitted": 19, "returned": 22, "asked": 17,
    "extended": 19, "long_term": 19, "dismissed": 3, "closed": 22, "returned_closed": 30, "reopened": 34,
}  # fmt: skip
PAST = (*("closed",) * 60, *("returned_closed",) * 14, *("extended_closed",) * 9, *("long_term",) * 5, *("dismissed",) * 4,
        *("reopened",) * 3, *("reopened_closed",) * 2, *("overdue",) * 3)  # fmt: skip


@dataclass
class Seen:
    """A visit with its letter: by whom and when, what it says, the line of the form, whether the visit is closed."""

    visit: ObservationVisit
    committee: Committee
    department: int
    at: datetime
    by: int | None
    remarks: list[str]
    item: ScoreItem
    is_over: bool


@dataclass
class Desk:
    """Who confirms and closes for a department."""

    committee: Committee
    reviewers: list[int]


def said(random: Random) -> tuple[str, str]:
    """A type of the catalogue, and a sentence of it."""
    name = random.choice(list(PROBLEMS))
    return name, random.choice(PROBLEMS[name][0])


def _kind_of(text: str) -> str:
    return next(name for name, (texts, _) in PROBLEMS.items() if text in texts)


def play(
    seen: Sequence[Seen], desks: Sequence[Desk], *, world: World, calendar: WorkingDays, total: int,
    secretaries: Mapping[int, int], by: Actor, at: datetime,
) -> int:  # fmt: skip
    """What the visits found, then inspections, assessments and self-checks until there are `total`."""
    writer = _Writer(desks, world, calendar, secretaries, at)
    this_year = date(at.year, 1, 1)
    county = {desk.committee.pk for desk in desks[1:]}
    city = [one for one in seen if one.department not in county]
    last, now = [one for one in city if one.at.date() < this_year], [one for one in city if one.at.date() >= this_year]
    own = [one for one in seen if one.department in county]
    rest = total // 5
    for one in [*own, *last]:
        writer.of_visit(one, one.remarks[:1])
    for one in last[::3]:
        if len(writer.rows) < total - rest - len(now):
            writer.of_visit(one, one.remarks[1:])
    for one in now:
        if len(writer.rows) < total - rest:
            writer.of_visit(one, one.remarks[:1])
    for desk in desks[1:]:
        for kind in ("in_progress", "closed", "raised", "overdue")[: 2 if total < 100 else 4]:
            writer.apart(desk, kind)
    for kind in SHOWN:
        writer.apart(desks[0], kind, Committee.objects.get(code=shown_committee(world)))
    n = 0
    while len(writer.rows) < total:
        writer.apart(desks[0], KINDS[n % len(KINDS)])
        n += 1
    months = int(parameters.value("finding_recurrence_months", desks[0].committee, at.date()))
    return len(intake.take_in(writer.rows, recurrence_months=months, by=by))


class _Writer:
    def __init__(
        self, desks: Sequence[Desk], world: World, calendar: WorkingDays, secretaries: Mapping[int, int], at: datetime
    ) -> None:
        self.desks = {desk.committee.pk: desk for desk in desks}
        self.world, self.calendar, self.secretaries, self.at = world, calendar, secretaries, at
        self.random = Random(f"findings {at.year}")
        self.people = dict(Person.objects.values_list("code", "pk"))
        self.types = {row.name: row for row in ProblemType.objects.all()}
        self.committees = list(Committee.objects.active_on(at.date()).order_by("path"))
        self.bodies = {body.code: body for body in world.bodies}
        self.rows: list[FindingRow] = []

    def of_visit(self, seen: Seen, remarks: Sequence[str]) -> None:
        for text in remarks:
            raised = seen.at + timedelta(hours=2)
            age = self.calendar.between(raised.date(), self.at.date())
            if age > 90:
                kind = self.random.choice(PAST)
            else:
                fit = [kind for kind in KINDS if NEEDS[kind] <= age and (kind != "raised" or not seen.is_over)]
                kind = self.random.choice(fit) if fit else "open" if seen.is_over else "raised"
            self._add(
                self.desks[seen.department],
                seen.committee,
                Source.VISIT,
                text,
                raised,
                seen.by,
                kind,
                seen.visit,
                seen.item,
            )

    def apart(self, desk: Desk, kind: str, of: Committee | None = None) -> None:
        """Not from a visit: this year, as many days ago as the kind needs and some more."""
        sources = (Source.INSPECTION, Source.ASSESSMENT, Source.SELF_CHECK)
        source = sources[len(self.rows) % 3]
        ago = NEEDS[kind] + self.random.randint(0, 12)
        day = self.at.date()
        while ago:
            day -= timedelta(days=1)
            ago -= day in self.calendar
        below = [one for one in self.committees if one.path.startswith(desk.committee.path) and one != desk.committee]
        earlier = [
            row for row in self.rows if row.department == desk.committee and (day - row.found_on).days in range(30, 360)
        ]
        if of is not None:
            committee, text = of, said(self.random)[1]
        elif earlier and len(self.rows) % 4 == 0:  # it came back
            old = self.random.choice(earlier)
            committee, text = old.committee, old.text
        else:
            committee, text = self.random.choice(below), said(self.random)[1]
        finder = self.secretaries[committee.pk] if source == Source.SELF_CHECK else desk.reviewers[0]
        self._add(desk, committee, source, text, moment(day, 10), finder, kind, None, None)

    def _add(
        self, desk: Desk, committee: Committee, source: str, text: str, raised: datetime, finder: int | None, kind: str,
        visit: ObservationVisit | None, item: ScoreItem | None,
    ) -> None:  # fmt: skip
        name = _kind_of(text)
        basis = {
            Source.INSPECTION: "巡察反馈意见",
            Source.ASSESSMENT: "年度考核记录",
            Source.VISIT: "旁听反馈意见",
        }.get(Source(source), "")
        life = _Life(self, desk, committee, name, raised, finder)
        steps = [step for step in life.steps(kind) if step.at <= self.at]
        self.rows.append(
            FindingRow(
                committee, desk.committee, source, self.types[name], text, raised, finder, basis=basis,
                is_systemic=self.random.random() < 0.2, visit=visit, score_item=item, steps=steps,
            )
        )  # fmt: skip


class _Life:
    """The steps of one finding; each kind of life goes one way through them."""

    def __init__(
        self, writer: _Writer, desk: Desk, committee: Committee, name: str, raised: datetime, finder: int | None
    ) -> None:
        self.writer, self.name, self.random = writer, name, writer.random
        self.day = raised.date()
        self.confirmer = desk.reviewers[0]
        self.closer = self.random.choice([one for one in desk.reviewers if one != finder] or desk.reviewers)
        self.secretary = writer.secretaries[committee.pk]
        body = writer.bodies[committee.code]
        stays = {row.person for row in body.on(self.day + timedelta(days=30))}
        here = [writer.people[row.person] for row in body.on(self.day) if row.person in stays]
        self.leader, self.owner = here[1], here[self.random.randint(2, min(7, len(here) - 1))]
        self.made: list[Step] = []

    def _step(self, verb: str, after: int, hour: int, person: int | None, **more: object) -> None:
        """So many working days after the last one."""
        self.day = self.writer.calendar.add(self.day, after) if after else self.day
        self.made.append(Step(verb, moment(self.day, hour, len(self.made)), person, more))

    def steps(self, kind: str) -> list[Step]:
        ways: dict[str, Callable[[], None]] = {
            "raised": lambda: None, "dismissed": self._dismissed, "open": self._confirmed, "planned": self._planned,
            "in_progress": self._agreed, "overdue": lambda: self._agreed(short=True), "submitted": self._submitted,
            "returned": self._returned, "asked": self._asked, "extended": self._extended, "long_term": self._kept_up,
            "closed": self._closed, "returned_closed": self._returned_closed, "extended_closed": self._extended_closed,
            "reopened": self._reopened, "reopened_closed": self._reopened_closed,
        }  # fmt: skip
        ways[kind]()
        return self.made

    def _dismissed(self) -> None:
        self._step("dismiss", 2, 10, self.confirmer, reason="经核对原始记录，情况与反映不符。")

    def _confirmed(self) -> None:
        self._step("confirm", 2, 10, self.confirmer)

    def _planned(self, *, short: bool = False) -> None:
        self._confirmed()
        due = self.writer.calendar.add(self.day, 16 if short else self.random.randint(30, 60))
        measures = list(PROBLEMS[self.name][1])
        self._step(
            "propose_plan", 3, 10, self.secretary, measures=measures, leader=self.leader, owner=self.owner, due_on=due
        )

    def _agreed(self, *, short: bool = False) -> None:
        self._planned(short=short)
        self._step("agree_plan", 2, 10, self.confirmer)
        if not short:
            self._step("add_progress", 2, 10, self.secretary, text="已召开会议研究，措施正在落实。")

    def _submitted(self) -> None:
        self._agreed()
        words = self.random.choice(EVIDENCE).format(n=self.random.randint(2, 30), year=self.day.year)
        self._step("file_evidence", 8, 10, self.secretary, text=words)
        self._step("submit", 0, 15, self.owner)

    def _returned(self) -> None:
        self._submitted()
        self._step("return", 3, 9, self.closer, note=self.random.choice(RETURNED))

    def _closed(self) -> None:
        self._submitted()
        self._step("close", 3, 9, self.closer, note=self.random.choice(CLOSED))

    def _returned_closed(self) -> None:
        self._returned()
        self._step("file_evidence", 4, 10, self.secretary, text=MORE_EVIDENCE)
        self._step("submit", 0, 15, self.owner)
        self._step("close", 3, 9, self.closer, note=self.random.choice(CLOSED))

    def _asked(self) -> None:
        self._agreed(short=True)
        late = self.writer.calendar.add(self.day, 45)
        self._step("ask", 5, 10, self.secretary, new_due_on=late, reason="现场教学因汛期推迟，须延后完成。")

    def _extended(self) -> None:
        self._asked()
        self._step("decide", 2, 10, self.closer, agree=True)

    def _extended_closed(self) -> None:
        self._extended()
        words = self.random.choice(EVIDENCE).format(n=self.random.randint(2, 30), year=self.day.year)
        self._step("file_evidence", 12, 10, self.secretary, text=words)
        self._step("submit", 0, 15, self.owner)
        self._step("close", 3, 9, self.closer, note=self.random.choice(CLOSED))

    def _kept_up(self) -> None:
        self._agreed()
        ahead = [self.writer.calendar.add(self.day, days) for days in (12, 75, 140)]
        texts = ("完成第一次自查", "半年检查落实情况", "年底总结并完善制度")
        self._step(
            "keep_up",
            4,
            10,
            self.closer,
            reason="需要长期坚持，按节点推进。",
            milestones=list(zip(ahead, texts, strict=True)),
        )
        self._step("reach", 8, 10, self.secretary)

    def _reopened(self) -> None:
        self._closed()
        due = self.writer.calendar.add(self.day, 60)
        self._step("reopen", 10, 10, self.closer, reason="回头看发现同类情况再次出现。", due_on=due)

    def _reopened_closed(self) -> None:
        self._reopened()
        self._step("file_evidence", 10, 10, self.secretary, text="回头看整改报告和学习记录")
        self._step("submit", 0, 15, self.owner)
        self._step("close", 3, 9, self.closer, note=self.random.choice(CLOSED))
