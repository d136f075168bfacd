"""The pages of bulletins: a new issue, the workshop with and without script, its steps, who reads and receives it."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from roster.accounts.roles import Role
from sessions_app.bulletins import actions, page, prose
from sessions_app.bulletins.models import Bulletin, BulletinReceipt, BulletinStage, PracticeCard
from tests import build
from tests.sessions_app.bulletins import compiling
from tests.sessions_app.bulletins.compiling import AT, BODY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CLOCK = AT


@pytest.fixture
def here():
    return compiling.place()


@pytest.fixture
def quick(monkeypatch, here):
    """Signing without typesetting: a paper of the same facts, without a file."""

    def issue(kind, *, committee, year, subject_id, facts, by, at):
        return actions.papers.IssuedPaper.objects.create(
            kind=kind, committee=committee, year=year, subject_id=subject_id, title=facts["title"], facts=facts,
            edition="e", sha256="0" * 64, pages=1, as_of=at, issued_by_id=by.pk, issued_at=at, file="papers/none.pdf",
        )  # fmt: skip

    monkeypatch.setattr(actions.papers, "issue", issue)


def client_of(user):
    client = Client()
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def form_of(row, **more):
    return {
        "version": row.version, "title": row.title, "mark": row.mark, "to": row.to, "copies": row.copies, "body": row.body,
        "rich": "1", "cards-TOTAL_FORMS": "0", "cards-INITIAL_FORMS": "0",
    } | more  # fmt: skip


def said(answer):
    return " ".join(str(message) for message in answer.context["messages"])


# -------------------------------------------------------------------------------------------------------- a new one
def test_an_empty_list_says_what_to_do_next(here):
    mine = client_of(here.compiler).get(reverse("bulletin_list"))
    assert "还没有编过学情通报" in mine.text
    assert f'href="{reverse("bulletin_new")}"' in mine.text
    theirs = client_of(here.secretary).get(reverse("bulletin_list"))
    assert "还没有收到学情通报" in theirs.text
    assert reverse("bulletin_new") not in theirs.text


def test_a_new_issue_sent_twice_is_made_once_and_opens_with_the_outline(here):
    client = client_of(here.compiler)
    asked = client.get(reverse("bulletin_new"))
    assert asked.context["form"].initial["quarter"] == 1  # in April the first quarter is over
    data = {
        "committee": here.city.pk,
        "year": 2026,
        "quarter": 1,
        "form_token": asked.context["form"].initial["form_token"],
    }
    first, second = (client.post(reverse("bulletin_new"), data) for _ in range(2))
    row = Bulletin.objects.get()
    assert first.url == second.url == reverse("bulletin_edit", args=[row.pk])
    opened = client.get(first.url)
    for heading in ("一、总体情况", "二、主要做法和亮点", "三、存在问题", "四、下步要求"):
        assert f"&lt;h2&gt;{heading}&lt;/h2&gt;" in opened.text
    assert "冻结数据之后" in opened.text


def test_only_the_department_where_the_grant_stands_can_be_chosen(here):
    other = build.committee("别县县委")
    form = client_of(here.compiler).get(reverse("bulletin_new")).context["form"]
    assert list(form.fields["committee"].queryset) == [here.city]
    posted = client_of(here.compiler).post(reverse("bulletin_new"), {"committee": other.pk, "year": 2026, "quarter": 1})
    assert posted.status_code == 422
    assert not Bulletin.objects.exists()
    assert client_of(here.secretary).get(reverse("bulletin_new")).status_code == 404


# --------------------------------------------------------------------------------------------------- the workshop
def test_saving_keeps_text_annexes_and_cards_and_the_next_save_needs_the_new_version(here):
    row = compiling.draft(here)
    client = client_of(here.compiler)
    card = {
        "cards-TOTAL_FORMS": "1", "cards-0-committee": here.unit.pk, "cards-0-session": "", "cards-0-mode": "ON_SITE",
        "cards-0-title": "现场学", "cards-0-text": "到一线去。",
    }  # fmt: skip
    data = form_of(row, body=BODY + "<p>新加的一段</p>", annexes=["ATTENDANCE"], **card)
    saved = client.post(reverse("bulletin_save", args=[row.pk]), data)
    assert saved.json() == {"at": "10:00", "version": row.version + 1}
    row.refresh_from_db()
    assert row.body.endswith("<p>新加的一段</p>")
    assert [annex.kind for annex in row.annexes.all()] == ["ATTENDANCE"]
    assert PracticeCard.objects.get().title == "现场学"
    opened = client.get(reverse("bulletin_edit", args=[row.pk]))
    assert "到一线去。" in opened.text
    gone = client.post(reverse("bulletin_save", args=[row.pk]), form_of(row, **card, **{"cards-0-DELETE": "on"}))
    assert gone.status_code == 200
    assert not PracticeCard.objects.exists()


def test_a_stale_save_loses_nothing_and_shows_both_texts(here):
    row = compiling.draft(here)
    theirs = BODY.replace("抓好落实", "别人写的")
    actions.save(
        row, title=row.title, to=row.to, mark=row.mark, body=theirs, version=row.version, by=here.checker, at=AT
    )
    mine = form_of(row, body=BODY.replace("抓好落实", "我写的"))
    client = client_of(here.compiler)
    answer = client.post(reverse("bulletin_save", args=[row.pk]), mine)
    told = answer.json()
    assert answer.status_code == 409
    assert told["version"] == row.version + 1
    assert told["by"]
    assert told["saved"] == {"body": theirs}
    shown = client.post(reverse("bulletin_edit", args=[row.pk]), mine)
    assert shown.status_code == 409
    assert "我写的" in shown.text
    assert "别人写的" in shown.text
    assert f'name="version" value="{row.version + 1}"' in shown.text
    row.refresh_from_db()
    assert "别人写的" in row.body


def test_without_script_the_text_is_typed_plain_and_untouched_text_keeps_its_bold_words(here):
    rich = BODY.replace("总体有序", "<strong>总体有序</strong>")
    row = compiling.draft(here, body=rich)
    client = client_of(here.compiler)
    opened = client.get(reverse("bulletin_edit", args=[row.pk]))
    text = opened.context["form"].initial["text"]
    assert text.splitlines()[:2] == ["一、总体情况", "全市理论学习中心组学习总体有序。"]
    kept = client.post(reverse("bulletin_edit", args=[row.pk]), form_of(row, rich="", text=text.replace("\n", "\r\n")))
    assert kept.status_code == 302
    row.refresh_from_db()
    assert "<strong>总体有序</strong>" in row.body
    typed = f"{text}\r\n【图表：总体情况表】\r\n- 要点\r\n# 附注"
    client.post(reverse("bulletin_edit", args=[row.pk]), form_of(row, rich="", text=typed))
    row.refresh_from_db()
    assert row.body.startswith("<h2>一、总体情况</h2><p>全市")
    assert row.body.endswith('<figure data-block="总体情况表"></figure><ul><li>要点</li></ul><h2>附注</h2>')


def test_what_people_paste_is_cleaned_before_it_is_kept(here):
    row = compiling.draft(here)
    dirty = '<p style="color:red" onclick="x()">甲<script>alert(1)</script><a href="http://x">乙</a><img src=x></p>'
    client_of(here.compiler).post(reverse("bulletin_save", args=[row.pk]), form_of(row, body=dirty))
    row.refresh_from_db()
    assert row.body == "<p>甲乙</p>"


def test_a_refused_save_says_every_reason_and_gives_the_text_back(here):
    row = compiling.draft(here)
    card = {"cards-TOTAL_FORMS": "1", "cards-0-mode": "ON_SITE", "cards-0-title": "现场学", "cards-0-text": ""}
    answer = client_of(here.compiler).post(reverse("bulletin_save", args=[row.pk]), form_of(row, title="", **card))
    assert answer.status_code == 422
    assert set(answer.json()["errors"]) == {"title", "cards-0-text", "cards-0-committee"}
    shown = client_of(here.compiler).post(
        reverse("bulletin_edit", args=[row.pk]), form_of(row, title="", body="<p>没存上的话</p>", **card)
    )
    assert shown.status_code == 422
    assert "没存上的话" in shown.text


# ------------------------------------------------------------------------------------------------ figures, numbers
def test_frozen_figures_can_be_put_in_and_are_of_their_time(here):
    row = compiling.frozen(here)
    client = client_of(here.compiler)
    opened = client.get(reverse("bulletin_edit", args=[row.pk]))
    assert "数据截至 4月8日 10:00" in opened.text
    assert 'data-insert-fact="committees"' in opened.text
    assert 'data-insert-block="各委员会学习情况表"' in opened.text
    assert '<template data-drawn="总体情况表">' in opened.text
    of = client.get(reverse("bulletin_figures", args=[row.pk]), {"of": here.unit.code})
    assert f'data-of="{here.unit.code}"' in of.text
    before = client.get(reverse("bulletin_figures", args=[row.pk]), {"when": "before"})
    assert 'data-insert-fact="previous.committees"' in before.text


def test_a_wrong_number_is_named_with_its_place_in_the_text(here, monkeypatch):
    row = compiling.frozen(here)
    url = reverse("bulletin_check_prose", args=[row.pk])
    client = client_of(here.compiler)
    assert "没有核对到数字（0 处）" in client.post(url, {"body": "<p>写了一段话。</p>"}).text
    left = client.post(url, {"body": "<p>参训三百二十一人次，另有3家。</p>"}).text
    assert "未核对 2 处" in left and "三百二十一人次" in left and "没有发现" not in left
    right = client.post(url, {"body": "<p>全市共有2家党委（党组）。</p>"}).text
    assert "核对了 1 处，没有发现与数据不一致的" in right and "未核对" not in right
    html = "<p>全市共有99家党委（党组）。</p>"
    at = html.index("99")
    wrong = prose.Mismatch(4, 6, "99", "2", "committees", "党委（党组）", "“党委（党组）”写作99，数据为2。", at, at + 2)
    monkeypatch.setattr(page.prose, "read", lambda text, facts: prose.Reading(1, [wrong], []))
    told = client.post(url, {"body": html}).text
    assert f'data-from="{at}" data-to="{at + 2}"' in told
    assert "数据为2" in told
    assert 'data-mend="2"' in told


def test_the_length_is_said_and_blocks_nothing(here):
    row = compiling.draft(here)
    long = "<p>" + "学" * 4600 + "</p>"
    told = client_of(here.compiler).post(reverse("bulletin_check_prose", args=[row.pk]), {"body": long}).text
    assert "<b>4,600</b> / 4,000 字" in told
    assert "超过" in told
    saved = client_of(here.compiler).post(reverse("bulletin_save", args=[row.pk]), form_of(row, body=long))
    assert saved.status_code == 200


# ------------------------------------------------------------------------------------------------------- its steps
def move(user, row, do, **more):
    row.refresh_from_db()
    return client_of(user).post(
        reverse("bulletin_move", args=[row.pk]), {"do": do, "version": row.version} | more, follow=True
    )


def test_three_hands_one_after_the_other(here, quick):
    row = compiling.draft(here)
    assert "数据已冻结" in said(move(here.compiler, row, "freeze"))
    assert "已送核稿" in said(move(here.compiler, row, "submit"))
    own = client_of(here.compiler).get(row.get_absolute_url())
    assert "核稿通过" not in [step["label"] for step in own.context["steps"]]
    assert "须由另一位同志办理" in said(move(here.compiler, row, "check"))
    assert "核稿通过，等部领导签发" in said(move(here.checker, row, "check"))
    assert "这一步不由您办理" in said(move(here.checker, row, "sign"))
    waiting = client_of(here.signer).get(reverse("approvals"))
    assert row.title in waiting.text
    signed = move(here.signer, row, "sign")
    assert "已签发" in said(signed)
    row.refresh_from_db()
    assert row.stage == BulletinStage.ISSUED
    names = [hand["who"] for hand in signed.context["hands"]]
    assert names == [here.compiler.person.name, here.checker.person.name, here.signer.person.name]


def test_sent_back_with_a_reason_it_is_written_on(here):
    row = compiling.submitted(here)
    assert "请写明原因" in said(move(here.checker, row, "send_back"))
    move(here.checker, row, "send_back", reason="请核对数据")
    opened = client_of(here.compiler).get(reverse("bulletin_edit", args=[row.pk]))
    assert "退回原因：请核对数据" in opened.text


def test_numbers_that_differ_are_kept_only_with_a_reason(here, monkeypatch):
    row = compiling.frozen(here)
    wrong = prose.Mismatch(0, 2, "99", "2", "committees", "党委（党组）", "写作99，数据为2。")
    monkeypatch.setattr(prose, "read", lambda text, facts: prose.Reading(1, [wrong], []))
    assert "不一致" in said(move(here.compiler, row, "submit"))
    assert "已送核稿" in said(move(here.compiler, row, "submit", reason="口径不同，已说明"))


def test_a_step_from_an_old_page_is_refused(here):
    row = compiling.draft(here)
    version = row.version
    actions.save(row, title="换了标题", to=row.to, mark=row.mark, body=BODY, version=version, by=here.compiler, at=AT)
    old = client_of(here.compiler).post(
        reverse("bulletin_move", args=[row.pk]), {"do": "freeze", "version": version}, follow=True
    )
    row.refresh_from_db()
    assert row.stage == BulletinStage.DRAFT
    assert said(old)


def test_the_workshop_is_closed_once_it_is_with_the_checker(here):
    row = compiling.submitted(here)
    answer = client_of(here.compiler).get(reverse("bulletin_edit", args=[row.pk]), follow=True)
    assert answer.redirect_chain[-1][0] == row.get_absolute_url()
    refused = client_of(here.compiler).post(reverse("bulletin_save", args=[row.pk]), form_of(row, title="偷改"))
    assert refused.status_code == 422


def test_the_working_copy_needs_frozen_figures(here):
    row = compiling.draft(here)
    answer = client_of(here.compiler).get(reverse("bulletin_print", args=[row.pk]), follow=True)
    assert "请先冻结数据" in said(answer)


def test_the_working_copy_is_a_pdf(here):
    row = compiling.frozen(here)
    answer = client_of(here.compiler).get(reverse("bulletin_print", args=[row.pk]))
    assert answer["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF")


# ------------------------------------------------------------------------------------------------ readers, receipts
def test_those_below_read_and_receive_what_was_issued_and_nothing_before(here, quick):
    row = compiling.checked(here)
    theirs = client_of(here.secretary)
    assert theirs.get(row.get_absolute_url()).status_code == 404
    actions.sign(row, version=None, by=here.signer, at=AT)
    read = theirs.get(row.get_absolute_url())
    assert "抓好落实。" in read.text
    assert "经过" not in read.text
    assert "编制 ·" not in read.text
    assert theirs.post(reverse("bulletin_receive", args=[row.pk])).status_code == 302
    theirs.post(reverse("bulletin_receive", args=[row.pk]))
    assert BulletinReceipt.objects.get().committee == here.unit
    assert "签收（" not in theirs.get(row.get_absolute_url()).text
    desk = unescape(client_of(here.compiler).get(reverse("bulletin_receipts", args=[row.pk])).text)
    assert "已签收" in desk
    assert re.search(r"签收期限 2026年4月15日", desk)
    assert theirs.get(reverse("bulletin_receipts", args=[row.pk])).status_code == 404
    other = build.secretary_of(build.committee("外地单位党组"), on=AT.date())
    assert client_of(other).get(row.get_absolute_url()).status_code == 404
    assert client_of(other).post(reverse("bulletin_receive", args=[row.pk])).status_code == 404


def test_who_has_not_received_it_is_found(here, quick):
    row = compiling.issued(here)
    build.committee("市教育局党组", parent=here.city)
    actions.receive(row, committee=here.unit, by=here.secretary, at=AT)
    url = reverse("bulletin_receipts", args=[row.pk])
    left = client_of(here.signer).get(url, {"state": "no"})
    assert [one.name for one in left.context["page_obj"]] == ["市教育局党组"]


def test_an_issued_one_keeps_what_it_said_and_shows_its_errata(here, quick):
    row = compiling.issued(here)
    Bulletin.objects.filter(pk=row.pk).update(title="后来改的")
    row.paper.errata.create(number=1, text="第2页36应为37。", by=here.signer, at=AT)
    read = client_of(here.secretary).get(row.get_absolute_url())
    assert "后来改的" not in read.context["facts"]["title"]
    assert "勘误1" in read.text
    assert "第2页36应为37。" in read.text


def test_the_list_asks_the_same_queries_for_few_and_many(here, quick):
    client = client_of(here.compiler)
    for quarter in (1, 2):
        compiling.draft(here, quarter=quarter)
    client.get(reverse("bulletin_list"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("bulletin_list"))
    for _ in range(6):
        compiling.draft(here)
    with CaptureQueriesContext(connection) as many:
        listed = client.get(reverse("bulletin_list"))
    assert len(many) == len(few)
    assert len(listed.context["page_obj"].object_list) == 8
    narrow = client.get(reverse("bulletin_list"), {"quarter": 2, "q": "学情"})
    assert [row.quarter for row in narrow.context["page_obj"]] == [2]


def test_a_city_does_not_see_what_its_county_compiles(here):
    county = build.committee("清河县委", parent=here.city)
    other = compiling.Place(
        county, here.unit, build.granted(Role.REVIEWER, county, on=AT.date()), here.checker, here.signer, here.secretary
    )
    row = compiling.draft(other)
    assert client_of(here.compiler).get(row.get_absolute_url()).status_code == 404
    assert client_of(here.compiler).get(reverse("bulletin_edit", args=[row.pk])).status_code == 404
    assert client_of(other.compiler).get(reverse("bulletin_edit", args=[row.pk])).status_code == 200
