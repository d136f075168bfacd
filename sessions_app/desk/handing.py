"""What a secretary hands over: deadlines, plans not filed, sessions under way, minutes not signed, materials. As of a day."""

from datetime import date

from django.urls import reverse

from roster.corps.consequences import OpenThing
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.plans.models import PlanStage, StudyPlan
from sessions_app.reminders.models import DueItem
from sessions_app.sessions.models import SessionStage, StudyMaterial, StudySession

OVER = [SessionStage.ARCHIVED, SessionStage.CANCELLED]


def open_things(committee_id: int, on: date) -> list[OpenThing]:
    """Five queries."""
    items = DueItem.objects.open().filter(committee=committee_id).order_by("due_on", "pk")
    found = [OpenThing("到期事项", item.what, item.due_on, item.url) for item in items]
    plans = StudyPlan.objects.newest().filter(committee=committee_id, year__gte=on.year).exclude(stage=PlanStage.FILED)
    found += [
        OpenThing(
            "年度计划", f"{plan.year}年度计划（{plan.get_stage_display()}）", None, reverse("plan", args=[plan.pk])
        )
        for plan in plans.order_by("year")
    ]
    sessions = StudySession.objects.filter(committee=committee_id).exclude(stage__in=OVER)
    found += [
        OpenThing(
            "学习场次",
            f"{session.topic}（{session.get_stage_display()}）",
            session.day,
            reverse("session", args=[session.pk]),
        )
        for session in sessions.order_by("day", "pk")
    ]
    drafts = Minutes.objects.filter(study_session__committee=committee_id).exclude(stage=MinutesStage.APPROVED)
    found += [
        OpenThing(
            "学习记录", f"{row.study_session.topic}（{row.get_stage_display()}）", row.study_session.day,
            reverse("minutes", args=[row.study_session_id]),
        )
        for row in drafts.select_related("study_session").order_by("study_session__day", "pk")
    ]  # fmt: skip
    materials = StudyMaterial.objects.filter(study_session__in=sessions.values("pk")).select_related("study_session")
    found += [
        OpenThing(
            "学习资料", f"《{row.title}》", row.study_session.day, reverse("session", args=[row.study_session_id])
        )
        for row in materials.order_by("study_session__day", "study_session", "order", "pk")
    ]
    return found
