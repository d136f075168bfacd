"""Who may print and who may issue a paper: by the permission of what it shows, within its committee."""

from __future__ import annotations

from roster.accounts.models import User
from roster.accounts.roles import Permission as P
from roster.committees.models import Committee
from sessions_app.papers.models import PaperKind

# With what a working copy is read: the permission of the thing it shows.
READ: dict[str, P] = {
    "sign-in": P.ROLL_READ, "session-plan": P.SESSION_READ, "minutes": P.MINUTES_READ, "year-plan": P.PLAN_READ,
    "outcomes": P.OUTCOME_READ, "annual": P.FACTS_READ, "prompt": P.PROMPT_READ, "visit-record": P.VISIT_READ,
    "feedback": P.VISIT_READ, "learning": P.PLAN_READ,
    "findings": P.FINDING_READ, "rectification": P.FINDING_READ, "rect-notice": P.FINDING_CONFIRM,
    "summary": P.MINUTES_READ, "speech": P.ROLL_READ, "leave": P.ROLL_READ, "make-up": P.ROLL_READ,
    "members": P.COMMITTEE_READ, "speaker-filing": P.SESSION_READ, "scores": P.ASSESS_READ,
    "interview": P.INTERVIEW_READ, "briefing": P.DASHBOARD_READ,
}  # fmt: skip
# Issued by the department that makes them, not by every secretary whose committee they are about.
ISSUE: dict[str, P] = {
    PaperKind.PROMPT: P.PROMPT_EDIT, PaperKind.SCORES: P.ASSESS_EDIT, PaperKind.INTERVIEW: P.INTERVIEW_EDIT,
    PaperKind.BRIEFING: P.DASHBOARD_READ,
}  # fmt: skip


def issues_with(kind: str) -> P:
    return ISSUE.get(kind, P.PAPER_ISSUE)


def _covers(user: User, needed: P, committee: Committee) -> bool:
    reach = user.reach(needed)
    return committee.pk in reach.committee_ids or committee.path.startswith(tuple(reach.paths) or ("-",))


def may_print(user: User, kind: str) -> bool:
    """Of a thing whose page is open to him: printing needs the library besides (papers.views.paper_print)."""
    return user.may(P.PAPER_READ) and user.may(READ[kind])


def may_issue(user: User, kind: str, committee: Committee) -> bool:
    """`committee`: the one that runs the thing; for scores and interviews the department."""
    return user.may(P.PAPER_ISSUE) and _covers(user, issues_with(kind), committee)
