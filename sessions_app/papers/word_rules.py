"""What a Word template may hold: parts of the file, tags, names of facts. Plain values in, Chinese sentences out.

Used by the page (what can be said without opening anything) and by the child that opens the file.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jinja2 import nodes
from lxml import etree

LARGEST = 5 * 2**20
UNPACKED_MOST = 30 * 2**20
ENTRIES_MOST = 300
RATIO_MOST = 100
REASONS_MOST = 8
HIDDEN = re.compile(
    r"vbaproject|vbadata|activex|embeddings/|afchunk|attachedtoolbars|webextension|customui", re.IGNORECASE
)
HIDDEN_TYPE = re.compile(r"macroenabled|vbaproject|oleobject|activex|afchunk", re.IGNORECASE)
RELATION = re.compile(
    r"attachedtemplate|oleobject|afchunk|subdocument|frame|package$|control$|webextension", re.IGNORECASE
)
FIELDS = re.compile(
    r"\b(INCLUDETEXT|INCLUDEPICTURE|INCLUDE|DDE|DDEAUTO|LINK|IMPORT|EMBED|DATABASE|RD|MACROBUTTON|GOTOBUTTON|AUTOTEXT|"
    r"AUTOTEXTLIST|HYPERLINK|EQ|PRINT|FILLIN|ASK|SET|QUOTE|MERGEFIELD|ADDIN|HTMLACTIVEX|CONTROL)\b",
    re.IGNORECASE,
)  # fmt: skip
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
TAG_WORDS = "for、endfor、if、elif、else、endif"


# ------------------------------------------------------------------------------------------------- the package


def package_reasons(content: bytes) -> list[str]:
    """Size, shape and parts, by what the archive states: nothing is unpacked."""
    if len(content) > LARGEST:
        return [f"文件超过 {LARGEST // 2**20} MB。请删去大图片后再传。"]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            entries = package.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        return ["这不是 Word 文件（.docx）。请在 Word 里另存为“Word 文档（*.docx）”后再传。"]
    unpacked, packed = sum(one.file_size for one in entries), sum(one.compress_size for one in entries)
    if len(entries) > ENTRIES_MOST or unpacked > UNPACKED_MOST or unpacked > RATIO_MOST * max(packed, 4096):
        return ["文件展开后过大，可能有害。请从现用模板重新下载一份，改好再传。"]
    names = [one.filename for one in entries]
    reasons = []
    if any(one.flag_bits & 1 for one in entries):
        return ["文件设有密码。请在 Word 里取消密码后再传。"]
    if "[Content_Types].xml" not in names or "word/document.xml" not in names:
        return ["这不是 Word 文件（.docx）。请在 Word 里另存为“Word 文档（*.docx）”后再传。"]
    if len(set(names)) < len(names) or any(name.startswith("/") or ".." in name.split("/") for name in names):
        reasons.append("文件的内部结构不正常（部件重名或路径越界）。请从现用模板重新下载一份，改好再传。")
    for name in names:
        if HIDDEN.search(name):
            reasons.append(
                f"文件带有宏、控件或嵌入对象（{name[:60]}）。请在 Word 里删去，另存为“Word 文档（*.docx）”后再传。"
            )
            break
    return reasons


@dataclass
class Part:
    name: str
    root: etree._Element


def parts_of(content: bytes) -> tuple[list[Part], list[str]]:
    """Every XML part, and why some may not be read. No entity is resolved and nothing is fetched."""
    found, reasons = [], []
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for entry in package.infolist():
            if not entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                continue
            try:
                raw = package.read(entry)
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError):
                return found, [f"文件已损坏（{entry.filename[:60]}）。请重新另存一份再传。"]
            if b"<!" in raw.replace(b"<!--", b"").replace(b"<![CDATA[", b"") or b"\x00" in raw:
                reasons.append(f"文件里有不该有的声明（{entry.filename[:60]}）。请从现用模板重新下载一份，改好再传。")
                continue
            parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
            try:
                found.append(Part(entry.filename, etree.fromstring(raw, parser)))
            except (etree.XMLSyntaxError, ValueError):
                reasons.append(f"文件已损坏（{entry.filename[:60]}）。请在 Word 里打开，另存一份再传。")
    return found, reasons


def content_reasons(parts: Iterable[Part]) -> list[str]:
    """Links to outside, content taken in from elsewhere, fields that fetch or run something."""
    reasons = []
    for part in parts:
        for one in part.root.iter():
            if not isinstance(one.tag, str):
                continue
            name = one.tag.rsplit("}")[-1]
            if name == "Relationship":
                target = (one.get("Target") or "")[:60]
                if (one.get("TargetMode") or "").lower() == "external" or re.match(
                    r"[a-z][a-z0-9+.-]*:|//|\\", target, re.I
                ):
                    reasons.append(
                        f"文件引用了外部内容（{target}）。请把链接、外部图片和附加模板去掉，图片改为直接插入。"
                    )
                elif RELATION.search((one.get("Type") or "").rsplit("/", 1)[-1]):
                    reasons.append(f"文件嵌入了别的文件或对象（{target}）。请删去后再传。")
            elif name in ("Override", "Default") and HIDDEN_TYPE.search(one.get("ContentType") or ""):
                reasons.append("文件带有宏或嵌入对象。请在 Word 里另存为“Word 文档（*.docx）”后再传。")
            elif name in ("altChunk", "object", "OLEObject", "control", "subDoc"):
                reasons.append("文件嵌入了别的文件或对象。请删去后再传。")
        reasons += _field_reasons(part)
    return list(dict.fromkeys(reasons))


def _field_reasons(part: Part) -> list[str]:
    """Field codes, also those cut into several runs: all of a part's are read as one."""
    said = [one.get(f"{W}instr") or "" for one in part.root.iter(f"{W}fldSimple")]
    said.append("".join(one.text or "" for one in part.root.iter(f"{W}instrText", f"{W}delInstrText")))
    for words in said:
        bad = FIELDS.search(words)
        if bad:
            return [f"文件里有域“{bad[1].upper()}”，会读取外部内容或执行命令。请删去这个域，只保留页码和目录。"]
    return []


# ---------------------------------------------------------------------------------------------------- the tags

ALLOWED_NODES = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.For,
    nodes.If, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Not, nodes.And, nodes.Or, nodes.Compare, nodes.Operand,
    nodes.Tuple,
)  # fmt: skip
LOOP_WORDS = ("index", "index0", "first", "last", "length")
FORS_DEEP = 4


@dataclass
class Use:
    """What a template reads: each name of the facts with what is done to it (filters, comparisons)."""

    paths: dict[str, set[str]] = field(default_factory=dict)
    reasons: list[str] = field(default_factory=list)

    def note(self, path: str | None, hint: str = "") -> None:
        if path:
            self.paths.setdefault(path, set())
            if hint:
                self.paths[path].add(hint)

    def refuse(self, sentence: str) -> None:
        if sentence not in self.reasons:
            self.reasons.append(sentence)


Scope = Mapping[str, str | None]


def used(tree: nodes.Template, known: Iterable[str]) -> Use:
    """What the tags of a template read, and every tag that may not stand there. `known`: filters and tests."""
    found, words = Use(), set(known)
    _walk(tree, {}, found, 0)
    for node in tree.find_all((nodes.Filter, nodes.Test)):
        if node.name not in words:
            found.refuse(
                f"没有“{node.name}”这种格式。竖线后面只能用现用模板里有的格式，例如 |full_day、|num、|percent。"
            )
    return found


def _walk(node: nodes.Node, scope: Scope, found: Use, deep: int) -> None:
    if not isinstance(node, ALLOWED_NODES):
        word = type(node).__name__.lower()
        if isinstance(node, nodes.Call):
            found.refuse(f"模板里不能调用函数（{_said(node.node)}()）。请只写数据的名字，例如 {{{{ facts.title }}}}。")
        else:
            found.refuse(f"模板里不能用“{word}”这种写法。标签只能用 {TAG_WORDS}。")
        return
    if isinstance(node, nodes.For):
        _for(node, scope, found, deep)
        return
    if isinstance(node, (nodes.Name, nodes.Getattr, nodes.Getitem)):
        found.note(path_of(node, scope, found))
        if isinstance(node, (nodes.Getattr, nodes.Getitem)) and path_of(node, scope, Use()) is None:
            _walk(node.node, scope, found, deep)
        return
    if isinstance(node, nodes.Filter) and node.node is not None:
        hint = _const(node.args[0]) if node.name == "default" and node.args else ""
        found.note(path_of(node.node, scope, found), f"|{node.name}{':' + hint if hint else ''}")
        for other in node.args if node.name == "until" else []:
            found.note(path_of(other, scope, found), "|until")
    if isinstance(node, nodes.Compare):
        for operand in node.ops:
            if isinstance(operand.expr, nodes.Const):
                kind = "#" if isinstance(operand.expr.value, int) else "="
                found.note(path_of(node.expr, scope, found), f"{kind}{operand.expr.value}")
    for child in node.iter_child_nodes():
        _walk(child, scope, found, deep)


def _const(node: nodes.Node) -> str:
    return str(node.value) if isinstance(node, nodes.Const) else ""


def _for(node: nodes.For, scope: Scope, found: Use, deep: int) -> None:
    if deep >= FORS_DEEP or node.recursive:
        found.refuse(f"循环（for）套得太深，最多 {FORS_DEEP} 层。")
        return
    _walk(node.iter, scope, found, deep)
    inner = dict(scope)
    source = path_of(node.iter, scope, Use())
    if isinstance(node.target, nodes.Name):
        inner[node.target.name] = f"{source}[]" if source else None
    elif isinstance(node.target, nodes.Tuple) and isinstance(node.iter, nodes.Filter) and node.iter.name == "items":
        keys = path_of(node.iter.node, scope, Use()) if node.iter.node else None
        names = [one.name for one in node.target.items if isinstance(one, nodes.Name)]
        inner.update(dict.fromkeys(names))
        if len(names) == 2 and keys:
            inner[names[1]] = f"{keys}{{}}"
    else:
        found.refuse("循环（for）的写法不对。请写成 for 名字 in facts.名字。")
        return
    for name in (name for name in inner if name.startswith("_")):
        found.refuse(f"名字不能以下划线开头（{name}）。")
    found.note(f"{source}[]" if source else None)
    inner["loop"] = "loop"
    for child in [*([node.test] if node.test else []), *node.body]:
        _walk(child, inner, found, deep + 1)
    for child in node.else_:
        _walk(child, scope, found, deep)


def path_of(node: nodes.Node, scope: Scope, found: Use) -> str | None:
    """facts.rows[].number for a name that leads into the facts; None for what does not, such as a part of a text."""
    if isinstance(node, nodes.Name):
        if node.name.startswith("_"):
            found.refuse(f"名字不能以下划线开头（{node.name}）。")
            return None
        return scope.get(node.name, node.name)
    if isinstance(node, nodes.Getattr):
        if node.attr.startswith("_"):
            found.refuse(f"名字不能以下划线开头（{_said(node)}）。")
            return None
        above = path_of(node.node, scope, found)
        if above is None:
            found.refuse(f"“{_said(node)}”不是数据的名字。")
            return None
        return f"{above}.{node.attr}"
    if isinstance(node, nodes.Getitem):
        above = path_of(node.node, scope, found)
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, int):
            return f"{above}[]" if above else None
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str) and not node.arg.value.startswith("_"):
            return f"{above}.{node.arg.value}" if above else None
        found.refuse("方括号里只能写数字。请改用点号，例如 facts.title。")
    return None


def _said(node: nodes.Node) -> str:
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Getattr):
        return f"{_said(node.node)}.{node.attr}"
    return repr(node.value)[:20] if isinstance(node, nodes.Const) else "…"


def unknown_names(use: Use, known: Iterable[str]) -> list[str]:
    """Names that the facts of the kind do not have."""
    allowed = set(known)
    for path in list(allowed):
        pieces = re.split(r"(?=[.\[{])", path)
        allowed |= {"".join(pieces[:count]) for count in range(1, len(pieces))}
    bad = [
        path for path in use.paths
        if path not in allowed and not (path.startswith("loop.") and path[5:] in LOOP_WORDS)
    ]  # fmt: skip
    return [
        f"“{path.replace('[]', '').replace('{}', '')}”不是这种文书的数据。可用的名字列在模板页上，请核对拼写。"
        for path in dict.fromkeys(bad)
    ]


# ------------------------------------------------------------------------------------------------ sample facts


def sample(paths: Mapping[str, set[str]]) -> dict[str, object]:
    """Facts of the right shape, made from what the built-in template reads: for the trial before a template is used."""
    tree: dict[str, dict] = {}
    for path in paths:
        here = tree
        for piece in re.findall(r"[^.\[{]+|\[\]|\{\}", path):
            here = here.setdefault(piece, {})
    found = _sample("", tree, paths)
    return found if isinstance(found, dict) else {}


def _sample(path: str, tree: Mapping[str, dict], paths: Mapping[str, set[str]]) -> object:
    if "[]" in tree:
        one = _sample(f"{path}[]", tree["[]"], paths)
        return [one, one]
    if "{}" in tree:
        return {"甲": _sample(f"{path}{{}}", tree["{}"], paths)}
    if tree:
        return {key: _sample(f"{path}.{key}" if path else key, below, paths) for key, below in tree.items()}
    return _leaf(paths.get(path, set()))


def _leaf(hints: set[str]) -> object:
    for hint in sorted(hints):
        name = hint.split(":")[0]
        if name in ("|full_day", "|short_day", "|until", "|slice", "|moment_words"):
            return "2026-03-05"
        if name in ("|num", "|times") or hint.startswith("#"):
            return 3
        if name == "|percent":
            return 0.5
        if name in ("|join", "|length"):
            return ["样例一", "样例二"]
    return next((hint[1:] for hint in sorted(hints) if hint.startswith("=") and hint[1:] != "None"), "样例")
