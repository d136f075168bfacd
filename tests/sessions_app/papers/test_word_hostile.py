"""Files that mean harm, as templates: each is refused in a sentence, nothing of them is done, and the process lives."""

import io
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions_app.papers import word, word_rules, word_templates
from sessions_app.papers.pdf import PaperFailed
from tests.sessions_app.papers.word_ground import (
    changed,
    facts_of,
    paragraphs,
    with_relation,
    with_text,
    with_xml,
)

KIND = "minutes"
GOOD = word_templates.built_in(KIND)


def reasons(content: bytes, kind: str = KIND) -> list[str]:
    found = word_rules.package_reasons(content) or word.template_reasons(kind, content)
    word.WORD_PRESS.names(GOOD)  # the process that makes papers is alive
    return found


TAGS = {
    "class": "{{ ''.__class__.__mro__ }}",
    "attribute": "{{ facts.__class__.__init__.__globals__ }}",
    "item": "{{ facts['__class__'] }}",
    "filter on it": "{{ facts.topic|attr('__class__') }}",
    "subclasses": "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "globals": "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "self": "{{ self._TemplateReference__context }}",
    "joiner": "{{ joiner.__init__.__globals__ }}",
    "lipsum": "{{ lipsum.__globals__['os'].popen('id') }}",
    "format": "{{ '{0.__class__}'.format(facts) }}",
    "call of a fact": "{{ facts.topic.upper() }}",
    "include": "{% include '/etc/passwd' %}",
    "import": "{% import 'os' as os %}",
    "from": "{% from 'x' import y %}",
    "extends": "{% extends '/etc/passwd' %}",
    "macro": "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "call block": "{% call facts.topic() %}{% endcall %}",
    "set": "{% set x = facts %}",
    "filter block": "{% filter upper %}a{% endfilter %}",
    "block": "{% block a %}{% endblock %}",
    "with": "{% with a = facts %}{% endwith %}",
    "do": "{% do facts.clear() %}",
    "range": "{% for i in range(10**9) %}x{% endfor %}",
    "power": "{{ 9**99999999 }}",
    "times": "{{ 'x' * 999999999 }}",
    "join": "{{ facts.topic ~ facts.topic }}",
    "slice": "{{ facts.topic[1:2] }}",
    "key of a key": "{{ facts[facts.topic] }}",
    "list": "{{ [1, 2, 3] }}",
    "dict": "{{ {'a': 1} }}",
    "unknown name": "{{ facts.salary }}",
    "unknown root": "{{ request.user }}",
    "unknown filter": "{{ facts.topic|safe }}",
    "unknown test": "{{ facts.topic is callable }}",
    "recursive": "{% for x in facts.rolls recursive %}{{ loop(x) }}{% endfor %}",
    "deep": "{% for a in facts.rolls %}" * 6 + "{% endfor %}" * 6,
    "never closed": "{% if facts.topic %}",
    "half a tag": "{{ facts.topic ",
}  # fmt: skip


@pytest.fixture(scope="module")
def press() -> Iterator[word.WordPress]:
    own = word.WordPress(seconds=30, life=200)
    yield own
    own.close()


@pytest.mark.parametrize("name", TAGS)
def test_tags_that_reach_beyond_the_facts_are_refused(name: str, press: word.WordPress) -> None:
    found = press.check(with_text(GOOD, TAGS[name]), word.known_names(KIND))
    assert found and all("。" in one for one in found), name


@pytest.mark.parametrize("name", TAGS)
def test_and_do_nothing_if_they_were_filled_in_all_the_same(name: str) -> None:
    """The second lock: what the check let through by a mistake of ours, the environment of the child does not know."""
    try:
        said = "".join(paragraphs(word.docx(KIND, facts_of(KIND), template=with_text(GOOD, TAGS[name]))))
    except PaperFailed as failed:
        assert "模板" in failed.sentence
        return
    assert not [word_ for word_ in ("root:", "uid=", "<class", "function", "object at", "salary") if word_ in said]


@pytest.mark.parametrize("runs", [
    ("{", "{ ''.__class__ }", "}"), ("{{ ''.__cl", "ass__.__mro__ }}"), ("{", "%", " set x = 1 %", "}"), ("{{ ‘’.__class__ }}",),
    ("{{r facts.__class__ }}",), ("{%p set x = 1 %}",), ("{%- set x = 1 -%}",), ("{{p ''.__class__ }}",),
])  # fmt: skip
def test_braces_hidden_in_several_runs_are_seen(runs: tuple[str, ...], press: word.WordPress) -> None:
    assert press.check(with_text(GOOD, *runs), word.known_names(KIND))


def test_tags_hide_nowhere_else() -> None:
    for part in ("word/header1.xml", "word/footer1.xml"):
        hidden = changed(
            GOOD, {part: lambda old: old.replace(b"</w:p>", b"<w:r><w:t>{{ ''.__class__ }}</w:t></w:r></w:p>", 1)}
        )
        assert any("下划线" in one for one in reasons(hidden)), part
    core = changed(
        GOOD, {"docProps/core.xml": lambda old: old.replace("学习记录模板".encode(), b"{{ ''.__class__.__mro__ }}")}
    )
    said = word.docx(KIND, facts_of(KIND), template=core)
    with zipfile.ZipFile(io.BytesIO(said)) as package:
        assert b"class" not in package.read("docProps/core.xml")


FIELD = '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r>{}<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
CODE = '<w:r><w:instrText xml:space="preserve">{}</w:instrText></w:r>'
FILES = {
    "no zip": lambda: b"PK\x03\x04 not at all",
    "empty": lambda: b"",
    "a pdf": lambda: b"%PDF-1.7",
    "xlsx": lambda: changed(GOOD, {}).replace(b"word/document.xml", b"word/documenu.xml"),
    "macro": lambda: changed(GOOD, {"word/vbaProject.bin": b"x"}),
    "macro type": lambda: changed(GOOD, {"[Content_Types].xml": lambda old: old.replace(
        b"wordprocessingml.document.main", b"ms-word.document.macroEnabled.main")}),
    "attached template": lambda: with_relation(GOOD, "attachedTemplate", "http://10.0.0.1/x.dotm", external=True),
    "remote picture": lambda: with_relation(GOOD, "image", "http://10.0.0.1/x.png", external=True),
    "picture of a share": lambda: with_relation(GOOD, "image", "\\\\10.0.0.1\\x.png", external=False),
    "file address": lambda: with_relation(GOOD, "image", "file:///etc/passwd", external=False),
    "link": lambda: with_relation(GOOD, "hyperlink", "https://example.org", external=True),
    "object": lambda: with_relation(GOOD, "oleObject", "x.bin", external=False),
    "chunk": lambda: with_relation(GOOD, "aFChunk", "x.html", external=False),
    "altChunk": lambda: with_xml(GOOD, '<w:altChunk xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" r:id="rId1"/>'),
    "embedded": lambda: changed(GOOD, {"word/embeddings/oleObject1.bin": b"x"}),
    "activex": lambda: changed(GOOD, {"word/activeX/activeX1.xml": b"<x/>"}),
    "includetext": lambda: with_xml(GOOD, FIELD.format(CODE.format("INCLUDETEXT &quot;/etc/passwd&quot;"))),
    "split includetext": lambda: with_xml(GOOD, FIELD.format(CODE.format("INCLU") + CODE.format("DETEXT x"))),
    "dde": lambda: with_xml(GOOD, FIELD.format(CODE.format("DDEAUTO cmd.exe"))),
    "simple field": lambda: with_xml(GOOD, '<w:p><w:fldSimple w:instr="INCLUDEPICTURE x"/></w:p>'),
    "xxe": lambda: changed(GOOD, {"word/document.xml": lambda old: old.replace(
        b"<w:document", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><w:document', 1).replace(
        b"<w:sectPr", b"<w:p><w:r><w:t>&e;</w:t></w:r></w:p><w:sectPr", 1)}),
    "laughs": lambda: changed(GOOD, {"word/settings.xml": b'<!DOCTYPE l [<!ENTITY a "' + b"ha" * 99 + b'"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>'}),
    "utf-16": lambda: changed(GOOD, {"word/settings.xml": '<?xml version="1.0" encoding="UTF-16"?><!DOCTYPE x><x/>'.encode("utf-16")}),
    "broken xml": lambda: changed(GOOD, {"word/document.xml": b"<w:document"}),
    "out of the archive": lambda: changed(GOOD, {"../../evil.xml": b"<x/>"}),
    "bomb": lambda: changed(GOOD, {"word/media/a.xml": b"0" * (40 * 2**20)}),
    "many parts": lambda: changed(GOOD, {f"word/x{n}.xml": b"<x/>" for n in range(400)}),
    "no document": lambda: changed(GOOD, {"word/document.xml": b"<x/>"}),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_files_that_fetch_run_or_burst_are_refused(name: str) -> None:
    begun = time.monotonic()
    found = reasons(FILES[name]())
    assert found and all("。" in one for one in found), name
    assert time.monotonic() - begun < 30


def test_a_template_that_multiplies_its_lists_ends_at_the_limits() -> None:
    tag = "{% for a in facts.speeches %}"
    greedy = with_text(GOOD, tag * 4 + "{{ facts.topic }}" * 40 + "{% endfor %}" * 4)
    facts = {**facts_of(KIND), "speeches": [{"kind": "", "speaker": "", "title": "", "text": ""}] * 60}
    small = word.WordPress(memory_mb=600, seconds=8)
    with pytest.raises(PaperFailed) as failed:
        word.docx(KIND, facts, template=greedy, press=small)
    assert "Word 模板" in failed.value.sentence
    small.close()


def test_the_child_can_open_no_socket_start_no_process_and_write_no_file(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, socket, os, subprocess\n"
        "from sessions_app.papers import word_child\n"
        "sys.addaudithook(word_child.shut)\n"
        "tried = [lambda: socket.socket(), lambda: subprocess.Popen(['true']), lambda: os.system('true'), lambda: os.fork(),\n"
        f"    lambda: open({str(tmp_path / 'x')!r}, 'w'), lambda: os.remove('/nothing')]\n"
        "for one in tried:\n"
        "    try: one(); print('open')\n"
        "    except PermissionError: print('shut')\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=os.getcwd())
    assert run.stdout.split() == ["shut"] * 6
