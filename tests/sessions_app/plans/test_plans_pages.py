"""Pages of year plans: who sees them, what a stale save keeps, how many queries a list costs."""

from datetime import date

import pytest
from django.urls import reverse

from roster.accounts.roles import Role
from sessions_app.plans import actions
from sessions_app.plans.models import PlanStage, StudyPlan
from tests import build

pytestmark = pytest.mark.django_db
NOW = build.at(date(2026, 1, 20))


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CLOCK = NOW


@pytest.fixture
def place():
    return build.committee("市发改委党组")


@pytest.fixture
def secretary(place):
    return build.secretary_of(place)


@pytest.fixture
def leader(place):
    return build.leader_of(place)


def enter(client, user):
    client.force_login(user)
    return client


def items(quarters=(1, 2, 3, 4)):
    return [{"quarter": quarter, "topic": f"专题{quarter}", "category": 1} for quarter in quarters]


def drafted(place, by, year=2026, quarters=(1, 2, 3, 4)):
    plan = actions.create(committee=place, year=year, by=by, at=NOW)
    return actions.save_items(plan, items=items(quarters), version=plan.version, by=by, at=NOW)


def settled(place, by, leader, *, filed=None, year=2026):
    plan = drafted(place, by, year)
    plan = actions.submit(plan, meeting="会", met_on=NOW.date(), version=plan.version, by=by, at=NOW)
    plan = actions.approve(plan, version=plan.version, by=leader, at=NOW)
    return actions.file(plan, version=plan.version, by=by, at=build.at(filed)) if filed else plan


def editor(plan, **more):
    """The posted form of the editing page as it stands."""
    rows = list(plan.items.order_by("quarter", "month", "serial"))
    data = {
        "version": plan.version,
        "aim": plan.aim,
        "requirements": plan.requirements,
        "items-TOTAL_FORMS": len(rows) + 1,
        "items-INITIAL_FORMS": len(rows),
        f"items-{len(rows)}-quarter": "1",
    }
    for place, row in enumerate(rows):
        data |= {f"items-{place}-{name}": getattr(row, name) or "" for name in ("serial", "quarter", "month", "topic")}
        data[f"items-{place}-category"] = row.category
    return data | more


def test_a_secretary_makes_writes_and_submits_a_plan_and_a_leader_approves(client, place, secretary, leader):
    drafted(place, secretary, year=2025, quarters=(1, 1, 2, 2, 4, 4))
    enter(client, secretary)
    answer = client.post(reverse("plan_new"), {"committee": place.pk, "year": 2026, "copy_last": "on"}, follow=True)
    assert "已照抄 2025 年的 6 个专题" in answer.text
    plan = StudyPlan.objects.get(year=2026)
    answer = client.post(reverse("plan_edit", args=[plan.pk]), editor(plan), follow=True)
    assert "第三季度未安排集体学习" in answer.text
    plan.refresh_from_db()
    new = {"items-6-quarter": "3", "items-6-topic": "新七", "items-6-category": "7"}
    client.post(reverse("plan_edit", args=[plan.pk]), editor(plan, **new))
    plan.refresh_from_db()
    assert plan.items.get(serial=7).topic == "新七"
    client.post(reverse("plan_submit", args=[plan.pk]), {"version": plan.version})
    plan.refresh_from_db()
    assert plan.stage == PlanStage.SUBMITTED
    enter(client, leader)
    answer = client.post(reverse("plan_approve", args=[plan.pk]), {"version": plan.version, "meeting": "党组会"})
    assert answer.status_code == 422
    assert "缺少审定日期" in answer.text and "党组会" in answer.text
    form = {"version": plan.version, "meeting": "党组会", "met_on": "2026-01-15"}
    answer = client.post(reverse("plan_approve", args=[plan.pk]), form, follow=True)
    assert "已审定，内容锁定" in answer.text
    enter(client, secretary)
    answer = client.post(reverse("plan_file", args=[plan.pk]), {"version": plan.version + 1}, follow=True)
    assert "已备案" in answer.text
    answer = client.post(reverse("plan_amend", args=[plan.pk]), {"reason": "上级新增"}, follow=True)
    assert "原计划继续有效" in answer.text
    assert StudyPlan.objects.filter(year=2026).count() == 2


def test_a_stale_save_shows_both_texts_and_keeps_what_was_typed(client, place, secretary):
    plan = drafted(place, secretary)
    typed = editor(plan, aim="我写的目标")
    actions.save_head(plan, aim="别人的目标", requirements="", version=plan.version, by=secretary, at=NOW)
    answer = enter(client, secretary).post(reverse("plan_edit", args=[plan.pk]), typed)
    assert answer.status_code == 409
    assert "我写的目标" in answer.text and "别人的目标" in answer.text
    plan.refresh_from_db()
    assert plan.aim == "别人的目标"
    assert f'name="version" value="{plan.version}"' in answer.text
    answer = client.post(reverse("plan_edit", args=[plan.pk]), typed | {"version": plan.version})
    plan.refresh_from_db()
    assert (answer.status_code, plan.aim) == (302, "我写的目标")


def test_faults_keep_the_typed_text_and_a_row_is_added_without_script(client, place, secretary):
    plan = drafted(place, secretary)
    enter(client, secretary)
    answer = client.post(
        reverse("plan_edit", args=[plan.pk]), editor(plan, **{"items-0-quarter": 1, "items-0-month": 9, "aim": "留住"})
    )
    assert answer.status_code == 422
    assert "9 月不在第一季度" in answer.text and "留住" in answer.text
    answer = client.post(reverse("plan_edit", args=[plan.pk]), editor(plan, add_row="1", aim="还在"))
    assert answer.status_code == 200
    assert 'name="items-TOTAL_FORMS" value="6"' in answer.text and "还在" in answer.text


def test_a_row_marked_for_deletion_goes(client, place, secretary):
    plan = drafted(place, secretary)
    enter(client, secretary).post(reverse("plan_edit", args=[plan.pk]), editor(plan, **{"items-0-DELETE": "on"}))
    assert plan.items.count() == 3


def test_the_reviewer_counts_filed_plans_and_lists_who_has_none(client, place, secretary, leader):
    city = build.committee("市委", code="CITY")
    late = build.committee("迟交的党组", parent=city)
    on_time = build.committee("按时的党组", parent=city)
    for where, day in ((late, date(2026, 2, 3)), (on_time, date(2026, 1, 31))):
        settled(where, build.secretary_of(where), build.leader_of(where), filed=day)
    reviewer = build.granted(Role.REVIEWER, city)
    page = enter(client, reviewer).get(reverse("plan_list"), {"year": 2026}).text
    assert "2/3" in page
    assert "逾期 3 天备案" in page and "按时备案" in page and "未编制" in page
    assert "市发改委党组" not in page  # outside the subtree
    page = client.get(reverse("plan_list"), {"year": 2026, "filed": "LATE"}).text
    assert "迟交的党组" in page and "按时的党组" not in page
    page = client.get(reverse("plan_list"), {"year": 2026, "stage": "NONE"}).text
    assert "市委" in page and "迟交的党组" not in page


def test_the_amended_plan_says_so_and_its_original_stays_readable(client, place, secretary, leader):
    plan = settled(place, secretary, leader, filed=date(2026, 1, 30))
    draft = actions.amend(plan, reason="上级新增专题", by=secretary, at=NOW)
    enter(client, secretary)
    page = client.get(reverse("plan", args=[draft.pk])).text
    assert "调整1次" in page and "上级新增专题" in page
    old = client.get(reverse("plan", args=[plan.pk]))
    assert old.status_code == 200 and "最新的是" in old.text
    assert client.get(reverse("plan_edit", args=[plan.pk])).status_code == 302  # locked


def test_others_do_not_find_it(client, place, secretary, leader):
    plan = drafted(place, secretary)
    stranger = build.secretary_of(build.committee())
    member = build.account(build.member(place).person)
    admin = build.granted(Role.ADMIN, place)
    for user, names in (
        (stranger, ("plan", "plan_edit")),
        (leader, ("plan_edit",)),
        (member, ("plan_edit",)),
        (admin, ("plan", "plan_edit", "plan_list")),
    ):
        enter(client, user)
        for name in names:
            args = [] if name == "plan_list" else [plan.pk]
            assert client.get(reverse(name, args=args)).status_code == 404, (user, name)
    for name in ("plan_approve", "plan_return"):
        assert enter(client, secretary).post(reverse(name, args=[plan.pk])).status_code == 404
    for name in ("plan_submit", "plan_file", "plan_amend"):
        assert enter(client, leader).post(reverse(name, args=[plan.pk])).status_code == 404
    assert enter(client, member).get(reverse("plan", args=[plan.pk])).status_code == 200  # the control


def test_the_list_costs_the_same_for_one_and_thirty(client, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    city = build.committee("市委", code="CITY")
    reviewer = build.granted(Role.REVIEWER, city)
    enter(client, reviewer)
    url = reverse("plan_list") + "?year=2026&per=50"
    client.get(url)
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get(url)
    for _ in range(30):
        where = build.committee(parent=city)
        drafted(where, build.account())
    with CaptureQueriesContext(connection) as many:
        page = client.get(url)
    assert page.text.count("专题") >= 1
    assert len(many) == len(one)
