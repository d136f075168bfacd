"""Local rules by scope and day, working days, and the gate of periods."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from random import Random

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees import actions as committees
from roster.committees.models import Committee
from sessions_app.policies import actions, calendar, parameters, periods
from sessions_app.policies.models import Period, PeriodStage, PolicyParameter, WorkingDay
from sessions_app.policies.rules import (
    KEYS,
    PRACTICE,
    ValueType,
    WorkingDays,
    ancestors,
    day_in_year,
    nearest,
    period_last_day,
    quarter_of,
    read_value,
    shown,
)
from tests import build
from tests.roster.conftest import Tree

CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DAY = build.DAY
days = st.integers(0, 400).map(lambda n: date(2026, 1, 1) + timedelta(days=n))


# ---------------------------------------------------------------------------------------------------- pure rules


@CALM
@given(days, st.integers(0, 40), st.sets(days, max_size=30))
def test_adding_and_counting_working_days_are_each_others_inverse(day: date, count: int, turned: set[date]) -> None:
    calendar_ = WorkingDays({other: other.weekday() >= 5 for other in turned}, frozenset())
    due = calendar_.add(day, count)
    assert calendar_.between(day, due) == count
    assert count == 0 or due in calendar_
    assert calendar_.between(due, day) == -count


def test_unknown_year_falls_back_to_the_week_and_says_so() -> None:
    empty = WorkingDays({}, frozenset({2031}))
    assert date(2031, 1, 3) in empty and date(2031, 1, 4) not in empty and "2031 年" in empty.warning()


def test_quarters_end_where_they_end() -> None:
    assert [period_last_day(2026, q) for q in range(5)] == [
        date(2026, 12, 31), date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), date(2026, 12, 31),
    ]  # fmt: skip
    assert [quarter_of(date(2026, month, 1)) for month in range(1, 13)] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4]


def test_values_are_read_and_shown_by_their_kind() -> None:
    assert read_value("attendance_target", "0.85") == Decimal("0.85") and shown("attendance_target", 0.85) == "85.0%"
    assert (
        read_value("plan_due_day", "02-29".replace("29", "28")) == "02-28"
        and shown("plan_due_day", "01-31") == "1月31日"
    )
    assert shown("make_up_due_working_days", read_value("make_up_due_working_days", " 10 ")) == "10 个工作日"
    for key, text in [
        ("attendance_target", "1.2"), ("attendance_target", "九成"), ("plan_due_day", "13-01"), ("plan_due_day", "1月"),
        ("make_up_due_working_days", "0"), ("make_up_due_working_days", "-3"), ("days_per_year", "12.5"),
    ]:  # fmt: skip
        with pytest.raises(ValueError, match="应"):
            read_value(key, text)
    assert day_in_year("01-31", 2026) == date(2026, 1, 31)


def test_defaults_fit_their_own_kind() -> None:
    for key in KEYS.values():
        typed = shown(key.key, key.default) if key.type == ValueType.SWITCH else str(key.default)
        assert read_value(key.key, typed) == key.default and shown(key.key, key.default)


def test_the_nearest_value_up_the_path_wins() -> None:
    assert ancestors("0000001/0000042/") == (1, 42)
    assert nearest("0000001/0000042/", {1: "city", 42: "county"}) == (42, "county")
    assert nearest("0000001/0000042/", {1: "city", 7: "other"}) == (1, "city") and nearest("0000001/", {}) is None


# ----------------------------------------------------------------------------------------------------- parameters


def put(
    where: Committee, value: object, by: User, since: date = DAY, key: str = "make_up_due_working_days"
) -> PolicyParameter:
    return actions.set_parameter(
        key=key, committee=where, value=value, since=since, source="市委办〔2026〕1号", by=by, at=build.AT
    )


@pytest.mark.django_db
def test_a_value_holds_for_the_subtree_from_its_day(tree: Tree, admin: User) -> None:
    key = "make_up_due_working_days"
    put(tree.city, 12, admin)
    put(tree.county, 8, admin, since=date(2026, 6, 1))
    before = DAY - timedelta(days=1)
    assert [parameters.value(key, tree.township, on) for on in (before, DAY, date(2026, 6, 1))] == [15, 12, 8]
    assert parameters.value(key, tree.other, date(2026, 6, 1)) == 12
    with CaptureQueriesContext(connection) as queries:
        found = parameters.values(KEYS, Committee.objects.all(), date(2026, 6, 1))
    assert len(queries) == 2  # the committees, the values
    assert {found[row.pk][key] for row in (tree.city, tree.other)} == {12} and found[tree.township.pk][key] == 8


@pytest.mark.django_db
def test_a_move_in_the_tree_changes_what_holds(tree: Tree, admin: User) -> None:
    put(tree.other, 3, admin)
    committees.move(tree.township, parent=tree.other, version=1, by=admin, at=build.AT)
    tree.township.refresh_from_db()
    assert parameters.value("make_up_due_working_days", tree.township, DAY) == 3


@pytest.mark.django_db
def test_the_next_value_ends_the_one_before(tree: Tree, admin: User) -> None:
    first = put(tree.city, 12, admin)
    put(tree.city, 9, admin, since=date(2026, 7, 1))
    first.refresh_from_db()
    assert first.until == date(2026, 6, 30)
    assert AuditEvent.objects.filter(verb="设定参数").latest("pk").before == "12 个工作日"
    with pytest.raises(Refused, match="已有自 2026年7月1日 起的值"):
        put(tree.city, 7, admin, since=date(2026, 5, 1))
    with pytest.raises(Refused, match="已有自 2026年3月20日 起的值"):
        put(tree.city, 7, admin)


@pytest.mark.django_db
def test_each_path_worked_out_once_gives_what_asking_up_the_path_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = Random(5)
    rows = [build.committee()]
    for _ in range(30):
        rows.append(build.committee(parent=rng.choice([*rows, None])))
    keys = ["near_working_days", "plan_due_day", "attendance_target"]
    set_ = {key: {row.pk: f"{key}{row.pk}" for row in rng.sample(rows, 6)} for key in keys[:2]}
    for key, values in set_.items():
        for pk, value in values.items():
            PolicyParameter.objects.create(key=key, committee_id=pk, value=value, since=build.SINCE, source="本市规定")
    wanted = {row.pk: {key: nearest(row.path, set_.get(key, {})) for key in keys} for row in rows}
    for named in (1000, 3):  # the ids named in the query, or not
        monkeypatch.setattr(parameters, "NAMED", named)
        found = parameters.values(keys, rows, DAY)
        assert found == {
            pk: {key: pair[1] if pair else KEYS[key].default for key, pair in pairs.items()}
            for pk, pairs in wanted.items()
        }
    found[rows[0].pk]["near_working_days"] = 0
    assert parameters.values(keys, rows, DAY)[rows[1].pk] == {
        key: pair[1] if pair else KEYS[key].default for key, pair in wanted[rows[1].pk].items()
    }


@pytest.mark.django_db
def test_parameters_need_a_source_and_a_known_key(tree: Tree, admin: User) -> None:
    with pytest.raises(Refused, match="依据"):
        actions.set_parameter(
            key="days_per_year", committee=tree.city, value=12, since=DAY, source=" ", by=admin, at=build.AT
        )
    with pytest.raises(Refused, match="没有这个参数"):
        put(tree.city, 1, admin, key="nonsense")


@pytest.mark.django_db
def test_an_ended_value_gives_way_to_the_one_above(tree: Tree, admin: User) -> None:
    row = put(tree.county, 8, admin)
    actions.end_parameter(row, until=date(2026, 4, 30), version=1, by=admin, at=build.AT)
    assert parameters.value("make_up_due_working_days", tree.county, date(2026, 5, 1)) == 15
    with pytest.raises(Refused, match="已失效"):
        actions.end_parameter(row, until=date(2026, 5, 30), version=2, by=admin, at=build.AT)
    with pytest.raises(Stale):
        actions.end_parameter(row, until=date(2026, 4, 1), version=1, by=admin, at=build.AT)


@pytest.mark.django_db
def test_parameter_pages(tree: Tree, admin: User, reviewer: User, keeper: User, enter: Callable) -> None:
    client = enter(reviewer)
    given_ = {
        "key": "days_per_year",
        "committee": tree.county.pk,
        "value": "12",
        "since": "2026-03-20",
        "source": "县委通知",
    }
    answer = client.post("/parameters/new/", given_)
    assert answer.status_code == 302
    page = client.get(answer["Location"]).content.decode()
    assert "12 天" in page and "县委通知" in page
    wrong = client.post("/parameters/new/", given_ | {"value": "许多"})
    assert wrong.status_code == 422 and "整数" in wrong.content.decode()
    assert client.post("/parameters/new/", given_ | {"committee": tree.city.pk}).status_code == 422, "not his to set"
    row = PolicyParameter.objects.get()
    assert row.value == 12
    assert (
        enter(keeper).get("/parameters/").status_code == 200
        and "12 天" in enter(keeper).get("/parameters/").content.decode()
    )
    assert enter(keeper).get("/parameters/new/").status_code == 404
    assert client.post(f"/parameters/{row.pk}/end/", {"version": 1, "until": "2026-03-31"}).status_code == 302
    foreign = put(tree.other, 5, admin)
    assert client.get(f"/parameters/{foreign.pk}/end/").status_code == 404


# --------------------------------------------------------------------------------------------------- working days


@pytest.mark.django_db
def test_the_published_calendar_is_the_seed_and_the_hand_wins(admin: User) -> None:
    actions.set_working_day(day=date(2026, 2, 25), is_working=False, note="抗灾后补休", by=admin, at=build.AT)
    assert actions.seed_working_days([2026, 2099], by=admin, at=build.AT) == [2099]
    assert WorkingDay.objects.filter(day__year=2026).count() == 365
    known = calendar.load(date(2026, 1, 1), date(2026, 12, 31))
    assert date(2026, 2, 17) not in known, "春节"
    assert date(2026, 2, 14) in known, "a Saturday worked in exchange"
    assert date(2026, 2, 25) not in known and not known.warning()
    actions.seed_working_days([2026], by=admin, at=build.AT)
    assert WorkingDay.objects.filter(day__year=2026).count() == 365
    assert calendar.add_working_days(date(2026, 2, 13), 3) == date(2026, 2, 26)
    assert calendar.working_days_between(date(2026, 2, 13), date(2026, 2, 26)) == 3
    assert calendar.working_days_between(date(2026, 2, 26), date(2026, 2, 13)) == -3


@pytest.mark.django_db
def test_the_calendar_is_seeded_by_command() -> None:
    out = StringIO()
    call_command("seed_working_days", "2025", "2026", "--json", stdout=out)
    assert out.getvalue().strip() == '{"seeded": [2025, 2026], "unknown": []}'


@pytest.mark.django_db
def test_calendar_page(tree: Tree, admin: User, enter: Callable) -> None:
    client = enter(admin)
    assert "尚未录入" in client.get("/working-days/").content.decode()
    client.post("/working-days/seed/", {"year": "2026"})
    page = client.get("/working-days/").content.decode()
    assert "尚未录入" not in page and "春节" in page
    assert client.post("/working-days/", {"day": "2026-03-21", "is_working": "1", "note": "加班"}).status_code == 302
    assert WorkingDay.objects.get(day="2026-03-21").overridden
    assert client.post("/working-days/", {"day": "不是日期", "is_working": "7"}).status_code == 422
    assert client.get("/working-days/seed/").status_code == 405


# -------------------------------------------------------------------------------------------------------- periods


def shut(where: Committee, by: User, year: int = 2025, quarter: int = 4) -> Period:
    return actions.close_period(committee=where, year=year, quarter=quarter, by=by, at=build.AT)


@pytest.mark.django_db
def test_a_closed_period_stops_every_write_below_it(tree: Tree, reviewer: User) -> None:
    shut(tree.county, reviewer)
    with pytest.raises(Refused, match="2025年第4季度已截止，11月1日.*更正"):
        actions.require_open(tree.township, date(2025, 11, 1))
    actions.require_open(tree.township, date(2025, 9, 30))
    actions.require_open(tree.other, date(2025, 11, 1))
    actions.require_open(tree.city, date(2025, 11, 1))
    shut(tree.city, reviewer, quarter=0)
    with pytest.raises(Refused, match="2025年度已截止"):
        actions.require_open(tree.other, date(2025, 1, 2))


@pytest.mark.django_db
def test_the_gate_is_asked_many_times_in_one_query(tree: Tree, reviewer: User) -> None:
    actions.freeze_period(shut(tree.county, reviewer), version=2, by=reviewer, at=build.AT)
    with CaptureQueriesContext(connection) as queries:
        gate = periods.load_gate(2025, 2026)
        told = [gate.refusal(row.path, date(2025, 12, 1)) for row in (tree.city, tree.county, tree.township)]
    assert len(queries) == 1 and [bool(line) for line in told] == [False, True, True] and "解冻" in told[1]
    assert periods.stage_on(tree.township, date(2025, 12, 1)) == PeriodStage.FROZEN
    assert periods.stage_on(tree.township, date(2025, 9, 1)) == PeriodStage.OPEN


@pytest.mark.django_db
def test_nothing_is_closed_before_it_is_over(tree: Tree, reviewer: User) -> None:
    with pytest.raises(Refused, match="3月31日 才结束"):
        shut(tree.county, reviewer, year=2026, quarter=1)
    shut(tree.county, reviewer)
    with pytest.raises(Refused, match="现在是“截止”"):
        shut(tree.county, reviewer)


@pytest.mark.django_db
def test_unfreezing_takes_two_persons(tree: Tree, reviewer: User) -> None:
    second = build.granted(Role.REVIEWER, tree.city)
    row = actions.freeze_period(shut(tree.county, reviewer), version=2, by=reviewer, at=build.AT)
    with pytest.raises(Refused, match="还没有人申请"):
        actions.agree_unfreeze(row, version=3, by=second, at=build.AT)
    with pytest.raises(Refused, match="解冻原因"):
        actions.ask_unfreeze(row, reason="", version=3, by=reviewer, at=build.AT)
    row = actions.ask_unfreeze(row, reason="漏记一场", version=3, by=reviewer, at=build.AT)
    with pytest.raises(Refused, match="等待另一人"):
        actions.ask_unfreeze(row, reason="又漏", version=4, by=second, at=build.AT)
    with pytest.raises(Refused, match="另一人同意"):
        actions.agree_unfreeze(row, version=4, by=reviewer, at=build.AT)
    row = actions.agree_unfreeze(row, version=4, by=second, at=build.AT)
    assert row.stage == PeriodStage.CLOSED and row.unfreeze_asked_by is None
    with pytest.raises(Refused, match="重新开放的原因"):
        actions.reopen_period(row, reason=" ", version=5, by=reviewer, at=build.AT)
    assert actions.reopen_period(row, reason="补录", version=5, by=reviewer, at=build.AT).stage == PeriodStage.OPEN
    verbs = list(AuditEvent.objects.about(row).order_by("pk").values_list("verb", flat=True))
    assert verbs == ["截止期间", "冻结期间", "申请解冻", "解冻期间", "重新开放期间"]


@pytest.mark.django_db
def test_period_pages(tree: Tree, reviewer: User, enter: Callable) -> None:
    client, second = enter(reviewer), enter(build.granted(Role.REVIEWER, tree.city))
    given_ = {"committee": tree.county.pk, "year": 2025, "quarter": "4"}
    assert client.post("/periods/close/", given_).status_code == 302
    row = Period.objects.get()
    assert client.post("/periods/close/", given_).status_code == 422
    assert client.post("/periods/close/", given_ | {"committee": tree.city.pk}).status_code == 422

    def act(who: object, verb: str, **words: object) -> str:
        row.refresh_from_db()
        who.post(f"/periods/{row.pk}/{verb}/", {"version": row.version, **words})  # type: ignore[attr-defined]
        row.refresh_from_db()
        return row.stage

    client.post(f"/periods/{row.pk}/freeze/", {"version": 99})
    assert act(client, "freeze") == "FROZEN"
    assert (
        act(client, "unfreeze/ask", reason="漏记") == "FROZEN"
        and "同意解冻" not in client.get("/periods/").content.decode()
    )
    assert "同意解冻" in second.get("/periods/").content.decode()
    assert act(client, "unfreeze/agree") == "FROZEN"
    assert act(second, "unfreeze/refuse") == "FROZEN" and row.unfreeze_asked_by is None
    act(client, "unfreeze/ask", reason="漏记")
    assert act(second, "unfreeze/agree") == "CLOSED" and act(client, "reopen", reason="补录") == "OPEN"
    foreign = shut(tree.other, reviewer)
    assert client.post(f"/periods/{foreign.pk}/freeze/", {"version": foreign.version}).status_code == 404


@pytest.mark.parametrize("key", [key.key for key in KEYS.values() if key.type == ValueType.RATE])
@pytest.mark.parametrize("text", ["95", "95%", "95.0%", "95.00", "0.95", "95％", " 95 % "])
def test_a_percentage_is_typed_as_a_percentage(key: str, text: str) -> None:
    assert read_value(key, text) == Decimal("0.95") and shown(key, read_value(key, text)) == "95.0%"


@pytest.mark.parametrize(
    ("text", "said"),
    [("1", "1% 还是 100%"), ("1.2", "1.2% 还是 120%"), ("101%", "100%"), ("九成", "百分数"), ("95.123%", "两位小数")],
)
def test_what_is_no_percentage_is_asked_about(text: str, said: str) -> None:
    with pytest.raises(ValueError, match="出席率目标") as refused:
        read_value("attendance_target", text)
    assert said in str(refused.value)
    assert (read_value("attendance_target", "1%"), read_value("attendance_target", "100")) == (
        Decimal("0.01"),
        Decimal(1),
    )


@pytest.mark.django_db
def test_a_rate_is_a_decimal_from_the_form_to_the_rule(tree: Tree, admin: User) -> None:
    """Whatever the row holds: rows of older versions keep floats."""
    put(tree.city, read_value("attendance_target", "92.25%"), admin, key="attendance_target")
    PolicyParameter.objects.create(key="attendance_target", committee=tree.other, value=0.9, since=DAY, source="旧版")
    dated = parameters.Dated(["attendance_target"], DAY, DAY)
    for where, wanted in ((tree.city, "0.9225"), (tree.other, "0.9")):
        for found in (
            parameters.value("attendance_target", where, DAY),
            dated.at(where.path, "attendance_target", DAY),
        ):
            assert isinstance(found, Decimal) and found == Decimal(wanted)
    assert shown("attendance_target", PolicyParameter.objects.get(committee=tree.city).value) == "92.25%"
    assert [KEYS[key].source for key in ("plan_due_day", "report_due_day", "year_close_day")] == [PRACTICE] * 3


def test_no_parameter_stands_on_the_page_unread() -> None:
    """Every key is named somewhere in the code that works by it, beside the table that lists it."""
    root = Path(__file__).resolve().parents[3]
    files = [path for path in (root / "sessions_app").rglob("*.py") if path != root / "sessions_app/policies/rules.py"]
    code = "\n".join(path.read_text() for path in files if not {"demo", "migrations"} & set(path.parts))
    assert [key for key in KEYS if f'"{key}"' not in code] == []
