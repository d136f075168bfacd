"""Many plan items at once; their plans come with them (import, demo).

    take_in(rows, by=, at=)

Without `stage` a plan of a past year comes in as FILED and a plan of this year or later as DRAFT. `stage`, `aim`,
`requirements`, `approving_meeting`, `approved_on`, `filed_on`, `submitted_by`, `approved_by` belong to the plan and are read
from the first row of each committee and year.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from roster.audit.actions import Actor, Entry
from roster.audit.taking import BATCH, Change, Fate, Fault, Journal, Verdict, acts, rejected, settle, shown
from roster.committees.intake import Committees, check_versions, said_place
from roster.people.models import Person
from sessions_app.plans.models import PlanItem, PlanStage, StudyMode, StudyPlan
from sessions_app.plans.rules import OPEN_STAGES, SETTLED_STAGES, due_on, item_problems
from sessions_app.policies.periods import Gate, load_gate

# Of a past year nobody in this house approved: the workbook does not say by which meeting, nor when.
IMPORTED_MEETING = "历史计划导入，审定会议未载明"
COLUMNS = {
    "quarter": "季度", "month": "月份", "topic": "专题", "category": "内容类别", "mode": "学习方式", "speakers": "重点发言人",
    "expected_outcome": "预期成果", "materials": "学习篇目", "chair": "主持人", "department": "责任部门",
    "research_topic": "调研题目", "note": "备注",
}  # fmt: skip
HEAD_COLUMNS = {"aim": "学习目标", "requirements": "学习要求"}
Year = tuple[str, int]  # committee code, year


@dataclass(slots=True)
class PlanItemRow:
    committee: str
    year: int
    serial: int
    quarter: int
    topic: str
    category: int | None
    month: int | None = None
    mode: str | None = None  # StudyMode value
    speakers: str | None = None
    expected_outcome: str | None = None
    materials: str | None = None
    chair: str | None = None
    department: str | None = None
    research_topic: str | None = None
    note: str | None = None
    # of the plan
    stage: str | None = None  # PlanStage value
    aim: str | None = None
    requirements: str | None = None
    approving_meeting: str | None = None
    approved_on: date | None = None
    filed_on: date | None = None
    submitted_by: str | None = None  # person codes
    approved_by: str | None = None
    at: datetime | None = None
    place: Any = None


class Plans:
    """The plans of the committees and years an intake speaks of: the newest edition of each, with its items."""

    def __init__(self, committees: Committees, *, at: datetime) -> None:
        self.committees, self.at = committees, at
        self.gate = Gate({})
        self.newest: dict[Year, StudyPlan] = {}
        self.items: dict[tuple[int, int], PlanItem] = {}  # (id() of the plan, serial)
        self.editions: dict[Year, list[StudyPlan]] = {}
        self.refused: dict[tuple[str, int, int], Any] = {}
        self.new_plans: list[tuple[StudyPlan, PlanItemRow]] = []
        self.new: list[tuple[PlanItem, PlanItemRow]] = []
        self.changed: dict[int, tuple[PlanItem, PlanItemRow, dict[str, Any]]] = {}
        self.touched: dict[int, StudyPlan] = {}
        self.heads: dict[int, dict[str, str]] = {}  # plan -> aim and requirements as they were

    def load(self, rows: Sequence[PlanItemRow], years: Iterable[Year] = ()) -> None:
        """Three queries: plans, items, periods that are shut."""
        wanted = {(row.committee, row.year) for row in rows} | set(years)
        ids = {
            found.pk: code
            for code in {code for code, _ in wanted}
            if (found := self.committees.by_code.get(code)) and found.pk
        }
        if wanted:
            self.gate = load_gate(min(year for _, year in wanted), max(year for _, year in wanted))
        if not ids:
            return
        plans = StudyPlan.objects.filter(committee_id__in=list(ids), year__in={year for _, year in wanted}).order_by(
            "edition"
        )
        by_id = {}
        for plan in plans:
            plan.committee = self.committees.by_id[plan.committee_id]
            by_id[plan.pk] = plan
            self.editions.setdefault((ids[plan.committee_id], plan.year), []).append(plan)
            self.newest[(ids[plan.committee_id], plan.year)] = plan
        for item in PlanItem.objects.filter(plan_id__in=list(by_id)):
            item.plan = by_id[item.plan_id]
            self.items[(id(item.plan), item.serial)] = item

    def find(self, committee: str, year: int, serial: int) -> PlanItem | None:
        """The item a session of that year was made from: of the newest settled edition that has it, else the newest."""
        editions = self.editions.get((committee, year), [])
        settled = [plan for plan in editions if plan.stage in SETTLED_STAGES]
        for plan in [*reversed(settled), *reversed(editions)]:
            item = self.items.get((id(plan), serial))
            if item is not None:
                return item
        return None

    def judge(self, rows: Sequence[PlanItemRow]) -> list[Verdict]:
        first: dict[tuple[str, int, int], Any] = {}
        verdicts = []
        for row in rows:
            key = (row.committee, row.year, row.serial)
            if key in first:
                reason = (
                    f"{row.year} 年计划序号 {row.serial} 前面{said_place(first[key])}已经用过，请改序号或删去重复的行。"
                )
                verdict = rejected(row, Fault("序号", str(row.serial), reason))
            else:
                verdict = self._judge(row)
                if verdict.fate is Fate.REJECTED:
                    self.refused.setdefault(key, row.place)
                else:
                    first[key] = row.place
            verdicts.append(verdict)
        return verdicts

    def _judge(self, row: PlanItemRow) -> Verdict:
        committee, fault = self.committees.find(row.committee)
        if committee is None:
            return rejected(row, *([fault] if fault else []))
        values = {name: getattr(row, name) for name in COLUMNS}
        problems = item_problems(values, f"序号 {row.serial}", category_may_wait=True)
        if problems:
            return rejected(row, *(Fault("专题", row.topic, problem) for problem in problems))
        plan = self.newest.get((row.committee, row.year))
        item = self.items.get((id(plan), row.serial)) if plan else None
        wanted = {
            name: value
            for name, value in values.items()
            if value is not None and (item is None or value != getattr(item, name))
        }
        head = self._head(row, plan)
        if item is not None and not wanted and not head:
            return Verdict(row, Fate.SAME)
        # A plan belongs to its whole year: it stays open until the year's last quarter is closed.
        shut = self.gate.refusal(committee.path, date(row.year, 12, 31))
        if shut:
            return rejected(row, Fault("年度", str(row.year), shut))
        if plan is None:
            plan = self._make(row)
        if plan.pk and plan.stage not in OPEN_STAGES and plan.approving_meeting != IMPORTED_MEETING:
            reason = f"{row.year} 年计划现在是“{PlanStage(plan.stage).label}”，内容已锁定；要改请在计划页面办理“调整”。"
            return rejected(row, Fault("序号", str(row.serial), reason))
        head_changes = self._put_head(plan, head)
        if item is None:
            if plan.pk and row.serial <= plan.last_serial and plan.approving_meeting != IMPORTED_MEETING:
                reason = f"序号 {row.serial} 以前用过，不能再用，请改用 {plan.last_serial + 1} 以后的序号。"
                return rejected(row, Fault("序号", str(row.serial), reason))
            item = PlanItem(plan=plan, serial=row.serial, **{name: v for name, v in values.items() if v is not None})
            self.items[(id(plan), row.serial)] = item
            self.new.append((item, row))
            self._touch(plan, row.serial)
            return Verdict(row, Fate.NEW, head_changes)
        if not wanted:
            self._touch(plan, row.serial)
            return Verdict(row, Fate.CHANGED, head_changes)
        quarter, month = wanted.get("quarter", item.quarter), wanted.get("month", item.month)
        if month and (month + 2) // 3 != quarter:
            return rejected(
                row, Fault("季度", str(quarter), f"已登记的月份是 {month} 月，不在第 {quarter} 季度，请同时填写月份。")
            )
        before = {name: getattr(item, name) for name in wanted}
        changes = [
            Change(COLUMNS[name], self._word(name, before[name]), self._word(name, value))
            for name, value in wanted.items()
        ]
        for name, value in wanted.items():
            setattr(item, name, value)
        self.changed[item.pk] = (item, row, before)
        self._touch(plan, row.serial)
        return Verdict(row, Fate.CHANGED, [*changes, *head_changes])

    @staticmethod
    def _head(row: PlanItemRow, plan: StudyPlan | None) -> dict[str, str]:
        """What the row says of the whole year otherwise than the plan there."""
        if plan is None or not plan.pk:
            return {}
        given = {name: value for name in HEAD_COLUMNS if (value := getattr(row, name))}
        return {name: value for name, value in given.items() if value != getattr(plan, name)}

    def _put_head(self, plan: StudyPlan, head: dict[str, str]) -> list[Change]:
        changes = []
        for name, value in head.items():
            before = getattr(plan, name)
            self.heads.setdefault(plan.pk, {}).setdefault(name, before)
            changes.append(Change(HEAD_COLUMNS[name], before, value))
            setattr(plan, name, value)
        return changes

    def _touch(self, plan: StudyPlan, serial: int) -> None:
        plan.last_serial = max(plan.last_serial, serial)
        if plan.pk:
            self.touched[plan.pk] = plan

    def _make(self, row: PlanItemRow) -> StudyPlan:
        entered = row.at or self.at
        past = row.year < entered.date().year
        stage = row.stage or (PlanStage.FILED if past else PlanStage.DRAFT)
        settled = stage in SETTLED_STAGES
        plan = StudyPlan(
            committee=self.committees.by_code[row.committee], year=row.year, stage=stage, aim=row.aim or "",
            requirements=row.requirements or "",
            approving_meeting=row.approving_meeting or (IMPORTED_MEETING if settled else ""),
            approved_on=row.approved_on or (due_on(row.year) if settled else None),
            filed_on=row.filed_on or (due_on(row.year) if stage == PlanStage.FILED else None),
        )  # fmt: skip
        self.newest[(row.committee, row.year)] = plan
        self.editions.setdefault((row.committee, row.year), []).append(plan)
        self.new_plans.append((plan, row))
        return plan

    @staticmethod
    def _word(name: str, value: Any) -> str:
        return str(StudyMode(value).label) if name == "mode" and value else shown(value)

    @transaction.atomic
    def write(self, journal: Journal, *, by: Actor, at: datetime) -> None:
        # A plan whose every item was rejected is not made.
        kept = {id(item.plan) for item, _ in self.new}
        made = [(plan, row) for plan, row in self.new_plans if id(plan) in kept]
        codes = {code for _, row in made for code in (row.submitted_by, row.approved_by) if code}
        people = dict(Person.objects.filter(code__in=codes).values_list("code", "pk")) if codes else {}
        for plan, row in made:
            plan.submitted_by_id = people[row.submitted_by] if row.submitted_by else None
            plan.approved_by_id = people[row.approved_by] if row.approved_by else None
        StudyPlan.objects.bulk_create([plan for plan, _ in made], batch_size=BATCH)
        journal.note_made(plan for plan, _ in made)
        check_versions(StudyPlan, {pk: plan.version for pk, plan in self.touched.items()})
        counts: dict[int, list[int]] = {}
        for item, _ in self.new:
            counts.setdefault(id(item.plan), [0, 0])[0] += 1
        for item, _, before in self.changed.values():
            counts.setdefault(id(item.plan), [0, 0])[1] += 1
            journal.note_changed(item, before)
        for plan, row in made:
            data = {"items": counts[id(plan)][0], "intake": True}
            journal.entries += acts(plan, plan.committee_id, _steps(plan, row, at), data=data)
        for plan in self.touched.values():
            plan.version += 1
            journal.note_changed(plan, self.heads.get(plan.pk, {}))
            added, altered = counts.get(id(plan), [0, 0])
            data = {"items": added, "changed": altered, "intake": True}
            entry = Entry(
                plan, "save_items", at, before=plan.stage, after=plan.stage, data=data, chain=plan.committee_id
            )
            journal.entries.append(entry)
        StudyPlan.objects.bulk_update(
            self.touched.values(), ["version", "last_serial", *HEAD_COLUMNS], batch_size=BATCH
        )
        PlanItem.objects.bulk_create([item for item, _ in self.new], batch_size=BATCH)
        journal.note_made(item for item, _ in self.new)
        PlanItem.objects.bulk_update([item for item, _, _ in self.changed.values()], list(COLUMNS), batch_size=BATCH)


def _steps(plan: StudyPlan, row: PlanItemRow, at: datetime) -> list[tuple[str, str, datetime]]:
    """The acts that led to the stage: of a past year the import itself; who brings an approval (demo) brings its acts."""
    when = row.at or at
    if row.approved_by is None or plan.stage not in SETTLED_STAGES:
        return [("create", str(plan.stage), when)]
    steps = [("create", "DRAFT", when), ("submit", "SUBMITTED", when), ("approve", "APPROVED", when)]
    return steps + ([("file", "FILED", when)] if plan.stage == PlanStage.FILED else [])


@transaction.atomic
def take_in(rows: Sequence[PlanItemRow], *, by: Actor, at: datetime) -> Plans:
    committees = Committees()
    committees.load({row.committee for row in rows})
    register = Plans(committees, at=at)
    register.load(rows)
    settle(register.judge(rows))
    journal = Journal()
    register.write(journal, by=by, at=at)
    journal.record(by=by)
    return register
