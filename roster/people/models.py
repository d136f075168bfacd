"""Person (apart from any account), Membership and StudySecretary, both dated."""

from datetime import date
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from roster.audit.models import Versioned, VersionedQuerySet
from roster.committees.models import Committee, ScopedQuerySet, Viewer, no_overlap, periods_meet
from roster.people.rules import DOTS, name_pattern


class GroupRole(models.TextChoices):
    LEADER = "LEADER", "组长"
    DEPUTY = "DEPUTY", "副组长"
    MEMBER = "MEMBER", "成员"


LEADING = frozenset({GroupRole.LEADER.value, GroupRole.DEPUTY.value})


class PersonQuerySet(VersionedQuerySet):
    def open_to(self, user: Viewer, permission: str) -> Self:
        """People who ever belonged to a committee in reach; all of them for who reaches a root; oneself."""
        reach = user.reach(permission)
        if any(path.count("/") == 1 for path in reach.paths):
            return self.all()
        member = Membership.objects.filter(ScopedQuerySet.scope(reach, "committee", "person"), person=OuterRef("pk"))
        secretary = StudySecretary.objects.filter(
            ScopedQuerySet.scope(reach, "committee", "person"), person=OuterRef("pk")
        )
        return self.filter(Exists(member) | Exists(secretary))

    def current(self) -> Self:
        """Without the files that were merged into another (ADR 0054)."""
        return self.filter(merged_into=None)

    def named(self, name: str) -> Self:
        """Whose name is the same, whichever dot it is written with."""
        return self.filter(name__regex=f"^{name_pattern(name.strip())}$")

    def search(self, text: str) -> Self:
        """By name, code, full pinyin or initials: `zs` finds 张三."""
        text = text.strip()
        spelled = text.lower().replace(" ", "")
        dotted = any(dot in text for dot in DOTS)
        named = Q(name__regex=name_pattern(text)) if dotted else Q(name__contains=text)
        return self.filter(
            named | Q(code__istartswith=text) | Q(pinyin__startswith=spelled)
            | Q(pinyin__contains=f" {spelled}")
        )  # fmt: skip


class Person(Versioned):
    """Somebody the house knows. No identity number is kept; the phone is optional."""

    code = models.CharField("人员编码", max_length=20, unique=True)
    name = models.CharField("姓名", max_length=60)
    pinyin = models.CharField(max_length=120, editable=False, blank=True, help_text="全拼与首字母,供检索")
    phone = models.CharField("手机", max_length=20, blank=True)
    email = models.EmailField("邮箱", blank=True)
    merged_into = models.ForeignKey(
        "self",
        verbose_name="并入",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="merged",
    )

    objects: Any = PersonQuerySet.as_manager()

    class Meta:
        verbose_name = "人员"
        verbose_name_plural = "人员"
        ordering = ["code"]
        indexes = [models.Index(fields=["name"], name="person_name")]
        constraints = [
            models.CheckConstraint(
                condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")), name="person_not_merged_into_himself"
            )
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("person", args=[self.pk])


class DatedQuerySet(ScopedQuerySet):
    def on(self, day: date) -> Self:
        return self.filter(periods_meet("", day, day))

    def during(self, first: date, last: date | None) -> Self:
        return self.filter(periods_meet("", first, last))

    def changed_in(self, first: date, last: date) -> Self:
        """Begun or ended in these days; `until` is the last day in office."""
        return self.filter(Q(since__range=(first, last)) | Q(until__range=(first, last)))


class TermQuerySet(DatedQuerySet):
    def in_office(self, day: date) -> Self:
        """On that day and confirmed: the terms that give rights."""
        return self.on(day).filter(confirmed=True)


class Term(Versioned):
    """A dated belonging. Unconfirmed it stands on the roster and opens nothing (ADR 0050)."""

    confirmed = models.BooleanField("已确认", default=True, editable=False)
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="登记人", null=True, blank=True, editable=False,
        on_delete=models.PROTECT, related_name="+",
    )  # fmt: skip

    class Meta:
        abstract = True


class Membership(Term):
    """A person belongs to a committee's study group, from a day, until a day (included)."""

    committee = models.ForeignKey(
        Committee, verbose_name="委员会", on_delete=models.PROTECT, related_name="memberships"
    )
    person = models.ForeignKey(Person, verbose_name="人员", on_delete=models.PROTECT, related_name="memberships")
    group_role = models.CharField("组内职务", max_length=10, choices=GroupRole, default=GroupRole.MEMBER)
    post = models.CharField("党政职务", max_length=80, blank=True)
    rank = models.PositiveSmallIntegerField("排名", default=999)
    primary_responsible = models.BooleanField("第一责任人", default=False)
    since = models.DateField("起始日期")
    until = models.DateField("结束日期", null=True, blank=True)
    end_reason = models.CharField("变动原因", max_length=80, blank=True)

    objects: Any = TermQuerySet.as_manager()

    class Meta:
        verbose_name = "成员"
        verbose_name_plural = "成员"
        ordering = ["committee", "rank", "id"]
        constraints = [
            no_overlap("membership_no_overlap", "committee_id", "person_id"),
            models.CheckConstraint(
                condition=Q(confirmed=True) | Q(entered_by__isnull=False), name="membership_waits_for_another"
            ),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="membership_period"
            ),
        ]
        indexes = [
            models.Index(fields=["committee", "since", "until"], name="membership_committee"),
            models.Index(fields=["person", "since", "until"], name="membership_person"),
        ]

    def __str__(self) -> str:
        return f"{self.person}（{self.get_group_role_display()}）"


class StudySecretary(Term):
    """A person keeps a committee's study work running, dated; one to three a committee."""

    committee = models.ForeignKey(
        Committee, verbose_name="委员会", on_delete=models.PROTECT, related_name="secretaries"
    )
    person = models.ForeignKey(Person, verbose_name="人员", on_delete=models.PROTECT, related_name="secretaryships")
    since = models.DateField("起始日期")
    until = models.DateField("结束日期", null=True, blank=True)

    objects: Any = TermQuerySet.as_manager()

    class Meta:
        verbose_name = "学习秘书"
        verbose_name_plural = "学习秘书"
        ordering = ["committee", "since", "id"]
        constraints = [
            no_overlap("secretary_no_overlap", "committee_id", "person_id"),
            models.CheckConstraint(
                condition=Q(confirmed=True) | Q(entered_by__isnull=False), name="secretary_waits_for_another"
            ),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="secretary_period"),
        ]
        indexes = [models.Index(fields=["person", "since", "until"], name="secretary_person")]

    def __str__(self) -> str:
        return f"{self.person}（学习秘书）"


class ActingKind(models.TextChoices):
    ACTING = "ACTING", "代理"
    IN_CHARGE = "IN_CHARGE", "主持工作"
    ENTRUSTED = "ENTRUSTED", "委托审批"


class ActingQuerySet(DatedQuerySet):
    def in_force(self, day: date) -> Self:
        """On that day and not ended early: what opens something now. (What was decided before stays as it was.)"""
        return self.on(day).filter(ended_at=None)


class ActingLeader(Versioned):
    """Somebody of the group decides what the leader decides, from a day until a day (ADR 0053). One at a time."""

    committee = models.ForeignKey(
        Committee, verbose_name="委员会", on_delete=models.PROTECT, related_name="acting_leaders"
    )
    person = models.ForeignKey(Person, verbose_name="人员", on_delete=models.PROTECT, related_name="acting_leaderships")
    kind = models.CharField("方式", max_length=10, choices=ActingKind)
    since = models.DateField("起始日期")
    until = models.DateField("结束日期")
    reason = models.CharField("原因", max_length=200)
    given_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name="授权人", on_delete=models.PROTECT, related_name="+"
    )
    given_as = models.CharField("授权人身份", max_length=60)
    ended_at = models.DateTimeField("提前结束时间", null=True, blank=True, editable=False)

    objects: Any = ActingQuerySet.as_manager()

    class Meta:
        verbose_name = "代理和委托"
        verbose_name_plural = "代理和委托"
        ordering = ["committee", "since", "id"]
        constraints = [
            no_overlap("acting_one_at_a_time", "committee_id", condition=Q(ended_at__isnull=True)),
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="acting_period"),
        ]
        indexes = [models.Index(fields=["person", "since", "until"], name="acting_person")]

    def __str__(self) -> str:
        return f"{self.person}（{self.get_kind_display()}）"
