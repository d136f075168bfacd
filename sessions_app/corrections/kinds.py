"""What each kind of record looks like before and after a correction, whether it may be asked, and the days it touches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from typing import Any

from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.people.models import GroupRole, Membership, Person
from roster.people.rules import Term, changed_span
from sessions_app.attendance.models import MakeUpStage, MakeUpStudy
from sessions_app.corrections.models import Correction, CorrectionKind
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.policies.models import PeriodStage
from sessions_app.policies.periods import RANK, gate_of
from sessions_app.sessions.ground import members_of
from sessions_app.sessions.models import Participation, ParticipationState, SpeechKind, StudySession
from sessions_app.sessions.rules import Part, part_problems

Values = dict[str, Any]
Range = tuple[date, date | None]
WORDS = {
    "day": "日期", "kind": "类型", "title": "题目", "name": "姓名", "stage": "状态", "done_on": "补学日期", "method": "补学方式",
    "content": "补学内容", "group_role": "组内职务", "post": "党政职务", "since": "起始日期", "until": "结束日期",
    "end_reason": "变动原因", "authors": "作者", "document_number": "文号", "withdrawn": "撤销", "reason": "划去事由",
}  # fmt: skip


@dataclass
class Proposal:
    """What is asked for, before it is kept."""

    kind: CorrectionKind
    committee: Committee
    study_session: StudySession | None
    day: date
    about: str
    before: Values
    after: Values
    subject_id: int | None = None
    wrong: list[str] = field(default_factory=list)

    @property
    def ranges(self) -> list[Range]:
        return ranges(self.kind, self.day, self.before, self.after)


# ------------------------------------------------------------------------------------------------------- periods
def ranges(kind: str, day: date, before: Values, after: Values) -> list[Range]:
    """The days whose figures a correction moves."""
    found: list[Range] = [(day, day)]
    if kind == CorrectionKind.MEMBERSHIP:
        span = changed_span(_term(before), _term(after))
        return [span] if span else found
    if kind in (CorrectionKind.SESSION_DAY, CorrectionKind.OUTCOME):
        days = {date.fromisoformat(one["day"]) for one in (before, after) if one.get("day")}
        return [(one, one) for one in sorted(days)] or found
    return found


def _term(values: Values) -> Term | None:
    if not values.get("since"):
        return None
    until = values.get("until")
    return Term(date.fromisoformat(values["since"]), date.fromisoformat(until) if until else None)


def strictest(kind: str, committee: Committee, session_id: int | None, touched: Sequence[Range]) -> PeriodStage:
    """The strictest stage of the periods touched. What moves a whole session moves it for every committee in it."""
    paths = {committee.path}
    if session_id and kind in (CorrectionKind.SESSION_DAY, CorrectionKind.STRIKE_OUT):
        rows = Participation.objects.filter(study_session_id=session_id, state=ParticipationState.ACCEPTED)
        paths |= set(rows.values_list("committee__path", flat=True))
    gate = gate_of(paths)
    stages = [
        shut.stage for path in paths for shut in gate.spans(path) for first, last in touched
        if first <= shut.last and (last is None or last >= shut.first)
    ]  # fmt: skip
    return max(stages, key=lambda stage: RANK[stage], default=PeriodStage.OPEN)


def stage_of(row: Correction) -> PeriodStage:
    return strictest(row.kind, row.committee, row.study_session_id, ranges(row.kind, row.day, row.before, row.after))


# ------------------------------------------------------------------------------------------------------ proposals
def _of_session(kind: CorrectionKind, participation: Participation, before: Values, after: Values) -> Proposal:
    session = participation.study_session
    return Proposal(kind, participation.committee, session, session.day, session.topic[:200], before, after)


def _host_only(found: Proposal, participation: Participation) -> Proposal:
    if not participation.is_host:
        found.wrong.append("联组学习的场次由主办单位填写，请联系主办单位申请更正。")
    return found


def session_day(participation: Participation, *, day: date, parts: Sequence[Values]) -> Proposal:
    """Another day or other hours of the same parts; `parts` in their order: day, starts_at, ends_at, days."""
    kept = list(participation.study_session.parts.order_by("order"))
    before = [_plain_part(row.pk, row.day, row.starts_at, row.ends_at, row.days) for row in kept]
    after = [
        _plain_part(row.pk, new["day"], new.get("starts_at"), new.get("ends_at"), Decimal(new["days"]))
        for row, new in zip(kept, parts, strict=True)
    ]
    session = participation.study_session
    found = _of_session(
        CorrectionKind.SESSION_DAY, participation, {"day": session.day.isoformat(), "parts": before},
        {"day": day.isoformat(), "parts": after},
    )  # fmt: skip
    found.wrong += part_problems([Part.of(new) for new in parts])
    if parts and parts[0]["day"] != day:
        found.wrong.append("第一个时段应在学习日期当天，请核对。")
    if day.year != session.day.year:
        found.wrong.append("更正不能把一场学习移到另一年；请划去这一场，在那一年补录。")
    return _host_only(found, participation)


def _plain_part(pk: int, day: date, starts_at: time | None, ends_at: time | None, days: Decimal) -> Values:
    return {
        "part": pk, "day": day.isoformat(), "starts_at": starts_at.strftime("%H:%M") if starts_at else "",
        "ends_at": ends_at.strftime("%H:%M") if ends_at else "", "days": f"{days.normalize():f}",
    }  # fmt: skip


def strike_out(participation: Participation, *, reason: str) -> Proposal:
    """A session that should not be there: it keeps its number and counts nowhere."""
    session = participation.study_session
    found = _of_session(
        CorrectionKind.STRIKE_OUT, participation, {"stage": session.stage, "reason": ""},
        {"stage": "CANCELLED", "reason": reason.strip()[:300]},
    )  # fmt: skip
    return _host_only(found, participation)


def speech(
    participation: Participation, *, which: int | None, speaker: Person | None, kind: str, title: str, remove: bool
) -> Proposal:
    """A speech that was left out, one with a wrong kind or title, one that was never held."""
    kept = participation.speeches.select_related("speaker").filter(pk=which).first() if which else None
    before = _plain_speech(kept.pk, kept.speaker, kept.kind, kept.title) if kept else {}
    who = kept.speaker if kept else speaker
    after = {} if remove else _plain_speech(which, who, kind, title.strip()[:200]) if who else {}
    found = _of_session(CorrectionKind.SPEECH, participation, before, after)
    found.subject_id = which
    if which and kept is None or remove and kept is None:
        found.wrong.append("请选择要更正的发言。")
    elif who is None:
        found.wrong.append("请选择发言人。")
    elif not remove:
        found.wrong += _speech_problems(participation, who, kind, title.strip(), which)
    return found


def _speech_problems(row: Participation, who: Person, kind: str, title: str, which: int | None) -> list[str]:
    wrong = [] if title else ["缺少发言题目，请填写。"]
    if kind not in SpeechKind.values:
        wrong.append("发言类型应为重点、交流或书面。")
    if who.pk not in members_of(row.study_session, row.committee_id):
        wrong.append(f"{who}在 {row.day:%Y-%m-%d} 不是{row.committee}的中心组成员，请核对。")
    if row.speeches.filter(speaker=who, title=title).exclude(pk=which).exists():
        wrong.append(f"{who}的《{title}》已经登记过。")
    return wrong


def _plain_speech(pk: int | None, who: Person, kind: str, title: str) -> Values:
    return {"speech": pk, "person": who.pk, "name": who.name, "kind": kind, "title": title}


def make_up(
    participation: Participation, *, which: int, confirmed: bool, done_on: date | None, method: str, content: str
) -> Proposal:
    """A make-up that was done and never confirmed in time, or one that was confirmed and never done."""
    kept = MakeUpStudy.objects.filter(participation=participation, pk=which).select_related("person").first()
    if kept is None:
        raise Refused("请选择要更正的补学。")
    before = _plain_make_up(kept, kept.stage, kept.done_on, kept.method, kept.content)
    stage = MakeUpStage.CONFIRMED if confirmed else MakeUpStage.DUE
    after = _plain_make_up(kept, stage, done_on, method.strip()[:60], content.strip())
    if not confirmed:
        after = {**before, "stage": stage}
    found = _of_session(CorrectionKind.MAKE_UP, participation, before, after)
    found.subject_id = kept.pk
    if confirmed and (done_on is None or done_on < participation.day):
        found.wrong.append("请填写补学日期，不能早于学习日期。")
    if confirmed and not (method.strip() and content.strip()):
        found.wrong.append("请填写补学方式和补学内容。")
    return found


def _plain_make_up(row: MakeUpStudy, stage: str, done_on: date | None, method: str, content: str) -> Values:
    return {
        "make_up": row.pk, "person": row.person_id, "name": row.person.name, "stage": str(stage),
        "done_on": done_on.isoformat() if done_on else "", "method": method, "content": content,
    }  # fmt: skip


def membership(
    committee: Committee, *, which: Membership | None, person: Person | None, group_role: str, post: str, since: date,
    until: date | None, end_reason: str = "",
) -> Proposal:  # fmt: skip
    """A late appointment, or a term with wrong dates."""
    who = which.person if which else person
    before = (
        _plain_term(which.person, which.group_role, which.post, which.since, which.until, which.end_reason)
        if which
        else {}
    )
    after = _plain_term(who, group_role, post.strip()[:80], since, until, end_reason.strip()[:80]) if who else {}
    about = f"{who}的成员任期" if who else "成员任期"
    found = Proposal(
        CorrectionKind.MEMBERSHIP, committee, None, since, about, before, after, subject_id=which.pk if which else None
    )
    if who is None:
        found.wrong.append("请写明人员：人员编码，或本单位名册里不重名的姓名。")
    if until is not None and until < since:
        found.wrong.append("结束日期早于起始日期，请核对。")
    return found


def _plain_term(
    who: Person, role: str, post: str, since: date, until: date | None, end_reason: str
) -> Values:  # fmt: skip
    return {
        "person": who.pk, "name": who.name, "group_role": role, "post": post, "since": since.isoformat(),
        "until": until.isoformat() if until else "", "end_reason": end_reason,
    }  # fmt: skip


def outcome(
    committee: Committee, *, which: Outcome | None, day: date, kind: str, title: str, authors: str, document_number: str,
    withdraw: bool,
) -> Proposal:  # fmt: skip
    """A result that was left out, one with wrong particulars, one that should not be counted."""
    before = _plain_outcome(which.day, which.kind, which.title, which.authors, which.document_number) if which else {}
    after = _plain_outcome(day, kind, title.strip()[:200], authors.strip(), document_number.strip())
    if withdraw:
        after = {**before, "withdrawn": True}
    found = Proposal(
        CorrectionKind.OUTCOME, committee, None, day, f"成果《{title.strip()}》"[:200], before, after,
        subject_id=which.pk if which else None,
    )  # fmt: skip
    if withdraw and which is None:
        found.wrong.append("请选择要撤销的成果。")
    if not title.strip() or not authors.strip():
        found.wrong.append("请填写成果名称和作者。")
    if kind not in OutcomeKind.values:
        found.wrong.append("成果类型不在列表之内，请重新选择。")
    return found


def _plain_outcome(day: date, kind: str, title: str, authors: str, document_number: str) -> Values:
    return {
        "day": day.isoformat(), "kind": kind, "title": title, "authors": authors, "document_number": document_number,
        "withdrawn": False,
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- shown
LABELS_OF: dict[tuple[str, str], dict[str, str]] = {
    (CorrectionKind.SPEECH, "kind"): dict(SpeechKind.choices),
    (CorrectionKind.OUTCOME, "kind"): dict(OutcomeKind.choices),
    (CorrectionKind.MEMBERSHIP, "group_role"): dict(GroupRole.choices),
    (CorrectionKind.MAKE_UP, "stage"): dict(MakeUpStage.choices),
    (CorrectionKind.STRIKE_OUT, "stage"): {
        "HELD": "已召开",
        "ARCHIVED": "已归档",
        "CANCELLED": "划去，保留期次，不计入任何数字",
    },
}


def lines(kind: str, before: Values, after: Values) -> list[dict[str, str]]:
    """label, before, after of everything that changes."""
    if kind == CorrectionKind.SESSION_DAY:
        return [
            {"label": f"第 {place} 个时段", "before": _part_words(old), "after": _part_words(new)}
            for place, (old, new) in enumerate(zip(before["parts"], after["parts"], strict=True), start=1)
            if old != new
        ]
    names = [name for name in WORDS if name in {**before, **after}]
    return [
        {
            "label": WORDS[name], "before": _word(kind, name, before.get(name)), "after": _word(kind, name, after.get(name)),
        }
        for name in names
        if before.get(name) != after.get(name)
    ]  # fmt: skip


def _part_words(part: Values) -> str:
    hours = f" {part['starts_at']}—{part['ends_at']}" if part["starts_at"] else ""
    return f"{part['day']}{hours}，{part['days']} 天"


def _word(kind: str, name: str, value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    return LABELS_OF.get((kind, name), {}).get(value, "" if value is None else str(value))
