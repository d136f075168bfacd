"""A print template read once more, as Word: its markup becomes paragraphs and tables, its tags those of a Word template.

What a paper says stands in one place, `templates/papers/print/`. Text in, text out: no database, no settings, so that
the child that sets Word files can use it too. Raises Unreadable for what has no counterpart in Word.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

Names = Mapping[str, str]
Loader = Callable[[str], str]
BLOCKS = {"p", "h1", "h2", "h3", "h4", "div", "table", "ul", "ol", "li", "figure", "toc", "rich", "blockquote"}
VOID = {"br", "img", "col", "meta", "hr"}
TWIPS_A_MM = 1440 / 25.4
TOKEN = re.compile(
    r"""\{%\s*(?P<tag>.*?)\s*%\}|\{\{\s*(?P<out>.*?)\s*\}\}|\{\#.*?\#\}|<!--.*?-->|<!doctype[^>]*>"""
    r"""|<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)(?P<attrs>(?:\{%.*?%\}|\{\{.*?\}\}|"[^"]*"|[^<>"])*)>""",
    re.DOTALL,
)
MARKUP = re.compile(r"""<(?P<end>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*)(?P<attrs>(?:"[^"]*"|[^<>"])*)>""")


class Unreadable(ValueError):
    """A template of a paper that cannot be read as Word: a fault of ours, found by the tests."""


# ------------------------------------------------------------------------------------------------------- the tree


@dataclass
class Text:
    words: str


@dataclass
class Out:
    """A value to be printed, as an expression of Word templates."""

    expression: str


@dataclass
class Raw:
    """Word's own markup, for the inside of a run: a picture."""

    xml: str


@dataclass
class Element:
    name: str
    attrs: dict[str, str] = field(default_factory=dict)
    kids: list[Node] = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", self.attrs.get("class", "")).split()


@dataclass
class Each:
    target: str
    source: str
    kids: list[Node] = field(default_factory=list)
    empty: list[Node] | None = None


@dataclass
class Choice:
    """Branches in order; the last has no condition when there is an `else`."""

    branches: list[tuple[str | None, list[Node]]]


Node = Text | Out | Raw | Element | Each | Choice


# ------------------------------------------------------------------------------------- expressions and inheritance

PIECE = re.compile(r""""[^"]*"|'[^']*'|[|:]|[^|:"'\s]+""")
WORDS = {"and", "or", "not", "in", "is", "==", "!=", "<", ">", "<=", ">="}
LOOP = {"counter": "index", "counter0": "index0", "first": "first", "last": "last"}


def atom(text: str, names: Names) -> str:
    if text[0] in "\"'" or re.fullmatch(r"-?\d+(\.\d+)?", text):
        return text
    if text in ("None", "True", "False"):
        return text.lower()
    root, *rest = text.split(".")
    if root == "forloop":
        if len(rest) != 1 or rest[0] not in LOOP:
            raise Unreadable(text)
        return f"loop.{LOOP[rest[0]]}"
    path = [names.get(root, root), *(f"[{each}]" if each.isdigit() else each for each in rest)]
    whole = ".".join(path).replace(".[", "[")
    return f"{whole.removesuffix('.items')}|items" if rest and rest[-1] == "items" and len(rest) > 1 else whole


def expression(text: str, names: Names) -> str:
    """`x|default:"—"` of the print templates as `x|default("—")`."""
    parts = PIECE.findall(text)
    found, index = atom(parts[0], names), 1
    while index < len(parts):
        if parts[index] != "|":
            raise Unreadable(text)
        found += f"|{parts[index + 1]}"
        index += 2
        if index < len(parts) and parts[index] == ":":
            found += f"({atom(parts[index + 1], names)})"
            index += 2
    return found


def condition(text: str, names: Names) -> str:
    parts = re.findall(r"""(?:"[^"]*"|'[^']*'|[^\s"'])+""", text)
    return " ".join(each if each in WORDS else expression(each, names) for each in parts)


BLOCK = re.compile(r"\{%\s*(block\s+(\w+)|endblock(?:\s+\w+)?)\s*%\}")


def blocks_of(text: str) -> dict[str, tuple[int, int, str]]:
    """Every block of a template, however deep: (start, end, inside)."""
    found, open_ = {}, []
    for match in BLOCK.finditer(text):
        if match[2]:
            open_.append((match[2], match.start(), match.end()))
        else:
            name, start, inside = open_.pop()
            found[name] = (start, match.end(), text[inside : match.start()])
    return found


def inherited(name: str, load: Loader) -> str:
    """The template with its parents' text around its own blocks."""
    text = re.sub(r"\{%\s*comment\s*%\}.*?\{%\s*endcomment\s*%\}", "", load(name), flags=re.DOTALL)
    above = re.match(r"""\s*\{%\s*extends\s+["'](.+?)["']\s*%\}""", text)
    if above is None:
        return text
    whole = inherited(above[1], load)
    for block, (_, _, inside) in blocks_of(text).items():
        there = blocks_of(whole).get(block)
        if there:
            start, end, old = there
            inside = re.sub(r"\{\{\s*block\.super\s*\}\}", lambda _, old=old: old, inside)
            whole = f"{whole[:start]}{{% block {block} %}}{inside}{{% endblock %}}{whole[end:]}"
    return whole


def block(name: str, wanted: str, load: Loader) -> str:
    found = blocks_of(inherited(name, load)).get(wanted)
    return BLOCK.sub("", found[2]) if found else ""


# -------------------------------------------------------------------------------------------------------- parsing


def parse(
    text: str, load: Loader | None = None, names: Names | None = None, picture: Callable[[str], str] | None = None
) -> list[Node]:
    """The tree of a template's text; of plain HTML without `load`, its pictures by their name.

    `names`: what a name of the template is called in Word's.
    """
    top: list[Node] = []
    stack: list[tuple[str, list[Node], Node | None, Names]] = [("", top, None, dict(names or {}))]

    def put(node: Node) -> None:
        stack[-1][1].append(node)

    def close(what: str) -> None:
        if stack[-1][0] != what:
            raise Unreadable(f"{what} closes {stack[-1][0] or 'nothing'}")
        stack.pop()

    at = 0
    for match in (TOKEN if load else MARKUP).finditer(text):
        if match.start() > at:
            put(Text(html.unescape(text[at : match.start()])))
        at = match.end()
        here = stack[-1][3]
        if match["name"]:
            if picture and match["name"].lower() == "img":
                put(Raw(picture("".join(re.findall(r'src="([^"]*)"', match["attrs"])))))
            else:
                _element(match, stack, put, close)
        elif load and match["out"]:
            put(Out(expression(match["out"], here)))
        elif load and match["tag"]:
            _tag(match["tag"], stack, put, close, load)
    if text[at:]:
        put(Text(html.unescape(text[at:])))
    if len(stack) != 1:
        raise Unreadable(f"{stack[-1][0]} stays open")
    return top


def _element(match: re.Match[str], stack: list, put: Callable, close: Callable) -> None:
    name = match["name"].lower()
    if match["end"]:
        if name not in VOID:
            close(f"<{name}>")
        return
    node = Element(name, dict(re.findall(r'([\w-]+)\s*=\s*"([^"]*)"', match["attrs"])))
    if name == "img":
        inner = re.fullmatch(r"\s*\{\{\s*(.+?)\s*\}\}\s*", node.attrs.get("src", ""))
        if inner is None:
            raise Unreadable(match[0])
        put(Out(expression(inner[1], stack[-1][3])))
        return
    put(node)
    if name not in VOID and not match["attrs"].endswith("/"):
        stack.append((f"<{name}>", node.kids, node, stack[-1][3]))


def _tag(said: str, stack: list, put: Callable, close: Callable, load: Loader) -> None:
    here: Names = stack[-1][3]
    word, _, rest = said.partition(" ")
    rest = rest.strip()
    if word == "if":
        choice = Choice([(condition(rest, here), [])])
        put(choice)
        stack.append(("if", choice.branches[-1][1], choice, here))
    elif word in ("elif", "else") and stack[-1][0] == "if":
        choice = stack.pop()[2]
        choice.branches.append((condition(rest, stack[-1][3]) if word == "elif" else None, []))
        stack.append(("if", choice.branches[-1][1], choice, stack[-1][3]))
    elif word == "for":
        target, source = rest.split(" in ", 1)
        inner = {key: value for key, value in here.items() if key not in re.findall(r"\w+", target)}
        each = Each(target.strip(), expression(source.strip(), here))
        put(each)
        stack.append(("for", each.kids, each, inner))
    elif word == "empty" and stack[-1][0] == "for":
        each = stack.pop()[2]
        each.empty = []
        stack.append(("for", each.empty, each, stack[-1][3]))
    elif word in ("endif", "endfor"):
        close(word.removeprefix("end"))
    elif word == "with":
        given = dict(re.findall(r"""(\w+)=((?:"[^"]*"|'[^']*'|\S)+)""", rest))
        stack.append(("with", stack[-1][1], None, {**here, **_meant(given, here)}))
    elif word == "endwith":
        close("with")
    elif word == "include":
        name, _, more = rest.partition(" ")
        given = _meant(dict(re.findall(r"""(\w+)=((?:"[^"]*"|'[^']*'|\S)+)""", more)), here)
        inner = given if more.endswith("only") else {**here, **given}
        for node in parse(inherited(name.strip("\"'"), load), load, inner):
            put(node)
    elif word not in ("load", "extends", "block", "endblock", "spaceless", "endspaceless"):
        raise Unreadable(said)


def _meant(given: Mapping[str, str], names: Names) -> dict[str, str]:
    found = {key: expression(value, names) for key, value in given.items()}
    return {key: f"({value})" if "|" in value else value for key, value in found.items()}


# -------------------------------------------------------------------------------------------------- Word's markup

STYLES = {
    "sub": "Sub", "cap": "Cap", "note": "Note", "foot": "Note", "sign": "Sign", "meta": "Meta", "flush": "Flush",
    "colophon": "Note", "who": "CoverWho", "what": "CoverWhat", "when": "CoverWhen", "mark": "Mark", "number": "Sub",
    "by": "Sign", "letter-to": "Flush", "copies": "Flush", "annex-number": "AnnexHead", "center": "Sub", "right": "Sign",
}  # fmt: skip
HEADINGS = {"h1": "Title", "h2": "Heading1", "h3": "Heading2", "h4": "Heading3"}
BOLD = {"strong": "<w:b/>", "b": "<w:b/>", "em": "<w:i/>", "i": "<w:i/>", "u": '<w:u w:val="single"/>'}
FONTS = {name: f'<w:rStyle w:val="{name}"/>' for name in ("f-title", "f-heading", "f-subheading")}
CELLS = {"form": "Form", "text": "Text", "letter": "Letter"}
COLUMNS_IN_A_LOOP = 7
GAP = '<w:p><w:pPr><w:pStyle w:val="Gap"/></w:pPr></w:p>'


def control(kind: str, said: str, columns: int = 1) -> str:
    """A paragraph ("p") or a row ("tr") that holds nothing but a tag of the template, and goes when it is filled in."""
    tag = f"{{{{p {said}|rich }}}}" if kind == "rich" else f"{{%{kind} {escape(said)} %}}"
    words = f'<w:r><w:t xml:space="preserve">{tag}</w:t></w:r>'
    style = '<w:p><w:pPr><w:pStyle w:val="Tag"/></w:pPr>'
    if kind in ("p", "rich"):
        return f"{style}{words}</w:p>"
    return f'<w:tr><w:tc><w:tcPr><w:gridSpan w:val="{columns}"/></w:tcPr>{style}{words}</w:p></w:tc></w:tr>'


class Runs:
    """What stands in a paragraph, piece by piece."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.marks: list[str] = []

    def text(self, words: str) -> None:
        self.parts.append(words)

    def line(self) -> None:
        self.parts.append('</w:t><w:br/><w:t xml:space="preserve">')

    def tab(self) -> None:
        self.parts.append('</w:t><w:tab/><w:t xml:space="preserve">')

    def mark(self, mark: str | None) -> None:
        """Open a mark (bold and the like), or close the last one with None."""
        self.marks = [*self.marks, mark] if mark else self.marks[:-1]
        said = f"<w:rPr>{''.join(dict.fromkeys(self.marks))}</w:rPr>" if self.marks else ""
        self.parts.append(f'</w:t></w:r><w:r>{said}<w:t xml:space="preserve">')

    def xml(self) -> str:
        inside = "".join(self.parts)
        return f'<w:r><w:t xml:space="preserve">{inside}</w:t></w:r>' if inside else ""


def is_block(node: Node) -> bool:
    if isinstance(node, Element):
        return node.name in BLOCKS or any(map(is_block, node.kids))
    return any(any(map(is_block, kids)) for kids in kids_of(node))


def kids_of(node: Node) -> Iterator[list[Node]]:
    if isinstance(node, Element):
        yield node.kids
    elif isinstance(node, Each):
        yield node.kids
        if node.empty is not None:
            yield node.empty
    elif isinstance(node, Choice):
        for _, kids in node.branches:
            yield kids


def is_blank(node: Node) -> bool:
    return isinstance(node, Text) and not node.words.strip(" \t\r\n")


def inline(nodes: Sequence[Node], runs: Runs) -> None:
    """Into one paragraph: blocks inside (in a cell) stand on lines of their own."""
    nodes = [node for node in nodes if not (is_blank(node) and "\n" in node.words)]
    for index, node in enumerate(nodes):
        if index and is_block(node) and not isinstance(node, Choice):
            runs.line()
        if isinstance(node, Text):
            runs.text(escape(re.sub(r"[ \t\r\n]*\n[ \t\r\n]*", "", node.words)))
        elif isinstance(node, Raw):
            runs.text(node.xml)
        elif isinstance(node, Out):
            runs.text(f"{{{{ {escape(node.expression)} }}}}")
        elif isinstance(node, Element):
            if node.name == "br":
                runs.line()
            elif mark := BOLD.get(node.name) or next((FONTS[each] for each in node.classes if each in FONTS), ""):
                runs.mark(mark)
                inline(node.kids, runs)
                runs.mark(None)
            else:
                inline(node.kids, runs)
        elif isinstance(node, Each):
            runs.text(f"{{% for {node.target} in {escape(node.source)} %}}")
            inline(node.kids, runs)
            if any(map(is_block, node.kids)):
                runs.text("{% if not loop.last %}")
                runs.line()
                runs.text("{% endif %}")
            if node.empty is not None:
                runs.text("{% else %}")
                inline(node.empty, runs)
            runs.text("{% endfor %}")
        else:
            for place, (said, kids) in enumerate(node.branches):
                runs.text(_branch(said, place))
                inline(kids, runs)
            runs.text("{% endif %}")


def _branch(said: str | None, place: int) -> str:
    return f"{{% {_word(said, place)} %}}"


def _word(said: str | None, place: int) -> str:
    return "else" if said is None else f"{'elif' if place else 'if'} {escape(said)}"


@dataclass
class Setter:
    """Blocks of a tree as Word's markup. `width`: of the text in twips. `headings`: other styles for h1 to h4."""

    width: int = 8844
    headings: Mapping[str, str] = field(default_factory=dict)
    toc: Callable[[], str] = lambda: ""

    def blocks(self, nodes: Sequence[Node], style: str = "Normal") -> str:
        found, line = [], []

        def flush() -> None:
            if any(not is_blank(node) for node in line):
                found.append(self.paragraph(list(line), style))
            line.clear()

        for node in nodes:
            if not is_block(node):
                line.append(node)
                continue
            flush()
            found.append(self.block(node, style))
        flush()
        return "".join(found)

    def block(self, node: Node, style: str) -> str:
        if isinstance(node, Each):
            kids = [control("p", f"for {node.target} in {node.source}"), self.blocks(node.kids, style)]
            if node.empty is not None:
                kids += [control("p", "else"), self.blocks(node.empty, style)]
            return "".join([*kids, control("p", "endfor")])
        if isinstance(node, Choice):
            parts = []
            for place, (said, kids) in enumerate(node.branches):
                word = "else" if said is None else f"{'elif' if place else 'if'} {said}"
                parts.append(control("p", word) + self.blocks(kids, style))
            return "".join([*parts, control("p", "endif")])
        if not isinstance(node, Element):
            raise Unreadable(str(node))
        return self.element(node, style)

    def element(self, node: Element, style: str) -> str:
        if node.name == "table":
            return self.table(node)
        if node.name == "toc":
            return self.toc()
        if node.name == "rich":
            return control("rich", node.attrs["of"])
        own = next((STYLES[each] for each in node.classes if each in STYLES), style)
        if node.name in HEADINGS:
            return self.paragraph(node.kids, self.headings.get(node.name, HEADINGS[node.name]))
        if node.name == "li":
            return self.paragraph([Text("• "), *node.kids], style)
        if node.name == "div" and {"row", "pair"} & set(node.classes):
            return self._row(node, "ImprintRow" if "row" in node.classes else "Meta")
        if node.name == "div" and "lines" in node.classes:
            return self.blocks(node.kids, "Rule")
        if node.name == "div" and not any(not is_blank(each) for each in node.kids):
            empty = "RedLine" if "red-line" in node.classes else "Rule" if style == "Rule" else ""
            return f'<w:p><w:pPr><w:pStyle w:val="{empty}"/></w:pPr></w:p>' if empty else ""
        if node.name == "figure":
            return self.blocks(node.kids, "Figure")
        if node.name == "p" or not any(map(is_block, node.kids)):
            if node.name == "p" and style == "Rule":
                own = "Normal"
            return self.paragraph(node.kids, own)
        return self.blocks(node.kids, own)

    def _row(self, node: Element, style: str) -> str:
        """Pieces of a line, the last at its right end."""
        runs = Runs()
        for index, piece in enumerate(each for each in node.kids if not is_blank(each)):
            if index:
                runs.tab()
            inline([piece], runs)
        return self._p(runs.xml(), style)

    def paragraph(self, nodes: Sequence[Node], style: str) -> str:
        runs = Runs()
        inline(nodes, runs)
        return self._p(runs.xml(), style)

    @staticmethod
    def _p(inside: str, style: str, more: str = "") -> str:
        said = f'<w:pStyle w:val="{style}"/>' if style != "Normal" else ""
        return f"<w:p>{f'<w:pPr>{said}{more}</w:pPr>' if said or more else ''}{inside}</w:p>"

    def table(self, node: Element) -> str:
        kind = next((CELLS[each] for each in node.classes if each in CELLS), "")
        kids = [each for each in node.kids if not is_blank(each)]
        widths = [
            round(float(match[1]) * TWIPS_A_MM)
            for group in kids
            if isinstance(group, Element) and group.name == "colgroup"
            for col in group.kids
            if isinstance(col, Element) and (match := re.search(r"width:\s*([\d.]+)mm", col.attrs.get("style", "")))
        ]
        if any(not is_blank(each) and not isinstance(each, Element) for group in kids for each in _columns(group)):
            widths += [max(0, self.width - sum(widths)) // COLUMNS_IN_A_LOOP] * COLUMNS_IN_A_LOOP
        if not widths:
            columns = max((_cells(row) for row in _rows(kids)), default=1)
            widths = [self.width // columns] * columns
        setter = _Table(widths, kind, 640 if "tall" in node.classes else 0)
        rest = [each for each in kids if not (isinstance(each, Element) and each.name in ("colgroup", "caption"))]
        body = setter.rows(rest, is_head=False)
        grid = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
        return (
            f'<w:tbl><w:tblPr><w:tblStyle w:val="Grid"/><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
            f'<w:tblLayout w:type="fixed"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>{body}</w:tbl>{GAP}'
        )


def _columns(node: Node) -> list[Node]:
    return node.kids if isinstance(node, Element) and node.name == "colgroup" else []


def _rows(nodes: Sequence[Node]) -> Iterator[Element]:
    for node in nodes:
        if isinstance(node, Element) and node.name == "tr":
            yield node
        else:
            for kids in kids_of(node):
                yield from _rows(kids)


def _cells(row: Element) -> int:
    return sum(int(c.attrs.get("colspan", 1)) for c in row.kids if isinstance(c, Element) and c.name in ("td", "th"))


@dataclass
class _Table:
    widths: list[int]
    kind: str
    height: int
    carried: dict[int, tuple[int, int]] = field(default_factory=dict)  # column: rows still to go, columns wide

    def rows(self, nodes: Sequence[Node], *, is_head: bool) -> str:
        found = []
        for node in nodes:
            if is_blank(node):
                continue
            if isinstance(node, Element) and node.name == "tr":
                found.append(self.row(node, is_head=is_head))
            elif isinstance(node, Element) and node.name in ("thead", "tbody", "tfoot"):
                found.append(self.rows(node.kids, is_head=node.name == "thead"))
            elif isinstance(node, Each):
                found.append(control("tr", f"for {node.target} in {node.source}", len(self.widths)))
                found.append(self.rows(node.kids, is_head=is_head))
                if node.empty is not None:
                    found += [control("tr", "else", len(self.widths)), self.rows(node.empty, is_head=is_head)]
                found.append(control("tr", "endfor", len(self.widths)))
            elif isinstance(node, Choice):
                for place, (said, kids) in enumerate(node.branches):
                    word = "else" if said is None else f"{'elif' if place else 'if'} {said}"
                    found += [control("tr", word, len(self.widths)), self.rows(kids, is_head=is_head)]
                found.append(control("tr", "endif", len(self.widths)))
            else:
                raise Unreadable(f"in a table: {node}")
        return "".join(found)

    def row(self, row: Element, *, is_head: bool) -> str:
        cells, column = [], 0
        given = [each for each in row.kids if not is_blank(each)]
        for cell in given:
            if isinstance(cell, (Each, Choice)):
                column = self._repeated(cell, column, cells)
                continue
            if not isinstance(cell, Element) or cell.name not in ("td", "th"):
                raise Unreadable(f"in a row: {cell}")
            column = self._carry(column, cells)
            span, down = int(cell.attrs.get("colspan", 1)), int(cell.attrs.get("rowspan", 1))
            if down > 1:
                self.carried[column] = (down - 1, span)
            cells.append(self.cell(cell, column, span, '<w:vMerge w:val="restart"/>' if down > 1 else ""))
            column += span
        self._carry(column, cells)
        blank = any(isinstance(each, Element) and "blank" in each.classes for each in given)
        height = max(self.height, 640 if blank else 0)
        head = "<w:cantSplit/>" + (f'<w:trHeight w:val="{height}" w:hRule="atLeast"/>' if height else "")
        return f"<w:tr><w:trPr>{head}{'<w:tblHeader/>' if is_head else ''}</w:trPr>{''.join(cells)}</w:tr>"

    def _repeated(self, node: Each | Choice, column: int, cells: list[str]) -> int:
        """Cells in a loop or behind a condition; how many there will be is not known here, docxtpl mends the grid."""

        def tag(said: str) -> str:
            words = f'<w:r><w:t xml:space="preserve">{{%tc {escape(said)} %}}</w:t></w:r>'
            return f'<w:tc><w:p><w:pPr><w:pStyle w:val="Tag"/></w:pPr>{words}</w:p></w:tc>'

        branches: list[tuple[str, list[Node]]]
        if isinstance(node, Each):
            branches = [(f"for {node.target} in {node.source}", node.kids)]
            branches += [("else", node.empty)] if node.empty is not None else []
        else:
            branches = [
                ("else" if said is None else f"{'elif' if place else 'if'} {said}", kids)
                for place, (said, kids) in enumerate(node.branches)
            ]
        furthest = column
        for said, kids in branches:
            cells.append(tag(said))
            at = column
            for cell in (each for each in kids if not is_blank(each)):
                if not isinstance(cell, Element) or cell.name not in ("td", "th"):
                    raise Unreadable(f"in a row: {cell}")
                cells.append(self.cell(cell, min(at, len(self.widths) - 1), 1, ""))
                at += 1
            furthest = max(furthest, at)
        cells.append(tag("endfor" if isinstance(node, Each) else "endif"))
        return furthest

    def _carry(self, column: int, cells: list[str]) -> int:
        """Cells that a cell of a row above reaches down into."""
        while column in self.carried:
            left, span = self.carried.pop(column)
            if left > 1:
                self.carried[column] = (left - 1, span)
            width = sum(self.widths[column : column + span])
            wide = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
            cells.append(f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{wide}<w:vMerge/></w:tcPr><w:p/></w:tc>')
            column += span
        return column

    def cell(self, cell: Element, column: int, span: int, merge: str) -> str:
        style = ("Head" if cell.name == "th" else "Cell") + self.kind
        runs = Runs()
        inline(cell.kids, runs)
        aligned = {"n": "center", "r": "right"}
        side = next((aligned[each] for each in cell.classes if each in aligned), "")
        more = f'<w:jc w:val="{side}"/>' if side and cell.name == "td" else ""
        wide = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
        width = sum(self.widths[column : column + span])
        props = f'<w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{wide}{merge}<w:vAlign w:val="center"/></w:tcPr>'
        return f"<w:tc>{props}{Setter._p(runs.xml(), style, more)}</w:tc>"
