"""What the tests of Word files stand on: facts of every kind, the words of a file, files that mean harm."""

import io
import re
import subprocess
import zipfile
from functools import cache
from typing import Any

import lxml.html
from django.template.loader import render_to_string
from docx import Document
from lxml import etree

from sessions_app.papers import sheets, typeset, word, word_rules, word_templates
from tests.sessions_app.papers import sample

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
BULLETIN: dict[str, Any] = {
    "title": "关于2026年第三季度学习情况的通报", "red_head": True, "head_mark": "测试市委宣传部文件", "document_number": "测宣通〔2026〕3号",
    "issue_words": "2026年第三季度", "number": "第3期", "as_of": "2026-09-30", "to": "各县区委", "committee": {"name": "测试市委"},
    "sender": "中共测试市委宣传部", "on": "2026-10-12", "compiled_by": "甲一", "checked_by": "乙二", "signed_by": "丙三",
    "imprint": {"copies": "市委办公室", "by": "测试市委宣传部", "on": "2026-10-12"},
    "body": [
        {"tag": "h2", "text": "一、总体情况", "runs": []},
        {"tag": "p", "text": "", "number": None, "runs": [{"text": "出席率<91.2%>", "bold": True, "italic": False}, {"text": "，好{{ facts }}{% x %}。", "bold": False, "italic": False}]},
        {"tag": "figure", "text": "", "runs": [], "block": {
            "kind": "table", "caption": "各县区场次", "rows": [["测试县", "12"], ["另一县", "9"]], "empty": "", "note": "说明一句",
            "columns": [{"name": "县区", "width": 60, "look": ""}, {"name": "场次", "width": 30, "look": "n"}],
        }},
        {"tag": "figure", "text": "", "runs": [], "block": {
            "kind": "chart", "caption": "各月场次", "shape": "columns", "unit": "场", "rows": [["1月", 3], ["2月", 5]],
        }},
    ],
    "annexes": [{"number": 1, "title": "典型做法", "cards": [
        {"title": "一线课堂", "unit": "测试县委", "mode": "现场观摩学", "source": "典型", "day": "2026-08-01", "text": "第一段。\n第二段。"},
    ]}],
}  # fmt: skip


@cache
def _read(kind: str) -> dict[str, list[str]]:
    return word.known_names(kind)


def facts_of(kind: str) -> dict[str, Any]:
    """Facts that fill every place of the kind's paper."""
    if kind == "annual":
        return sample.report(sample.section(), sample.section("另一县委", members=4))
    if kind == "bulletin":
        return BULLETIN
    found = word_rules.sample({path: set(hints) for path, hints in _read(kind).items()})["facts"]
    assert isinstance(found, dict)
    return {"title": "样例标题", **found}


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def paragraphs(docx: bytes) -> list[str]:
    """Every paragraph of the body, those of cells too, without blanks; empty ones left out."""
    body = Document(io.BytesIO(docx)).element.body
    found = []
    for each in body.iter(f"{W}p"):
        if not any(True for _ in each.iterancestors(f"{W}p")):
            found.append(squeezed("".join(one.text or "" for one in each.iter(f"{W}t"))))
    return [words for words in found if words]


def printed(kind: str, facts: dict[str, Any]) -> str:
    """The words of the print template, without pictures."""
    page = lxml.html.fromstring(
        render_to_string(typeset.SINGLE[kind], {"facts": facts, "title": facts["title"], "draft": None})
    )
    return squeezed(sheets.text_of(page.find("body")))


def pdf_text(pdf: bytes) -> str:
    run = subprocess.run(["pdftotext", "-raw", "-", "-"], input=pdf, capture_output=True, check=True)
    lines = [line for line in run.stdout.decode().splitlines() if not re.fullmatch(r"\s*—\s*\d+\s*—\s*", line)]
    return squeezed("".join(lines))


# ------------------------------------------------------------------------------------------- files that mean harm


def changed(docx: bytes, parts: dict[str, Any]) -> bytes:
    """The file with parts replaced: text, bytes, or a function of the old bytes."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(docx)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            part = parts.pop(name, None)
            content = old.read(name)
            content = part(content) if callable(part) else content if part is None else part
            new.writestr(name, content)
        for name, part in parts.items():
            new.writestr(name, part)
    return out.getvalue()


def with_text(docx: bytes, *runs: str) -> bytes:
    """A paragraph more, its words cut into these runs."""
    inside = "".join(f'<w:r><w:t xml:space="preserve">{etree_text(run)}</w:t></w:r>' for run in runs)

    def put(old: bytes) -> bytes:
        at = old.rindex(b"<w:sectPr")
        return old[:at] + f"<w:p>{inside}</w:p>".encode() + old[at:]

    return changed(docx, {"word/document.xml": put})


def with_xml(docx: bytes, xml: str) -> bytes:
    def put(old: bytes) -> bytes:
        at = old.rindex(b"<w:sectPr")
        return old[:at] + xml.encode() + old[at:]

    return changed(docx, {"word/document.xml": put})


def with_relation(docx: bytes, kind: str, target: str, *, external: bool) -> bytes:
    mode = ' TargetMode="External"' if external else ""
    relation = f'<Relationship Id="rIdX" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}" Target="{target}"{mode}/>'

    def put(old: bytes) -> bytes:
        return old.replace(b"</Relationships>", relation.encode() + b"</Relationships>")

    return changed(docx, {"word/_rels/document.xml.rels": put})


def etree_text(words: str) -> str:
    one = etree.Element("x")
    one.text = words
    return etree.tostring(one, encoding="unicode")[3:-4]


KINDS = word_templates.kinds()
