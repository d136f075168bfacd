"""Which fonts the papers ask for (settings), which of them this machine has, and which a PDF really uses."""

from __future__ import annotations

import subprocess
from functools import cache

from django.conf import settings

RARE = ("HanaMinA", "HanaMinB")  # letters of names that the families above lack; free, from the package fonts-hanazono
CORNERS = ("bottom-left", "bottom-center", "bottom-right")  # where page numbers stand
ROLES = {"title": "标题", "body": "正文", "heading": "一级标题", "subheading": "二级标题", "number": "页码"}


def wanted() -> dict[str, list[str]]:
    return settings.PAPER_FONTS


@cache
def style_of_fonts() -> str:
    """The families as classes of the print sheets: official names first, the stated fallback last."""
    families = {role: ", ".join(f'"{name}"' for name in [*names, *RARE]) for role, names in wanted().items()}
    # 小标宋 is heavy by itself and is never made bold; what stands in for it is the fallback's bold.
    weight = "bold" if installed()["title"].startswith(wanted()["title"][-1]) else "normal"
    corners = "".join(f"@{place}{{font-family:{families['number']}}}" for place in CORNERS)
    return (
        f"html{{font-family:{families['body']}}}"
        f"h1,.f-title{{font-family:{families['title']};font-weight:{weight}}}"
        f".f-heading,h2{{font-family:{families['heading']}}}"
        f".f-subheading,h3{{font-family:{families['subheading']}}}"
        f"th{{font-family:{families['heading']}}}"
        f"@page{{{corners}}}"
    )


@cache
def installed() -> dict[str, str]:
    """For each role the family and version that this machine sets it in, e.g. {"body": "Noto Serif CJK SC 131465"}."""
    found = {}
    for role, names in [*wanted().items(), *((name, [name]) for name in RARE)]:
        run = subprocess.run(
            ["fc-match", "-f", "%{family[0]} %{fontversion}", ",".join(name.replace("-", r"\-") for name in names)],
            capture_output=True, text=True, timeout=20, check=False,
        )  # fmt: skip
        found[role] = run.stdout.strip() or "?"
    return found
