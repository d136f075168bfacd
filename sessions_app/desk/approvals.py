"""待我审批: what waits for a leader, a deputy or a reviewer, as cards of three lines."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Permission
from sessions_app.assessment.models import InterviewStage, LeaderInterview, Objection, ObjectionStage
from sessions_app.attendance.models import LeaveRequest, LeaveStage
from sessions_app.bulletins.models import Bulletin, BulletinStage
from sessions_app.corrections.models import Correction, CorrectionStage
from sessions_app.desk.counting import counts_of
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.plans.models import PlanStage, StudyPlan
from sessions_app.sessions.models import (
    FilingStage,
    SessionStage,
    SpeakerFiling,
    Speech,
    SpeechStage,
    StudySession,
)

SHOWN = 20
P = Permission


@dataclass(frozen=True)
class Card:
    what: str
    url: str
    why: str
    changed: str = ""
    sender: str = ""
    sentence: str = ""


@dataclass(frozen=True)
class Waiting:
    """One kind of thing that waits. `two_tap` is False where a decision needs more than a yes (the plan's meeting)."""

    permission: Permission
    model: type
    waits: Q
    own: tuple[str, ...]
    related: tuple[str, ...]
    card: Callable[[Any], Card]
    reasons: tuple[str, ...]
    two_tap: bool = True

    def rows(self, user: User) -> QuerySet:
        """Open to the user, waiting, and not sent in by himself: nobody decides on his own (`own` fields)."""
        rows = self.model.objects.open_to(user, self.permission).filter(self.waits)
        for field in self.own if user.person_id else ():
            rows = rows.exclude(**{field: user.person_id})
        return rows


def _session_url(study_session: StudySession) -> str:
    return study_session.get_absolute_url()


def leave_days(row: LeaveRequest) -> str:
    """Which days the leave is from: one of several is named."""
    day = row.part.day if row.part else row.participation.day
    said = f"{day.month}月{day.day}日"
    if row.part:
        return f"{said}学习，只请这一天" if row.participation.part_count > 1 else f"{said}学习"
    return (
        f"{said}起全程学习（{row.participation.part_count} 个时段）"
        if row.participation.part_count > 1
        else f"{said}学习"
    )


def kinds() -> dict[str, Waiting]:
    """Every kind, in the order of the cards: what holds others up comes first."""
    return {
        "leave": Waiting(
            P.LEAVE_DECIDE, LeaveRequest, Q(stage=LeaveStage.ASKED), ("person_id",),
            ("person", "part", "participation__study_session", "participation__committee"),
            lambda row: Card(
                f"{row.person} 请假（{row.get_kind_display()}）：{row.reason}", _session_url(row.participation.study_session),
                f"{leave_days(row)}：{row.participation.study_session.topic}",
                sender=str(row.participation.committee), sentence="同意后考勤自动记为请假，并安排补学。"),
            ("请调整时间参加", "请说明具体事由"),
        ),
        "session": Waiting(
            P.SESSION_APPROVE, StudySession, Q(stage=SessionStage.SUBMITTED), ("submitted_by_id",), ("committee", "chair"),
            lambda row: Card(
                f"学习方案：{row.topic}", _session_url(row),
                f"{row.day.month}月{row.day.day}日 {row.place} 主持 {row.chair or '未定'}", row.return_note,
                str(row.committee), "审定后方案即作准，成员在“我的学习”里看到；以后改动须重新审定。"),
            ("请补充重点发言人", "请调整学习时间", "学习内容请进一步聚焦"),
        ),
        "speech": Waiting(
            P.SPEECH_REVIEW, Speech, Q(stage=SpeechStage.SUBMITTED), ("speaker_id",),
            ("speaker", "participation__study_session", "participation__committee"),
            lambda row: Card(
                f"{row.speaker}的{row.get_kind_display()}发言《{row.title}》", reverse("session_speeches", args=[row.participation.study_session_id]),
                f"{len(row.text)} 字；联系实际：{row.link_to_work[:60] or '未写'}", f"第 {row.edition} 版" if row.edition > 1 else "",
                str(row.participation.committee), "通过后文稿定稿。"),
            ("请结合分管工作", "请补充对策建议", "请压缩篇幅"),
        ),
        "minutes": Waiting(
            P.MINUTES_APPROVE, Minutes, Q(stage=MinutesStage.SUBMITTED), ("author_id",),
            ("study_session__committee", "author"),
            lambda row: Card(
                f"学习记录：{row.study_session.topic}", reverse("minutes", args=[row.study_session_id]),
                f"{row.study_session.day.month}月{row.study_session.day.day}日，记录人 {row.author or '未署名'}",
                row.return_note, str(row.study_session.committee), "审签后记录锁定，可以归档。"),
            ("请补全发言要点", "请核对请假事由", "请补充议定事项"),
        ),
        "correction": Waiting(
            P.CORRECTION_DECIDE, Correction, Q(stage=CorrectionStage.ASKED), ("asked_by_id",),
            ("study_session", "committee", "asked_by"),
            lambda row: Card(
                f"更正{row.get_kind_display()}：{row.about}", row.get_absolute_url(), row.reason,
                row.evidence, f"{row.committee} {row.asked_by}", "同意后数字随之改变，原记录仍可查看。"),
            ("依据不足", "请核对后重新申请"),
        ),
        "countersign": Waiting(
            P.CORRECTION_COUNTERSIGN, Correction, Q(stage=CorrectionStage.LEADER_AGREED), ("asked_by_id", "decided_by_id"),
            ("study_session", "committee", "asked_by"),
            lambda row: Card(
                f"年度已截止的更正：{row.about}", row.get_absolute_url(), row.reason, row.evidence,
                str(row.committee), "同意后数字随之改变，已印发文书不变。"),
            ("依据不足",),
        ),
        "filing": Waiting(
            P.FILING_DECIDE, SpeakerFiling, Q(stage=FilingStage.PENDING), (), ("study_session__committee",),
            lambda row: Card(
                f"外请报告备案：{row.speaker}《{row.topic}》", _session_url(row.study_session),
                f"{row.unit} {row.title}；{row.study_session.day.month}月{row.study_session.day.day}日", "",
                str(row.study_session.committee), "同意后该场次不再提示未备案。"),
            ("请补充报告提纲", "请说明报告人情况"),
        ),
        "objection": Waiting(
            P.ASSESS_EDIT, Objection, Q(stage=ObjectionStage.ASKED), ("sheet__verified_by__person_id",),
            ("sheet__committee", "sheet__assessment", "asked_by"),
            lambda row: Card(
                f"考核申诉：{row.sheet.assessment}", reverse("objection", args=[row.pk]), row.reason[:80], "",
                str(row.sheet.committee), "复议须写明意见，请打开办理。"),
            (), two_tap=False,
        ),
        "interview": Waiting(
            P.INTERVIEW_CONFIRM, LeaderInterview, Q(stage=InterviewStage.SUGGESTED), (), ("committee", "department"),
            lambda row: Card(
                f"约谈建议：{row.committee}", row.get_absolute_url(), row.reason, "", str(row.department),
                "确认或不约谈，请打开办理。"),
            (), two_tap=False,
        ),
        "plan": Waiting(
            P.PLAN_APPROVE, StudyPlan, Q(stage=PlanStage.SUBMITTED), ("submitted_by_id",), ("committee",),
            lambda row: Card(
                str(row), row.get_absolute_url(), "审定须填写审定会议和日期，请打开办理。",
                row.amend_reason, str(row.committee)),
            (), two_tap=False,
        ),
        "bulletin-check": Waiting(
            P.BULLETIN_CHECK, Bulletin, Q(stage=BulletinStage.CHECKING), ("compiled_by_id",), ("committee", "compiled_by"),
            lambda row: Card(
                f"学情通报待核稿：{row.title}", row.get_absolute_url(), "核稿须通读全文、核对数字，请打开办理。", "",
                f"{row.committee} {row.compiled_by}"),
            (), two_tap=False,
        ),
        "bulletin-sign": Waiting(
            P.BULLETIN_SIGN, Bulletin, Q(stage=BulletinStage.CHECKED), ("compiled_by_id", "checked_by_id"),
            ("committee", "compiled_by", "checked_by"),
            lambda row: Card(
                f"学情通报待签发：{row.title}", row.get_absolute_url(), "签发后编号印发、不再改，请打开阅后办理。",
                str(row.checked_by), f"{row.committee} {row.compiled_by}"),
            (), two_tap=False,
        ),
    }  # fmt: skip


# What stands in the two lines of a card.
WORDS = {
    "leave": ("学习", ""),
    "session": ("时间地点", "上次退回"),
    "speech": ("文稿", "版次"),
    "minutes": ("学习", "上次退回"),
    "correction": ("更正理由", "依据"),
    "countersign": ("更正理由", "依据"),
    "filing": ("报告人", ""),
    "objection": ("申诉理由", ""),
    "interview": ("建议理由", ""),
    "plan": ("怎么办", "调整理由"),
    "bulletin-check": ("怎么办", ""),
    "bulletin-sign": ("怎么办", "核稿"),
}


def waiting_for(user: User) -> list[tuple[str, Waiting, Any]]:
    """(kind, its row of the table, the thing), oldest first within a kind; one query a kind the user may decide."""
    found = []
    for kind, waiting in kinds().items():
        if user.may(waiting.permission):
            rows = waiting.rows(user).select_related(*waiting.related).order_by("pk")
            found += [(kind, waiting, row) for row in rows[:SHOWN]]
    return found


def approval_count(user: User) -> int:
    rows = {kind: waiting.rows(user) for kind, waiting in kinds().items() if user.may(waiting.permission)}
    return sum(counts_of(rows).values()) if rows else 0
