"""The pages of rounds, visits and coverage: who sees what, what they say, how many queries."""

import io
from datetime import date
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.corps.models import TeamArea
from sessions_app.visits import actions
from sessions_app.visits.models import ObservationVisit, RoundStage, VisitObserver, VisitRound, VisitStage
from tests import build
from tests.sessions_app.visits import arranging

pytestmark = pytest.mark.django_db
AT = build.AT


@pytest.fixture(autouse=True)
def _prepared(settings: Any) -> None:
    settings.CLOCK = AT


@pytest.fixture
def here():
    return arranging.city()


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(client: Client, name: str, *args: Any, status: int = 200, **query: Any) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == status, (name, answer.status_code)
    return answer.text


def post(client: Client, name: str, *args: Any, follow: bool = True, **data: Any) -> Any:
    return client.post(reverse(name, args=args), data, follow=follow)


def visit_of(row, unit):
    return ObservationVisit.objects.live().get(round=row, committee=unit)


# ------------------------------------------------------------------------------------------------------------ a round
def test_a_round_is_made_filled_proposed_and_sent_out_on_its_pages(here):
    client = browser(here.reviewer)
    form = {
        "committee": here.city.pk,
        "since": "2026-04-01",
        "until": "2026-06-30",
        "title": "上半年",
        "form_token": "t" * 36,
    }
    assert client.post(reverse("round_new"), {**form, "until": "2026-03-01"}).status_code == 422
    for _ in range(2):
        client.post(reverse("round_new"), form)
    row = VisitRound.objects.get()
    text = page(client, "round_places", row.pk)
    assert text.count("从未旁听") == 6
    chosen = [unit.pk for unit in here.units]
    text = post(client, "round_places", row.pk, places=chosen, shown=[*chosen, here.county.pk]).text
    assert "还没有派" in text
    assert "批次里现在有 4 家单位" in text
    text = post(client, "round_propose", row.pk).text
    assert "新派 4 家" in text
    assert "本批次第 2 家" in text
    row.refresh_from_db()
    text = post(client, "round_open", row.pk, version=row.version).text
    assert "已下达 4 家" in text
    text = post(client, "round_close", row.pk, version=row.version + 1).text
    assert "还没有旁听的有 4 家" in text
    listed = page(client, "round_list")
    assert "上半年" in listed
    for label, count in (("选定单位", 4), ("已派", 4), ("已旁听", 0)):
        assert f'data-label="{label}">{count}</td>' in listed
    # once sent out, no place is taken out any more
    assert "不再增减单位" in client.get(reverse("round_places", args=[row.pk]), follow=True).text


def test_a_place_is_unticked_and_what_was_not_shown_stays(here):
    row = arranging.round_of(here)
    post(
        browser(here.reviewer), "round_places", row.pk, places=[here.units[1].pk], shown=[u.pk for u in here.units[:2]]
    )
    assert set(row.places.all()) == set(here.units[1:])


def test_an_unsolvable_round_says_why_on_the_page():
    here = arranging.city(units=1, teams=1)
    build.secretary(here.units[0], here.people[here.teams[0].pk][0])
    row = arranging.round_of(here)
    assert "没有一个组可派：不旁听本人所在单位" in post(browser(here.reviewer), "round_propose", row.pk).text


def test_candidates_are_ranked_and_an_override_is_said_and_kept(here):
    client, unit, team = browser(here.reviewer), here.units[0], here.teams[0]
    arranging.been(here, unit, team, date(2025, 5, 1))
    row = arranging.proposed(here)
    text = page(client, "round_assign", row.pk, committee=unit.pk)
    assert text.index(str(here.teams[1])) < text.index(str(team))
    assert "人手不够：规定年限内不重复旁听同一单位" in text
    visit = visit_of(row, unit)
    form = {"version": visit.version, "team": team.pk, "people": [one.pk for one in here.people[team.pk]]}
    answer = client.post(reverse("visit_assign", args=[visit.pk]), form)
    assert answer.status_code == 422
    assert "以上规则要越过，请写明理由。" in answer.text
    assert answer.text.count("checked") == 3  # what was ticked comes back
    text = post(client, "visit_assign", visit.pk, **form, override_reason="熟悉情况").text
    assert "已越过规则并记录理由" in text
    assert "越过规则：熟悉情况" in page(client, "round", row.pk)
    assert client.get(reverse("round_assign", args=[row.pk]), {"committee": here.city.pk}).status_code == 404
    assert client.get(reverse("round_assign", args=[row.pk]), {"committee": "x"}).status_code == 302


def test_a_round_is_seen_by_its_own_department_alone(here):
    row = arranging.opened(here)
    county, head = build.granted(Role.REVIEWER, here.county), build.granted(Role.HEAD, here.city)
    observer = here.user(visit_of(row, here.units[0]).observers.first().person)
    for user in (county, head, observer, build.secretary_of(here.units[0])):
        for name in ("round", "round_places", "round_assign"):
            page(browser(user), name, row.pk, status=404)
        assert browser(user).post(reverse("round_propose", args=[row.pk])).status_code == 404


# ------------------------------------------------------------------------------------------------------------- visits
def test_each_sees_his_own_visits(here):
    row = arranging.opened(here)
    unit = here.units[0]
    visit = visit_of(row, unit)
    observer, secretary = here.user(visit.observers.first().person), build.secretary_of(unit)
    for user, count in (
        (here.reviewer, 4),
        (observer, 2),
        (secretary, 1),
        (build.granted(Role.REVIEWER, here.county), 0),
    ):
        text = page(browser(user), "visit_list")
        assert text.count('<th scope="row">') == count
    assert "我的旁听" in page(browser(observer), "visit_list")
    assert "接受" in page(browser(observer), "visit", visit.pk)
    assert "编排理由" not in page(browser(secretary), "visit", visit.pk)
    page(browser(build.secretary_of(here.units[1])), "visit", visit.pk, status=404)


def test_a_proposal_is_seen_by_the_department_alone(here):
    visit = visit_of(arranging.proposed(here), here.units[0])
    page(browser(here.reviewer), "visit", visit.pk)
    page(browser(here.user(visit.observers.first().person)), "visit", visit.pk, status=404)
    page(browser(build.secretary_of(here.units[0])), "visit", visit.pk, status=404)


def test_an_observer_accepts_and_declines_on_his_page(here):
    row = arranging.opened(here)
    visit = visit_of(row, here.units[0])
    lead = browser(here.user(visit.observers.get(is_lead=True).person))
    home = lead.get(reverse("home")).text
    assert "我的旁听：2 次" in home and "待接受" in home
    assert "已接受" in post(lead, "visit_accept", visit.pk, version=visit.version).text
    visit.refresh_from_db()
    assert visit.stage == VisitStage.ACCEPTED
    text = post(lead, "visit_decline", visit.pk, version=visit.version, reason="").text
    assert "原因" in text
    post(lead, "visit_decline", visit.pk, version=visit.version, reason="出差")
    visit.refresh_from_db()
    assert (visit.stage, visit.stop_reason) == (VisitStage.DECLINED, "出差")
    assert "谢绝和取消" in page(browser(here.reviewer), "round", row.pk)


def test_the_session_is_chosen_with_its_notice_and_a_refusal_keeps_what_was_typed(here):
    visit = visit_of(arranging.opened(here), here.units[0])
    client = browser(here.reviewer)
    session = arranging.session(here.units[0], date(2026, 7, 2))
    form = {"version": visit.version, "study_session": session.pk, "contact": "李某", "notice": "on"}
    answer = post(client, "visit_session", visit.pk, **form)
    assert answer.status_code == 422
    assert "要选它，请写明理由" in answer.text and 'value="李某"' in answer.text
    text = post(client, "visit_session", visit.pk, **form, reason="改期").text
    assert "并登记今天通知单位" in text and "7月2日" in text
    assert post(client, "visit_session", visit.pk, **form, reason="改期").status_code == 422  # the page is an old one


def test_filters_and_the_sheet_show_the_same(here):
    row = arranging.opened(here)
    client = browser(here.reviewer)
    team = here.teams[0]
    build.committee("县直单位", parent=here.county)
    for query, count in (
        ({"team": team.pk}, 2), ({"year": 2026}, 4), ({"stage": "ACCEPTED"}, 0), ({"q": "单位1"}, 1),
        ({"q": here.people[team.pk][0].name}, 2), ({"under": here.county.pk}, 0),
        ({"round": row.pk, "team": team.pk, "stage": "LIVE"}, 2), ({"stage": "SAT_IN"}, 0),
    ):  # fmt: skip
        assert page(client, "visit_list", **query).count('<th scope="row">') == count, query
    answer = client.get(reverse("visit_list"), {"team": team.pk, "format": "xlsx"})
    lines = list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows(min_row=5, values_only=True))
    assert [line[2] for line in lines] == [team.name] * 2
    assert lines[0][0] == str(row)
    assert AuditEvent.objects.filter(verb="export").count() == 1


def many(here, count):
    """Visits as rows, in rounds of the years."""
    visit_round = VisitRound.objects.create(
        committee=here.city,
        year=2026,
        number=50 + count,
        since=arranging.FIRST,
        until=arranging.LAST,
        stage=RoundStage.OPEN,
    )
    rows = []
    for _ in range(count):
        unit = build.committee(parent=here.city)
        rows.append(ObservationVisit(round=visit_round, committee=unit, team=here.teams[0], stage=VisitStage.ASSIGNED))
        visit_round.places.add(unit)
    for visit in ObservationVisit.objects.bulk_create(rows):
        for person in here.people[here.teams[0].pk]:
            VisitObserver.objects.create(visit=visit, person=person, is_lead=False)
    return visit_round


@pytest.mark.parametrize("name", ["visit_list", "visit_list, sheet", "round_list", "round", "round_places", "coverage"])
def test_lists_ask_as_often_for_thirty_as_for_one(here, name):
    client, counted = browser(here.reviewer), []
    for count in (1, 30):
        row = many(here, count)
        if name == "round_places":
            VisitRound.objects.filter(pk=row.pk).update(stage=RoundStage.DRAFT)
        query = {"per": 100, **({"format": "xlsx"} if "sheet" in name else {})}
        url = reverse(name.split(",")[0], args=[row.pk] if name in ("round", "round_places") else [])
        client.get(url, query)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(url, query).status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1], counted


# ----------------------------------------------------------------------------------------------------------- coverage
def test_coverage_counts_and_each_number_opens_its_list(here):
    first, second, third, _ = here.units
    TeamArea.objects.create(team=here.teams[0], department=here.city, committee=first, since=build.SINCE)
    below = build.committee("县直单位", parent=here.county)
    arranging.been(here, first, here.teams[0], date(2026, 2, 1))
    arranging.been(here, second, here.teams[0], date(2024, 5, 1))
    arranging.been(here, third, here.teams[1], date(2025, 6, 1))
    client = browser(here.reviewer)
    listed = lambda **query: page(client, "coverage", **query).split('id="list"')[1].count('<th scope="row">')
    assert listed() == 7  # the city's own committee, four units, the county and what is below it
    for query, count in (
        ({"state": "seen"}, 2), ({"state": "unseen"}, 5), ({"state": "never"}, 4), ({"months": 3, "state": "seen"}, 1),
        ({"year": 2024}, 1), ({"first": 2023, "until": 2025}, 2), ({"until": 2026, "first": 2023}, 3),
        ({"team": here.teams[0].pk}, 1), ({"team": "none"}, 6), ({"under": here.county.pk}, 2), ({"alone": "on"}, 5),
        ({"q": "县直"}, 1), ({"state": "seen", "alone": "on"}, 2),
    ):  # fmt: skip
        assert listed(**query) == count, query
    text = page(client, "coverage")
    assert "28.6%" in text and "2 / 7" in text
    assert below.name in text
    answer = client.get(reverse("coverage"), {"state": "seen", "format": "xlsx"})
    assert len(list(openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows(min_row=5))) == 2


def test_a_county_sees_its_own_coverage_and_the_city_opens_one_visit_with_a_reason(here):
    unit = build.committee("县直单位", parent=here.county)
    team, people = arranging.team(here.county, "县一组")
    county = arranging.City(
        here.city, here.county, [unit], build.granted(Role.REVIEWER, here.county), [team], {team.pk: people}
    )
    row = VisitRound.objects.create(
        committee=here.county, year=2026, number=1, since=date(2026, 2, 1), until=date(2026, 2, 9)
    )
    visit = ObservationVisit.objects.create(
        round=row, committee=unit, team=team, stage=VisitStage.CLOSED, observed_on=date(2026, 2, 3),
        study_session=arranging.session(unit, date(2026, 2, 3), stage="HELD"),
    )  # fmt: skip
    text = page(browser(county.reviewer), "coverage")
    assert "单位1党组" not in text and reverse("visit", args=[visit.pk]) in text
    client = browser(here.reviewer)
    assert reverse("visit_open", args=[visit.pk]) in page(client, "coverage")
    page(client, "visit", visit.pk, status=404)
    post(client, "visit_open", visit.pk, reason="")
    page(client, "visit", visit.pk, status=404)
    text = post(client, "visit_open", visit.pk, reason="年度抽查").text
    assert "已记录抽查理由" in text and "旁听安排" in text
    assert "年度抽查" in text  # it stands in the visit's own history
    assert client.post(reverse("visit_cancel", args=[visit.pk]), {"reason": "x", "version": 1}).status_code == 404
    page(browser(build.secretary_of(here.units[0])), "coverage", status=404)


def test_a_session_moved_is_said_on_the_visits_page(here):
    row = arranging.opened(here)
    visit = visit_of(row, here.units[0])
    session = arranging.session(here.units[0], date(2026, 5, 12))
    actions.choose_session(visit, study_session=session, version=visit.version, by=here.reviewer, at=AT)
    session.moved_from, session.day = session.day, date(2026, 5, 20)
    session.save()
    assert "由 5月12日 周二 改期" in page(browser(here.reviewer), "visit", visit.pk)
