"""ReminderLetter: a numbered 提醒函 to a committee, with the things it names."""

from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.urls import reverse

from roster.accounts.roles import Permission
from roster.audit.models import Versioned
from roster.committees.models import Committee, ScopedQuerySet, Viewer
from roster.people.models import Person
from sessions_app.papers.models import IssuedPaper
from sessions_app.reminders.models import DueItem


class LetterStage(models.TextChoices):
    ISSUED = "ISSUED", "已发出"
    WITHDRAWN = "WITHDRAWN", "已撤销"


class ReminderLetterQuerySet(ScopedQuerySet):
    """Read by the committee it went to and by the departments above; `issued` from the sender's side by scope alone."""

    def open_to(self, user: Viewer, permission: str) -> Self:
        reach = user.reach(permission)
        scope = ScopedQuerySet.scope(reach)
        if permission == Permission.LETTER_ISSUE:
            scope &= ScopedQuerySet.scope(reach, "sender")
        return self.filter(scope)


class ReminderLetter(Versioned):
    """Its paper never changes; the letter is withdrawn, by itself when everything it names is met, or by hand with a reason."""

    committee = models.ForeignKey(Committee, verbose_name="委员会", on_delete=models.PROTECT, related_name="letters")
    sender = models.ForeignKey(Committee, verbose_name="发函单位", on_delete=models.PROTECT, related_name="+")
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("编号")
    demand = models.TextField("要求", blank=True)
    answer_by = models.DateField("办理期限")
    stage = models.CharField("状态", max_length=10, choices=LetterStage, default=LetterStage.ISSUED)
    issued_by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField("发出时间")
    withdrawn_on = models.DateField("撤销日期", null=True, blank=True)
    withdraw_reason = models.CharField("撤销原因", max_length=200, blank=True)
    paper = models.OneToOneField(IssuedPaper, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    form_token = models.CharField(max_length=36, null=True, blank=True, unique=True, editable=False)

    objects: Any = ReminderLetterQuerySet.as_manager()

    class Meta:
        verbose_name = "提醒函"
        verbose_name_plural = "提醒函"
        ordering = ["-year", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["sender", "year", "number"], name="letter_number"),
            models.CheckConstraint(
                condition=Q(stage="ISSUED", withdrawn_on__isnull=True)
                | Q(stage="WITHDRAWN", withdrawn_on__isnull=False) & ~Q(withdraw_reason=""),
                name="letter_withdrawn_when_and_why",
            ),
        ]
        indexes = [models.Index(fields=["committee", "stage"], name="letter_committee_stage")]

    def __str__(self) -> str:
        return f"提醒函〔{self.year}〕{self.number}号"

    def get_absolute_url(self) -> str:
        return reverse("letter", args=[self.pk])


class LetterLine(models.Model):
    """One thing a letter names, in the words of its day."""

    letter = models.ForeignKey(ReminderLetter, on_delete=models.CASCADE, related_name="lines")
    order = models.PositiveSmallIntegerField(default=1)
    item = models.ForeignKey(DueItem, on_delete=models.PROTECT, related_name="letter_lines")
    what = models.CharField("事项", max_length=200)
    due_on = models.DateField("期限")

    class Meta:
        ordering = ["letter", "order"]
        constraints = [models.UniqueConstraint(fields=["letter", "item"], name="letter_line_once")]

    def __str__(self) -> str:
        return self.what
