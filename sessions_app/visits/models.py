"""VisitRound, ObservationVisit and its dossier: checks, scores, interviews, feedback. Score sheets as data."""

from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.audit.models import Versioned
from roster.committees.models import Committee, ScopedQuerySet, Viewer
from roster.corps.models import VisitTeam
from roster.people.models import Person
from sessions_app.sessions.models import StudySession


class RoundStage(models.TextChoices):
    DRAFT = "DRAFT", "编排"
    OPEN = "OPEN", "进行中"
    CLOSED = "CLOSED", "已结束"


class VisitRoundQuerySet(ScopedQuerySet):
    def open_to(self, user: Viewer, permission: str) -> Self:
        """Of the department itself: one above sees figures, and no round of a county."""
        return self.filter(committee__path__in=user.reach(permission).paths)


class VisitRound(Versioned):
    """批次: which committees a department's teams visit between two days. `committee` is the department's own scope."""

    committee = models.ForeignKey(
        Committee, verbose_name="组织单位", on_delete=models.PROTECT, related_name="visit_rounds"
    )
    year = models.PositiveSmallIntegerField("年度")
    number = models.PositiveSmallIntegerField("批次")
    title = models.CharField("名称", max_length=80, blank=True)
    since = models.DateField("开始日期")
    until = models.DateField("结束日期")
    stage = models.CharField("状态", max_length=10, choices=RoundStage, default=RoundStage.DRAFT)
    places = models.ManyToManyField(
        Committee,
        verbose_name="选定单位",
        related_name="+",
        blank=True,
        help_text="to be visited, with a visit yet or not",
    )
    form_token = models.CharField(max_length=36, null=True, blank=True, unique=True, editable=False)

    objects: Any = VisitRoundQuerySet.as_manager()

    class Meta:
        verbose_name = "旁听批次"
        verbose_name_plural = "旁听批次"
        ordering = ["-year", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["committee", "year", "number"], name="visit_round_number"),
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="visit_round_period"),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.year}年第{self.number}批"

    def get_absolute_url(self) -> str:
        return reverse("round", args=[self.pk])


class VisitStage(models.TextChoices):
    PROPOSED = "PROPOSED", "拟派"
    ASSIGNED = "ASSIGNED", "已派"
    ACCEPTED = "ACCEPTED", "已接受"
    DECLINED = "DECLINED", "谢绝"
    REVIEWED = "REVIEWED", "会前审核"
    OBSERVED = "OBSERVED", "已旁听"
    FEEDBACK_PENDING = "FEEDBACK_PENDING", "反馈待审"
    FED_BACK = "FED_BACK", "已反馈"
    ACKNOWLEDGED = "ACKNOWLEDGED", "单位已签收"
    CLOSED = "CLOSED", "办结"
    CANCELLED = "CANCELLED", "取消"


ENDED = [VisitStage.DECLINED, VisitStage.CANCELLED]
SAT_IN = [
    VisitStage.OBSERVED, VisitStage.FEEDBACK_PENDING, VisitStage.FED_BACK, VisitStage.ACKNOWLEDGED, VisitStage.CLOSED,
]  # fmt: skip
TOLD_UNIT = [VisitStage.ASSIGNED, VisitStage.ACCEPTED, VisitStage.REVIEWED, *SAT_IN]


class ObservationVisitQuerySet(ScopedQuerySet):
    def open_to(self, user: Viewer, permission: str) -> Self:
        """The department that runs the round; the unit once it was told; an observer only the visits he is named in.

        A department above sees figures, and one visit after it said why (`Opening`).
        """
        reach = user.reach(permission)
        told = Q(stage__in=TOLD_UNIT) | Q(noticed_on__isnull=False)
        own = Q(committee_id__in=reach.committee_ids) & told
        if reach.paths:
            own |= Q(round__committee__path__in=reach.paths)
            if permission == Permission.VISIT_READ:
                own |= Q(pk__in=Opening.objects.of(user, "visit"))
        if reach.person_id and permission in (Permission.VISIT_READ, Permission.VISIT_OBSERVE):
            mine = VisitObserver.objects.filter(person_id=reach.person_id).values("visit_id")
            own |= Q(pk__in=mine) & ~Q(stage=VisitStage.PROPOSED)
        return self.filter(own)

    def live(self) -> Self:
        return self.exclude(stage__in=ENDED)

    def sat_in(self) -> Self:
        return self.filter(stage__in=SAT_IN)


class ObservationVisit(Versioned):
    """A team visits a committee's session. `study_session` is chosen when its date is known."""

    round = models.ForeignKey(VisitRound, verbose_name="批次", on_delete=models.PROTECT, related_name="visits")
    committee = models.ForeignKey(Committee, verbose_name="被旁听单位", on_delete=models.PROTECT, related_name="visits")
    team = models.ForeignKey(VisitTeam, verbose_name="旁听组", on_delete=models.PROTECT, related_name="visits")
    study_session = models.ForeignKey(
        StudySession, verbose_name="学习场次", null=True, blank=True, on_delete=models.PROTECT, related_name="visits"
    )
    stage = models.CharField("状态", max_length=18, choices=VisitStage, default=VisitStage.PROPOSED)
    reasons = models.JSONField("编排理由", default=list, help_text="sentences: why this team for this committee")
    override_reason = models.CharField("越过规则的理由", max_length=200, blank=True)
    noticed_on = models.DateField("通知单位日期", null=True, blank=True)
    observed_on = models.DateField("旁听日期", null=True, blank=True)
    stop_reason = models.CharField("谢绝或取消原因", max_length=200, blank=True)
    contact = models.CharField("单位联系人", max_length=60, blank=True)
    closed_on = models.DateField("办结日期", null=True, blank=True)

    objects: Any = ObservationVisitQuerySet.as_manager()

    class Meta:
        verbose_name = "列席旁听"
        verbose_name_plural = "列席旁听"
        ordering = ["-round__year", "-round__number", "committee"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "committee"],
                condition=~Q(stage__in=["DECLINED", "CANCELLED"]),
                name="visit_once_a_round",
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=["DECLINED", "CANCELLED"]) | ~Q(stop_reason=""), name="visit_stopped_why"
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=["OBSERVED", "FEEDBACK_PENDING", "FED_BACK", "ACKNOWLEDGED", "CLOSED"])
                | Q(observed_on__isnull=False, study_session__isnull=False),
                name="visit_observed_when_and_what",
            ),
        ]
        indexes = [
            models.Index(fields=["committee", "observed_on"], name="visit_committee_day"),
            models.Index(fields=["team", "stage"], name="visit_team_stage"),
        ]

    def __str__(self) -> str:
        return f"{self.round} {self.committee}"

    def get_absolute_url(self) -> str:
        return reverse("visit", args=[self.pk])


class VisitObserver(models.Model):
    """A person named for a visit. Never somebody of the visited committee (checked where it is written)."""

    visit = models.ForeignKey(ObservationVisit, on_delete=models.CASCADE, related_name="observers")
    person = models.ForeignKey(Person, verbose_name="旁听人", on_delete=models.PROTECT, related_name="observer_visits")
    is_lead = models.BooleanField("带队", default=False)
    accepted_at = models.DateTimeField("接受时间", null=True, blank=True)

    class Meta:
        verbose_name = "旁听人"
        verbose_name_plural = "旁听人"
        ordering = ["visit", "-is_lead", "id"]
        constraints = [models.UniqueConstraint(fields=["visit", "person"], name="visit_observer_once")]
        indexes = [models.Index(fields=["person"], name="visit_observer_person")]

    def __str__(self) -> str:
        return str(self.person)


class SheetPart(models.TextChoices):
    BEFORE = "BEFORE", "会前"
    AT = "AT", "会中"
    AFTER = "AFTER", "会后"


class ScoreSheet(Versioned):
    """A department's scoring form, as data; once a visit used it, it is copied instead of changed."""

    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="score_sheets")
    name = models.CharField("名称", max_length=80)
    since = models.DateField("启用日期")
    until = models.DateField("停用日期", null=True, blank=True)

    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "评分表"
        verbose_name_plural = "评分表"
        ordering = ["committee", "-since"]
        constraints = [models.UniqueConstraint(fields=["committee", "since"], name="score_sheet_one_start")]

    def __str__(self) -> str:
        return self.name


class ScoreItem(models.Model):
    """A line of the form. `evidence` names what the system can pre-fill (see visits/evidence.py), empty for judgement."""

    sheet = models.ForeignKey(ScoreSheet, on_delete=models.CASCADE, related_name="items")
    part = models.CharField("阶段", max_length=8, choices=SheetPart)
    order = models.PositiveSmallIntegerField("顺序")
    text = models.CharField("评分项", max_length=120)
    max_points = models.DecimalField("满分", max_digits=5, decimal_places=1)
    evidence = models.CharField("依据", max_length=30, blank=True)

    class Meta:
        verbose_name = "评分项"
        verbose_name_plural = "评分项"
        ordering = ["sheet", "order"]
        constraints = [
            models.UniqueConstraint(fields=["sheet", "order"], name="score_item_order"),
            models.CheckConstraint(condition=Q(max_points__gt=0), name="score_item_points"),
        ]

    def __str__(self) -> str:
        return self.text


class ScoreBand(models.Model):
    """好, 较好, 一般, 较差: from how many points on."""

    sheet = models.ForeignKey(ScoreSheet, on_delete=models.CASCADE, related_name="bands")
    least = models.DecimalField("不低于", max_digits=5, decimal_places=1)
    word = models.CharField("等次", max_length=10)

    class Meta:
        ordering = ["sheet", "-least"]
        constraints = [models.UniqueConstraint(fields=["sheet", "least"], name="score_band_once")]

    def __str__(self) -> str:
        return self.word


class ScoreStage(models.TextChoices):
    DRAFT = "DRAFT", "草稿"
    SUBMITTED = "SUBMITTED", "已提交"


class VisitScore(Versioned):
    """One observer's sheet for one visit. `client_token`: of the form on his phone, sent twice it is kept once."""

    visit = models.ForeignKey(ObservationVisit, on_delete=models.PROTECT, related_name="scores")
    sheet = models.ForeignKey(ScoreSheet, on_delete=models.PROTECT, related_name="+")
    person = models.ForeignKey(Person, verbose_name="评分人", on_delete=models.PROTECT, related_name="visit_scores")
    stage = models.CharField("状态", max_length=10, choices=ScoreStage, default=ScoreStage.DRAFT)
    comment = models.TextField("现场点评", blank=True)
    total = models.DecimalField("总分", max_digits=5, decimal_places=1, null=True, blank=True)
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    client_token = models.CharField(max_length=36, null=True, blank=True, unique=True, editable=False)

    class Meta:
        verbose_name = "旁听评分"
        verbose_name_plural = "旁听评分"
        ordering = ["visit", "id"]
        constraints = [
            models.UniqueConstraint(fields=["visit", "person"], name="visit_score_once"),
            models.CheckConstraint(
                condition=~Q(stage="SUBMITTED") | Q(total__isnull=False, submitted_at__isnull=False),
                name="visit_score_submitted_whole",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.visit} {self.person}"


class VisitScoreLine(models.Model):
    """Points for one item; below full marks only with a reason."""

    score = models.ForeignKey(VisitScore, on_delete=models.CASCADE, related_name="lines")
    item = models.ForeignKey(ScoreItem, on_delete=models.PROTECT, related_name="+")
    max_points = models.DecimalField(max_digits=5, decimal_places=1)
    points = models.DecimalField("得分", max_digits=5, decimal_places=1, null=True, blank=True)
    reason = models.CharField("扣分理由", max_length=300, blank=True)

    class Meta:
        ordering = ["score", "item__order"]
        constraints = [
            models.UniqueConstraint(fields=["score", "item"], name="score_line_once"),
            models.CheckConstraint(
                condition=Q(points__isnull=True) | Q(points__gte=0, points__lte=F("max_points")),
                name="score_line_range",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item} {self.points}"


class VisitCheck(models.Model):
    """会前对接审核: one line of the checklist, looked at by an observer."""

    visit = models.ForeignKey(ObservationVisit, on_delete=models.CASCADE, related_name="checks")
    key = models.CharField(max_length=30)
    text = models.CharField("核对项", max_length=120)
    is_well = models.BooleanField("齐全", null=True, blank=True)
    note = models.CharField("说明", max_length=200, blank=True)

    class Meta:
        verbose_name = "会前核对"
        verbose_name_plural = "会前核对"
        ordering = ["visit", "id"]
        constraints = [models.UniqueConstraint(fields=["visit", "key"], name="visit_check_once")]

    def __str__(self) -> str:
        return self.text


class Interview(models.Model):
    """会后访谈调研: with whom, and what was said."""

    visit = models.ForeignKey(ObservationVisit, on_delete=models.CASCADE, related_name="interviews")
    day = models.DateField("日期")
    who = models.CharField("访谈对象", max_length=60)
    post = models.CharField("职务", max_length=80, blank=True)
    text = models.TextField("要点")
    by = models.ForeignKey(Person, null=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        verbose_name = "访谈"
        verbose_name_plural = "访谈"
        ordering = ["visit", "day", "id"]

    def __str__(self) -> str:
        return self.who


class FeedbackStage(models.TextChoices):
    DRAFT = "DRAFT", "草稿"
    SUBMITTED = "SUBMITTED", "待审"
    RETURNED = "RETURNED", "退回"
    ISSUED = "ISSUED", "已反馈"
    ACKNOWLEDGED = "ACKNOWLEDGED", "已签收"


class FeedbackQuerySet(ScopedQuerySet):
    scope_field = "visit__round__committee"

    def open_to(self, user: Viewer, permission: str) -> Self:
        return self.filter(visit__in=ObservationVisit.objects.open_to(user, permission))


class Feedback(Versioned):
    """反馈意见: overall, highlights, problems, 500 characters together; fixed once issued, the unit's reply beside it."""

    visit = models.OneToOneField(ObservationVisit, on_delete=models.PROTECT, related_name="feedback")
    overall = models.TextField("总体评价", blank=True)
    highlights = models.TextField("特色亮点", blank=True)
    problems = models.TextField("存在问题", blank=True)
    advice = models.TextField("意见建议", blank=True)
    stage = models.CharField("状态", max_length=14, choices=FeedbackStage, default=FeedbackStage.DRAFT)
    submitted_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    submitted_at = models.DateTimeField("提交时间", null=True, blank=True)
    late_days = models.PositiveSmallIntegerField("逾期工作日", default=0)
    return_note = models.CharField("退回意见", max_length=300, blank=True)
    issued_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    issued_at = models.DateTimeField("反馈时间", null=True, blank=True)
    acknowledged_by = models.ForeignKey(Person, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    acknowledged_at = models.DateTimeField("签收时间", null=True, blank=True)
    reply = models.TextField("单位回复", blank=True)

    objects: Any = FeedbackQuerySet.as_manager()

    class Meta:
        verbose_name = "旁听反馈"
        verbose_name_plural = "旁听反馈"
        constraints = [
            models.CheckConstraint(
                condition=Q(issued_by__isnull=True) | Q(submitted_by__isnull=True) | ~Q(issued_by=F("submitted_by")),
                name="feedback_writer_not_issuer",
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=["ISSUED", "ACKNOWLEDGED"]) | Q(issued_at__isnull=False),
                name="feedback_issued_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.visit} 反馈意见"

    @property
    def committee_id(self) -> int:
        return self.visit.committee_id


class OpeningQuerySet(models.QuerySet):
    def of(self, user: Any, kind: str) -> Any:
        """Ids of what this user opened today; a subquery."""
        return self.filter(user_id=user.pk, kind=kind, opened_on=user.today).values("subject_id")


class Opening(models.Model):
    """A department above opened one visit or finding of a department below, and said why. It stays open that day."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=[("visit", "旁听"), ("finding", "问题")])
    subject_id = models.BigIntegerField()
    reason = models.CharField("抽查理由", max_length=200)
    opened_on = models.DateField("日期")
    opened_at = models.DateTimeField()

    objects: Any = OpeningQuerySet.as_manager()

    class Meta:
        verbose_name = "抽查"
        verbose_name_plural = "抽查"
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "subject_id", "opened_on"], name="opening_once_a_day"),
            models.CheckConstraint(condition=~Q(reason=""), name="opening_why"),
        ]

    def __str__(self) -> str:
        return self.reason
