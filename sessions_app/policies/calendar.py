"""Working days from the table; a year without rows falls back to Monday to Friday, and says so."""

from datetime import date, timedelta

from sessions_app.policies.models import WorkingDay
from sessions_app.policies.rules import WorkingDays


def load(first: date, last: date) -> WorkingDays:
    """Everything known from `first` to `last`, in one query. `day in days`, `days.add`, `days.between`, `days.warning()`."""
    rows = WorkingDay.objects.filter(day__range=(first, last)).values_list("day", "is_working")
    known = dict(rows)
    years = {day.year for day in known}
    return WorkingDays(known, frozenset(year for year in range(first.year, last.year + 1) if year not in years))


def add_working_days(day: date, n: int) -> date:
    """The day `n` working days after `day`, which itself does not count."""
    # Two weeks of holiday at the most stand between, and five of seven days work otherwise.
    return load(day, day + timedelta(days=2 * n + 30)).add(day, n)


def working_days_between(first: date, last: date) -> int:
    """Working days after `first` up to `last`, included: 还剩 n 个工作日; negative when `last` is past."""
    return load(min(first, last), max(first, last)).between(first, last)
