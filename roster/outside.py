"""Numbers and days as they come from outside: addresses, form fields, pickers. Pure; nothing here raises.

`isdigit` takes ² for a digit and `int` then fails; `int` takes ٣, `1_000`, a sign and any length. One reader for all.
"""

import re
from datetime import date

LARGEST = 2**31 - 1  # what a column of the database takes
FIRST_YEAR, LAST_YEAR = 1900, 2200
DIGITS = re.compile(r"[0-9]{1,10}")
DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")


def whole(text: object, *, least: int = 0, most: int = LARGEST) -> int | None:
    """The number a text of plain digits names, if it lies between `least` and `most`; None for everything else."""
    if not isinstance(text, str) or not DIGITS.fullmatch(text):
        return None
    number = int(text)
    return number if least <= number <= most else None


def key(text: object) -> int:
    """The key of a row, 0 (which no row has) where the text is none."""
    return whole(text) or 0


def day(text: object) -> date | None:
    """A day as addresses write it, 2026-03-05, within the years anybody lives in; None for everything else."""
    found = DAY.fullmatch(text) if isinstance(text, str) else None
    if found is None or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
        return None
    try:
        return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def is_readable(text: str) -> bool:
    """Whether the database and the pages can hold it: no NUL, no half of a character."""
    return "\x00" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)
