"""StudySession and what it is made of. One Participation a committee that takes part, the host's included."""

from typing import Any, Self

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from roster.accounts.roles import Permission
from roster.audit.models import Versioned
from roster.committees.models import Committee, ScopedQuerySet, Viewer
from roster.people.models import Person
from sessions_app.plans.models import ContentCategory, PlanItem, StudyMode


class Form(models.TextChoices):
    GROUP_STUDY = "GROUP_STUDY", "集体学习研讨"
    READING_CLASS = "READING_CLASS", "专题读书班"
    LECTURE = "LECTURE", "专家辅导"
    ON_SITE = "ON_SITE", "现场教学"
    FIELD_RESEARCH = "FIELD_RESEARCH", "专题调研"
    FIRST_AGENDA_ITEM = "FIRST_AGENDA_ITEM", "第一议题"


# 第一议题 at a committee meeting is not group study: it counts in no figure of sessions.
COUNTED_FORMS = [form for form in Form if form != Form.FIRST_AGENDA_ITEM]


class SessionStage(models.TextChoices):
    PREPARING = "PREPARING", "筹备"
    SUBMITTED = "SUBMITTED", "待审定"
    APPROVED = "APPROVED", "已审定"
    HELD = "HELD", "已召开"
    ARCHIVED = "ARCHIVED", "已归档"
    CANCELLED = "CANCELLED", "已取消"


TOOK_PLACE = [SessionStage.HELD, SessionStage.ARCHIVED]


class StudySessionQuerySet(ScopedQuerySet):
    def open_to(self, user: Viewer, permission: str) -> Self:
        """Reading: the host and every committee that takes part. Changing: the host alone."""
        reach = user.reach(permission)
        if permission in (Permission.SESSION_READ, Permission.ROLL_READ, Permission.MINUTES_READ):
            parts = Participation.objects.exclude(state=ParticipationState.DECLINED).filter(
                ScopedQuerySet.scope(reach), study_session=OuterRef("pk")
            )
            return self.filter(Exists(parts))
        return self.filter(ScopedQuerySet.scope(reach))

    def held(self) -> Self:
        return self.filter(stage__in=TOOK_PLACE)


class StudySession(Versioned):
    """`day` is the first day; times and further days are its parts. `committee` is the host."""

    committee = models.ForeignKey(
        Committee, verbose_name="委员会", on_delete=models.PROTECT, related_name="study_sessions"
    )
    day = models.DateField("日期")
    topic = models.CharField("学习主题", max_length=200)
    form = models.CharField("学习形式", max_length=20, choices=Form, default=Form.GROUP_STUDY)
    mode = models.CharField("学习方式", max_length=12, choices=StudyMode, default=StudyMode.DISCUSSION)
    category = models.PositiveSmallIntegerField("内容类别", choices=ContentCategory, null=True, blank=True)
    place = models.CharField("地点", max_length=100, blank=True)
    chair = models.ForeignKey(
        Person, verbose_name="主持人", null=True, blank=True, on_delete=models.PROTECT, related_name="chaired"
    )
    recorder = models.ForeignKey(
        Person, verbose_name="记录人", null=True, blank=True, on_delete=models.PROTECT, related_name="recorded"
    )
    contact = models.CharField("联系人", max_length=60, blank=True)
    self_study = models.TextField("会前自学要求", blank=True)
    leave_rule = models.CharField("请假规定", max_length=200, blank=True)
    is_expanded = models.BooleanField("扩大学习", default=False)
    is_joint = models.BooleanField("联组学习", default=False)
    stage = models.CharField("状态", max_length=10, choices=SessionStage, default=SessionStage.PREPARING)
    return_note = models.CharField("退回意见", max_length=300, blank=True)
    submitted_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    approved_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(null=True, blank=True)
    cancel_reason = models.CharField("取消事由", max_length=300, blank=True)
    moved_from = models.DateField("原定日期", null=True, blank=True, help_text="最近一次改期前的日期；全部改期见经过")
    late_days = models.PositiveSmallIntegerField("补录天数", default=0)
    late_reason = models.CharField("补录事由", max_length=300, blank=True)
    entered_at = models.DateTimeField("录入时间")
    archived_at = models.DateTimeField("归档时间", null=True, blank=True)
    typed_fields = models.PositiveSmallIntegerField(
        "键入项数", default=0, help_text="减负计：从建场次到提交记录键入的项数"
    )
    carried_fields = models.PositiveSmallIntegerField("带入项数", default=0)
    form_token = models.CharField(
        max_length=36,
        null=True,
        blank=True,
        unique=True,
        editable=False,
        help_text="of the form that made it: sent twice, made once",
    )

    objects: Any = StudySessionQuerySet.as_manager()

    class Meta:
        verbose_name = "学习场次"
        verbose_name_plural = "学习场次"
        ordering = ["-day", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(stage="CANCELLED") | ~Q(cancel_reason=""), name="session_cancelled_why"
            ),
            models.CheckConstraint(condition=Q(late_days=0) | ~Q(late_reason=""), name="session_late_why"),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True, approved_at__isnull=True)
                | Q(approved_by__isnull=False, approved_at__isnull=False),
                name="session_approved_by_and_at",
            ),
        ]
        indexes = [
            models.Index(fields=["committee", "day"], name="session_committee_day"),
            models.Index(fields=["day", "stage"], name="session_day_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.topic}"[:120]

    def get_absolute_url(self) -> str:
        return reverse("session", args=[self.pk])


class ParticipationState(models.TextChoices):
    INVITED = "INVITED", "待接受"
    ACCEPTED = "ACCEPTED", "参加"
    DECLINED = "DECLINED", "谢绝"


class ParticipationQuerySet(ScopedQuerySet):
    def counted(self) -> Self:
        """Committee-sessions that count: accepted, the session took place, and it is group study."""
        return self.filter(
            state=ParticipationState.ACCEPTED,
            study_session__stage__in=TOOK_PLACE,
            study_session__form__in=COUNTED_FORMS,
        )


class Participation(Versioned):
    """A committee takes part in a session, under its own number of its own year, with its own roll.

    The counts are kept here, in the transaction that changes a mark or a membership, so that a figure over
    5 million marks is a sum over sessions. They count member-parts: divide by `part_count` for members.
    """

    study_session = models.ForeignKey(StudySession, on_delete=models.PROTECT, related_name="participations")
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="participations")
    is_host = models.BooleanField(default=True)
    state = models.CharField("状态", max_length=10, choices=ParticipationState, default=ParticipationState.ACCEPTED)
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("期次")
    day = models.DateField("日期", help_text="the session's day, kept equal by its actions, for one-table counts")
    plan_item = models.ForeignKey(
        PlanItem,
        verbose_name="计划条目",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="participations",
    )
    part_count = models.PositiveSmallIntegerField(default=1)
    days = models.DecimalField("天数", max_digits=4, decimal_places=1, default=1)
    expected_marks = models.PositiveIntegerField("应到", default=0)
    present_marks = models.PositiveIntegerField("出席", default=0, help_text="含视频参会")
    video_marks = models.PositiveIntegerField("视频参会", default=0)
    leave_marks = models.PositiveIntegerField("请假", default=0)
    absent_marks = models.PositiveIntegerField("缺席", default=0)
    unmarked_marks = models.PositiveIntegerField("未记", default=0)
    made_up_marks = models.PositiveIntegerField("补学", default=0)
    roll_saved_at = models.DateTimeField(null=True, blank=True)

    objects: Any = ParticipationQuerySet.as_manager()

    class Meta:
        verbose_name = "参加委员会"
        verbose_name_plural = "参加委员会"
        ordering = ["-day", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["study_session", "committee"], name="participation_once"),
            models.UniqueConstraint(fields=["study_session"], condition=Q(is_host=True), name="participation_one_host"),
            # An invited or declined guest holds no number yet: 0.
            models.UniqueConstraint(
                fields=["committee", "year", "number"], condition=Q(number__gt=0), name="participation_number"
            ),
            models.CheckConstraint(
                condition=Q(
                    expected_marks=F("present_marks") + F("leave_marks") + F("absent_marks") + F("unmarked_marks")
                ),
                name="participation_adds_up",
            ),
            models.CheckConstraint(condition=Q(part_count__gte=1), name="participation_has_parts"),
        ]
        indexes = [models.Index(fields=["committee", "day"], name="participation_committee_day")]

    def __str__(self) -> str:
        return f"{self.committee} {self.year}年第{self.number}次"


class SessionPart(models.Model):
    """A half or whole day of a session. Its marks weigh 1 / number of parts."""

    study_session = models.ForeignKey(StudySession, on_delete=models.CASCADE, related_name="parts")
    order = models.PositiveSmallIntegerField(default=1)
    day = models.DateField("日期")
    starts_at = models.TimeField("开始", null=True, blank=True)
    ends_at = models.TimeField("结束", null=True, blank=True)
    days = models.DecimalField("天数", max_digits=3, decimal_places=1, default=1)

    class Meta:
        verbose_name = "学习时段"
        verbose_name_plural = "学习时段"
        ordering = ["study_session", "order"]
        constraints = [
            models.UniqueConstraint(fields=["study_session", "order"], name="part_order"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True) | Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")),
                name="part_ends_after_start",
            ),
            models.CheckConstraint(condition=Q(days__gt=0), name="part_days"),
        ]

    def __str__(self) -> str:
        return f"{self.day:%m-%d}"


class AgendaKind(models.TextChoices):
    LEAD_READING = "LEAD_READING", "领学"
    KEYNOTE = "KEYNOTE", "重点发言"
    DISCUSSION = "DISCUSSION", "交流研讨"
    LECTURE = "LECTURE", "专题辅导"
    VISIT = "VISIT", "现场观摩"
    SUMMARY = "SUMMARY", "总结讲话"


class AgendaItem(models.Model):
    """A step of the session, by whom, for how many minutes."""

    study_session = models.ForeignKey(StudySession, on_delete=models.CASCADE, related_name="agenda")
    order = models.PositiveSmallIntegerField("顺序", default=1)
    kind = models.CharField("环节", max_length=14, choices=AgendaKind)
    content = models.CharField("内容", max_length=300)
    lead_reader = models.ForeignKey(
        Person, verbose_name="领学人/负责人", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    minutes = models.PositiveSmallIntegerField("时长(分钟)", null=True, blank=True)

    class Meta:
        verbose_name = "议程"
        verbose_name_plural = "议程"
        ordering = ["study_session", "order"]
        constraints = [models.UniqueConstraint(fields=["study_session", "order"], name="agenda_order")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}：{self.content}"


class ReleaseType(models.TextChoices):
    RESTRICTED = "RESTRICTED", "限定范围传达"
    FULL_TEXT = "FULL_TEXT", "全文公开"
    EXCERPT = "EXCERPT", "摘要公开"


class StudyMaterial(models.Model):
    """An item to read. RESTRICTED: the title only, its text is never uploaded."""

    study_session = models.ForeignKey(StudySession, on_delete=models.CASCADE, related_name="materials")
    order = models.PositiveSmallIntegerField(default=1)
    title = models.CharField("篇目", max_length=200)
    release_type = models.CharField("发布方式", max_length=12, choices=ReleaseType, default=ReleaseType.FULL_TEXT)
    sent_on = models.DateField("发送日期", null=True, blank=True)

    class Meta:
        verbose_name = "学习资料"
        verbose_name_plural = "学习资料"
        ordering = ["study_session", "order"]

    def __str__(self) -> str:
        return self.title


class SpeechKind(models.TextChoices):
    KEYNOTE = "KEYNOTE", "重点"
    DISCUSSION = "DISCUSSION", "交流"
    WRITTEN = "WRITTEN", "书面"


class SpeechStage(models.TextChoices):
    DUE = "DUE", "待交"
    SUBMITTED = "SUBMITTED", "待审"
    APPROVED = "APPROVED", "通过"
    RETURNED = "RETURNED", "退改"


class SpeechQuerySet(ScopedQuerySet):
    scope_field = "participation__committee"
    person_field = "speaker_id"


class Speech(Versioned):
    """A member's speech at a session, counted for the committee he spoke for."""

    participation = models.ForeignKey(Participation, on_delete=models.PROTECT, related_name="speeches")
    speaker = models.ForeignKey(Person, verbose_name="发言人", on_delete=models.PROTECT, related_name="speeches")
    order = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField("类型", max_length=10, choices=SpeechKind)
    title = models.CharField("题目", max_length=200)
    text = models.TextField("提纲或全文", blank=True)
    link_to_work = models.TextField("联系实际/分管工作", blank=True)
    proposal = models.TextField("对策建议", blank=True)
    stage = models.CharField("状态", max_length=10, choices=SpeechStage, default=SpeechStage.DUE)
    edition = models.PositiveSmallIntegerField("版次", default=0)
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    reviewed_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review_note = models.CharField("审核意见", max_length=300, blank=True)

    objects: Any = SpeechQuerySet.as_manager()

    class Meta:
        verbose_name = "发言"
        verbose_name_plural = "发言"
        ordering = ["participation", "order", "id"]
        constraints = [
            models.UniqueConstraint(fields=["participation", "speaker", "title"], name="speech_once"),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("speaker")), name="speech_not_self_reviewed"
            ),
        ]
        indexes = [models.Index(fields=["speaker"], name="speech_speaker")]

    def __str__(self) -> str:
        return f"{self.speaker}：{self.title}"

    @property
    def committee_id(self) -> int:
        return self.participation.committee_id


class ExtraParticipant(models.Model):
    """列席: somebody who attends but is no member; enters no rate."""

    study_session = models.ForeignKey(StudySession, on_delete=models.CASCADE, related_name="extras")
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="+")
    name = models.CharField("姓名", max_length=60)
    post = models.CharField("单位及职务", max_length=100, blank=True)
    is_outside_speaker = models.BooleanField("外请报告人", default=False)

    class Meta:
        verbose_name = "列席人员"
        verbose_name_plural = "列席人员"
        ordering = ["study_session", "id"]

    def __str__(self) -> str:
        return self.name


class FilingStage(models.TextChoices):
    PENDING = "PENDING", "待审"
    APPROVED = "APPROVED", "已备案"
    REFUSED = "REFUSED", "不同意"


class SpeakerFilingQuerySet(ScopedQuerySet):
    scope_field = "study_session__committee"


class SpeakerFiling(Versioned):
    """外请报告备案: an outside speaker registered beforehand. Missing is a warning, never a block."""

    study_session = models.ForeignKey(StudySession, on_delete=models.PROTECT, related_name="filings")
    speaker = models.CharField("报告人", max_length=60)
    unit = models.CharField("单位", max_length=100)
    title = models.CharField("职务职称", max_length=60, blank=True)
    topic = models.CharField("报告题目", max_length=200)
    audience = models.CharField("听众范围", max_length=100, blank=True)
    summary = models.TextField("内容提要", blank=True)
    stage = models.CharField("状态", max_length=10, choices=FilingStage, default=FilingStage.PENDING)
    decided_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.CharField("意见", max_length=300, blank=True)

    objects: Any = SpeakerFilingQuerySet.as_manager()

    class Meta:
        verbose_name = "外请报告备案"
        verbose_name_plural = "外请报告备案"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.speaker}：{self.topic}"

    @property
    def committee_id(self) -> int:
        return self.study_session.committee_id
