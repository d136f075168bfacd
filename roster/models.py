"""The rooms' models, gathered for Django: one app, one migration history."""

from roster.accounts.models import Draft, Grant, PasswordReset, User
from roster.audit.models import AuditEvent
from roster.committees.models import Committee, CommitteeName
from roster.corps.models import (
    Expert,
    ExpertAway,
    HandOver,
    TeamArea,
    TeamMember,
    Trainee,
    TrainingAttendance,
    TrainingCourse,
    TrainingSession,
    VisitTeam,
)
from roster.people.models import ActingLeader, Membership, Person, StudySecretary

__all__ = [
    "ActingLeader", "AuditEvent", "Committee", "CommitteeName", "Draft", "Expert", "ExpertAway", "Grant", "HandOver", "Membership", "PasswordReset", "Person",
    "StudySecretary", "TeamArea", "TeamMember", "Trainee", "TrainingAttendance", "TrainingCourse", "TrainingSession", "User",
    "VisitTeam",
]  # fmt: skip
