"""What must be told over the year, computed from the script alone, with dates counted by the tables written by hand.

`Oracle.run(day)` is what one run of that morning must find, tell and remember. Nothing of the code under test is read or called.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.sessions_app.reminders.calendar_by_hand import passed, plus, works
from tests.sessions_app.reminders.script import Body, Event, Script

DAY = timedelta(days=1)
DEFAULTS: dict[str, Any] = {
    "sessions_per_quarter": 1, "sessions_per_month": 0, "month_check_day": 20, "quarter_first_check_day": 60,
    "quarter_second_check_day": 80, "minutes_due_working_days": 5, "plan_due_day": "01-31", "report_due_day": "01-31",
    "year_close_day": "01-31", "year_review_open_day": "12-01", "session_plan_notice_working_days": 3, "approval_wait_working_days": 3,
    "prompt_receipt_working_days": 5, "year_close_notice_working_days": 10, "near_working_days": 5,
    "behind_working_days": 2, "escalate_leader_working_days": 5, "escalate_reviewer_working_days": 10,
}  # fmt: skip
ASKS = {
    "PLAN_DUE": "SECRETARY", "MONTH_EMPTY": "SECRETARY", "SESSION_TOO_FEW": "SECRETARY", "SESSION_PLAN_DUE": "SECRETARY",
    "MINUTES_DUE": "SECRETARY", "MAKEUP_DUE": "PERSON SECRETARY", "LEAVE_WAITING": "LEADER", "APPROVAL_WAITING": "LEADER",
    "PROMPT_UNRECEIPTED": "SECRETARY", "REPORT_DUE": "SECRETARY", "PERIOD_CLOSING": "SECRETARY",
}  # fmt: skip
AT_ONCE = {"SESSION_TOO_FEW", "SESSION_PLAN_DUE", "LEAVE_WAITING", "APPROVAL_WAITING", "PROMPT_UNRECEIPTED"}
CLIMBS = {"PLAN_DUE", "MONTH_EMPTY", "SESSION_TOO_FEW", "MINUTES_DUE", "PROMPT_UNRECEIPTED", "REPORT_DUE"}

CHAT_WORDS = {
    "PLAN_DUE": "年度计划未备案", "MONTH_EMPTY": "当月未学习", "SESSION_TOO_FEW": "季度学习不足", "SESSION_PLAN_DUE": "学习方案未审定",
    "MINUTES_DUE": "学习记录未提交", "MAKEUP_DUE": "补学未完成", "LEAVE_WAITING": "请假待批", "APPROVAL_WAITING": "久待审批",
    "PROMPT_UNRECEIPTED": "学习提示未签收", "REPORT_DUE": "年度报告未印发", "PERIOD_CLOSING": "年度即将截止",
}  # fmt: skip

Name = tuple[str, str]  # kind and subject: ("MINUTES_DUE", "minutes:c02/3")


@dataclass(frozen=True)
class Owed:
    """One thing due on a day."""

    kind: str
    subject: str
    body: str
    due: date
    to: str = ""
    person: str = ""
    tell: str = ""

    @property
    def name(self) -> Name:
        return self.kind, self.subject


@dataclass(frozen=True)
class Told:
    """One notice: to whom (a person, or `群:` and a committee), in which rhythm and period, of which things.

    `behind`: the department's lines, (committee, how many, oldest). `texts`: what a quarter's arrangement, or the lines in a
    chat group, must say.
    """

    day: date
    to: str
    rhythm: str
    period: str
    things: frozenset[Name] = frozenset()
    behind: frozenset[tuple[str, int, date]] = frozenset()
    texts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Remembered:
    """That a person was told of a thing (the row found on that day) for a period, on a day."""

    day: date
    person: str
    name: Name
    found: date
    period: str


@dataclass
class Kept:
    """A thing while it is due: the row of the house."""

    owed: Owed
    found: date
    met: date | None = None


@dataclass
class Session:
    body: str
    day: date
    form: str
    entered: date
    stage: str = "PREPARING"
    handed: date | None = None
    minutes: str = ""
    minutes_handed: date | None = None
    guests: dict[str, str] = field(default_factory=dict)

    @property
    def counts(self) -> bool:
        return self.form != "FIRST_AGENDA_ITEM"

    @property
    def took_place(self) -> bool:
        return self.stage in ("HELD", "ARCHIVED")


@dataclass
class Waits:
    """Anything with a stage and the day it has waited from: a plan, a leave, a make-up, a speech, a correction, a filing."""

    body: str
    stage: str
    since: date
    session: str = ""
    person: str = ""
    due: date | None = None
    year: int = 0
    edition: int = 1
    filed: date | None = None
    topics: list[tuple[int, str]] = field(default_factory=list)


@dataclass
class Prompt:
    body: str
    year: int
    quarter: int
    published: date
    open: bool = True
    received: set[str] = field(default_factory=set)


class State:
    """Where everything stands after the events played so far."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self.plans: dict[str, Waits] = {}
        self.leaves: dict[str, Waits] = {}
        self.make_ups: dict[str, Waits] = {}
        self.speeches: dict[str, Waits] = {}
        self.corrections: dict[str, Waits] = {}
        self.filings: dict[str, Waits] = {}
        self.prompts: dict[str, Prompt] = {}
        self.reports: set[tuple[str, int]] = set()
        self.outcomes: set[tuple[str, int]] = set()
        self.shut: set[tuple[str, int, int]] = set()

    def play(self, event: Event) -> None:
        day, key, with_ = event.day, event.key, event.with_
        session = self.sessions.get(key)
        match event.verb:
            case "enter":
                self.sessions[key] = Session(with_["body"], with_["day"], with_["form"], day)
            case "hand in" if session:
                session.stage, session.handed = "SUBMITTED", day
            case "approve" if session:
                session.stage = "APPROVED"
            case "hold" if session:
                session.stage = "HELD"
            case "archive" if session:
                session.stage = "ARCHIVED"
            case "cancel" if session:
                session.stage = "CANCELLED"
            case "move" if session:
                session.day = with_["to"]
            case "write" if session:
                session.minutes = "DRAFT"
            case "hand in minutes" if session:
                session.minutes, session.minutes_handed = "SUBMITTED", day
            case "return minutes" if session:
                session.minutes = "RETURNED"
            case "sign" if session:
                session.minutes = "APPROVED"
            case "invite":
                self.sessions[with_["session"]].guests[with_["body"]] = with_["state"]
            case "accept":
                held, guest = key.split("+")
                self.sessions[held].guests[guest] = "ACCEPTED"
            case "draft":
                self.plans[key] = Waits(
                    with_["body"], "DRAFT", day, year=with_["year"], edition=with_.get("edition", 1), topics=with_["topics"]
                )  # fmt: skip
            case "hand in plan":
                self.plans[key].stage, self.plans[key].since = "SUBMITTED", day
            case "approve plan":
                self.plans[key].stage = "APPROVED"
            case "file":
                plan = self.plans.setdefault(key, Waits(with_["body"], "", day, year=with_["year"]))
                plan.stage, plan.filed = "FILED", day
            case "ask leave":
                self.leaves[key] = Waits(
                    self.sessions[with_["session"]].body, "ASKED", day, with_["session"], with_["person"]
                )
            case "decide leave" | "withdraw leave":
                self.leaves[key].stage = "DECIDED"
            case "miss":
                body = with_["person"].split(".")[1]
                self.make_ups[key] = Waits(body, "DUE", day, with_["session"], with_["person"], with_["due_on"])
            case "make up":
                self.make_ups[key].stage = "SUBMITTED"
            case "confirm":
                self.make_ups[key].stage = "CONFIRMED"
            case "return make-up":
                self.make_ups[key].stage = "RETURNED"
            case "void":
                self.make_ups[key].stage = "VOID"
            case "speak":
                self.speeches[key] = Waits(self.sessions[with_["session"]].body, "WAITS", day, with_["session"])
            case "hear":
                self.speeches[key].stage = "DONE"
            case "correct":
                self.corrections[key] = Waits(self.sessions[with_["session"]].body, "ASKED", day, with_["session"])
            case "agree":
                self.corrections[key].stage, self.corrections[key].since = "LEADER_AGREED", day
            case "countersign" | "refuse":
                self.corrections[key].stage = "DONE"
            case "outside":
                held = self.sessions[with_["session"]]
                self.filings[key] = Waits(held.body, "WAITS", held.entered, with_["session"])
            case "decide filing":
                self.filings[key].stage = "DONE"
            case "publish":
                self.prompts[key] = Prompt(with_["body"], with_["year"], with_["quarter"], day)
            case "receive":
                self.prompts[with_["prompt"]].received.add(with_["body"])
            case "end":
                self.prompts[key].open = False
            case "report":
                if not with_.get("total"):
                    self.reports.add((with_["body"], with_["year"]))
            case "outcome":
                self.outcomes.add((with_["body"], day.year))
            case "close":
                self.shut.add((with_["body"], with_["year"], with_["quarter"]))
            case "reopen":
                self.shut.discard((with_["body"], with_["year"], with_["quarter"]))
            case "publish later":
                pass
            case _:
                raise ValueError(event)


def quarter(day: date) -> int:
    return (day.month - 1) // 3 + 1


def month_end(day: date) -> date:
    return (day.replace(day=28) + 4 * DAY).replace(day=1) - DAY


def quarter_start(day: date) -> date:
    return date(day.year, quarter(day) * 3 - 2, 1)


def quarter_end(day: date) -> date:
    return month_end(date(day.year, quarter(day) * 3, 1))


def in_year(text: str, year: int) -> date:
    return date.fromisoformat(f"{year}-{text}")


def opening(day: date) -> date:
    """The first working day from `day` on."""
    while not works(day):
        day += DAY
    return day


class Oracle:
    def __init__(self, script: Script) -> None:
        self.script = script
        self.bodies = {body.key: body for body in script.bodies}
        self.root = next(body.key for body in script.bodies if not body.parent)
        self.state = State()
        self.kept: list[Kept] = []
        self.told: list[Told] = []
        self.remembered: set[Remembered] = set()
        self._known: set[tuple[str, int, str]] = set()  # person, id of the Kept, period
        self.rounds: set[tuple[str, str]] = set()

    # ------------------------------------------------------------------------------------------ who, and which rule

    def above(self, body: str) -> list[str]:
        """The committee itself, then its parents up to the city."""
        found = []
        while body:
            found.append(body)
            body = self.bodies[body].parent
        return found

    def below(self, body: str) -> list[str]:
        return [key for key in self.bodies if body in self.above(key)]

    def rule(self, key: str, body: str, day: date) -> Any:
        for at in self.above(body):
            for rule in self.script.rules:
                if (
                    rule.key == key
                    and rule.body == at
                    and rule.since <= day
                    and (rule.until is None or day <= rule.until)
                ):
                    return rule.value
        return DEFAULTS[key]

    def alive(self, body: Body, day: date) -> bool:
        return body.since <= day and (body.until is None or day <= body.until)

    def holders(self, body: str, role: str, day: date) -> set[str]:
        if not self.alive(self.bodies[body], day):
            return set()  # whoever holds something of a committee holds it while there is one
        return {
            post.person
            for post in self.script.posts
            if (post.body, post.role) == (body, role) and post.active
            and post.since <= day and (post.until is None or day <= post.until)
        }  # fmt: skip

    def hearers(self, body: str, role: str, day: date, person: str = "") -> set[str]:
        match role:
            case "PERSON":
                return {person} if person else set()
            case "SECRETARY":
                return self.holders(body, role, day) or self.hearers(body, "LEADER", day)
            case "LEADER":
                return self.holders(body, role, day) or self.holders(body, "DEPUTY", day)
            case _:
                for at in self.above(body):
                    if found := self.holders(at, "REVIEWER", day):
                        return found
                return set()

    def is_shut(self, body: str, day: date) -> bool:
        return any((at, day.year, part) in self.state.shut for at in self.above(body) for part in (0, quarter(day)))

    # ---------------------------------------------------------------------------------------------- what is owed

    def owed(self, day: date) -> list[Owed]:
        found = []
        for body in self.bodies.values():
            if self.alive(body, day):
                found += [*self._plan(body, day), *self._too_few(body, day), *self._year(body, day)]
        for thing in [*self._sessions(day), *self._people(day), *self._waiting(day), *self._prompts(day)]:
            if self.alive(self.bodies[thing.body], day):
                found.append(thing)
        return found

    def _knows(self, body: str, year: int) -> bool:
        planned = any((plan.body, plan.year) == (body, year) for plan in self.state.plans.values())
        return planned or any(
            held.day.year == year and (held.body == body or body in held.guests)
            for held in self.state.sessions.values()
        )

    def _held(self, body: str, first: date, last: date) -> int:
        return sum(
            held.took_place and held.counts and first <= held.day <= last
            for held in self.state.sessions.values()
            if held.body == body or held.guests.get(body) == "ACCEPTED"
        )

    def _plan(self, body: Body, day: date) -> Iterator[Owed]:
        filed = any(
            (plan.body, plan.year, plan.stage) == (body.key, day.year, "FILED") for plan in self.state.plans.values()
        )
        if not filed:
            due = in_year(self.rule("plan_due_day", body.key, day), day.year)
            if body.since > date(day.year, 1, 1):
                due = max(due, body.since + 30 * DAY)
            yield Owed("PLAN_DUE", f"plan:{body.key}:{day.year}", body.key, due)

    def _too_few(self, body: Body, day: date) -> Iterator[Owed]:
        this_month = day.replace(day=1)
        for first, now in ((this_month, True), ((this_month - DAY).replace(day=1), False)):
            last = month_end(first)
            enough = self.rule("sessions_per_month", body.key, day)
            if not enough or body.since > first or self.is_shut(body.key, last):
                continue
            if now and day.day < self.rule("month_check_day", body.key, day):
                continue
            if not now and not self._knows(body.key, first.year):
                continue
            if self._held(body.key, first, min(last, day)) < enough:
                yield Owed("MONTH_EMPTY", f"month:{body.key}:{first:%Y-%m}", body.key, last)
        this_quarter = quarter_start(day)
        for first, now in ((this_quarter, True), (quarter_start(this_quarter - DAY), False)):
            last = quarter_end(first)
            if body.since > first or self.is_shut(body.key, last):
                continue
            tell = "over"
            if now:
                number = (day - first).days + 1
                if number < self.rule("quarter_first_check_day", body.key, day):
                    continue
                tell = "first" if number < self.rule("quarter_second_check_day", body.key, day) else "second"
            elif not self._knows(body.key, first.year):
                continue
            if self._held(body.key, first, min(last, day)) < self.rule("sessions_per_quarter", body.key, day):
                subject = f"quarter:{body.key}:{first.year}Q{quarter(first)}"
                yield Owed("SESSION_TOO_FEW", subject, body.key, last, tell=tell)

    def _year(self, body: Body, day: date) -> Iterator[Owed]:
        year, last = day.year - 1, date(day.year - 1, 12, 31)
        if self.is_shut(body.key, last):
            return
        known = self.alive(body, last) and self._knows(body.key, year)
        if known and (body.key, year) not in self.state.reports:
            due = in_year(self.rule("report_due_day", body.key, day), day.year)
            yield Owed("REPORT_DUE", f"report:{body.key}:{year}", body.key, due)
        close = in_year(self.rule("year_close_day", body.key, day), day.year)
        notice = self.rule("year_close_notice_working_days", body.key, day)
        if day <= close and passed(day, close) <= notice and self._unarchived(body.key, year):
            yield Owed("PERIOD_CLOSING", f"close:{body.key}:{year}", body.key, close)

    def _unarchived(self, body: str, year: int) -> int:
        return sum(
            held.stage == "HELD" and held.counts and (held.body, held.day.year) == (body, year)
            for held in self.state.sessions.values()
        )

    def _sessions(self, day: date) -> Iterator[Owed]:
        for key, held in self.state.sessions.items():
            if not held.counts or held.day < day - 366 * DAY or self.is_shut(held.body, held.day):
                continue
            if held.stage in ("PREPARING", "SUBMITTED"):
                notice = self.rule("session_plan_notice_working_days", held.body, day)
                if held.day <= day or passed(day, held.day) <= notice:
                    to = "SECRETARY" if held.stage == "PREPARING" else "LEADER"
                    tell = held.day.isoformat()
                    yield Owed("SESSION_PLAN_DUE", f"session:{key}", held.body, held.day, to=to, tell=tell)
            elif held.stage != "CANCELLED" and held.minutes in ("", "DRAFT", "RETURNED"):
                due = plus(held.day, self.rule("minutes_due_working_days", held.body, day))
                begun = held.day < day if held.stage == "APPROVED" else held.day <= day
                if begun and (due < day or passed(day, due) <= self.rule("near_working_days", held.body, day)):
                    yield Owed("MINUTES_DUE", f"minutes:{key}", held.body, due)

    def _people(self, day: date) -> Iterator[Owed]:
        for key, make_up in self.state.make_ups.items():
            held = self.state.sessions[make_up.session]
            if make_up.stage not in ("DUE", "RETURNED") or make_up.due is None or self.is_shut(make_up.body, held.day):
                continue
            near = self.rule("near_working_days", make_up.body, day)
            if (
                held.day <= day
                and make_up.due >= day - 366 * DAY
                and (make_up.due < day or passed(day, make_up.due) <= near)
            ):
                yield Owed("MAKEUP_DUE", f"make-up:{key}", make_up.body, make_up.due, person=make_up.person)
        for key, leave in self.state.leaves.items():
            held = self.state.sessions[leave.session]
            if leave.stage == "ASKED" and held.day >= day and not self.is_shut(leave.body, held.day):
                yield Owed("LEAVE_WAITING", f"leave:{key}", leave.body, held.day)

    def _waiting(self, day: date) -> Iterator[Owed]:
        state = self.state
        lists: list[tuple[str, dict[str, Waits], str, str]] = [
            ("plan", state.plans, "SUBMITTED", ""), ("speech", state.speeches, "WAITS", ""),
            ("correction", state.corrections, "ASKED", ""), ("correction", state.corrections, "LEADER_AGREED", "REVIEWER"),
            ("filing", state.filings, "WAITS", "REVIEWER"),
        ]  # fmt: skip
        waits = [
            (
                f"wait-{word}:{key}",
                row.body,
                row.since,
                date(row.year, 12, 31) if row.year else state.sessions[row.session].day,
                to,
            )
            for word, rows, stage, to in lists
            for key, row in rows.items()
            if row.stage == stage
        ]
        for key, held in state.sessions.items():
            if held.stage == "SUBMITTED" and held.handed:
                waits.append((f"wait-session:{key}", held.body, held.handed, held.day, ""))
            if held.minutes == "SUBMITTED" and held.minutes_handed:
                waits.append((f"wait-minutes:{key}", held.body, held.minutes_handed, held.day, ""))
        for subject, body, since, dated, to in waits:
            due = plus(since, self.rule("approval_wait_working_days", body, day))
            # A correction is how a closed period is mended: it waits however long ago its session was.
            shut = not subject.startswith("wait-correction") and self.is_shut(body, dated)
            if due <= day and not shut:
                yield Owed("APPROVAL_WAITING", subject, body, due, to=to)

    def _prompts(self, day: date) -> Iterator[Owed]:
        for key, prompt in self.state.prompts.items():
            for body in self.below(prompt.body):
                gone = self.is_shut(body, date(prompt.year, prompt.quarter * 3, 1))
                if prompt.open and body not in prompt.received and not gone:
                    since = max(prompt.published, self.bodies[body].since)
                    due = plus(since, self.rule("prompt_receipt_working_days", body, day))
                    yield Owed("PROMPT_UNRECEIPTED", f"prompt:{key}:{body}", body, due)

    # ------------------------------------------------------------------------------------------------ one morning

    def run(self, day: date) -> list[Told]:
        """The notices of the run of this day; also kept in `told`, `remembered`, `kept` and `rounds`."""
        owed = {thing.name: thing for thing in self.owed(day)}
        rows = self._keep(owed, day)
        hears: dict[str, set[Name]] = {}  # person: everything he hears of today
        calls: list[tuple[str, Name, str]] = []  # person, thing, period: what is told at once
        for name, thing in owed.items():
            over = passed(thing.due, day)
            first = set().union(
                *(self.hearers(thing.body, role, day, thing.person) for role in (thing.to or ASKS[thing.kind]).split())
            )
            if thing.kind in AT_ONCE:
                calls += [(person, name, f"now:{thing.tell or thing.due.isoformat()}") for person in first]
            everybody = set(first)
            if thing.kind in CLIMBS:
                for role in ("leader", "reviewer"):
                    wait = self.rule(f"escalate_{role}_working_days", thing.body, day)
                    if 0 < wait <= over:
                        higher = self.hearers(thing.body, role.upper(), day)
                        calls += [(person, name, role) for person in higher]
                        everybody |= higher
            for person in everybody:
                hears.setdefault(person, set()).add(name)
        told = list(self._digests(day, owed, rows, hears, calls))
        told += self._urgent(day, rows, calls)
        told += [*self._quarter(day), *self._year_opens(day, owed), *self._year_closes(day, owed)]
        self.told += told
        return told

    def _keep(self, owed: dict[Name, Owed], day: date) -> dict[Name, Kept]:
        rows = {kept.owed.name: kept for kept in self.kept if kept.met is None}
        for name, kept in rows.items():
            if name not in owed:
                kept.met = day
        for name, thing in owed.items():
            if name in rows:
                rows[name].owed = thing
            else:
                rows[name] = Kept(thing, day)
                self.kept.append(rows[name])
        return rows

    def _remember(self, day: date, person: str, kept: Kept, period: str) -> bool:
        """True when it is new."""
        key = (person, id(kept), period)
        if key in self._known:
            return False
        self._known.add(key)
        self.remembered.add(Remembered(day, person, kept.owed.name, kept.found, period))
        return True

    def _digests(
        self, day: date, owed: dict[Name, Owed], rows: dict[Name, Kept], hears: dict[str, set[Name]],
        calls: list[tuple[str, Name, str]],
    ) -> Iterator[Told]:  # fmt: skip
        monday = day - day.weekday() * DAY
        year, week, _ = day.isocalendar()
        opens = {
            "DAILY": (day.isoformat(), day if works(day) else day + DAY),
            "WEEKLY": (f"{year}-W{week:02d}", opening(monday)),
            "MONTHLY": (f"{day:%Y-%m}", opening(day.replace(day=1))),
        }
        for rhythm, (period, opened) in opens.items():
            if day < opened or (rhythm, period) in self.rounds:
                continue
            self.rounds.add((rhythm, period))
            everybody = set(hears) | {post.person for post in self.script.posts if post.role == "REVIEWER"}
            for person in sorted(everybody):
                if self.script.rhythms.get(person, "MONTHLY") != rhythm:
                    continue
                things, behind = hears.get(person, set()), frozenset(self._behind(person, owed, day))
                if not things and not behind:
                    continue
                for name in things:
                    self._remember(day, person, rows[name], f"{rhythm}:{period}")
                for who, name, call in calls:
                    if who == person:
                        self._remember(day, person, rows[name], call)
                yield Told(day, person, rhythm, period, frozenset(things), behind)
            if rhythm == "MONTHLY":
                for body in self.script.chats:
                    things = {thing.name for thing in owed.values() if thing.body == body}
                    kinds = Counter(CHAT_WORDS[kind] for kind, _ in things)
                    if things:
                        texts = frozenset(f"{word} {count} 项" for word, count in kinds.items())
                        yield Told(day, f"群:{body}", rhythm, period, texts=texts)

    def _behind(self, person: str, owed: dict[Name, Owed], day: date) -> Iterator[tuple[str, int, date]]:
        over: dict[str, list[date]] = {}
        for thing in owed.values():
            if thing.due < day:
                over.setdefault(thing.body, []).append(thing.due)
        for body, dues in over.items():
            if any(person in self.holders(at, "REVIEWER", day) for at in self.above(body)):
                yield body, len(dues), min(dues)

    def _urgent(self, day: date, rows: dict[Name, Kept], calls: list[tuple[str, Name, str]]) -> Iterator[Told]:
        things: dict[str, set[Name]] = {}
        for person, name, period in calls:
            if self._remember(day, person, rows[name], period):
                things.setdefault(person, set()).add(name)
        for person, names in things.items():
            yield Told(day, person, "URGENT", "", frozenset(names))

    def _quarter(self, day: date) -> Iterator[Told]:
        period = f"{day.year}-Q{quarter(day)}"
        if day < opening(quarter_start(day)) or ("QUARTERLY", period) in self.rounds:
            return
        self.rounds.add(("QUARTERLY", period))
        texts: dict[str, set[str]] = {}
        for body in self.bodies.values():
            if not self.alive(body, day):
                continue
            prompts = {
                key
                for key, prompt in self.state.prompts.items()
                if prompt.open and (prompt.year, prompt.quarter) == (day.year, quarter(day)) and prompt.body in self.above(body.key)
            }  # fmt: skip
            planned = {text for number, text in self._in_force(body.key, day.year) if number == quarter(day)}
            if body.key in self.script.chats and (prompts or planned):
                words = frozenset({f"学习提示 {len(prompts)} 份", f"计划安排 {len(planned)} 项"})
                yield Told(day, f"群:{body.key}", "QUARTERLY", period, texts=words)
            for role in ("SECRETARY", "LEADER"):
                for person in self.hearers(body.key, role, day):
                    texts.setdefault(person, set()).update(prompts, planned or {"本季度计划没有安排"})
        for person, found in texts.items():
            yield Told(day, person, "QUARTERLY", period, texts=frozenset(found))

    def _in_force(self, body: str, year: int) -> Iterable[tuple[int, str]]:
        plans = [plan for plan in self.state.plans.values() if (plan.body, plan.year) == (body, year)]
        settled = [plan for plan in plans if plan.stage in ("APPROVED", "FILED")]
        newest = max(settled or plans, key=lambda plan: plan.edition, default=None)
        return newest.topics if newest else []

    def _year_opens(self, day: date, owed: dict[Name, Owed]) -> Iterator[Told]:
        period = str(day.year)
        opens = in_year(self.rule("year_review_open_day", self.root, day), day.year)
        if day < opening(opens) or ("YEAR_OPEN", period) in self.rounds:
            return
        self.rounds.add(("YEAR_OPEN", period))
        hears: dict[str, set[Name]] = {}
        for body in self.bodies.values():
            if self.alive(body, day):
                for person in self.hearers(body.key, "SECRETARY", day):
                    hears.setdefault(person, set()).update(
                        name for name, thing in owed.items() if thing.body == body.key
                    )
        for person, things in hears.items():
            yield Told(day, person, "YEAR_OPEN", period, frozenset(things))

    def _year_closes(self, day: date, owed: dict[Name, Owed]) -> Iterator[Told]:
        year, close = day.year - 1, in_year(self.rule("year_close_day", self.root, day), day.year)
        notice = self.rule("year_close_notice_working_days", self.root, day)
        if day > close or passed(day, close) > notice or ("YEAR_CLOSE", str(year)) in self.rounds:
            return
        self.rounds.add(("YEAR_CLOSE", str(year)))
        hears: dict[str, set[Name]] = {}
        for body in self.bodies.values():
            last = date(year, 12, 31)
            there = self.alive(body, day) and self.alive(body, last) and self._knows(body.key, year)
            if not there or self.is_shut(body.key, last):  # what is closed can no longer be made good
                continue
            missing = {name for name, thing in owed.items() if thing.body == body.key and self._of(thing, year)}
            if missing or self._unarchived(body.key, year) or (body.key, year) not in self.state.outcomes:
                for person in self.hearers(body.key, "SECRETARY", day):
                    hears.setdefault(person, set()).update(missing)
        for person, things in hears.items():
            yield Told(day, person, "YEAR_CLOSE", str(year), frozenset(things))

    def _of(self, thing: Owed, year: int) -> bool:
        """Whether a thing belongs to that year."""
        word, key = thing.subject.split(":", 1)
        match word:
            case "month" | "quarter" | "report" | "close" | "plan":
                return key.split(":")[1].startswith(str(year))
            case "session" | "minutes":
                return self.state.sessions[key].day.year == year
            case "make-up":
                return self.state.sessions[self.state.make_ups[key].session].day.year == year
            case _:
                return False
