"""The ten days of a visit, counted in working days from its session and from what was really done. Pure, over plain values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sessions_app.policies.rules import WorkingDays

RULES = (
    "visit_notice_working_days", "visit_pack_working_days", "visit_window_before_days", "visit_window_after_days",
    "visit_feedback_working_days", "approval_wait_working_days", "feedback_receipt_working_days",
    "feedback_reply_working_days", "finding_plan_working_days",
)  # fmt: skip
LABELS: Mapping[str, str] = {
    "window_opens": "旁听人员可看材料（起）", "pack": "单位报送材料", "notice": "通知单位", "pack_review": "会前审核",
    "window_closes": "旁听人员可看材料（止）", "feedback": "提交反馈意见", "feedback_review": "审核反馈意见",
    "receipt": "单位签收", "reply": "单位回复", "measures": "报送整改措施",
}  # fmt: skip


@dataclass(frozen=True)
class Done:
    """The days on which things really happened. What has not happened yet is reckoned as done on its own last day."""

    session: date
    observed: date | None = None
    submitted: date | None = None
    issued: date | None = None
    confirmed: date | None = None


@dataclass(frozen=True)
class Deadlines:
    """Last days, both ends of the window apart: it opens and closes by the calendar, not by working days."""

    window_opens: date
    pack: date
    notice: date
    pack_review: date
    window_closes: date
    feedback: date
    feedback_review: date
    receipt: date
    reply: date
    measures: date


def working_day_before(day: date, count: int, calendar: WorkingDays) -> date:
    """The last working day with `count` working days after it up to `day`; `count` 0: `day`, or the working day before it.

    2 个工作日 before a Thursday is Tuesday. Before a session on a day off the day off itself does not count.
    """
    left = count
    while left > 0 or day not in calendar:
        left -= day in calendar
        day -= timedelta(days=1)
    return day


def of_visit(done: Done, rules: Mapping[str, Any], calendar: WorkingDays) -> Deadlines:
    """All ten. `rules`: the local rules of `RULES` of the visited committee; `calendar` must know the days around."""
    feedback = calendar.add(done.observed or done.session, rules["visit_feedback_working_days"])
    review = calendar.add(done.submitted or feedback, rules["approval_wait_working_days"])
    issued = done.issued or review
    return Deadlines(
        window_opens=done.session - timedelta(days=rules["visit_window_before_days"]),
        pack=working_day_before(done.session, rules["visit_pack_working_days"], calendar),
        notice=working_day_before(done.session, rules["visit_notice_working_days"], calendar),
        pack_review=working_day_before(done.session, 1, calendar),
        window_closes=done.session + timedelta(days=rules["visit_window_after_days"]),
        feedback=feedback,
        feedback_review=review,
        receipt=calendar.add(issued, rules["feedback_receipt_working_days"]),
        reply=calendar.add(issued, rules["feedback_reply_working_days"]),
        measures=calendar.add(done.confirmed or issued, rules["finding_plan_working_days"]),
    )


def late_by(due_on: date, day: date, calendar: WorkingDays) -> int:
    """Working days past the deadline; 0 on the day itself, before it, and when only days off have passed."""
    return calendar.between(due_on, day) if day > due_on else 0
