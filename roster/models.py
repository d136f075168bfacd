"""The rooms' models, gathered for Django: one app, one migration history."""

from roster.accounts.models import Grant, User
from roster.audit.models import AuditEvent
from roster.committees.models import Committee, CommitteeName
from roster.people.models import Membership, Person, StudySecretary

__all__ = ["AuditEvent", "Committee", "CommitteeName", "Grant", "Membership", "Person", "StudySecretary", "User"]
