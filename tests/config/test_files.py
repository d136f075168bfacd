"""What is committed: no address of a registry, no path of somebody's machine, no secret; floors for readers too."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
# written in pieces, so that this file does not accuse itself
REGISTRIES = [
    "registry" + ".npmjs",
    "py" + "pi.org",
    "python" + "hosted",
    "deb.debian" + ".org",
    "npm" + "mirror",
    "tuna." + "tsinghua",
]
MACHINE = ["/wo" + "rk/", "/ro" + "ot/", "/ho" + "me/", ".pyenv" + "/"]
SECRET = re.compile("-----BEGIN [A-Z ]*PRIVATE " + r"KEY-----|AKIA[0-9A-Z]{16}|ghp_[0-9A-Za-z]{36}")


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git work tree")
    return [PROJECT / name for name in listed.stdout.split("\0") if name and (PROJECT / name).is_file()]


def test_committed_files_name_no_registry_no_machine_and_no_secret() -> None:
    accused = []
    for path in committed():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        accused += [f"{path.relative_to(PROJECT)}: {word}" for word in (*REGISTRIES, *MACHINE) if word in text]
        accused += [f"{path.relative_to(PROJECT)}: a secret"] if SECRET.search(text) else []
    assert accused == []


def test_no_third_party_file_is_committed() -> None:
    names = [str(path.relative_to(PROJECT)) for path in committed()]
    foreign = ("node_modules/", "bootstrap.", "htmx.", "tom-select.", ".min.js", ".min.css", ".woff", ".ttf", ".otf")
    assert [name for name in names if any(word in name for word in foreign)] == []


def test_locks_have_hashes_and_no_addresses() -> None:
    for name in ("runtime", "test"):
        text = (PROJECT / "requirements" / f"{name}.txt").read_text()
        blocks = re.split(r"\n(?=[a-z0-9])", text)
        assert all("--hash=sha256:" in block for block in blocks if "==" in block)
        assert "://" not in text
    lock = json.loads((PROJECT / "package-lock.json").read_text())
    assert all("resolved" not in package for package in lock["packages"].values())
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


ABOVE = {"forms", "views", "tasks", "urls", "admin"}
NAMED = ABOVE | {"actions", "intake", "access", "models", "rules", "moves", "roles", "apps"}


def test_readers_import_nothing_that_stands_above_them() -> None:
    """import-linter knows the fixed floors; readers have names of their own, so they are looked at here."""
    wrong = []
    for path in [*(PROJECT / "roster").glob("*/*.py"), *(PROJECT / "sessions_app").glob("*/*.py")]:
        room = f"{path.parent.parent.name}.{path.parent.name}"
        door = "views" in path.stem.split("_")
        if path.stem in NAMED or door or path.parent.name in {"migrations", "management", "templatetags", "demo"}:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module:
                found = {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
            elif isinstance(node, ast.Import):
                found = {alias.name for alias in node.names}
            else:
                continue
            wrong += [
                f"{room}.{path.stem} -> {name}" for name in found if name in {f"{room}.{floor}" for floor in ABOVE}
            ]
    assert wrong == []
