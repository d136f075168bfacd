"""From a draft to its receipts: three hands, what voids a check, numbers, every refusal."""

from datetime import date

import pytest

from roster.accounts.models import Grant
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from sessions_app.bulletins import actions, prose
from sessions_app.bulletins.models import Bulletin, BulletinReceipt, BulletinStage
from sessions_app.papers import typeset
from sessions_app.papers.models import IssuedPaper, PaperKind
from tests import build
from tests.sessions_app.attendance import studying
from tests.sessions_app.bulletins import compiling
from tests.sessions_app.bulletins.compiling import AT, BODY

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The page is set in test_bulletin_paper; here the facts count."""
    monkeypatch.setattr(typeset, "single", lambda kind, facts, **_: typeset.Finished(b"%PDF", 1, ()))


@pytest.fixture
def here():
    return compiling.place()


def saved(here, row, **more):
    typed = {"title": row.title, "to": row.to, "copies": row.copies, "mark": row.mark, "body": row.body} | more
    return actions.save(row, **typed, version=row.version, by=here.compiler, at=AT)


def test_scenario_10_issue_2_by_three_hands(here):
    late = compiling.issued(here, quarter=0, year=2025)
    assert late.paper.facts["number"] == "云宣通〔2026〕1号", "of last year's period, signed this year"
    first = compiling.issued(here)
    row = compiling.issued(here)
    assert (first.issue, row.issue, row.stage, row.document_number) == (1, 2, BulletinStage.ISSUED, 3)
    assert [row.compiled_by, row.checked_by, row.signed_by] == [
        here.compiler.person, here.checker.person, here.signer.person,
    ]  # fmt: skip
    paper = row.paper
    assert (paper.kind, paper.committee, paper.subject_id, paper.year) == (PaperKind.BULLETIN, here.city, row.pk, 2026)
    assert paper.facts["number"] == "云宣通〔2026〕3号" and paper.facts["issue_words"] == "2026年第2期"
    assert paper.facts["on"] == "2026-04-08" and paper.facts["red_head"] is False
    verbs = list(AuditEvent.objects.about(row).order_by("seq").values_list("verb", flat=True))
    assert verbs == ["create", "save", "freeze", "submit", "check", "sign"]


def test_a_form_sent_twice_makes_one(here):
    one = actions.create(here.city, year=2026, quarter=1, form_token="a" * 36, by=here.compiler, at=AT)
    two = actions.create(here.city, year=2026, quarter=1, form_token="a" * 36, by=here.compiler, at=AT)
    assert one == two and Bulletin.objects.count() == 1
    assert "四、下步要求" in one.body and one.title == "中共云州市委员会2026年第一季度理论学习中心组学情通报"


@pytest.mark.parametrize(("year", "quarter"), [(2027, 1), (2026, 5), (1999, 0)])
def test_no_bulletin_of_a_time_that_is_not_here(here, year, quarter):
    with pytest.raises(Refused, match="选择年度和季度"):
        actions.create(here.city, year=year, quarter=quarter, by=here.compiler, at=AT)


def test_saving_cleans_and_says_so(here):
    row = actions.create(here.city, year=2026, quarter=1, by=here.compiler, at=AT)
    done = saved(here, row, body='<p style="x">甲<script>1</script></p><figure data-block="没有的表"></figure>')
    assert done.bulletin.body == "<p>甲</p>" and "没有的表" in done.notes[0]
    again = saved(here, done.bulletin)
    assert again.bulletin.version == done.bulletin.version, "nothing changed, nothing written"
    with pytest.raises(Stale):
        actions.save(row, title="乙", body="", version=1, by=here.compiler, at=AT)


def test_all_that_is_wrong_with_a_text_at_once(here):
    row = actions.create(here.city, year=2026, quarter=1, by=here.compiler, at=AT)
    with pytest.raises(Refused) as refusal:
        saved(here, row, title=" ", to="主" * 301, mark="代" * 21, annexes=["NONSENSE"], cards=[
            {"mode": "NONE", "committee": here.unit.pk, "title": "", "text": "甲"}
        ])  # fmt: skip
    assert len(refusal.value.reasons) == 6


def test_cards_come_from_the_subtree_and_the_period(here):
    row = actions.create(here.city, year=2026, quarter=1, by=here.compiler, at=AT)
    session = studying.session(here.unit, date(2026, 3, 5))
    card = {
        "mode": "FIELD",
        "committee": here.unit.pk,
        "study_session": session.pk,
        "title": "走出去学",
        "text": "走访。",
    }
    done = saved(here, row, cards=[card], annexes=["ATTENDANCE", "CORRECTIONS"]).bulletin
    assert done.cards.get().study_session == session and done.annexes.count() == 2
    late = studying.session(here.unit, date(2026, 4, 2), number=2)
    with pytest.raises(Refused, match="不在本期之内"):
        saved(here, done, cards=[card | {"study_session": late.pk}])
    with pytest.raises(Refused, match="不在本部门范围"):
        saved(here, done, cards=[card | {"committee": build.committee().pk, "study_session": None}])


def test_frozen_prints_the_figures_anew_and_thawing_needs_a_reason(here):
    studying.session(here.unit, date(2026, 3, 5))
    row = compiling.frozen(here, body='<h2>一、甲</h2><p>集体学习<span data-fact="sessions" data-of="">9</span>场</p>')
    assert '<span data-fact="sessions" data-of="">1</span>' in row.body and row.facts["figures"]["sessions"] == 1
    with pytest.raises(Refused, match="写明原因"):
        actions.thaw(row, reason=" ", version=None, by=here.compiler, at=AT)
    row = actions.thaw(row, reason="补录了一场", version=row.version, by=here.compiler, at=AT)
    assert (row.stage, row.facts, row.as_of) == (BulletinStage.DRAFT, None, None)


def test_empty_chapters_and_no_addressee_do_not_go_to_the_checker(here):
    row = compiling.frozen(here, body="<h2>一、甲</h2><p>写了</p><h2>二、乙</h2>", to="")
    with pytest.raises(Refused) as refusal:
        actions.submit(row, version=None, by=here.compiler, at=AT)
    assert len(refusal.value.reasons) == 2 and "二、乙" in refusal.value.reasons[0]


def test_wrong_numbers_are_kept_only_on_purpose_and_the_record_says_why(here):
    studying.session(here.unit, date(2026, 3, 5))
    row = compiling.frozen(here, body="<h2>一、甲</h2><p>全市共开展集体学习5场。</p>")
    assert [one.said for one in prose.check(row.body, row.facts)] == ["5场"]
    with pytest.raises(Refused, match="1 处数字"):
        actions.submit(row, version=None, by=here.compiler, at=AT)
    with pytest.raises(Refused, match="写明原因"):
        actions.submit(row, accept_mismatches=True, version=None, by=here.compiler, at=AT)
    row = actions.submit(row, accept_mismatches=True, reason="含第一议题四次", version=None, by=here.compiler, at=AT)
    event = AuditEvent.objects.about(row).get(verb="submit")
    assert event.reason == "含第一议题四次" and event.data["kept"] == [
        {"said": "5场", "should": "1场", "label": "集体学习"}
    ]


def test_who_wrote_does_not_check_who_checked_does_not_sign(here):
    row = compiling.submitted(here)
    with pytest.raises(Refused, match="参与了这期通报的编制"):
        actions.check(row, version=None, by=here.compiler, at=AT)
    row = actions.check(row, version=None, by=here.checker, at=AT)
    Grant.objects.create(user=here.checker, role=Role.HEAD, committee=here.city, since=build.SINCE)
    with pytest.raises(Refused, match="由您核稿"):
        actions.sign(row, version=None, by=here.checker, at=AT)
    with pytest.raises(Refused, match="参与了"):
        actions.sign(row, version=None, by=here.compiler, at=AT)
    assert not IssuedPaper.objects.exists()


def test_whoever_touched_the_text_counts_as_its_writer(here):
    row = compiling.draft(here)
    actions.save(row, title="改过的标题", to=row.to, body=BODY, version=None, by=here.checker, at=AT)
    row = actions.freeze(row, version=None, by=here.compiler, at=AT)
    row = actions.submit(row, version=None, by=here.compiler, at=AT)
    with pytest.raises(Refused, match="另一位"):
        actions.check(row, version=None, by=here.checker, at=AT)


def test_a_change_voids_the_check(here):
    row = compiling.checked(here)
    with pytest.raises(Refused, match="不能修改"):
        saved(here, row, title="改标题")
    row = actions.take_back(row, reason="补一句", version=row.version, by=here.compiler, at=AT)
    assert (row.stage, row.checked_by, row.return_reason) == (BulletinStage.FROZEN, None, "补一句")
    assert AuditEvent.objects.about(row).get(verb="take_back").data == {"check_void": True}
    row = actions.submit(saved(here, row, title="改了").bulletin, version=None, by=here.compiler, at=AT)
    row = actions.check(row, version=None, by=here.checker, at=AT)
    Bulletin.objects.filter(pk=row.pk).update(title="绕过系统改的")
    with pytest.raises(Refused, match="原核稿意见作废"):
        actions.sign(row, version=None, by=here.signer, at=AT)


def test_sent_back_with_a_reason_by_the_signer_too(here):
    row = compiling.checked(here)
    with pytest.raises(Refused, match="写明原因"):
        actions.send_back(row, reason="", version=None, by=here.signer, at=AT)
    row = actions.send_back(row, reason="问题部分再写实", version=None, by=here.signer, at=AT)
    assert row.stage == BulletinStage.FROZEN and row.checked_at is None


@pytest.mark.parametrize("step", ["freeze", "check", "sign"])
def test_a_step_out_of_turn_is_refused(here, step):
    row = compiling.issued(here)
    with pytest.raises(Refused, match="已签发"):
        getattr(actions, step)(row, version=None, by=here.signer, at=AT)


def test_without_a_mark_there_is_no_document_number(here):
    row = compiling.issued(here, mark="")
    assert row.document_number is None and row.paper.facts["number"] == ""


def test_received_once_by_a_committee_below(here):
    row = compiling.frozen(here)
    with pytest.raises(Refused, match="还没有签发"):
        actions.receive(row, committee=here.unit, by=here.secretary, at=AT)
    row = compiling.issued(here)
    one = actions.receive(row, committee=here.unit, by=here.secretary, at=AT)
    assert actions.receive(row, committee=here.unit, by=here.secretary, at=AT) == one
    assert BulletinReceipt.objects.count() == 1 == AuditEvent.objects.filter(verb="receive").count()
    for stranger in (build.committee(), here.city):
        with pytest.raises(Refused, match="没有发给"):
            actions.receive(row, committee=stranger, by=here.secretary, at=AT)
    here.unit.until = date(2026, 4, 1)
    with pytest.raises(Refused, match="已停用"):
        actions.receive(row, committee=here.unit, by=here.secretary, at=AT)


def test_who_sees_what(here):
    draft, row = compiling.draft(here), compiling.issued(here)
    seen = lambda user, permission: set(Bulletin.objects.open_to(user, permission))
    assert seen(here.secretary, "bulletin.read") == {row} == seen(here.secretary, "bulletin.receipt")
    assert seen(here.checker, "bulletin.check") == {draft, row} and seen(here.secretary, "bulletin.edit") == set()
    county = build.committee("澜城区委", parent=here.city)
    below = build.granted(Role.REVIEWER, county)
    assert seen(below, "bulletin.read") == {row} and seen(below, "bulletin.edit") == set()
    assert seen(build.secretary_of(build.committee()), "bulletin.read") == set()
