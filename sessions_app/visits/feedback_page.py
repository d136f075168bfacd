"""What is read of a visit's feedback: the letter as its reader may see it, its days, the remarks that may become findings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import F
from django.urls import reverse

from roster.accounts.roles import Permission
from roster.audit.actions import SHANGHAI
from sessions_app.policies import calendar, parameters
from sessions_app.policies.rules import DEADLINE_RULES, deadline
from sessions_app.visits import consequences, deadlines, feedback_rules
from sessions_app.visits.consequences import Raised
from sessions_app.visits.deadlines import Deadlines, Done
from sessions_app.visits.feedback_rules import ADVICE, PART_WORDS, PARTS
from sessions_app.visits.models import SAT_IN, Feedback, FeedbackStage, ObservationVisit, ScoreStage, VisitScoreLine
from sessions_app.visits.models import VisitStage as Stage
from sessions_app.visits.rules import FEEDBACK_MOST, feedback_length
from sessions_app.visits.seen import Seen

P = Permission
FIXED = (FeedbackStage.ISSUED, FeedbackStage.ACKNOWLEDGED)
TONES: Mapping[str, str] = {
    FeedbackStage.DRAFT: "muted", FeedbackStage.SUBMITTED: "near", FeedbackStage.RETURNED: "behind",
    FeedbackStage.ISSUED: "near", FeedbackStage.ACKNOWLEDGED: "ok",
}  # fmt: skip


@dataclass(frozen=True)
class Term:
    """One last day: done on a day, or still open with words and a tone."""

    label: str
    due_on: date
    done_on: date | None
    words: str
    tone: str


@dataclass(frozen=True)
class Remark:
    """Something to be turned into a finding; `raised`: the one it already became."""

    text: str
    about: str
    url: str
    raised: Raised | None


def feedback_of(visit: ObservationVisit) -> Feedback | None:
    row: Feedback | None = (
        Feedback.objects.filter(visit=visit).select_related("submitted_by", "issued_by", "acknowledged_by").first()
    )
    return row


def may_read(seen: Seen, feedback: Feedback | None) -> bool:
    """The unit reads the letter once it is issued; the department and the observers while it is written."""
    inside = seen.runs or seen.observer is not None or not seen.is_unit
    return inside or (feedback is not None and feedback.stage in FIXED)


def _day(at: datetime | None) -> date | None:
    return at.astimezone(SHANGHAI).date() if at else None


def last_days(
    visit: ObservationVisit, feedback: Feedback | None, today: date
) -> tuple[Deadlines, calendar.WorkingDays, dict[str, Any]] | None:
    """The ten days of a visit, with the calendar and the local rules they came from; None without a session."""
    session = visit.observed_on or (visit.study_session.day if visit.study_session else None)
    if session is None:
        return None
    rules = parameters.values([*deadlines.RULES, *DEADLINE_RULES], [visit.committee], today)[visit.committee_id]
    days = calendar.load(session - timedelta(days=400), max(today, session) + timedelta(days=400))
    done = Done(
        session, visit.observed_on, _day(feedback.submitted_at) if feedback else None,
        _day(feedback.issued_at) if feedback else None,
    )  # fmt: skip
    return deadlines.of_visit(done, rules, days), days, rules


def terms(visit: ObservationVisit, feedback: Feedback | None, today: date) -> list[Term]:
    """The last days that matter now: of the letter, its review, the receipt, the reply."""
    found = last_days(visit, feedback, today)
    if found is None or visit.stage not in SAT_IN:
        return []
    ends, days, rules = found
    stage = feedback.stage if feedback else ""
    replied = feedback is not None and feedback.reply != ""
    rows: list[tuple[str, date, date | None, bool]] = [
        ("提交反馈意见", ends.feedback, _day(feedback.submitted_at) if feedback else None, True),
        ("审核发出", ends.feedback_review, _day(feedback.issued_at) if feedback else None, stage == "SUBMITTED"),
        ("单位签收", ends.receipt, _day(feedback.acknowledged_at) if feedback else None, stage == "ISSUED"),
        ("单位回复", ends.reply, None, stage in FIXED),
    ]
    told = []
    for label, due_on, done_on, begun in rows:
        if stage == FeedbackStage.RETURNED and label == "提交反馈意见":
            done_on = None
        if done_on or (label == "单位回复" and replied):
            told.append(Term(label, due_on, done_on, "已办", "ok"))
        elif begun:
            told.append(Term(label, due_on, None, *deadline(due_on, today, days, rules)))
    return told


def remarks(
    visit: ObservationVisit, feedback: Feedback | None, lines: Iterable[VisitScoreLine], raised: Sequence[Raised]
) -> list[Remark]:
    """Each paragraph of 存在问题, then each line scored below its full marks."""
    by_text = {row.text.strip(): row for row in raised}
    found = []
    for text in feedback_rules.remarks(feedback.problems) if feedback else []:
        found.append(Remark(text, "存在问题", _raise_url(visit.pk, text=text), by_text.get(text)))
    for line in lines:
        text = f"{line.item.text}：{line.reason}" if line.reason else line.item.text
        same = next((row for row in raised if row.item_id == line.item_id), None)
        about = f"{line.score.person} 扣 {(line.max_points - (line.points or 0)).normalize():f} 分"
        found.append(Remark(text, about, _raise_url(visit.pk, text=text, item=line.item_id), same))
    return found


def _raise_url(visit_id: int, **more: Any) -> str:
    return f"{reverse('finding_new')}?{urlencode({'visit': visit_id, **more})}"


def low_lines(visit: ObservationVisit) -> list[VisitScoreLine]:
    """Lines below full marks of the sheets that were handed in."""
    rows = VisitScoreLine.objects.filter(
        score__visit=visit, score__stage=ScoreStage.SUBMITTED, points__lt=F("max_points")
    )
    return list(rows.select_related("item", "score__person").order_by("item__order", "score_id"))


def parts_of(feedback: Feedback) -> list[dict[str, str]]:
    """The parts that have words, in the order of the letter."""
    texts = [(PART_WORDS[name], getattr(feedback, name)) for name in (*PARTS, ADVICE)]
    return [{"label": label, "text": text} for label, text in texts if text]


def part(seen: Seen) -> dict[str, Any]:
    """The fourth section of a visit's page."""
    visit = seen.visit
    feedback = feedback_of(visit) if visit.stage in SAT_IN else None
    readable = visit.stage in SAT_IN and may_read(seen, feedback)
    if not readable:
        return {"feedback": None, "feedback_terms": [], "feedback_parts": [], "feedback_open": False, "raised": []}
    return {
        "feedback": feedback, "feedback_tone": TONES[feedback.stage] if feedback else "muted",
        "feedback_terms": terms(visit, feedback, seen.today), "feedback_open": True,
        "feedback_parts": parts_of(feedback) if feedback else [], "feedback_go": _go(seen, feedback),
        "raised": consequences.findings_of(visit.pk, seen.user),
    }  # fmt: skip


def _go(seen: Seen, feedback: Feedback | None) -> str:
    """What the reader does on the letter's own page."""
    stage = feedback.stage if feedback else ""
    if seen.observer and seen.visit.stage == Stage.OBSERVED:
        return "写反馈意见"
    if seen.runs and stage == FeedbackStage.SUBMITTED:
        return "审核反馈意见"
    if seen.is_unit and stage == FeedbackStage.ISSUED:
        return "签收"
    if seen.is_unit and stage == FeedbackStage.ACKNOWLEDGED and feedback and not feedback.reply:
        return "回复"
    return "打开反馈意见"


def papers_of(seen: Seen, feedback: Feedback | None) -> list[dict[str, Any]]:
    """Which papers the reader may print, and which his department may issue now."""
    inside = seen.runs or seen.observer is not None
    issues = seen.runs and seen.user.may(P.FEEDBACK_APPROVE) and seen.user.may(P.PAPER_ISSUE)
    fixed = feedback is not None and feedback.stage in FIXED
    found = []
    if fixed or inside and feedback is not None:
        found.append({"kind": "feedback", "label": "反馈意见", "issues": issues and fixed})
    if inside and seen.visit.stage in SAT_IN:
        found.append({"kind": "visit-record", "label": "旁听记录表", "issues": issues})
    return found


def page(seen: Seen, feedback: Feedback | None) -> dict[str, Any]:
    """Everything the letter's own page shows."""
    visit, user = seen.visit, seen.user
    inside = seen.runs or seen.observer is not None
    raised = consequences.findings_of(visit.pk, user)
    raises = inside and user.may(P.FINDING_RAISE) and visit.stage in SAT_IN
    lines = low_lines(visit) if inside else []
    decides = seen.runs and user.may(P.FEEDBACK_APPROVE)
    answers = seen.is_unit and visit.committee_id in user.reach(P.FEEDBACK_ANSWER).committee_ids
    stage = feedback.stage if feedback else ""
    against = consequences.against_closing(visit.pk) if decides and visit.stage == Stage.ACKNOWLEDGED else []
    if decides and visit.stage == Stage.ACKNOWLEDGED and feedback and not feedback.reply:
        against = ["单位还没有回复。", *against]
    return {
        "visit": visit, "feedback": feedback, "observers": seen.observers, "inside": inside,
        "tone": TONES[feedback.stage] if feedback else "muted", "terms": terms(visit, feedback, seen.today),
        "parts": parts_of(feedback) if feedback else [], "most": FEEDBACK_MOST,
        "length": feedback_length(*(getattr(feedback, name) for name in PARTS)) if feedback else 0,
        "writable": seen.observer is not None and visit.stage == Stage.OBSERVED,
        "decides": decides and stage == FeedbackStage.SUBMITTED,
        "acknowledges": answers and stage == FeedbackStage.ISSUED,
        "replies": answers and visit.stage == Stage.ACKNOWLEDGED,
        "closes": decides and visit.stage == Stage.ACKNOWLEDGED, "against_closing": against,
        "raises": raises, "remarks": remarks(visit, feedback, lines, raised) if raises else [], "raised": raised,
        "papers": papers_of(seen, feedback),
    }  # fmt: skip
