"""Nothing stands outside the window: every page and every panel at three sizes, with long words in the data.

A 110-character address without a place to break was typed into every topic, title and reason of the demo; every panel
(menu, confirmation, return, more) is opened and measured. The site is this module's own.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator

import psycopg
import pytest
from playwright.sync_api import Page

from tests.journeys.conftest import DESK, PHONE, Site, copied_site
from tests.journeys.test_crawl import FILES, LEFT_OUT, links, shape, wide

LONG = os.environ.get("ZHIXING_TEST_LONG") == "1"
SIZES = ({"width": 1366, "height": 768}, DESK, PHONE)
WALKERS = ("mishu", "zuzhang", "shenhe", "xianshenhe", "guanli") if LONG else ("mishu", "zuzhang", "shenhe")
PAGES_A_ROLE = 70 if LONG else 22
HOSTILE = "https://example.invalid/" + "a1b2c3d4e5" * 9
TYPED = ("topic", "title", "place", "statement", "text", "note", "reason", "aim", "requirements")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Site]:
    with copied_site(tmp_path_factory.mktemp("panels"), f"test_zx_panels_{os.getpid()}") as it:
        assert spoil(it) > 5
        yield it


def spoil(site: Site) -> int:
    """Put the hostile word into what people type; what the database guards stays as it is."""
    changed = 0
    with psycopg.connect(site.dsn, autocommit=True) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND table_name LIKE 'sessions_app_%%' AND column_name = ANY(%s)"
            " AND data_type IN ('text', 'character varying') AND coalesce(character_maximum_length, 999) >= 180",
            [list(TYPED)],
        ).fetchall()
        for table, column in columns:
            try:
                connection.execute(
                    f'UPDATE "{table}" SET "{column}" = left("{column}", 12) || %s WHERE "{column}" <> \'\'',
                    [HOSTILE],
                )
                changed += 1
            except psycopg.Error:
                continue
    return changed


MEASURE = """async () => {
    const wrong = [], wide = document.documentElement.clientWidth, turn = () => new Promise(r => setTimeout(r, 30));
    let opened = 0;
    const name = d => (d.querySelector("summary").textContent || d.querySelector("summary").ariaLabel || "").trim().slice(0, 20);
    for (const d of document.querySelectorAll("details")) {
        const summary = d.querySelector(":scope > summary");
        if (!summary || !summary.getClientRects().length) continue;
        const was = d.open;
        d.open = true;
        await turn();
        opened += 1;
        const panel = d.querySelector(":scope > .confirm-panel, :scope > .menu-panel, :scope > form, :scope > div") || d;
        const box = panel.getBoundingClientRect();
        if (box.width && (box.left < -1 || box.right > wide + 1)) wrong.push(`${name(d)}: ${Math.round(box.left)}..${Math.round(box.right)} of ${wide}`);
        for (const el of panel.querySelectorAll("button, a, input:not([type=hidden]), textarea, select")) {
            const r = el.getBoundingClientRect();
            if (!r.width || el.closest(".visually-hidden, .ts-wrapper, table")) continue;
            if (r.left < -1 || r.right > wide + 1) wrong.push(`${name(d)}: ${el.textContent.trim().slice(0, 12) || el.name} ${Math.round(r.left)}..${Math.round(r.right)}`);
            if (getComputedStyle(panel).position === "fixed" ? r.top < -1 : r.top + scrollY < -1) wrong.push(`${name(d)}: above the page`);
        }
        if (document.documentElement.scrollWidth > wide) wrong.push(`${name(d)}: the page is ${document.documentElement.scrollWidth} wide of ${wide}`);
        d.open = was;
        await turn();
    }
    return [opened, wrong];
}"""


@pytest.mark.parametrize("username", WALKERS)
def test_every_panel_opens_inside_the_window(visit: Callable[..., Page], site: Site, username: str) -> None:
    page = visit(username)
    queue, seen, wrong, opened = deque([site.address + "/", site.address + "/findings/"]), set(), [], 0
    while queue and len(seen) < PAGES_A_ROLE:
        address = queue.popleft()
        kind = shape(address)
        if kind in seen or LEFT_OUT.search(address) or FILES.search(address):
            continue
        seen.add(kind)
        answer = page.goto(address)
        if answer is None or answer.status >= 400:
            continue
        queue.extend(links(page, site.address))
        for size in SIZES:
            page.set_viewport_size(size)
            if out := wide(page):
                wrong.append(f"{address} at {size['width']}: {out}")
            count, told = page.evaluate(MEASURE)
            opened += count
            wrong += [f"{address} at {size['width']}: {line}" for line in told]
    print(f"{username}: {len(seen)} pages, {opened} panels opened")
    assert opened > len(seen)
    assert wrong == [], "\n".join(wrong)
