"""User: an account tied to a person. Grant: a role over a committee and its subtree, dated."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, OuterRef, Q, Subquery

from roster.accounts.draft_rules import LIVES, PLACE_LENGTH, VERSION_LENGTH
from roster.accounts.roles import GRANTED, PRECEDENCE, ROLES, SEPARATED, Permission, Role, RoleReach, roles_with
from roster.audit.models import Versioned, VersionedQuerySet
from roster.committees.models import Committee, DayRange, PointRange
from roster.corps.models import HandOver
from roster.people.models import ActingKind, ActingLeader, DatedQuerySet, GroupRole, Membership, Person, StudySecretary


@dataclass(frozen=True)
class Hold:
    """A role held today over one committee (and, for SUBTREE roles, all below it)."""

    role: Role
    committee_id: int
    path: str
    committee_label: str
    word: str = ""  # how it is called, where one role has several ways (代理, 主持工作, 委托审批)

    @property
    def label(self) -> str:
        return f"{self.word or ROLES[self.role].label}（{self.committee_label}）"

    @property
    def key(self) -> str:
        return f"{self.role}:{self.committee_id}"


@dataclass(frozen=True)
class UserReach:
    """Where a permission is held: see `ScopedQuerySet.open_to`."""

    paths: frozenset[str]
    committee_ids: frozenset[int]
    self_committee_ids: frozenset[int]
    person_id: int | None


ACTING_WORDS = {
    ActingKind.ACTING: "代理组长", ActingKind.IN_CHARGE: "主持工作", ActingKind.ENTRUSTED: "受委托审批",
}  # fmt: skip


def _acting_kind(on: date) -> Subquery:
    """Of a membership: in which way its person acts for the leader there that day, if he does."""
    here = {"committee": OuterRef("committee"), "person": OuterRef("person")}
    return Subquery(ActingLeader.objects.in_force(on).filter(**here).values("kind")[:1])


class User(AbstractUser):
    """`act(on=day)` loads what the user holds that day; nothing is open to a user who has not acted."""

    person = models.OneToOneField(
        Person, verbose_name="人员", null=True, blank=True, on_delete=models.PROTECT, related_name="user"
    )
    password_changed_at = models.DateTimeField("密码修改时间", null=True, blank=True)
    must_change_password = models.BooleanField("首次登录须改密码", default=False)
    old_passwords = models.JSONField(default=list, editable=False, help_text="最近 5 次密码的散列")

    # Set by act() and the middleware, for the length of one request or one command.
    today: date | None = None
    address: str | None = None
    request_id: str = ""
    using: Permission | None = None
    _holds: tuple[Hold, ...] | None = None
    _acting: Hold | None = None

    class Meta:
        verbose_name = "账号"
        verbose_name_plural = "账号"

    def __str__(self) -> str:
        return self.display_name

    @property
    def display_name(self) -> str:
        return self.person.name if self.person_id else self.username

    def act(self, *, on: date, acting: str = "", at: datetime | None = None) -> "User":
        """Load the roles held on `on` (three queries); `acting` is the key of the hold the page opens in.

        `at` is the present minute: a secretaryship handed over by then is left out. Without it the day counts whole,
        as it does for a job asked for on that day.
        """
        self.today = on
        self._holds = tuple(self._load_holds(on, at))
        wanted = [hold for hold in self._holds if hold.key == acting]
        self._acting = wanted[0] if wanted else (self._holds[0] if self._holds else None)
        return self

    def _load_holds(self, on: date, at: datetime | None) -> list[Hold]:
        found: list[Hold] = []

        def add(role: Role, committee: Committee, word: str = "") -> None:
            if committee.since <= on and (committee.until is None or committee.until >= on):
                found.append(Hold(role, committee.pk, committee.path, str(committee), word))

        for grant in Grant.objects.filter(user=self).on(on).select_related("committee"):
            add(Role(grant.role), grant.committee)
        # The separated three see no content, whatever the roster says of the person.
        if self.person_id and not any(hold.role in SEPARATED for hold in found):
            kept = StudySecretary.objects.filter(person_id=self.person_id).in_office(on).select_related("committee")
            for row in kept.exclude(HandOver.objects.ended("pk", at)) if at else kept:
                add(Role.SECRETARY, row.committee)
            members = Membership.objects.filter(person_id=self.person_id).on(on).select_related("committee")
            for member in members.annotate(acting=_acting_kind(on)):
                if member.confirmed and member.acting:
                    add(Role.ACTING, member.committee, ACTING_WORDS[ActingKind(member.acting)])
                if member.confirmed and member.group_role in (GroupRole.LEADER, GroupRole.DEPUTY):
                    add(Role(member.group_role), member.committee)
                if member.confirmed or member.entered_by_id != self.pk:
                    add(Role.MEMBER, member.committee)
        return sorted(found, key=lambda hold: (PRECEDENCE.index(hold.role), hold.path))

    @property
    def holds(self) -> tuple[Hold, ...]:
        if self._holds is None:
            raise RuntimeError("user.act(on=day) was not called: nothing is open without a day")
        return self._holds

    @property
    def acting(self) -> Hold | None:
        return self._acting

    @property
    def acting_label(self) -> str:
        return self._acting.label if self._acting else ""

    def holds_with(self, permission: str) -> Iterable[Hold]:
        roles = roles_with(permission)
        return (hold for hold in self.holds if hold.role in roles)

    def may(self, permission: str) -> bool:
        """Somewhere. For a row, ask `Model.objects.open_to(user, permission)`."""
        return any(True for _ in self.holds_with(permission))

    def reach(self, permission: str) -> UserReach:
        paths, own, self_only = set(), set(), set()
        for hold in self.holds_with(permission):
            match ROLES[hold.role].reach:
                case RoleReach.SUBTREE:
                    paths.add(hold.path)
                case RoleReach.OWN:
                    own.add(hold.committee_id)
                case RoleReach.SELF:
                    self_only.add(hold.committee_id)
        return UserReach(frozenset(paths), frozenset(own), frozenset(self_only), self.person_id)

    def stands_above(self, path: str) -> bool:
        """Whether the department over this committee acts: its reviewer or its administrator, not its secretary."""
        holds = [*self.holds_with(Permission.MEMBER_EDIT), *self.holds_with(Permission.COMMITTEE_EDIT)]
        return any(ROLES[hold.role].reach == RoleReach.SUBTREE and path.startswith(hold.path) for hold in holds)

    def label_for(self, committee_id: int) -> str:
        """The role in which the user acts on that committee, for the record."""
        holds = list(self.holds_with(self.using)) if self.using else list(self.holds)
        own = [hold for hold in holds if hold.committee_id == committee_id]
        wide = [hold for hold in holds if ROLES[hold.role].reach == RoleReach.SUBTREE]
        chosen = [*own, *wide]
        return chosen[0].label if chosen else self.acting_label


class ResetStage(models.TextChoices):
    ASKED = "ASKED", "待第二人同意"
    DONE = "DONE", "已重置"
    REFUSED = "REFUSED", "不同意"


class PasswordReset(Versioned):
    """A reset that takes two: asked by an administrator, agreed by the security administrator of that reach (ADR 0052).

    The first is told a code, the second the first password; the owner needs both to choose his own.
    """

    user = models.ForeignKey(User, verbose_name="账号", on_delete=models.PROTECT, related_name="resets")
    stage = models.CharField("状态", max_length=10, choices=ResetStage, default=ResetStage.ASKED)
    reason = models.CharField("原因", max_length=200)
    code = models.CharField(max_length=200, editable=False, help_text="改密校验码的散列")
    asked_by = models.ForeignKey(User, verbose_name="申请人", on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField("申请时间")
    decided_by = models.ForeignKey(User, verbose_name="第二人", null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField("办理时间", null=True)
    used_at = models.DateTimeField("本人改密时间", null=True)

    objects: Any = VersionedQuerySet.as_manager()

    class Meta:
        verbose_name = "密码重置"
        verbose_name_plural = "密码重置"
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(stage="ASKED"), name="password_reset_one_open"),
            models.CheckConstraint(condition=~Q(asked_by=F("user")), name="password_reset_never_own"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("user")), name="password_reset_not_decided_by_owner"
            ),
            models.CheckConstraint(
                condition=~Q(stage="DONE") | (Q(decided_by__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="password_reset_takes_two",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.user}的密码重置"


class Grant(Versioned):
    """One role over a committee and its subtree, from a day, until a day. Never deleted: ended."""

    user = models.ForeignKey(User, verbose_name="账号", on_delete=models.PROTECT, related_name="grants")
    role = models.CharField("角色", max_length=12, choices=[(role.value, ROLES[role].label) for role in GRANTED])
    committee = models.ForeignKey(Committee, verbose_name="范围", on_delete=models.PROTECT, related_name="grants")
    since = models.DateField("起始日期")
    until = models.DateField("结束日期", null=True, blank=True)
    granted_by = models.ForeignKey(User, verbose_name="授权人", null=True, on_delete=models.PROTECT, related_name="+")

    objects: Any = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "角色授权"
        verbose_name_plural = "角色授权"
        ordering = ["user", "role", "since"]
        constraints = [
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="grant_period"),
            models.CheckConstraint(condition=~Q(granted_by=F("user")), name="grant_never_to_oneself"),
            ExclusionConstraint(
                name="grant_three_separated",
                expressions=[(PointRange(F("user_id"), F("user_id")), "&&"), (DayRange(F("since"), F("until")), "&&")],
                condition=Q(role__in=[role.value for role in sorted(SEPARATED)]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}：{self.get_role_display()}"


class DraftQuerySet(models.QuerySet["Draft"]):
    def waiting(self, user: User, at: datetime) -> "DraftQuerySet":
        """One's own that were neither saved nor thrown away, as long as a draft lives."""
        return self.filter(user=user, closed_at=None, kept_at__gte=at - LIVES)


class Draft(models.Model):
    """What somebody typed and has not saved: his alone, of one form (`place`), of one occasion (`key`). Lives a week.

    A closed one is an empty row: its text was saved or thrown away, and a message that comes late changes nothing.
    """

    user = models.ForeignKey(User, verbose_name="账号", on_delete=models.CASCADE, related_name="drafts")
    key = models.CharField("编号", max_length=32)
    place = models.CharField("表单", max_length=PLACE_LENGTH, blank=True)
    version = models.CharField("所据版本", max_length=VERSION_LENGTH, blank=True)
    content = models.JSONField("内容", default=dict)
    kept_at = models.DateTimeField("留存时间")
    closed_at = models.DateTimeField("了结时间", null=True, blank=True)

    objects = DraftQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "草稿"
        constraints = [
            models.UniqueConstraint(fields=["user", "key"], name="draft_of_one_occasion"),
            models.CheckConstraint(condition=Q(closed_at=None) | Q(content={}), name="draft_closed_holds_nothing"),
        ]
        indexes = [
            models.Index(fields=["user", "place"], condition=Q(closed_at=None), name="draft_waiting"),
            models.Index(fields=["kept_at"], name="draft_age"),
        ]

    def __str__(self) -> str:
        return f"{self.place} {self.kept_at:%Y-%m-%d %H:%M}"
