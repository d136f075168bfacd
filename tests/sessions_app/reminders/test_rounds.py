"""The rhythms: when a round opens, who hears what in it, missed days made good once, the chosen frequency, the chat groups."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.accounts.roles import Role
from roster.committees.models import Committee
from roster.people.models import GroupRole, Person
from sessions_app.guidance.models import PromptStage, StudyPrompt
from sessions_app.notices.models import ChatTarget, Notice, Preference, Provider, Rhythm
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.plans.models import ContentCategory, PlanItem, PlanStage, StudyPlan
from sessions_app.policies.actions import close_period
from sessions_app.policies.models import WorkingDay
from sessions_app.policies.rules import WorkingDays
from sessions_app.reminders import due, rules
from sessions_app.reminders.models import DueItem, Reminder, Round
from sessions_app.reminders.rules import Kind
from sessions_app.sessions.models import SessionStage, StudySession
from tests import build
from tests.sessions_app.reminders.told import BY, owed, periods, run, told

PLAIN = WorkingDays({}, frozenset())
FIRST = date(2026, 4, 1)  # a Wednesday: month and quarter open
DAY = date(2026, 3, 17)


@pytest.fixture
def here(db: None) -> Committee:
    return build.committee("云州市发改委党组")


@pytest.fixture
def secretary(here: Committee) -> Person:
    return build.secretary(here).person


def days(first: date, count: int) -> list[date]:
    return [first + timedelta(days=step) for step in range(count)]


def choose(who: Person, rhythm: str) -> None:
    Preference.objects.update_or_create(person=who, defaults={"rhythm": rhythm})


def every_day(first: date, count: int, found: Sequence[due.Due]) -> None:
    for day in days(first, count):
        run(day, found)


# ------------------------------------------------------------------------------------------------------ periods


def test_the_year_opens_on_the_first_working_day_from_the_day_of_the_rule() -> None:
    assert rules.year_open_period(date(2026, 3, 1), PLAIN, "12-01") == rules.Period("2026", date(2026, 12, 1))
    assert rules.year_open_period(date(2026, 3, 1), PLAIN, "12-05").opens_on == date(2026, 12, 7)
    assert rules.year_open_period(date(2028, 3, 1), PLAIN, "12-31").opens_on > date(2028, 12, 31), "never in that year"


@pytest.mark.parametrize(
    ("on", "closes", "notice", "key", "opens"),
    [
        (date(2026, 1, 10), "01-31", 10, "2025", date(2026, 1, 16)),
        (date(2026, 1, 31), "01-31", 10, "2025", date(2026, 1, 16)),
        (date(2026, 2, 1), "01-31", 10, "2026", date(2027, 1, 15)),
        (date(2025, 12, 30), "01-08", 10, "2025", date(2025, 12, 25)),
        (date(2026, 1, 8), "01-12", 1, "2025", date(2026, 1, 9)),
    ],
)
def test_the_year_closes_with_so_many_working_days_of_notice(
    on: date, closes: str, notice: int, key: str, opens: date
) -> None:
    period = rules.year_close_period(on, PLAIN, closes, notice)
    assert period == rules.Period(key, opens)
    assert opens in PLAIN and PLAIN.between(opens, date(int(key) + 1, int(closes[:2]), int(closes[3:]))) == notice


# ------------------------------------------------------------------------------------------------------ digests


def test_the_month_is_told_once_on_its_first_working_day(here: Committee, secretary: Person) -> None:
    WorkingDay.objects.create(day=FIRST, is_working=False)
    thing = [owed(here, on=date(2026, 4, 30))]
    run(DAY, [])
    for day in days(date(2026, 3, 30), 20):
        run(day, thing)
        run(day, thing, hour=15)
    [notice] = told(secretary, "MONTHLY")
    assert notice.created_at == build.at(date(2026, 4, 2), 9)
    assert notice.title == "月提醒：1 项待办，最近的 4月30日到期"
    assert notice.period == "2026-04" and notice.url == "/"
    assert periods(secretary) == ["MONTHLY:2026-04"]
    row = Round.objects.get(rhythm="MONTHLY", period="2026-04")
    assert (row.opened_on, row.notices) == (date(2026, 4, 2), 1)


def test_days_that_were_missed_are_made_good_once(here: Committee, secretary: Person) -> None:
    thing = [owed(here, on=date(2026, 4, 30))]
    run(DAY)
    # Nothing ran from the end of March to the fourth of April.
    every_day(date(2026, 4, 4), 6, thing)
    assert [notice.created_at for notice in told(secretary, "MONTHLY")] == [build.at(date(2026, 4, 4), 9)]
    assert [notice.period for notice in told(secretary, "QUARTERLY")] == ["2026-Q1", "2026-Q2"]


def test_a_period_that_passed_is_not_made_up(here: Committee, secretary: Person) -> None:
    run(DAY, [])
    run(date(2026, 6, 1), [owed(here, on=date(2026, 6, 30))])
    assert [notice.period for notice in told(secretary, "MONTHLY")] == ["2026-06"]
    assert not Round.objects.filter(period__in=["2026-04", "2026-05"]).exists()


def test_before_the_first_working_day_nothing_is_told(here: Committee, secretary: Person) -> None:
    run(DAY, [])
    run(date(2026, 8, 1), [owed(here, on=date(2026, 8, 31))])  # a Saturday
    assert not Round.objects.filter(period="2026-08").exists()
    run(date(2026, 8, 3), [owed(here, on=date(2026, 8, 31))])
    assert [notice.period for notice in told(secretary, "MONTHLY")] == ["2026-08"]


def test_who_has_nothing_to_hear_is_told_nothing(here: Committee, secretary: Person) -> None:
    other = build.secretary(build.committee(parent=here)).person
    run(FIRST, [owed(here, on=date(2026, 4, 30))])
    assert told(secretary, "MONTHLY") and not told(other, "MONTHLY")


@pytest.mark.parametrize(
    ("rhythm", "expected"),
    [
        ("MONTHLY", ["MONTHLY:2026-05"]),
        ("WEEKLY", [f"WEEKLY:2026-W{week}" for week in (18, 19, 20, 21, 22)]),
        ("DAILY", [f"DAILY:2026-05-{day:02d}" for day in range(1, 32) if date(2026, 5, day).weekday() < 5]),
    ],
)
def test_each_is_told_as_often_as_he_chose(
    here: Committee, secretary: Person, rhythm: str, expected: list[str]
) -> None:
    run(date(2026, 4, 30))
    choose(secretary, rhythm)
    every_day(date(2026, 5, 1), 31, [owed(here, on=date(2026, 6, 30))])
    # The week of the first of May had opened on its Monday, before the choice.
    assert periods(secretary) == [one for one in expected if one != "WEEKLY:2026-W18"]


def test_what_is_met_stands_in_no_later_digest_and_what_returns_does(here: Committee, secretary: Person) -> None:
    choose(secretary, "DAILY")
    first, second = owed(here, on=date(2026, 4, 30), subject="a"), owed(here, on=date(2026, 4, 30), subject="b")
    monday = date(2026, 4, 13)
    for step, found in enumerate(([first, second], [second], [], [first])):
        run(monday + timedelta(days=step), found)
    by_day = [[line["item"] for line in notice.lines] for notice in told(secretary, "DAILY")]
    a, b, again = DueItem.objects.order_by("pk").values_list("pk", flat=True)
    assert by_day == [[a, b], [b], [again]]
    assert DueItem.objects.get(pk=a).met_on == monday + timedelta(days=1)


def test_an_urgent_thing_told_by_the_digest_of_the_same_run_is_not_told_twice(
    here: Committee, secretary: Person
) -> None:
    thing = [owed(here, Kind.SESSION_TOO_FEW, on=date(2026, 4, 30), tell="first")]
    run(FIRST, thing)
    assert [notice.rhythm for notice in told(secretary)] == ["MONTHLY", "QUARTERLY"]
    assert periods(secretary) == ["MONTHLY:2026-04", "now:first"]
    assert set(Reminder.objects.values_list("notice__rhythm", flat=True)) == {"MONTHLY"}
    run(FIRST + timedelta(days=1), thing)
    assert len(told(secretary)) == 2


def test_an_urgent_thing_told_at_once_stands_in_the_digest_too(here: Committee, secretary: Person) -> None:
    thing = [owed(here, Kind.SESSION_TOO_FEW, on=date(2026, 4, 30), tell="first")]
    run(DAY, [])
    run(date(2026, 3, 31), thing)
    run(FIRST, thing)
    assert [notice.rhythm for notice in told(secretary)] == ["QUARTERLY", "URGENT", "MONTHLY", "QUARTERLY"]


def test_a_digest_names_thirty_things_and_counts_the_rest(here: Committee, secretary: Person) -> None:
    found = [owed(here, on=FIRST + timedelta(days=40 - n), subject=f"s{n}") for n in range(35)]
    run(FIRST, found)
    [notice] = told(secretary, "MONTHLY")
    dates = [line["due"] for line in notice.lines]
    assert (len(notice.lines), notice.more) == (30, 5) and dates == sorted(dates)
    assert Reminder.objects.filter(notice=notice).count() == 35


def test_the_department_is_told_who_is_behind(here: Committee) -> None:
    reviewer = build.granted(Role.REVIEWER, here).person
    places = [build.committee(f"云州市{n}局党组", parent=here) for n in range(3)]
    build.granted(Role.REVIEWER, places[0])
    late = [
        owed(place, on=FIRST - timedelta(days=n + 1), subject=f"{place.pk}-{n}")
        for count, place in enumerate(places)
        for n in range(count + 1)
    ]  # fmt: skip
    run(DAY)
    run(FIRST, [*late, owed(here, on=FIRST + timedelta(days=9))])
    [notice] = told(reviewer, "MONTHLY")
    assert notice.title == "月提醒：3 个委员会有逾期事项" and notice.url == "/behind/"
    assert [(line["kind"], line["committee"], line["what"]) for line in notice.lines] == [
        ("谁落后", "云州市2局党组", "3 项逾期，最早的 3月29日到期"),
        ("谁落后", "云州市1局党组", "2 项逾期，最早的 3月30日到期"),
        ("谁落后", "云州市0局党组", "1 项逾期，最早的 3月31日到期"),
    ]
    run(date(2026, 5, 6), [owed(here, on=date(2026, 5, 30))])
    assert len(told(reviewer, "MONTHLY")) == 1, "nobody is behind: nothing to tell"


def test_the_department_reads_of_the_worst_thirty(here: Committee) -> None:
    reviewer = build.granted(Role.REVIEWER, here).person
    late = [owed(build.committee(parent=here), on=FIRST - timedelta(days=1)) for _ in range(33)]
    run(FIRST, late)
    [notice] = told(reviewer, "MONTHLY")
    assert (len(notice.lines), notice.more) == (30, 3)


# ------------------------------------------------------------------------------------------------------ quarter


def plan(where: Committee, *topics: tuple[int, str]) -> StudyPlan:
    row = StudyPlan.objects.create(
        committee=where, year=2026, stage=PlanStage.FILED, approved_on=DAY, filed_on=DAY, approving_meeting="党组会"
    )
    for serial, (quarter, topic) in enumerate(topics, 1):
        PlanItem.objects.create(
            plan=row, serial=serial, quarter=quarter, month=quarter * 3, topic=topic, category=ContentCategory.THEORY
        )
    return row


def prompt(where: Committee, title: str, **more: object) -> StudyPrompt:
    values = {"stage": PromptStage.PUBLISHED, "published_at": build.at(DAY), **more}
    return StudyPrompt.objects.create(committee=where, year=2026, quarter=2, title=title, **values)


def test_the_quarter_opens_with_what_is_prompted_and_planned(here: Committee, secretary: Person) -> None:
    town = build.committee(parent=here)
    leader = build.member(town, role=GroupRole.LEADER).person
    row = plan(here, (1, "一季度的"), (2, "学习贯彻全会精神"), (2, "法治思想"))
    given = prompt(here, "第二季度学习提示")
    prompt(town, "只给镇里的")
    prompt(here, "草稿", stage=PromptStage.DRAFT, published_at=None)
    prompt(here, "已结束", stage=PromptStage.CLOSED, closed_at=build.at(DAY))
    run(FIRST)
    run(FIRST, hour=11)
    [notice] = told(secretary)
    assert notice.title == "季安排：2026年第二季度" and notice.period == "2026-Q2"
    assert [(line["kind"], line["what"], line["left"]) for line in notice.lines] == [
        ("学习提示", "第二季度学习提示", ""), ("计划安排", "学习贯彻全会精神", "6月"), ("计划安排", "法治思想", "6月"),
    ]  # fmt: skip
    assert notice.lines[0]["url"] == given.get_absolute_url() and notice.lines[1]["url"] == row.get_absolute_url()
    [below] = told(leader)
    assert [line["what"] for line in below.lines] == ["第二季度学习提示", "只给镇里的", "本季度计划没有安排"]


def test_who_keeps_two_committees_reads_both_quarters_in_one_notice(here: Committee, secretary: Person) -> None:
    other = build.committee("云州市财政局党组", parent=here)
    build.secretary(other, secretary)
    plan(here, (2, "全会精神"))
    run(FIRST)
    [notice] = told(secretary)
    assert [(line["committee"], line["what"]) for line in notice.lines] == [
        ("云州市发改委党组", "全会精神"), ("云州市财政局党组", "本季度计划没有安排"),
    ]  # fmt: skip


def test_a_committee_that_is_no_more_hears_nothing_of_the_quarter(here: Committee, secretary: Person) -> None:
    here.until = FIRST - timedelta(days=1)
    here.save()
    run(FIRST)
    assert not told(secretary)


# --------------------------------------------------------------------------------------------------------- year

OPENS = date(2026, 12, 1)


def held(where: Committee, day: date, stage: str = SessionStage.HELD) -> StudySession:
    return StudySession.objects.create(committee=where, day=day, topic="专题", stage=stage, entered_at=build.at(day))


def outcome(where: Committee, day: date) -> Outcome:
    return Outcome.objects.create(
        code=f"O{where.pk}", committee=where, day=day, kind=OutcomeKind.ESSAY, title="体会", entered_at=build.at(day)
    )


def test_the_year_opens_with_what_is_missing(here: Committee, secretary: Person) -> None:
    held(here, date(2026, 5, 7))
    held(here, date(2026, 6, 7), SessionStage.ARCHIVED)
    every_day(date(2026, 11, 30), 4, [owed(here, on=date(2026, 12, 20))])
    [notice] = told(secretary, "YEAR_OPEN")
    assert notice.created_at == build.at(OPENS, 9) and notice.title == "年考核准备：2026年度还缺 3 项材料"
    assert [line["kind"] for line in notice.lines] == ["年度计划未备案", "未归档", "未登记成果"]
    assert notice.lines[1]["what"] == "2026年已召开的学习有 1 场没有归档"


def test_who_lacks_nothing_is_told_so(here: Committee, secretary: Person) -> None:
    outcome(here, date(2026, 5, 7))
    run(OPENS)
    [notice] = told(secretary, "YEAR_OPEN")
    assert notice.title == "年考核准备：2026年度材料齐全"
    assert [line["what"] for line in notice.lines] == ["材料齐全"]


def test_before_the_year_closes_only_who_lacks_something_is_told(here: Committee, secretary: Person) -> None:
    whole, new = build.committee(parent=here), build.committee(parent=here)
    complete, newcomer = build.secretary(whole).person, build.secretary(new).person
    plan(here), plan(whole)
    outcome(whole, date(2026, 5, 7))
    held(here, date(2026, 5, 7))
    late = owed(here, Kind.REPORT_DUE, on=date(2027, 1, 31), subject=f"report:{here.pk}:2026")
    other = owed(whole, on=date(2027, 1, 31), subject=f"plan:{whole.pk}:2027")
    every_day(date(2027, 1, 12), 25, [late, other])
    [notice] = told(secretary, "YEAR_CLOSE")
    assert not told(newcomer, "YEAR_CLOSE"), "nothing is known of it in that year"
    assert notice.created_at == build.at(date(2027, 1, 15), 9) and notice.period == "2026"
    assert notice.title == "年度收尾：2026年度还有 3 项未办，1月31日截止"
    assert [line["kind"] for line in notice.lines] == ["年度报告未印发", "未归档", "未登记成果"]
    assert not told(complete, "YEAR_CLOSE"), "the plan of the new year is not a matter of the old one"


def test_what_hangs_on_a_session_is_of_the_year_of_its_day(here: Committee, secretary: Person) -> None:
    plan(here)
    outcome(here, date(2026, 5, 7))
    last, next_ = held(here, date(2026, 12, 29)), held(here, date(2027, 1, 12))
    found = [
        owed(here, Kind.MINUTES_DUE, on=date(2027, 1, 20), subject=f"minutes:{row.pk}", what=f"{row.day}")
        for row in (last, next_)
    ]
    run(date(2027, 1, 18), found)
    lines = told(secretary, "YEAR_CLOSE")[0].lines
    assert [(line["kind"], line["what"]) for line in lines] == [
        ("学习记录未提交", "2026-12-29"), ("未归档", "2026年已召开的学习有 1 场没有归档"),
    ]  # fmt: skip


def test_a_year_that_is_closed_already_is_not_asked_for(here: Committee, secretary: Person) -> None:
    plan(here)
    close_period(committee=here, year=2026, by=BY, at=build.at(date(2027, 1, 5)))
    run(date(2027, 1, 18))
    assert not told(secretary, "YEAR_CLOSE") and Round.objects.filter(rhythm="YEAR_CLOSE", period="2026").exists()


def test_what_the_close_of_the_year_says_of_sessions_is_said_once(here: Committee, secretary: Person) -> None:
    plan(here)
    held(here, date(2026, 5, 7))
    outcome(here, date(2026, 5, 7))
    closing = owed(here, Kind.PERIOD_CLOSING, on=date(2027, 1, 31), subject=f"close:{here.pk}:2026")
    run(date(2027, 1, 18), [closing])
    assert [line["kind"] for line in told(secretary, "YEAR_CLOSE")[0].lines] == ["年度即将截止"]


@pytest.mark.parametrize("rhythm", ["YEAR_OPEN", "YEAR_CLOSE"])
def test_the_year_is_asked_in_the_same_number_of_queries_for_many(here: Committee, rhythm: str) -> None:
    day, counts = (OPENS if rhythm == "YEAR_OPEN" else date(2027, 1, 18)), []
    build.secretary(here)
    for size in (3, 30):
        for _ in range(size):
            place = build.committee(parent=here)
            build.secretary(place)
            plan(place)
        Round.objects.all().delete()
        Notice.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            assert run(day).by_rhythm[rhythm] >= size
        counts.append(len(queries))
    assert counts[0] == counts[1]


# --------------------------------------------------------------------------------------------------- chat groups


def test_a_group_reads_counts_and_no_names(here: Committee, secretary: Person) -> None:
    silent = build.committee(parent=here)
    for place, on in ((here, True), (silent, False)):
        ChatTarget.objects.create(committee=place, provider=Provider.WECOM, token="t", is_active=on)
    member = build.member(here, build.person("张三丰")).person
    plan(here, (2, "全会精神"))
    found = [
        owed(here, Kind.MAKEUP_DUE, on=FIRST - timedelta(days=1), person=member, what="张三丰补学"),
        owed(here, Kind.MAKEUP_DUE, on=FIRST + timedelta(days=1), subject="m2", person=member, what="张三丰补学"),
        owed(here, Kind.PLAN_DUE, on=FIRST + timedelta(days=1)), owed(silent, on=FIRST + timedelta(days=1)),
    ]  # fmt: skip
    run(FIRST, found)
    run(FIRST + timedelta(days=1), found)
    month, quarter = Notice.objects.filter(person=None).order_by("pk")
    assert (month.committee, month.rhythm, month.title) == (here, Rhythm.MONTHLY, "月提醒：3 项待办，其中 1 项已逾期")
    assert [(line["kind"], line["what"]) for line in month.lines] == [
        ("补学未完成", "2 项"),
        ("年度计划未备案", "1 项"),
    ]
    assert [(line["kind"], line["what"]) for line in quarter.lines] == [("学习提示", "0 份"), ("计划安排", "1 项")]
    for notice in (month, quarter):
        assert "张三" not in f"{notice.title}{notice.lead}{notice.lines}"
    assert [delivery.channel for delivery in month.deliveries.all()] == ["CHAT"]
