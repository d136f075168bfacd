"""Which fonts the papers ask for (settings), which of them this machine has, and which a PDF really uses."""

from __future__ import annotations

import subprocess
from functools import cache

from django.conf import settings

ROLES = {"title": "标题", "body": "正文", "heading": "一级标题", "subheading": "二级标题", "number": "页码"}


def wanted() -> dict[str, list[str]]:
    return settings.PAPER_FONTS


@cache
def style_of_fonts() -> str:
    """The families as classes of the print sheets: official names first, the stated fallback last."""
    families = {role: ", ".join(f'"{name}"' for name in names) for role, names in wanted().items()}
    return (
        f"html{{font-family:{families['body']}}}"
        f".f-title{{font-family:{families['title']}}}"
        f".f-heading,h2{{font-family:{families['heading']}}}"
        f".f-subheading,h3{{font-family:{families['subheading']}}}"
        f"th{{font-family:{families['heading']}}}"
        f"@page{{@bottom-center{{font-family:{families['number']}}}}}"
    )


@cache
def installed() -> dict[str, str]:
    """For each role the family and version that this machine sets it in, e.g. {"body": "Noto Serif CJK SC 131465"}."""
    found = {}
    for role, names in wanted().items():
        run = subprocess.run(
            ["fc-match", "-f", "%{family[0]} %{fontversion}", ",".join(name.replace("-", r"\-") for name in names)],
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        found[role] = run.stdout.strip() or "?"
    return found
