"""AttendanceMark (5 million rows at a province), LeaveRequest, MakeUpStudy."""

from typing import Any

from django.db import models
from django.db.models import F, Q

from roster.audit.models import Versioned
from roster.committees.models import ScopedQuerySet
from roster.people.models import Person
from sessions_app.sessions.models import Participation, SessionPart


class Attendance(models.TextChoices):
    PRESENT = "PRESENT", "出席"
    VIDEO = "VIDEO", "视频参会"
    ON_LEAVE = "ON_LEAVE", "请假"
    ABSENT = "ABSENT", "缺席"


AWAY = [Attendance.ON_LEAVE, Attendance.ABSENT]


class LeaveKind(models.TextChoices):
    DUTY = "DUTY", "公务"
    SICK = "SICK", "病假"
    TRAVEL = "TRAVEL", "出差"
    OTHER = "OTHER", "其他"


class LeaveStage(models.TextChoices):
    ASKED = "ASKED", "申请"
    AGREED = "AGREED", "同意"
    REFUSED = "REFUSED", "不同意"
    WITHDRAWN = "WITHDRAWN", "撤回"


class ByParticipationQuerySet(ScopedQuerySet):
    scope_field = "participation__committee"
    person_field = "person_id"


class LeaveRequest(Versioned):
    """Leave from a session, or from one part of it. The leader's own leave is recorded, not decided."""

    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="leaves")
    part = models.ForeignKey(SessionPart, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, verbose_name="请假人", on_delete=models.PROTECT, related_name="leaves")
    kind = models.CharField("类别", max_length=8, choices=LeaveKind)
    reason = models.CharField("事由", max_length=200)
    stage = models.CharField("状态", max_length=10, choices=LeaveStage, default=LeaveStage.ASKED)
    asked_at = models.DateTimeField("申请时间")
    asked_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField("审批时间", null=True, blank=True)
    is_recorded_only = models.BooleanField("仅作记录", default=False, help_text="组长本人请假")
    note = models.CharField("审批意见", max_length=200, blank=True)

    objects: Any = ByParticipationQuerySet.as_manager()

    class Meta:
        verbose_name = "请假"
        verbose_name_plural = "请假"
        ordering = ["-asked_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["participation", "person", "part"],
                condition=Q(stage__in=["ASKED", "AGREED"]),
                name="leave_one_live",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="leave_has_reason"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("person")), name="leave_not_self_decided"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} 请假"

    @property
    def committee_id(self) -> int:
        return self.participation.committee_id


class AttendanceMark(models.Model):
    """One mark a member and part of a session. `committee` of the mark is its participation's."""

    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="marks")
    part = models.ForeignKey(SessionPart, on_delete=models.PROTECT, related_name="marks", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="marks")
    status = models.CharField("状态", max_length=8, choices=Attendance)
    is_late = models.BooleanField("迟到", default=False)
    left_early = models.BooleanField("早退", default=False)
    reason = models.CharField("事由", max_length=200, blank=True)

    objects: Any = ByParticipationQuerySet.as_manager()

    class Meta:
        verbose_name = "考勤"
        verbose_name_plural = "考勤"
        ordering = ["participation", "part", "person"]
        constraints = [
            models.UniqueConstraint(fields=["part", "participation", "person"], name="mark_once"),
            models.CheckConstraint(
                condition=~Q(status__in=["ON_LEAVE", "ABSENT"]) | ~Q(reason=""), name="mark_away_has_reason"
            ),
            models.CheckConstraint(
                condition=Q(status__in=["PRESENT", "VIDEO"]) | Q(is_late=False, left_early=False),
                name="mark_flags_only_when_there",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person} {self.get_status_display()}"


class MakeUpStage(models.TextChoices):
    DUE = "DUE", "待补"
    SUBMITTED = "SUBMITTED", "已交"
    CONFIRMED = "CONFIRMED", "已确认"
    RETURNED = "RETURNED", "退回"
    VOID = "VOID", "已撤销"


class MakeUpStudy(Versioned):
    """Opened by the roll for a member who was away; `missed_marks` parts of the session.

    Confirmed, it raises 参学率; the absence itself stays. Never confirmed by the person who made it up.
    """

    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="make_ups")
    person = models.ForeignKey(Person, verbose_name="补学人", on_delete=models.PROTECT, related_name="make_ups")
    missed_marks = models.PositiveSmallIntegerField(default=1)
    due_on = models.DateField("补学期限")
    stage = models.CharField("状态", max_length=10, choices=MakeUpStage, default=MakeUpStage.DUE)
    done_on = models.DateField("补学日期", null=True, blank=True)
    method = models.CharField("补学方式", max_length=60, blank=True)
    content = models.TextField("补学内容", blank=True)
    reflection = models.TextField("学习体会", blank=True)
    confirmed_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    confirmed_on = models.DateField("确认日期", null=True, blank=True)
    return_note = models.CharField("退回意见", max_length=200, blank=True)

    objects: Any = ByParticipationQuerySet.as_manager()

    class Meta:
        verbose_name = "补学"
        verbose_name_plural = "补学"
        ordering = ["due_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["participation", "person"], name="make_up_once"),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("person")), name="make_up_not_self_confirmed"
            ),
            models.CheckConstraint(
                condition=~Q(stage="CONFIRMED") | Q(confirmed_on__isnull=False), name="make_up_confirmed_when"
            ),
        ]
        indexes = [models.Index(fields=["stage", "due_on"], name="make_up_due")]

    def __str__(self) -> str:
        return f"{self.person} 补学"

    @property
    def committee_id(self) -> int:
        return self.participation.committee_id
