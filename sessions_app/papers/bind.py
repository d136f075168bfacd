"""Binds a front and sections into one PDF: page numbers, outlines, tags, one set of fonts; always the same bytes."""

from __future__ import annotations

import io
import json
import re
import resource
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, String

LINK = "zhixing:"
A4 = (595.276, 841.89)
Letters = dict[tuple[str, str], set[str]]  # by family and weight ("normal", "bold")


@dataclass(frozen=True)
class Heading:
    """A bookmark: its level (1 is the top), its words, and the page it is on, counted from 0 within its PDF."""

    level: int
    title: str
    page: int


@dataclass(frozen=True)
class Entry:
    """A line of the contents: `page` is the number printed on the paper."""

    level: int
    title: str
    page: int


@dataclass(frozen=True)
class Section:
    """A rendered piece, a file. `under` hangs its headings below one bookmark of that name; "" leaves its own first
    heading (the title) out and lets the chapters stand at the top. Pieces of one `group` hang below a bookmark of that
    name ("" is the annex); a piece of its group's own name is the group."""

    path: Path
    under: str = ""
    group: str = ""


@dataclass(frozen=True)
class Survey:
    """What must be known before the front can be set: the contents, the number of body pages, and the letters that the
    sections set in each family and weight."""

    entries: list[Entry]
    pages: int
    fonts: list[str]
    letters: Letters
    wide: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Bound:
    """What was written: its pages, and the fonts it really sets its text in."""

    pages: int
    fonts: tuple[str, ...]


def headings(pdf: pikepdf.Pdf) -> list[Heading]:
    pages = {page.objgen: index for index, page in enumerate(pdf.pages)}
    found: list[Heading] = []

    def walk(items: Sequence[pikepdf.OutlineItem], level: int) -> None:
        for item in items:
            target = item.destination
            page = pages[target[0].objgen] if isinstance(target, Array) else 0
            found.append(Heading(level, item.title, page))
            walk(item.children, level + 1)

    with pdf.open_outline() as outline:
        walk(list(outline.root), 1)
    return found


def _fonts(pdf: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    for thing in pdf.objects:
        if isinstance(thing, Dictionary) and thing.get("/Type") == Name.Font and "/DescendantFonts" in thing:
            yield thing


def _plain(font: pikepdf.Object) -> str:
    """The font's name without the subset's prefix."""
    return str(font.BaseFont).lstrip("/").split("+")[-1]


def fonts_of(pdf: bytes) -> tuple[str, ...]:
    """Names of the fonts the file really sets its text in, without the subset's prefix."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return tuple(sorted({_plain(font) for font in _fonts(opened)}))


PAIR = re.compile(rb"<([0-9a-f]{4})> <([0-9a-f]+)>")


def _glyphs(font: pikepdf.Object) -> dict[int, str]:
    """Which glyph stands for which text, from the table that lets a reader copy it out."""
    found = {}
    for line in re.findall(rb"beginbfchar(.*?)endbfchar", font.ToUnicode.read_bytes(), re.DOTALL):
        for glyph, text in PAIR.findall(line):
            found[int(glyph, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be", "replace")
    return found


def survey(sections: Sequence[Section], annex: str) -> Survey:
    entries, start, group = [], 0, ""
    wide: set[int] = set()
    letters: Letters = {}
    names: set[str] = set()
    for section in sections:
        with pikepdf.open(section.path) as pdf:
            names |= {_plain(font) for font in _fonts(pdf)}
            _read(pdf, letters)
            wide |= {start + at for at, page in enumerate(pdf.pages) if page.mediabox[2] > page.mediabox[3]}
            if section.under:
                if group != (section.group or annex):
                    group = section.group or annex
                    entries.append(Entry(1, group, start + 1))
                if section.under != group:
                    entries.append(Entry(2, section.under, start + 1))
            else:
                entries += [Entry(1, one.title, start + one.page + 1) for one in headings(pdf) if one.level == 2]
            start += len(pdf.pages)
    return Survey(entries, start, sorted(names), letters, frozenset(wide))


HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+")


@dataclass(frozen=True)
class Sample:
    """What the specimen prints in one family and weight."""

    family: str
    weight: str
    words: list[str]


def specimen_of(known: Survey, *more: Path) -> list[Sample]:
    """What the specimen must print, by family and weight: the letters of the sections and of `more` files, in order. Digits and
    marks have other glyphs beside Latin letters than beside Chinese ones, so they come between both."""
    letters = {font: set(texts) for font, texts in known.letters.items()}
    for path in more:
        with pikepdf.open(path) as pdf:
            _read(pdf, letters)
    return [
        Sample(
            *font,
            [
                word
                for each in sorted(texts)
                for word in ([each] if HAN.fullmatch(each) else [f"国{each}国", f"a{each}a"])
            ],
        )
        for font, texts in sorted(letters.items())
    ]


def _read(pdf: pikepdf.Pdf, letters: Letters) -> None:
    for font in _fonts(pdf):
        family = str(font.DescendantFonts[0].FontDescriptor.FontFamily)
        weight = "bold" if _plain(font).endswith("-Bold") else "normal"
        letters.setdefault((family, weight), set()).update(_glyphs(font).values())


def bind(
    out_path: Path, front: Path, sections: Sequence[Section], stamps: Path, specimen: Path | None, *,
    title: str, annex: str,
) -> Bound:  # fmt: skip
    """Write the whole to `out_path`. `stamps` holds a page for each page of the sections, with its number and nothing
    else; the front is not numbered. `specimen` holds the fonts of all sections, once."""
    out = pikepdf.new()
    tags, shared = _Tags(out), _Fonts(out, specimen)
    marks: list[tuple[int, str, int]] = []  # level, title, page of the whole
    with pikepdf.open(front) as pdf:
        tags.add(pdf)
        if len(out.pages) % 2:  # page 1 is a right-hand page: odd numbers stand at its outer edge
            out.add_blank_page(page_size=A4)
        body_at = len(out.pages)
        shared.add(pdf)
        marks.append((1, "封面", 0))
        marks.append((1, "目录", min(1, body_at - 1)))
        info = pdf.Root.Metadata.read_bytes() if "/Metadata" in pdf.Root else b""
    group = ""
    for section in sections:
        with pikepdf.open(section.path) as pdf:
            base = len(out.pages)
            if section.under:
                if group != (section.group or annex):
                    group = section.group or annex
                    marks.append((1, group, base))
                if section.under != group:
                    marks.append((2, section.under, base))
                marks += [(one.level + 1, one.title, base + one.page) for one in headings(pdf) if one.level > 1]
            else:
                marks += [(one.level - 1, one.title, base + one.page) for one in headings(pdf) if one.level > 1]
            tags.add(pdf)
            shared.add(pdf)
    with pikepdf.open(stamps) as pdf:
        _stamp(out, pdf, body_at)
        shared.add(pdf)
    _links(out, body_at)
    _outline(out, marks)
    tags.finish()
    out.Root.Lang = String("zh-CN")
    out.Root.MarkInfo = Dictionary(Marked=True)
    out.Root.ViewerPreferences = Dictionary(DisplayDocTitle=True)
    out.Root.PageLabels = Dictionary(Nums=Array([0, Dictionary(S=Name.r), body_at, Dictionary(S=Name.D, St=1)]))
    out.docinfo["/Title"] = String(title)
    out.docinfo["/Producer"] = String("Zhixing")
    if info:
        out.Root.Metadata = pikepdf.Stream(out, info, Type=Name.Metadata, Subtype=Name.XML)
    pages = len(out.pages)
    out.save(
        out_path, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate,
        compress_streams=True, recompress_flate=False, fix_metadata_version=False, min_version="1.7",
    )  # fmt: skip
    return Bound(pages, tuple(sorted(shared.names)))


class _Fonts:
    """One set of font files for the whole. Subsets keep the numbers of their glyphs, so that a section's text can be
    set in the specimen's subset, as long as that has every glyph; else the section keeps its own."""

    def __init__(self, out: pikepdf.Pdf, specimen: Path | None) -> None:
        self.out = out
        self.names: set[str] = set()
        self.shared: dict[str, tuple[pikepdf.Object, dict[int, str]]] = {}
        if specimen is None:
            return
        with pikepdf.open(specimen) as pdf:
            for font in _fonts(pdf):
                self.shared[str(font.BaseFont)] = (out.copy_foreign(font), _glyphs(font))

    def add(self, pdf: pikepdf.Pdf) -> None:
        """Call when the pages of `pdf` have been copied: its fonts then point to the shared files."""
        for font in _fonts(pdf):
            self.names.add(_plain(font))
            whole, glyphs = self.shared.get(str(font.BaseFont), (None, {}))
            mine = _glyphs(font)
            if whole is None or not mine.keys() <= glyphs.keys():
                continue
            copied = self.out.copy_foreign(font)
            copied.DescendantFonts = whole.DescendantFonts
            if mine.items() <= glyphs.items():
                copied.ToUnicode = whole.ToUnicode


class _Tags:
    """Joins the structure trees: each file keeps its own Document, its pages get numbers of their own."""

    def __init__(self, out: pikepdf.Pdf) -> None:
        self.out = out
        self.documents: list[pikepdf.Object] = []
        self.numbers: list[object] = []
        self.next = 0

    def add(self, pdf: pikepdf.Pdf) -> None:
        """Append the pages of `pdf`, and its tags."""
        first = len(self.out.pages)
        self.out.pages.extend(pdf.pages)
        tree = pdf.Root.get("/StructTreeRoot")
        if tree is None:
            return
        mine = self.out.copy_foreign(pdf.make_indirect(tree))
        for number in range(first, len(self.out.pages)):
            page = self.out.pages[number]
            self._renumber(page.obj, "/StructParents")
            for note in page.obj.get("/Annots", []):
                self._renumber(note, "/StructParent")
        highest = -1
        nums = list(mine.ParentTree.Nums)
        for key, value in zip(nums[::2], nums[1::2], strict=True):
            self.numbers += [int(key) + self.next, value]
            highest = max(highest, int(key))
        kids = mine.K
        self.documents += list(kids) if isinstance(kids, Array) else [kids]
        self.next += highest + 1

    def _renumber(self, thing: pikepdf.Object, key: str) -> None:
        if key in thing:
            thing[key] = int(thing[key]) + self.next

    def finish(self) -> None:
        if not self.documents:
            return
        root = self.out.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        whole = self.out.make_indirect(Dictionary(Type=Name.StructElem, S=Name.Document, P=root))
        for document in self.documents:
            document.S = Name.Part
            document.P = whole
        whole.K = Array(self.documents)
        root.K = Array([whole])
        root.ParentTree = self.out.make_indirect(Dictionary(Nums=Array(self.numbers)))
        root.ParentTreeNextKey = self.next
        self.out.Root.StructTreeRoot = root


def _stamp(out: pikepdf.Pdf, stamps: pikepdf.Pdf, body_at: int) -> None:
    """The numbers come as drawings that are no text of the document: artifacts to a reader aloud."""
    for index, page in enumerate(stamps.pages):
        form = out.copy_foreign(page.as_form_xobject())
        for key in ("/StructParents", "/Group"):
            if key in form:
                del form[key]
        target = pikepdf.Page(out.pages[body_at + index])
        name = f"/Number{index + 1}"
        target.add_resource(form, Name.XObject, name=Name(name))
        target.contents_add(b"q", prepend=True)  # the page's own drawing leaves its axes turned over
        target.contents_add(f"Q /Artifact BMC q {name} Do Q EMC".encode())


def _links(out: pikepdf.Pdf, body_at: int) -> None:
    """Lines of the contents lead to their pages."""
    for page in list(out.pages)[:body_at]:
        for note in page.obj.get("/Annots", []):
            action = note.get("/A")
            if action is None or not str(action.get("/URI", "")).startswith(LINK):
                continue
            number = int(str(action.URI).removeprefix(LINK))
            del note["/A"]
            note.Dest = _target(out, body_at + number - 1)
            note.Contents = String(f"第{number}页")


def _target(out: pikepdf.Pdf, page: int) -> Array:
    return Array([out.pages[page].obj, Name.XYZ, 0, 842, 0])


def _outline(out: pikepdf.Pdf, marks: Sequence[tuple[int, str, int]]) -> None:
    with out.open_outline() as outline:
        path: list[pikepdf.OutlineItem] = []
        for level, title, page in marks:
            item = pikepdf.OutlineItem(title, page)
            depth = min(level, len(path) + 1)
            del path[depth - 1 :]
            (path[-1].children if path else outline.root).append(item)
            path.append(item)
            item.is_closed = depth > 1


def main() -> None:
    """The child: what to bind comes as JSON on stdin, what was bound is said on stdout."""
    asked = json.load(sys.stdin)
    memory = asked["memory_mb"] * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (int(asked["seconds"]) + 1,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    bound = bind(
        Path(asked["out"]), Path(asked["front"]), [Section(Path(path), under, group) for path, under, group in asked["sections"]],
        Path(asked["stamps"]), Path(asked["specimen"]) if asked["specimen"] else None,
        title=asked["title"], annex=asked["annex"],
    )  # fmt: skip
    json.dump({"pages": bound.pages, "fonts": bound.fonts}, sys.stdout)


if __name__ == "__main__":
    main()
