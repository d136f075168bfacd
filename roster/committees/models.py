"""Committee: a body that has a study group. One committee has one group; there is no second class for it."""

from datetime import date
from typing import Any, Protocol, Self

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q
from django.urls import reverse

from roster.audit.models import Versioned, VersionedQuerySet


class CommitteeKind(models.TextChoices):
    PARTY_COMMITTEE = "PARTY_COMMITTEE", "党委"
    PARTY_GROUP = "PARTY_GROUP", "党组"
    WORKING_COMMITTEE = "WORKING_COMMITTEE", "党工委"
    ORGAN = "ORGAN", "机关"


class CommitteeLevel(models.TextChoices):
    CITY = "CITY", "市级"
    COUNTY = "COUNTY", "县级"
    TOWNSHIP = "TOWNSHIP", "乡镇"


def periods_meet(prefix: str, first: date, last: date | None) -> Q:
    """Rows whose [since, until] shares a day with [first, last]; `prefix` is "" or "memberships__"."""
    meets = Q(**{f"{prefix}until__isnull": True}) | Q(**{f"{prefix}until__gte": first})
    return meets & Q(**{f"{prefix}since__lte": last}) if last else meets


class Reach(Protocol):
    """Where a user holds a permission today: whole subtrees, single committees, or only own rows in some."""

    paths: frozenset[str]
    committee_ids: frozenset[int]
    self_committee_ids: frozenset[int]
    person_id: int | None


class Viewer(Protocol):
    def reach(self, permission: str) -> Reach: ...


class ScopedQuerySet(VersionedQuerySet):
    """`open_to`: the rows of the committees where the user holds the permission. Scope is the permission.

    `scope_field` leads from the row to its Committee ("" is the committee itself); where `person_field` is set,
    a role that reaches only its own rows is narrowed to that person's.
    """

    scope_field = "committee"
    person_field = ""

    def open_to(self, user: Viewer, permission: str) -> Self:
        reach = user.reach(permission)
        return self.filter(self.scope(reach, self.scope_field, self.person_field))

    @staticmethod
    def scope(reach: Reach, scope_field: str = "committee", person_field: str = "") -> Q:
        """The condition itself, for a row that stands several joins away from its committee."""
        dot = f"{scope_field}__" if scope_field else ""
        condition = Q(pk__in=[])
        if reach.committee_ids:
            condition |= Q(**{f"{dot}pk__in": reach.committee_ids})
        for path in sorted(reach.paths):
            condition |= Q(**{f"{dot}path__startswith": path})
        if reach.self_committee_ids:
            own = Q(**{f"{dot}pk__in": reach.self_committee_ids})
            if person_field:
                own &= Q(**{person_field: reach.person_id})
            condition |= own
        return condition


class CommitteeQuerySet(ScopedQuerySet):
    scope_field = ""

    def active_in(self, first: date, last: date) -> Self:
        """Active on any day from `first` to `last`."""
        return self.filter(periods_meet("", first, last))

    def active_on(self, day: date) -> Self:
        return self.active_in(day, day)

    def under(self, committee: "Committee") -> Self:
        """The committee and all below it, one index range."""
        return self.filter(path__startswith=committee.path)

    def in_order(self) -> Self:
        return self.order_by("level_order", "sort_order", "code")

    def search(self, text: str) -> Self:
        """By name of any time, code, full pinyin or initials."""
        text = text.strip()
        spelled = text.lower()
        return self.filter(
            Q(name__icontains=text) | Q(short_name__icontains=text) | Q(code__istartswith=text)
            | Q(pinyin__startswith=spelled) | Q(pinyin__contains=f" {spelled}")
            | Q(pk__in=CommitteeName.objects.filter(name__icontains=text).values("committee_id"))
        )  # fmt: skip


class Committee(Versioned):
    """`path` is the chain of ids from the root, "0000001/0000042/": a subtree is a prefix."""

    code = models.CharField("编码", max_length=20, unique=True)
    name = models.CharField("名称", max_length=80, help_text="现名;历史名称见名称沿革")
    short_name = models.CharField("简称", max_length=40, blank=True)
    kind = models.CharField("类型", max_length=20, choices=CommitteeKind)
    level = models.CharField("层级", max_length=10, choices=CommitteeLevel)
    level_order = models.PositiveSmallIntegerField(editable=False, default=0)
    by_reference = models.BooleanField("参照执行", default=False)
    parent = models.ForeignKey(
        "self", verbose_name="上级", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    path = models.CharField(max_length=120, unique=True, editable=False)
    sort_order = models.PositiveIntegerField("排序", default=1000)
    since = models.DateField("启用日期")
    until = models.DateField("停用日期", null=True, blank=True)
    pinyin = models.CharField(max_length=200, blank=True, editable=False)

    objects: Any = CommitteeQuerySet.as_manager()

    class Meta:
        verbose_name = "委员会"
        verbose_name_plural = "委员会"
        ordering = ["level_order", "sort_order", "code"]
        constraints = [
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="committee_period"),
        ]
        indexes = [
            models.Index(fields=["path"], name="committee_path", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["level_order", "sort_order", "code"], name="committee_order"),
        ]

    def __str__(self) -> str:
        return self.short_name or self.name

    def get_absolute_url(self) -> str:
        return reverse("committee", args=[self.pk])

    @property
    def committee_id(self) -> int:
        """The committee an audit event about this row belongs to."""
        return self.pk

    def name_on(self, day: date) -> str:
        """The official name of that day. Reads prefetched `names`."""
        for old in self.names.all():
            if old.since <= day and (old.until is None or old.until >= day):
                return old.name
        return self.name


class PointRange(Func):
    """int8range(x, x, '[]'), given x twice: equality for a gist exclusion without btree_gist."""

    function = "int8range"
    template = "%(function)s(%(expressions)s, '[]')"
    arity = 2


class DayRange(Func):
    """daterange(since, until, '[]'): an open end is NULL."""

    function = "daterange"
    template = "%(function)s(%(expressions)s, '[]')"
    arity = 2


def no_overlap(name: str, *fields: str, condition: Q | None = None) -> ExclusionConstraint:
    """No two rows with the same `fields` whose periods [since, until] share a day."""
    expressions: list[Any] = [(PointRange(F(field), F(field)), "&&") for field in fields]
    expressions.append((DayRange(F("since"), F("until")), "&&"))
    return ExclusionConstraint(name=name, expressions=expressions, condition=condition)


class CommitteeName(models.Model):
    """What a committee was called, and when. The open period is the name of today."""

    committee = models.ForeignKey(Committee, on_delete=models.CASCADE, related_name="names")
    name = models.CharField("名称", max_length=80)
    short_name = models.CharField("简称", max_length=40, blank=True)
    since = models.DateField("启用日期")
    until = models.DateField("停用日期", null=True, blank=True)

    class Meta:
        verbose_name = "名称沿革"
        verbose_name_plural = "名称沿革"
        ordering = ["committee", "since"]
        constraints = [
            no_overlap("committee_one_name_a_day", "committee_id"),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="name_period"),
        ]

    def __str__(self) -> str:
        return self.name
