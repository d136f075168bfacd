"""Whether a day lies in a period that is closed for a committee or for anybody above it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from roster.committees.models import Committee
from sessions_app.policies.models import Period, PeriodStage
from sessions_app.policies.rules import ancestors, period_last_day, quarter_of

RANK = {PeriodStage.OPEN: 0, PeriodStage.CLOSED: 1, PeriodStage.FROZEN: 2}


@dataclass(frozen=True)
class Shut:
    """A period that is not open, with its days (ends included) and what to say about it."""

    first: date
    last: date
    stage: PeriodStage
    words: str

    def holds(self, day: date) -> bool:
        return self.first <= day <= self.last

    @property
    def sentence(self) -> str:
        """2026年第2季度已截止；确需改动请走“更正”。"""
        return f"{self.words}已{self.stage.label}；{cure_of(self.stage)}。"


def cure_of(stage: PeriodStage) -> str:
    return "确需改动请走“更正”" if stage == PeriodStage.CLOSED else "确需改动请先由主管部门两人办理解冻"


def words_of(year: int, quarter: int) -> str:
    return f"{year}年" + (f"第{quarter}季度" if quarter else "度")


def period_first_day(year: int, quarter: int) -> date:
    """The first day of a quarter, of the year when `quarter` is 0."""
    return period_last_day(year, quarter - 1) + timedelta(days=1) if quarter > 1 else date(year, 1, 1)


@dataclass(frozen=True)
class Gate:
    """All periods that are not open, of some years: asked many times without a query."""

    shut: Mapping[tuple[int, int, int], PeriodStage]  # (committee id, year, quarter)

    def stage(self, path: str, day: date) -> PeriodStage:
        """The strictest stage of the day's year and quarter, of the committee and all above it."""
        return max(
            (stage for _, stage in self._found(path, day)), key=lambda stage: RANK[stage], default=PeriodStage.OPEN
        )

    def refusal(self, path: str, day: date) -> str:
        """A sentence when nothing may be written into that day, else empty."""
        for quarter, stage in self._found(path, day):
            told = f"{day.month}月{day.day}日的内容不能再录入或修改；{cure_of(stage)}。"
            return f"{words_of(day.year, quarter)}已{stage.label}，{told}"
        return ""

    def spans(self, path: str) -> list[Shut]:
        """Every shut period of the committee and of those above it, the earliest first."""
        above = set(ancestors(path))
        found = [
            Shut(period_first_day(year, quarter), period_last_day(year, quarter), stage, words_of(year, quarter))
            for (committee_id, year, quarter), stage in self.shut.items()
            if committee_id in above
        ]
        return sorted(found, key=lambda shut: (shut.first, shut.last))

    def _found(self, path: str, day: date) -> Iterable[tuple[int, PeriodStage]]:
        for committee_id in ancestors(path):
            for quarter in (0, quarter_of(day)):
                stage = self.shut.get((committee_id, day.year, quarter))
                if stage:
                    yield quarter, stage


def load_gate(first_year: int, last_year: int) -> Gate:
    """One query; for imports and lists."""
    rows = Period.objects.filter(year__range=(first_year, last_year)).exclude(stage=PeriodStage.OPEN)
    return Gate({(row.committee_id, row.year, row.quarter): PeriodStage(row.stage) for row in rows})


def gate_of(paths: Iterable[str]) -> Gate:
    """One query: all shut periods of these committees and of those above them, of whatever year."""
    ids = {committee_id for path in paths for committee_id in ancestors(path)}
    rows = Period.objects.filter(committee_id__in=ids).exclude(stage=PeriodStage.OPEN)
    return Gate({(row.committee_id, row.year, row.quarter): PeriodStage(row.stage) for row in rows})


def stage_on(committee: Committee, day: date) -> PeriodStage:
    """OPEN, CLOSED or FROZEN: the strictest that holds for the committee on that day."""
    return load_gate(day.year, day.year).stage(committee.path, day)
