"""Every page a role can reach by links: no policy violation, no console error, no foreign host, no failure; fits a phone."""

import re
from collections import deque
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.conf import settings
from playwright.sync_api import Page

from tests.journeys.conftest import PHONE, Site, Watch

ROLES = (
    "mishu",
    "zuzhang",
    "fuzuzhang",
    "chengyuan",
    "shenhe",
    "xianshenhe",
    "buling",
    "pangting",
    "guanli",
    "anquan",
    "shenji",
)
PAGES_A_ROLE = 70
# Answers that are files, asked for without the page: a PDF, a workbook, facts.
FILES = re.compile(
    r"/download/|/papers/print/|/attachments/|facts\.json|format=xlsx|/rejected/|/workbooks/template/|download="
)
LEFT_OUT = re.compile(r"/logout/|/static/|/backstage/")
AXE = (Path(settings.NODE_MODULES) / "axe-core" / "axe.min.js").read_text()
scanned: set[str] = set()


def shape(address: str) -> str:
    """What kind of page an address is: numbers and the values of the query left out."""
    parts = urlsplit(address)
    names = ",".join(sorted({name for name, _ in parse_qsl(parts.query)} & {"key", "item", "late", "blank", "kind"}))
    return re.sub(r"/\d+/", "/N/", parts.path) + (f"?{names}" if names else "")


def links(page: Page, home: str) -> list[str]:
    found = page.eval_on_selector_all("a[href]", "all => all.map(a => a.href)")
    return [address.split("#")[0] for address in found if address.startswith(home)]


def wide(page: Page) -> str:
    """What stands out of a phone's screen, or nothing."""
    return page.evaluate(
        """() => {
            const width = document.documentElement.clientWidth;
            if (document.documentElement.scrollWidth <= width) return "";
            const out = [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > width + 1);
            return `${document.documentElement.scrollWidth} > ${width}: ` + out.slice(-3).map(e => e.outerHTML.slice(0, 120)).join(" | ");
        }"""
    )


def barriers(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']} {[node['target'] for node in one['nodes'][:3]]}"
        for one in found["violations"]
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("username", ROLES)
def test_every_page_a_role_reaches_is_clean(
    visit: Callable[..., Page], site: Site, watch: Watch, username: str
) -> None:
    page = visit(username)
    size = page.viewport_size
    queue, seen, wrong = deque([site.address + "/", page.url]), set(), []
    while queue and len(seen) < PAGES_A_ROLE:
        address = queue.popleft()
        kind = shape(address)
        if kind in seen or LEFT_OUT.search(address):
            continue
        seen.add(kind)
        if FILES.search(address):
            answer = page.request.get(address)
            if not answer.ok:
                wrong.append(f"{address}: {answer.status}")
            continue
        answer = page.goto(address)
        if answer is None or answer.status >= 400:
            wrong.append(f"{address}: {answer.status if answer else 'no answer'}")
            continue
        if kind not in scanned:
            scanned.add(kind)
            wrong += [f"{address} {line}" for line in barriers(page)]
            page.set_viewport_size(PHONE)
            if out := wide(page):
                wrong.append(f"{address} at 390: {out}")
            page.set_viewport_size(size)
        queue.extend(links(page, site.address))
    assert len(seen) > (1 if username == "pangting" else 4), seen
    assert wrong == [], "\n".join(wrong)


def test_the_log_in_page_is_clean(visit: Callable[..., Page]) -> None:
    page = visit(None, size=PHONE)
    page.goto("/account/login/")
    assert barriers(page) == []
    assert wide(page) == ""


def test_a_violation_would_be_noticed(visit: Callable[..., Page], watch: Watch) -> None:
    """Negative control: an inline style and a foreign picture on a page of ours are told."""
    page = visit(None)
    page.goto("/account/login/")
    page.evaluate(
        """() => { const s = document.createElement("style"); s.textContent = "b{color:red}"; document.head.append(s);
                   const i = new Image(); i.src = "https://elsewhere.invalid/x.png"; document.body.append(i); }"""
    )
    page.wait_for_timeout(300)
    told = "\n".join(watch.wrong())
    watch.allowed.append("")
    assert "style-src" in told and "img-src" in told
