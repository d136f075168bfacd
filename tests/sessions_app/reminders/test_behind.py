"""Who is behind: every figure opens exactly its list, tones by local rules, the export is what is shown."""

from datetime import date, timedelta
from html import unescape
from io import BytesIO

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from sessions_app.letters.models import LetterStage, ReminderLetter
from sessions_app.notices.models import Notice, Rhythm
from sessions_app.policies import calendar
from sessions_app.policies.models import PolicyParameter
from sessions_app.policies.rules import tone
from sessions_app.reminders import behind
from sessions_app.reminders.models import Reminder, Round
from sessions_app.reminders.rules import Kind
from tests import build
from tests.sessions_app.letters.owing import BLUE, OVERDUE, YELLOW, met, owes

pytestmark = pytest.mark.django_db
URL, DAY, AT = "/behind/", build.DAY, build.AT


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CLOCK = AT


@pytest.fixture
def city():
    return build.committee("云州市委")


def client_of(user) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def client(city) -> Client:
    return client_of(build.granted(Role.REVIEWER, city))


@pytest.fixture
def world(city):
    """A county with a town, a unit of the city; a unit that owes nothing; one far away."""
    county = build.committee("清河县委", parent=city)
    town, unit = build.committee("河镇党委", parent=county), build.committee("教育局党组", parent=city)
    build.committee("不欠的党组", parent=city)
    owes(town, OVERDUE, "镇的计划")
    owes(town, OVERDUE - timedelta(days=10), "镇的记录：100%_完成", kind=Kind.MINUTES_DUE)
    owes(town, YELLOW)
    owes(county, BLUE)
    owes(unit, OVERDUE, "=HYPERLINK(1)")
    owes(unit, BLUE)
    met(owes(unit, OVERDUE, "早已办结"))
    owes(build.committee("外市党组"), OVERDUE, "外市的事")
    return {"county": county, "town": town, "unit": unit}


def lists(client: Client, **query):
    """(names and counts by committee, things one by one) of this address."""
    groups = client.get(URL, query | {"per": 100}).context["lines"]
    items = client.get(URL, query | {"by": "item", "per": 100}).context["lines"]
    return (
        {row["name"]: (row["overdue"], row["behind"], row["near"]) for row in groups},
        [one["line"].item.what for one in items],
    )


def test_every_figure_opens_exactly_its_list(client, world):
    for query in (
        {},
        {"under": world["county"].pk},
        {"kind": "PLAN_DUE"},
        {"q": "河镇"},
        {"under": world["county"].pk, "only": "on"},
    ):
        figures = client.get(URL, query).context["figures"]
        values = [figure["value"] for figure in figures]
        pages = [client.get(figure["url"] + "&per=100").context for figure in figures]
        assert [len(page["lines"]) for page in pages] == values
        assert [page["page_obj"].paginator.count for page in pages] == values
        assert [page["by_item"] for page in pages] == [False, True, True, True]
        assert all(
            {one["line"].tone for one in page["lines"]} <= {name}
            for page, name in zip(pages[1:], ("overdue", "behind", "near"), strict=True)
        )
        assert sum(row["overdue"] for row in pages[0]["lines"]) == values[1]
        everything = client.get(URL, query | {"by": "item"}).context["page_obj"].paginator.count
        assert sum(values[1:]) == everything
        assert sum(row["total"] for row in client.get(URL, query).context["lines"]) == everything
    assert [figure["value"] for figure in client.get(URL).context["figures"]] == [2, 3, 1, 2]


def test_by_committee_and_by_item(client, world):
    groups, items = lists(client)
    assert groups == {"河镇党委": (2, 1, 0), "教育局党组": (1, 0, 1), "清河县委": (0, 0, 1)}
    assert list(groups) == ["河镇党委", "教育局党组", "清河县委"]
    assert "早已办结" not in items and "外市的事" not in items and len(items) == 6
    groups, items = lists(client, tone="overdue")
    assert groups == {"河镇党委": (2, 1, 0), "教育局党组": (1, 0, 1)}, "counts of a listed committee stay whole"
    assert sorted(items) == sorted(["镇的计划", "镇的记录：100%_完成", "=HYPERLINK(1)"])
    row = client.get(URL).context["lines"][0]
    assert row["oldest"] == OVERDUE - timedelta(days=10)
    assert len(client.get(row["items_url"]).context["lines"]) == row["total"] == 3


def test_filters_and_orders(client, world):
    assert lists(client, under=world["county"].pk)[0].keys() == {"河镇党委", "清河县委"}
    assert lists(client, under=world["county"].pk, only="on")[0].keys() == {"清河县委"}
    assert lists(client, q="%_")[1] == ["镇的记录：100%_完成"]
    assert lists(client, kind="MINUTES_DUE")[1] == ["镇的记录：100%_完成"]
    assert list(lists(client, sort="overdue")[0]) == ["清河县委", "教育局党组", "河镇党委"]
    assert list(lists(client, sort="-near")[0])[-1] == "河镇党委"
    assert lists(client, sort="-due")[1][-1] == "镇的记录：100%_完成"
    for odd in (
        "kind=X",
        "tone=pink",
        "under=x",
        "under=999999999999",
        "under=-1",
        "page=zz",
        "per=7",
        "sort=x",
        "by=x",
    ):
        assert client.get(f"{URL}?{odd}").status_code == 200


def test_the_local_rule_nearest_above_decides_what_is_yellow(client, world, city):
    def rule(where, days):
        PolicyParameter.objects.create(key=behind.RULE, committee=where, value=days, since=build.SINCE, source="测试")

    rule(city, 0)
    assert lists(client)[0]["河镇党委"] == (2, 0, 1)
    rule(world["county"], 0)
    rule(world["town"], 1)
    assert lists(client)[0]["河镇党委"] == (2, 1, 0)
    rule(world["unit"], 300)
    groups = lists(client)[0]
    assert (groups["教育局党组"], groups["清河县委"]) == ((1, 1, 0), (0, 0, 1))


def test_tones_are_those_of_the_pure_rule(client, city):
    """Day by day over a holiday, for several rules, the database says what `policies.rules.tone` says."""
    calendar_days = calendar.load(DAY, DAY + timedelta(days=60))
    for days in (0, 1, 2, 5, 9):
        unit = build.committee(parent=city)
        PolicyParameter.objects.create(key=behind.RULE, committee=unit, value=days, since=build.SINCE, source="测试")
        items = {owes(unit, DAY + timedelta(days=offset)).pk: DAY + timedelta(days=offset) for offset in range(-3, 25)}
        page = client.get(URL, {"by": "item", "under": unit.pk, "per": 100})
        got = {one["line"].item.pk: one["line"].tone for one in page.context["lines"]}
        assert got == {pk: tone(due, DAY, calendar_days, behind_days=days) for pk, due in items.items()}


def test_who_was_told_and_when_and_who_above_was_told(client, world):
    item = owes(world["unit"], OVERDUE - timedelta(days=40), "告知过的事")
    people = {name: build.person(name) for name in ("王秘书", "李组长", "刘审核", "赵秘书")}

    def tell(name, audience, period, day):
        notice = Notice.objects.create(
            person=people[name], rhythm=Rhythm.URGENT, period=period, title="x", created_at=build.at(day)
        )
        Reminder.objects.create(person=people[name], item=item, period=period, audience=audience, notice=notice)

    tell("王秘书", "SECRETARY", "MONTHLY:2026-02", date(2026, 2, 2))
    tell("王秘书", "SECRETARY", "MONTHLY:2026-03", date(2026, 3, 2))
    tell("赵秘书", "SECRETARY", "MONTHLY:2026-03", date(2026, 3, 2))
    tell("李组长", "LEADER", "leader", date(2026, 3, 5))
    line = client.get(URL, {"by": "item", "q": "告知过"}).context["lines"][0]["line"]
    assert line.told_words == "组长李组长 3月5日；学习秘书王秘书 3月2日；学习秘书赵秘书 3月2日"
    assert (line.escalated, line.told_more) == ("组长", 0)
    tell("刘审核", "REVIEWER", "reviewer", date(2026, 3, 12))
    page = client.get(URL, {"by": "item", "q": "告知过"})
    assert page.context["lines"][0]["line"].escalated == "组长、宣传部"
    assert "另有 1 人" in page.text and "已告知组长、宣传部" in page.text
    assert "尚未告知" in client.get(URL, {"by": "item", "q": "镇的计划"}).text


def test_letters_are_counted_and_offered_where_one_may_write(city, world):
    unit = world["unit"]
    for number, stage in enumerate((LetterStage.ISSUED, LetterStage.WITHDRAWN), start=1):
        gone = {"withdrawn_on": DAY, "withdraw_reason": "x"} if stage == LetterStage.WITHDRAWN else {}
        ReminderLetter.objects.create(
            committee=unit, sender=city, year=2026, number=number, answer_by=BLUE, stage=stage, issued_at=AT, **gone
        )
    new = f"{reverse('letter_new')}?committee={unit.pk}"
    owes(city)
    reviewer, head = (client_of(build.granted(role, city)) for role in (Role.REVIEWER, Role.HEAD))
    page = reviewer.get(URL).text
    assert "2 份（未撤销 1 份）" in page and new in page
    assert f"{reverse('letter_new')}?committee={city.pk}" not in page, "nobody writes to the committee he serves"
    page = head.get(URL).text
    assert "2 份（未撤销 1 份）" in page and new not in page


def test_scope_is_the_permission(city, world):
    below = client_of(build.granted(Role.REVIEWER, world["county"]))
    assert lists(below)[0].keys() == {"河镇党委", "清河县委"}
    assert lists(below, under=world["unit"].pk)[0].keys() == {"河镇党委", "清河县委"}, "no choice of his"
    assert "教育局" not in below.get(URL).text
    for user in (build.secretary_of(world["unit"]), build.leader_of(world["unit"]), build.granted(Role.ADMIN, city)):
        assert client_of(user).get(URL).status_code == 404


def test_links_lead_only_where_the_reader_comes_in(client, world, city):
    plan = owes(world["unit"], url=reverse("plan_list"), what="看得到的页面")
    owes(world["unit"], url=reverse("plan_new"), what="秘书的页面")
    owes(world["unit"], url="/no/such/page/", what="没有的页面")
    page = client.get(URL, {"by": "item", "per": 100})
    assert {one["line"].item.what for one in page.context["lines"] if one["opens"]} == {plan.what}


def test_the_export_is_what_is_shown_and_safe(client, world, city):
    for query in ("by=item&sort=-due", "by=item&tone=overdue", "sort=committee", "tone=overdue"):
        page = client.get(f"{URL}?{query}&per=100")
        answer = client.get(f"{URL}?{query}&format=xlsx")
        sheet = openpyxl.load_workbook(BytesIO(answer.content)).active
        rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=5)]
        lines = page.context["lines"]
        if "item" in query:
            shown = [(str(one["line"].item.committee), one["line"].item.what, one["line"].left) for one in lines]
            assert [(row[0], row[1].removeprefix("'"), row[5]) for row in rows] == shown
        else:
            assert [tuple(row[:5]) for row in rows] == [
                (one["name"], one["overdue"], one["behind"], one["near"], one["total"]) for one in lines
            ]
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    kept = AuditEvent.objects.filter(verb="export", chain=city.pk)
    assert kept.count() == 4
    assert "逾期" in sheet["A2"].value


def test_as_of_is_said_honestly(client, city):
    def said():
        return unescape(client.get(URL).text)

    assert "还没有清点过" in said() and "没有到期未办的事项" in said()
    Round.objects.create(rhythm="DAILY", period="2026-03-20", opened_on=DAY, done_at=build.at(DAY, 8))
    assert "截至 3月20日 08:00 的清点" in said() and "没有清点，数字可能过时" not in said()
    Round.objects.all().delete()
    Round.objects.create(rhythm="DAILY", period="2026-03-16", opened_on=DAY, done_at=build.at(date(2026, 3, 16), 8))
    assert "截至 3月16日 08:00 的清点" in said() and "已有 3 个工作日没有清点" in said()
    owes(build.committee(parent=city))  # found today, in a run that opened no round
    assert "截至 3月20日的清点" in said()
    assert "没有符合条件的事项" in unescape(client.get(URL, {"q": "没有的"}).text)


@pytest.mark.parametrize("by", ["", "item"])
def test_as_many_queries_for_thirty_rows_as_for_one(by):
    counts = []
    for size in (1, 30):
        top = build.committee()
        user = build.granted(Role.REVIEWER, top)
        for _ in range(size):
            unit = build.committee(parent=top)
            item = owes(unit)
            notice = Notice.objects.create(person=user.person, rhythm="URGENT", period="x", title="x", created_at=AT)
            Reminder.objects.create(person=user.person, item=item, period="leader", audience="REVIEWER", notice=notice)
        client = client_of(user)
        client.get(URL)
        with CaptureQueriesContext(connection) as seen:
            page = client.get(URL, {"by": by, "per": 50})
        assert len(page.context["lines"]) == size
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_the_overview_says_it_in_one_line_and_leads_there(client, world, city):
    found = client.get("/dashboard/").context["found"]
    one, url = next((one, url) for one, url in found if one.key == "overdue")
    assert one.sentence == "2 家有逾期事项，共 3 项"
    assert len(client.get(url).context["lines"]) == one.count == 2
    alone = client.get("/dashboard/", {"committee": world["unit"].pk, "only": "1"}).context["found"]
    one, url = next((one, url) for one, url in alone if one.key == "overdue")
    assert one.count == len(client.get(url).context["lines"]) == 1
    none = client.get("/dashboard/", {"committee": world["county"].pk, "only": "1"}).context["found"]
    assert "overdue" not in [one.key for one, _ in none]
