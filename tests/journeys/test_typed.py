"""What is typed stays: every page with a form that takes typed text, left, sent and interrupted in every way.

The pages are found by walking the links of every role through the addresses of the access matrix; the list is printed
(`pytest -s`). Each page gets a few of the ACTS in turn, all of them with ZHIXING_TEST_LONG=1. The site is this module's
own: what is sent here changes the demo.
"""

import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.urls import Resolver404, resolve
from playwright.sync_api import BrowserContext, Page, Request
from playwright.sync_api import Error as PlaywrightError

from tests.access import ADDRESSES
from tests.journeys.conftest import Site, Watch, copied_site, log_in
from tests.journeys.test_crawl import FILES, LEFT_OUT, ROLES, shape

LONG = os.environ.get("ZHIXING_TEST_LONG") == "1"
ACTS_A_PAGE = int(os.environ.get("ZHIXING_TYPED_ACTS", "1"))
PAGES_A_ROLE = 200 if LONG else 60
FIELD = (
    "textarea:visible:enabled, input[type=text]:visible:enabled:not([role=combobox]):not([id$=-ts-control]),"
    "input[type=number]:visible:enabled"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, django_db_setup: None) -> Iterator[Site]:
    """A site of its own: this journey sends every form it finds."""
    with copied_site(tmp_path_factory.mktemp("typed"), f"test_zx_typed_{os.getpid()}") as it:
        yield it


# --------------------------------------------------------------------------------------------------------- the pages
@dataclass(frozen=True)
class Place:
    """A page of the matrix with a form that takes typed text, and who sees it."""

    name: str
    address: str
    username: str


def name_of(address: str) -> str:
    try:
        return resolve(urlsplit(address).path).url_name or ""
    except Resolver404:
        return ""


def takes_text(html: str) -> bool:
    main = html[html.find("<main") :]
    for form in re.findall(r"<form\b.*?</form>", main, re.DOTALL):
        if 'method="post"' in form and re.search(r'<textarea|<input[^>]*type="(?:text|number)"', form):
            return True
    return False


def places(visit: Callable[..., Page], site: Site, states: dict[str, Any]) -> list[Place]:
    """One page an address, with who sees it; the log-ins are kept for the acts."""
    found: dict[str, Place] = {}
    for username in ROLES:
        page = visit(username)
        queue, seen = deque([site.address + "/"]), set()
        while queue and len(seen) < PAGES_A_ROLE:
            address = queue.popleft()
            kind = shape(address)
            if kind in seen or LEFT_OUT.search(address) or FILES.search(address):
                continue
            seen.add(kind)
            answer = page.request.get(address)
            if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
                continue
            html = answer.text()
            name = name_of(address)
            if name in ADDRESSES and name not in found and takes_text(html):
                found[name] = Place(name, address, username)
            for link in re.findall(r'<a[^>]*href="([^"#]+)', html):
                link = link.replace("&amp;", "&")
                if link.startswith(("/", "?")):
                    base = urlsplit(address)
                    queue.append(site.address + (link if link[0] == "/" else base.path + link))
        states[username] = page.context.storage_state()
        page.context.close()
    return [found[name] for name in sorted(found)]


# ---------------------------------------------------------------------------------------------------------- the acts
class Desk:
    """A page with its form, what was typed, and what went over the wire."""

    def __init__(self, page: Page, place: Place) -> None:
        self.page, self.place = page, place
        self.context: BrowserContext = page.context
        self.sent: list[str] = []
        self.kept: list[str] = []
        self.questions: list[str] = []
        self.form, self.field, self.typed = "", "", ""
        self.watch(page)

    def watch(self, page: Page) -> None:
        page.on("request", self._request)
        page.on("dialog", lambda dialog: (self.questions.append(dialog.type), dialog.accept()))

    def _request(self, request: Request) -> None:
        path = urlsplit(request.url).path
        if request.method != "POST" or path in ("/account/keep-alive/", "/account/login/"):
            return
        (self.kept if path.startswith("/drafts/") else self.sent).append(path)

    def open(self, page: Page | None = None) -> Page:
        page = page or self.page
        page.goto(self.place.address)
        page.wait_for_timeout(450)
        return page

    def begin(self) -> bool:
        """Open the page and type into the first field that takes text; False where none can be seen."""
        self.open()
        for shut in self.page.locator("main details:not([open]):has(form[method=post]) > summary:visible").all()[:1]:
            if not self.page.locator(f"main form[method=post] :is({FIELD})").count():
                shut.click()
        found = self.page.locator(f"main form[method=post] :is({FIELD})")
        if not found.count():
            return False
        field = found.first
        self.field = field.get_attribute("name") or ""
        self.form = field.evaluate(
            "el => new URL(el.form.getAttribute('action') || location.href, location.href).pathname"
        )
        number = field.get_attribute("type") == "number"
        self.typed = "1" if number else "写到一半的话"
        if number and field.input_value() == "1":
            self.typed = "2"
        field.fill(self.typed)
        return True

    def value(self, page: Page) -> str:
        return page.evaluate(
            """([name, path]) => { const f = [...document.querySelectorAll('main form[method=post]')].find(one =>
                 new URL(one.getAttribute('action') || location.href, location.href).pathname === path && one.elements[name]);
                 if (!f) return ''; const e = f.elements[name]; return e.tagName ? e.value : e[0].value; }""",
            [self.field, self.form],
        )

    def offers(self, page: Page) -> int:
        return page.locator(".message.draft").count()

    def is_kept(self, page: Page) -> bool:
        """What was typed stands in the form, or is offered and comes back by one click."""
        for shut in page.locator("main details:not([open]):has(form[method=post]) > summary:visible").all():
            if self.value(page) != self.typed and not self.offers(page):
                shut.click()
                page.wait_for_timeout(450)
        if self.value(page) == self.typed:
            return True
        if not self.offers(page):
            return False
        page.get_by_role("button", name="恢复").first.click()
        return self.value(page) == self.typed

    def is_saved(self, page: Page) -> bool:
        """The server took it and went on, or says on the page why not, with the text still there."""
        if page.locator("[data-error-summary], .message-error, [aria-invalid=true]").count():
            return self.is_kept(page)
        return True


def leaves(act: Callable[[Desk], None]) -> Callable[[Desk], str]:
    def done(desk: Desk) -> str:
        desk.page.wait_for_timeout(1100)  # the draft's pause
        act(desk)
        page = desk.context.new_page()
        desk.watch(page)
        desk.open(page)
        return "" if desk.is_kept(page) else "what was typed is gone"

    return done


@leaves
def close_tab(desk: Desk) -> None:
    desk.page.close(run_before_unload=False)


@leaves
def back(desk: Desk) -> None:
    desk.page.evaluate("history.back()")
    desk.page.wait_for_timeout(500)
    desk.page.close()


@leaves
def menu(desk: Desk) -> None:
    desk.page.locator("nav a:visible, .brand").first.click()
    desk.page.wait_for_timeout(300)
    desk.page.close()


@leaves
def reload(desk: Desk) -> None:
    desk.page.reload()
    desk.page.close()


def at_once(desk: Desk) -> str:
    """Left before the pause is over."""
    desk.page.goto("/")
    desk.page.wait_for_timeout(500)
    desk.open()
    return "" if desk.is_kept(desk.page) else "what was typed a moment before is gone"


def session_ended(desk: Desk) -> str:
    desk.page.wait_for_timeout(200)
    desk.context.clear_cookies()
    desk.page.locator(f"[name='{desk.field}']").first.dispatch_event("input")
    desk.page.wait_for_timeout(1300)
    desk.page.keyboard.press("Control+s")
    desk.page.wait_for_timeout(500)
    desk.page.close()
    page = desk.context.new_page()
    desk.watch(page)
    log_in(page, desk.place.username)
    desk.open(page)
    return "" if desk.is_kept(page) else "what was typed before the session ended is gone"


def second_window(desk: Desk) -> str:
    desk.page.wait_for_timeout(1100)
    other = desk.context.new_page()
    desk.watch(other)
    desk.open(other)
    asked = desk.offers(other)
    other.close()
    if asked:
        return "a second window asks about what the first still holds"
    return "" if desk.value(desk.page) == desk.typed else "the first window lost its text"


def double_submit(desk: Desk) -> str:
    desk.page.evaluate(
        """name => { const f = document.querySelector(`main form[method=post] [name='${name}']`).form;
             const b = f.querySelector('[data-main]'); if (b) { b.click(); b.click(); } }""",
        desk.field,
    )
    desk.page.wait_for_timeout(1000)
    times = desk.sent.count(desk.form)
    return f"sent {times} times" if times > 1 else "" if desk.is_saved(desk.page) else "refused, and the text is gone"


def ctrl_s(desk: Desk) -> str:
    desk.page.locator(f"main form[method=post] [name='{desk.field}']").first.focus()
    before = rows(desk.page)
    desk.page.keyboard.press("Control+s")
    desk.page.wait_for_timeout(1000)
    if not desk.sent and not desk.kept and not desk.page.locator(":invalid").count():
        return "Ctrl+S did nothing"
    if urlsplit(desk.page.url).path == urlsplit(desk.place.address).path and rows(desk.page) > before:
        return "Ctrl+S added a row"
    return "" if desk.is_saved(desk.page) else "refused, and the text is gone"


def ctrl_enter(desk: Desk) -> str:
    desk.page.locator(f"main form[method=post] [name='{desk.field}']").first.focus()
    desk.page.keyboard.press("Control+Enter")
    desk.page.wait_for_timeout(1000)
    times = desk.sent.count(desk.form)
    return f"sent {times} times" if times > 1 else "" if desk.is_saved(desk.page) else "refused, and the text is gone"


def enter(desk: Desk) -> str:
    field = desk.page.locator(f"main form[method=post] [name='{desk.field}']").first
    if field.evaluate("el => el.tagName") == "TEXTAREA":
        return ""
    before = rows(desk.page)
    field.press("Enter")
    desk.page.wait_for_timeout(400)
    if desk.sent:
        return f"Enter sent {desk.sent}"
    if rows(desk.page) != before:
        return "Enter changed the rows"
    return "" if desk.value(desk.page) == desk.typed else "Enter lost the text"


def rows(page: Page) -> int:
    return page.locator("[data-rows-list] > *, .scheme-item").count()


ACTS: dict[str, Callable[[Desk], str]] = {
    "close tab": close_tab, "Enter": enter, "Ctrl+S": ctrl_s, "menu": menu, "second window": second_window,
    "at once": at_once, "session ended": session_ended, "Back": back, "reload": reload, "Ctrl+Enter": ctrl_enter,
    "double submit": double_submit,
}  # fmt: skip
# Not walked: what they change is the log-in of the walker himself, or everybody's.
APART = {"account_reset", "account_disable", "account_change_password"}


def test_nothing_typed_is_lost_on_any_page(visit: Callable[..., Page], site: Site, watch: Watch) -> None:
    watch.allowed.append(r"status of (401|403|409|422)")  # refused forms, and a session that was ended
    wrong, walked, without = [], [], []
    states: dict[str, Any] = {}
    names, turn = list(ACTS), 0
    only = os.environ.get("TYPED_ONLY", "").split()
    for place in places(visit, site, states):
        if place.name in APART or (only and place.name not in only):
            continue
        chosen = names if LONG or only else [names[(turn + n) % len(names)] for n in range(ACTS_A_PAGE)]
        turn += ACTS_A_PAGE
        for act in chosen:
            page = visit(None, storage_state=states[place.username])
            desk = Desk(page, place)
            try:
                if not desk.begin():
                    without.append(place.name)
                    break
                told = ACTS[act](desk)
            except PlaywrightError as error:
                told = str(error).splitlines()[0]
            finally:
                desk.context.close()
            print(place.name, act, flush=True)
            walked.append(f"{place.name} ({place.username}, {desk.field}): {act}")
            if told:
                wrong.append(f"{walked[-1]}: {told} at {place.address}")
    print("\n".join(["walked:", *walked, "no field in sight:", *without]))
    assert len({line.split(" ")[0] for line in walked}) > (25 if not only else 0)
    assert wrong == [], "\n".join(wrong)


def test_the_scripts_of_this_journey_stand_in_the_frame() -> None:
    """The walk would find nothing lost on pages without the scripts only if nothing was typed."""
    frame = Path(settings.BASE_DIR, "templates/base.html").read_text()
    assert "js/drafts.js" in frame and "js/autosave.js" in frame
