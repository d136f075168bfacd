"""Bulletin (学情通报 of a quarter or a year), its practice cards and annexes, and who received it."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.audit.models import Versioned
from roster.committees.models import Committee, ScopedQuerySet, Viewer
from roster.people.models import Person
from sessions_app.papers.models import IssuedPaper
from sessions_app.plans.models import StudyMode
from sessions_app.sessions.models import StudySession


class BulletinStage(models.TextChoices):
    DRAFT = "DRAFT", "编制"
    FROZEN = "FROZEN", "数据冻结"
    CHECKING = "CHECKING", "核稿"
    CHECKED = "CHECKED", "待签发"
    ISSUED = "ISSUED", "已签发"


class BulletinQuerySet(ScopedQuerySet):
    """The department's own, at every stage; an issued one is read by everybody below the department."""

    def open_to(self, user: Viewer, permission: str) -> Self:
        reach = user.reach(permission)
        own = Q(committee__path__in=reach.paths)
        if permission in (Permission.BULLETIN_READ, Permission.BULLETIN_RECEIPT):
            mine = Committee.objects.filter(pk__in=reach.committee_ids).values_list("path", flat=True)
            above = {int(part) for path in [*reach.paths, *mine] for part in path.split("/") if part}
            own |= Q(stage=BulletinStage.ISSUED, committee_id__in=above)
        return self.filter(own)


class Bulletin(Versioned):
    """One issue. `quarter` 0 is the year's. `body` is clean HTML with blocks and figures; `facts` is what it is checked by."""

    committee = models.ForeignKey(
        Committee, verbose_name="编发单位", on_delete=models.PROTECT, related_name="bulletins"
    )
    year = models.PositiveSmallIntegerField("年度")
    quarter = models.PositiveSmallIntegerField("季度", default=0)
    issue = models.PositiveSmallIntegerField("期号", help_text="counted by the department and year")
    title = models.CharField("标题", max_length=120)
    mark = models.CharField("发文代字", max_length=20, blank=True, help_text="云宣通")
    document_number = models.PositiveSmallIntegerField("发文序号", null=True, blank=True, help_text="given on signing")
    document_year = models.PositiveSmallIntegerField("发文年份", null=True, blank=True, help_text="the year of signing")
    to = models.CharField("主送", max_length=300, blank=True)
    copies = models.CharField("抄送", max_length=300, blank=True)
    body = models.TextField("正文", blank=True)
    stage = models.CharField("状态", max_length=10, choices=BulletinStage, default=BulletinStage.DRAFT)
    facts = models.JSONField("数据快照", null=True, blank=True)
    as_of = models.DateTimeField("数据截止", null=True, blank=True)
    compiled_by = models.ForeignKey(Person, verbose_name="编制", on_delete=models.PROTECT, related_name="+")
    checked_by = models.ForeignKey(
        Person, verbose_name="核稿", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    checked_at = models.DateTimeField("核稿时间", null=True, blank=True)
    signed_by = models.ForeignKey(
        Person, verbose_name="签发", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    signed_at = models.DateTimeField("签发时间", null=True, blank=True)
    return_reason = models.CharField("退回原因", max_length=300, blank=True)
    paper = models.OneToOneField(IssuedPaper, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    form_token = models.CharField(max_length=36, null=True, blank=True, unique=True, editable=False)

    objects: Any = BulletinQuerySet.as_manager()

    class Meta:
        verbose_name = "学情通报"
        verbose_name_plural = "学情通报"
        ordering = ["-year", "-issue"]
        constraints = [
            models.UniqueConstraint(fields=["committee", "year", "issue"], name="bulletin_issue"),
            models.UniqueConstraint(
                fields=["committee", "document_year", "mark", "document_number"], name="bulletin_document_number",
                condition=Q(document_number__isnull=False),
            ),
            models.CheckConstraint(
                condition=Q(document_number__isnull=True, document_year__isnull=True)
                | Q(document_number__isnull=False, document_year__isnull=False),
                name="bulletin_number_with_its_year",
            ),
            models.CheckConstraint(condition=Q(quarter__range=(0, 4)), name="bulletin_quarter"),
            models.CheckConstraint(
                condition=Q(stage="DRAFT", facts__isnull=True, as_of__isnull=True)
                | ~Q(stage="DRAFT") & Q(facts__isnull=False, as_of__isnull=False),
                name="bulletin_frozen_facts",
            ),
            # three hands: who compiled does not check, who compiled or checked does not sign
            models.CheckConstraint(
                condition=Q(checked_by__isnull=True) | ~Q(checked_by=F("compiled_by")), name="bulletin_checked_by_another"
            ),
            models.CheckConstraint(
                condition=Q(signed_by__isnull=True) | ~Q(signed_by=F("compiled_by")) & ~Q(signed_by=F("checked_by")),
                name="bulletin_signed_by_a_third",
            ),
            models.CheckConstraint(
                condition=~Q(stage="ISSUED")
                | Q(signed_by__isnull=False, signed_at__isnull=False, checked_by__isnull=False, paper__isnull=False),
                name="bulletin_issued_is_signed",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"学情通报 {self.year}年第{self.issue}期"

    def get_absolute_url(self) -> str:
        return reverse("bulletin", args=[self.pk])


class PracticeCard(models.Model):
    """创新做法: one of the six kinds (六学), picked from a session held in the period, told in the department's words."""

    bulletin = models.ForeignKey(Bulletin, on_delete=models.CASCADE, related_name="cards")
    order = models.PositiveSmallIntegerField("序号")
    mode = models.CharField("做法类别", max_length=12, choices=StudyMode)
    committee = models.ForeignKey(Committee, verbose_name="单位", on_delete=models.PROTECT, related_name="+")
    study_session = models.ForeignKey(
        StudySession, verbose_name="来源场次", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    title = models.CharField("标题", max_length=80)
    text = models.TextField("做法", max_length=600)

    class Meta:
        verbose_name = "创新做法"
        verbose_name_plural = "创新做法"
        ordering = ["bulletin", "order"]
        constraints = [models.UniqueConstraint(fields=["bulletin", "order"], name="practice_card_order")]

    def __str__(self) -> str:
        return self.title


class AnnexKind(models.TextChoices):
    ATTENDANCE = "ATTENDANCE", "各委员会学习情况表"
    FINDINGS = "FINDINGS", "未销号问题清单"
    CORRECTIONS = "CORRECTIONS", "更正事项"


class BulletinAnnex(models.Model):
    bulletin = models.ForeignKey(Bulletin, on_delete=models.CASCADE, related_name="annexes")
    order = models.PositiveSmallIntegerField("序号")
    kind = models.CharField("附件", max_length=12, choices=AnnexKind)

    class Meta:
        verbose_name = "通报附件"
        verbose_name_plural = "通报附件"
        ordering = ["bulletin", "order"]
        constraints = [models.UniqueConstraint(fields=["bulletin", "kind"], name="bulletin_annex_once")]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class BulletinReceipt(models.Model):
    """签收 by a committee below the department."""

    bulletin = models.ForeignKey(Bulletin, on_delete=models.PROTECT, related_name="receipts")
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField("签收时间")

    class Meta:
        verbose_name = "通报签收"
        verbose_name_plural = "通报签收"
        constraints = [models.UniqueConstraint(fields=["bulletin", "committee"], name="bulletin_receipt_once")]

    def __str__(self) -> str:
        return f"{self.committee} 签收"
