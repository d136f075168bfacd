"""What a paper says, read once and frozen as plain JSON: setting and verifying it read nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from django.db.models import Prefetch

from roster.audit.actions import SHANGHAI
from roster.committees.models import Committee, CommitteeLevel
from roster.people.models import GroupRole, Membership, StudySecretary
from roster.people.signing import LEADER_OR_DEPUTY, signed
from sessions_app.attendance.models import Attendance, AttendanceMark
from sessions_app.attendance.roll import members_on
from sessions_app.facts import figures, supervision, tables
from sessions_app.facts.periods import Span, span
from sessions_app.facts.scope import only, subtree
from sessions_app.guidance.models import Department, StudyPrompt
from sessions_app.minutes.models import Minutes, MinutesSection
from sessions_app.papers import frozen_weighed, rules
from sessions_app.plans.models import StudyMode, StudyPlan
from sessions_app.policies import parameters
from sessions_app.sessions.ground import away_from
from sessions_app.sessions.models import (
    AgendaKind,
    Participation,
    ParticipationState,
    ReleaseType,
    Speech,
    StudySession,
)

QUARTER_WORDS = "一二三四"
# Agenda items whose text stands in a chapter of its own: speeches, discussion, summary.
TOLD_BELOW = {AgendaKind.KEYNOTE, AgendaKind.DISCUSSION, AgendaKind.SUMMARY}
Facts = dict[str, Any]


def _bare(rows: Any) -> Any:
    """Plain values without row ids, which say nothing on paper and would age the fingerprint."""
    rows = tables.as_plain(rows)
    if isinstance(rows, list):
        return [_bare(row) for row in rows]
    if isinstance(rows, dict):
        return {key: _bare(value) for key, value in rows.items() if not key.endswith("_id")}
    return rows


def _committee(committee: Committee, day: date) -> Facts:
    """Name and kind as they were on `day`."""
    return {
        "code": committee.code, "name": committee.name_on(day), "kind": committee.get_kind_display(),
        "level": committee.get_level_display(),
    }  # fmt: skip


def _quarters(rows: Sequence[tables.QuarterRow]) -> list[Facts]:
    return [{**_bare(row), "word": QUARTER_WORDS[row.quarter - 1]} for row in rows]


def _kinds(counts: Mapping[str, int]) -> list[Facts]:
    return [{"label": label, "number": number} for label, number in counts.items() if number]


def _names(rows: Iterable[Any]) -> str:
    return "、".join(dict.fromkeys(row.person.name for row in rows))


def _last_day(period: Span, today: date) -> date:
    return min(period.last, max(today, period.first))


def letterhead(
    sender: Committee, day: date, *, mark: str = "", number: str = "", copies: str = "", on: date | None = None,
    imprint: bool = True, name: str = "",
) -> Facts:  # fmt: skip
    """What a paper on the page of GB/T 9704 carries beside its text (official.html). One query.

    The red head only where the local rule `red_head` asks for it on that day: it is frozen with the rest.
    `mark` and `name` stand for the sender's own name; `on` is the day the 版记 prints, None while there is none.
    """
    name = name or rules.department(sender.name_on(day), sender.kind)
    return {
        "red_head": bool(parameters.value("red_head", sender, day)), "head_mark": mark or name, "document_number": number,
        "imprint": {"copies": copies, "by": name, "on": tables.as_plain(on) or ""} if imprint else None,
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------- annual report


def annual_section(committee: Committee, year: int, *, today: date, prose: Mapping[str, Any] | None = None) -> Facts:
    """One committee's year: chapters and tables of the annual report. About thirty queries, however long the year."""
    period = span(year)
    day = _last_day(period, today)
    found = figures.for_committee(committee.pk, period, today=today)
    leaders = Membership.objects.filter(committee=committee).on(day).exclude(group_role=GroupRole.MEMBER)
    leading = [
        f"{label}{names}"
        for role, label in ((GroupRole.LEADER, "组长"), (GroupRole.DEPUTY, "副组长"))
        if (names := _names(leaders.filter(group_role=role).select_related("person").order_by("rank", "id")))
    ]
    secretaries = StudySecretary.objects.filter(committee=committee).on(day).select_related("person")
    secretaries = secretaries.order_by("since", "id")
    name = committee.name_on(day)
    return {
        "part": "own",
        "title": rules.annual_title(name, year, whole=False),
        "year": year,
        "committee": _committee(committee, day),
        "figures": found.as_json(),
        "leaders": "，".join(leading),
        "secretaries": _names(secretaries),
        "changes": _bare(tables.member_changes(committee.pk, period)),
        "plan": _plan(committee, year),
        "sessions": _bare(tables.sessions(committee.pk, period)),
        "cancelled": _bare(tables.cancelled(committee.pk, period)),
        "months": _months(tables.months(only(committee.pk), period)),
        "quarters": _quarters(tables.quarters(only(committee.pk), period)),
        "categories": _bare(tables.categories(only(committee.pk), period)),
        "members": _bare(tables.members(committee.pk, period)),
        "kinds": _kinds(found.outcomes_by_kind),
        "outcomes": _bare(tables.outcomes(only(committee.pk), period)),
        "visits": _bare(supervision.visits(only(committee.pk), period)),
        "findings": _bare(supervision.findings(only(committee.pk), period, today)),
        "closing": tables.as_plain(found.closing_rate),
        "weighed": frozen_weighed.own(committee, year),
        "prose": rules.clean_prose(prose),
    }


def _months(rows: Sequence[tables.MonthRow]) -> list[Facts]:
    return [
        {"month": row.month, "sessions": row.sessions, "committee_sessions": row.committee_sessions} for row in rows
    ]


def _plan(committee: Committee, year: int) -> Facts | None:
    plan = StudyPlan.objects.in_force().filter(committee=committee, year=year).first()
    if plan is None:
        return None
    return {
        "edition": plan.edition, "amendments": plan.edition - 1, "meeting": plan.approving_meeting,
        "approved_on": tables.as_plain(plan.approved_on), "filed_on": tables.as_plain(plan.filed_on),
    }  # fmt: skip


def annual_whole(committee: Committee, year: int, *, today: date, prose: Mapping[str, Any] | None = None) -> Facts:
    """A committee and all below it: the head of a county's or the city's report."""
    period = span(year)
    day = _last_day(period, today)
    scope = subtree(committee.path)
    below = below_in(committee, year)
    found = figures.for_scope(committee.path, period, today=today)
    ranked = tables.ranking(below, period, today=today)
    names = {row.pk: row.name_on(day) for row in below.prefetch_related("names")}
    idle = tables.idle_quarters(below, year)
    passed = {quarter for quarter in range(1, 5) if date(year, quarter * 3 - 2, 1) <= day}
    return {
        "part": "whole",
        "title": rules.annual_title(committee.name_on(day), year, whole=True),
        "year": year,
        "committee": _committee(committee, day),
        "figures": found.as_json(),
        "completion": tables.as_plain(found.completion_rate),
        "levels": _levels(ranked),
        "months": _months(tables.months(scope, period)),
        "quarters": _quarters(tables.quarters(scope, period)),
        "categories": _bare(tables.categories(scope, period)),
        "modes": [{"label": label, "number": number} for label, number in found.sessions_by_mode.items()],
        "on_site": found.sessions_by_mode[StudyMode.ON_SITE.label],
        "idle": [
            {"name": names[pk], "words": "、".join(f"第{QUARTER_WORDS[each - 1]}季度" for each in sorted(missing))}
            for pk in names
            if (missing := idle.get(pk, frozenset()) & passed)
        ],
        "ranking": [
            {
                "place": row.place, "name": names[row.committee_id],
                "level": str(CommitteeLevel(row.level).label),
                "committee_sessions": row.figures.committee_sessions,
                **{key: tables.as_plain(getattr(row.figures, key)) for key in RANKED},
            }
            for row in ranked
        ],
        "ranked_by": tables.RANKED_BY,
        "kinds": _kinds(found.outcomes_by_kind),
        "outcome_count": found.outcomes,
        "conversions": _bare(tables.conversions(scope, period)),
        "visits": _bare(supervision.visits_by_department(scope, period)),
        "findings": [
            {**_bare(row), "share": tables.as_plain(row.share)}
            for row in supervision.findings_by_department(scope, period, today)
        ],
        "closing": tables.as_plain(found.closing_rate),
        "weighed": frozen_weighed.whole(committee, year),
        "prose": rules.clean_prose(prose),
    }  # fmt: skip


RANKED = ("days", "expected", "presence_rate", "participation_rate", "planned_items", "completed_items")
SUMMED = ("committee_sessions", "planned_items", "completed_items", "expected", "present")


def _levels(rows: Sequence[tables.CommitteeRow]) -> list[Facts]:
    found = []
    for level in CommitteeLevel:
        mine = [row.figures for row in rows if row.level == level]
        if mine:
            sums = {key: tables.as_plain(sum(getattr(each, key) for each in mine)) for key in SUMMED}
            found.append({"label": str(level.label), "committees": len(mine), **sums})
    return found


def below_in(committee: Committee, year: int) -> Any:
    """The committee and those below it that were active in the year, in their official order."""
    period = span(year)
    return Committee.objects.under(committee).active_in(period.first, period.last).in_order()


# ---------------------------------------------------------------------------------------- papers of one session


def _sitting(session: StudySession) -> tuple[list[Participation], Facts]:
    """The committees that take part, the host first, and the head that every paper of a session shares."""
    parts = list(
        session.participations.filter(state=ParticipationState.ACCEPTED)
        .select_related("committee").prefetch_related("committee__names").order_by("-is_host", "number", "id")
    )  # fmt: skip
    host = next(part for part in parts if part.is_host)
    name = host.committee.name_on(session.day)
    times = [
        {
            "day": part.day.isoformat(),
            "from": f"{part.starts_at:%H:%M}" if part.starts_at else "",
            "to": f"{part.ends_at:%H:%M}" if part.ends_at else "",
        }
        for part in session.parts.all()
    ]
    return parts, {
        "title": rules.session_title(name, host.year, host.number),
        "committee": _committee(host.committee, session.day),
        "year": host.year, "number": host.number, "day": session.day.isoformat(), "times": times,
        "place": session.place, "topic": session.topic, "form": session.get_form_display(),
        "mode": session.get_mode_display(), "chair": session.chair.name if session.chair else "",
        "recorder": session.recorder.name if session.recorder else "",
        "is_joint": session.is_joint, "is_expanded": session.is_expanded,
        "late_days": session.late_days, "late_reason": session.late_reason,
        "extras": [
            {"name": row.name, "post": row.post, "outside": row.is_outside_speaker} for row in session.extras.all()
        ],
    }  # fmt: skip


def _members(parts: Sequence[Participation], day: date) -> list[Facts]:
    found = []
    for part in parts:
        rows = members_on(part.committee_id, [day]).get(day, [])
        found.append({
            "committee": part.committee.name_on(day),
            "members": [
                {"name": row.person.name, "post": row.post, "role": row.get_group_role_display()} for row in rows
            ],
        })  # fmt: skip
    return found


def sign_in(session: StudySession) -> Facts:
    """A blank sheet: the members of the session's day in official order, then who attends besides."""
    parts, head = _sitting(session)
    groups = _members(parts, session.day)
    return {
        **head,
        "title": head["title"] + "签到表",
        "groups": groups,
        "expected": sum(len(group["members"]) for group in groups),
    }


def session_plan(session: StudySession) -> Facts:
    """学习方案: topic, time and place, who takes part, materials, agenda, filings, rules."""
    parts, head = _sitting(session)
    agenda = session.agenda.select_related("lead_reader").order_by("order")
    return {
        **head,
        "title": head["title"] + "学习方案",
        "groups": _members(parts, session.day),
        "materials": [
            {"title": row.title, "release": row.get_release_type_display()} for row in session.materials.all()
        ],
        "agenda": [
            {
                "kind": row.get_kind_display(), "content": row.content, "minutes": row.minutes,
                "who": row.lead_reader.name if row.lead_reader else "",
            }
            for row in agenda
        ],
        "speeches": _speeches(session),
        "filings": [
            {
                "speaker": row.speaker, "unit": row.unit, "title": row.title, "topic": row.topic,
                "stage": row.get_stage_display(),
            }
            for row in session.filings.order_by("id")
        ],
        "self_study": session.self_study, "leave_rule": session.leave_rule, "contact": session.contact,
        "approved_by": signed(session.approved_by, session.committee_id, session.approved_at),
        "approved_on": tables.as_plain(session.approved_at.astimezone(SHANGHAI).date()) if session.approved_at else "",
    }  # fmt: skip


def _speeches(session: StudySession) -> list[Facts]:
    rows = Speech.objects.filter(participation__study_session=session, participation__state=ParticipationState.ACCEPTED)
    return [
        {"kind": row.get_kind_display(), "speaker": row.speaker.name, "title": row.title}
        for row in rows.select_related("speaker").order_by("-participation__is_host", "order", "id")
    ]


def _not_there(speech: Speech, away: Mapping[tuple[int, int], str]) -> str:
    """（请假，未到会）, so that no paper says of somebody that he was away and spoke."""
    word = away.get((speech.participation_id, speech.speaker_id), "")
    return f"（{word}，未到会）" if word else ""


def minutes(session: StudySession) -> Facts:
    """学习记录: attendance flows in from the roll, text from the minutes; nothing is made up where it is missing."""
    parts, head = _sitting(session)
    kept = Minutes.objects.filter(study_session=session).select_related("author", "approver").first()
    sections: list[MinutesSection] = []
    if kept is not None:
        sections = list(kept.sections.select_related("agenda_item__lead_reader", "speech__speaker"))
    by_agenda = {row.agenda_item_id: row.text for row in sections if row.agenda_item_id}
    gists = {row.speech_id: row.text for row in sections if row.speech_id}
    speeches = Speech.objects.filter(participation__in=parts).select_related("speaker")
    away = away_from(parts)
    return {
        **head,
        "title": head["title"] + "学习记录",
        "rolls": [_roll(part, session) for part in parts],
        "materials": [row.title for row in session.materials.all()],
        "agenda": [
            {
                "kind": row.get_kind_display(), "content": row.content, "text": by_agenda.get(row.pk, ""),
                "who": row.lead_reader.name if row.lead_reader else "",
            }
            for row in session.agenda.select_related("lead_reader").order_by("order")
            if row.kind not in TOLD_BELOW or by_agenda.get(row.pk)
        ],
        "speeches": [
            {
                "kind": row.get_kind_display(), "title": row.title,
                "speaker": row.speaker.name + _not_there(row, away),
                "text": gists.get(row.pk, ""),
            }
            for row in speeches.order_by("-participation__is_host", "order", "id")
        ],
        "discussion": kept.discussion if kept else "",
        "summary": kept.summary if kept else "",
        "actions": [
            {"text": row.text, "owner": row.owner, "due": tables.as_plain(row.due_on) or ""}
            for row in (kept.action_items.all() if kept else [])
        ],
        "author": kept.author.name if kept and kept.author else "",
        "approver": signed(
            kept.approver, session.committee_id, kept.approved_at, by_right=LEADER_OR_DEPUTY
        ) if kept else "",
        "approved_on": tables.as_plain(kept.approved_at.astimezone(SHANGHAI).date()) if kept and kept.approved_at else "",
        "approval_note": kept.approval_note if kept else "",
    }  # fmt: skip


def summary(session: StudySession) -> Facts:
    """纪要: the same record, told to whom it concerns; who was there stands after the text."""
    found = minutes(session)
    name = found["committee"]["name"]
    signed = date.fromisoformat(found["approved_on"]) if found["approved_on"] else None
    mark = f"{name}理论学习中心组学习纪要"
    number = f"{found['year']}年第{found['number']}次"
    return {
        **found, "title": f"{mark}（{number}）", "mark": mark, "summary_number": number,
        **letterhead(session.committee, session.day, mark=mark, number=f"（{number}）", on=signed, name=name),
    }  # fmt: skip


NOT_SIGNED = "学习记录还没有审签，不能印发纪要；可以打印工作稿。"


def _roll(part: Participation, session: StudySession) -> Facts:
    """Names by mark, in rank order; who is away in one part only is named with that part."""
    several = part.part_count > 1
    marks = AttendanceMark.objects.filter(participation=part).select_related("person", "part")
    by_person: dict[int, list[AttendanceMark]] = {}
    for mark in marks.order_by("part__order"):
        by_person.setdefault(mark.person_id, []).append(mark)
    groups: dict[str, list[Facts]] = {"present": [], "video": [], "leave": [], "absent": [], "unmarked": []}
    keys = {
        Attendance.PRESENT: "present", Attendance.VIDEO: "video", Attendance.ON_LEAVE: "leave",
        Attendance.ABSENT: "absent",
    }  # fmt: skip
    for member in members_on(part.committee_id, [session.day]).get(session.day, []):
        mine = by_person.get(member.person_id, [])
        if not mine:
            groups["unmarked"].append({"name": member.person.name, "note": ""})
        for status in dict.fromkeys(mark.status for mark in mine):
            same = [mark for mark in mine if mark.status == status]
            flags = ["迟到"] * any(mark.is_late for mark in same) + ["早退"] * any(mark.left_early for mark in same)
            reasons = list(dict.fromkeys(mark.reason for mark in same if mark.reason))
            days = [rules.short_day(mark.part.day) for mark in same] if several and len(same) < len(mine) else []
            groups[keys[Attendance(status)]].append(
                {"name": member.person.name, "note": "，".join([*dict.fromkeys(days), *flags, *reasons])}
            )
    counts = {
        "expected": part.expected_marks, "present": part.present_marks, "leave": part.leave_marks,
        "absent": part.absent_marks, "unmarked": part.unmarked_marks,
    }  # fmt: skip
    shares = {key: tables.as_plain(round(value / part.part_count, 4)) for key, value in counts.items()}
    return {
        "committee": part.committee.name_on(session.day),
        "saved": part.roll_saved_at is not None,
        **groups,
        "counts": shares,
    }


# ------------------------------------------------------------------------------------------- plan and outcomes


def year_plan(plan: StudyPlan) -> Facts:
    """年度学习计划表: the head, the items by quarter, the foot."""
    day = plan.approved_on or date(plan.year, 1, 1)
    people = Membership.objects.filter(committee=plan.committee).on(day).select_related("person").order_by("rank", "id")
    secretaries = StudySecretary.objects.filter(committee=plan.committee).on(day).select_related("person")
    name = plan.committee.name_on(day)
    return {
        "title": f"{name}理论学习中心组{plan.year}年度学习计划",
        "committee": _committee(plan.committee, day), "year": plan.year, "edition": plan.edition,
        "amend_reason": plan.amend_reason,
        "leader": _names(row for row in people if row.group_role == GroupRole.LEADER),
        "deputy": _names(row for row in people if row.group_role == GroupRole.DEPUTY),
        "secretary": _names(secretaries.order_by("since", "id")),
        "aim": plan.aim, "requirements": plan.requirements,
        "items": [
            {
                "serial": item.serial, "quarter": item.quarter, "month": item.month, "topic": item.topic,
                "category": item.get_category_display(), "mode": item.get_mode_display() if item.mode else "",
                "materials": item.materials, "speakers": item.speakers, "chair": item.chair,
                "department": item.department, "research": item.research_topic, "outcome": item.expected_outcome,
                "note": item.note,
            }
            for item in plan.items.order_by("quarter", "month", "serial")
        ],
        "stage": plan.get_stage_display(), "meeting": plan.approving_meeting,
        "approved_on": tables.as_plain(plan.approved_on) or "", "filed_on": tables.as_plain(plan.filed_on) or "",
    }  # fmt: skip


def outcomes(committee: Committee, year: int, *, today: date) -> Facts:
    """成果清单 of one committee's year."""
    period = span(year)
    day = _last_day(period, today)
    name = committee.name_on(day)
    found = figures.for_committee(committee.pk, period)
    return {
        "title": f"{name}{year}年度理论学习中心组成果清单",
        "committee": _committee(committee, day), "year": year,
        "kinds": _kinds(found.outcomes_by_kind),
        "outcomes": _bare(tables.outcomes(only(committee.pk), period)),
        "converted": found.proposals_converted, "policies": found.policies_from_proposals,
    }  # fmt: skip


def prompt(row: StudyPrompt) -> Facts:
    """学习提示 of a quarter: three parts, reading list, who was consulted; the name of the day it was published."""
    day = row.published_at.astimezone(SHANGHAI).date() if row.published_at else None
    head = _committee(row.committee, day or date(row.year, row.quarter * 3 - 2, 1))
    return {
        "title": row.title, "committee": head, "issuer": head["name"], "year": row.year, "quarter": row.quarter,
        "quarter_word": QUARTER_WORDS[row.quarter - 1], "stage": row.stage,
        "topics": [topic.text for topic in row.topics.all()], "focus": row.focus, "outcomes": row.outcomes,
        "readings": [
            {"title": reading.title, "release": reading.get_release_type_display()} for reading in row.readings.all()
        ],
        "has_restricted": any(reading.release_type == ReleaseType.RESTRICTED for reading in row.readings.all()),
        "consulted": [str(Department(one).label) for one in row.consulted],
        "receipt_days": int(parameters.value("prompt_receipt_working_days", row.committee, day or date(row.year, 1, 1))),
        "on": tables.as_plain(day) or "",
        **letterhead(row.committee, day or date(row.year, row.quarter * 3 - 2, 1), on=day, name=head["name"]),
    }  # fmt: skip


SESSION_PAPERS = {"sign-in": sign_in, "session-plan": session_plan, "minutes": minutes, "summary": summary}
SESSION_PREFETCH = (Prefetch("parts"), Prefetch("materials"), Prefetch("extras"))
