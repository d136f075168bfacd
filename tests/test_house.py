"""The tests test the house: contracts, marks on every address, the clock, unused templates."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, URLResolver, get_resolver

from roster.accounts.roles import ROLES, SEPARATED, Permission, Role
from tests.access import ADDRESSES

ROOT = Path(settings.BASE_DIR)
OURS = [path for app in ("roster", "sessions_app", "config") for path in (ROOT / app).rglob("*.py")]
FOREIGN = ("admin", "allauth", "backstage")


def patterns(resolver: URLResolver, prefix: str = "") -> list[tuple[str, URLPattern]]:
    found: list[tuple[str, URLPattern]] = []
    for entry in resolver.url_patterns:
        where = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            found += patterns(entry, where)
        else:
            found.append((where, entry))
    return found


def our_addresses() -> list[tuple[str, URLPattern]]:
    return [
        (where, entry)
        for where, entry in patterns(get_resolver())
        if entry.callback.__module__.split(".")[0] in ("roster", "sessions_app", "config")
    ]


def test_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_address_says_who_may_come_in() -> None:
    unmarked = [where for where, entry in our_addresses() if not hasattr(entry.callback, "access")]
    assert unmarked == []


def test_every_address_stands_in_the_access_matrix() -> None:
    names = {entry.name for _, entry in our_addresses()}
    assert names - set(ADDRESSES) == set(), "a new address needs its line in tests/access.py"
    assert set(ADDRESSES) - names == set(), "a line in tests/access.py without an address"


def test_the_customers_name_for_the_app_is_never_in_an_address() -> None:
    assert [where for where, _ in our_addresses() if "sessions_app" in where] == []


DOORS = re.compile(r"/(views(_\w+)?|tasks|clock|health|middleware|adapter)\.py$|/management/commands/")
CLOCK = re.compile(r"\b(timezone\.now|datetime\.now|date\.today|datetime\.today|time\.time|localdate)\(")


def test_only_doors_read_the_clock() -> None:
    reading = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in OURS
        if not DOORS.search(str(path)) and "/migrations/" not in str(path)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if CLOCK.search(line) and "noqa: clock" not in line
    ]
    assert reading == []


def test_no_unused_template() -> None:
    texts = "\n".join(
        path.read_text() for path in [*OURS, *(ROOT / "templates").rglob("*.html")] if "/migrations/" not in str(path)
    )
    frame = ("bootstrap5/", "account/", "mfa/", "usersessions/", "allauth/", "400", "403", "404", "413", "429", "500")
    unused = []
    for path in (ROOT / "templates").rglob("*.*"):
        name = str(path.relative_to(ROOT / "templates"))
        asked = [f'"{name}"', f"'{name}'"]
        # A piece of a bound report is asked for by its bare name.
        asked += [f'"{path.stem}"'] if name.startswith("papers/print/") else []
        if not name.startswith(frame) and not any(way in texts for way in asked):
            unused.append(name)
    assert unused == []


def test_modules_open_with_a_line_on_what_they_are_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in OURS
        if path.read_text().strip() and not ast.get_docstring(ast.parse(path.read_text()))
        and "migrations/0" not in str(path)
    ]  # fmt: skip
    assert silent == []


def test_the_three_administrators_see_no_content() -> None:
    content = {Permission.PLAN_READ, Permission.SESSION_READ, Permission.MINUTES_READ, Permission.OUTCOME_READ,
               Permission.ROLL_READ, Permission.PAPER_READ, Permission.DASHBOARD_READ, Permission.WORKBOOK_IMPORT}  # fmt: skip
    for role in SEPARATED:
        assert not ROLES[role].may & content, role


@pytest.mark.parametrize("permission", list(Permission))
def test_every_permission_is_held_by_somebody(permission: Permission) -> None:
    assert any(permission in ROLES[role].may for role in Role)


BANNED_NAMES = {"utils.py", "helpers.py", "common.py", "base.py", "services.py", "managers.py", "signals.py"}


def test_no_drawer_for_everything() -> None:
    asked_for = {"config/postgres/base.py"}  # Django looks for a database backend under this name
    found = {path.relative_to(ROOT).as_posix() for path in OURS if path.name in BANNED_NAMES}
    assert found == asked_for


NEW_CSS = re.compile(r":has\(|oklch\(|color-mix\(|@container|@layer|cdn\.|https?://", re.IGNORECASE)


def test_shipped_styles_and_scripts_run_on_chromium_90_and_reach_nothing() -> None:
    found = []
    for path in [*(ROOT / "static").rglob("*.css"), *(ROOT / "static").rglob("*.js")]:
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if NEW_CSS.search(line) and "http://www.w3.org/" not in line:
                found.append(f"{path.relative_to(ROOT)}:{number} {line.strip()[:60]}")
    assert found == []


def test_no_template_carries_inline_script_or_style() -> None:
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>|\sstyle=\"|\son\w+=\"|hx-on", re.IGNORECASE
    )
    found = [
        f"{path.relative_to(ROOT)}"
        for path in (ROOT / "templates").rglob("*.html")
        if "papers/print/" not in str(path) and inline.search(re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.S))
    ]
    assert found == []


NAMED = re.compile(r"""\{%-? *url +['"](\w+)['"]|\b(?:reverse|redirect|resolve_url)\(\s*['"](\w+)['"]""")


def test_every_link_by_name_leads_somewhere() -> None:
    known = {entry.name for _, entry in patterns(get_resolver())}
    dead = [
        f"{path.relative_to(ROOT)}: {first or second}"
        for path in [*OURS, *(ROOT / "templates").rglob("*.html")]
        for first, second in NAMED.findall(path.read_text())
        if (first or second) not in known
    ]
    assert dead == []


# ------------------------------------------------------------------------------------------- what a key does in a form
TAG = r"(?:\{%.*?%\}|\{\{.*?\}\}|\"(?:\{%.*?%\}|\{\{.*?\}\}|[^\"])*\"|[^>\"])*"
TYPED_FIELD = re.compile(
    r'<textarea|type="(?:text|number|date|time|email|tel|password)"|include "components/(?:field|form_fields|roll_row)'
    r"|crispy|\{\{ *\w*form(?:\.\w+)* *\}\}"
)


def sending_forms(text: str) -> list[tuple[str, list[str]]]:
    """Every POST form of a template that takes typed text: its body, and the opening tags of its sending buttons."""
    found = []
    for start in re.finditer(rf"<form\b{TAG}>", text, re.DOTALL):
        body = text[start.end() : text.find("</form>", start.end())]
        if 'method="post"' in start[0] and TYPED_FIELD.search(body):
            tags = re.findall(rf"<button\b{TAG}>", body, re.DOTALL)
            found.append((body, [tag for tag in tags if 'type="button"' not in tag]))
    return found


def test_every_form_marks_its_main_button() -> None:
    """Ctrl+Enter and Ctrl+S press a marked button: `data-main` exactly once, `data-save` at most once and where it saves."""
    wrong, seen = [], 0
    for path in sorted((ROOT / "templates").rglob("*.html")):
        for _, buttons in sending_forms(path.read_text()):
            seen += 1
            main = sum("data-main" in tag for tag in buttons)
            save = sum("data-save" in tag for tag in buttons)
            rows = [tag for tag in buttons if "formnovalidate" in tag or "data-rows-add" in tag]
            if main != 1 or save > 1 or any("data-main" in tag or "data-save" in tag for tag in rows):
                wrong.append(f"{path.relative_to(ROOT)}: main {main}, save {save}")
    assert seen > 80
    assert wrong == [], "mark the button of the main thing with data-main, the one that saves with data-save"
