"""A year of 列席旁听 and a half: every committee visited once last year, rounds under way this year, two counties' own."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

from roster.accounts.models import User
from roster.audit.actions import Actor
from roster.committees.models import Committee
from roster.corps.models import TeamMember, VisitTeam
from roster.people.models import Membership, Person
from sessions_app.demo import rectification
from sessions_app.demo.accounts import shown_committee
from sessions_app.demo.rectification import Desk, Seen
from sessions_app.demo.world import World
from sessions_app.demo.year import moment
from sessions_app.policies import parameters
from sessions_app.policies.rules import WorkingDays
from sessions_app.sessions.models import TOOK_PLACE, SessionStage, StudySession
from sessions_app.visits import actions, dossier_actions, intake, planning
from sessions_app.visits.deadlines import working_day_before
from sessions_app.visits.intake import Step, VisitRow
from sessions_app.visits.models import ObservationVisit, ScoreItem, VisitRound, VisitStage

OBSERVER = "pangting"
# Of a county: who decides beside its reviewer, the head of its propaganda department first.
HEADS = ("常委、宣传部部长", "常委、办公室主任")
LENGTH, AHEAD = 75, 40  # days of the round under way before and after today
# How many visits of the round under way stop at a stage, from the newest session on; all others go as far as time lets.
STOPS = (("review", 4), ("observe", 5), ("submit", 5), ("issue", 5), ("reply", 6))
# What is written beside points that are taken off, by the number of the item: (most that is taken, why).
DEDUCTIONS: dict[int, tuple[int, tuple[str, ...]]] = {
    1: (2, ("计划备案晚于规定时限", "计划未注明审定会议")),
    2: (3, ("学习资料会前两天才发出", "方案未列明领学人")),
    3: (3, ("一份发言提纲未经审阅", "发言提纲会前未报审")),
    4: (2, ("调研题目未明确", "外请报告备案材料不全")),
    5: (4, ("请假三人，出席率偏低", "两名成员迟到")),
    6: (4, ("套开业务会议，学习时间被压缩", "部分议程与专题关联不紧")),
    7: (5, ("发言照本宣科，联系实际不够", "联系分管工作不具体", "发言时间过长，重点不突出")),
    8: (4, ("互动研讨较少，发言后无交流", "主持人总结未点评发言")),
    9: (4, ("记录未写明请假事由", "签到表缺少列席人员签名")),
    10: (4, ("议定事项没有明确责任人", "学习成果转化跟踪不够")),
    11: (2, ("上次反馈的问题还没有销号",)),
}
PRAISE = (
    "会前自学扎实，发言紧扣专题。", "学用结合紧密，能联系分管工作谈举措。", "现场学习组织有序，讲解与研讨衔接紧密。",
    "主要负责同志带头领学，总结讲话要求明确。", "交流研讨气氛好，提出的举措具体。",
)  # fmt: skip
OVERALL = (
    "这次学习准备充分、组织规范，学习效果较好。", "学习主题明确，议程完整，成员能够认真准备、积极发言。",
    "学习程序规范，总体效果较好，研讨深度还可以进一步加强。",
)  # fmt: skip
REPLIES = (
    "已召开会议研究反馈意见，逐条制定措施，明确责任人和时限。",
    "诚恳接受反馈意见，已部署整改，按期报送佐证材料。",
)
COMMENTS = (
    "发言准备认真，建议增加互动环节。",
    "现场秩序好，建议总结时对发言逐一点评。",
    "议程完整，建议资料提前发送。",
)
DECLINED, CANCELLED = "同期承担重要会议组织工作，不能参加", "单位因防汛应急推迟学习，本批次不再安排"


@dataclass
class Team:
    row: VisitTeam
    people: list[int]
    load: int = 0


@dataclass
class Department:
    """Who runs rounds: its committee, its reviewers, teams, and who is nobody's observer where."""

    committee: Committee
    reviewers: list[User]
    people: list[int]  # the reviewers and, of a county, heads of its propaganda department and office
    teams: list[Team]
    own: dict[int, set[int]]

    def desk(self) -> Desk:
        return Desk(self.committee, self.people)

    def who(self, committee: Committee, random: Random, *, but: Iterable[int] = ()) -> Team | None:
        """The least busy team that has two people who do not belong there and has not been there."""
        fit = [team for team in self.teams if team.row.pk not in but and len(self.free(team, committee)) > 1]
        fit = fit or [team for team in self.teams if self.free(team, committee)]
        if not fit:
            return None
        least = min(team.load for team in fit)
        return random.choice([team for team in fit if team.load == least])

    def free(self, team: Team, committee: Committee) -> list[int]:
        return [person for person in team.people if committee.pk not in self.own[person]][:2]


@dataclass
class Ground:
    """Everything a visit is invented from."""

    world: World
    calendar: WorkingDays
    at: datetime
    sessions: dict[int, list[StudySession]]
    secretaries: dict[int, int]
    random: Random
    rows: list[VisitRow] = field(default_factory=list)
    rounds: list[tuple[VisitRound, datetime | None]] = field(default_factory=list)  # with when it is closed
    been: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))  # committee: teams

    def held(self, committee: Committee, since: date, until: date) -> list[StudySession]:
        """Sessions that took place between the two days, entered in time; the earliest first."""
        return [row for row in self.sessions[committee.pk] if since <= row.day <= until and not row.late_days]


def play(world: World, *, calendar: WorkingDays, small: bool, by: Actor, at: datetime) -> tuple[int, int]:
    """How many visits and findings there are now."""
    city = _department("LC00", ["shenhe", "fuhe"], at)
    if not city.teams:
        return 0, 0
    counties = [
        _department(code, ["xianshenhe"] if code == "LX0100" else [], at)
        for code in ("LX0100", "LX0200")
        if Committee.objects.filter(code=code).exists()
    ]
    counties = [county for county in counties if county.teams]
    ground = _ground(world, calendar, at)
    this_year = date(at.year, 1, 1)
    _last_year(ground, city, at.year - 1)
    since = max(this_year, at.date() - timedelta(days=LENGTH))
    _earlier_this_year(ground, city, since, most=4 if small else 36)
    _under_way(ground, city, since, most=11 if small else 45)
    _draft(ground, city, most=2 if small else 10)
    for county in counties:
        _of_county(ground, county, since)
    sheets = {
        one.committee.pk: dossier_actions.default_sheet(
            one.committee, since=date(at.year - 1, 1, 1), by=by, at=moment(date(at.year - 1, 1, 2), 10)
        )
        for one in (city, *counties)
    }
    rules = {"visit_feedback_working_days": parameters.value("visit_feedback_working_days", city.committee, at.date())}
    visits = intake.take_in(ground.rows, sheets=sheets, rules=rules, days=calendar, by=by)
    _finish_rounds(ground, [city, *counties], at)
    seen = [
        _seen(visit, row, sheets[row.round.committee_id].items.all())
        for visit, row in zip(visits, ground.rows, strict=True)
    ]
    desks = [one.desk() for one in (city, *counties)]
    told = rectification.play(
        [one for one in seen if one is not None], desks, world=world, calendar=calendar, total=45 if small else 300,
        secretaries=ground.secretaries, by=by, at=at,
    )  # fmt: skip
    return len(visits), told


# ------------------------------------------------------------------------------------------------------------- ground
def _department(code: str, usernames: Sequence[str], at: datetime) -> Department:
    committee = Committee.objects.get(code=code)
    today = at.date()
    teams = []
    for team in VisitTeam.objects.filter(committee=committee).order_by("pk"):
        members = TeamMember.objects.filter(team=team).on(today).select_related("expert")
        people = [row.expert.person_id for row in members.order_by("-is_leader", "pk")]
        if people:
            teams.append(Team(team, people))
    everybody = {person for team in teams for person in team.people}
    own: dict[int, set[int]] = defaultdict(set)
    for day in (date(today.year - 1, 3, 1), date(today.year - 1, 9, 1), date(today.year, 1, 1), today):
        for person, units in planning.own_units(everybody, on=day, department=committee.pk).items():
            own[person] |= units
    users = {user.username: user for user in User.objects.filter(username__in=usernames)}
    reviewers = [users[name] for name in usernames]
    people = [user.person_id for user in reviewers]
    heads = Membership.objects.on(today).filter(committee=committee, post__in=HEADS).order_by("rank")
    people += [row.person_id for row in heads[: 2 - len(people)]]
    return Department(committee, reviewers, people, teams, own)


def _ground(world: World, calendar: WorkingDays, at: datetime) -> Ground:
    sessions: dict[int, list[StudySession]] = defaultdict(list)
    rows = StudySession.objects.filter(stage__in=TOOK_PLACE, day__lt=at.date(), day__year__gte=at.year - 1)
    for row in rows.select_related("committee").order_by("day", "pk"):
        sessions[row.committee_id].append(row)
    people = dict(Person.objects.values_list("code", "pk"))
    codes = dict(Committee.objects.values_list("code", "pk"))
    secretaries = {codes[body.code]: people[body.secretaries[0]] for body in world.bodies}
    return Ground(world, calendar, at, sessions, secretaries, Random(f"visits {at.year}"))


def _round(ground: Ground, department: Department, since: date, until: date, closed: bool) -> VisitRound:
    created = moment(_on(ground.calendar, since - timedelta(days=18)), 9)
    if department.reviewers:
        by: Actor = department.reviewers[0].act(on=created.date())
    else:
        by = User.objects.get(username="shenhe").act(on=created.date())
    row = actions.create_round(committee=department.committee, since=since, until=until, by=by, at=created)
    ground.rounds.append((row, moment(_on(ground.calendar, until + timedelta(days=3)), 10) if closed else None))
    for team in department.teams:
        team.load = 0
    return row


def _on(calendar: WorkingDays, day: date) -> date:
    while day not in calendar:
        day += timedelta(days=1)
    return day


# ------------------------------------------------------------------------------------------------------------- rounds
def _last_year(ground: Ground, city: Department, year: int) -> None:
    """Three rounds; each committee in the first that has a session of it, beginning with a third each."""
    spans = [
        (date(year, 3, 1), date(year, 5, 31)),
        (date(year, 6, 1), date(year, 8, 31)),
        (date(year, 9, 1), date(year, 12, 10)),
    ]
    rounds = [_round(ground, city, *span, True) for span in spans]
    for index, committee in enumerate(Committee.objects.active_on(date(year, 6, 1)).order_by("path")):
        for shift in range(3):
            which = (index + shift) % 3
            held = ground.held(committee, *spans[which])
            if held:
                _visit(ground, city, rounds[which], committee, ground.random.choice(held))
                break
        else:  # nothing in these months: the last session of the year there was
            held = ground.held(committee, date(year, 1, 1), date(year, 12, 31))
            if held:
                _visit(ground, city, rounds[2], committee, held[-1])


def _earlier_this_year(ground: Ground, city: Department, until: date, most: int) -> None:
    since = date(ground.at.year, 3, 1)
    if (until - since).days < 40:
        return
    until -= timedelta(days=1)
    row = _round(ground, city, since, until, True)
    for committee in _sample(ground, since, until - timedelta(days=1), most, every=2):
        _visit(ground, city, row, committee, ground.held(committee, since, until - timedelta(days=1))[0])


def _sample(ground: Ground, since: date, until: date, most: int, every: int = 1) -> list[Committee]:
    """Committees that held a session in these days and were not visited this year, every so many-th."""
    seen = {row.committee.pk for row in ground.rows if row.round.year == ground.at.year}
    shown = shown_committee(ground.world)
    rows = [c for c in Committee.objects.active_on(ground.at.date()).order_by("path") if c.code != shown]
    return [c for c in rows if c.pk not in seen and ground.held(c, since, until)][::every][:most]


def _under_way(ground: Ground, city: Department, since: date, most: int) -> None:
    """The round of today: the newest sessions wait for their observers, the oldest visits are closed."""
    today = ground.at.date()
    row = _round(ground, city, since, min(today + timedelta(days=AHEAD), date(today.year, 12, 31)), False)
    _shown(ground, city, row)
    yesterday = today - timedelta(days=1)
    found = _sample(ground, since, yesterday, 10**6)
    found.sort(key=lambda committee: ground.held(committee, since, yesterday)[-1].day, reverse=True)
    found = found[:: max(1, len(found) // max(1, most - 8))]
    stops = [verb for verb, count in STOPS for _ in range(count if most > 20 else 1)]
    for n, committee in enumerate(found[: most - 8]):
        session = ground.held(committee, since, yesterday)[-1]
        _visit(ground, city, row, committee, session, last=stops[n] if n < len(stops) else "close")
    # Sent out and not seen yet: no session chosen.
    seen = {one.committee.pk for one in ground.rows if one.round.pk == row.pk}
    left = [c for c in Committee.objects.active_on(today).order_by("path") if c.pk not in seen]
    left = left[:: max(1, len(left) // 7)] if most > 20 else left
    for committee, last in zip(
        left, ("assign", "assign", "accept", "accept", "decline", "cancel", "pangting"), strict=False
    ):
        if last == "pangting":
            lead = _observer(city)
            if lead is not None and committee.pk not in city.own[lead[1]]:
                _visit(ground, city, row, committee, None, last="assign", team=lead[0], lead=lead[1])
            continue
        declined = _visit(ground, city, row, committee, None, last=last)
        if last == "decline":
            _visit(ground, city, row, committee, None, last="assign", but={declined})


def _observer(city: Department) -> tuple[Team, int] | None:
    """The team of the demo's observer, and himself."""
    person = User.objects.get(username=OBSERVER).person_id
    return next(((team, person) for team in city.teams if person in team.people), None)


def _shown(ground: Ground, city: Department, row: VisitRound) -> None:
    """The demo's observer has looked the shown committee's pack over and sat in its last session: he may score."""
    lead = _observer(city)
    committee = Committee.objects.get(code=shown_committee(ground.world))
    held = [one for one in ground.sessions[committee.pk] if one.stage == SessionStage.HELD]
    if lead is not None and held:
        _visit(ground, city, row, committee, held[-1], last="review", team=lead[0], lead=lead[1])


def _draft(ground: Ground, city: Department, most: int) -> None:
    """The next round is being arranged: proposals, not sent out."""
    today = ground.at.date()
    since = today + timedelta(days=AHEAD + 1)
    if since.year == today.year and since.month == 12 or since.year > today.year:
        since = date(today.year + 1, 3, 1)
    row = actions.create_round(
        committee=city.committee, since=since, until=since + timedelta(days=80), at=ground.at,
        by=city.reviewers[0].act(on=today),
    )  # fmt: skip
    ground.rounds.append((row, None))
    for team in city.teams:
        team.load = 0
    seen = {one.committee.pk for one in ground.rows if one.round.year == today.year}
    for committee in [c for c in Committee.objects.active_on(today).order_by("-path") if c.pk not in seen][:most]:
        _visit(ground, city, row, committee, None, last="")


def _of_county(ground: Ground, county: Department, since: date) -> None:
    """Its own round over its own committees, the one that has its seat in the city's list too left to the city."""
    today = ground.at.date()
    row = _round(ground, county, since, min(today + timedelta(days=AHEAD), date(today.year, 12, 31)), False)
    below = Committee.objects.active_on(today).filter(path__startswith=county.committee.path)
    for n, committee in enumerate(below.exclude(pk=county.committee.pk).order_by("path")):
        held = ground.held(committee, since, today - timedelta(days=1))
        if held:
            _visit(ground, county, row, committee, held[-1], last=("close", "issue", "close", "observe")[n % 4])
        else:
            _visit(ground, county, row, committee, None, last="accept")


# ------------------------------------------------------------------------------------------------------------- visits
def _visit(
    ground: Ground, department: Department, round_: VisitRound, committee: Committee, session: StudySession | None, *,
    last: str = "close", team: Team | None = None, lead: int | None = None, but: Iterable[int] = (),
) -> int:  # fmt: skip
    """One visit as far as `last`, and never beyond now. Answers with the team."""
    random = ground.random
    team = team or department.who(committee, random, but=ground.been[committee.pk] | set(but))
    if team is None:  # everybody belongs there
        return 0
    people = department.free(team, committee)
    if lead is not None:
        people = [
            lead,
            *(person for person in team.people if person != lead and committee.pk not in department.own[person]),
        ][:2]
    team.load += 1
    ground.been[committee.pk].add(team.row.pk)
    opened = min(round_.since - timedelta(days=10), ground.at.date() - timedelta(days=1))
    proposed = moment(working_day_before(opened, 3, ground.calendar), 10)
    steps = _steps(ground, department, committee, session, people, working_day_before(opened, 0, ground.calendar), last)
    steps = [step for step in steps if step.at <= ground.at]
    reasons = ["本年度还没有旁听", "旁听人都不是本单位的人", "本批次任务最少的组"]
    ground.rows.append(VisitRow(round_, committee, team.row, people, proposed, session, reasons, steps))
    return team.row.pk


def _steps(
    ground: Ground, department: Department, committee: Committee, session: StudySession | None, people: list[int],
    opened: date, last: str,
) -> list[Step]:  # fmt: skip
    """In order, up to the verb `last`; "" is a mere proposal."""
    if not last:
        return []
    random, days = ground.random, ground.calendar
    steps = [Step("assign", moment(opened, 15))]
    if last in ("assign", "cancel", "decline"):
        if last == "decline":
            steps.append(Step(last, moment(days.add(opened, 2), 9), people[0], {"reason": DECLINED}))
        if last == "cancel":
            steps.append(Step(last, moment(days.add(opened, 5), 9), None, {"reason": CANCELLED}))
        return steps
    steps += [Step("accept", moment(days.add(opened, 1), 9 + n), person) for n, person in enumerate(people)]
    if session is None or last == "accept":
        return steps
    day = session.day
    earliest = days.add(opened, 2)
    told = max(earliest, working_day_before(day, 1 if random.random() < 0.08 else random.randint(3, 6), days))
    steps.append(Step("choose", moment(told, 9)))
    notes = {"materials": "一份资料会前两天才报送"} if random.random() < 0.2 else {}
    steps.append(Step("review", moment(max(told, working_day_before(day, 1, days)), 16), people[0], {"notes": notes}))
    if last == "review":
        return steps
    for n, person in enumerate(people):
        steps.append(
            Step(
                "score",
                moment(day, 18 + n),
                person,
                {"points": _points(random, person), "comment": random.choice(COMMENTS)},
            )
        )
    seen = days.add(day, 1)
    steps.append(Step("observe", moment(seen, 9)))
    if random.random() < 0.7:
        steps.append(Step("interview", moment(seen, 10), people[0], {
            "who": "部分中心组成员", "post": "班子成员", "text": "学习安排总体合理，希望增加现场教学和交流研讨的时间。",
        }))  # fmt: skip
    if last == "observe":
        return steps
    steps += _letter(ground, department, committee, people, day)
    if last in [step.verb for step in steps]:
        return steps[: [step.verb for step in steps].index(last) + 1]
    return steps


def _letter(ground: Ground, department: Department, committee: Committee, people: list[int], day: date) -> list[Step]:
    random, days = ground.random, ground.calendar
    submitted = days.add(day, random.choice((2, 3, 3, 4, 4, 5, 5, 5, 5, 6, 7)))
    issued = days.add(submitted, random.randint(1, 2))
    received = days.add(issued, random.randint(1, 3))
    replied = days.add(received, random.randint(3, 7))
    secretary = ground.secretaries[committee.pk]
    problems = "\n".join(rectification.said(random)[1] for _ in range(random.randint(1, 2)))
    parts = {
        "overall": random.choice(OVERALL), "highlights": random.choice(PRAISE), "problems": problems,
        "advice": "建议会前加强提纲审阅，会中留足交流研讨时间，会后跟踪议定事项落实。",
    }  # fmt: skip
    return [
        Step("submit", moment(submitted, 16), people[0], parts),
        Step("issue", moment(issued, 10), random.choice(department.people)),
        Step("acknowledge", moment(received, 9), secretary),
        Step("reply", moment(replied, 15), secretary, {"text": random.choice(REPLIES)}),
        Step("close", moment(days.add(replied, random.randint(2, 5)), 11)),
    ]


def _points(random: Random, person: int) -> dict[int, tuple[Decimal, str]]:
    """Points taken off four to nine items, more by some observers than by others, each with its reason."""
    found = {}
    for number in random.sample(sorted(DEDUCTIONS), random.randint(4, 7 + person % 3)):
        most, reasons = DEDUCTIONS[number]
        full = {1: 8, 2: 8, 3: 8, 4: 6, 5: 10, 6: 10, 7: 15, 8: 10, 9: 10, 10: 10, 11: 5}[number]
        off = Decimal(random.randint(1, most * 2)) / 2
        found[number] = (Decimal(full) - off, random.choice(reasons))
    return found


def _finish_rounds(ground: Ground, departments: Sequence[Department], at: datetime) -> None:
    """Each round chooses its places, is sent out unless it is a draft, and ends."""
    of = {one.committee.pk: one for one in departments}
    for row, closed in ground.rounds:
        visits = [one for one in ground.rows if one.round.pk == row.pk]
        ended = {one.committee.pk for one in visits if one.steps and one.steps[-1].verb == "cancel"}
        users = of[row.committee_id].reviewers or of[departments[0].committee.pk].reviewers
        sent = min((one.steps[0].at for one in visits if one.steps), default=at)
        by = users[0].act(on=sent.date())
        places = list({one.committee.pk: one.committee for one in visits if one.committee.pk not in ended}.values())
        actions.choose_places(row, add=places, by=by, at=sent)
        if any(one.steps for one in visits):
            actions.open_round(row, version=None, by=by, at=sent)
        if closed is not None and closed <= at:
            actions.close_round(row, version=None, by=users[0].act(on=closed.date()), at=closed)


def _seen(visit: ObservationVisit, row: VisitRow, items: Iterable[ScoreItem]) -> Seen | None:
    """What findings are raised from: a visit whose letter was written, the points that were taken off."""
    letter = next((step for step in row.steps if step.verb == "submit"), None)
    if letter is None:
        return None
    lost = [number for step in row.steps if step.verb == "score" for number in step.more["points"]]
    by_number = {item.order: item for item in items}
    is_over = visit.stage == VisitStage.CLOSED
    remarks = letter.more["problems"].split("\n")
    return Seen(
        visit, row.committee, row.round.committee_id, letter.at, letter.person, remarks, by_number[lost[0]], is_over
    )
