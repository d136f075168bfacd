"""TrainingCourse and who attended; Expert with away periods; VisitTeam, its members and areas; HandOver."""

from datetime import datetime
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse

from roster.audit.models import Versioned
from roster.committees.models import Committee, Reach, ScopedQuerySet, Viewer, no_overlap
from roster.people.models import DatedQuerySet, Person, StudySecretary


def over(reach: Reach) -> Q:
    """Whole subtrees and single committees: what is a department's own is nothing for roles that reach only themselves."""
    condition = Q(committee__in=reach.committee_ids)
    for path in sorted(reach.paths):
        condition |= Q(committee__path__startswith=path)
    return condition


class CourseStage(models.TextChoices):
    OPEN = "OPEN", "进行中"
    FINISHED = "FINISHED", "已结业"


class CourseQuerySet(ScopedQuerySet):
    def open_to(self, user: Viewer, permission: str) -> Self:
        return self.filter(over(user.reach(permission)))


class TrainingCourse(Versioned):
    """培训班 for study secretaries, held by a department for its subtree."""

    committee = models.ForeignKey(Committee, verbose_name="主办范围", on_delete=models.PROTECT, related_name="courses")
    name = models.CharField("班次", max_length=100)
    content = models.TextField("培训内容", blank=True)
    place = models.CharField("地点", max_length=100, blank=True)
    since = models.DateField("开始日期")
    until = models.DateField("结束日期")
    pass_share = models.DecimalField("结业出勤比例", max_digits=3, decimal_places=2, default=1)
    stage = models.CharField("状态", max_length=10, choices=CourseStage, default=CourseStage.OPEN)
    form_token = models.CharField(max_length=36, null=True, blank=True, unique=True, editable=False)

    objects: Any = CourseQuerySet.as_manager()

    class Meta:
        verbose_name = "培训班"
        verbose_name_plural = "培训班"
        ordering = ["-since", "-id"]
        constraints = [
            models.CheckConstraint(condition=Q(until__gte=F("since")), name="course_period"),
            models.CheckConstraint(condition=Q(pass_share__gt=0, pass_share__lte=1), name="course_pass_share"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("course", args=[self.pk])


class TrainingSession(models.Model):
    """One lesson of a course, with its credited hours."""

    course = models.ForeignKey(TrainingCourse, on_delete=models.CASCADE, related_name="sessions")
    order = models.PositiveSmallIntegerField("顺序", default=1)
    day = models.DateField("日期")
    topic = models.CharField("课程", max_length=120)
    lecturer = models.CharField("授课人", max_length=60, blank=True)
    hours = models.DecimalField("学时", max_digits=4, decimal_places=1)

    class Meta:
        verbose_name = "课程"
        verbose_name_plural = "课程"
        ordering = ["course", "order"]
        constraints = [
            models.UniqueConstraint(fields=["course", "order"], name="training_session_order"),
            models.CheckConstraint(condition=Q(hours__gt=0), name="training_session_hours"),
        ]

    def __str__(self) -> str:
        return self.topic


class Trainee(models.Model):
    """A person of a course; `completed_on` is written when the course is finished. Hours are summed from attendance."""

    course = models.ForeignKey(TrainingCourse, on_delete=models.CASCADE, related_name="trainees")
    person = models.ForeignKey(Person, verbose_name="学员", on_delete=models.PROTECT, related_name="trainings")
    committee = models.ForeignKey(
        Committee, on_delete=models.PROTECT, related_name="+", help_text="whose secretary the person was when enrolled"
    )
    completed_on = models.DateField("结业日期", null=True, blank=True)

    objects: Any = ScopedQuerySet.as_manager()

    class Meta:
        verbose_name = "学员"
        verbose_name_plural = "学员"
        ordering = ["course", "committee", "id"]
        constraints = [models.UniqueConstraint(fields=["course", "person"], name="trainee_once")]

    def __str__(self) -> str:
        return f"{self.person} {self.course}"


class TrainingAttendance(models.Model):
    """A trainee was at a lesson: the row is the attendance."""

    session = models.ForeignKey(TrainingSession, on_delete=models.CASCADE, related_name="attendances")
    trainee = models.ForeignKey(Trainee, on_delete=models.CASCADE, related_name="attendances")

    class Meta:
        verbose_name = "培训签到"
        verbose_name_plural = "培训签到"
        ordering = ["session", "trainee"]
        constraints = [models.UniqueConstraint(fields=["session", "trainee"], name="training_attendance_once")]

    def __str__(self) -> str:
        return f"{self.trainee} {self.session}"


class ExpertQuerySet(DatedQuerySet):
    scope_field, person_field = "committee", "person"

    def annotate_pinyin(self) -> Self:
        """With the person's `pinyin`, for pickers."""
        return self.annotate(pinyin=F("person__pinyin"))


class Expert(Versioned):
    """A person of a department's pool for a term. `unit` is his own committee: he never observes it."""

    committee = models.ForeignKey(Committee, verbose_name="专家库", on_delete=models.PROTECT, related_name="experts")
    person = models.ForeignKey(Person, verbose_name="专家", on_delete=models.PROTECT, related_name="expertises")
    unit = models.ForeignKey(
        Committee, verbose_name="所在单位", null=True, blank=True, on_delete=models.PROTECT, related_name="own_experts"
    )
    unit_name = models.CharField("工作单位", max_length=80, blank=True, help_text="没有中心组的单位写名称")
    fields = ArrayField(models.CharField(max_length=20), verbose_name="研究领域", default=list, blank=True)
    max_load = models.PositiveSmallIntegerField("每批次最多旁听", default=6)
    since = models.DateField("起始日期")
    until = models.DateField("结束日期", null=True, blank=True)

    objects: Any = ExpertQuerySet.as_manager()

    class Meta:
        verbose_name = "专家"
        verbose_name_plural = "专家"
        ordering = ["committee", "id"]
        constraints = [
            no_overlap("expert_no_overlap", "committee_id", "person_id"),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="expert_period"),
            models.CheckConstraint(condition=Q(max_load__gte=1), name="expert_max_load"),
        ]

    def __str__(self) -> str:
        return f"{self.person}（专家）"

    def get_absolute_url(self) -> str:
        return reverse("expert_edit", args=[self.pk])


class ExpertAway(models.Model):
    """Days on which an expert cannot go."""

    expert = models.ForeignKey(Expert, on_delete=models.CASCADE, related_name="aways")
    since = models.DateField("起始日期")
    until = models.DateField("结束日期")
    reason = models.CharField("原因", max_length=60, blank=True)

    class Meta:
        verbose_name = "不可用时段"
        verbose_name_plural = "不可用时段"
        ordering = ["expert", "since"]
        constraints = [models.CheckConstraint(condition=Q(until__gte=F("since")), name="expert_away_period")]

    def __str__(self) -> str:
        return f"{self.expert} {self.since}—{self.until}"


class TeamQuerySet(DatedQuerySet):
    def open_to(self, user: Viewer, permission: str) -> Self:
        """An observer sees the teams he sits in or sat in."""
        reach = user.reach(permission)
        own = TeamMember.objects.filter(expert__person=reach.person_id, team=OuterRef("pk"))
        return self.filter(over(reach) | Exists(own))


class VisitTeam(Versioned):
    """旁听组 of a department: leader, members, and the committees it looks after (分组包片)."""

    committee = models.ForeignKey(Committee, verbose_name="所属", on_delete=models.PROTECT, related_name="visit_teams")
    name = models.CharField("组名", max_length=40)
    since = models.DateField("起始日期")
    until = models.DateField("结束日期", null=True, blank=True)

    objects: Any = TeamQuerySet.as_manager()

    class Meta:
        verbose_name = "旁听组"
        verbose_name_plural = "旁听组"
        ordering = ["committee", "id"]
        constraints = [
            models.UniqueConstraint(fields=["committee", "name", "since"], name="visit_team_name"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="visit_team_period"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("visit_team", args=[self.pk])


class TeamMemberQuerySet(DatedQuerySet):
    scope_field = "team__committee"


class TeamMember(Versioned):
    """An expert belongs to a team, from a day, until a day; one leads it."""

    team = models.ForeignKey(VisitTeam, on_delete=models.PROTECT, related_name="members")
    expert = models.ForeignKey(Expert, on_delete=models.PROTECT, related_name="memberships")
    is_leader = models.BooleanField("组长", default=False)
    since = models.DateField("起始日期")
    until = models.DateField("结束日期", null=True, blank=True)

    objects: Any = TeamMemberQuerySet.as_manager()

    class Meta:
        verbose_name = "旁听组成员"
        verbose_name_plural = "旁听组成员"
        ordering = ["team", "-is_leader", "id"]
        constraints = [
            no_overlap("team_member_no_overlap", "team_id", "expert_id"),
            models.CheckConstraint(
                condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="team_member_period"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.expert} {self.team}"

    @property
    def committee_id(self) -> int:
        return self.team.committee_id


class TeamArea(models.Model):
    """包片: a team looks after a committee, from a day, until a day; one team of a department at a time."""

    team = models.ForeignKey(VisitTeam, on_delete=models.PROTECT, related_name="areas")
    department = models.ForeignKey(
        Committee, on_delete=models.PROTECT, related_name="+", help_text="the team's own, kept equal for the constraint"
    )
    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="team_areas")
    since = models.DateField("起始日期")
    until = models.DateField("结束日期", null=True, blank=True)

    objects: Any = DatedQuerySet.as_manager()

    class Meta:
        verbose_name = "包片"
        verbose_name_plural = "包片"
        ordering = ["team", "committee"]
        constraints = [
            no_overlap("team_area_one_team", "committee_id", "department_id"),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gte=F("since")), name="team_area_period"),
        ]

    def __str__(self) -> str:
        return f"{self.team}：{self.committee}"


class HandOverStage(models.TextChoices):
    PREPARED = "PREPARED", "待接收"
    SIGNED = "SIGNED", "已交接"
    CANCELLED = "CANCELLED", "已取消"


class HandOverQuerySet(ScopedQuerySet):
    def open_to_or_for(self, user: Any, permission: str) -> Self:
        """Those in reach, and those a person is to sign or signed himself: he may hold nothing there yet."""
        mine = Q(receiver_id=user.person_id) if user.person_id else Q(pk__in=[])
        return self.filter(self.scope(user.reach(permission), "committee") | mine)

    def ended(self, secretaryship: str, at: datetime) -> Exists:
        """Whether the secretaryship of that field was handed over, and its access had ended, by that minute."""
        return Exists(self.filter(stage=HandOverStage.SIGNED, ends_at__lte=at, giver=OuterRef(secretaryship)))


class HandOver(Versioned):
    """A secretary hands over to the next: what is open is listed and frozen, the receiver signs, the old access ends at a minute."""

    committee = models.ForeignKey(Committee, on_delete=models.PROTECT, related_name="hand_overs")
    giver = models.ForeignKey(StudySecretary, verbose_name="移交人", on_delete=models.PROTECT, related_name="given")
    receiver = models.ForeignKey(Person, verbose_name="接收人", on_delete=models.PROTECT, related_name="+")
    ends_at = models.DateTimeField("移交人权限截止")
    stage = models.CharField("状态", max_length=10, choices=HandOverStage, default=HandOverStage.PREPARED)
    contents = models.JSONField(
        "交接清单", default=list, help_text="open tasks, drafts, deadlines, materials as of the signing"
    )
    note = models.TextField("交接说明", blank=True)
    prepared_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True, blank=True)

    objects: Any = HandOverQuerySet.as_manager()

    class Meta:
        verbose_name = "秘书交接"
        verbose_name_plural = "秘书交接"
        ordering = ["-prepared_at"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(stage="SIGNED") | Q(signed_at__isnull=False), name="hand_over_signed_when"
            ),
            models.UniqueConstraint(fields=["giver"], condition=Q(stage="PREPARED"), name="hand_over_one_open"),
        ]

    def __str__(self) -> str:
        return f"{self.committee} 秘书交接"

    def get_absolute_url(self) -> str:
        return reverse("hand_over", args=[self.pk])
