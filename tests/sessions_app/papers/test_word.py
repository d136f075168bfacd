"""Word editions: the same words as the PDF for every kind, the same bytes in another process, a child with limits."""

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from typing import Any

import pytest
from django.conf import settings
from docx import Document

from sessions_app.papers import sheets, typeset, word, word_templates
from sessions_app.papers.pdf import PRESS, PaperFailed
from tests.sessions_app.papers import sample, word_ground
from tests.sessions_app.papers.word_ground import KINDS, W, facts_of, paragraphs, pdf_text, printed, squeezed

SEEDED = """
import hashlib, json, os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django
django.setup()
from sessions_app.papers import sheets, word
said = json.load(sys.stdin)
print(json.dumps({key: hashlib.sha256(word.docx(key, facts)).hexdigest() for key, facts in said["docx"].items()}
    | {"x" + key: hashlib.sha256(sheets.xlsx(key, facts)).hexdigest() for key, facts in said["xlsx"].items()}))
word.WORD_PRESS.close()
"""


def test_every_kind_with_a_pdf_has_a_word_edition() -> None:
    assert set(KINDS) == {*typeset.SINGLE, "annual"} - {"volume"}
    assert all(word.has_word(kind) for kind in KINDS)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "annual"])
def test_the_words_are_those_of_the_print_template(kind: str) -> None:
    facts = facts_of(kind)
    docx = word.docx(kind, facts)
    assert "".join(paragraphs(docx)).replace("•", "") == printed(kind, facts)


@pytest.mark.parametrize(
    "kind", ["year-plan", "minutes", "scores", "summary", "visit-record", "rectification", "bulletin"]
)
def test_every_cell_and_paragraph_stands_in_the_pdf_too(kind: str) -> None:
    facts = facts_of(kind)
    pdf = pdf_text(PRESS.print(_html(kind, facts)).pdf)
    missing = [words for words in paragraphs(word.docx(kind, facts)) if words not in pdf]
    assert missing == []


def _html(kind: str, facts: dict[str, Any]) -> str:
    from django.template.loader import render_to_string

    return render_to_string(typeset.SINGLE[kind], {"facts": facts, "title": facts["title"], "draft": None})


def test_the_annual_report_says_what_its_pdf_says() -> None:
    facts = facts_of("annual")
    said, pdf = paragraphs(word.docx("annual", facts)), pdf_text(typeset.annual(facts).pdf)
    # the cover's own lines are broken elsewhere, and the note on checking is worded for Word
    missing = [
        words for words in said if words not in pdf and "系统登记" not in words and words != squeezed(typeset.ANNEX)
    ]
    assert missing == []
    assert sum(words == "一、基本情况" for words in said) == 3, "in the contents, the whole and the annex"


def test_missing_facts_are_empty_places_not_failures() -> None:
    for kind in KINDS:
        if kind not in ("annual", "bulletin"):
            facts = facts_of(kind)
            bare = {key: [] if isinstance(value, list) else value for key, value in facts.items()}
            assert paragraphs(word.docx(kind, bare)), kind


def test_the_page_is_that_of_the_standard() -> None:
    document = Document(io.BytesIO(word.docx("minutes", facts_of("minutes"))))
    page = document.sections[0]
    edges = [page.top_margin, page.left_margin, page.right_margin, page.bottom_margin]
    assert [round(edge.twips if hasattr(edge, "twips") else edge / 635) for edge in edges] == [2098, 1588, 1474, 1984]
    assert (round(page.page_width.mm), round(page.page_height.mm)) == (210, 297)
    assert page._sectPr.find(f"{W}docGrid").get(f"{W}linePitch") == "579"
    styles = document.styles
    assert styles["Normal"].font.size.pt == 16 and styles["Title"].font.size.pt == 22
    fonts = styles["Normal"].element.rPr.rFonts
    assert fonts.get(f"{W}eastAsia") == settings.PAPER_FONTS["body"][0]
    assert styles["Normal"].paragraph_format.line_spacing.pt == 28.95
    assert document.settings.odd_and_even_pages_header_footer
    for footer, side in ((page.footer, "right"), (page.even_page_footer, "left")):
        assert "PAGE" in footer._element.xml and "— " in footer._element.xml
        style = document.styles.element.get_by_id(footer.paragraphs[0]._p.pPr.pStyle.val)
        assert style.pPr.jc.val.name.lower().startswith(side)
    wide = Document(io.BytesIO(word.docx("findings", facts_of("findings")))).sections[0]
    assert wide.page_width > wide.page_height


def test_tables_repeat_their_head_and_keep_their_rows_whole() -> None:
    for kind in ("minutes", "learning", "scores", "annual"):
        for table in Document(io.BytesIO(word.docx(kind, facts_of(kind)))).element.body.iter(f"{W}tbl"):
            rows = list(table.iter(f"{W}tr"))
            assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
            if rows[0].find(f".//{W}pStyle[@{W}val='Head']") is not None:
                assert rows[0].find(f"{W}trPr/{W}tblHeader") is not None
            assert all(cell[-1].tag == f"{W}p" for cell in table.iter(f"{W}tc"))


def test_the_same_facts_are_the_same_bytes_in_another_process() -> None:
    docx = {kind: facts_of(kind) for kind in ("minutes", "annual", "bulletin", "summary")}
    xlsx = {kind: facts_of(kind) for kind in ("findings", "scores")}
    here = {kind: hashlib.sha256(word.docx(kind, facts)).hexdigest() for kind, facts in docx.items()}
    here |= {f"x{kind}": hashlib.sha256(sheets.xlsx(kind, facts)).hexdigest() for kind, facts in xlsx.items()}
    for seed in ("1", "77"):
        said = json.dumps({"docx": docx, "xlsx": xlsx}, sort_keys=seed == "77")
        run = subprocess.run(
            [sys.executable, "-c", SEEDED], input=said, text=True, capture_output=True, cwd=settings.BASE_DIR, check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "TZ": "America/New_York"},
        )  # fmt: skip
        assert json.loads(run.stdout.splitlines()[-1]) == here


def test_nothing_in_the_file_tells_when_or_where_it_was_made() -> None:
    for content in (word.docx("scores", facts_of("scores")), sheets.xlsx("scores", facts_of("scores"))):
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            assert {one.date_time for one in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
            core = package.read("docProps/core.xml").decode()
            assert "2026-03-05" in core and "知行" in core
            assert not [name for name in package.namelist() if "thumbnail" in name]


def test_a_working_copy_is_marked_on_every_page() -> None:
    draft = {"who": "某某", "at": "2026-11-20T10:00:00+08:00"}
    document = Document(io.BytesIO(word.docx("minutes", facts_of("minutes"), draft=draft)))
    for header in (document.sections[0].header, document.sections[0].even_page_header):
        assert header.paragraphs[0].text == "工作稿，未印发 · 某某 · 2026年11月20日 10:00"
    assert Document(io.BytesIO(word.docx("minutes", facts_of("minutes")))).sections[0].header.paragraphs[0].text == ""


def test_what_is_typed_stays_text() -> None:
    facts = {
        **facts_of("minutes"),
        "topic": "<w:p/>&{{ facts }}{% endif %}\x07\x0b\ud800\ufffe甲\r\n乙",
        "summary": "一\n\n二",
    }
    said = "".join(paragraphs(word.docx("minutes", facts)))
    assert "<w:p/>&{{facts}}{%endif%}甲乙" in said


def test_a_child_out_of_memory_or_time_says_so_and_the_next_one_works() -> None:
    report = sample.report(*(sample.section(f"第{n}委", sessions=40, members=40) for n in range(60)))
    for limits, sentence in (({"memory_mb": 180}, "内存"), ({"seconds": 1.2}, "超过")):
        press = word.WordPress(**limits)
        with pytest.raises(PaperFailed) as failed:
            word.docx("annual", report, press=press)
        assert sentence in failed.value.sentence or "中断" in failed.value.sentence
        assert paragraphs(word.docx("minutes", facts_of("minutes"), press=word.WORD_PRESS))
        press.close()


@pytest.mark.slow
def test_the_report_of_a_whole_city_stays_within_the_limit() -> None:
    report = sample.report(*(sample.section(f"第{n}委员会党组", sessions=12, members=12) for n in range(150)))
    press = word.WordPress()
    docx = word.docx("annual", report, press=press)
    with open(f"/proc/{press.pid}/status", encoding="ascii") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmPeak"))
    press.close()
    assert peak / 1024 < settings.PAPER_MEMORY_MB * 0.8
    assert sum(words == "附件各委员会学习情况" for words in paragraphs(docx)) == 1


def test_the_list_as_excel_has_the_same_rows() -> None:
    from openpyxl import load_workbook

    for kind in (kind for kind in KINDS if sheets.has_sheet(kind)):
        facts = facts_of(kind)
        book = load_workbook(io.BytesIO(sheets.xlsx(kind, facts)))
        cells = [
            str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None
        ]
        whole, said = printed(kind, facts), squeezed("".join(cells))
        assert facts["title"] in cells, kind
        assert not [row for row in book.worksheets[0].iter_rows() for cell in row if cell.data_type == "f"]
        for sheet in book:
            assert (
                sheet.max_column > 1 and sheet.print_title_rows if sheet.title == "清单" and kind != "scores" else True
            )
        assert "样例" in said and len(said) > len(whole) / 3


def test_a_formula_typed_into_a_list_stays_text() -> None:
    from openpyxl import load_workbook

    facts = facts_of("findings")
    facts["rows"][0]["text"] = '=HYPERLINK("http://x","y")'
    book = load_workbook(io.BytesIO(sheets.xlsx("findings", facts)))
    found = [cell for row in book.worksheets[0].iter_rows() for cell in row if str(cell.value).startswith("=HYPER")]
    assert [cell.data_type for cell in found] == ["s", "s"] or [cell.data_type for cell in found] == ["s"]


def test_the_child_knows_no_secret() -> None:
    press = word.WordPress()
    press.names(word_templates.built_in("minutes"))
    with open(f"/proc/{press.pid}/environ", "rb") as file:
        said = file.read()
    press.close()
    assert b"DATABASE" not in said and b"SECRET" not in said and b"ZHIXING" not in said


def test_word_ground_is_whole() -> None:
    assert word_ground.facts_of("minutes")["topic"]
