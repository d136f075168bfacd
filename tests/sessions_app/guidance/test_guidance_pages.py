"""The pages of study prompts: who sees what, the matrix and its numbers, the sheet, the paper."""

import io
from datetime import date, timedelta
from typing import Any

import openpyxl
import pypdf
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.committees.models import Committee
from sessions_app.guidance import actions, matrix
from sessions_app.guidance.models import PromptMapping, PromptReceipt, PromptStage, StudyPrompt
from sessions_app.guidance.rules import TopicState
from sessions_app.papers import frozen
from sessions_app.papers.models import IssuedPaper
from sessions_app.sessions.models import SessionStage
from tests import build
from tests.sessions_app.guidance import prompting

pytestmark = pytest.mark.django_db
AT = build.AT


@pytest.fixture(autouse=True)
def _prepared(settings: Any, tmp_path: Any) -> None:
    settings.CLOCK = AT
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}},
    }


@pytest.fixture
def here():
    return prompting.place(2)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(client: Client, name: str, *args: Any, status: int = 200, **query: Any) -> str:
    answer = client.get(reverse(name, args=args), query)
    assert answer.status_code == status, (name, answer.status_code)
    return answer.text


def typed(**changed: Any) -> dict[str, Any]:
    given = {
        "year": 2026, "quarter": 1, "title": "一季度提示", "focus": "重点", "outcomes": "成果", "consulted": ["OFFICE"],
        "topics-TOTAL_FORMS": 2, "topics-INITIAL_FORMS": 0, "topics-0-text": "主题甲", "topics-1-text": "",
        "readings-TOTAL_FORMS": 1, "readings-INITIAL_FORMS": 0, "readings-0-title": "《读本》",
        "readings-0-release_type": "EXCERPT",
    }  # fmt: skip
    return {**given, **changed}


# ------------------------------------------------------------------------------------------------ the desk's pages
def test_a_draft_is_written_edited_and_published_on_its_pages(here):
    client = browser(here.reviewer)
    form = {**typed(), "committee": here.city.pk, "form_token": "b" * 36}
    for _ in range(2):
        answer = client.post(reverse("prompt_new"), form)
    row = StudyPrompt.objects.get()
    assert answer.url == row.get_absolute_url()
    assert [t.text for t in row.topics.all()] == ["主题甲"]
    assert row.readings.get().release_type == "EXCERPT"
    page = text_of(client, "prompt", row.pk)
    assert "还没有会商：宣传部、组织部、政策研究室。" in page
    assert "云州市委及以下 5 家单位须在 5 个工作日内签收" in page
    assert "5 家单位的学习秘书和组长会看到" in page
    client.post(reverse("prompt_edit", args=[row.pk]), typed(title="改过的标题", version=row.version))
    row.refresh_from_db()
    assert row.title == "改过的标题"
    client.post(reverse("prompt_publish", args=[row.pk]), {"version": row.version})
    row.refresh_from_db()
    assert row.stage == PromptStage.PUBLISHED
    assert client.get(reverse("prompt_edit", args=[row.pk])).status_code == 302
    client.post(reverse("prompt_close", args=[row.pk]), {"version": row.version})
    row.refresh_from_db()
    assert row.stage == PromptStage.CLOSED


def test_a_draft_that_lacks_a_part_says_so_before_publishing(here):
    row = prompting.draft(here.city, here.reviewer, focus="", topics=[])
    client = browser(here.reviewer)
    page = text_of(client, "prompt", row.pk)
    assert "还没有学习主题，请至少写一条。" in page
    assert reverse("prompt_publish", args=[row.pk]) not in page
    client.post(reverse("prompt_publish", args=[row.pk]), {"version": row.version})
    assert "“研讨重点”还是空的，请填写。" in text_of(client, "prompt", row.pk)


def test_a_refused_draft_comes_back_as_it_was_typed(here):
    form = {**typed(title=" "), "committee": here.city.pk, "topics-1-text": "主题甲"}
    answer = browser(here.reviewer).post(reverse("prompt_new"), form)
    assert answer.status_code == 422
    assert "主题甲" in answer.text
    assert "《读本》" in answer.text
    form["title"] = "标题"
    assert "“主题甲”写了两遍" in browser(here.reviewer).post(reverse("prompt_new"), form).text


def test_one_more_row_without_a_script(here):
    answer = browser(here.reviewer).post(reverse("prompt_new"), {**typed(add="topics"), "committee": here.city.pk})
    assert answer.status_code == 200
    assert 'name="topics-2-text"' in answer.text
    assert not StudyPrompt.objects.exists()


def test_a_stale_draft_shows_both_texts(here):
    row = prompting.draft(here.city, here.reviewer)
    client = browser(here.reviewer)
    url = reverse("prompt_edit", args=[row.pk])
    client.post(url, typed(title="先存的", version=row.version))
    answer = client.post(url, typed(title="后写的", version=row.version))
    assert answer.status_code == 409
    assert "先存的" in answer.text
    assert "后写的" in answer.text
    assert f'name="version" value="{row.version + 1}"' in answer.text


def test_only_the_department_of_the_subtree_writes(here):
    row = prompting.draft(here.city, here.reviewer)
    county = build.granted(Role.REVIEWER, here.county)
    for user in (here.secretary, county):
        for name in ("prompt_edit", "prompt"):
            text_of(browser(user), name, row.pk, status=404)
        for name in ("prompt_publish", "prompt_close"):
            assert browser(user).post(reverse(name, args=[row.pk]), {"version": 1}).status_code == 404
    assert "起草学习提示" not in text_of(browser(here.secretary), "prompt_list")
    assert f'value="{here.city.pk}"' not in text_of(browser(county), "prompt_new")


# ------------------------------------------------------------------------------------------------ a secretary's page
def test_a_secretary_receives_and_takes_up_a_topic(here):
    row = prompting.published(here.city, here.reviewer)
    item = prompting.item(here.unit)
    topic = row.topics.first()
    client = browser(here.secretary)
    page = text_of(client, "prompt", row.pk)
    assert "签收并列入" in page
    assert "还剩 5 个工作日" in page
    assert f'value="item-{item.pk}" selected' in page  # the same words as the topic
    client.post(reverse("prompt_receive", args=[row.pk]), {"committee": here.unit.pk})
    assert PromptReceipt.objects.get().received_by == here.secretary.person
    answer = client.post(reverse("prompt_map", args=[row.pk]), {"topic": topic.pk, "to": f"item-{item.pk}"})
    assert answer.status_code == 302
    page = text_of(client, "prompt", row.pk)
    assert "已列入" in page
    assert "计划第1项 乡村全面振兴" in page
    assert "落实：乡村全面振兴" in page
    assert "topic=%E4%BC%98" in page  # a new session with the topic's words
    made = text_of(client, "session_new", committee=here.unit.pk, blank=1, topic="优化营商环境")
    assert 'value="优化营商环境"' in made
    client.post(reverse("prompt_unmap", args=[row.pk]), {"topic": topic.pk})
    assert not PromptMapping.objects.exists()


def test_a_choice_that_is_none_comes_back_beside_its_topic(here):
    row = prompting.published(here.city, here.reviewer)
    topic = row.topics.first()
    stranger = prompting.session(here.county, date(2026, 3, 10))
    url = reverse("prompt_map", args=[row.pk])
    client = browser(here.secretary)
    for to, words in (("", "请选一个计划条目或一场学习。"), (f"session-{stranger.pk}", "选择一个有效的选项")):
        answer = client.post(url, {"topic": topic.pk, "to": to})
        assert answer.status_code == 422
        assert words in answer.text
    assert not PromptReceipt.objects.exists()
    other = prompting.published(here.city, here.reviewer).topics.first()
    assert "没有找到这个学习主题" in client.post(url, {"topic": other.pk, "to": ""}).text


def test_a_refused_act_says_why(here):
    row = prompting.published(here.city, here.reviewer)
    item = prompting.item(here.unit)
    client = browser(here.secretary)
    sent = {"topic": row.topics.first().pk, "to": f"item-{item.pk}", "with_readings": "on"}
    answer = client.post(reverse("prompt_map", args=[row.pk]), sent)
    assert answer.status_code == 422
    assert "计划条目不带资料" in answer.text
    actions.close(row, version=row.version, by=here.reviewer, at=AT)
    client.post(reverse("prompt_receive", args=[row.pk]))
    assert "学习提示已经结束，不能再签收" in text_of(client, "prompt", row.pk)


def test_a_secretary_answers_for_his_own_committee_alone(here):
    row = prompting.published(here.city, here.reviewer)
    client = browser(here.secretary)
    for name in ("prompt_receive", "prompt_map", "prompt_unmap"):
        assert client.post(reverse(name, args=[row.pk]), {"committee": here.county.pk}).status_code == 404
    stranger = build.secretary_of(build.committee("邻市"))
    text_of(browser(stranger), "prompt", row.pk, status=404)
    assert "季度学习提示" not in text_of(browser(stranger), "prompt_list")
    county = prompting.published(here.county, here.reviewer, title="县里的提示")
    text_of(client, "prompt", county.pk, status=404)


def test_a_leader_reads_and_has_no_buttons(here):
    row = prompting.published(here.city, here.reviewer)
    page = text_of(browser(build.leader_of(here.unit)), "prompt", row.pk)
    assert "未收" in page
    for name in ("prompt_receive", "prompt_map", "prompt_close"):
        assert reverse(name, args=[row.pk]) not in page


def test_the_secretary_of_two_committees_chooses(here):
    row = prompting.published(here.city, here.reviewer)
    build.secretary(here.county, here.secretary.person)
    client = browser(build.User.objects.get(pk=here.secretary.pk))
    assert f"?committee={here.county.pk}" in text_of(client, "prompt", row.pk)
    client.post(reverse("prompt_receive", args=[row.pk]), {"committee": here.county.pk})
    assert PromptReceipt.objects.get().committee == here.county


def test_the_list_says_who_received(here):
    row = prompting.published(here.city, here.reviewer)
    actions.receive(row, committee=here.unit, by=here.secretary, at=AT)
    prompting.draft(here.city, here.reviewer, title="二季度草稿", quarter=2)
    page = text_of(browser(here.reviewer), "prompt_list")
    assert "1/5 家" in page
    assert "未收 4" in page
    assert "二季度草稿" in page
    mine = text_of(browser(here.secretary), "prompt_list")
    assert "已签收" in mine
    assert "二季度草稿" not in mine
    assert "没有符合条件" in text_of(browser(here.reviewer), "prompt_list", q="没有的标题")
    assert "二季度草稿" not in text_of(browser(here.reviewer), "prompt_list", stage="PUBLISHED", quarter=1)


# ------------------------------------------------------------------------------------------------ the matrix
@pytest.fixture
def taken(here):
    """unit: topic one studied by a session, topic two planned; county: received; one unit below: item studied."""
    row = prompting.published(here.city, here.reviewer)
    one, two = row.topics.all()
    held = prompting.session(here.unit, date(2026, 3, 10))
    ahead = prompting.session(here.unit, date(2026, 3, 25), stage=SessionStage.APPROVED, number=2)
    by = {"by": here.secretary, "at": AT}
    actions.map_topic(one, committee=here.unit, study_session=held, **by)
    actions.map_topic(two, committee=here.unit, study_session=ahead, **by)
    actions.receive(row, committee=here.county, **by)
    below = here.more[0]
    old = prompting.item(below)
    actions.map_topic(one, committee=below, plan_item=old, **by)
    new = prompting.item(below, edition=2)  # the plan is amended; the session closes the item of the new edition
    prompting.session(below, date(2026, 3, 12), plan_item=new)
    return row


def test_the_states_of_the_matrix(here, taken):
    topics = list(taken.topics.all())
    rows = matrix.rows_of(taken, topics, [here.unit, here.county, *here.more])
    assert [[line.state.value for line in row.lines] for row in rows] == [
        ["已学", "已列入"], ["已收", "已收"], ["已学", "已收"], ["未收", "未收"],
    ]  # fmt: skip


def test_an_item_of_another_year_or_committee_with_the_same_serial_is_not_studied(here):
    row = prompting.published(here.city, here.reviewer)
    topic = row.topics.first()
    actions.map_topic(topic, committee=here.unit, plan_item=prompting.item(here.unit), by=here.secretary, at=AT)
    prompting.session(here.unit, date(2025, 5, 6), plan_item=prompting.item(here.unit, year=2025))
    prompting.session(here.county, date(2026, 3, 6), plan_item=prompting.item(here.county))
    (line, _) = matrix.lines_of(row, here.unit)[1]
    assert line.state == TopicState.PLANNED


@pytest.mark.parametrize("state", list(TopicState))
def test_every_number_opens_exactly_its_rows(here, taken, state):
    topics = list(taken.topics.all())
    everybody = matrix.told(taken, Committee.objects.all(), build.DAY)
    counted = matrix.totals(taken, topics, everybody)
    assert sum(counted[topics[0].pk].values()) == everybody.count() == 5
    for topic in topics:
        rows = matrix.in_state(everybody, taken, state, [topic.pk])
        assert rows.count() == counted[topic.pk][state]
        shown = matrix.rows_of(taken, [topic], list(rows))
        assert {line.state for row in shown for line in row.lines} <= {state}


def test_the_matrix_page_narrows_by_topic_state_place_and_words(here, taken):
    client = browser(here.reviewer)
    one = taken.topics.first().pk
    page = text_of(client, "prompt_matrix", taken.pk)
    assert "共 5 家" in page
    assert f"?topic={one}&amp;state=STUDIED" in page
    assert "主题2" in page
    assert "共 2 家" in text_of(client, "prompt_matrix", taken.pk, topic=one, state="STUDIED")
    assert "共 2 家" in text_of(client, "prompt_matrix", taken.pk, state="UNRECEIVED")
    assert "共 3 家" in text_of(client, "prompt_matrix", taken.pk, under=here.county.pk)
    found = text_of(client, "prompt_matrix", taken.pk, q="发改委")
    assert "共 1 家" in found
    assert "县直单位0党组" not in found
    assert "没有符合条件的单位" in text_of(client, "prompt_matrix", taken.pk, q="没有的")


def test_a_county_sees_its_own_rows_and_a_secretary_only_his(here, taken):
    county = browser(build.granted(Role.REVIEWER, here.county))
    assert "共 3 家" in text_of(county, "prompt_matrix", taken.pk)
    page = text_of(browser(here.secretary), "prompt_matrix", taken.pk)
    assert "共 1 家" in page
    assert "清河县委" not in page
    draft = prompting.draft(here.city, here.reviewer)
    assert browser(here.reviewer).get(reverse("prompt_matrix", args=[draft.pk])).status_code == 302


def test_a_committee_that_ended_before_the_close_is_not_asked_for(here, taken):
    Committee.objects.filter(pk=here.more[1].pk).update(until=build.DAY - timedelta(days=1))
    assert "共 4 家" in text_of(browser(here.reviewer), "prompt_matrix", taken.pk)
    assert "3/4 家" in text_of(browser(here.reviewer), "prompt_list")
    actions.close(taken, version=taken.version, by=here.reviewer, at=AT)
    Committee.objects.filter(pk=here.more[0].pk).update(until=build.DAY + timedelta(days=1))
    taken.refresh_from_db()
    assert matrix.told(taken, Committee.objects.all(), build.DAY + timedelta(days=400)).count() == 4


def test_the_sheet_is_what_is_shown(here, taken):
    Committee.objects.filter(pk=here.more[1].pk).update(name="=1+1党组")
    client = browser(here.reviewer)
    answer = client.get(reverse("prompt_matrix", args=[taken.pk]), {"format": "xlsx"})
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=4)]
    assert rows[0] == ["编码", "委员会", "签收时间", "主题1 乡村全面振兴", "主题2 优化营商环境"]
    by_name = {row[1]: row[2:] for row in rows[1:]}
    assert by_name["市发改委党组"] == ["2026-03-20 10:00", "已学：3月10日学习 专题1", "已列入：3月25日学习 专题2"]
    assert by_name["'=1+1党组"] == ["未签收", "未收", "未收"]
    assert AuditEvent.objects.about(taken).filter(verb="export").count() == 1
    one = client.get(reverse("prompt_matrix", args=[taken.pk]), {"format": "xlsx", "q": "发改委"})
    assert openpyxl.load_workbook(io.BytesIO(one.content)).active.max_row == 5


def test_pages_ask_as_often_for_thirty_as_for_one(settings):
    counts: dict[str, list[int]] = {}
    for size in (1, 30):
        where = prompting.place(size)
        for n in range(size):
            row = prompting.published(where.city, where.reviewer, title=f"提示{n}")
        topic = row.topics.first()
        for n, one in enumerate(where.more):
            target = (
                {"plan_item": prompting.item(one)}
                if n % 2
                else {"study_session": prompting.session(one, date(2026, 3, 9))}
            )
            actions.map_topic(topic, committee=one, **target, by=where.reviewer, at=AT)
        asked = [
            ("prompt_list", (), where.reviewer), ("prompt_list", (), where.secretary),
            ("prompt_matrix", (row.pk,), where.reviewer), ("prompt", (row.pk,), where.reviewer),
        ]  # fmt: skip
        for name, args, user in asked:
            client = browser(user)
            client.get(reverse(name, args=args))
            with CaptureQueriesContext(connection) as seen:
                assert client.get(reverse(name, args=args), {"per": 100}).status_code == 200
            counts.setdefault(f"{name} {user.pk == where.reviewer.pk}", []).append(len(seen))
    assert all(one == thirty for one, thirty in counts.values()), counts


def test_a_secretarys_page_asks_as_often_with_many_items_and_sessions(here):
    row = prompting.published(here.city, here.reviewer)
    counts = []
    for size in (1, 30):
        for n in range(size):
            prompting.item(here.unit, serial=size * 100 + n)
            prompting.session(here.unit, date(2026, 3, 9), number=size * 100 + n)
        client = browser(here.secretary)
        client.get(row.get_absolute_url())
        with CaptureQueriesContext(connection) as seen:
            client.get(row.get_absolute_url())
        counts.append(len(seen))
    assert counts[0] == counts[1]


# ------------------------------------------------------------------------------------------------ the paper
def words_of(content: bytes) -> str:
    return "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages).replace("\n", "")


def test_the_paper_says_the_three_parts_the_readings_and_who_was_consulted(here):
    row = prompting.published(here.city, here.reviewer)
    answer = browser(here.secretary).get(reverse("paper_print", args=["prompt", row.pk]))
    words = words_of(answer.content)
    for said in ("一、学习主题", "1. 乡村全面振兴", "二、研讨重点", "每人提一条举措", "三、成果转化", "四、学习篇目",
                 "《学习读本》", "限定范围传达", "5个工作日内签收", "云州市委2026年3月20日", "政策研究室", "工作稿"):  # fmt: skip
        assert said in words, said


def test_the_paper_is_issued_by_the_department_once_it_is_published(here):
    draft = prompting.draft(here.city, here.reviewer)
    client = browser(here.reviewer)
    url = reverse("paper_issue", args=["prompt", draft.pk])
    assert client.post(url).url == draft.get_absolute_url()
    assert not IssuedPaper.objects.exists()
    assert browser(here.secretary).post(url).status_code == 404
    actions.publish(draft, version=draft.version, by=here.reviewer, at=AT)
    client.post(url)
    paper = IssuedPaper.objects.get()
    assert (paper.kind, paper.subject_id, paper.year, paper.committee) == ("prompt", draft.pk, 2026, here.city)
    assert paper.facts["topics"] == ["乡村全面振兴", "优化营商环境"]
    assert paper.facts["on"] == "2026-03-20"


def test_a_draft_prints_with_its_gaps(here):
    row = prompting.draft(here.city, here.reviewer, focus="", outcomes="", topics=[], readings=[], consulted=[])
    facts = frozen.prompt(row)
    assert (facts["on"], facts["readings"], facts["consulted"]) == ("", [], [])


def test_the_command_issues_a_prompt(here, tmp_path):
    prompting.published(here.city, here.reviewer)
    out = tmp_path / "prompt.pdf"
    given = {"year": 2026, "committee": here.city.code, "output": str(out)}
    call_command("issue_paper", "prompt", quarter=1, **given)
    assert "乡村全面振兴" in words_of(out.read_bytes())
    for quarter, words in ((None, "--quarter"), (3, "没有发布2026年第3季度")):
        with pytest.raises(CommandError, match=words):
            call_command("issue_paper", "prompt", quarter=quarter, **given)
