"""A city with units, a small scheme in force, and a run brought to any of its stages by actions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee
from sessions_app.assessment import run_actions as actions
from sessions_app.assessment import scheme_actions
from sessions_app.assessment.models import Assessment, AssessmentSheet, SheetLine
from sessions_app.plans.models import PlanStage, StudyPlan
from tests import build

YEAR = 2026
AS_OF = date(2026, 12, 20)
AT = build.at(date(2026, 12, 21))  # a Monday
LATE = AT + timedelta(days=60)
D = Decimal
CONTENT: dict[str, Any] = {
    "title": "中心组学习考核办法", "source": "云宣发〔2026〕1号", "subject": "COMMITTEE", "weight": "10", "bonus_cap": "3",
    "bands": [{"label": "优秀", "at_least": "89"}, {"label": "合格", "at_least": "60"}, {"label": "不合格", "at_least": "0"}],
    "indicators": [
        {"name": "计划制订", "weight": "30", "items": [{
            "name": "年度计划备案", "max": "30", "primitive": "DEDUCT", "basis": "",
            "params": {"rules": [
                {"key": "filed", "label": "未备案", "formula": "1 - plan_filed", "each": "30", "cap": None},
            ]},
        }]},
        {"name": "学习活动", "weight": "10", "items": [{
            "name": "主题活动", "max": "10", "primitive": "ADD", "basis": "",
            "params": {"rules": [{"key": "done", "label": "主题活动", "formula": None, "each": "5", "cap": "10"}]},
        }]},
        {"name": "研讨深度", "weight": "60", "items": [{
            "name": "研讨质量", "max": "60", "primitive": "MANUAL", "basis": "", "params": {"hint": "酌情"},
        }]},
    ],
}  # fmt: skip


@dataclass
class Run:
    city: Committee
    reviewer: User
    other: User
    units: list[Committee]
    by_unit: list[User]
    row: Assessment = field(init=False)

    def sheet(self, index: int = 0) -> AssessmentSheet:
        return AssessmentSheet.objects.get(assessment=self.row, committee=self.units[index])

    def lines(self, index: int = 0) -> list[SheetLine]:
        return list(SheetLine.objects.filter(sheet=self.sheet(index)).order_by("item__indicator__order"))

    def fresh(self) -> Assessment:
        self.row = Assessment.objects.get(pk=self.row.pk)
        return self.row

    # each returns what the action returns
    def count(self, index: int, number: str | None = "2", **more: Any) -> AssessmentSheet:
        line = self.lines(index)[1]
        counts = {line.pk: {"done": None if number is None else D(number)}}
        given = {"by": self.reviewer, "at": AT, "version": self.sheet(index).version, **more}
        return actions.save_counts(self.sheet(index), counts=counts, **given)

    def scores(self, index: int, *points: str | None, why: str = "见材料") -> dict[int, tuple[Decimal | None, str]]:
        lines = self.lines(index)
        return {line.pk: (None if said is None else D(said), why) for line, said in zip(lines, points, strict=True)}

    def self_score(self, index: int, *points: str, why: str = "见材料") -> AssessmentSheet:
        sheet = self.sheet(index)
        return actions.submit_self(
            sheet, scores=self.scores(index, *points, why=why), note="自评", version=sheet.version,
            by=self.by_unit[index], at=AT,
        )  # fmt: skip

    def verify(self, index: int, *points: str | None, why: str = "见记录", **more: Any) -> AssessmentSheet:
        given = {"done": True, "by": self.reviewer, "at": AT, "version": self.sheet(index).version, **more}
        return actions.verify(self.sheet(index), scores=self.scores(index, *points, why=why), **given)


def make(units: int = 3, content: Mapping[str, Any] = CONTENT) -> Run:
    """Units that filed their plan in January, each with a secretary; two reviewers of the city."""
    city = build.committee("云州市委")
    on = AT.date()
    below = [build.committee(f"第{number}单位", parent=city) for number in range(1, units + 1)]
    run = Run(
        city, build.granted(Role.REVIEWER, city, on=on), build.granted(Role.REVIEWER, city, on=on), [*below, city],
        [build.secretary_of(unit, on=on) for unit in [*below, city]],
    )  # fmt: skip
    for unit in run.units:
        StudyPlan.objects.create(
            committee=unit, year=YEAR, stage=PlanStage.FILED, approving_meeting="会", approved_on=date(2026, 1, 9),
            filed_on=date(2026, 1, 10),
        )  # fmt: skip
    scheme = scheme_actions.create(
        committee=city, year=YEAR, content=content, effective_from=date(YEAR, 1, 1), by=run.reviewer, at=build.AT
    )
    scheme_actions.publish(scheme, version=scheme.version, by=run.reviewer, at=build.AT)
    return run


def opened(units: int = 3, **more: Any) -> Run:
    run = make(units, **more)
    run.row = actions.open_assessment(run.city, year=YEAR, as_of=AS_OF, by=run.reviewer, at=AT)
    return run


def computed(units: int = 3, **more: Any) -> Run:
    """Computed, and the numbers people type are typed."""
    run = opened(units, **more)
    actions.compute(run.row, by=run.reviewer, at=AT)
    for index in range(len(run.units)):
        run.count(index)
    return run


def weighing(units: int = 3) -> Run:
    run = computed(units)
    actions.open_self(run.fresh(), version=run.row.version, by=run.reviewer, at=AT)
    return run


def reviewed(units: int = 3) -> Run:
    """In review: every unit gave itself 92."""
    run = weighing(units)
    for index in range(len(run.units)):
        run.self_score(index, "30", "10", "52")
    actions.start_review(run.fresh(), version=run.row.version, by=run.reviewer, at=AT)
    return run


def published(units: int = 3, *, at: datetime = AT) -> Run:
    """The first verified at 86.5, the next one each a point lower."""
    run = reviewed(units)
    for index in range(len(run.units)):
        run.verify(index, "30", "10", str(D("46.5") - index))
    actions.publish(run.fresh(), version=run.row.version, by=run.reviewer, at=at)
    run.fresh()
    return run
