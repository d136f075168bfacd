"""The pages of schemes: who sees what, the editor with and without script, nothing typed lost, equal queries."""

import re
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Role
from sessions_app.assessment import scheme_actions as actions
from sessions_app.assessment.models import Scheme, SchemeItem
from sessions_app.assessment.specs import content_of
from tests import build
from tests.sessions_app.assessment import schemes
from tests.sessions_app.assessment.schemes import AT, YEAR

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _prepared(settings: Any) -> None:
    settings.CLOCK = AT


@pytest.fixture
def here():
    return schemes.place()


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text_of(client: Client, name: str, *args: Any, status: int = 200) -> str:
    answer = client.get(reverse(name, args=args))
    assert answer.status_code == status, (name, answer.status_code)
    return answer.text


def fields(page: str) -> dict[str, str]:
    """What a browser would send of the editor."""
    form = page[page.index("form-scheme") :]
    form = form[: form.index("</form>")] if "</form>" in form else form
    found: dict[str, str] = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            found[name[1]] = value[1] if value else ""
    for name, body in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'value="([^"]*)" selected', body) or re.search(r'value="([^"]*)"', body)
        found[name] = chosen[1] if chosen else ""
    found.pop("csrfmiddlewaretoken", None)
    return found


# ------------------------------------------------------------------------------------------------ reading
def test_a_unit_reads_what_is_published_above_it_and_no_draft(here):
    row = schemes.published(here.city, here.reviewer)
    hidden = schemes.draft(here.city, here.reviewer, year=2025, effective_from=date(2025, 1, 1))
    county = schemes.published(here.county, here.county_reviewer)
    unit = browser(here.secretary)
    page = text_of(unit, "scheme_list")
    assert row.get_absolute_url() in page and hidden.get_absolute_url() not in page
    assert county.get_absolute_url() not in page
    assert "样表" not in page and "新建考核办法" not in page
    shown = text_of(unit, "scheme", row.pk)
    for words in (
        "出席率达到 90% 得满分，不足的按比例",
        "缺学季度：每 1 扣 2 分；取数：应学季度 − 达到次数的季度",
        "年度计划到截止日已备案为 1",
    ):
        assert words in shown
    assert "另作他用" not in shown
    for hidden_row in (hidden, county):
        text_of(unit, "scheme", hidden_row.pk, status=404)
    for name in ("scheme_new", "scheme_edit"):
        text_of(unit, name, *([row.pk] if name == "scheme_edit" else []), status=404)


def test_who_stands_over_a_department_neither_reads_nor_writes_its_schemes(here):
    row = schemes.published(here.county, here.county_reviewer)
    city = browser(here.reviewer)
    text_of(city, "scheme", row.pk, status=404)
    assert (
        city.post(reverse("scheme_example"), {"name": "default", "year": YEAR, "committee": here.county.pk}).status_code
        == 302
    )
    assert Scheme.objects.count() == 1


def test_the_examples_stand_on_the_list_with_their_results_and_one_click_takes_one(here):
    client = browser(here.reviewer)
    page = text_of(client, "scheme_list")
    assert page.count('name="name"') == 8
    assert "12 个月学了 11 个月：总分 87.50，按 4% 折算 3.50" in page and "不提供" in page
    token = re.search(r'name="form_token" value="([^"]+)"', page)[1]
    sent = {"name": "city_sheet", "year": YEAR, "committee": here.city.pk, "form_token": token}
    for _ in range(2):
        answer = client.post(reverse("scheme_example"), sent)
    row = Scheme.objects.get()
    assert answer.url == row.get_absolute_url()
    assert (row.title, row.weight) == ("意识形态和理论武装考核：中心组学习（4 分）", 4)
    fresh = sent | {"name": "../x", "form_token": str(uuid4())}
    assert client.post(reverse("scheme_example"), fresh, follow=True).text.count("没有这份样表") == 1


def test_the_list_asks_the_same_number_of_questions_for_one_and_for_many(here):
    client = browser(here.reviewer)

    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            text_of(client, "scheme_list")
        return len(seen)

    schemes.draft(here.city, here.reviewer)
    asked()
    few = asked()
    for year in (2025, 2026, 2027):
        schemes.draft(here.city, here.reviewer, year=year, effective_from=date(year, 1, 1))
    assert asked() == few


def test_one_scheme_asks_the_same_number_of_questions_however_long_it_is(here):
    client = browser(here.reviewer)
    counts = []
    for name in ("city_sheet", "default"):
        row = actions.take_example(committee=here.city, year=YEAR, name=name, by=here.reviewer, at=AT)
        text_of(client, "scheme", row.pk)
        with CaptureQueriesContext(connection) as seen:
            text_of(client, "scheme", row.pk)
        counts.append(len(seen))
    assert counts[0] == counts[1]


# ------------------------------------------------------------------------------------------------ the editor
def test_what_the_editor_shows_saves_as_the_same(here):
    for name in ("default", "college"):
        row = actions.take_example(committee=here.city, year=YEAR, name=name, by=here.reviewer, at=AT)
        client, before = browser(here.reviewer), content_of(row)
        sent = fields(text_of(client, "scheme_edit", row.pk))
        assert client.post(reverse("scheme_edit", args=[row.pk]), sent).status_code == 302
        row.refresh_from_db()
        assert row.version == 2 and content_of(row) == before


def test_saving_at_95_is_refused_beside_the_rows_and_nothing_typed_is_lost(here):
    row = schemes.draft(here.city, here.reviewer)
    client = browser(here.reviewer)
    sent = fields(text_of(client, "scheme_edit", row.pk))
    sent |= {
        "ind-0-weight": "10", "ind-1-item-1-formula": "presence_rat", "title": "改过的名称",
        "ind-0-item-0-rule-0-each": "八",
    }  # fmt: skip
    answer = client.post(reverse("scheme_edit", args=[row.pk]), sent)
    assert answer.status_code == 422
    page = answer.text
    assert "有 3 处需要改，内容还没有保存" in page
    assert "各指标权重合计为 95，应为 100。" in page
    for name in ("weights", "ind-1-item-1-formula", "ind-0-item-0-rule-0-each"):
        assert f'href="#{name}"' in page and f'id="{name}"' in page
    assert re.search(
        r'id="ind-1-item-1-formula"[^>]*aria-invalid="true"[^>]*aria-describedby="ind-1-item-1-formula-error"', page
    )
    again = fields(page)
    for name in sent:
        assert again[name] == sent[name], name
    row.refresh_from_db()
    assert (row.version, row.indicators.first().weight) == (1, 15)
    fixed = again | {"ind-0-weight": "15", "ind-1-item-1-formula": "presence_rate", "ind-0-item-0-rule-0-each": "8"}
    assert client.post(reverse("scheme_edit", args=[row.pk]), fixed).url == row.get_absolute_url()


def test_a_new_scheme_is_written_from_a_blank_sheet_once(here):
    client = browser(here.reviewer)
    sent = fields(text_of(client, "scheme_new"))
    answer = client.post(reverse("scheme_new"), sent)
    assert answer.status_code == 422 and "至少要有一个指标" in answer.text
    sent |= {
        "ind-0-name": "学习", "ind-0-weight": "100", "ind-0-item-0-name": "出席", "ind-0-item-0-max": "10",
        "ind-0-item-0-primitive": "PROPORTION", "ind-0-item-0-formula": "present ÷ expected", "ind-0-item-0-full": "0.85",
    }  # fmt: skip
    for _ in range(2):
        assert client.post(reverse("scheme_new"), sent).status_code == 302
    row = Scheme.objects.get()
    assert (row.committee, row.year) == (here.city, YEAR)
    item = SchemeItem.objects.get(indicator__scheme=row)
    assert item.params == {"formula": "present ÷ expected", "full": "0.85"}
    actions.publish(row, version=row.version, by=here.reviewer, at=AT)
    assert "出席 ÷ 应到达到 0.85 得满分" in text_of(client, "scheme", row.pk)


def test_rows_come_and_go_by_plain_buttons_and_nothing_is_saved(here):
    row = schemes.draft(here.city, here.reviewer)
    client, where = browser(here.reviewer), reverse("scheme_edit", args=[row.pk])

    def press(sent: dict[str, str], op: str) -> dict[str, str]:
        answer = client.post(where, sent | {"op": op})
        assert answer.status_code == 200
        return fields(answer.text)

    sent = fields(text_of(client, "scheme_edit", row.pk))
    more = press(sent, "add:ind-0-item")
    assert more["ind-0-item-2-name"] == "" and more["ind-0-item-2-primitive"] == "MANUAL"
    more = press(more | {"ind-0-item-2-name": "新项"}, "up:ind-0-item-2")
    assert (more["ind-0-item-1-name"], more["ind-0-item-2-name"]) == ("新项", "计划专题完成")
    gone = press(more, "remove:ind-0-item-0")
    assert gone["ind-0-item-0-name"] == "新项" and "ind-0-item-2-name" not in gone
    ruled = press(sent, "add:ind-0-item-0-rule")
    assert ruled["ind-0-item-0-rule-2-label"] == ""
    moved = press(sent, "down:ind-0")
    assert (moved["ind-0-name"], moved["ind-1-name"]) == ("组织实施", "计划制订")
    assert len([name for name in press(sent, "add:ind") if re.fullmatch(r"ind-\d+-name", name)]) == 7
    assert press(sent, "add:band")["band-4-label"] == ""
    for odd in ("add:scheme", "remove:ind-99", "up:ind-0-item-x", "down:ind-5", "add:ind-9-item", "remove:", "show"):
        assert press(sent, odd) == sent
    row.refresh_from_db()
    assert row.version == 1


def test_another_way_of_scoring_shows_its_own_fields_and_keeps_the_old_ones_until_saved(here):
    row = schemes.draft(here.city, here.reviewer)
    client, where = browser(here.reviewer), reverse("scheme_edit", args=[row.pk])
    sent = fields(text_of(client, "scheme_edit", row.pk)) | {"ind-0-item-0-primitive": "RANK_LINEAR", "op": "show"}
    answer = client.post(where, sent, headers={"HX-Request": "true"})
    assert answer.text.lstrip().startswith('<div id="scheme-rows"') and "<html" not in answer.text
    assert 'id="ind-0-item-0-least"' in answer.text and 'id="ind-0-item-0-rule-0-label"' not in answer.text
    assert 'type="hidden" name="ind-0-item-0-rule-0-label" value="年度计划未备案"' in answer.text


def test_somebody_saved_meanwhile_both_are_shown_and_the_next_save_holds(here):
    row = schemes.draft(here.city, here.reviewer)
    client = browser(here.reviewer)
    sent = fields(text_of(client, "scheme_edit", row.pk))
    actions.save(
        row,
        content=schemes.content(title="别人的名称"),
        effective_from=row.effective_from,
        version=1,
        by=here.reviewer,
        at=AT,
    )
    sent["title"] = "我的名称"
    answer = client.post(reverse("scheme_edit", args=[row.pk]), sent)
    assert answer.status_code == 409
    assert "我的名称" in answer.text and "别人的名称" in answer.text
    again = fields(answer.text)
    assert again["version"] == "2"
    assert client.post(reverse("scheme_edit", args=[row.pk]), again).status_code == 302
    row.refresh_from_db()
    assert row.title == "我的名称"


# ------------------------------------------------------------------------------------------------ moves
def test_published_from_its_page_and_changed_by_a_new_edition(here):
    row = schemes.draft(here.city, here.reviewer)
    client = browser(here.reviewer)
    answer = client.post(reverse("scheme_publish", args=[row.pk]), {"version": row.version}, follow=True)
    assert "已发布，自1月1日起生效" in answer.text
    assert client.get(reverse("scheme_edit", args=[row.pk])).url == row.get_absolute_url()
    sent = {"effective_from": f"{YEAR}-06-01", "form_token": "a" * 36}
    for _ in range(2):
        answer = client.post(reverse("scheme_copy", args=[row.pk]), sent)
    second = Scheme.objects.get(edition=2)
    assert answer.url == reverse("scheme_edit", args=[second.pk])
    assert "第2版" in text_of(client, "scheme", row.pk)
    early = client.post(reverse("scheme_copy", args=[row.pk]), {"effective_from": f"{YEAR}-01-01"}, follow=True)
    assert "新版的生效日期应在这之后" in early.text


def test_a_county_copies_the_citys_scheme_and_cannot_make_an_edition_of_it(here):
    row = schemes.published(here.city, here.reviewer)
    client = browser(here.county_reviewer)
    sent = {"committee": here.county.pk, "year": YEAR}
    assert client.post(reverse("scheme_copy", args=[row.pk]), sent).status_code == 302
    assert Scheme.objects.get(committee=here.county).copied_from == row
    assert client.post(reverse("scheme_copy", args=[row.pk]), {"effective_from": f"{YEAR}-06-01"}).status_code == 404
    assert client.post(reverse("scheme_publish", args=[row.pk]), {"version": row.version}).status_code == 404


def test_a_draft_is_discarded_from_its_page(here):
    row = schemes.draft(here.city, here.reviewer)
    client = browser(here.reviewer)
    assert client.post(reverse("scheme_discard", args=[row.pk]), {"version": row.version}).url == reverse("scheme_list")
    kept = schemes.published(here.city, here.reviewer)
    answer = client.post(reverse("scheme_discard", args=[kept.pk]), {"version": kept.version}, follow=True)
    assert "第1版已发布，不能再改" in answer.text


def test_a_head_reads_and_does_not_write(here):
    row = schemes.draft(here.city, here.reviewer)
    head = browser(build.granted(Role.HEAD, here.city))
    assert "修改</a>" not in text_of(head, "scheme", row.pk)
    text_of(head, "scheme_edit", row.pk, status=404)
