"""Binds a front and sections into one PDF: page numbers, outlines, tags; the same bytes every time."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pikepdf
from pikepdf import Array, Dictionary, Name, String

LINK = "zhixing:"


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
    """A rendered piece. `under` hangs its headings below one bookmark of that name; "" leaves its own first
    heading (the title) out and lets the chapters stand at the top."""

    pdf: bytes
    under: str = ""


@dataclass(frozen=True)
class Bound:
    pdf: bytes
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


def fonts(pdf: pikepdf.Pdf) -> set[str]:
    """Names of the fonts the file really sets its text in, without the subset's prefix."""
    return {
        str(thing["/BaseFont"]).lstrip("/").split("+")[-1]
        for thing in pdf.objects
        if isinstance(thing, Dictionary) and thing.get("/Type") == Name.Font and "/BaseFont" in thing
    }


def fonts_of(pdf: bytes) -> tuple[str, ...]:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return tuple(sorted(fonts(opened)))


def plan_of(sections: Sequence[Section], annex: str) -> tuple[list[Entry], list[str], int]:
    """The contents, the fonts and the number of body pages, before the front can be set."""
    entries, used, start, in_annex = [], set(), 0, False
    for section in sections:
        with pikepdf.open(io.BytesIO(section.pdf)) as pdf:
            used |= fonts(pdf)
            if section.under:
                if not in_annex:
                    entries.append(Entry(1, annex, start + 1))
                    in_annex = True
                entries.append(Entry(2, section.under, start + 1))
            else:
                entries += [Entry(1, one.title, start + one.page + 1) for one in headings(pdf) if one.level == 2]
            start += len(pdf.pages)
    return entries, sorted(used), start


def bind(front: bytes, sections: Sequence[Section], stamps: Callable[[int], bytes], *, title: str, annex: str) -> Bound:
    """`stamps(n)` is a PDF of n pages that bear the page numbers and nothing else. The front is not numbered."""
    out = pikepdf.new()
    tags = _Tags(out)
    marks: list[tuple[int, str, int]] = []  # level, title, page of the whole
    with pikepdf.open(io.BytesIO(front)) as pdf:
        body_at = len(pdf.pages)
        tags.add(pdf)
        marks.append((1, "封面", 0))
        marks.append((1, "目录", min(1, body_at - 1)))
        info = pdf.Root.Metadata.read_bytes() if "/Metadata" in pdf.Root else b""
    in_annex = False
    for section in sections:
        with pikepdf.open(io.BytesIO(section.pdf)) as pdf:
            base = len(out.pages)
            if section.under:
                if not in_annex:
                    marks.append((1, annex, base))
                    in_annex = True
                marks.append((2, section.under, base))
                marks += [(one.level + 1, one.title, base + one.page) for one in headings(pdf) if one.level > 1]
            else:
                marks += [(one.level - 1, one.title, base + one.page) for one in headings(pdf) if one.level > 1]
            tags.add(pdf)
    _stamp(out, stamps(len(out.pages) - body_at), body_at)
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
    used = sorted(fonts(out))
    pages = len(out.pages)
    with tempfile.TemporaryFile() as result:
        # By way of a file: what is bound holds every section already, and a city's report is long.
        out.save(
            result, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate,
            compress_streams=True, recompress_flate=False, fix_metadata_version=False, min_version="1.7",
        )  # fmt: skip
        out.close()
        result.seek(0)
        return Bound(result.read(), pages, tuple(used))


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
        for page in list(self.out.pages)[first:]:
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


def _stamp(out: pikepdf.Pdf, stamps: bytes, body_at: int) -> None:
    """The numbers come as drawings that are no text of the document: artifacts to a reader aloud."""
    with pikepdf.open(io.BytesIO(stamps)) as pdf:
        for index, page in enumerate(pdf.pages):
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
