"""Seasons in which everything happens at random, against the same oracle: combinations nobody would write down.

`SCATTER=100:160 pytest …/test_scattered.py` tries other seeds than the few that always run.
"""

import os
from datetime import date, timedelta

import pytest

from tests.sessions_app.reminders.scattered import scattered
from tests.sessions_app.reminders.test_year import compare, live, wrong_lines

DAYS = 45
STARTS = (
    date(2026, 1, 1), date(2026, 2, 10), date(2026, 3, 20), date(2026, 6, 20), date(2026, 9, 10), date(2026, 11, 12),
)  # fmt: skip
FROM, TO = (int(text) for text in os.environ.get("SCATTER", "5:7").split(":"))


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(FROM, TO))
def test_a_season_at_random(seed: int) -> None:
    first = STARTS[seed % len(STARTS)]
    lived = live(scattered(seed, first, DAYS), first + timedelta(days=DAYS), first=first)
    lines = compare(lived)
    assert not lines, "\n" + "\n".join(lines)
    assert {day: row for day, row in lived.said.items() if row != lived.wanted[day]} == {}
    assert wrong_lines(lived.read) == []
