"""Rare letters of names are printed: each has a glyph in a font of the file, and can be copied out of it."""

import io
from collections.abc import Iterator
from typing import Any

import pikepdf
import pytest
from pikepdf import Dictionary, Name

from sessions_app.papers import bind, fonts, typeset
from sessions_app.papers.pdf import PaperFailed, Press
from tests.sessions_app.papers import sample
from tests.sessions_app.papers.test_papers_pdf import text_of

# extension A, E, B, A, A, B, B (not in the fallback), F (HanaMin alone)
RARE = "䶮𬭼𠅤㛃㐂𠮷𪚥𮧵"


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    own = Press(seconds=60)
    yield own
    own.close()


def names(*people: str) -> dict[str, Any]:
    return {
        "title": "测试委员会理论学习中心组成员名单备案表", "committee": {"name": "测试委员会"}, "year": 2026, "on": "2026-03-20",
        "members": [
            {"name": name, "post": f"职务{name}", "role": "成员", "since": "2024-01-01", "until": "", "first": False}
            for name in people
        ],
        "secretaries": [{"name": people[0], "since": "2024-01-01"}], "changes": [],
    }  # fmt: skip


def drawn(pdf: bytes) -> dict[str, set[str]]:
    """By embedded font, the letters it draws; a glyph 0 (.notdef) would be said as ""."""
    found: dict[str, set[str]] = {}
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for thing in opened.objects:
            if not (isinstance(thing, Dictionary) and thing.get("/Type") == Name.Font and "/DescendantFonts" in thing):
                continue
            descriptor = thing.DescendantFonts[0].FontDescriptor
            assert any(key in descriptor for key in ("/FontFile2", "/FontFile3")), "embedded"
            letters = found.setdefault(str(thing.BaseFont).split("+")[-1], set())
            letters |= {text if glyph else "" for glyph, text in bind._glyphs(thing).items()}
    return found


def test_every_rare_letter_of_a_name_has_a_glyph_and_comes_out_as_text(press: Press) -> None:
    made = typeset.single("members", names(*(f"王{letter}" for letter in RARE)), press=press)
    found = drawn(made.pdf)
    assert "" not in {letter for letters in found.values() for letter in letters}, "no box in place of a letter"
    printed = "".join("".join(letters) for letters in found.values())
    assert [letter for letter in RARE if letter not in printed] == []
    text = text_of(made.pdf)
    for letter in RARE:
        assert text.count(f"王{letter}") == 2 + (letter == RARE[0]), letter
    hana = {letter for name, letters in found.items() if "Hana" in name for letter in letters}
    assert {"𪚥", "𮧵"} <= hana and "Hana" in " ".join(made.fonts), "from the fallback for rare letters, and said"


def test_a_title_and_a_heading_have_them_too(press: Press) -> None:
    html = (
        f'<!doctype html><html lang="zh-CN"><head><title>字</title></head><body class="official"><h1>{RARE}</h1><h2>{RARE}</h2>'
        f"<h3>{RARE}</h3><table><thead><tr><th>{RARE}</th></tr></thead></table></body></html>"
    )
    pdf = press.print(html).pdf
    assert text_of(pdf).count(RARE) == 4
    assert "" not in {letter for letters in drawn(pdf).values() for letter in letters}


def test_a_bound_report_keeps_them() -> None:
    sections = [sample.section(f"测试{n}党组", sessions=1, members=2, member=f"王{RARE}") for n in range(2)]
    made = typeset.annual(sample.report(*sections))
    assert text_of(made.pdf).count(f"王{RARE}") >= 4
    assert "" not in {letter for letters in drawn(made.pdf).values() for letter in letters}


def test_a_letter_that_no_font_has_is_refused_by_name(press: Press) -> None:
    """Issued, it would be a box for ever; a working copy may show it."""
    nowhere = chr(0x323AF)  # extension H, 2022
    with pytest.raises(PaperFailed, match=r"U\+323AF") as refused:
        typeset.single("members", names(f"王{nowhere}"), press=press)
    assert "字体" in refused.value.sentence
    draft = {"who": "测试", "at": "2026-03-20T10:00:00+08:00"}
    assert typeset.single("members", names(f"王{nowhere}"), press=press, draft=draft).pages == 1
    assert typeset.single("members", names("王五"), press=press).pages == 1, "the next paper has nothing of it"


def test_without_the_fallback_for_rare_letters_it_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch, press: Press
) -> None:
    """The edition says which fonts are there, so a machine without them is another edition."""
    before = fonts.installed()
    assert all(before[name].startswith(name) for name in fonts.RARE)
    assert all(name in fonts.style_of_fonts() for name in fonts.RARE)
