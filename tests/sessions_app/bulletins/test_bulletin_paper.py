"""The printed bulletin: what it says and where, the same bytes again, and the command that hands its file out."""

import hashlib
import io
import subprocess
from datetime import date

import pikepdf
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from roster.accounts.roles import Permission
from sessions_app.bulletins import actions, blocks
from sessions_app.papers import actions as papers
from sessions_app.papers import typeset
from sessions_app.papers.models import IssuedPaper
from sessions_app.policies.models import PolicyParameter
from tests import build
from tests.sessions_app.attendance import studying
from tests.sessions_app.bulletins import compiling
from tests.sessions_app.bulletins.compiling import AT

pytestmark = pytest.mark.django_db
BODY = (
    '<h2>一、总体情况</h2><p>全市出席率<span data-fact="presence_rate" data-of="">0%</span>，<strong>总体平稳</strong>。</p>'
    '<figure data-block="各月集体学习图"></figure><figure data-block="与上期比较表"></figure>'
    "<h2>二、主要做法</h2><h3>（一）领导带头</h3><p>市发改委党组带头。</p><ol><li>报学</li><li>督学</li></ol>"
    "<h2>三、存在问题</h2><p>研讨不深 &lt;个别&gt;。</p>"
)


def text_of(pdf: bytes) -> list[str]:
    """Page by page, spaces taken out."""

    run = subprocess.run(["pdftotext", "-layout", "-", "-"], input=pdf, capture_output=True, check=True)
    return ["".join(page.split()) for page in run.stdout.decode().split("\f")[:-1]]


@pytest.fixture
def here():
    return compiling.place()


def signed(here):
    session = studying.session(here.unit, date(2026, 3, 5))
    build.group(here.unit, 3)
    studying.save_roll(studying.part_of(session), here.secretary)
    card = {
        "mode": "FIELD", "committee": here.unit.pk, "study_session": session.pk, "title": "把课堂搬到工地", "text": "走访三个项目。",
    }  # fmt: skip
    return compiling.issued(
        here,
        body=BODY,
        cards=[card],
        annexes=["ATTENDANCE", "FINDINGS", "CORRECTIONS"],
        copies="市纪委监委、市委组织部",
    )


def test_what_is_printed_where_and_the_same_bytes_again(here):
    row = signed(here)
    with row.paper.file.open("rb") as file:
        pdf = file.read()
    assert hashlib.sha256(pdf).hexdigest() == row.paper.sha256
    assert typeset.finished("bulletin", IssuedPaper.objects.get(pk=row.paper_id).facts).pdf == pdf
    pages = text_of(pdf)
    assert len(pages) == row.paper.pages >= 5
    first = pages[0]
    for words in (
        "云宣通〔2026〕1号",
        "学情通报",
        "2026年第1期，数据截至2026年4月8日",
        "各党委（党组）理论学习中心组：",
        "100.0%",
        "总体平稳",
    ):
        assert words in first, words
    whole = "".join(pages)
    assert "1.报学" in whole and "研讨不深<个别>" in whole and "附件：1.创新做法" in whole
    assert "中共云州市委宣传部2026年4月8日" in whole
    starts = [page[:3] for page in pages]
    assert [f"附件{n}" for n in (1, 2, 3, 4)] == [start for start in starts if start.startswith("附件")], (
        "each on a new page"
    )
    assert "把课堂搬到工地" in whole and "没有未销号的问题" in whole
    assert "抄送：市纪委监委、市委组织部。" in pages[-1] and "印发" in pages[-1]
    with pikepdf.open(io.BytesIO(pdf)) as opened, opened.open_outline() as outline:
        names = [item.title for top in outline.root for item in (top, *top.children)]
    assert "一、总体情况" in names


def test_the_red_head_only_where_the_local_rule_asks_for_it(here):
    plain = blocks.paper(compiling.frozen(here), at=AT)
    assert plain["red_head"] is False
    PolicyParameter.objects.create(committee=here.city, key="red_head", value=True, since=build.SINCE)
    row = compiling.issued(here)
    assert row.paper.facts["red_head"] is True and row.paper.facts["document_number"] == "云宣通〔2026〕1号"
    with row.paper.file.open("rb") as file:
        assert text_of(file.read())[0].startswith("中共云州市委宣传部")


def test_an_erratum_is_numbered_and_the_paper_stays(here):
    row = compiling.issued(here)
    sha = row.paper.sha256
    one = papers.add_erratum(row.paper, text="第2页“3次”应为“4次”。", by=here.signer, at=AT)
    assert one.number == 1 and IssuedPaper.objects.get(pk=row.paper_id).sha256 == sha
    assert row.paper in IssuedPaper.objects.open_to(here.signer, Permission.PAPER_READ)


def test_the_command_hands_out_the_file_or_says_the_missing_step(here, tmp_path):
    out = tmp_path / "bulletin.pdf"
    call = lambda **more: call_command(
        "issue_paper", "bulletin", year=2026, committee=here.city.code, output=str(out), stdout=io.StringIO(), **more
    )
    with pytest.raises(CommandError, match="没有2026年"):
        call()
    row = compiling.checked(here)
    with pytest.raises(CommandError, match="还差：签发"):
        call(number=1)
    row = actions.sign(row, version=None, by=here.signer, at=AT)
    call(quarter=1)
    assert hashlib.sha256(out.read_bytes()).hexdigest() == row.paper.sha256
    assert IssuedPaper.objects.count() == 1, "nothing is issued twice"


def test_the_paper_says_when_its_figures_were_read_not_when_it_was_signed() -> None:
    """数据截至 is the freezing, on the paper and on its page."""
    here = compiling.place()
    row = compiling.checked(here)
    later = build.at(date(2026, 4, 20), 16)
    row = compiling.actions.sign(row, version=None, by=here.signer, at=later)
    assert row.paper.as_of == row.as_of == compiling.AT and row.paper.issued_at == later
    client = Client()
    client.force_login(here.signer)
    assert "4月8日 10:00" in client.get(reverse("paper", args=[row.paper_id])).content.decode()
