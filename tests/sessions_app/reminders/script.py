"""The year 2026 of thirty committees, a city and two counties, as plain data: who they are, and what each does on which day.

No table and no code of the house is read here. `played.py` acts it out in the database; `oracle.py` says from it alone what
must be told. A name of a thing (`c03`, `c03/4`, `Q2`) is its key in both.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from tests.sessions_app.reminders.calendar_by_hand import plus

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
LONG_AGO = date(2024, 1, 1)


@dataclass(frozen=True)
class Body:
    """A committee."""

    key: str
    parent: str = ""
    since: date = LONG_AGO
    until: date | None = None

    @property
    def lasting(self) -> bool:
        return self.since == LONG_AGO and self.until is None


@dataclass(frozen=True)
class Post:
    """A person at a committee, dated: SECRETARY, LEADER, DEPUTY, MEMBER, or REVIEWER over its subtree."""

    person: str
    body: str
    role: str
    since: date = LONG_AGO
    until: date | None = None
    active: bool = True


@dataclass(frozen=True)
class Rule:
    key: str
    body: str
    value: Any
    since: date = LONG_AGO
    until: date | None = None


@dataclass(frozen=True)
class Event:
    """Something done to a thing on a day, before the run of nine o'clock."""

    day: date
    verb: str
    key: str
    with_: dict[str, Any] = field(default_factory=dict)


@dataclass
class Script:
    bodies: list[Body] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    rhythms: dict[str, str] = field(default_factory=dict)
    chats: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    skipped: set[date] = field(default_factory=set)  # days on which nothing runs

    def on(self, day: date, verb: str, key: str, /, **with_: Any) -> None:
        self.events.append(Event(day, verb, key, with_))

    def by_day(self, first: date) -> dict[date, list[Event]]:
        """Events of each day in the order they were written; what lies before the first run comes on its day."""
        found: dict[date, list[Event]] = {}
        for event in sorted(self.events, key=lambda event: event.day):
            found.setdefault(max(event.day, first), []).append(event)
        return found


def d(text: str) -> date:
    """`03-12` of the year, or a whole date."""
    return date.fromisoformat(text if len(text) == 10 else f"2026-{text}")


def later(day: date, lag: str) -> date:
    """`4d` four days on, `12w` twelve working days on."""
    count = int(lag[:-1])
    return plus(day, count) if lag.endswith("w") else day + timedelta(days=count)


# ------------------------------------------------------------------------------------------------------- habits


@dataclass(frozen=True)
class Habit:
    """How a committee goes about it. Lists are gone through in turn, one a session; empty lag: never.

    Sessions are entered `entered` before their day; their plan is handed in and approved so many days from the day (`-8` before,
    `2` after); minutes handed in so long after it, approved so long after that; archived after that again.
    """

    sessions: tuple[str, ...] = ()
    plan: tuple[str, str, str] = ("", "", "")  # handed in, approved, filed
    entered: tuple[int, ...] = (-20,)
    handed: tuple[int | None, ...] = (-8,)
    approved: tuple[int | None, ...] = (-6,)
    minutes: tuple[str, ...] = ("2d",)
    signed: tuple[str, ...] = ("1w",)
    archived: tuple[str, ...] = ("5w",)
    made_up: tuple[str, ...] = ("4w",)
    report: str = "01-20"
    receipt: tuple[str, ...] = ("0d",)
    past: tuple[str, ...] = ("2025-03-12", "2025-06-11", "2025-09-10", "2025-12-10")
    past_minutes: str = "2d"
    past_archived: str = "10w"


IN_TIME = ("01-08", "01-09", "01-15")


def monthly(day: int, *, without: tuple[int, ...] = ()) -> tuple[str, ...]:
    return tuple(f"{month:02d}-{day:02d}" for month in range(1, 13) if month not in without)


HABITS: dict[str, Habit] = {
    "city": Habit(sessions=monthly(14), plan=IN_TIME, made_up=("2w",)),
    "A": Habit(sessions=("02-25", "05-20", "08-19", "11-11"), plan=IN_TIME, minutes=("4w",), receipt=("1w",)),
    "B": Habit(sessions=monthly(8), plan=("01-12", "01-20", "01-30"), receipt=("2w", "5w")),
    # under the city
    "c01": Habit(sessions=monthly(12), plan=IN_TIME),
    "c02": Habit(
        sessions=monthly(17), plan=("02-20", "03-03", "03-10"), minutes=("12w", "5w", "6w"), report="02-20",
        receipt=("5w", "6w"), archived=("20w",),
    ),
    "c03": Habit(
        sessions=("02-11", "07-15", "08-26", "11-18"), minutes=("", "", "2d"), made_up=("",), report="", receipt=("", "20w")
    ),
    "c04": Habit(sessions=("01-28", "09-16", "10-21"), plan=IN_TIME, report="01-31", receipt=("7w",)),
    "c05": Habit(
        sessions=("02-04", "03-18", "06-24", "09-02", "12-16"), plan=("01-26", "02-04", "02-12"), minutes=("6w", "8w"),
        made_up=("12w", "18w"), receipt=("3w", "8w"),
    ),
    "c06": Habit(  # the leader lets things lie
        sessions=("01-21", "03-11", "04-22", "06-10", "08-12", "10-14", "12-09"), plan=("01-07", "01-23", "01-29"),
        handed=(-9, -4), approved=(1, -1, 3), signed=("8w", "4w"),
    ),
    "c07": Habit(sessions=monthly(20, without=(2, 8)), plan=IN_TIME, minutes=("8w", "11w", "4w"), report="01-30"),
    "c08": Habit(sessions=("02-12", "03-27", "05-13", "09-23", "09-29", "12-22"), plan=IN_TIME, minutes=("3w",)),
    "c09": Habit(
        sessions=("01-13", "04-15", "04-29", "07-22", "09-24", "12-28"), plan=("01-16", "", ""), handed=(-3,),
        approved=(-2,), minutes=("5w", "7w"), made_up=("16w", ""), receipt=("4w",),
    ),
    "c10": Habit(sessions=("03-25", "06-17", "10-20"), plan=("01-28", "02-02", "02-03"), minutes=("9w",), receipt=("10w",)),
    "c11": Habit(
        sessions=("02-13", "05-15", "08-06", "11-06"), plan=IN_TIME, handed=(-10,), approved=(-1,), minutes=("3w",),
        signed=("9w",), receipt=("12w", "0d"),
    ),
    "c12": Habit(
        sessions=("01-30", "04-10", "06-29", "09-09", "12-11"), plan=("01-20", "01-22", "02-25"), minutes=("6w", "15w"),
        made_up=("14w",), report="03-02", receipt=("9w",),
    ),
    "c13": Habit(sessions=("05-12", "12-15"), plan=("03-30", "04-02", "04-08"), report="", past=(), receipt=("0d",)),
    "c14": Habit(sessions=("07-08", "08-20", "11-25"), plan=("07-01", "07-06", "07-10"), report="", past=(), receipt=("4w",)),
    # under county A
    "a01": Habit(sessions=("02-26", "05-21", "08-20", "11-12"), plan=IN_TIME, minutes=("6w",), receipt=("4w",)),
    "a02": Habit(sessions=("03-04", "11-19"), plan=("01-30", "02-03", "02-06"), minutes=("2d",), receipt=("8w", "0d")),
    "a03": Habit(
        sessions=("01-15", "03-19", "06-18", "07-16", "10-15"), plan=IN_TIME, handed=(-9,), approved=(-6, -2), signed=("2w",),
        receipt=("2w", "3w", "13w"),
    ),
    "a04": Habit(sessions=("02-10", "04-24", "08-28", "09-11"), plan=IN_TIME, minutes=("3w", "10w", ""), made_up=("",), receipt=("6w",)),
    "a05": Habit(sessions=("01-22", "04-16", "09-17", "11-24"), plan=("01-13", "01-27", "02-02")),
    "a06": Habit(sessions=("03-05", "06-04", "09-03", "12-03"), plan=IN_TIME, signed=("30w", "1w"), made_up=("20w", "", "10w"), minutes=("7w",)),
    "a07": Habit(sessions=("03-26", "06-25"), plan=("01-31", "02-09", "03-16"), report="", receipt=("",), minutes=("",)),
    "a08": Habit(report="", receipt=("",), past=()),
    # under county B: a session each month, minutes in three days, nobody above is told of what is late
    "b01": Habit(sessions=monthly(9), plan=IN_TIME, minutes=("2w", "4w"), past_minutes="", past_archived="", report="02-25"),
    "b02": Habit(sessions=monthly(16, without=(2, 7, 8)), plan=IN_TIME, minutes=("3w",), report="", receipt=("6w",)),
    "b03": Habit(sessions=monthly(27, without=(6,)), plan=("01-20", "02-02", "02-10"), minutes=("4w", "1w")),
    "b04": Habit(sessions=("03-10", "06-09", "09-08", "12-08"), plan=IN_TIME, minutes=("2w",), receipt=("",), report="01-04"),
    "b05": Habit(sessions=monthly(23, without=(1, 2, 3, 9)), plan=("04-01", "04-03", "04-09"), past=(), report="", made_up=("17w",)),
    "b06": Habit(sessions=monthly(6, without=(5, 10)), plan=IN_TIME, handed=(-2,), approved=(-1, 1), signed=("6w",)),
    "b07": Habit(sessions=monthly(19, without=(1, 2, 4)), plan=("03-20", "03-24", "04-20"), past=(), report=""),
    "b08": Habit(
        sessions=monthly(13, without=(4, 5, 11)), plan=("01-05", "01-06", "01-07"), minutes=("3w", "5w"), receipt=("11w",),
        past_minutes="", past_archived="",
    ),
}  # fmt: skip


def in_turn(values: tuple[Any, ...], index: int) -> Any:
    return values[index % len(values)]


def hold(script: Script, body: str, index: int, day: date, habit: Habit, *, form: str = "GROUP_STUDY") -> str:
    """One session from its entry to its archive, by the committee's habit."""
    key = f"{body}/{index}"
    script.on(day + timedelta(days=in_turn(habit.entered, index)), "enter", key, body=body, day=day, form=form)
    handed, approved = in_turn(habit.handed, index), in_turn(habit.approved, index)
    if handed is not None:
        script.on(day + timedelta(days=handed), "hand in", key)
    if approved is not None:
        script.on(day + timedelta(days=approved), "approve", key)
    held = day + timedelta(days=max(approved or 0, 0))
    script.on(held, "hold", key)
    record(
        script, key, held, in_turn(habit.minutes, index), in_turn(habit.signed, index), in_turn(habit.archived, index)
    )
    if index % 2 == 0:
        make_up(script, f"{key}!", key, f"M1.{body}", day, in_turn(habit.made_up, index // 2))
    return key


def record(script: Script, key: str, held: date, minutes: str, signed: str, archived: str) -> None:
    """Minutes of a session: written, handed in, signed; then the session archived."""
    script.on(held, "write", key)
    if not minutes:
        return
    handed = later(held, minutes)
    script.on(handed, "hand in minutes", key)
    if signed:
        script.on(later(handed, signed), "sign", key)
        if archived:
            script.on(later(later(handed, signed), archived), "archive", key)


def make_up(script: Script, key: str, session: str, person: str, day: date, lag: str, *, due: str = "15w") -> None:
    script.on(day, "miss", key, session=session, person=person, due_on=later(day, due))
    if lag:
        script.on(later(day, lag), "make up", key)
        script.on(later(later(day, lag), "2w"), "confirm", key)


def live(script: Script, body: str, habit: Habit) -> None:
    """A committee's years 2025 and 2026."""
    if habit.past:
        script.on(d("2025-01-15"), "file", f"{body}:2025", body=body, year=2025)
    for index, text in enumerate(habit.past):
        past = Habit(
            minutes=(habit.past_minutes,), archived=(habit.past_archived if index == 3 else "5w",), made_up=("3w",), receipt=()
        )  # fmt: skip
        hold(script, body, 2500 + index, d(text), past)
    handed, approved, filed = habit.plan
    if handed:
        topics = [
            (quarter, f"{body} 第{quarter}季度专题")
            for quarter in (1, 2, 3, 4)
            if quarter != len(body) + ord(body[-1]) % 4
        ]
        script.on(d(handed) - timedelta(days=3), "draft", f"{body}:2026", body=body, year=2026, topics=topics)
        script.on(d(handed), "hand in plan", f"{body}:2026")
    if approved:
        script.on(d(approved), "approve plan", f"{body}:2026")
    if filed:
        script.on(d(filed), "file", f"{body}:2026", body=body, year=2026)
    for index, text in enumerate(habit.sessions):
        hold(script, body, index, d(text), habit)
    if habit.report:
        script.on(d(habit.report), "report", f"{body}:2025", body=body, year=2025)


# -------------------------------------------------------------------------------------------------------- the year


def written() -> Script:
    script = Script()
    people(script)
    for body, habit in HABITS.items():
        live(script, body, habit)
    past(script)
    prompts(script)
    leaves(script)
    turns(script)
    waiting(script)
    # Three days over a month's end, and a whole week (Monday to Sunday); over the year's day 60; and 国庆.
    for first, last in (("03-31", "04-02"), ("06-15", "06-21"), ("08-30", "09-01"), ("10-05", "10-09")):
        day = d(first)
        while day <= d(last):
            script.skipped.add(day)
            day += timedelta(days=1)
    return script


def people(script: Script) -> None:
    since = {"c14": d("05-18"), "b07": d("03-01")}
    until = {"a04": d("09-15")}
    for body in HABITS:
        parent = {"city": "", "A": "city", "B": "city"}.get(body) if len(body) != 3 else None
        if parent is None:
            parent = {"c": "city", "a": "A", "b": "B"}[body[0]]
        script.bodies.append(Body(body, parent, since.get(body, LONG_AGO), until.get(body)))
        posts = {
            "SECRETARY": f"S.{body}", "LEADER": f"L.{body}", "DEPUTY": f"D.{body}", "MEMBER": f"M1.{body}", "": f"M2.{body}"
        }  # fmt: skip
        for role, person in posts.items():
            script.posts.append(Post(person, body, role or "MEMBER", since.get(body, LONG_AGO)))

    def change(who: str, where: str, as_: str, **new: Any) -> None:
        [old] = [post for post in script.posts if (post.person, post.body, post.role) == (who, where, as_)]
        script.posts.remove(old)
        if new:
            fields = {"person": old.person, "body": old.body, "role": old.role, "since": old.since} | new
            script.posts.append(Post(**fields))

    change("S.a02", "a02", "SECRETARY", person="S.a01")  # one person, two committees
    change("S.c10", "c10", "SECRETARY")  # nobody: the leader hears
    change("L.c10", "c10", "LEADER", until=d("10-25"))  # and then the deputy
    change("L.c11", "c11", "LEADER", until=d("06-30"))
    script.posts.append(Post("L2.c11", "c11", "LEADER", d("09-01")))
    change("S.c12", "c12", "SECRETARY", until=d("06-30"))
    script.posts.append(Post("S2.c12", "c12", "SECRETARY", d("07-01")))
    change("L.c12", "c12", "LEADER", until=d("09-10"))
    script.posts.append(Post("L2.c12", "c12", "LEADER", d("09-11")))
    script.posts.append(Post("S2.a03", "a03", "SECRETARY"))  # two of them
    change("S.b08", "b08", "SECRETARY", person="L.b08")  # leader and secretary in one
    change("S.b05", "b05", "SECRETARY", until=d("04-15"))
    script.posts.append(Post("S2.b05", "b05", "SECRETARY", d("06-01")))  # six weeks without one
    # One who helps twenty committees until the tenth of January: more than fits into one letter.
    for post in list(script.posts):
        if (
            post.role == "SECRETARY"
            and post.body[0] in "cb"
            and post.body not in ("city", "c14", "b07")
            and post.until is None
        ):
            script.posts.append(Post("S.all", post.body, "SECRETARY", until=d("01-10")))
    script.posts += [
        Post("R.city", "city", "REVIEWER"),
        Post("R2.city", "city", "REVIEWER", until=d("07-31")),
        Post("R3.city", "city", "REVIEWER", d("08-01")),
        Post("R4.city", "city", "REVIEWER", active=False),  # an account that is switched off
        Post("R.A", "A", "REVIEWER"),
        Post("D.a06", "a06", "REVIEWER", d("06-01"), d("10-31")),  # nearest of all to a06
    ]
    script.rhythms |= {
        "S.c05": "WEEKLY", "L.b06": "WEEKLY", "S.c09": "DAILY", "R.A": "WEEKLY", "R2.city": "DAILY", "M1.c03": "WEEKLY",
    }  # fmt: skip
    script.chats += ["c02", "A", "b02", "a08", "a04"]
    script.rules += [
        Rule("sessions_per_month", "B", 1), Rule("month_check_day", "B", 15), Rule("minutes_due_working_days", "B", 3),
        Rule("escalate_leader_working_days", "B", 0), Rule("escalate_reviewer_working_days", "B", 0),
        Rule("escalate_leader_working_days", "b04", 2), Rule("sessions_per_month", "b06", 0),
        Rule("minutes_due_working_days", "c07", 10), Rule("sessions_per_quarter", "c08", 2),
        Rule("escalate_leader_working_days", "A", 3, LONG_AGO, d("05-31")), Rule("escalate_reviewer_working_days", "a06", 6),
        Rule("session_plan_notice_working_days", "A", 5, d("07-01")), Rule("prompt_receipt_working_days", "a03", 2),
        Rule("approval_wait_working_days", "a03", 1), Rule("near_working_days", "c05", 8),
        Rule("quarter_first_check_day", "c04", 45), Rule("quarter_second_check_day", "c04", 85),
        Rule("plan_due_day", "a05", "01-20"), Rule("report_due_day", "A", "02-20"), Rule("sessions_per_month", "c03", 2, d("10-01")),
    ]  # fmt: skip


def past(script: Script) -> None:
    """What still hangs over from the years before."""
    # A session of 10 January 2025 nobody ever wrote up: due until a year and a day have gone.
    never = Habit(minutes=("",), made_up=("",), receipt=())
    hold(script, "c04", 2490, d("2025-01-10"), never)
    hold(script, "a01", 2490, d("2025-11-20"), Habit(minutes=("38w",), archived=("",), made_up=("",), receipt=()))
    hold(script, "b02", 2490, d("2025-12-18"), Habit(minutes=("",), made_up=("30w",), receipt=()))
    hold(script, "c06", 2490, d("2025-12-24"), Habit(minutes=("3w",), signed=("20w",), receipt=()))
    for body in ("city", "A", "c01", "c02", "c09", "a01", "b04"):
        script.on(d("2025-11-05"), "outcome", f"{body}:2025", body=body)
    # The city's own summary of the year is not the report of the committee.
    script.on(d("01-12"), "report", "c03:2025*", body="c03", year=2025, total=True)
    # County B closes 2025 on 5 February; county A its first quarter on 20 April, and opens it again on 25 May.
    script.on(d("02-05"), "close", "B:2025", body="B", year=2025, quarter=0)
    script.on(d("04-20"), "close", "A:2026Q1", body="A", year=2026, quarter=1)
    script.on(d("05-25"), "reopen", "A:2026Q1", body="A", year=2026, quarter=1)
    # a plan of 2026 amended while the old one stays in force
    script.on(d("06-08"), "draft", "c01:2026+", body="c01", year=2026, edition=2, topics=[(3, "c01 调整后的专题")])
    script.on(d("06-10"), "hand in plan", "c01:2026+")
    script.on(d("06-26"), "approve plan", "c01:2026+")
    script.on(d("06-30"), "file", "c01:2026+", body="c01", year=2026)


def prompts(script: Script) -> None:
    published = {
        "P1": ("city", 1, "01-08"), "P2": ("city", 2, "03-30"), "P3": ("city", 3, "06-29"), "P4": ("city", 4, "10-09"),
        "PA": ("A", 2, "04-20"),
    }  # fmt: skip
    tree = {body.key: body.parent for body in script.bodies}
    for index, (key, (root, quarter, text)) in enumerate(published.items()):
        script.on(d(text), "publish", key, body=root, year=2026, quarter=quarter)
        for body, habit in HABITS.items():
            if root in (body, tree[body]) or root == "city":
                lag = in_turn(habit.receipt, index)
                day = (
                    max(later(d(text), lag), d("05-28") if body == "c14" else d("03-03") if body == "b07" else FIRST)
                    if lag
                    else None
                )
                if day and (body, key) != ("c14", "P1"):
                    script.on(day, "receive", f"{key}:{body}", prompt=key, body=body)
    script.on(d("04-10"), "end", "P1")
    script.on(d("06-30"), "end", "PA")
    script.on(d("02-01"), "publish later", "PX", body="city", year=2026, quarter=1)  # a draft, for ever


def leaves(script: Script) -> None:
    """Asked, decided at once, late, or never; withdrawn."""
    cases = (
        ("c01/1", -6, 0), ("c01/2", -5, 4), ("c02/3", -3, None), ("c05/1", -9, 6), ("c06/2", -7, None), ("a01/1", -1, None),
        ("a03/2", -10, 9), ("b01/4", -4, 1), ("b06/6", -8, 7), ("c11/2", -6, 3), ("c11/2*", -6, None), ("a04/3", -5, None),
        ("city/5", -6, 2), ("c10/2", -12, 8), ("c12/3", -4, None), ("b08/7", -2, 1),
    )  # fmt: skip
    days = {f"{body}/{index}": d(text) for body, habit in HABITS.items() for index, text in enumerate(habit.sessions)}
    for number, (name, asked, decided) in enumerate(cases):
        session = name.rstrip("*")
        day = days[session] + timedelta(days=asked)
        who = f"{'M1' if name.endswith('*') else 'M2'}.{session.split('/')[0]}"
        script.on(day, "ask leave", f"{name}?", session=session, person=who)
        if decided is not None:
            verb = "withdraw leave" if number % 5 == 4 else "decide leave"
            script.on(day + timedelta(days=decided), verb, f"{name}?")


def turns(script: Script) -> None:
    """Sessions moved, cancelled, never held, shared by two, and of a kind that does not count."""
    usual = HABITS["a05"]
    for index, (day, planned) in enumerate(
        (("03-12", True), ("05-14", False), ("07-02", True), ("10-22", False), ("12-10", True))
    ):
        key = f"a05/m{index}"
        script.on(d(day) - timedelta(days=18), "enter", key, body="a05", day=d(day), form="LECTURE")
        if planned:
            script.on(d(day) - timedelta(days=9), "hand in", key)
    script.on(d("03-10"), "move", "a05/m0", to=d("03-13"))  # near, and near again
    script.on(d("03-12"), "approve", "a05/m0")
    script.on(d("03-13"), "hold", "a05/m0")
    record(script, "a05/m0", d("03-13"), "9w", "1w", "4w")
    script.on(d("05-13"), "move", "a05/m1", to=d("06-11"))  # near, far, near again: it returns
    script.on(d("06-12"), "cancel", "a05/m1")
    script.on(d("06-30"), "move", "a05/m2", to=d("07-03"))
    script.on(d("07-01"), "cancel", "a05/m2")
    # m3 is forgotten: its day goes by in preparation; cancelled five weeks later. m4 is approved after its day.
    script.on(d("11-26"), "cancel", "a05/m3")
    script.on(d("12-14"), "approve", "a05/m4")
    script.on(d("12-14"), "hold", "a05/m4")
    record(script, "a05/m4", d("12-10"), "", usual.signed[0], "")
    # Approved, and nobody said that it took place: the record is due all the same, from the day after.
    script.on(d("03-02"), "enter", "a02/x", body="a02", day=d("03-23"), form="GROUP_STUDY")
    script.on(d("03-09"), "hand in", "a02/x")
    script.on(d("03-11"), "approve", "a02/x")
    script.on(d("04-16"), "hold", "a02/x")
    script.on(d("06-03"), "hand in minutes", "a02/x")
    script.on(d("06-11"), "return minutes", "a02/x")
    script.on(d("06-24"), "hand in minutes", "a02/x")
    script.on(d("06-25"), "sign", "a02/x")
    # 第一议题 counts in nothing.
    for index, (body, day) in enumerate((("c04", "05-06"), ("b04", "04-14"), ("a08", "02-12"))):
        hold(
            script,
            body,
            900 + index,
            d(day),
            Habit(minutes=("",), made_up=("",), receipt=(), approved=(None,), handed=(None,)),
        )
        script.events = [
            Event(event.day, event.verb, event.key, event.with_ | {"form": "FIRST_AGENDA_ITEM"})
            if event.verb == "enter" and event.key == f"{body}/{900 + index}" else event
            for event in script.events
            if not (event.verb == "miss" and event.key == f"{body}/{900 + index}!")
        ]  # fmt: skip
    # c13 sits with c01: the host writes, both count. One invitation is still open, one is declined.
    script.on(d("03-01"), "invite", "c01/2+c13", session="c01/2", body="c13", state="ACCEPTED")
    script.on(d("09-01"), "invite", "c01/8+c13", session="c01/8", body="c13", state="INVITED")
    script.on(d("09-20"), "accept", "c01/8+c13")
    script.on(d("06-01"), "invite", "c01/5+b04", session="c01/5", body="b04", state="DECLINED")
    script.on(d("05-02"), "invite", "b01/4+b04", session="b01/4", body="b04", state="ACCEPTED")
    make_up(script, "c13!", "c01/2", "M1.c13", d("03-12"), "19w")  # due to the guest
    # Made up, sent back, made up again; taken off.
    make_up(script, "a06!1", "a06/1", "M2.a06", d("06-04"), "")
    script.on(d("06-12"), "make up", "a06!1")
    script.on(d("06-23"), "return make-up", "a06!1")
    script.on(d("07-07"), "make up", "a06!1")
    make_up(script, "c05!v", "c05/2", "M2.c05", d("06-24"), "")
    script.on(d("07-14"), "void", "c05!v")


def waiting(script: Script) -> None:
    """Speeches, corrections and outside speakers that wait for a word."""
    script.on(d("01-28"), "speak", "s1", session="c01/1", person="M1.c01")
    script.on(d("02-05"), "hear", "s1")
    script.on(d("05-06"), "speak", "s2", session="a01/1", person="M2.a01")
    script.on(d("08-03"), "speak", "s3", session="c11/2", person="M1.c11")
    script.on(d("09-04"), "hear", "s3")
    script.on(d("04-07"), "correct", "k1", session="c01/1", person="M1.c01")
    script.on(d("04-15"), "agree", "k1")  # a joined correction waits for the department too
    script.on(d("04-28"), "countersign", "k1")
    script.on(d("05-11"), "correct", "k2", session="a01/0", person="S.a01")
    script.on(d("05-12"), "agree", "k2")
    script.on(d("07-20"), "countersign", "k2")
    script.on(d("11-02"), "correct", "k3", session="b06/6", person="M1.b06")
    script.on(d("11-20"), "refuse", "k3")
    script.on(d("02-23"), "outside", "f1", session="c01/2")
    script.on(d("03-04"), "decide filing", "f1")
    script.on(d("08-17"), "outside", "f2", session="a06/2")
    script.on(d("08-30"), "decide filing", "f2")
    script.on(d("11-23"), "outside", "f3", session="c12/4")
