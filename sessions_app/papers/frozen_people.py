"""The small papers about one person or one roster, read once and frozen as plain JSON: 发言提纲审核表, 请假条, 补学登记表,
成员名单备案表, 外请报告备案表."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from roster.audit.actions import SHANGHAI
from roster.committees.models import Committee
from roster.people.models import GroupRole, Membership, StudySecretary
from roster.people.signing import LEADER_OR_DEPUTY, signed
from sessions_app.attendance.models import LeaveRequest, LeaveStage, MakeUpStage, MakeUpStudy
from sessions_app.facts import tables
from sessions_app.facts.periods import span
from sessions_app.papers import rules
from sessions_app.papers.models import PaperKind
from sessions_app.sessions.models import FilingStage, Participation, SpeakerFiling, Speech, SpeechStage

Facts = dict[str, Any]
PERSONAL = (PaperKind.SPEECH, PaperKind.LEAVE, PaperKind.MAKE_UP, PaperKind.FILING)


def _on(moment: datetime | None) -> str:
    return moment.astimezone(SHANGHAI).date().isoformat() if moment else ""


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def _member(committee_id: int, person_id: int, day: date) -> Membership | None:
    row: Membership | None = Membership.objects.filter(committee_id=committee_id, person_id=person_id).on(day).first()
    return row


def _sitting(part: Participation) -> Facts:
    """The head shared by all that hangs on one committee's part in a session."""
    session, name = part.study_session, part.committee.name_on(part.day)
    return {
        "committee": {"code": part.committee.code, "name": name}, "year": part.year, "number": part.number,
        "session": rules.session_title(name, part.year, part.number), "topic": session.topic,
        "day": part.day.isoformat(), "place": session.place,
    }  # fmt: skip


def _who(part: Participation, person_id: int, name: str) -> Facts:
    row = _member(part.committee_id, person_id, part.day)
    return {
        "person": name, "post": row.post if row else "", "role": row.get_group_role_display() if row else "",
    }  # fmt: skip


def speech(row: Speech) -> Facts:
    """发言提纲审核表 (domain 3.6): the edition that was handed in last, and what the reviewer said of it."""
    results = {SpeechStage.APPROVED: "通过", SpeechStage.RETURNED: "修改"}
    return {
        **_sitting(row.participation), **_who(row.participation, row.speaker_id, row.speaker.name),
        "title": "发言提纲审核表", "heading": row.title, "kind": row.get_kind_display(), "text": row.text,
        "words": len("".join(row.text.split())), "link_to_work": row.link_to_work, "proposal": row.proposal,
        "submitted_on": _on(row.submitted_at), "edition": row.edition, "stage": row.stage,
        "result": results.get(SpeechStage(row.stage), ""), "note": row.review_note,
        "reviewer": signed(row.reviewed_by, row.committee_id, row.reviewed_at, by_right=LEADER_OR_DEPUTY),
        "reviewed_on": _on(row.reviewed_at),
    }  # fmt: skip


def leave(row: LeaveRequest) -> Facts:
    """请假条: who asks leave from what and why, and the leader's word; the leader's own is only recorded."""
    leader = Membership.objects.filter(committee_id=row.committee_id, group_role=GroupRole.LEADER)
    leader = leader.on(row.participation.day).select_related("person").order_by("rank", "id").first()
    return {
        **_sitting(row.participation), **_who(row.participation, row.person_id, row.person.name), "title": "请假条",
        "part": _day(row.part.day) if row.part else "", "kind": row.get_kind_display(), "reason": row.reason,
        "asked_on": _on(row.asked_at),
        "asked_by": row.asked_by.name if row.asked_by and row.asked_by_id != row.person_id else "",
        "leader": leader.person.name if leader else "", "stage": row.stage,
        "result": row.get_stage_display(), "recorded_only": row.is_recorded_only, "note": row.note,
        "decided_by": signed(row.decided_by, row.committee_id, row.decided_at), "decided_on": _on(row.decided_at),
    }  # fmt: skip


def make_up(row: MakeUpStudy) -> Facts:
    """补学登记表: what was missed, when and how it was made up, what was learned, who confirmed it."""
    return {
        **_sitting(row.participation), **_who(row.participation, row.person_id, row.person.name), "title": "补学登记表",
        "missed": row.missed_marks, "part_count": row.participation.part_count, "due_on": _day(row.due_on),
        "done_on": _day(row.done_on), "method": row.method, "content": row.content, "reflection": row.reflection,
        "stage": row.stage, "result": row.get_stage_display(),
        "confirmed_by": row.confirmed_by.name if row.confirmed_by else "", "confirmed_on": _day(row.confirmed_on),
    }  # fmt: skip


def filing(row: SpeakerFiling) -> Facts:
    """外请报告备案表 (domain 2.4). The host files it."""
    session = row.study_session
    host = session.participations.select_related("committee", "study_session").get(is_host=True)
    results = {FilingStage.APPROVED: "同意备案", FilingStage.REFUSED: "不同意"}
    return {
        **_sitting(host), "title": "外请报告备案表", "speaker": row.speaker, "unit": row.unit, "post": row.title,
        "heading": row.topic, "audience": row.audience, "summary": row.summary, "stage": row.stage,
        "chair": session.chair.name if session.chair else "", "contact": session.contact,
        "result": results.get(FilingStage(row.stage), ""), "note": row.note,
        "decided_by": row.decided_by.name if row.decided_by else "", "decided_on": _on(row.decided_at),
    }  # fmt: skip


def members(committee: Committee, year: int, *, today: date) -> Facts:
    """成员名单备案表: who belongs on the day, in the official order, and who came and went within the year, and why."""
    period = span(year)
    day = min(period.last, max(today, period.first))
    name = committee.name_on(day)
    rows = Membership.objects.filter(committee=committee).on(day).select_related("person").order_by("rank", "id")
    secretaries = StudySecretary.objects.filter(committee=committee).on(day).select_related("person")
    return {
        "title": f"{name}理论学习中心组成员名单备案表", "committee": {"code": committee.code, "name": name}, "year": year,
        "on": day.isoformat(),
        "members": [
            {
                "name": row.person.name, "post": row.post, "role": row.get_group_role_display(), "since": _day(row.since),
                "until": _day(row.until), "first": row.primary_responsible,
            }
            for row in rows
        ],
        "secretaries": [{"name": row.person.name, "since": _day(row.since)} for row in secretaries.order_by("since", "id")],
        "changes": [
            {
                "name": row.name, "post": row.post, "role": row.group_role, "joined": row.joined, "day": row.day.isoformat(),
                "reason": row.reason,
            }
            for row in tables.member_changes(committee.pk, period)
        ],
    }  # fmt: skip


ROWS: dict[PaperKind, Any] = {
    PaperKind.SPEECH: Speech.objects.select_related(
        "participation__study_session", "participation__committee", "speaker", "reviewed_by"
    ),
    PaperKind.LEAVE: LeaveRequest.objects.select_related(
        "participation__study_session", "participation__committee", "person", "part", "asked_by", "decided_by"
    ),
    PaperKind.MAKE_UP: MakeUpStudy.objects.select_related(
        "participation__study_session", "participation__committee", "person", "confirmed_by"
    ),
    PaperKind.FILING: SpeakerFiling.objects.select_related("study_session__committee", "study_session__chair", "decided_by"),
}  # fmt: skip
READERS: dict[PaperKind, Callable[[Any], Facts]] = {
    PaperKind.SPEECH: speech, PaperKind.LEAVE: leave, PaperKind.MAKE_UP: make_up, PaperKind.FILING: filing,
}  # fmt: skip


def not_yet(kind: str, facts: Mapping[str, Any]) -> str:
    """Why a paper cannot be issued now, while a working copy of it can be printed; empty when it can."""
    stage = facts.get("stage")
    if kind == PaperKind.SPEECH and stage != SpeechStage.APPROVED:
        return "发言提纲还没有审核通过，不能印发审核表；可以打印工作稿送审。"
    if kind == PaperKind.LEAVE and stage != LeaveStage.AGREED:
        return "请假还没有同意，不能印发请假条；可以打印工作稿送审。"
    if kind == PaperKind.MAKE_UP and stage != MakeUpStage.CONFIRMED:
        return "补学还没有确认，不能印发登记表；可以打印工作稿。"
    if kind == PaperKind.FILING and stage != FilingStage.APPROVED:
        return "外请报告还没有同意备案，不能印发备案表；可以打印工作稿送审。"
    if kind == PaperKind.MEMBERS and not facts["members"]:
        return "当日没有在任成员，不能印发成员名单。"
    return ""
