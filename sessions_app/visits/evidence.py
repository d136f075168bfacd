"""What the system knows beside each line of the checklist and of the score sheet: words with their source, never a verdict.

`share` is what the facts alone would give of full marks; the observer decides. Judgement has no evidence.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from roster.audit.actions import SHANGHAI
from sessions_app.attendance.rules import presence_rate
from sessions_app.minutes.models import ActionItem, Minutes
from sessions_app.minutes.skeleton import missing_for_archive
from sessions_app.outcomes.models import Outcome
from sessions_app.plans.models import PlanStage, StudyPlan
from sessions_app.policies import calendar, parameters
from sessions_app.policies.rules import WorkingDays, day_in_year, is_below, percent, shown
from sessions_app.sessions.models import (
    COUNTED_FORMS,
    TOOK_PLACE,
    FilingStage,
    Participation,
    SessionStage,
    Speech,
    SpeechKind,
    SpeechStage,
    StudySession,
)
from sessions_app.visits.models import ObservationVisit

OK, BEHIND, MUTED = "ok", "behind", "muted"
RULES = ("plan_due_day", "visit_pack_working_days", "attendance_target", "minutes_due_working_days")
WHOLE, HALF, NONE = Decimal(1), Decimal("0.5"), Decimal(0)
MOST_OF_IT = Decimal("0.75")


@dataclass(frozen=True)
class Hint:
    """What is known: in words, as a tone, and as a share of full marks (None: the facts say nothing of it)."""

    words: str
    tone: str = MUTED
    share: Decimal | None = None


@dataclass(frozen=True)
class Earlier:
    """Findings of the committee that were found before a day: how many, and how many of them are struck off."""

    all: int
    closed: int


# The findings lie above this room: hooks.py names who counts them. (committee id, before) -> Earlier
earlier_findings: list[Callable[[int, date], Earlier]] = []


class Ground:
    """One visit with its session, read once, each thing when it is first asked for."""

    def __init__(self, visit: ObservationVisit) -> None:
        self.visit = visit
        self.session: StudySession | None = visit.study_session

    @cached_property
    def day(self) -> date:
        return self.session.day if self.session else self.visit.round.until

    @cached_property
    def rules(self) -> Mapping[str, Any]:
        return parameters.values(RULES, [self.visit.committee], self.day)[self.visit.committee_id]

    @cached_property
    def working(self) -> WorkingDays:
        return calendar.load(self.day - timedelta(days=120), self.day + timedelta(days=60))

    @cached_property
    def plan(self) -> StudyPlan | None:
        rows = StudyPlan.objects.filter(committee=self.visit.committee_id, year=self.day.year)
        found: StudyPlan | None = rows.in_force().prefetch_related("items").first()
        return found

    @cached_property
    def taking(self) -> Participation | None:
        if self.session is None:
            return None
        rows = Participation.objects.filter(study_session=self.session, committee=self.visit.committee_id)
        found: Participation | None = rows.select_related("plan_item").first()
        return found

    @cached_property
    def materials(self) -> list[Any]:
        return list(self.session.materials.all()) if self.session else []

    @cached_property
    def agenda(self) -> list[Any]:
        return list(self.session.agenda.select_related("lead_reader")) if self.session else []

    @cached_property
    def speeches(self) -> list[Speech]:
        if self.taking is None:
            return []
        return list(Speech.objects.filter(participation=self.taking).select_related("speaker", "reviewed_by"))

    @cached_property
    def filings(self) -> list[Any]:
        return list(self.session.filings.order_by("id")) if self.session else []

    @cached_property
    def outside(self) -> int:
        return self.session.extras.filter(is_outside_speaker=True).count() if self.session else 0

    @property
    def late_materials(self) -> list[tuple[Any, int | None]]:
        """Those sent later than the local rule says, with the working days they came before the session (None: not sent)."""
        most = self.rules["visit_pack_working_days"]
        found: list[tuple[Any, int | None]] = []
        for row in self.materials:
            ahead = self.working.between(row.sent_on, self.day) if row.sent_on else None
            if ahead is None or ahead < most:
                found.append((row, ahead))
        return found


def _words_of(day: date | None) -> str:
    return f"{day.month}月{day.day}日" if day else "日期待补"


def plan(ground: Ground) -> Hint:
    row = ground.plan
    if row is None:
        return Hint(f"没有 {ground.day.year} 年度学习计划", BEHIND, NONE)
    due = day_in_year(ground.rules["plan_due_day"], row.year)
    limit = f"截止 {_words_of(due)}"
    settled = f"{_words_of(row.approved_on)}审定" + (f"（{row.approving_meeting}）" if row.approving_meeting else "")
    if row.stage == PlanStage.FILED:
        late = row.edition == 1 and row.filed_on > due
        words = f"{settled}，{_words_of(row.filed_on)}备案（{limit}{'，逾期' if late else ''}）"
        return Hint(words, BEHIND if late else OK, MOST_OF_IT if late else WHOLE)
    if row.stage == PlanStage.APPROVED:
        return Hint(f"{settled}，还没有备案（{limit}）", BEHIND, HALF)
    return Hint(f"年度学习计划还是“{row.get_stage_display()}”", BEHIND, NONE)


def materials(ground: Ground) -> Hint:
    if ground.session is None:
        return Hint("场次还没有确定")
    rule = f"规定提前 {ground.rules['visit_pack_working_days']} 个工作日"
    if not ground.materials:
        return Hint(f"没有登记学习资料（{rule}）", BEHIND, NONE)
    late = ground.late_materials
    if not late:
        return Hint(f"{len(ground.materials)} 份资料都按时发送（{rule}）", OK, WHOLE)
    unsent = sum(ahead is None for _, ahead in late)
    parts = [f"{unsent} 份没有发送日期"] if unsent else []
    if len(late) > unsent:
        parts.append(f"{len(late) - unsent} 份晚于规定")
    share = Decimal(len(ground.materials) - len(late)) / len(ground.materials)
    return Hint(f"{len(ground.materials)} 份资料中 {'，'.join(parts)}（{rule}）", BEHIND, share)


def session_plan(ground: Ground) -> Hint:
    session = ground.session
    if session is None:
        return Hint("场次还没有确定")
    settled = session.stage in (SessionStage.APPROVED, *TOOK_PLACE)
    named = (("地点", session.place), ("主持人", session.chair_id), ("议程", ground.agenda))
    missing = [word for word, value in named if not value]
    words = (
        [f"{_words_of(session.approved_at and session.approved_at.astimezone(SHANGHAI).date())}审定"] if settled else []
    )
    words += [] if settled else [f"方案还是“{session.get_stage_display()}”"]
    words += [f"缺{'、'.join(missing)}"] if missing else []
    sent = materials(ground)
    share = (WHOLE if settled and not missing else HALF if settled else NONE) * HALF + (sent.share or NONE) * HALF
    return Hint(f"{'，'.join(words)}；{sent.words}", OK if share == WHOLE else BEHIND, share)


def speeches(ground: Ground) -> Hint:
    if ground.taking is None:
        return Hint("场次还没有确定")
    key = [row for row in ground.speeches if row.kind == SpeechKind.KEYNOTE]
    if not key:
        return Hint("没有安排重点发言", BEHIND, NONE)
    passed = sum(row.stage == SpeechStage.APPROVED for row in key)
    return Hint(
        f"重点发言 {len(key)} 人，提纲经审核通过 {passed} 人",
        OK if passed == len(key) else BEHIND,
        Decimal(passed) / len(key),
    )


def filings(ground: Ground) -> Hint:
    if ground.session is None:
        return Hint("场次还没有确定")
    item = ground.taking.plan_item if ground.taking else None
    topic = f"调研题目：{item.research_topic}" if item and item.research_topic else "计划条目没有写调研题目"
    needed = max(ground.outside, len(ground.filings))
    if not needed:
        return Hint(f"没有外请报告人；{topic}", OK, WHOLE if item and item.research_topic else None)
    filed = sum(row.stage == FilingStage.APPROVED for row in ground.filings)
    share = Decimal(filed) / needed
    return Hint(f"外请报告 {needed} 人，已备案 {filed} 人；{topic}", OK if share == WHOLE else BEHIND, share)


def attendance(ground: Ground) -> Hint:
    row = ground.taking
    if row is None or row.roll_saved_at is None or row.unmarked_marks >= row.expected_marks:
        return Hint("考勤还没有登记")
    present = presence_rate(row.present_marks, row.expected_marks)
    target = ground.rules["attendance_target"]
    parts = row.part_count
    words = (
        f"应到 {row.expected_marks / parts:g} 人，实到 {row.present_marks / parts:g} 人，请假 {row.leave_marks / parts:g} 人，"
        f"出席率 {percent(present) if present is not None else '待补'}（目标 {shown('attendance_target', target)}）"
    )
    share = present / target if present is not None and is_below(present, target) else WHOLE
    return Hint(words, OK if share == WHOLE else BEHIND, share)


def topic(ground: Ground) -> Hint:
    if ground.session is None:
        return Hint("场次还没有确定")
    kind = ground.session.get_form_display()
    if ground.session.form not in COUNTED_FORMS:
        return Hint(f"登记为“{kind}”，不计集体学习", BEHIND)
    item = ground.taking.plan_item if ground.taking else None
    agenda = f"议程 {len(ground.agenda)} 项"
    if item is None:
        return Hint(f"{kind}，没有对应年度计划的专题；{agenda}", BEHIND)
    return Hint(
        f"对应计划专题“{item.topic}”；{agenda}", OK if ground.agenda else BEHIND, WHOLE if ground.agenda else HALF
    )


def minutes(ground: Ground) -> Hint:
    session = ground.session
    if session is None or session.stage not in TOOK_PLACE:
        return Hint("学习还没有登记召开")
    if session.stage == SessionStage.ARCHIVED:
        return Hint(
            f"已归档（{_words_of(session.archived_at and session.archived_at.astimezone(SHANGHAI).date())}）", OK, WHOLE
        )
    missing = missing_for_archive(session)
    if not missing:
        return Hint("学习记录已审签，还没有归档", OK, WHOLE)
    row = Minutes.objects.filter(study_session=session).only("submitted_at").first()
    due = ground.working.add(session.day, ground.rules["minutes_due_working_days"])
    written = row is not None and row.submitted_at is not None
    return Hint(f"还缺：{'；'.join(missing)}（学习记录期限 {_words_of(due)}）", BEHIND, HALF if written else None)


def outcomes(ground: Ground) -> Hint:
    if ground.session is None or ground.session.stage not in TOOK_PLACE:
        return Hint("学习还没有登记召开")
    rows = Outcome.objects.filter(study_session=ground.session, committee=ground.visit.committee_id, is_withdrawn=False)
    found = rows.count()
    settled = ActionItem.objects.filter(minutes__study_session=ground.session).count()
    words = f"登记成果 {found} 项，议定事项 {settled} 项"
    return Hint(words, OK if found else BEHIND, WHOLE if found else HALF if settled else None)


def findings(ground: Ground) -> Hint:
    if not earlier_findings:
        return Hint("")
    known = earlier_findings[0](ground.visit.committee_id, ground.day)
    if not known.all:
        return Hint("以前没有登记过问题", OK, WHOLE)
    whole = known.closed == known.all
    return Hint(
        f"以往问题 {known.all} 个，已销号 {known.closed} 个", OK if whole else BEHIND, Decimal(known.closed) / known.all
    )


READERS: Mapping[str, Callable[[Ground], Hint]] = {
    "plan": plan, "session_plan": session_plan, "materials": materials, "speeches": speeches, "filings": filings,
    "attendance": attendance, "topic": topic, "minutes": minutes, "outcomes": outcomes, "findings": findings,
}  # fmt: skip


def hint(ground: Ground, key: str) -> Hint | None:
    """What is known of one key of READERS; None for judgement."""
    return READERS[key](ground) if key in READERS else None
