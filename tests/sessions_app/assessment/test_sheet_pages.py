"""Pages of one sheet: where each number is from, the unit's own scores, the verification, an objection, what it may not see."""

from datetime import date

import pytest
from django.test import Client

from roster.people.models import GroupRole
from sessions_app.assessment import run_actions as actions
from sessions_app.assessment.models import BonusRequest, Objection, ObjectionStage
from tests import build
from tests.sessions_app.assessment import runs
from tests.sessions_app.assessment.runs import AT, D, Run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(settings) -> None:
    settings.CLOCK = AT


def as_(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def at(run: Run, index: int = 0, tail: str = "") -> str:
    return f"/assessment/sheets/{run.sheet(index).pk}/{tail}"


def typed(run: Run, index: int, *points: str | None, words: str = "", **more: object) -> dict[str, object]:
    found: dict[str, object] = {"version": run.sheet(index).version, **more}
    for line, said in zip(run.lines(index), points, strict=True):
        found |= {f"score_{line.pk}": said or "", f"word_{line.pk}": words}
    return found


# ---------------------------------------------------------------------------------------------------------- who reads
def test_a_unit_reads_its_own_sheet_and_no_other() -> None:
    run = runs.published()
    leader = build.account(build.member(run.units[0], role=GroupRole.LEADER, rank=1).person, on=AT.date())
    for user in (run.by_unit[0], leader):
        for tail in ("", "improve/", "history/"):
            assert as_(user).get(at(run, 0, tail)).status_code == 200
            assert as_(user).get(at(run, 1, tail)).status_code == 404, "another unit's sheet does not exist for it"
        assert as_(user).get(at(run, 0, "verify/")).status_code == 404


def test_before_its_self_scoring_the_sheet_does_not_exist_for_the_unit() -> None:
    run = runs.computed()
    assert as_(run.by_unit[0]).get(at(run)).status_code == 404
    assert as_(run.reviewer).get(at(run)).status_code == 200


def test_what_is_verified_is_hidden_from_the_unit_until_it_is_published() -> None:
    run = runs.reviewed()
    run.verify(0, "30", "10", "46.5", why="内部意见")
    for tail in ("", "improve/", "history/"):
        text = as_(run.by_unit[0]).get(at(run, 0, tail)).text
        assert "46.5" not in text and "86.5" not in text and "内部意见" not in text, tail
        assert "46.5" in as_(run.reviewer).get(at(run, 0, tail)).text or tail == "improve/"
    for index in (1, 2, 3):
        run.verify(index, "30", "10", "40")
    actions.publish(run.fresh(), version=run.row.version, by=run.reviewer, at=AT)
    text = as_(run.by_unit[0]).get(at(run)).text
    assert "46.50" in text and "86.50" in text and "内部意见" in text and "80.00" in text
    assert "名次" not in text, "not even its own place"
    assert "名次" in as_(run.reviewer).get(at(run)).text


def test_each_number_leads_to_the_rows_behind_it() -> None:
    run = runs.weighing()
    text = as_(run.by_unit[0]).get(at(run)).text
    assert "怎么算的" in text and "key=planned_items" in text
    link = next(part.split('"')[0] for part in text.split('href="')[1:] if "key=planned_items" in part)
    assert as_(run.by_unit[0]).get(link.replace("&amp;", "&")).status_code == 200
    assert "先由单位自评，再由复核人评分" in text


# ------------------------------------------------------------------------------------------------------ the unit's own
def test_the_system_score_is_offered_and_kept_until_handed_in() -> None:
    run = runs.weighing()
    client, address = as_(run.by_unit[0]), at(run, 0, "self/")
    text = client.get(address).text
    assert 'value="30.00"' in text and 'value="10.00"' in text and "js/weighing.js" in text
    answer = client.post(address, typed(run, 0, "30", "10", "", save="1", note="先存"), follow=True)
    assert "还没有提交" in answer.text and run.sheet().self_at is None and run.lines()[0].self_score == D(30)
    answer = client.post(address, typed(run, 0, "28", "10", "", submit="1", note="写了一大段说明"))
    assert answer.status_code == 422
    assert "研讨质量”还没有自评分" in answer.text and "请写明理由" in answer.text, "every reason at once"
    assert "写了一大段说明" in answer.text and 'value="28"' in answer.text, "nothing typed is lost"
    answer = client.post(address, typed(run, 0, "30", "10", "52", submit="1", note="交"), follow=True)
    assert "自评已提交" in answer.text and run.sheet().self_total == D("92.00")
    assert client.get(address).status_code == 302, "handed in, it is read"
    again = client.post(address, typed(run, 0, "30", "10", "50", submit="1", note=""))
    assert again.status_code == 422 and "不能再改" in again.text


def test_a_score_above_the_maximum_and_a_stale_form_are_refused() -> None:
    run = runs.weighing()
    client, address = as_(run.by_unit[0]), at(run, 0, "self/")
    answer = client.post(address, typed(run, 0, "31", "10", "52", submit="1"))
    assert answer.status_code == 422 and run.sheet().self_at is None
    stale = typed(run, 0, "30", "10", "52", save="1")
    client.post(address, stale)
    assert "已被他人改动" in client.post(address, stale).text


def test_only_the_secretary_of_the_unit_scores_it() -> None:
    run = runs.weighing()
    for user in (run.by_unit[1], run.reviewer):
        assert as_(user).get(at(run, 0, "self/")).status_code == 404
        assert as_(user).post(at(run, 0, "self/"), typed(run, 0, "30", "10", "52")).status_code == 404


# ------------------------------------------------------------------------------------------------------- verification
def test_side_by_side_with_a_reason_for_each_difference() -> None:
    run = runs.reviewed()
    client, address = as_(run.reviewer), at(run, 0, "verify/")
    text = client.get(address).text
    assert "52.00" in text and "复核完，看下一家" in text
    answer = client.post(address, typed(run, 0, "30", "10", "46.5", done="1"))
    assert answer.status_code == 422 and "请写明理由" in answer.text and 'value="46.5"' in answer.text
    answer = client.post(address, typed(run, 0, "30", "10", "46.5", words="研讨不深", done="1"))
    assert answer.status_code == 302 and answer["Location"] != at(run), "the next one that waits opens"
    assert run.sheet().verified_total == D("86.50")


def test_half_done_is_kept() -> None:
    run = runs.reviewed()
    client, address = as_(run.reviewer), at(run, 0, "verify/")
    assert "还没有复核完" in client.post(address, typed(run, 0, "30", "", "", save="1"), follow=True).text
    assert run.lines()[0].verified == D(30) and run.sheet().verified_at is None


def test_counts_people_type_are_saved_on_their_own() -> None:
    run = runs.reviewed()
    client, address = as_(run.reviewer), at(run, 0, "verify/")
    line = run.lines()[1]
    sent = {"counts": "1", "version": run.sheet().version, f"count_{line.pk}_done": "1"}
    assert "系统分已按它重新计算" in client.post(address, sent, follow=True).text
    assert run.lines()[1].system == D("5.00")
    answer = client.post(address, {**sent, "version": run.sheet().version, f"count_{line.pk}_done": "-1"})
    assert answer.status_code == 422


def test_the_head_and_another_department_do_not_verify() -> None:
    run = runs.reviewed()
    head = build.granted("HEAD", run.city, on=AT.date())
    stranger = build.granted("REVIEWER", build.committee("别处"), on=AT.date())
    for user in (head, stranger, run.by_unit[0]):
        assert as_(user).get(at(run, 0, "verify/")).status_code == 404


def test_bonus_from_asking_to_granting() -> None:
    run = runs.reviewed()
    unit = as_(run.by_unit[0])
    assert unit.post(at(run, 0, "bonus/"), {"points": "5", "reason": ""}).status_code == 422
    assert "加分申请已提交" in unit.post(at(run, 0, "bonus/"), {"points": "5", "reason": "获表彰"}, follow=True).text
    request = BonusRequest.objects.get()
    assert as_(run.by_unit[0]).post(f"/assessment/bonus/{request.pk}/decide/", {"granted": "5"}).status_code == 404
    client = as_(run.reviewer)
    refused = client.post(f"/assessment/bonus/{request.pk}/decide/", {"granted": "2"}, follow=True)
    assert "请写明理由" in refused.text
    done = client.post(f"/assessment/bonus/{request.pk}/decide/", {"granted": "5", "decision": ""}, follow=True)
    assert "加分已核定" in done.text and "计入 3" in done.text, "up to the cap of the scheme"
    assert as_(run.by_unit[1]).post(at(run, 0, "bonus/"), {"points": "1", "reason": "替别人"}).status_code == 404


# ---------------------------------------------------------------------------------------------------------- objection
def test_one_objection_decided_by_another_reviewer() -> None:
    run = runs.published()
    unit = as_(run.by_unit[0])
    text = unit.get(at(run)).text
    assert "只能申诉一次，截止12月28日，还剩 5 个工作日" in text
    assert unit.post(at(run, 0, "objection/"), {"reason": " "}).status_code == 422
    assert "申诉已提交" in unit.post(at(run, 0, "objection/"), {"reason": "研讨有记录"}, follow=True).text
    answer = unit.post(at(run, 0, "objection/"), {"reason": "再说一次"})
    assert answer.status_code == 422 and "只能申诉一次" in answer.text and "再说一次" in answer.text
    row = Objection.objects.get()
    address = f"/assessment/objections/{row.pk}/"
    assert as_(run.by_unit[1]).get(address).status_code == 404
    assert "须由另一位复核人复议" in as_(run.reviewer).get(address).text
    sent = {"version": row.version, "decision": "核对记录后改分"}
    for line in run.lines():
        sent |= {f"score_{line.pk}": str(line.verified), f"word_{line.pk}": ""}
    last = run.lines()[2]
    sent |= {f"score_{last.pk}": "50", f"word_{last.pk}": "记录属实"}
    refused = as_(run.reviewer).post(address, sent)
    assert refused.status_code == 422 and "另一位复核人" in refused.text
    assert unit.post(address, sent).status_code == 404
    assert "复议已办结" in as_(run.other).post(address, sent, follow=True).text
    row.refresh_from_db()
    assert row.stage == ObjectionStage.CHANGED and run.sheet().total == D("90.00")
    assert "核对记录后改分" in unit.get(address).text


def test_after_the_term_there_is_nothing_to_send(settings) -> None:
    run = runs.published()
    settings.CLOCK = build.at(date(2026, 12, 29))
    user = run.by_unit[0]
    assert "提交申诉" not in as_(user).get(at(run)).text
    answer = as_(user).post(at(run, 0, "objection/"), {"reason": "晚了"})
    assert answer.status_code == 422 and "已经过了" in answer.text


# ---------------------------------------------------------------------------------------------- improving and history
def test_what_would_lift_the_result() -> None:
    run = runs.weighing()
    run.count(0, "1")
    text = as_(run.by_unit[0]).get(at(run, 0, "improve/")).text
    assert "主题活动" in text and "可多得 5 分" in text and "年度计划备案" not in text, "what is full is not listed"


def test_each_edition_says_what_changed() -> None:
    run = runs.published()
    text = as_(run.by_unit[0]).get(at(run, 0, "history/")).text
    assert "研讨质量：复核分 待补 → 46.50" in text and "自评分合计 待补 → 92.00" in text
    inside = as_(run.reviewer).get(at(run, 0, "history/")).text
    assert inside.count("校验值") > text.count("校验值"), "a unit reads what it may see"
