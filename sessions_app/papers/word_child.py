"""A process that only fills in Word templates: no database, no network, little memory. Arguments: PLACE MEMORY_MB LIFE.

Frames as in pdf_child. A request {"do": "set", "template", "context", "pictures", "core", "cpu_seconds"} is answered by
{"ok"} and the .docx; {"do": "names", "template"} by {"ok", "paths"}; {"do": "check", "template", "known"} by {"ok",
"reasons"}. Templates are files that people upload: they read facts by name, and nothing else exists for them.
"""

from __future__ import annotations

import base64
import html
import io
import json
import os
import re
import resource
import select
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from docx.shared import Mm
from docxtpl import DocxTemplate, InlineImage
from jinja2 import ChainableUndefined, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import SandboxedEnvironment
from lxml import etree
from markupsafe import Markup

from sessions_app.papers import word_blocks, word_rules, zipped
from sessions_app.papers.pdf_child import IDLE_SECONDS, limit, read_frame, write_frame
from sessions_app.templatetags.papers import register

NO_CHARACTER = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
LONGEST = 60 * 2**20  # letters of a part; a template that multiplies its lists ends here
SHUT = (
    "socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "ctypes.", "shutil.",
    "urllib.", "ftplib.", "http.", "smtplib.", "os.remove", "os.rename", "os.mkdir", "os.listdir", "os.scandir",
)  # fmt: skip


def shut(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook, which nothing can take off again: no network, no other process, no writing."""
    if event.startswith(SHUT):
        raise PermissionError(event)
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise PermissionError("write")


# ----------------------------------------------------------------------------------------------------- the tags


class Nothing(ChainableUndefined):
    """What is not in the facts: empty and false, as in the print templates."""

    def _false(self, other: object) -> bool:
        return False

    __lt__ = __le__ = __gt__ = __ge__ = _false


class Tags(SandboxedEnvironment):
    """Names of facts, loops, conditions, our filters. No attribute of any object, no call, no other template."""

    intercepted_binops = frozenset(SandboxedEnvironment.default_binop_table)

    def getattr(self, obj: Any, attribute: str) -> Any:
        return self._read(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        return self._read(obj, argument)

    def _read(self, obj: Any, name: Any) -> Any:
        if isinstance(obj, Mapping):
            return obj.get(name, self.undefined(name=str(name)))
        if isinstance(obj, list) and isinstance(name, int):
            return obj[name] if -len(obj) <= name < len(obj) else self.undefined(name=str(name))
        if isinstance(obj, LoopContext) and name in word_rules.LOOP_WORDS:
            return getattr(obj, name)
        return self.undefined(name=str(name))

    def call(self, __context: Any, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        raise SecurityError("no call")

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        raise SecurityError("no arithmetic")


def plain(value: Any) -> Any:
    """What a filter of the print templates says, without its markup."""
    if not hasattr(value, "__html__"):
        return value
    return html.unescape(re.sub(r"<[^<>]+>", "", re.sub(r"<br\s*/?>", "\n", str(value))))


def ours(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda value, *args: plain(function(value, *args))


def cut(value: Any, said: str) -> Any:
    return value[slice(*(int(each) if each else None for each in str(said).split(":")))]


def times(count: Any) -> range:
    return range(min(int(count), 60))


FILTERS: dict[str, Callable[..., Any]] = {
    **{name: ours(function) for name, function in register.filters.items()},
    "times": times,
    "default": lambda value, other="": value or other,
    "default_if_none": lambda value, other="": other if value is None else value,
    "join": lambda value, mark="": str(mark).join(str(each) for each in value or []),
    "length": lambda value: len(value) if hasattr(value, "__len__") else 0,
    "slice": cut,
    "first": lambda value: value[0] if value else "",
    "last": lambda value: value[-1] if value else "",
    "linebreaksbr": lambda value: value,
    "items": lambda value: list(value.items()) if isinstance(value, Mapping) else [],
    "escape": lambda value: value,
}
TESTS = ("none", "defined", "undefined")


def tags() -> Tags:
    found = Tags(autoescape=True, undefined=Nothing, finalize=lambda value: "" if value is None else value)
    found.globals.clear()
    found.filters = dict(FILTERS)
    found.tests = {
        name: found.tests[name] for name in (*TESTS, "==", "!=", "<", "<=", ">", ">=", "in") if name in found.tests
    }
    return found


# ------------------------------------------------------------------------------------------------- one document


class Document(DocxTemplate):
    """docxtpl's, with our own reading of a part's XML and an end to what grows without end."""

    def render_xml_part(self, src_xml: str, part: Any, context: Any, jinja_env: Any = None) -> str:
        whole: str = super().render_xml_part(src_xml, part, context, jinja_env)
        if len(whole) > LONGEST:
            raise MemoryError
        etree.fromstring(
            whole.encode(), etree.XMLParser(resolve_entities=False, no_network=True)
        )  # docxtpl mends in silence
        return whole


def opened(template: bytes) -> Document:
    found = Document(io.BytesIO(template))
    found.init_docx()
    for name in ("author", "comments", "identifier", "language", "subject", "title"):
        setattr(found.docx.core_properties, name, "")  # docxtpl reads tags in these as well
    return found


def sources(document: Document) -> list[str]:
    """Every text of the file that is read as a template, as docxtpl sees it: cut runs joined, entities undone."""
    found = [document.patch_xml(document.get_xml())]
    for uri in (document.HEADER_URI, document.FOOTER_URI):
        found += [document.patch_xml(document.get_part_xml(part)) for _, part in document.get_headers_footers(uri)]
    for part in document.docx.part.package.iter_parts():
        if part.content_type.endswith("footnotes+xml"):
            found.append(document.patch_xml(part.blob.decode("utf-8")))
    return found


def cleaned(value: Any) -> Any:
    """Facts as Word's XML can hold them."""
    if isinstance(value, str):
        return NO_CHARACTER.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    if isinstance(value, dict):
        return {str(key): cleaned(each) for key, each in value.items()}
    return [cleaned(each) for each in value] if isinstance(value, list) else value


def fill(request: Mapping[str, Any]) -> bytes:
    """The template filled in, with head data of its own; the same request gives the same bytes."""
    document = opened(base64.b64decode(request["template"]))
    environment = tags()
    pictures = {name: base64.b64decode(content) for name, content in request.get("pictures", {}).items()}

    def picture(name: Any) -> Any:
        content = pictures.get(str(name))
        return InlineImage(document, io.BytesIO(content), width=Mm(150)) if content else ""

    def rich(value: Any) -> Markup:
        """HTML of an edited text as paragraphs; stands in a paragraph of its own: {{p facts.body|rich }}."""
        tree = word_blocks.parse(str(value or ""), picture=lambda name: str(picture(name)))
        return Markup(word_blocks.Setter().blocks(tree))  # noqa: S704 (of escaped text)

    environment.filters["picture"] = picture
    environment.filters["rich"] = rich
    document.render(cleaned(request["context"]), environment, autoescape=True)
    core, said = document.docx.core_properties, request["core"]
    day = datetime.fromisoformat(said["at"]).replace(tzinfo=None)
    core.title, core.author, core.last_modified_by = said["title"][:250], "知行", "知行"
    core.created, core.modified, core.revision, core.language = day, day, 1, "zh-CN"
    core.comments, core.subject, core.keywords, core.category = "", "", said["mark"], ""
    out = io.BytesIO()
    document.docx.save(out)
    return zipped.same(out.getvalue())


def names(template: bytes) -> dict[str, list[str]]:
    """What the template reads, each with what is done to it."""
    found: dict[str, set[str]] = {}
    environment = tags()
    environment.filters.update(picture=str, rich=str)
    for source in sources(opened(template)):
        for path, hints in word_rules.used(
            environment.parse(source), [*environment.filters, *environment.tests]
        ).paths.items():
            found.setdefault(path, set()).update(hints)
    return {path: sorted(hints) for path, hints in sorted(found.items())}


def check(template: bytes, known: Mapping[str, list[str]]) -> list[str]:
    """Every reason why the template may not be used; filled in once with facts of the right shape."""
    reasons = word_rules.package_reasons(template)
    if reasons:
        return reasons
    parts, reasons = word_rules.parts_of(template)
    reasons += word_rules.content_reasons(parts)
    if reasons:
        return reasons[: word_rules.REASONS_MOST]
    try:
        texts = sources(opened(template))
    except Exception:
        return ["Word 文件打不开。请在 Word 里打开，另存一份“Word 文档（*.docx）”再传。"]
    environment = tags()
    environment.filters.update(picture=str, rich=str)
    for text in texts:
        try:
            tree = environment.parse(text)
            use = word_rules.used(tree, [*environment.filters, *environment.tests])
        except TemplateError as error:
            return [f"标签写得不对：{told(error, text)}。请核对花括号和百分号是否成对，for 有 endfor，if 有 endif。"]
        reasons += [*use.reasons, *(word_rules.unknown_names(use, known) if not use.reasons else [])]
    if reasons:
        return list(dict.fromkeys(reasons))[: word_rules.REASONS_MOST]
    facts = word_rules.sample({path: set(hints) for path, hints in known.items()})
    try:
        fill({
            "template": base64.b64encode(template), "context": facts, "pictures": {},
            "core": {"at": "2026-01-01T00:00:00", "title": "", "mark": ""},
        })  # fmt: skip
    except Exception as error:
        if is_memory(error):
            raise
        return [f"用样例数据试排没有成功（{str(error)[:80]}）。请对照现用模板检查最近改动的标签。"]
    return []


def told(error: TemplateError, text: str) -> str:
    line = getattr(error, "lineno", None)
    words = str(getattr(error, "message", "") or error)[:80]
    lines = text.splitlines()
    near = re.sub(r"<[^<>]+>", "", lines[line - 1])[:40] if line and line <= len(lines) else ""
    return f"{words}（“{near}”附近）" if near and len(lines) > 3 else words


# ---------------------------------------------------------------------------------------------------- the frames


def answer(request: Mapping[str, Any]) -> tuple[dict[str, Any], bytes | None]:
    if request["do"] == "set":
        return {"ok": True}, fill(request)
    template = base64.b64decode(request["template"])
    if request["do"] == "names":
        return {"ok": True, "paths": names(template)}, None
    return {"ok": True, "reasons": check(template, request["known"])}, None


def is_memory(error: Exception) -> bool:
    """libxml2 says it in words of its own, or in none."""
    if isinstance(error, etree.XMLSyntaxError):
        return any(word in str(error) for word in ("unknown error", "emory", "xmlSAX2"))
    return isinstance(error, MemoryError)


def main(memory_mb: int, life: int) -> None:
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    limit(memory_mb)
    sys.addaudithook(shut)
    for _ in range(life):
        if not select.select([requests], [], [], IDLE_SECONDS)[0]:
            return
        frame = read_frame(requests)
        if frame is None:
            return
        request = json.loads(frame)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + int(request["cpu_seconds"]) + 1, hard))
        try:
            head, body = answer(request)
        except Exception as error:
            kind = "memory" if is_memory(error) else "error"
            write_frame(answers, json.dumps({"ok": False, "kind": kind, "error": repr(error)[:500]}).encode())
            if kind == "memory":
                return
            continue
        write_frame(answers, json.dumps(head).encode())
        if body is not None:
            write_frame(answers, body)


if __name__ == "__main__":
    main(int(sys.argv[2]), int(sys.argv[3]))
