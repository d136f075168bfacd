"""From frozen facts to a PDF: the only way a paper is made, whether issued, verified or printed as a working copy."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from sessions_app.papers import bind, bindery, charts, rules
from sessions_app.papers.edition import edition
from sessions_app.papers.pdf import PRESS, SHEETS, PaperFailed, Press, Printed

Facts = Mapping[str, Any]
ANNEX = "附件　各委员会学习情况"
SINGLE = {  # papers of one piece, with the page number in the sheet itself
    "sign-in": "papers/print/sign_in.html",
    "session-plan": "papers/print/session_plan.html",
    "minutes": "papers/print/minutes.html",
    "year-plan": "papers/print/year_plan.html",
    "outcomes": "papers/print/outcomes.html",
    "prompt": "papers/print/prompt.html",
    "reminder-letter": "papers/print/reminder_letter.html",
    "learning": "papers/print/learning.html",
    "findings": "papers/print/findings.html",
    "rectification": "papers/print/rectification.html",
    "rect-notice": "papers/print/rect_notice.html",
    "visit-record": "papers/print/visit_record.html",
    "feedback": "papers/print/feedback.html",
    "summary": "papers/print/summary.html",
    "speech": "papers/print/speech.html",
    "leave": "papers/print/leave.html",
    "make-up": "papers/print/make_up.html",
    "members": "papers/print/members.html",
    "speaker-filing": "papers/print/filing.html",
    "scores": "papers/print/scores.html",
    "interview": "papers/print/interview.html",
    "briefing": "papers/print/briefing.html",
    "bulletin": "papers/print/bulletin.html",
}


@dataclass(frozen=True)
class Finished:
    """A paper ready to be handed out: `rendered` says how many sections were set anew, not taken from the shelf."""

    pdf: bytes
    pages: int
    fonts: tuple[str, ...]
    rendered: int = 0


class Shelf:
    """Where rendered sections are kept, as files; this one keeps them as long as itself, and hands none out again:
    verification sets everything anew."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="zhixing-sections-")

    def close(self) -> None:
        self._place.cleanup()

    def get(self, fingerprint: str) -> Path | None:
        return None

    def put(self, fingerprint: str, printed: Printed) -> Path:
        path = Path(self._place.name) / f"{fingerprint}.pdf"
        path.write_bytes(printed.pdf)
        return path


def single(kind: str, facts: Facts, *, draft: Mapping[str, str] | None = None, press: Press | None = None) -> Finished:
    """A paper of one piece. `draft` {"who", "at"}: a working copy, marked on every page."""
    html = render_to_string(SINGLE[kind], {"facts": facts, "title": facts["title"], "draft": draft})
    sheets = (*SHEETS, "draft.css") if draft else SHEETS
    printed = (press or PRESS).print(html, sheets=sheets, identifier=rules.fingerprint(kind, facts, edition()))
    if printed.missing and not draft:
        letters = "、".join(f"{each}（U+{ord(each):04X}）" for each in printed.missing)
        raise PaperFailed(f"没有字体能印出这些字：{letters}。请改写，或请管理员安装有这些字的字体后再印发。")
    return Finished(printed.pdf, printed.pages, _fonts(printed.pdf), 1)


def section_print(facts: Facts) -> str:
    """What a section is kept under."""
    return rules.fingerprint("section", facts, edition())


def section(facts: Facts, *, shelf: Shelf, press: Press | None = None) -> tuple[Path, bool]:
    """One section of an annual report, and whether it was set anew. Its bytes follow from its facts and the edition."""
    key = section_print(facts)
    kept = shelf.get(key)
    if kept is not None:
        return kept, False
    printed = (press or PRESS).print(section_html(facts), identifier=key)
    return shelf.put(key, printed), True


def section_context(facts: Facts) -> dict[str, Any]:
    """What is worked out from a section's facts: charts as SVG, numbers of its tables."""
    whole = facts["part"] == "whole"
    unit = "场" if whole else "次"
    key = "sessions" if whole else "committee_sessions"
    months = [(f"{row['month']}月", row[key]) for row in facts["months"]]
    pictures = {"months": charts.columns(months, unit=unit, label="各月集体学习")}
    if whole:
        rows = [(row["label"], row["number"]) for row in facts["modes"]]
        pictures["modes"] = charts.bars(rows, unit=unit, label="六学联动各方式")
    return {
        "charts": pictures, "tables": rules.table_numbers(facts), "has_shares": rules.has_shares(facts["figures"]),
    }  # fmt: skip


def section_html(facts: Facts) -> str:
    template = "papers/print/annual_whole.html" if facts["part"] == "whole" else "papers/print/annual_section.html"
    context = {"facts": facts, "title": facts["title"], "body_class": "is-section", **section_context(facts)}
    return render_to_string(template, context)


def annual(
    facts: Facts, *, shelf: Shelf | None = None, press: Press | None = None, draft: Mapping[str, str] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Finished:  # fmt: skip
    """An annual report from {"title", "cover", "issue", "sections": [facts of each section]}.

    One section: its committee's own report. Several: the first is the whole, the others hang in the annex.
    """
    if shelf is None:
        with contextlib.closing(Shelf()) as own:
            return annual(facts, shelf=own, press=press, draft=draft, progress=progress)
    press = press or PRESS
    sections: list[bind.Section] = []
    anew = 0
    for index, each in enumerate(facts["sections"]):
        path, was_set = section(each, shelf=shelf, press=press)
        anew += was_set
        sections.append(bind.Section(path, each["committee"]["name"] if index else ""))
        if progress:
            progress(index + 1, len(facts["sections"]))
    return _bound(facts, sections, "stamps", anew, press, draft)


def _bound(
    facts: Facts, sections: list[bind.Section], stamped: str, anew: int, press: Press, draft: Mapping[str, str] | None
) -> Finished:
    """Cover, contents and page numbers round the sections, in one file. `stamped`: the template of the numbers."""
    known = bind.survey(sections, ANNEX)
    sheets = (*SHEETS, "draft.css") if draft else SHEETS
    with tempfile.TemporaryDirectory(prefix="zhixing-bind-") as name:
        place = Path(name)

        def piece(template: str, context: Mapping[str, Any], identifier: str, sheets: tuple[str, ...] = sheets) -> Path:
            html = render_to_string(f"papers/print/{template}.html", {**context, "draft": draft})
            path = place / f"{template}.pdf"
            path.write_bytes(press.print(html, sheets=sheets, identifier=identifier).pdf)
            return path

        front = piece(
            "front",
            {
                "facts": facts,
                "title": facts["title"],
                "entries": known.entries,
                "fonts": known.fonts,
                "edition": edition(),
            },  # fmt: skip
            rules.fingerprint("front", facts["title"], edition()),
        )
        pages = [number in known.wide for number in range(known.pages)]
        more = (VOLUME,) if stamped != "stamps" else ()
        stamps = piece(stamped, {"pages": pages}, f"stamps {known.pages}", (*sheets, *more))
        specimen = None
        if len(sections) > 1:
            specimen = piece("specimen", {"samples": bind.specimen_of(known, front, stamps)}, "specimen")
        out = place / "whole.pdf"
        bound = bindery.bind(out, front, sections, stamps, specimen, title=facts["title"], annex=ANNEX)
        return Finished(out.read_bytes(), bound.pages, bound.fonts, anew)


VOLUME = "volume.css"  # takes the page numbers off the pieces: they are the whole's
BOUND_IN = {**SINGLE, "originals": "papers/print/volume_originals.html"}


def part(kind: str, facts: Facts, *, shelf: Shelf, press: Press | None = None) -> tuple[Path, bool]:
    """A paper of one piece, or a report's section, as a piece of a volume: without page numbers of its own."""
    if kind == "annual":
        return section(facts, shelf=shelf, press=press)
    key = rules.fingerprint("volume", kind, facts, edition())
    kept = shelf.get(key)
    if kept is not None:
        return kept, False
    html = render_to_string(BOUND_IN[kind], {"facts": facts, "title": facts["title"], "draft": None})
    printed = (press or PRESS).print(html, sheets=(*SHEETS, VOLUME), identifier=key)
    return shelf.put(key, printed), True


def volume(facts: Facts, *, shelf: Shelf | None = None, press: Press | None = None) -> Finished:
    """学习档案 from {"title", "cover", "issue", "parts": [{"kind", "group", "label", "facts"}]}."""
    if shelf is None:
        with contextlib.closing(Shelf()) as own:
            return volume(facts, shelf=own, press=press)
    sections, anew = [], 0
    for each in facts["parts"]:
        path, was_set = part(each["kind"], each["facts"], shelf=shelf, press=press)
        anew += was_set
        sections.append(bind.Section(path, each["label"], each["group"]))
    return _bound(facts, sections, "volume_stamps", anew, press or PRESS, None)


def finished(kind: str, facts: Facts, *, shelf: Shelf | None = None) -> Finished:
    """The paper of `kind` from its frozen facts: issuing and verifying are this one call."""
    if kind == "volume":
        return volume(facts, shelf=shelf)
    return annual(facts, shelf=shelf) if kind == "annual" else single(kind, facts)


def _fonts(pdf: bytes) -> tuple[str, ...]:
    return bind.fonts_of(pdf)
