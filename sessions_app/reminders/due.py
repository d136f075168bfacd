"""Due finders: pure readers, one function a kind, from the state of the data as of a day. A later room adds a function.

What "as of a day" can say and what it cannot: docs/decisions/0023-due-as-of-a-day.md.
"""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet

from roster.committees.models import Committee
from sessions_app.policies import calendar, parameters
from sessions_app.reminders.due_assessment import (
    interview_due,
    objection_waiting,
    self_score_due,
    sheet_published,
    verify_waiting,
)
from sessions_app.reminders.due_bulletins import bulletin_unreceipted, bulletin_waiting
from sessions_app.reminders.due_feedback import feedback_due, feedback_receipt, feedback_reply, feedback_waiting
from sessions_app.reminders.due_findings import plan_owed, rectification_due, review_waiting
from sessions_app.reminders.due_sessions import leave_waiting, make_up_due, minutes_due, session_plan_due
from sessions_app.reminders.due_visits import visit_notice, visit_score
from sessions_app.reminders.due_waiting import approval_waiting
from sessions_app.reminders.due_years import (
    month_empty,
    period_closing,
    plan_due,
    prompt_unreceipted,
    report_due,
    session_too_few,
)
from sessions_app.reminders.world import Due, Finder, World

__all__ = ["FINDERS", "RULES", "Due", "Finder", "World", "find", "load"]

RULES = (
    "sessions_per_quarter", "minutes_due_working_days", "plan_due_day", "year_close_day", "sessions_per_month",
    "month_check_day", "quarter_first_check_day", "quarter_second_check_day", "session_plan_notice_working_days",
    "approval_wait_working_days", "prompt_receipt_working_days", "report_due_day", "year_close_notice_working_days",
    "year_review_open_day", "near_working_days", "behind_working_days", "escalate_leader_working_days",
    "escalate_reviewer_working_days", "finding_plan_working_days", "visit_notice_working_days",
    "visit_feedback_working_days", "feedback_receipt_working_days", "feedback_reply_working_days",
    "bulletin_receipt_working_days",
)  # fmt: skip
FINDERS: tuple[Finder, ...] = (
    plan_due, month_empty, session_too_few, session_plan_due, minutes_due, make_up_due, leave_waiting, approval_waiting,
    prompt_unreceipted, report_due, period_closing, plan_owed, rectification_due, review_waiting, visit_notice,
    visit_score, feedback_due, feedback_waiting, feedback_receipt, feedback_reply, self_score_due,
    verify_waiting, sheet_published, objection_waiting, interview_due, bulletin_waiting, bulletin_unreceipted,
)  # fmt: skip


def load(day: date, committees: QuerySet | None = None) -> World:
    """The world as of the end of `day`: all committees active that day, or those of them in `committees`. Three queries."""
    rows = Committee.objects.all() if committees is None else committees
    active = {row.pk: row for row in rows.active_on(day).order_by()}
    # Back to what an old request waited from, and ahead by the longest term a local rule may set.
    days = calendar.load(date(day.year - 3, 1, 1), date(day.year + 2, 12, 31))
    return World(day, days, active, parameters.values(RULES, active.values(), day), committees is None)


def find(world: World) -> list[Due]:
    """Everything due, in a number of queries that does not grow with committees or rows."""
    return [due for finder in FINDERS for due in finder(world)]
