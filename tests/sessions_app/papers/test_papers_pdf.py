"""The PDF itself: the page of GB/T 9704, nothing fetched, nothing attached, the same bytes, a child with limits."""

import http.server
import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
import pypdf
import pytest
from django.conf import settings

from sessions_app.papers import rules, typeset
from sessions_app.papers.pdf import PRESS, PaperFailed, Press
from tests.sessions_app.papers import sample

MM = 72 / 25.4


@pytest.fixture
def press() -> Iterator[Press]:
    own = Press(seconds=60)
    yield own
    own.close()


def text_of(pdf: bytes) -> str:
    pages = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return re.sub(r"\s+", "", "".join(page.extract_text() for page in pages))


def page(body: str) -> str:
    return f'<!doctype html><html lang="zh-CN"><head><title>测试</title></head><body>{body}</body></html>'


def boxes(pdf: bytes, number: int) -> list[tuple[float, float, float, float, str]]:
    """Words of a page with their boxes in mm from the top left corner, by poppler."""
    run = subprocess.run(["pdftotext", "-bbox", "-f", str(number), "-l", str(number), "-", "-"], input=pdf,
                         capture_output=True, check=True)  # fmt: skip
    found = re.findall(r'xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">([^<]*)<', run.stdout.decode())
    return [(*(float(edge) / MM for edge in edges), word) for *edges, word in found]


def test_the_page_is_that_of_the_standard(press: Press) -> None:
    lines = "".join(f'<p class="flush">{"国" * 28}</p>' for _ in range(44))
    pdf = press.print(page(lines)).pdf
    reader = pypdf.PdfReader(io.BytesIO(pdf))
    width, height = (float(edge) / MM for edge in reader.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (210, 297)
    assert len(reader.pages) == 2, "44 lines of 28 characters are two pages of 22"
    words = [box for box in boxes(pdf, 1) if "国" in box[4]]
    assert sum(box[4].count("国") for box in words) == 22 * 28
    assert min(box[0] for box in words) == pytest.approx(28, abs=0.5)
    assert max(box[2] for box in words) <= 210 - 26 + 0.3
    assert max(box[2] for box in words) == pytest.approx(28 + 28 * 15.75 / MM, abs=0.6)
    assert min(box[1] for box in words) >= 37 and max(box[3] for box in words) <= 297 - 35 + 1.5
    foot = [box for box in boxes(pdf, 1) if "国" not in box[4]]
    assert "".join(box[4] for box in foot).replace(" ", "") == "—1—"
    assert min(box[1] for box in foot) > 297 - 35, "the page number stands below the type area"


def test_a_report_is_bound_with_numbers_bookmarks_tags_language_and_embedded_fonts() -> None:
    made = typeset.annual(sample.report(sample.section()))
    reader = pypdf.PdfReader(io.BytesIO(made.pdf))
    assert made.pages == len(reader.pages)
    assert (
        reader.metadata is not None
        and reader.metadata.title == "测试县发展和改革委员会党组2026年度理论学习中心组学习情况报告"
    )
    chapters = [item.title for item in reader.outline if not isinstance(item, list)]
    assert chapters[:4] == ["封面", "目录", "一、基本情况", "二、学习开展情况"] and "六、下一步打算" in chapters
    with pikepdf.open(io.BytesIO(made.pdf)) as pdf:
        assert str(pdf.Root.Lang) == "zh-CN" and pdf.Root.MarkInfo.Marked
        numbers = [int(page.obj.StructParents) for page in pdf.pages]
        assert len(set(numbers)) == len(numbers), "each page has its own place among the tags"
        keys = [int(key) for key in list(pdf.Root.StructTreeRoot.ParentTree.Nums)[::2]]
        assert set(numbers) <= set(keys)
        own = {page.objgen for page in pdf.pages}
        for thing in pdf.objects:
            if isinstance(thing, pikepdf.Dictionary) and "/Pg" in thing:
                assert thing.Pg.objgen in own, "tags point to pages of this file, not to copies"
            if isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == "/FontDescriptor":
                assert any(key in thing for key in ("/FontFile", "/FontFile2", "/FontFile3"))
    body = [re.sub(r"\s+", "", page.extract_text()) for page in reader.pages]
    first = next(index for index, text in enumerate(body) if "一、基本情况" in text and "目录" not in text)
    for index, text in enumerate(body[first:], start=1):
        assert f"—{index}—" in text
    contents = re.sub(r"[\s.…]", "", body[1])
    for item in reader.outline[2:]:
        if not isinstance(item, list):
            assert f"{item.title}{reader.get_destination_page_number(item) - first + 1}" in contents


def test_lines_of_the_contents_lead_to_their_pages() -> None:
    made = typeset.annual(sample.report(sample.section()))
    with pikepdf.open(io.BytesIO(made.pdf)) as pdf:
        notes = [note for note in pdf.pages[1].obj.get("/Annots", []) if note.get("/Subtype") == "/Link"]
        assert len(notes) >= 6 and all("/A" not in note and "/Dest" in note for note in notes)
        assert b"zhixing:" not in made.pdf


def test_heads_repeat_and_rows_are_never_split(press: Press) -> None:
    made = typeset.annual(sample.report(sample.section(sessions=40, topic="很长的学习主题" * 6)), press=press)
    pages = [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made.pdf)).pages]
    with_rows = [text for text in pages if "很长的学习主题" in re.sub(r"\s", "", text)]
    assert len(with_rows) > 3 and all("学习主题" in text and "发言人" in text for text in with_rows)
    for text in with_rows:
        whole = re.sub(r"\s", "", text)
        assert whole.count("很长的学习主题") % 6 == 0, "a row stands on one page"


def fonts_embedded(pdf: bytes) -> list[str]:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [
            str(thing.FontName)
            for thing in opened.objects
            if isinstance(thing, pikepdf.Dictionary) and thing.get("/Type") == "/FontDescriptor"
        ]


def test_a_bound_report_holds_each_font_once_and_loses_no_letter() -> None:
    names = [
        "测试县财政局党组",
        "测试县龘靐局党组",
        "测试县Office第3-7号（fi）党组",
        "测试县林草局党组",
        "测试县水务局党组",
    ]
    parts = [sample.section(name, sessions=2, members=2) for name in names]
    alone = [typeset.annual(sample.report(part)) for part in parts]
    whole = typeset.annual(sample.report(*parts))
    held = fonts_embedded(whole.pdf)
    assert held and len(held) == len(set(held)), "one set of fonts for all sections"
    assert len(whole.pdf) < sum(len(each.pdf) for each in alone) / 2
    text = text_of(whole.pdf)
    for part, each in zip(parts, alone, strict=True):
        assert part["title"] in text
        own = text_of(each.pdf)
        assert own[own.rindex("列入专题8项") :].split("—1—")[0] in text


def test_tables_are_numbered_without_gaps() -> None:
    made = typeset.annual(sample.report(sample.section(changes=[])))
    found = re.findall(r"表(\d)(?=集体学习场次|各季度|学习内容|成员参加|学习成果)", text_of(made.pdf))
    assert found == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("value", "printed"),
    [(36, "36"), (6766.6667, "6766.7"), (0.25, "0.3"), (41.98, "42"), (None, "待补"), (35.5, "35.5")],
)
def test_counts_have_one_decimal_at_most(value: float | None, printed: str) -> None:
    assert rules.number(value) == printed


def test_shares_of_a_head_are_explained() -> None:
    facts = sample.section()
    assert "按比例折算" not in text_of(typeset.annual(sample.report(facts)).pdf)
    facts["figures"]["made_up"] = 14.3333
    text = text_of(typeset.annual(sample.report(facts)).pdf)
    assert "补学14.3人次" in text and "因多日学习按比例折算" in text


def test_a_long_title_breaks_between_its_words() -> None:
    name = "测试市高新技术产业开发区人力资源和社会保障服务中心党组"
    made = typeset.annual(sample.report(sample.section(name)))
    lines = [
        line for page in pypdf.PdfReader(io.BytesIO(made.pdf)).pages[2:3] for line in page.extract_text().splitlines()
    ]
    assert any(line.strip().endswith("学习情况报告") for line in lines[:5])


# ---------------------------------------------------------------------------------------- nothing from outside


class Ears(http.server.BaseHTTPRequestHandler):
    heard: list[str] = []

    def do_GET(self) -> None:
        Ears.heard.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<svg xmlns='http://www.w3.org/2000/svg'/>")

    def log_message(self, *words: Any) -> None:
        return None


def test_nothing_is_fetched_and_nothing_is_attached(press: Press) -> None:
    Ears.heard.clear()
    server = http.server.HTTPServer(("127.0.0.1", 0), Ears)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    at = f"http://127.0.0.1:{server.server_port}"
    svg = f'<svg xmlns="http://www.w3.org/2000/svg"><image href="{at}/svg" width="9" height="9"/></svg>'
    hostile = f"""
    <link rel="attachment" href="file:///etc/passwd"><a rel="attachment" href="file:///etc/passwd">x</a>
    <link rel="stylesheet" href="{at}/style.css"><style>@import "{at}/import.css"; @font-face{{font-family:x;src:url({at}/font)}}
    p{{background:url({at}/background);font-family:x}}</style>
    <img src="{at}/image"><img src="file:///etc/passwd"><img src="ftp://127.0.0.1/x"><img src="static://papers/../../manage.py">
    <object data="{at}/object"></object><embed src="{at}/embed"><p>正文</p>{svg}
    <img src="data:image/svg+xml;utf8,{svg.replace('"', "'").replace("#", "")}">"""
    made = press.print(page(hostile))
    server.shutdown()
    server.server_close()
    thread.join(5)
    assert Ears.heard == []
    assert made.refused, "guard: it was asked for, and refused"
    assert b"root:" not in made.pdf and "正文" in text_of(made.pdf)
    with pikepdf.open(io.BytesIO(made.pdf)) as pdf:
        assert not pdf.attachments and "/EmbeddedFiles" not in pdf.Root.get("/Names", {})
        for thing in pdf.objects:
            if isinstance(thing, pikepdf.Stream):
                assert b"root:x:0" not in thing.read_bytes()
            elif isinstance(thing, pikepdf.Dictionary):
                assert thing.get("/Type") != "/Filespec"


def test_names_are_text_whatever_they_hold(press: Press) -> None:
    name = "<b>甲&乙</b>\"'党组"
    rare = "㐂𠮷龘"
    long = "无空格的极长名称" * 20
    facts = sample.section(
        name, member=f"{rare}<script>", topic=f"{long}<img src=x>{{{{ 7 }}}}", prose={"problems": "<i>&amp;</i>"}
    )
    made = typeset.annual(sample.report(facts), press=press)
    text = text_of(made.pdf)
    for part in ("<b>甲&乙</b>", "<script>", "<img", "{{7}}", "<i>&amp;</i>", rare):
        assert part in text
    width = 210 - 26 + 1
    for number in range(1, made.pages + 1):
        assert all(box[2] <= width for box in boxes(made.pdf, number)), f"nothing runs over the margin of page {number}"


# ---------------------------------------------------------------------------------------------- the same bytes


def test_two_processes_make_the_same_bytes() -> None:
    facts = sample.report(sample.section(), sample.section("测试县财政局党组"))
    script = """
import sys, json, hashlib, django
django.setup()
from sessions_app.papers import rules, typeset
print(hashlib.sha256(typeset.annual(json.load(sys.stdin)).pdf).hexdigest())
"""
    said = {
        subprocess.run([sys.executable, "-c", script], input=json.dumps(facts), text=True, capture_output=True, check=True,
                       cwd=settings.BASE_DIR, env={**os.environ, "PYTHONHASHSEED": seed}).stdout.split()[-1]
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(said) == 1


# ------------------------------------------------------------------------------------------------- the limits


def test_a_killed_child_is_said_in_words_and_the_next_paper_comes_out(press: Press) -> None:
    assert press.print(page("<p>一</p>")).pages == 1
    killer = threading.Timer(0.4, lambda: os.kill(press.pid or 0, signal.SIGKILL))
    killer.start()
    with pytest.raises(PaperFailed, match="排版进程中断"):
        press.print(page("<table>" + "<tr><td>行</td></tr>" * 20000 + "</table>"))
    killer.join()
    assert "二" in text_of(press.print(page("<p>二</p>")).pdf)


def test_a_child_that_went_to_sleep_is_woken_without_a_word(press: Press) -> None:
    press.print(page("<p>一</p>"))
    child = press._child
    assert child is not None and child.stdin is not None
    child.stdin.close()
    child.wait(10)
    assert press.print(page("<p>二</p>")).pages == 1


def test_too_much_memory_is_refused_in_words() -> None:
    small = Press(memory_mb=300, seconds=100)
    try:
        with pytest.raises(PaperFailed, match="300 MB|排版进程中断"):
            small.print(page("".join(f"<p>{n}{'国' * 400}</p>" for n in range(6000))))
        assert small.print(page("<p>小</p>")).pages == 1
    finally:
        small.close()


def test_too_slow_is_refused_in_words() -> None:
    hasty = Press(seconds=1.5)
    try:
        with pytest.raises(PaperFailed, match="已停止"):
            hasty.print(page("<table>" + "<tr><td>行</td></tr>" * 30000 + "</table>"))
    finally:
        hasty.close()


def test_a_child_lives_for_so_many_documents_only() -> None:
    brief = Press(life=2)
    try:
        seen = set()
        for _ in range(5):
            brief.print(page("<p>一</p>"))
            seen.add(brief.pid)
        assert len(seen - {None}) >= 2
    finally:
        brief.close()


def test_the_child_writes_no_file_and_knows_no_secret(press: Press) -> None:
    press.print(page("<p>一</p>"))
    environment = Path(f"/proc/{press.pid}/environ").read_text()
    assert "DATABASE" not in environment and "SECRET" not in environment and "REDIS" not in environment
    limits = Path(f"/proc/{press.pid}/limits").read_text()
    assert re.search(r"Max file size\s+0", limits)


def teardown_module() -> None:
    PRESS.close()
