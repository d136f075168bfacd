"""A season of a dozen committees in which everything happens at random: what nobody would think of writing into a script."""

import random
from datetime import date, timedelta
from typing import Any

from tests.sessions_app.reminders.script import FIRST, LONG_AGO, Body, Post, Rule, Script, d

RULES: dict[str, tuple[Any, ...]] = {
    "sessions_per_quarter": (0, 1, 2), "sessions_per_month": (0, 1, 2), "month_check_day": (1, 10, 28),
    "quarter_first_check_day": (1, 30, 60), "quarter_second_check_day": (20, 80, 90), "minutes_due_working_days": (1, 3, 9),
    "plan_due_day": ("01-10", "02-28", "03-31"), "report_due_day": ("01-15", "02-20"), "near_working_days": (0, 2, 12),
    "session_plan_notice_working_days": (0, 1, 6), "approval_wait_working_days": (1, 2, 6),
    "prompt_receipt_working_days": (1, 3, 8), "escalate_leader_working_days": (0, 1, 4),
    "escalate_reviewer_working_days": (0, 2, 7), "year_close_notice_working_days": (3, 15), "year_close_day": ("01-20", "02-10"),
    "year_review_open_day": ("11-15", "12-06"),
}  # fmt: skip


class Scatter:
    """The script of a seed, from `first` to `last`; things may have begun eighty days before."""

    def __init__(self, seed: int, first: date, last: date, *, committees: int = 12) -> None:
        self.pick = random.Random(seed)
        self.first, self.last = first, last
        self.script = Script()
        self._tree(committees)
        self._rules()
        for body in self.script.bodies:
            self._plans(body)
            for index in range(self.pick.randrange(5)):
                self._session(f"{body.key}/{index}", body)
            for year in (2025, 2026):
                if self.maybe(0.4):
                    self.script.on(self.day(), "report", f"{body.key}:{year}", body=body.key, year=year)
            if self.maybe(0.5):
                self.script.on(self.day(), "outcome", body.key, body=body.key)
        self._prompts()
        self._periods()
        for _ in range(2):
            start = self.day(first)
            self.script.skipped |= {start + timedelta(days=step) for step in range(self.pick.randrange(1, 9))}

    def maybe(self, chance: float) -> bool:
        return self.pick.random() < chance

    def day(self, after: date | None = None) -> date:
        """Some day from `after` (or from long before the first run) to the last."""
        start = after or self.first - timedelta(days=80)
        return start + timedelta(days=self.pick.randrange(max((self.last - start).days, 0) + 1))

    def soon(self, after: date, most: int = 25) -> date:
        return after + timedelta(days=self.pick.randrange(most))

    def _tree(self, committees: int) -> None:
        for index in range(committees):
            key = f"x{index:02d}"
            parent = "" if not index else self.pick.choice([body.key for body in self.script.bodies if body.lasting])
            since = self.day() if index > 2 and self.maybe(0.25) else LONG_AGO
            until = self.soon(max(since, self.first), 60) if index > 2 and self.maybe(0.2) else None
            self.script.bodies.append(Body(key, "x00" if parent and index < 3 else parent, since, until))
            for number, role in enumerate(
                ("SECRETARY", "SECRETARY", "LEADER", "DEPUTY", "MEMBER", "MEMBER", "REVIEWER")
            ):
                chance = {"REVIEWER": 0.25, "SECRETARY": 0.7}.get(role, 0.9)
                if self.maybe(chance) or role == "MEMBER":
                    self._post(key, role, number)
        people = sorted({post.person for post in self.script.posts})
        for person in self.pick.sample(people, len(people) // 3):
            self.script.rhythms[person] = self.pick.choice(["DAILY", "WEEKLY", "WEEKLY"])
        self.script.chats += [body.key for body in self.script.bodies if self.maybe(0.2)]

    def _post(self, key: str, role: str, number: int) -> None:
        person = f"{role[0]}{number}.{key}"
        secretaries = {post.person for post in self.script.posts if post.role == "SECRETARY"}
        if role == "SECRETARY" and secretaries and self.maybe(0.2):
            person = self.pick.choice(sorted(secretaries))
            if any((post.person, post.body) == (person, key) for post in self.script.posts):
                return
        since, until = LONG_AGO, None
        if role != "MEMBER" and self.maybe(0.3):
            until = self.day()
            if self.maybe(0.6):
                self.script.posts.append(Post(f"{person}+", key, role, self.soon(until + timedelta(days=1))))
        self.script.posts.append(Post(person, key, role, since, until, role != "REVIEWER" or self.maybe(0.8)))

    def _rules(self) -> None:
        for key, values in RULES.items():
            root_only = key.startswith("year_")
            for body in ["x00"] if root_only else self.pick.sample([body.key for body in self.script.bodies], 2):
                if not self.maybe(0.6):
                    continue
                since, until = LONG_AGO, None
                if not root_only and self.maybe(0.4):
                    since = self.day()
                    until = self.soon(since, 60) if self.maybe(0.5) else None
                self.script.rules.append(Rule(key, body, self.pick.choice(values), since, until))

    def _plans(self, body: Body) -> None:
        for year in (2025, 2026):
            key = f"{body.key}:{year}"
            if self.maybe(0.25):
                continue
            day = d(f"{year}-01-05") if year == 2025 else max(self.day(), body.since)
            if day < body.since:
                continue
            topics = [(quarter, f"{key} 专题{quarter}") for quarter in (1, 2, 3, 4) if self.maybe(0.7)]
            self.script.on(day, "draft", key, body=body.key, year=year, topics=topics)
            for verb in ("hand in plan", "approve plan", "file"):
                day = self.soon(day)
                if year == 2026 and self.maybe(0.15):
                    break
                self.script.on(day, verb, key, **({"body": body.key, "year": year} if verb == "file" else {}))

    def _session(self, key: str, host: Body) -> None:
        body, day, form = (
            host.key,
            self.day(),
            self.pick.choice(["GROUP_STUDY", "LECTURE", "READING_CLASS", "FIRST_AGENDA_ITEM"]),
        )
        on = self.script.on
        entered = max(day - timedelta(days=self.pick.randrange(30)), host.since)
        if day < host.since:
            return
        on(entered, "enter", key, body=body, day=day, form=form)
        self._guests(key, body, entered)
        step = entered
        if self.maybe(0.8):
            step = self.soon(step, 15)
            on(step, "hand in", key)
        if self.maybe(0.25):
            year = day.year
            to = max(self.soon(day - timedelta(days=8), 30), entered)
            if to.year == year:
                on(self.soon(entered, 20), "move", key, to=to)
                day = to
        if self.maybe(0.1):
            on(self.soon(step, 40), "cancel", key)
            return
        if self.maybe(0.7):
            step = self.soon(step, 15)
            on(step, "approve", key)
        if self.maybe(0.8):
            step = max(step, day)
            on(step, "hold", key)
            self._minutes(key, body, step)
        for member in ("M4", "M5"):
            self._member(key, f"{member}.{body}", entered, day)

    def _guests(self, key: str, body: str, entered: date) -> None:
        for guest in self.script.bodies:
            if guest.key != body and guest.since <= entered and self.maybe(0.1):
                state = self.pick.choice(["ACCEPTED", "INVITED", "DECLINED"])
                self.script.on(entered, "invite", f"{key}+{guest.key}", session=key, body=guest.key, state=state)
                if state == "INVITED" and self.maybe(0.5):
                    self.script.on(self.soon(entered), "accept", f"{key}+{guest.key}")

    def _minutes(self, key: str, body: str, step: date) -> None:
        verbs = ["write", "hand in minutes", "return minutes", "hand in minutes", "sign", "archive"]
        if self.maybe(0.6):
            del verbs[2:4]
        for verb in verbs:
            if self.maybe(0.12):
                return
            step = self.soon(step, 12)
            self.script.on(step, verb, key)
        if self.maybe(0.4):
            self._chain(
                key, ["correct", "agree", self.pick.choice(["countersign", "refuse"])], step, key, person=f"M4.{body}"
            )

    def _member(self, key: str, person: str, entered: date, day: date) -> None:
        if self.maybe(0.3):
            verbs = ["ask leave", self.pick.choice(["decide leave", "withdraw leave"])]
            self._chain(f"{key}?{person}", verbs, entered, key, person=person)
        if self.maybe(0.4):
            due = day + timedelta(days=self.pick.randrange(5, 40))
            verbs = ["miss", "make up", self.pick.choice(["confirm", "return make-up", "void"])]
            self._chain(f"{key}!{person}", verbs, day, key, person=person, due_on=due)
        if self.maybe(0.2):
            self._chain(f"{key}:{person}", ["speak", "hear"], entered, key, person=person)
        if self.maybe(0.15):
            self._chain(f"{key}*{person}", ["outside", "decide filing"], entered, key)

    def _chain(self, name: str, verbs: list[str], step: date, session: str, **with_: Any) -> None:
        """One after the other, until it stops somewhere."""
        for index, verb in enumerate(verbs):
            step = self.soon(step)
            self.script.on(step, verb, name, **({"session": session} | with_ if not index else {}))
            if self.maybe(0.25):
                return

    def _prompts(self) -> None:
        for number in range(3):
            key, day = f"P{number}", self.day()
            body = self.pick.choice(self.script.bodies[:4]).key
            self.script.on(day, "publish", key, body=body, year=2026, quarter=self.pick.randrange(1, 5))
            parents = {row.key: row.parent for row in self.script.bodies}
            for row in self.script.bodies:
                at = row.key
                while at and at != body:
                    at = parents[at]
                if at and self.maybe(0.6):
                    self.script.on(
                        self.soon(max(day, row.since), 40), "receive", f"{key}:{row.key}", prompt=key, body=row.key
                    )
            if self.maybe(0.4):
                self.script.on(self.soon(day, 60), "end", key)

    def _periods(self) -> None:
        for year, quarter in ((2025, 0), (2025, 4), (2026, 1), (2026, 2), (2026, 3)):
            last = date(year, 12, 31) if not quarter or quarter == 4 else date(year, quarter * 3 + 1, 1)
            if self.maybe(0.5):
                body, key = self.pick.choice(self.script.bodies[:5]).key, f"{year}Q{quarter}"
                closed = self.soon(last + timedelta(days=1), 40)
                self.script.on(closed, "close", key, body=body, year=year, quarter=quarter)
                if self.maybe(0.5):
                    self.script.on(self.soon(closed, 40), "reopen", key, body=body, year=year, quarter=quarter)


def scattered(seed: int, first: date = FIRST, days: int = 50) -> Script:
    return Scatter(seed, first, first + timedelta(days=days)).script
