"""The page of GB/T 9704-2012, measured in the finished PDF: place, size and font of what stands on it."""

import io
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf
import pypdf
import pytest

from sessions_app.papers import pdf as pdf_module
from sessions_app.papers import typeset
from sessions_app.papers.pdf import Press, style_of_fonts
from tests.sessions_app.papers import sample

MM = 72 / 25.4
LEFT, TOP, RIGHT, BOTTOM = 28.0, 37.0, 184.0, 262.0  # the type area, mm from the top left corner
RED = (0xE6, 0x00, 0x12)
FULL = "国" * 26 + "家" * 28 * 3  # a paragraph of four full lines: two characters of indent


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    own = Press(seconds=60)
    yield own
    own.close()


def prompt(**more: Any) -> dict[str, Any]:
    """学习提示, long enough for three pages and an imprint."""
    return {
        "title": "中共测试市委员会2026年第二季度理论学习中心组学习提示", "committee": {"name": "中共测试市委员会"},
        "issuer": "中共测试市委员会", "year": 2026, "quarter": 2, "quarter_word": "二", "stage": "PUBLISHED",
        "topics": ["学习贯彻全会精神"], "focus": "\n".join([FULL] * 14), "outcomes": "形成报告", "readings": [],
        "has_restricted": False, "consulted": ["市委办公室"], "receipt_days": 5, "on": "2026-04-05", "red_head": False,
        "head_mark": "中共测试市委宣传部", "document_number": "测宣发〔2026〕5号",
        "imprint": {"copies": "市委办公室", "by": "中共测试市委宣传部", "on": "2026-04-05"}, **more,
    }  # fmt: skip


@dataclass(frozen=True)
class Word:
    left: float
    top: float
    right: float
    bottom: float
    text: str


def words(pdf: bytes, number: int) -> list[Word]:
    run = subprocess.run(["pdftotext", "-bbox", "-f", str(number), "-l", str(number), "-", "-"], input=pdf,
                         capture_output=True, check=True)  # fmt: skip
    found = re.findall(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)<', run.stdout.decode())
    return [Word(*(float(edge) / MM for edge in edges), text) for *edges, text in found]


@dataclass(frozen=True)
class Run:
    text: str
    font: str
    size: float


def runs(pdf: bytes, number: int) -> list[Run]:
    found: list[Run] = []

    def see(text: str, cm: Any, tm: Any, font: Any, size: float) -> None:
        if font and text.strip():
            name = str(font["/BaseFont"]).split("+")[-1].replace("-", "")
            found.append(Run(text.strip(), name, round(size * abs(tm[3] * cm[3]), 2)))

    pypdf.PdfReader(io.BytesIO(pdf)).pages[number - 1].extract_text(visitor_text=see)
    return found


def lines(pdf: bytes, number: int) -> list[tuple[float, str]]:
    """Lines of body text of a page: where their middle is, mm from the top, and their text."""
    rows: dict[int, list[Word]] = {}
    for word in words(pdf, number):
        middle = (word.top + word.bottom) / 2
        key = next((key for key in rows if abs(key / 10 - middle) < 2), round(middle * 10))
        rows.setdefault(key, []).append(word)
    return [(key / 10, "".join(w.text for w in sorted(row, key=lambda w: w.left))) for key, row in sorted(rows.items())]


def number_of(pdf: bytes, page: int) -> list[Word]:
    return [word for word in words(pdf, page) if word.top > BOTTOM - 2 and not re.search(r"[\u4e00-\u9fff]", word.text)]


def faults(pdf: bytes) -> list[str]:
    """What is not as the standard has it. Empty for a right page; the tests below prove that it can be other."""
    said = []
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    for index, page in enumerate(pages, start=1):
        width, height = (round(float(edge) / MM) for edge in page.mediabox[2:])
        if (width, height) != (210, 297):
            said.append(f"{index}: not A4")
        body = [word for word in words(pdf, index) if re.search(r"[\u4e00-\u9fff]", word.text)]
        for word in body:
            if word.left < LEFT - 0.3 or word.right > RIGHT + 0.3 or word.top < TOP - 2 or word.bottom > BOTTOM + 2:
                said.append(f"{index}: {word.text[:4]} outside the type area")
        number = number_of(pdf, index)
        if "".join(word.text for word in number) != f"—{index}—":
            said.append(f"{index}: number {[word.text for word in number]}")
            continue
        edge = RIGHT - number[-1].right if index % 2 else number[0].left - LEFT
        if not 4.4 < edge < 5.5:
            said.append(f"{index}: number {edge:.1f} mm from the outer edge")
    second = [text for _, text in lines(pdf, 2) if "家" in text or "国" in text]
    if len(second) != 22:
        said.append(f"2: {len(second)} lines")
    if not any(text == "家" * 28 for text in second) or max(len(text) for text in second) != 28:
        said.append("2: no full line of 28 characters")
    left = min(word.left for word in words(pdf, 2) if "家" in word.text)
    right = max(word.right for word in words(pdf, 2) if "家" in word.text)
    if not (abs(left - LEFT) < 0.3 and abs(right - RIGHT) < 0.7):
        said.append(f"2: lines from {left:.1f} to {right:.1f} mm")
    return said


def test_a_paper_stands_on_the_page_of_the_standard(press: Press) -> None:
    made = typeset.single("prompt", prompt(), press=press)
    assert made.pages == 4
    assert faults(made.pdf) == []
    tops = [place for place, text in lines(made.pdf, 2) if "家" in text or "国" in text]
    pitches = {round((after - before) * MM, 1) for before, after in zip(tops, tops[1:], strict=False)}
    assert all(28.4 < pitch < 29.5 for pitch in pitches), pitches
    assert (tops[-1] - tops[0]) * MM == pytest.approx(21 * 28.95, abs=1)


@pytest.mark.parametrize(
    "wrong",
    [
        "@page official{margin-left:30mm}",
        "@page official{margin-right:30mm}",
        "@page official{margin-top:30mm}",
        "@page official{margin-bottom:45mm}",
        "html{font-size:16pt} p{font-size:16pt}",
        "html,p{line-height:30pt}",
        "@page official:right{@bottom-right{padding-right:0}}",
        "@page official:left{@bottom-left{content:none} @bottom-right{content:'— ' counter(page) ' —'}}",
    ],
)
def test_another_sheet_is_found_out(wrong: str, monkeypatch: pytest.MonkeyPatch, press: Press) -> None:
    """The negative control: the same paper with one thing moved does not pass."""
    style = style_of_fonts()
    monkeypatch.setattr(pdf_module, "style_of_fonts", lambda: style + wrong)
    assert faults(typeset.single("prompt", prompt(), press=press).pdf), wrong


def ink_top(pdf: bytes, page: int, x: float, y: float, width: float, height: float) -> float:
    """The first dark row of a part of the page, mm from the top."""
    dots = 300
    scale = dots / 25.4
    run = subprocess.run(
        ["pdftoppm", "-gray", "-r", str(dots), "-f", str(page), "-l", str(page), "-x", str(round(x * scale)), "-y",
         str(round(y * scale)), "-W", str(round(width * scale)), "-H", str(round(height * scale))],
        input=pdf, capture_output=True, check=True,
    )  # fmt: skip
    head, size, _, grey = run.stdout.split(b"\n", 3)
    assert head == b"P5"
    wide, _high = map(int, size.split())
    dark = next(index for index, value in enumerate(grey) if value < 128)
    return y + dark // wide / scale


def test_the_dash_of_the_number_is_seven_millimetres_below_the_type_area(press: Press) -> None:
    pdf = typeset.single("prompt", prompt(), press=press).pdf
    for page in (1, 2):
        dash = number_of(pdf, page)[-1]
        assert ink_top(pdf, page, dash.right - 2, BOTTOM + 4, 1, 8) - BOTTOM == pytest.approx(7, abs=0.3)
    for run in runs(pdf, 1):
        if run.text in ("—", "— 1 —", "1"):
            assert run.size == 14


def test_fonts_and_sizes_of_title_body_and_levels(press: Press) -> None:
    pdf = typeset.single("prompt", prompt(topics=["第一个主题"]), press=press).pdf
    found = {run.text: run for run in runs(pdf, 1)}
    by = {part: next((run for text, run in found.items() if part in text), None) for part in (
        "学习提示", "各理论学习中心组", "一、学习主题", "第一个主题",
    )}  # fmt: skip
    title, to, level, body = (by[part] for part in by)
    assert title is not None and to is not None and level is not None and body is not None, found
    assert title.size == 22 and title.font.startswith("NotoSerif") and title.font.endswith("Bold"), (
        "stands in for 小标宋"
    )
    assert level.size == 15.75 and level.font.startswith("NotoSans") and "Bold" not in level.font
    for run in (to, body):
        assert run.size == 15.75 and run.font.startswith("NotoSerif") and "Bold" not in run.font
    heads = [run for number in range(1, 5) for run in runs(pdf, number) if re.match("[一二三四]、", run.text)]
    assert len(heads) == 3 and {run.size for run in heads} == {15.75}


def test_levels_below_the_first_are_no_bold_and_no_bigger(press: Press) -> None:
    html = (
        '<!doctype html><html lang="zh-CN"><head><title>级</title></head><body class="official"><h1>标题</h1>'
        "<h2>一、黑体</h2><h3>（一）楷体</h3><h4>1. 仿宋</h4><h5>（1）末级</h5><p>正文</p></body></html>"
    )
    found = {run.text: run for run in runs(press.print(html).pdf, 1)}
    for text in ("一、黑体", "（一）楷体", "（1）末级", "正文"):
        run = next(run for said, run in found.items() if text[-2:] in said)
        assert run.size == 15.75 and "Bold" not in run.font, run
    places = {word.text: word.left for word in words(press.print(html).pdf, 1)}
    indent = LEFT + 2 * 15.75 / MM
    assert all(
        left == pytest.approx(indent, abs=1) for text, left in places.items() if text[0] in "一（正" or text == "1."
    ), places


def red(pdf: bytes, page: int = 1) -> list[bytes]:
    """Settings of the red colour in what draws a page."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        content = opened.pages[page - 1].Contents.read_bytes()
    part = b"0.901"
    return [
        line
        for line in content.splitlines()
        if line.startswith(part) and line.split()[-1].lower() in (b"rg", b"scn", b"sc", b"k")
    ]


def test_the_red_head_stands_only_where_it_is_asked_for(press: Press) -> None:
    plain = typeset.single("prompt", prompt(), press=press).pdf
    asked = typeset.single("prompt", prompt(red_head=True), press=press).pdf
    assert "测宣发〔2026〕5号" not in "".join(word.text for word in words(plain, 1)) and not red(plain)
    assert red(asked) and not red(asked, 2), "on the first page, nowhere else"
    mark = next(word for word in words(asked, 1) if word.text == "中共测试市委宣传部")
    number = next(word for word in words(asked, 1) if "2026〕5号" in word.text)
    middle = (LEFT + RIGHT) / 2
    assert (mark.left + mark.right) / 2 == pytest.approx(middle, abs=0.5)
    assert ink_top(asked, 1, mark.left, TOP + 20, 60, 40) - TOP == pytest.approx(35, abs=1)
    assert (number.left + number.right) / 2 == pytest.approx(middle, abs=0.5)
    # two lines of the grid between mark and number; the line 4 mm under it, across the type area
    line_at = ink_top(asked, 1, LEFT + 1, number.bottom, 10, 12)
    assert line_at - (number.top + number.bottom) / 2 == pytest.approx(4 + 28.95 / 2 / MM, abs=0.6)
    assert ink_top(asked, 1, RIGHT - 2, number.bottom, 1.5, 12) == pytest.approx(line_at, abs=0.1)
    title = next(word for word in words(asked, 1) if "中共测试市委员会" in word.text)
    assert title.top - line_at == pytest.approx(2 * 28.95 / MM, abs=2.5), "two blank lines"
    assert any("现将2026" in word.text for word in words(asked, 1)), "page 1 carries body text"


@pytest.mark.parametrize("mark", ["测试市委", "中共测试市高新技术产业开发区工作委员会宣传部", "甲" * 17 + "乙" * 17])
def test_a_mark_of_any_length_stays_inside(mark: str, press: Press) -> None:
    pdf = typeset.single("prompt", prompt(red_head=True, head_mark=mark), press=press).pdf
    for word in words(pdf, 1):
        assert word.left >= LEFT - 0.3 and word.right <= RIGHT + 0.3, word


@pytest.mark.parametrize("paragraphs", [1, 3, 4, 5, 6, 7, 14])
def test_the_imprint_is_at_the_foot_of_the_last_page_with_the_signature(paragraphs: int, press: Press) -> None:
    made = typeset.single("prompt", prompt(focus="\n".join([FULL] * paragraphs)), press=press)
    for number in range(1, made.pages + 1):
        text = "".join(word.text for word in words(made.pdf, number))
        assert ("印发" in text and "抄送" in text) == (number == made.pages), f"page {number} of {made.pages}"
    last = words(made.pdf, made.pages)
    printed = next(word for word in last if word.text.endswith("日印发"))
    assert BOTTOM - 9 < printed.bottom <= BOTTOM + 0.5 and printed.right == pytest.approx(RIGHT - 14 / MM, abs=0.5)
    copies = next(word for word in last if word.text.startswith("抄送"))
    assert copies.left == pytest.approx(LEFT + 14 / MM, abs=0.5) and copies.text.endswith("。")
    text = "".join(word.text for word in last)
    assert "2026年4月5日" in text.replace("2026年4月5日印发", "", 1), "never alone: the signature stands above it"


def test_the_date_has_no_zero_and_stands_under_the_middle_of_the_name(press: Press) -> None:
    made = typeset.single("prompt", prompt(), press=press)
    last = words(made.pdf, made.pages)
    date_ = next(word for word in last if word.text == "2026年4月5日")
    by = next(word for word in last if word.text == "中共测试市委员会" and word.bottom < date_.bottom)
    assert date_.right == pytest.approx(RIGHT - 4 * 15.75 / MM, abs=0.6), "four characters from the right"
    assert (by.left + by.right) / 2 == pytest.approx((date_.left + date_.right) / 2, abs=1)


def test_numbers_of_a_bound_report_stand_at_the_outer_edges() -> None:

    made = typeset.annual(sample.report(sample.section(sessions=30)))
    reader = pypdf.PdfReader(io.BytesIO(made.pdf))
    first = next(i for i in range(1, made.pages + 1) if "".join(w.text for w in number_of(made.pdf, i)) == "—1—")
    assert first % 2 == 1, "page 1 is a right-hand page of the sheet"
    for index in range(first, len(reader.pages) + 1):
        number = number_of(made.pdf, index)
        assert "".join(word.text for word in number) == f"—{index - first + 1}—"
        edge = RIGHT - number[-1].right if (index - first) % 2 == 0 else number[0].left - LEFT
        assert 4.4 < edge < 5.5
