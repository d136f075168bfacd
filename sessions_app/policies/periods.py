"""Whether a day lies in a period that is closed for a committee or for anybody above it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from roster.committees.models import Committee
from sessions_app.policies.models import Period, PeriodStage
from sessions_app.policies.rules import ancestors, quarter_of

RANK = {PeriodStage.OPEN: 0, PeriodStage.CLOSED: 1, PeriodStage.FROZEN: 2}


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
            word = f"{day.year}年" + (f"第{quarter}季度" if quarter else "度")
            cure = "确需改动请走“更正”" if stage == PeriodStage.CLOSED else "确需改动请先由主管部门两人办理解冻"
            return f"{word}已{stage.label}，{day.month}月{day.day}日的内容不能再录入或修改；{cure}。"
        return ""

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


def stage_on(committee: Committee, day: date) -> PeriodStage:
    """OPEN, CLOSED or FROZEN: the strictest that holds for the committee on that day."""
    return load_gate(day.year, day.year).stage(committee.path, day)
