"""Notice (what a person, or a committee's chat group, is told once) and Delivery (how it gets there)."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse

from roster.audit.models import Versioned, VersionedQuerySet
from roster.committees.models import Committee, ScopedQuerySet
from roster.people.models import Person


class Rhythm(models.TextChoices):
    URGENT = "URGENT", "即时提醒"
    DAILY = "DAILY", "日提醒"
    WEEKLY = "WEEKLY", "周提醒"
    MONTHLY = "MONTHLY", "月提醒"
    QUARTERLY = "QUARTERLY", "季安排"
    YEAR_OPEN = "YEAR_OPEN", "年考核准备"
    YEAR_CLOSE = "YEAR_CLOSE", "年度收尾"
    LETTER = "LETTER", "提醒函"


# Told once a person and period; the others may come several times in a day.
ROUNDS = [
    Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.MONTHLY, Rhythm.QUARTERLY, Rhythm.YEAR_OPEN, Rhythm.YEAR_CLOSE,
]  # fmt: skip
CHOSEN = [Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.MONTHLY]  # what a person may choose


class NoticeQuerySet(models.QuerySet):
    def of(self, person_id: int | None) -> Self:
        """One person's inbox; empty for an account without a person."""
        return self.filter(person_id=person_id) if person_id else self.none()

    def unread(self) -> Self:
        return self.filter(read_at__isnull=True)


class Notice(models.Model):
    """What was told, as it was told: title, lead, and one line a thing. `person` empty: told to the chat of `committee`.

    A line: {"item": id of the DueItem or null, "kind": its word, "what", "committee": name or "", "due": "2026-03-05" or "",
    "left": words, "tone": near|behind|overdue|muted, "url": path}. Never changed but for `read_at`.
    """

    person = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="notices")
    committee = models.ForeignKey(Committee, null=True, blank=True, on_delete=models.PROTECT, related_name="notices")
    rhythm = models.CharField("类别", max_length=10, choices=Rhythm)
    period = models.CharField("期间", max_length=16)
    title = models.CharField("标题", max_length=120)
    lead = models.TextField("开头", blank=True)
    lines = models.JSONField("事项", default=list)
    more = models.PositiveIntegerField(
        "另有", default=0, help_text="lines left out: they stand on the page behind `url`"
    )
    url = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField("时间")
    read_at = models.DateTimeField("阅读时间", null=True, blank=True)

    objects: Any = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = "提醒"
        verbose_name_plural = "提醒"
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(person__isnull=False) | Q(committee__isnull=False), name="notice_to_somebody"
            ),
            models.UniqueConstraint(
                fields=["person", "rhythm", "period"],
                condition=Q(person__isnull=False) & ~Q(rhythm__in=["URGENT", "LETTER"]),
                name="notice_once_a_person",
            ),
            models.UniqueConstraint(
                fields=["committee", "rhythm", "period"],
                condition=Q(person__isnull=True) & ~Q(rhythm__in=["URGENT", "LETTER"]),
                name="notice_once_a_chat",
            ),
        ]
        indexes = [
            models.Index(fields=["person", "-created_at"], name="notice_inbox"),
            models.Index(fields=["person"], condition=Q(read_at__isnull=True), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("notice", args=[self.pk])


class Channel(models.TextChoices):
    MAIL = "MAIL", "邮件"
    CHAT = "CHAT", "工作群"


class DeliveryStage(models.TextChoices):
    WAITING = "WAITING", "待发送"
    SENDING = "SENDING", "发送中"
    SENT = "SENT", "已发送"
    FAILED = "FAILED", "发送失败"
    DROPPED = "DROPPED", "不再发送"


class Delivery(models.Model):
    """One notice on its way by one channel. Claimed, sent, marked; a claim that died is taken up again once, `uncertain`."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="deliveries")
    channel = models.CharField("渠道", max_length=4, choices=Channel)
    address = models.CharField("地址", max_length=254, help_text="e-mail address; id of the ChatTarget")
    stage = models.CharField("状态", max_length=8, choices=DeliveryStage, default=DeliveryStage.WAITING)
    attempts = models.PositiveSmallIntegerField("次数", default=0)
    next_try_at = models.DateTimeField("下次发送")
    claimed_at = models.DateTimeField(null=True, blank=True)
    claim = models.CharField(max_length=32, blank=True)
    sent_at = models.DateTimeField("发送时间", null=True, blank=True)
    uncertain = models.BooleanField(
        "可能重复", default=False, help_text="the process died, or the answer was lost, while it was under way"
    )
    error = models.CharField("原因", max_length=300, blank=True)

    class Meta:
        verbose_name = "发送"
        verbose_name_plural = "发送"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["notice", "channel"], name="delivery_once_a_channel"),
            models.CheckConstraint(condition=~Q(stage="SENT") | Q(sent_at__isnull=False), name="delivery_sent_when"),
        ]
        indexes = [
            models.Index(fields=["channel", "next_try_at"], condition=Q(stage="WAITING"), name="delivery_waiting"),
            models.Index(fields=["claimed_at"], condition=Q(stage="SENDING"), name="delivery_sending"),
            models.Index(fields=["stage", "-id"], name="delivery_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} {self.notice}"


class Preference(Versioned):
    """How a person wants to be told; without a row: monthly, and by mail where an address is known."""

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="preference")
    rhythm = models.CharField(
        "提醒频次", max_length=10, choices=[(r.value, r.label) for r in CHOSEN], default=Rhythm.MONTHLY
    )
    by_mail = models.BooleanField("同时发邮件", default=True)

    objects: Any = VersionedQuerySet.as_manager()

    class Meta:
        verbose_name = "提醒设置"
        verbose_name_plural = "提醒设置"
        constraints = [
            models.CheckConstraint(
                condition=Q(rhythm__in=["DAILY", "WEEKLY", "MONTHLY"]), name="preference_rhythm_may_be_chosen"
            )
        ]

    def __str__(self) -> str:
        return f"{self.person}：{self.get_rhythm_display()}"


class Provider(models.TextChoices):
    WECOM = "WECOM", "企业微信"
    DINGTALK = "DINGTALK", "钉钉"
    FEISHU = "FEISHU", "飞书"


class ChatTarget(Versioned):
    """The chat robot of a committee's group. Only the robot's key is kept: the host comes from the settings."""

    committee = models.OneToOneField(Committee, on_delete=models.PROTECT, related_name="chat_target")
    provider = models.CharField("平台", max_length=8, choices=Provider)
    token = models.CharField("机器人密钥", max_length=120)
    secret = models.CharField("加签密钥", max_length=120, blank=True)
    is_active = models.BooleanField("启用", default=True)

    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "工作群"
        verbose_name_plural = "工作群"
        constraints = [models.CheckConstraint(condition=~Q(token=""), name="chat_target_has_token")]

    def __str__(self) -> str:
        return f"{self.committee} {self.get_provider_display()}"
