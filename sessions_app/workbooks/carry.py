"""Merged cells as offices use them: the value stands in the first cell and is meant for all below. Plain values."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

Row = tuple[int, dict[int, Any]]
RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?([A-Z]{1,3})\$?(\d{1,7})")


def column_number(letters: str) -> int:
    """A is 1, Z is 26, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def column_letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def tall(ranges: Sequence[str]) -> list[tuple[int, int, int]]:
    """(column, first row, last row) of each range of more than one row, in order."""
    found = []
    for text in ranges:
        match = RANGE.fullmatch(text)
        if match and int(match[4]) > int(match[2]):
            found.append((column_number(match[1]), int(match[2]), int(match[4])))
    return sorted(found)


def carried(rows: Sequence[Row], ranges: Sequence[str]) -> list[Row]:
    """The rows with the first cell of every tall range repeated down to its end. Nothing typed is overwritten."""
    filled = [(number, dict(cells)) for number, cells in rows]
    numbers = [number for number, _ in filled]
    done: dict[int, int] = {}  # column -> last row looked at: ranges that overlap cost nothing
    for column, first, last in tall(ranges):
        start = max(bisect_right(numbers, first), done.get(column, 0))
        above = bisect_right(numbers, first) - 1
        if above < 0 or numbers[above] != first:
            continue
        value = filled[above][1].get(column)
        place = start
        while place < len(numbers) and numbers[place] <= last:
            if value is not None and filled[place][1].get(column) in (None, ""):
                filled[place][1][column] = value
            place += 1
        done[column] = place
    return filled
