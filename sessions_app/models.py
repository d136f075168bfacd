"""The rooms' models, gathered for Django: one app, one migration history."""

from sessions_app.assessment.models import (
    Assessment,
    AssessmentSheet,
    BonusRequest,
    Commitment,
    Indicator,
    LeaderInterview,
    Objection,
    OtherResult,
    Scheme,
    SchemeItem,
    SheetEdition,
    SheetLine,
)
from sessions_app.attachments.models import Attachment
from sessions_app.attendance.models import AttendanceMark, LeaveRequest, MakeUpStudy
from sessions_app.bulletins.models import Bulletin, BulletinAnnex, BulletinReceipt, PracticeCard
from sessions_app.corrections.models import Correction
from sessions_app.findings.models import Evidence, Extension, Finding, Measure, Milestone, ProblemType, Progress
from sessions_app.guidance.models import PromptMapping, PromptReading, PromptReceipt, PromptTopic, StudyPrompt
from sessions_app.jobs.models import BeatSwitch, Job, JobStep
from sessions_app.letters.models import LetterLine, ReminderLetter
from sessions_app.minutes.models import ActionItem, Minutes, MinutesSection
from sessions_app.notices.models import ChatTarget, Delivery, Notice, Preference
from sessions_app.outcomes.models import Outcome
from sessions_app.papers.models import Erratum, IssuedPaper, PaperFile, PaperSection, WordTemplate
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.policies.models import Period, PolicyParameter, WorkingDay
from sessions_app.reminders.models import DueItem, FeedKey, Reminder, Round
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
from sessions_app.visits.models import (
    Feedback,
    Interview,
    ObservationVisit,
    Opening,
    ScoreBand,
    ScoreItem,
    ScoreSheet,
    VisitCheck,
    VisitObserver,
    VisitRound,
    VisitScore,
    VisitScoreLine,
)
from sessions_app.workbooks.models import ImportRun

__all__ = [
    "Assessment", "AssessmentSheet", "BonusRequest", "Bulletin", "BulletinAnnex", "BulletinReceipt", "Commitment", "Indicator",
    "LeaderInterview", "Objection", "OtherResult", "PaperFile", "PracticeCard", "Scheme", "SchemeItem", "SheetEdition",
    "SheetLine", "WordTemplate",
    "ActionItem", "AgendaItem", "Attachment", "AttendanceMark", "BeatSwitch", "ChatTarget", "Correction", "Delivery",
    "DueItem", "Erratum", "Evidence", "Extension", "ExtraParticipant", "FeedKey", "Feedback", "Finding", "ImportRun",
    "Interview", "IssuedPaper", "Job", "JobStep", "LeaveRequest", "LetterLine", "MakeUpStudy", "Measure", "Milestone",
    "Minutes", "MinutesSection", "Notice", "ObservationVisit", "Opening", "Outcome", "PaperSection", "Participation",
    "Period", "PlanItem", "PolicyParameter", "Preference", "ProblemType", "Progress", "PromptMapping",
    "PromptReading", "PromptReceipt", "PromptTopic", "Reminder", "ReminderLetter", "Round", "ScoreBand", "ScoreItem",
    "ScoreSheet", "SessionPart", "SpeakerFiling", "Speech", "StudyMaterial", "StudyPlan", "StudyPrompt",
    "StudySession", "VisitCheck", "VisitObserver", "VisitRound", "VisitScore", "VisitScoreLine", "WorkingDay",
]  # fmt: skip
