"""China's working days of 2025 and 2026, and what follows from them, written down by hand.

From the two notices of the State Council's office on the holidays of these years. Nothing here is computed by the code under
test: the oracle counts with these tables, and the tests compare the house's calendar with them.
"""

from collections.abc import Mapping
from datetime import date, timedelta


def days(first: str, last: str = "") -> set[date]:
    """Every day from one to the other, both included."""
    start, end = date.fromisoformat(first), date.fromisoformat(last or first)
    return {start + timedelta(days=step) for step in range((end - start).days + 1)}


# 放假: every day of the holiday, weekends inside it included.
OFF: set[date] = set().union(
    days("2025-01-01"),  # 元旦
    days("2025-01-28", "2025-02-04"),  # 春节
    days("2025-04-04", "2025-04-06"),  # 清明
    days("2025-05-01", "2025-05-05"),  # 劳动节
    days("2025-05-31", "2025-06-02"),  # 端午
    days("2025-10-01", "2025-10-08"),  # 国庆、中秋
    days("2026-01-01", "2026-01-03"),  # 元旦
    days("2026-02-15", "2026-02-23"),  # 春节
    days("2026-04-04", "2026-04-06"),  # 清明
    days("2026-05-01", "2026-05-05"),  # 劳动节
    days("2026-06-19", "2026-06-21"),  # 端午
    days("2026-09-25", "2026-09-27"),  # 中秋
    days("2026-10-01", "2026-10-07"),  # 国庆
)
# 调休上班: Saturdays and Sundays that are worked.
WORKED: set[date] = set().union(
    days("2025-01-26"), days("2025-02-08"),  # 春节
    days("2025-04-27"),  # 劳动节
    days("2025-09-28"), days("2025-10-11"),  # 国庆
    days("2026-01-04"),  # 元旦
    days("2026-02-14"), days("2026-02-28"),  # 春节
    days("2026-05-09"),  # 劳动节
    days("2026-09-20"), days("2026-10-10"),  # 国庆
)  # fmt: skip


def works(day: date) -> bool:
    """Worked, by the tables; in years they do not speak of, Monday to Friday."""
    return day in WORKED or day not in OFF and day.isoweekday() <= 5


def plus(day: date, count: int) -> date:
    """The `count`-th working day after `day`."""
    while count:
        day += timedelta(days=1)
        if works(day):
            count -= 1
    return day


def passed(first: date, last: date) -> int:
    """How many working days lie after `first` and not after `last`; counted backwards, negative."""
    if last < first:
        return -passed(last, first)
    return sum(works(day) for day in days(first.isoformat(), last.isoformat()) - {first})


# 春节 and 国庆, with ten days on either side: what is worked, day by day. `#` worked, `.` off.
SPANS: Mapping[str, str] = {
    # 2025-01-18 Saturday … 2025-02-14 Friday
    "2025-01-18": "..#####" ".##" "........" "####" ".#####",
    # 2025-09-21 Sunday … 2025-10-18 Saturday
    "2025-09-21": ".#####." "###" "........" "###" ".#####.",
    # 2026-02-05 Thursday … 2026-03-05 Thursday
    "2026-02-05": "##..######" "........." "#####" ".####",
    # 2026-09-18 Friday … 2026-10-17 Saturday
    "2026-09-18": "#.#####" "..." "###" "......." "###" ".#####.",
}  # fmt: skip

# From a day, so many working days: the deadline. 3 approvals, 5 minutes and receipts, 10 escalation, 15 make-up study.
DEADLINES: tuple[tuple[str, int, str], ...] = (
    # 春节 2025: Sunday 26 January and Saturday 8 February worked
    ("2025-01-21", 5, "2025-01-27"),
    ("2025-01-22", 5, "2025-02-05"),
    ("2025-01-27", 3, "2025-02-07"),
    ("2025-01-27", 5, "2025-02-10"),
    ("2025-01-29", 3, "2025-02-07"),  # counted from inside the holiday
    ("2025-01-24", 10, "2025-02-13"),
    ("2025-01-22", 15, "2025-02-18"),
    # 清明 2025
    ("2025-04-03", 3, "2025-04-09"),
    # 劳动节 2025: Sunday 27 April worked
    ("2025-04-24", 5, "2025-04-30"),
    ("2025-04-28", 5, "2025-05-08"),
    ("2025-04-30", 3, "2025-05-08"),
    ("2025-04-25", 15, "2025-05-20"),
    # 国庆 2025: Sunday 28 September and Saturday 11 October worked
    ("2025-09-25", 5, "2025-10-09"),
    ("2025-09-30", 3, "2025-10-11"),
    ("2025-09-30", 5, "2025-10-14"),
    ("2025-09-26", 10, "2025-10-16"),
    ("2025-09-26", 15, "2025-10-23"),
    # 元旦 2026: Sunday 4 January worked
    ("2025-12-31", 3, "2026-01-06"),
    # 春节 2026: Saturdays 14 and 28 February worked
    ("2026-02-10", 5, "2026-02-24"),
    ("2026-02-13", 3, "2026-02-25"),
    ("2026-02-12", 10, "2026-03-04"),
    ("2026-02-11", 15, "2026-03-10"),
    # 劳动节 2026: Saturday 9 May worked
    ("2026-04-29", 5, "2026-05-09"),
    ("2026-04-30", 10, "2026-05-18"),
    # 中秋 and 国庆 2026: Sunday 20 September and Saturday 10 October worked
    ("2026-09-18", 5, "2026-09-24"),
    ("2026-09-24", 3, "2026-09-30"),
    ("2026-09-24", 5, "2026-10-09"),
    ("2026-09-18", 15, "2026-10-15"),
    ("2026-09-30", 10, "2026-10-20"),
)

# The first working day of each month: when the monthly digest is due.
MONTHS: Mapping[str, str] = {
    "2025-01": "2025-01-02", "2025-02": "2025-02-05", "2025-03": "2025-03-03", "2025-04": "2025-04-01",
    "2025-05": "2025-05-06", "2025-06": "2025-06-03", "2025-07": "2025-07-01", "2025-08": "2025-08-01",
    "2025-09": "2025-09-01", "2025-10": "2025-10-09", "2025-11": "2025-11-03", "2025-12": "2025-12-01",
    "2026-01": "2026-01-04", "2026-02": "2026-02-02", "2026-03": "2026-03-02", "2026-04": "2026-04-01",
    "2026-05": "2026-05-06", "2026-06": "2026-06-01", "2026-07": "2026-07-01", "2026-08": "2026-08-03",
    "2026-09": "2026-09-01", "2026-10": "2026-10-08", "2026-11": "2026-11-02", "2026-12": "2026-12-01",
}  # fmt: skip
QUARTERS: Mapping[str, str] = {
    "2025-Q1": "2025-01-02", "2025-Q2": "2025-04-01", "2025-Q3": "2025-07-01", "2025-Q4": "2025-10-09",
    "2026-Q1": "2026-01-04", "2026-Q2": "2026-04-01", "2026-Q3": "2026-07-01", "2026-Q4": "2026-10-08",
}  # fmt: skip
# Weeks that do not begin on their Monday. 2026-W08 has no working day at all: the day named lies in the next week.
WEEKS: Mapping[str, str] = {
    "2025-W06": "2025-02-05", "2025-W19": "2025-05-06", "2025-W23": "2025-06-03", "2025-W41": "2025-10-09",
    "2026-W08": "2026-02-24", "2026-W09": "2026-02-24", "2026-W15": "2026-04-07", "2026-W19": "2026-05-06",
    "2026-W41": "2026-10-08",
}  # fmt: skip
MONDAYS_FIRST, MONDAYS_LAST = date(2024, 12, 30), date(2026, 12, 28)  # 2025-W01 to 2026-W53
