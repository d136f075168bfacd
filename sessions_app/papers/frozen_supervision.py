"""What the papers of supervision say, read once and frozen as plain JSON: 旁听记录表, 反馈意见 of one visit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from roster.audit.actions import SHANGHAI
from roster.committees.models import Committee
from sessions_app.papers import rules
from sessions_app.papers.frozen import letterhead
from sessions_app.papers.models import PaperKind
from sessions_app.sessions.models import Participation
from sessions_app.visits import feedback_page
from sessions_app.visits.models import (
    SAT_IN,
    Feedback,
    FeedbackStage,
    Interview,
    ObservationVisit,
    ScoreStage,
    VisitScore,
)

Facts = dict[str, Any]


def _unit(committee: Committee, day: date) -> Facts:
    """Name and kind as they were on `day`."""
    return {
        "code": committee.code, "name": committee.name_on(day), "kind": committee.get_kind_display(),
        "level": committee.get_level_display(),
    }  # fmt: skip


def _day_of(visit: ObservationVisit) -> date:
    """The day the visit is about: observed on, else its session's, else the first of its round."""
    if visit.observed_on:
        return visit.observed_on
    return visit.study_session.day if visit.study_session else visit.round.since


def _points(value: Decimal | None) -> str:
    return "" if value is None else rules.number(float(value))


def _head(visit: ObservationVisit) -> Facts:
    """What both papers of a visit share: the unit, who came, when, where, to what."""
    day, session = _day_of(visit), visit.study_session
    taking = Participation.objects.filter(study_session=session, committee=visit.committee).first() if session else None
    observers = visit.observers.select_related("person")
    return {
        "committee": _unit(visit.committee, day), "unit": visit.committee.name_on(day), "year": visit.round.year,
        "round": str(visit.round), "team": visit.team.name,
        "observers": [{"name": row.person.name, "lead": row.is_lead} for row in observers],
        "day": visit.observed_on.isoformat() if visit.observed_on else "",
        "place": session.place if session else "", "topic": session.topic if session else "",
        "number": taking.number if taking else 0,
        "visit_stage": visit.stage,
    }  # fmt: skip


def _heads(visit: ObservationVisit) -> Facts:
    """How many were expected and came, from the roll; unknown until it was saved."""
    taking = Participation.objects.filter(study_session=visit.study_session, committee=visit.committee).first()
    if taking is None or taking.roll_saved_at is None:
        return {"expected": None, "present": None}
    parts = max(taking.part_count, 1)
    return {"expected": round(taking.expected_marks / parts, 4), "present": round(taking.present_marks / parts, 4)}


def _letter(visit: ObservationVisit) -> Facts:
    row = Feedback.objects.filter(visit=visit).first()
    names = ("overall", "highlights", "problems", "advice")
    return {name: getattr(row, name) if row else "" for name in names}


def visit_record(visit: ObservationVisit) -> Facts:
    """旁听记录表: every sheet that was handed in, item by item with its reason; the interviews; room for signatures."""
    head = _head(visit)
    sheets = VisitScore.objects.filter(visit=visit, stage=ScoreStage.SUBMITTED).select_related("person", "sheet")
    scores = []
    for score in sheets.prefetch_related("lines__item", "sheet__bands"):
        lines = sorted(score.lines.all(), key=lambda line: (line.item.order, line.pk))
        bands = sorted(score.sheet.bands.all(), key=lambda band: -band.least)
        scores.append({
            "observer": score.person.name, "comment": score.comment, "total": _points(score.total),
            "most": _points(sum((line.max_points for line in lines), Decimal(0))),
            "band": next((band.word for band in bands if score.total is not None and score.total >= band.least), ""),
            "lines": [
                {
                    "part": line.item.get_part_display(), "text": line.item.text, "max": _points(line.max_points),
                    "points": _points(line.points), "reason": line.reason,
                }
                for line in lines
            ],
        })  # fmt: skip
    totals = [float(score["total"]) for score in scores if score["total"]]
    return {
        **head, **_heads(visit), "title": f"{head['unit']}列席旁听记录表", "scores": scores,
        "mean": rules.number(sum(totals) / len(totals)) if len(totals) > 1 else "",
        "checks": [
            {"text": row.text, "well": row.is_well, "note": row.note} for row in visit.checks.order_by("id")
        ],
        **_letter(visit),
        "interviews": [
            {"day": row.day.isoformat(), "who": row.who, "post": row.post, "text": row.text}
            for row in Interview.objects.filter(visit=visit).order_by("day", "id")
        ],
    }  # fmt: skip


def feedback(visit: ObservationVisit, *, today: date) -> Facts:
    """反馈意见, to the unit: the three parts, the advice, and by when the unit signs for it and replies."""
    head = _head(visit)
    row = Feedback.objects.filter(visit=visit).first()
    issued_on = row.issued_at.astimezone(SHANGHAI).date() if row and row.issued_at else None
    days = feedback_page.last_days(visit, row, issued_on or today)
    department = visit.round.committee
    return {
        **head, "title": f"关于{head['unit']}理论学习中心组集体学习列席旁听情况的反馈意见",
        "to": head["unit"], "sender": rules.department(department.name_on(issued_on or today), department.kind),
        "stage": row.stage if row else "", **_letter(visit), "on": issued_on.isoformat() if issued_on else "",
        "receipt_by": days[0].receipt.isoformat() if days and issued_on else "",
        "reply_by": days[0].reply.isoformat() if days and issued_on else "",
        **letterhead(department, issued_on or today, on=issued_on),
    }  # fmt: skip


VISIT_PAPERS = (PaperKind.VISIT_RECORD, PaperKind.FEEDBACK)


def not_yet(kind: str, facts: Mapping[str, Any]) -> str:
    """Why a paper of a visit cannot be issued now, a working copy of it can be printed; empty when it can."""
    if kind == PaperKind.FEEDBACK and facts["stage"] not in (FeedbackStage.ISSUED, FeedbackStage.ACKNOWLEDGED):
        return "反馈意见还没有审核发出，不能印发；请先发出，或打印工作稿。"
    if kind == PaperKind.VISIT_RECORD and facts["visit_stage"] not in SAT_IN:
        return "还没有旁听，不能印发旁听记录表。"
    return ""
