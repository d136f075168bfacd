"""The built-in Word templates: the page of an official document, and on it what the print template of the kind says.

Built by code, the same bytes every time, so that nothing binary is kept in the repository and nothing can drift.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings
from docx import Document
from docx.enum.section import WD_SECTION
from docx.oxml import parse_xml

from sessions_app.papers import word_blocks as blocks
from sessions_app.papers import zipped
from sessions_app.papers.fonts import wanted
from sessions_app.papers.models import PaperKind
from sessions_app.papers.typeset import ANNEX, SINGLE

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
FIRST_DAY = datetime.fromisoformat("2017-01-30")  # of the Rule; templates have no date of their own
# GB/T 9704-2012: top 37, left 28 mm; 22 lines of 28 letters of 16 pt, so that the text is 156 mm by 225 mm.
TOP, RIGHT, BOTTOM, LEFT = 2098, 1474, 1984, 1588
LINE = 579  # twips: 28.95 pt
SQUEEZE = -5  # twentieths of a point a letter: 28 letters of 16 pt on a line of 156 mm
WIDE = 16838 - 2 * 1361
# What the office edits as one text goes in as one piece: its blocks and tables are not known before it is written.
WHOLE = (PaperKind.BULLETIN,)
CHAPTERS = "papers/print/annual_section.html"
FRONT = """<p class="who">{{ facts.cover.name }}</p>
<p class="what">{% for line in facts.cover.lines %}{{ line }}{% if not forloop.last %}<br>{% endif %}{% endfor %}</p>
<p class="when">{% if facts.issue.number > 1 %}第{{ facts.issue.number }}次印发<br>{% endif %}{{ facts.issue.on|full_day }}</p>
<h1>目　录</h1><toc></toc>
<p class="note">数据截至{{ facts.issue.as_of|moment_words }}，取自系统登记，未登记的不计。本件可用系统“校验”功能核对。</p>"""


def kinds() -> list[str]:
    """Kinds of papers that have a Word edition: all that have a PDF."""
    return [kind for kind in PaperKind.values if kind in SINGLE or kind == PaperKind.ANNUAL]


def load(name: str) -> str:
    return (Path(settings.BASE_DIR) / "templates" / name).read_text(encoding="utf-8")


@cache
def built_in(kind: str) -> bytes:
    """The template of a kind, a whole .docx. KeyError for a kind without a PDF."""
    if kind == PaperKind.ANNUAL:
        return _annual()
    if kind in WHOLE:
        return _package([blocks.Setter().blocks(blocks.parse('<rich of="body"></rich>'))], title=PaperKind(kind).label)
    name = SINGLE[kind]
    wide = "is-wide" in blocks.block(name, "body_class", load)
    tree = blocks.parse(blocks.block(name, "body", load), load)
    body = blocks.Setter(width=WIDE if wide else 8844).blocks(tree)
    return _package([body], wide=wide, title=PaperKind(kind).label)


def _annual() -> bytes:
    """Cover and contents, then the sections in a loop: the first with its chapters in the contents, the others under
    their committee's name."""
    names = {"facts": "part", "title": "part.title", "tables": "part.tables", "charts": "part.charts"}
    names["has_shares"] = "part.has_shares"

    tag = blocks.control
    annex = blocks.Setter().paragraph([blocks.Text(ANNEX)], "AnnexHead")

    def chapters(name: str) -> str:
        tree = blocks.parse(blocks.block(f"papers/print/{name}.html", "body", load), load, names)
        return blocks.Setter(headings={"h1": "SectionTitle"}).blocks(tree)

    def annexed() -> str:
        """The first stands below the word 附件, each of the others on a page of its own."""
        tree = blocks.parse(blocks.block(CHAPTERS, "body", load), load, names)
        setter = blocks.Setter(headings={"h2": "Chapter"})
        head = next(node for node in tree if isinstance(node, blocks.Element) and node.name == "h1")
        rest = setter.blocks([node for node in tree if node is not head])
        first, others = setter.paragraph(head.kids, "AnnexFirst"), setter.paragraph(head.kids, "AnnexTitle")
        return "".join(
            [tag("p", "if loop.index == 2"), annex, first, tag("p", "else"), others, tag("p", "endif"), rest]
        )

    body = [
        tag("p", "for part in facts.sections"), tag("p", "if loop.first"), tag("p", 'if part.part == "whole"'),
        chapters("annual_whole"), tag("p", "else"), chapters("annual_section"), tag("p", "endif"), tag("p", "else"),
        annexed(), tag("p", "endif"), tag("p", "endfor"),
    ]  # fmt: skip
    heads = [node for node in blocks.parse(load(CHAPTERS), load, names) if isinstance(node, blocks.Element)]
    front = blocks.Setter(headings={"h1": "ContentsTitle"}, toc=lambda: _contents(heads)).blocks(
        blocks.parse(FRONT, load)
    )
    return _package([front, "".join(body)], title=PaperKind.ANNUAL.label)


def _contents(heads: Sequence[blocks.Node]) -> str:
    """A table of contents that Word fills in when the file is opened; until then it has the titles without pages."""
    begin = (
        '<w:r><w:fldChar w:fldCharType="begin" w:dirty="true"/></w:r>'
        '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-2" \\h \\z \\u </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
    )
    found = []
    for index, head in enumerate(_of_name(heads, "h2")):
        runs = blocks.Runs()
        blocks.inline(head.kids, runs)
        found.append(_entry("TOC1", (begin if index == 0 else "") + runs.xml()))
    other = _entry("TOC2", '<w:r><w:t xml:space="preserve">{{ part.committee.name }}</w:t></w:r>')
    tag = blocks.control
    found += [tag("p", "for part in facts.sections"), tag("p", "if not loop.first"), other]
    found += [tag("p", "endif"), tag("p", "endfor")]
    return "".join(found) + '<w:p><w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'


def _of_name(nodes: Sequence[blocks.Node], name: str) -> list[blocks.Element]:
    found = []
    for node in nodes:
        if isinstance(node, blocks.Element) and node.name == name:
            found.append(node)
        for kids in blocks.kids_of(node):
            found += _of_name(kids, name)
    return found


def _entry(style: str, inside: str) -> str:
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{inside}</w:p>'


# ------------------------------------------------------------------------------------------------- the package


def _package(bodies: Sequence[str], *, title: str, wide: bool = False) -> bytes:
    """One section of pages for each body; where there are two the first is a front without page numbers."""
    document = Document()
    for relation in [each for each in document.part.package.rels.values() if each.reltype.endswith("/thumbnail")]:
        document.part.package.rels.pop(relation.rId)
    _styles(document)
    document.settings.odd_and_even_pages_header_footer = True
    while len(document.sections) < len(bodies):
        document.add_section(WD_SECTION.NEW_PAGE)
    for index, section in enumerate(document.sections):
        _page(section, wide=wide, numbered=index == len(bodies) - 1, first=index == 0)
    _fill(document, bodies)
    said = document.core_properties
    said.author, said.title, said.comments, said.keywords = "知行", f"{title}模板", "", ""
    said.last_modified_by, said.created, said.modified, said.revision = "知行", FIRST_DAY, FIRST_DAY, 1
    out = io.BytesIO()
    document.save(out)
    return zipped.same(out.getvalue())


def _fill(document: Any, bodies: Sequence[str]) -> None:
    body = document.element.body
    ends = [each for each in body.iterchildren() if each.tag.endswith("}p")]  # paragraphs that end a section
    last = body.sectPr
    for text, end in zip(bodies, [*ends, last], strict=True):
        whole = parse_xml(f"<w:body {W}>{text}</w:body>")
        for child in list(whole):
            end.addprevious(child)


def _page(section: Any, *, wide: bool, numbered: bool, first: bool) -> None:
    props = section._sectPr
    for child in list(props):
        if child.tag.rsplit("}")[-1] in ("pgSz", "pgMar", "cols", "docGrid", "pgNumType", "titlePg"):
            props.remove(child)
    if wide:
        page = '<w:pgSz w:w="16838" w:h="11906" w:orient="landscape"/>'
        page += '<w:pgMar w:top="1588" w:right="1361" w:bottom="1474" w:left="1361" w:header="851" w:footer="992" w:gutter="0"/>'
        grid = f'<w:docGrid w:type="lines" w:linePitch="{LINE}"/>'
    else:
        page = '<w:pgSz w:w="11906" w:h="16838"/>'
        page += f'<w:pgMar w:top="{TOP}" w:right="{RIGHT}" w:bottom="{BOTTOM}" w:left="{LEFT}" w:header="851" w:footer="1304" w:gutter="0"/>'
        # 22 lines by the grid; 28 letters by the style: a grid of letters is read differently by every program
        grid = f'<w:docGrid w:type="lines" w:linePitch="{LINE}"/>'
    number = '<w:pgNumType w:start="1"/>' if numbered and not first else ""
    for piece in parse_xml(f"<w:sectPr {W}>{page}{number}<w:cols w:space='425'/>{grid}</w:sectPr>"):
        props.append(piece)
    for header in (section.header, section.even_page_header):
        _replace(header, _simple("Mark2", "{{ mark }}"))
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText xml:space="preserve"> PAGE </w:instrText></w:r>'
    )
    field += '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>1</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>'
    dash = '<w:r><w:t xml:space="preserve">{}</w:t></w:r>'
    number = dash.format("— ") + field + dash.format(" —")
    for footer, style in ((section.footer, "NumberOdd"), (section.even_page_footer, "NumberEven")):
        _replace(footer, f'<w:p {W}><w:pPr><w:pStyle w:val="{style}"/></w:pPr>{number if numbered else ""}</w:p>')


def _simple(style: str, words: str) -> str:
    return f'<w:p {W}><w:pPr><w:pStyle w:val="{style}"/></w:pPr><w:r><w:t>{words}</w:t></w:r></w:p>'


def _replace(part: Any, xml: str) -> None:
    part.is_linked_to_previous = False
    for child in list(part._element):
        part._element.remove(child)
    part._element.append(parse_xml(xml))


# -------------------------------------------------------------------------------------------------------- styles


def _fonts(role: str) -> str:
    name = wanted()[role][0]
    return f'<w:rFonts w:ascii="{name}" w:hAnsi="{name}" w:eastAsia="{name}" w:cs="{name}" w:hint="eastAsia"/>'


def _style(
    id_: str, name: str, *, role: str = "", size: float = 0, line: float = 0, indent: int | None = None, align: str = "",
    before: float = 0, after: float = 0, level: int | None = None, more: str = "", colour: str = "", based: str = "Normal",
    next_: bool = False, right: int = 0,
) -> str:  # fmt: skip
    """A paragraph style; sizes in points, indents in hundredths of a letter."""
    fonts = _fonts(role) if role else ""
    size_ = f'<w:sz w:val="{round(size * 2)}"/><w:szCs w:val="{round(size * 2)}"/>' if size else ""
    run = f'<w:color w:val="{colour}"/>' if colour else ""
    run += f'<w:spacing w:val="{SQUEEZE if id_ == "Normal" else 0}"/>' if size else ""
    rule = f' w:line="{round(line * 20)}" w:lineRule="exact"' if line else ""
    spacing = f'<w:spacing w:before="{round(before * 20)}" w:after="{round(after * 20)}"{rule}/>'
    spacing = spacing if based == "Normal" else ""
    letters = (
        f' w:firstLineChars="{indent}" w:firstLine="{round(indent * (size or 16) / 5)}"' if indent is not None else ""
    )
    if right:
        letters += f' w:rightChars="{right}"'
    indents = f"<w:ind{letters}/>" if letters else ""
    more += '<w:snapToGrid w:val="0"/>' if size and id_ != "Normal" else ""
    keep = "<w:keepNext/>" if level is not None or next_ else ""
    outline = f'<w:outlineLvl w:val="{level}"/>' if level is not None else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{id_}"{"" if id_ != "Normal" else " w:default=" + chr(34) + "1" + chr(34)}>'
        f'<w:name w:val="{name}"/>{f"<w:basedOn w:val={chr(34)}{based}{chr(34)}/>" if id_ != "Normal" else ""}<w:qFormat/>'
        f"<w:pPr>{keep}{more}{spacing}{indents}{f'<w:jc w:val={chr(34)}{align}{chr(34)}/>' if align else ''}{outline}</w:pPr>"
        f"<w:rPr>{fonts}{run}{size_}</w:rPr></w:style>"
    )


def _all_styles() -> str:
    border = '<w:{} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
    lines = "".join(border.format(side) for side in ("top", "left", "bottom", "right", "insideH", "insideV"))
    edge = '<w:{} w:val="single" w:sz="4" w:space="1" w:color="000000"/>'
    under = f"<w:pBdr>{edge.format('bottom')}{edge.format('between')}</w:pBdr>"
    red = '<w:pBdr><w:bottom w:val="single" w:sz="12" w:space="1" w:color="C00000"/></w:pBdr>'
    tab = '<w:tabs><w:tab w:val="right" w:pos="8844"/></w:tabs>'
    dots = '<w:tabs><w:tab w:val="right" w:leader="dot" w:pos="8844"/></w:tabs>'
    away = "<w:pageBreakBefore/>"
    found = [
        _style("Normal", "Normal", role="body", size=16, line=28.95, indent=200, align="both", more="<w:kinsoku/><w:overflowPunct/>"),
        _style("Title", "Title", role="title", size=22, line=36, indent=0, align="center", after=14.5, next_=True),
        _style("SectionTitle", "知行 报告标题", based="Title"),
        _style("ContentsTitle", "知行 目录标题", based="Title", more=away),
        _style("AnnexFirst", "知行 附件首标题", based="Title", level=1),
        _style("AnnexTitle", "知行 附件标题", based="Title", level=1, more=away),
        _style("Heading1", "heading 1", role="heading", level=0),
        _style("Heading2", "heading 2", role="subheading", level=2),
        _style("Heading3", "heading 3", level=3),
        _style("Chapter", "知行 附件各章", role="heading", next_=True),
        _style("AnnexHead", "知行 附件", role="heading", indent=0, level=0, more=away),
        _style("Flush", "知行 顶格", indent=0),
        _style("Sub", "知行 居中", indent=0, align="center"),
        _style("Cap", "知行 表题", size=12, line=20, indent=0, align="center", before=9, after=3, next_=True),
        _style("Note", "知行 附注", size=10.5, line=17, indent=0, align="left", before=3, after=6),
        _style("Meta", "知行 说明", size=12, line=22, indent=0, align="left", more=tab),
        _style("Sign", "知行 落款", indent=0, align="right", right=400, before=14),
        _style("Figure", "知行 图", indent=0, align="center", line=0, more="<w:keepNext/>"),
        _style("Rule", "知行 横线", indent=0, more=under),
        _style("Gap", "知行 表后", size=4, line=9, indent=0),
        _style("Mark", "知行 版头", role="title", size=36, line=56, indent=0, align="center", colour="C00000"),
        _style("RedLine", "知行 红线", size=4, line=9, indent=0, more=red),
        _style("ImprintRow", "知行 版记", size=14, line=24, indent=0, align="left", more=under + tab),
        _style("CoverWho", "知行 封面单位", role="title", size=22, line=36, indent=0, align="center", before=147),
        _style("CoverWhat", "知行 封面标题", role="title", size=26, line=42, indent=0, align="center", before=26),
        _style("CoverWhen", "知行 封面日期", indent=0, align="center", before=210),
        _style("TOC1", "toc 1", indent=0, align="left", more=dots),
        _style("TOC2", "toc 2", indent=200, align="left", more=dots),
        _style("Mark2", "header", size=10.5, line=16, indent=0, align="left"),
        _style("NumberOdd", "footer", role="number", size=14, line=20, indent=0, align="right", right=100),
        _style("NumberEven", "知行 双页页码", role="number", size=14, line=20, indent=100, align="left"),
        _style("Tag", "知行 标签", size=9, line=13, indent=0, align="left", colour="7F7F7F"),
    ]  # fmt: skip
    for kind, size, line in (("", 10.5, 15), ("Form", 12, 18), ("Text", 12, 19), ("Letter", 11, 16)):
        room = {"before": 2, "after": 2} if kind == "Form" else {}
        words = {"": "表格", "Form": "表单", "Text": "文字表", "Letter": "函件表"}[kind]
        found.append(_style(f"Cell{kind}", f"知行 {words}", size=size, line=line, indent=0, align="left", **room))
        found.append(
            _style(
                f"Head{kind}", f"知行 {words}头", role="heading", size=size, line=line, indent=0, align="center", **room
            )
        )
    for role in ("title", "heading", "subheading"):
        found.append(
            f'<w:style w:type="character" w:styleId="f-{role}"><w:name w:val="知行 {role}"/><w:rPr>{_fonts(role)}</w:rPr></w:style>'
        )
    table = (
        '<w:style w:type="table" w:default="1" w:styleId="TableNormal"><w:name w:val="Normal Table"/><w:tblPr><w:tblInd w:w="0" '
        'w:type="dxa"/></w:tblPr></w:style><w:style w:type="table" w:styleId="Grid"><w:name w:val="Table Grid"/><w:basedOn '
        f'w:val="TableNormal"/><w:tblPr><w:tblBorders>{lines}</w:tblBorders><w:tblCellMar><w:top w:w="40" w:type="dxa"/>'
        '<w:left w:w="60" w:type="dxa"/><w:bottom w:w="40" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar>'
        "</w:tblPr></w:style>"
    )
    default = (
        f'<w:docDefaults><w:rPrDefault><w:rPr>{_fonts("body")}<w:kern w:val="0"/><w:sz w:val="32"/><w:szCs w:val="32"/>'
        '<w:lang w:val="zh-CN" w:eastAsia="zh-CN" w:bidi="ar-SA"/></w:rPr></w:rPrDefault><w:pPrDefault/></w:docDefaults>'
    )
    return f"<w:styles {W}>{default}{''.join(found)}{table}</w:styles>"


def _styles(document: Any) -> None:
    root = document.styles.element
    for child in list(root):
        root.remove(child)
    for child in list(parse_xml(_all_styles())):
        root.append(child)
