"""IssuedPaper (frozen), PaperSection (rendered pieces kept by fingerprint), Erratum."""

import secrets
from typing import Any, Self

from django.db import models
from django.db.models import Q

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.committees.models import Committee, ScopedQuerySet
from sessions_app.assessment.models import LeaderInterview
from sessions_app.jobs.models import Job
from sessions_app.visits.models import ObservationVisit


def paper_path(instance: "IssuedPaper", filename: str) -> str:
    token = secrets.token_hex(16)
    return f"papers/{token[:2]}/{token}.pdf"


def section_path(instance: "PaperSection", filename: str) -> str:
    return f"sections/{instance.fingerprint[:2]}/{instance.fingerprint}.pdf"


class PaperKind(models.TextChoices):
    ANNUAL = "annual", "年度学习情况报告"
    YEAR_PLAN = "year-plan", "年度学习计划表"
    SIGN_IN = "sign-in", "签到表"
    SESSION_PLAN = "session-plan", "学习方案"
    MINUTES = "minutes", "学习记录"
    OUTCOMES = "outcomes", "成果清单"
    PROMPT = "prompt", "学习提示"
    REMINDER_LETTER = "reminder-letter", "提醒函"
    VISIT_RECORD = "visit-record", "旁听记录表"
    FEEDBACK = "feedback", "反馈意见"
    FINDINGS = "findings", "问题清单"
    RECTIFICATION = "rectification", "整改台账"
    RECTIFICATION_NOTICE = "rect-notice", "整改通知"
    LEARNING = "learning", "学习清单"
    SUMMARY = "summary", "纪要"
    SPEECH = "speech", "发言提纲审核表"
    LEAVE = "leave", "请假条"
    MAKE_UP = "make-up", "补学登记表"
    MEMBERS = "members", "成员名单备案表"
    FILING = "speaker-filing", "外请报告备案表"
    SCORES = "scores", "考核评分表"
    INTERVIEW = "interview", "约谈记录"
    BULLETIN = "bulletin", "学情通报"
    VOLUME = "volume", "学习档案"
    BRIEFING = "briefing", "工作情况汇报"


OF_VISITS = (PaperKind.VISIT_RECORD, PaperKind.FEEDBACK)


# What spells out findings or scores is the unit's, and of the departments whose work it is; none of one above.
OF_DEPARTMENTS = [
    PaperKind.FINDINGS, PaperKind.RECTIFICATION, PaperKind.RECTIFICATION_NOTICE, PaperKind.SCORES, PaperKind.VOLUME,
]  # fmt: skip
# Opened by the permission of the thing itself: 约谈 is not every secretary's, nor is what a leader is told of the subtree.
BY_THING = [PaperKind.INTERVIEW, PaperKind.BRIEFING]


class IssuedPaperQuerySet(ScopedQuerySet):
    def open_to(self, user: Any, permission: str) -> Self:
        """Papers of the committees in reach; of a visit to whoever runs it, its letter to the visited unit as well.

        A department above the one that runs it sees figures, and a visit only after it said why.
        """
        issuing = permission == Permission.PAPER_ISSUE
        needed = Permission.FEEDBACK_APPROVE if issuing else Permission.VISIT_READ
        visits = ObservationVisit.objects.open_to(user, needed).order_by()
        own = visits.filter(round__committee__path__in=user.reach(needed).paths)
        about = Q(kind=PaperKind.FEEDBACK, subject_id__in=visits.values("pk"))
        about |= Q(kind=PaperKind.VISIT_RECORD, subject_id__in=own.values("pk"))
        reach = user.reach(permission)
        mine = Q(committee_id__in=reach.committee_ids)
        told = ~Q(kind__in=OF_DEPARTMENTS) | (mine & ~Q(kind=PaperKind.SCORES) if issuing else mine)
        told |= Q(facts__departments__contained_by=sorted(reach.paths))
        talks = Permission.INTERVIEW_EDIT if issuing else Permission.INTERVIEW_READ
        interviews = LeaderInterview.objects.open_to(user, talks).order_by()
        about |= Q(kind=PaperKind.INTERVIEW, subject_id__in=interviews.values("pk"))
        about |= Q(kind=PaperKind.BRIEFING) & self.scope(user.reach(Permission.DASHBOARD_READ))
        return self.filter(about | ~Q(kind__in=[*OF_VISITS, *BY_THING]) & told & self.scope(reach))


class IssuedPaper(models.Model):
    """Issued once, never changed: facts, template edition and the file's SHA-256 are frozen together.

    A trigger (migration 0002) refuses UPDATE and DELETE.
    """

    kind = models.CharField("文书", max_length=16, choices=PaperKind)
    committee = models.ForeignKey(Committee, verbose_name="委员会", on_delete=models.PROTECT, related_name="papers")
    year = models.PositiveSmallIntegerField("年度")
    subject_id = models.BigIntegerField(null=True, blank=True, help_text="场次或计划的编号；总报告为委员会编号")
    number = models.PositiveSmallIntegerField("第几次印发", default=1)
    title = models.CharField("标题", max_length=200)
    facts = models.JSONField("数据快照")
    edition = models.CharField("版式", max_length=64, help_text="SHA-256 of templates, styles and renderer version")
    fonts = models.JSONField(default=list, help_text="fonts really used")
    file = models.FileField(upload_to=paper_path, max_length=120)
    sha256 = models.CharField(max_length=64)
    pages = models.PositiveIntegerField("页数", default=0)
    as_of = models.DateTimeField("数据截止")
    issued_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField("印发时间")
    job = models.ForeignKey(Job, null=True, blank=True, on_delete=models.PROTECT, related_name="papers")

    objects: Any = IssuedPaperQuerySet.as_manager()

    class Meta:
        verbose_name = "文书"
        verbose_name_plural = "文书"
        ordering = ["-issued_at", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "committee", "year", "subject_id", "number"], name="paper_number", nulls_distinct=False
            ),
            models.UniqueConstraint(
                fields=["job", "committee", "kind", "subject_id"],
                condition=Q(job__isnull=False),
                name="paper_once_a_job",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return self.title


class PaperFormat(models.TextChoices):
    DOCX = "docx", "Word"
    XLSX = "xlsx", "Excel"
    ZIP = "zip", "原件包"


def file_path(instance: "PaperFile", filename: str) -> str:
    token = secrets.token_hex(16)
    return f"papers/{token[:2]}/{token}.{instance.format}"


class PaperFile(models.Model):
    """The same paper in another format, made from the same frozen facts. Never changed (trigger in migration 0009)."""

    paper = models.ForeignKey(IssuedPaper, on_delete=models.PROTECT, related_name="files")
    format = models.CharField("格式", max_length=4, choices=PaperFormat)
    file = models.FileField(upload_to=file_path, max_length=120)
    sha256 = models.CharField(max_length=64)
    edition = models.CharField("版式", max_length=64, help_text="SHA-256 of the template and whatever sets it")
    template = models.ForeignKey("WordTemplate", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField("生成时间")

    class Meta:
        verbose_name = "文书文件"
        verbose_name_plural = "文书文件"
        constraints = [models.UniqueConstraint(fields=["paper", "format"], name="paper_file_once")]

    def __str__(self) -> str:
        return f"{self.paper}.{self.format}"


def template_path(instance: "WordTemplate", filename: str) -> str:
    token = secrets.token_hex(16)
    return f"word/{token[:2]}/{token}.docx"


class WordTemplateQuerySet(ScopedQuerySet):
    def in_use(self) -> Self:
        return self.filter(withdrawn_at__isnull=True)


class WordTemplate(models.Model):
    """A department's own Word edition of a kind of paper; the newest not withdrawn, nearest up the path, is used."""

    committee = models.ForeignKey(
        Committee, verbose_name="使用范围", on_delete=models.PROTECT, related_name="word_templates"
    )
    kind = models.CharField("文书", max_length=16, choices=PaperKind)
    number = models.PositiveSmallIntegerField("版次")
    file = models.FileField(upload_to=template_path, max_length=120)
    sha256 = models.CharField(max_length=64)
    note = models.CharField("说明", max_length=200, blank=True)
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField("上传时间")
    withdrawn_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    withdrawn_at = models.DateTimeField("停用时间", null=True, blank=True)

    objects: Any = WordTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = "Word 模板"
        verbose_name_plural = "Word 模板"
        ordering = ["kind", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["committee", "kind", "number"], name="word_template_number"),
            models.CheckConstraint(
                condition=Q(withdrawn_by__isnull=True, withdrawn_at__isnull=True)
                | Q(withdrawn_by__isnull=False, withdrawn_at__isnull=False),
                name="word_template_withdrawn_who_and_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} 第{self.number}版"


class PaperSection(models.Model):
    """A rendered piece of a long paper; `fingerprint` is the hash of its facts and edition."""

    fingerprint = models.CharField(max_length=64, unique=True)
    file = models.FileField(upload_to=section_path, max_length=120)
    pages = models.PositiveIntegerField()
    rendered_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.fingerprint[:12]


class Erratum(models.Model):
    """勘误 n of an issued paper; the paper itself stays as it is."""

    paper = models.ForeignKey(IssuedPaper, on_delete=models.PROTECT, related_name="errata")
    number = models.PositiveSmallIntegerField("勘误")
    text = models.TextField("内容")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        verbose_name = "勘误"
        verbose_name_plural = "勘误"
        ordering = ["paper", "number"]
        constraints = [models.UniqueConstraint(fields=["paper", "number"], name="erratum_number")]

    def __str__(self) -> str:
        return f"勘误{self.number}"
