"""The dossier's pages: the pack and its window, the checklist, the score sheet as a form and as JSON, who sees which scores."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sessions_app.sessions.models import StudySession
from sessions_app.visits import dossier, score_rules
from sessions_app.visits import dossier_actions as actions
from sessions_app.visits.models import ObservationVisit, ScoreSheet, ScoreStage, VisitScore, VisitStage
from tests import build
from tests.sessions_app.visits import sat_in
from tests.sessions_app.visits.sat_in import SatIn

pytestmark = pytest.mark.django_db
FULL = {n: (Decimal(row[2]), "") for n, row in enumerate(score_rules.SHEET, 1)}
TOKEN = "a" * 32


@pytest.fixture(autouse=True)
def _today(settings: Any) -> None:
    settings.CLOCK = build.AT


@pytest.fixture
def it() -> SatIn:
    return sat_in.make()


def as_(user: Any) -> Client:
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def typed(**changes: str) -> dict[str, str]:
    """The default sheet with full marks."""
    found = {"version": "0", "stamp": dossier.DEFAULT.stamp, "comment": "讨论热烈", "token": TOKEN, "earlier": ""}
    for n, (points, _) in FULL.items():
        found |= {f"points-{n}": str(points), f"reason-{n}": ""}
    return found | {name.replace("_", "-"): value for name, value in changes.items()}


def send(user: Any, it: SatIn, data: dict[str, str], *, json: bool = True) -> Any:
    headers = {"Accept": "application/json"} if json else {}
    return as_(user).post(reverse("visit_score", args=[it.visit.pk]), data, headers=headers)


# ---- the pack


def test_the_pack_shows_plan_session_materials_and_approved_speeches(it: SatIn) -> None:
    page = as_(it.second).get(reverse("visit_pack", args=[it.visit.pk]))
    text = page.content.decode()
    assert page.status_code == 200
    for words in ("计划里的专题", "学习全会精神", "早发的资料", "发言全文在此", "三楼会议室"):
        assert words in text
    assert text.count("迟报") == 1, "the material sent one working day ahead is marked"


@pytest.mark.parametrize(("days", "status"), [(15, 404), (14, 200), (0, 200), (-30, 200), (-31, 404)])
def test_an_observer_looks_within_the_window_alone(it: SatIn, days: int, status: int) -> None:
    StudySession.objects.filter(pk=it.session.pk).update(day=build.DAY + timedelta(days=days))
    address = reverse("visit_pack", args=[it.visit.pk])
    page = as_(it.lead).get(address)
    assert page.status_code == status
    if status == 404:
        text = page.content.decode()
        assert "发言全文在此" not in text and ("日起可以查看" in text or "已于" in text)
    for user in (it.reviewer, it.secretary):
        assert as_(user).get(address).status_code == 200, "the department and the unit look at any time"


def test_without_a_session_the_pack_says_so(it: SatIn) -> None:
    ObservationVisit.objects.filter(pk=it.visit.pk).update(study_session=None)
    page = as_(it.lead).get(reverse("visit_pack", args=[it.visit.pk]))
    assert page.status_code == 404 and "场次还没有确定" in page.content.decode()


def test_an_observer_of_another_visit_finds_nothing(it: SatIn) -> None:
    stranger = build.granted("OBSERVER", it.department)
    for name in ("visit_pack", "visit_score"):
        page = as_(stranger).get(reverse(name, args=[it.visit.pk]))
        assert page.status_code == 404 and it.unit.name not in page.content.decode()


def test_the_checklist_keeps_what_was_typed_when_it_is_refused(it: SatIn) -> None:
    data = {"version": str(it.visit.version), "well-plan": "no", "note-plan": "", "well-speeches": "yes"}
    page = as_(it.lead).post(reverse("visit_review", args=[it.visit.pk]), data)
    text = page.content.decode()
    assert page.status_code == 422 and "不齐全，请写明缺什么" in text and "“学习资料已按时报送”还没有核对" in text
    assert it.fresh().stage == VisitStage.ACCEPTED
    data |= {f"well-{key}": "yes" for key, _, _ in score_rules.CHECKS}
    assert as_(it.lead).post(reverse("visit_review", args=[it.visit.pk]), data).status_code == 302
    assert it.fresh().stage == VisitStage.REVIEWED


# ---- the sheet


def test_the_sheet_comes_with_what_the_system_knows_and_where_from(it: SatIn) -> None:
    text = as_(it.lead).get(reverse("visit_score", args=[it.visit.pk])).content.decode()
    for words in (
        "1月8日审定（党组会），1月20日备案（截止 1月31日）", "采用建议 8 分", "重点发言 1 人，提纲经审核通过 1 人", "应到 10 人，实到 9 人",
        "出席率 90.0%", "2 份资料中 1 份晚于规定（规定提前 5 个工作日）", "以前没有登记过问题", "来源：出席率",
    ):  # fmt: skip
        assert words in text, words
    assert ScoreSheet.objects.count() == 0, "looking writes nothing"


def test_a_draft_is_kept_and_answered_with_its_version(it: SatIn) -> None:
    answer = send(it.lead, it, typed(points_1="", then="save"))
    assert answer.status_code == 200 and answer.json()["version"] == 1 and answer.json()["stage"] == "DRAFT"
    text = as_(it.lead).get(reverse("visit_score", args=[it.visit.pk])).content.decode()
    assert "讨论热烈" in text and 'name="version" value="1"' in text


def test_the_submission_sent_twice_is_one_score(it: SatIn) -> None:
    first, again = (send(it.lead, it, typed(then="submit")) for _ in range(2))
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert (first.json()["total"], first.json()["band"], first.json()["at"]) == ("100", "好", "10:00")
    row = VisitScore.objects.get()
    assert row.stage == ScoreStage.SUBMITTED and row.client_token == TOKEN
    page = as_(it.lead).get(reverse("visit_score", args=[it.visit.pk])).content.decode()
    assert f'data-token="{TOKEN}"' in page and "已提交 100 分（好）" in page


def test_an_older_copy_is_told_what_is_kept(it: SatIn) -> None:
    send(it.lead, it, typed(then="save"))
    answer = send(it.lead, it, typed(then="save", token="b" * 32, comment="另一份"))
    assert answer.status_code == 409
    assert answer.json()["version"] == 1 and answer.json()["saved"]["comment"] == "讨论热烈"
    assert answer.json()["saved"]["points-1"] == "8"


def test_refusals_name_every_item_and_keep_the_text(it: SatIn) -> None:
    answer = send(it.lead, it, typed(then="submit", points_1="5", points_2="7", reason_2="", points_3=""))
    assert answer.status_code == 422 and len(answer.json()["errors"]["__all__"]) == 3
    page = send(it.lead, it, typed(then="submit", points_1="5"), json=False)
    assert page.status_code == 422 and "请写明扣分理由" in page.content.decode() and "讨论热烈" in page.content.decode()
    answer = send(it.lead, it, typed(then="save", points_1="9"))
    assert answer.status_code == 422 and answer.json()["errors"] == {"points-1": ["不能超过 8 分。"]}


def test_a_form_opened_on_other_lines_is_refused(it: SatIn) -> None:
    answer = send(it.lead, it, typed(then="save", stamp="x" * 16))
    assert answer.status_code == 422 and "评分项在您打开之后改过" in answer.json()["errors"]["stamp"][0]


def test_without_script_the_form_works_as_any(it: SatIn) -> None:
    answer = send(it.lead, it, typed(then="submit"), json=False)
    assert answer.status_code == 302 and answer["Location"] == it.visit.get_absolute_url()
    assert it.fresh().stage == VisitStage.OBSERVED


# ---- who sees which scores


def test_the_unit_sees_total_and_band_after_the_feedback_was_issued(it: SatIn) -> None:
    points = FULL | {1: (Decimal(5), "内部理由在此")}
    actions.submit_score(it.visit, points=points, comment="内部点评在此", version=0, by=it.lead, at=build.AT)
    address = it.visit.get_absolute_url()
    text = as_(it.secretary).get(address).content.decode()
    assert "评分在反馈意见发出后可以看到" in text and "97 分" not in text
    ObservationVisit.objects.filter(pk=it.visit.pk).update(stage=VisitStage.FED_BACK)
    text = as_(it.secretary).get(address).content.decode()
    assert "97 分" in text and "好" in text and "内部理由在此" not in text and "内部点评在此" not in text
    for user in (it.reviewer, it.second):
        text = as_(user).get(address).content.decode()
        assert "内部理由在此" in text and "内部点评在此" in text


def test_the_department_returns_a_sheet(it: SatIn) -> None:
    row = actions.submit_score(it.visit, points=FULL, comment="", version=0, by=it.second, at=build.AT)
    address = reverse("score_return", args=[row.pk])
    assert as_(it.secretary).post(address, {"reason": "x"}).status_code == 404
    assert as_(it.reviewer).post(address, {"reason": "有误"}).status_code == 302
    row.refresh_from_db()
    assert row.stage == ScoreStage.DRAFT


def test_an_interview_is_registered_on_the_visit(it: SatIn) -> None:
    data = {"day": str(build.DAY), "who": "王主任", "post": "", "note": "访谈要点在此"}
    as_(it.second).post(reverse("interview_new", args=[it.visit.pk]), data)
    assert "访谈要点在此" in as_(it.reviewer).get(it.visit.get_absolute_url()).content.decode()
    assert "访谈要点在此" not in as_(it.secretary).get(it.visit.get_absolute_url()).content.decode()


# ---- the department's sheets


def test_a_department_makes_the_default_its_own_and_changes_it(it: SatIn) -> None:
    client = as_(it.reviewer)
    assert "以默认表建立" in client.get(reverse("score_sheet_list")).content.decode()
    client.post(reverse("score_sheet_list"), {"committee": it.department.pk})
    sheet = ScoreSheet.objects.get()
    address = reverse("score_sheet", args=[sheet.pk])
    form = client.get(address).context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() is not None} | {
        "text-1": "改过的一项"
    }
    assert client.post(address, data).status_code == 302
    assert sheet.items.get(order=1).text == "改过的一项"
    stale = client.post(address, data | {"most-1": "9"})
    assert stale.status_code == 422
    other = build.granted("REVIEWER", build.committee("外地"))
    assert as_(other).get(address).status_code == 404


def test_the_list_of_sheets_asks_as_often_for_one_as_for_thirty(it: SatIn) -> None:
    client = as_(it.reviewer)
    from_day = build.SINCE
    actions.default_sheet(it.department, since=from_day, by=it.reviewer, at=build.AT)
    address = reverse("score_sheet_list")
    client.get(address)
    before = _count(client, address)
    for n in range(1, 30):
        ScoreSheet.objects.create(committee=it.department, name=f"表{n}", since=from_day + timedelta(days=n))
    assert _count(client, address) == before


def _count(client: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)
