"""DueItem (a thing that is due, while it lasts), Reminder (a person is told of it once a period), Round, FeedKey."""

from typing import Any, Self

from django.db import models
from django.db.models import Q

from roster.audit.models import Versioned, VersionedQuerySet
from roster.committees.models import Committee, ScopedQuerySet
from roster.people.models import Person
from sessions_app.notices.models import Notice, Rhythm
from sessions_app.reminders.rules import KINDS, Kind, period_words


class DueItemQuerySet(ScopedQuerySet):
    def open(self) -> Self:
        return self.filter(met_on__isnull=True)


class DueItem(models.Model):
    """One thing that is due, from the day it was found until the day it was met; one that returns is a new row.

    `due_on` decides near, behind, overdue whenever it is read; none of these is stored. Kept by `reminders.actions.sync`.
    """

    kind = models.CharField(
        "类别", max_length=20, help_text="one of rules.KINDS; no choices here, a new kind is no migration"
    )
    subject = models.CharField(max_length=40, help_text="what it is about: plan:7:2026, session:12, make-up:31")
    committee = models.ForeignKey(Committee, verbose_name="委员会", on_delete=models.PROTECT, related_name="due_items")
    person = models.ForeignKey(
        Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+", help_text="whom it is about, if one"
    )
    due_on = models.DateField("期限")
    what = models.CharField("事项", max_length=200)
    url = models.CharField(max_length=200, blank=True)
    found_on = models.DateField("发现日期")
    met_on = models.DateField("办结日期", null=True, blank=True)

    objects: Any = DueItemQuerySet.as_manager()

    class Meta:
        verbose_name = "到期事项"
        verbose_name_plural = "到期事项"
        ordering = ["due_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject"], condition=Q(met_on__isnull=True), name="due_item_once"),
            models.CheckConstraint(
                condition=Q(met_on__isnull=True) | Q(met_on__gte=models.F("found_on")), name="due_item_met_after_found"
            ),
        ]
        indexes = [
            models.Index(fields=["committee", "due_on"], condition=Q(met_on__isnull=True), name="due_item_open"),
            models.Index(fields=["due_on"], condition=Q(met_on__isnull=True), name="due_item_open_due"),
        ]

    def __str__(self) -> str:
        return self.what

    @property
    def kind_label(self) -> str:
        return KINDS[Kind(self.kind)].label


class Audience(models.TextChoices):
    """As what a person is told."""

    PERSON = "PERSON", "本人"
    SECRETARY = "SECRETARY", "学习秘书"
    LEADER = "LEADER", "组长"
    REVIEWER = "REVIEWER", "宣传部"


class Reminder(models.Model):
    """A person was told of a thing, once a period: the month of a digest, or the due day of an urgent one.

    The unique key (person, kind, subject, due period) is (person, item, period): an item is one kind and subject.
    """

    person = models.ForeignKey(Person, on_delete=models.PROTECT, related_name="reminders")
    item = models.ForeignKey(DueItem, on_delete=models.PROTECT, related_name="reminders")
    period = models.CharField(max_length=24)
    audience = models.CharField(max_length=10, choices=Audience)
    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="reminders")

    class Meta:
        verbose_name = "提醒记录"
        verbose_name_plural = "提醒记录"
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["person", "item", "period"], name="reminder_once_a_period")]

    def __str__(self) -> str:
        return f"{self.person}：{self.item}"


class Round(models.Model):
    """A rhythm's period was gone through: everybody who had something to hear was told. Missed runs are made good by its absence."""

    rhythm = models.CharField(max_length=10, choices=Rhythm)
    period = models.CharField(max_length=16)
    opened_on = models.DateField(help_text="the working day from which it was due")
    done_at = models.DateTimeField()
    notices = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-done_at"]
        constraints = [models.UniqueConstraint(fields=["rhythm", "period"], name="round_once")]

    def __str__(self) -> str:
        return f"{self.get_rhythm_display()} {self.period_label}"

    @property
    def period_label(self) -> str:
        return period_words(self.period)


class FeedKey(Versioned):
    """The secret half of a person's calendar address; a new one ends the old address."""

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="feed_key")
    nonce = models.CharField(max_length=32)
    made_at = models.DateTimeField()

    objects: Any = VersionedQuerySet.as_manager()

    class Meta:
        verbose_name = "日历订阅"
        verbose_name_plural = "日历订阅"

    def __str__(self) -> str:
        return f"{self.person} 日历订阅"
