"""From frozen facts to a Word file: the same content as the PDF, by a template that anybody can read and a child that
reads nothing but facts."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import vl_convert
from django.conf import settings
from django.template.loader import render_to_string

from sessions_app.papers import charts, rules, typeset, word_templates
from sessions_app.papers.edition import edition as edition_of_pages
from sessions_app.papers.models import PaperKind
from sessions_app.papers.pdf import PaperFailed, Press

Facts = Mapping[str, Any]
SOURCES = (
    "word.py", "word_blocks.py", "word_child.py", "word_templates.py", "zipped.py", "charts.py", "rules.py", "typeset.py",
    "../templatetags/papers.py",
)  # fmt: skip
LIBRARIES = ("docxtpl", "python-docx", "jinja2", "lxml", "markupsafe")
NO_DATE = "2017-01-30"


class WordPress(Press):
    """The child that fills in Word templates; see word_child."""

    module = "sessions_app.papers.word_child"

    def set(self, request: Mapping[str, Any]) -> bytes:
        return self.ask(self._said({"do": "set", **request}))[1]

    def names(self, template: bytes) -> dict[str, list[str]]:
        asked = self._said({"do": "names", "template": base64.b64encode(template).decode()})
        return self.ask(asked, has_body=False)[0]["paths"]

    def check(self, template: bytes, known: Mapping[str, list[str]]) -> list[str]:
        said = {"do": "check", "template": base64.b64encode(template).decode(), "known": known}
        return self.ask(self._said(said), has_body=False)[0]["reasons"]

    def _said(self, request: Mapping[str, Any]) -> bytes:
        asked = {**request, "cpu_seconds": int(self.seconds)}
        return json.dumps(asked, sort_keys=True).encode()  # in one order, as the database keeps another


WORD_PRESS = WordPress()
CHECK_SECONDS = 20


def has_word(kind: str) -> bool:
    return kind == PaperKind.ANNUAL or kind in typeset.SINGLE


def docx(
    kind: str, facts: Facts, *, template: bytes | None = None, draft: Mapping[str, str] | None = None,
    press: WordPress | None = None,
) -> bytes:  # fmt: skip
    """The Word file of a paper; `template` the department's own, the built-in one without. The same facts, template and
    edition give the same bytes. `draft` {"who", "at"}: a working copy, marked on every page. Raises PaperFailed."""
    mark = f"工作稿，未印发 · {draft['who']} · {rules.moment_words(draft['at'])}" if draft else ""
    pictures: dict[str, str] = {}
    context = {"facts": dict(facts), "title": facts["title"], "mark": mark, **extras(kind, facts, pictures)}
    core = {"title": facts["title"], "mark": mark, "at": moment_of(facts)}
    used = word_templates.built_in(kind) if template is None else template
    request = {"template": base64.b64encode(used).decode(), "context": context, "pictures": pictures, "core": core}
    try:
        return (press or WORD_PRESS).set(request)
    except PaperFailed as error:
        if template is None:
            raise
        raise PaperFailed(
            f"本单位的 Word 模板排不出这份文书（{error.sentence.rstrip('。')}）。请停用这一版模板，或上传改好的一版。",
            str(error),
        ) from error


def extras(kind: str, facts: Facts, pictures: dict[str, str]) -> dict[str, Any]:
    """What is worked out from the facts for the page: numbers of tables, charts. Fills `pictures` with PNG by name."""
    if kind in word_templates.WHOLE:
        return {"body": _body(kind, facts, pictures)}
    if kind != PaperKind.ANNUAL:
        return {}
    sections = []
    for section in facts["sections"]:
        more = typeset.section_context(section)
        drawn = {}
        for name, svg in more["charts"].items():
            drawn[name] = _picture(svg, pictures)
        sections.append({**section, "tables": more["tables"], "has_shares": more["has_shares"], "charts": drawn})
    return {"facts": {**facts, "sections": sections}}


def _picture(svg: str, pictures: dict[str, str]) -> str:
    key = hashlib.sha256(svg.encode()).hexdigest()[:16]
    if key not in pictures:
        pictures[key] = base64.b64encode(vl_convert.svg_to_png(svg, scale=2)).decode()
    return key


def _body(kind: str, facts: Facts, pictures: dict[str, str]) -> str:
    """The page as it is printed, its charts by name."""
    page = render_to_string(typeset.SINGLE[kind], {"facts": facts, "title": facts["title"], "draft": None})
    inside = page.partition("<body")[2].partition(">")[2].rpartition("</body>")[0]

    def named(match: re.Match[str]) -> str:
        return f'src="{_picture(base64.b64decode(match[1]).decode(), pictures)}"'

    return re.sub(r'src="data:image/svg\+xml;base64,([^"]+)"', named, inside)


def moment_of(facts: Facts) -> str:
    """A moment that belongs to the facts: what the file says about when it was made follows from them alone."""
    issue = facts.get("issue")
    found = issue.get("as_of") if isinstance(issue, Mapping) else None
    for key in ("on", "approved_on", "day", "as_of"):
        found = found or facts.get(key)
    return str(found or NO_DATE)


def edition(kind: str, template: bytes | None = None) -> str:
    """SHA-256 of the template and everything that fills it in: as long as it is the same, the bytes come out the same."""
    used = word_templates.built_in(kind) if template is None else template
    page = edition_of_pages() if kind in word_templates.WHOLE else ""
    return rules.fingerprint(hashlib.sha256(used).hexdigest(), page, _machinery())


@cache
def _machinery() -> str:
    here = Path(settings.BASE_DIR) / "sessions_app" / "papers"
    sources = [hashlib.sha256((here / name).read_bytes()).hexdigest() for name in SOURCES]
    versions = {name: version(name) for name in LIBRARIES}
    return rules.fingerprint(sources, versions, zlib.ZLIB_RUNTIME_VERSION, charts.VERSION)


# ------------------------------------------------------------------------------------------------- own templates


@cache
def known_names(kind: str) -> dict[str, list[str]]:
    """Names of facts that templates of a kind may use: those the built-in one reads, each with how it is used."""
    return WORD_PRESS.names(word_templates.built_in(kind))


def template_reasons(kind: str, content: bytes) -> list[str]:
    """Why an uploaded template may not be used, in sentences; looked at by a child of its own that ends afterwards."""
    press = WordPress(seconds=CHECK_SECONDS, life=1)
    try:
        return press.check(content, known_names(kind))
    except PaperFailed as error:
        if "内存" in error.sentence:
            return ["试排这份模板要用的内存太多。请检查是否有套了很多层的循环，或过大的图片。"]
        if "超过" in error.sentence:
            return ["试排这份模板的时间太长。请检查是否有套了很多层的循环。"]
        return ["检查这份模板时出错，不能使用。请从现用模板重新下载一份，改好再传。"]
    finally:
        press.close()


def names_to_show(kind: str) -> Iterator[str]:
    """The names for the page that explains a template, without what only its loops use."""
    for path in sorted(known_names(kind)):
        if path.startswith(("facts.", "title", "mark")):
            yield path.replace("[]", "［每一项］").replace("{}", "［每一项］")
