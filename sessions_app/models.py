"""The rooms' models, gathered for Django: one app, one migration history."""

from sessions_app.attachments.models import Attachment
from sessions_app.attendance.models import AttendanceMark, LeaveRequest, MakeUpStudy
from sessions_app.corrections.models import Correction
from sessions_app.jobs.models import Job, JobStep
from sessions_app.minutes.models import ActionItem, Minutes, MinutesSection
from sessions_app.outcomes.models import Outcome
from sessions_app.papers.models import Erratum, IssuedPaper, PaperSection
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.policies.models import Period, PolicyParameter, WorkingDay
from sessions_app.sessions.models import (
    AgendaItem,
    ExtraParticipant,
    Participation,
    SessionPart,
    SpeakerFiling,
    Speech,
    StudyMaterial,
    StudySession,
)
from sessions_app.workbooks.models import ImportRun

__all__ = [
    "ActionItem", "AgendaItem", "Attachment", "AttendanceMark", "Correction", "Erratum", "ExtraParticipant", "ImportRun",
    "IssuedPaper", "Job", "JobStep", "LeaveRequest", "MakeUpStudy", "Minutes", "MinutesSection", "Outcome", "PaperSection",
    "Participation", "Period", "PlanItem", "PolicyParameter", "SessionPart", "SpeakerFiling", "Speech", "StudyMaterial",
    "StudyPlan", "StudySession", "WorkingDay",
]  # fmt: skip
