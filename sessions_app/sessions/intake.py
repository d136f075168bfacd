"""Many study sessions and speeches at once (import, demo).

    take_in(rows, by=, at=), take_in_speeches(rows, by=, at=)

A session is known by its host's code, year and number. Without `stage`: one of a year that is over comes in ARCHIVED,
one of the running year HELD, with roll and minutes still to do, a future one PREPARING; `cancelled` wins. Without `late_days` a past session is marked 补录 as of `at`;
rows that carry the `at` of their own day (demo) are not. `guests` are committees that take part: (code, number,
plan serial or None). `parts` are days of study; without them `days` 2 makes two parts on following days.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, prefetch_related_objects

from roster.audit.actions import Actor, Entry
from roster.audit.taking import BATCH, Change, Fate, Fault, Journal, Verdict, acts, rejected, same, settle, shown
from roster.committees.intake import Committees, check_versions, said_place
from roster.committees.models import Committee
from roster.people.intake import Memberships, People
from roster.people.models import Person
from roster.people.rules import same_name
from sessions_app.plans.intake import Plans
from sessions_app.plans.models import StudyMode
from sessions_app.policies.periods import Gate, load_gate
from sessions_app.sessions.ground import AWAY, HERE
from sessions_app.sessions.models import (
    TOOK_PLACE,
    AgendaItem,
    ExtraParticipant,
    Form,
    Participation,
    ReleaseType,
    SessionPart,
    SessionStage,
    Speech,
    SpeechKind,
    SpeechStage,
    StudyMaterial,
    StudySession,
)
from sessions_app.sessions.rules import MOVES, late_days

SHANGHAI = ZoneInfo("Asia/Shanghai")
IMPORT_REASON = "由工作簿导入"
CANCEL_REASON = "导入的取消场次，事由未载明"
COLUMNS = {"topic": "主题", "mode": "学习方式", "place": "地点", "day": "日期"}
SPEECH_COLUMNS = {"kind": "类型", "text": "提纲或全文", "link_to_work": "联系实际", "proposal": "对策建议"}
HEAD = ("form", "category", "contact", "self_study", "leave_rule", "is_expanded")
Key = tuple[str, int, int]  # committee code, year, number


@dataclass(slots=True)
class PartRow:
    day: date
    starts_at: time | None = None
    ends_at: time | None = None
    days: Decimal = Decimal(1)


@dataclass(slots=True)
class AgendaRow:
    kind: str  # AgendaKind value
    content: str
    lead_reader: str | None = None  # person code
    minutes: int | None = None


@dataclass(slots=True)
class ReadingRow:
    title: str
    release_type: str = ReleaseType.FULL_TEXT
    sent_on: date | None = None


@dataclass(slots=True)
class ExtraRow:
    name: str
    post: str = ""
    is_outside_speaker: bool = False


@dataclass(slots=True)
class GuestRow:
    committee: str
    number: int
    plan_serial: int | None = None


@dataclass(slots=True)
class SessionRow:
    committee: str
    year: int
    number: int
    day: date
    topic: str
    mode: str  # StudyMode value
    cancelled: bool = False
    starts_at: time | None = None
    ends_at: time | None = None
    days: Decimal | None = None
    place_name: str | None = None
    chair: str | None = None  # a member's name, or a person's code
    plan_serial: int | None = None
    late_reason: str | None = None
    # what a workbook does not say
    stage: str | None = None  # SessionStage value
    form: str | None = None
    category: int | None = None
    recorder: str | None = None  # person code
    is_expanded: bool | None = None
    cancel_reason: str | None = None
    moved_from: date | None = None
    late_days: int | None = None
    submitted_by: str | None = None  # person code
    approved_by: str | None = None  # person code
    approved_at: datetime | None = None
    archived_at: datetime | None = None
    contact: str | None = None
    self_study: str | None = None
    parts: list[PartRow] = field(default_factory=list)
    agenda: list[AgendaRow] = field(default_factory=list)
    guests: list[GuestRow] = field(default_factory=list)
    materials: list[str] = field(default_factory=list)  # titles
    readings: list[ReadingRow] | None = None
    extras: list[ExtraRow] | None = None
    recorder_name: str | None = None  # a name, or a person's code
    leave_rule: str | None = None
    at: datetime | None = None  # when it was entered
    place: Any = None


@dataclass(slots=True)
class SpeechRow:
    committee: str
    year: int
    number: int
    person: str
    kind: str  # SpeechKind value
    title: str
    text: str | None = None
    link_to_work: str | None = None
    proposal: str | None = None
    reviewed_by: str | None = None  # person code
    at: datetime | None = None
    place: Any = None


def day_parts(first: date, days: Decimal, starts_at: time | None, ends_at: time | None) -> list[PartRow]:
    """2.5 days: two whole parts and a half one, on following days."""
    whole = int(days.to_integral_value(ROUND_FLOOR))
    lengths = [Decimal(1)] * whole + ([days - whole] if days != whole else [])
    return [PartRow(first + timedelta(days=index), starts_at, ends_at, length) for index, length in enumerate(lengths)]


@dataclass(slots=True)
class Known:
    """A committee's part in a session, with what an intake must know of it."""

    participation: Participation
    session: StudySession
    parts: list[SessionPart]
    is_new: bool
    fixed: bool  # a record in its own right: has minutes or corrections
    speeches: int = 0

    @property
    def last_day(self) -> date:
        return max((part.day for part in self.parts), default=self.session.day)

    @property
    def label(self) -> str:
        return f"{self.participation.year} 年第 {self.participation.number} 次"


class Sessions:
    """The sessions of the committees and years an intake speaks of, by host or guest, year and number."""

    def __init__(
        self, committees: Committees, people: People, memberships: Memberships, plans: Plans, *, at: datetime
    ) -> None:
        self.committees, self.people, self.memberships, self.plans, self.at = committees, people, memberships, plans, at
        self.gate = Gate({})
        self.by_key: dict[Key, Known] = {}
        self.on_day: dict[tuple[str, date], list[Known]] = {}
        self.refused: dict[Key, Any] = {}
        self.named: dict[str, list[Person]] = {}
        self.new: list[tuple[Known, SessionRow]] = []
        self.changed: dict[int, tuple[Known, SessionRow, dict[str, Any]]] = {}
        self.new_parts: dict[int, list[PartRow]] = {}
        self.items_before: dict[int, int | None] = {}

    def load(self, rows: Sequence[Any], outcomes: Sequence[Any] = ()) -> None:
        """Five queries at most: periods, participations with their sessions, parts, chairs by name."""
        wanted = {(row.committee, row.year) for row in rows}
        for row in outcomes:
            if row.session is not None:
                year = row.session[0]
                wanted |= (
                    {(row.committee, year)}
                    if year
                    else {(row.committee, row.day.year), (row.committee, row.day.year - 1)}
                )
        for row in rows:
            wanted |= {(guest.committee, row.year) for guest in getattr(row, "guests", ())}
        if wanted:
            self.gate = load_gate(min(year for _, year in wanted), max(year for _, year in wanted))
        self._load_names(rows)
        ids = [
            found.pk
            for code in {code for code, _ in wanted}
            if (found := self.committees.by_code.get(code)) and found.pk
        ]
        if not ids:
            return
        record = StudySession.objects.filter(
            Q(minutes__isnull=False) | Q(corrections__isnull=False), pk=OuterRef("study_session")
        )
        found = list(
            Participation.objects.filter(committee_id__in=ids, year__in={year for _, year in wanted}, number__gt=0)
            .select_related("study_session__chair", "study_session__recorder", "plan_item")
            .annotate(fixed=Exists(record))
        )
        if any(getattr(row, name, None) for row in rows for name in ("readings", "agenda", "extras", "parts")):
            prefetch_related_objects([row.study_session for row in found], "materials", "agenda", "extras")
        parts: dict[int, list[SessionPart]] = {}
        for part in SessionPart.objects.filter(study_session_id__in={p.study_session_id for p in found}).order_by(
            "order"
        ):
            parts.setdefault(part.study_session_id, []).append(part)
        for row in found:
            row.committee = self.committees.by_id[row.committee_id]
            key = (row.committee.code, row.year, row.number)
            self.by_key[key] = Known(row, row.study_session, parts.get(row.study_session_id, []), False, row.fixed)
            self.on_day.setdefault((row.committee.code, row.study_session.day), []).append(self.by_key[key])

    def _load_names(self, rows: Sequence[Any]) -> None:
        names = {
            name for row in rows if hasattr(row, "chair")
            for name in (row.chair, row.recorder_name, *(step.lead_reader for step in row.agenda)) if name
        }  # fmt: skip
        if not names:
            return
        for person in self.people.by_code.values():
            if person.name in names:
                self.named.setdefault(person.name, []).append(person)
        for person in Person.objects.filter(Q(name__in=names) | Q(code__in=names)).exclude(
            pk__in=list(self.people.by_id)
        ):
            self.named.setdefault(person.name, []).append(person)
            self.named.setdefault(person.code, []).append(person)

    def _chair(self, row: SessionRow) -> Person | None:
        return self._named(row, row.chair)

    def _named(self, row: SessionRow, who: str | None) -> Person | None:
        """By name among the members of that day, then of any day, then anybody; by code last. None when not one alone."""
        if not who:
            return None
        for terms in (
            self.memberships.of_day(row.committee, row.day),
            self.memberships.by_committee.get(row.committee, []),
        ):
            found = {term.person.code: term.person for term in terms if same_name(term.person.name) == same_name(who)}
            if len(found) == 1:
                return next(iter(found.values()))
            if found:
                return None
        if who in self.people.by_code:
            return self.people.by_code[who]
        named = {person.code: person for person in self.named.get(who, [])}
        return next(iter(named.values())) if len(named) == 1 else None

    def find(self, committee: str, year: int, number: int) -> tuple[Known | None, Fault | None]:
        """The session a mark or speech belongs to, in a committee one may write to; or why not."""
        row, fault = self.committees.find(committee)
        if row is None:
            return None, fault
        key = (committee, year, number)
        known = self.by_key.get(key)
        if known is not None:
            return known, None
        if key in self.refused:
            reason = f"{year} 年第 {number} 次学习所在的那一行{said_place(self.refused[key])}未被接受，请先改正那一行。"
        else:
            reason = f"没有 {year} 年第 {number} 次学习，请核对年度和期次，或先在“学习场次”表登记。"
        return None, Fault("期次", str(number), reason)

    def judge(self, rows: Sequence[SessionRow]) -> list[Verdict]:
        first: dict[Key, Any] = {}
        verdicts = []
        for row in rows:
            key = (row.committee, row.year, row.number)
            if key in first:
                reason = (
                    f"{row.year} 年第 {row.number} 次前面{said_place(first[key])}已经用过，请改期次或删去重复的行。"
                )
                verdict = rejected(row, Fault("期次", str(row.number), reason))
            else:
                verdict = self._judge(row)
                if verdict.fate is Fate.REJECTED:
                    self.refused.setdefault(key, row.place)
                else:
                    first[key] = row.place
            verdicts.append(verdict)
        return verdicts

    def _judge(self, row: SessionRow) -> Verdict:
        committee, fault = self.committees.find(row.committee)
        if committee is None:
            return rejected(row, *([fault] if fault else []))
        faults = []
        item = None
        if row.plan_serial is not None:
            item = self.plans.find(row.committee, row.year, row.plan_serial)
            if item is None:
                place = self.plans.refused.get((row.committee, row.year, row.plan_serial))
                why = (
                    f"所在的那一行{said_place(place)}未被接受，请先改正那一行"
                    if place
                    else "不存在，请核对序号，或先在“年度计划”表登记"
                )
                faults.append(
                    Fault("计划序号", str(row.plan_serial), f"{row.year} 年计划序号 {row.plan_serial} {why}。")
                )
        if faults:
            return rejected(row, *faults)
        known = self.by_key.get((row.committee, row.year, row.number))
        chair = self._chair(row)
        verdict = self._judge_known(row, known, item, chair) if known else self._judge_new(row, committee, item, chair)
        if verdict.fate is not Fate.REJECTED:
            verdict.warnings += self._unclear(row, known)
        unclear = (
            row.chair
            and chair is None
            and not (
                known and known.session.chair and row.chair in (known.session.chair.name, known.session.chair.code)
            )
        )
        if unclear and verdict.fate is not Fate.REJECTED:
            reason = f"主持人“{row.chair}”不能确定是谁，没有登记；请写成员姓名，重名的写人员编码。"
            verdict.warnings.append(Fault("主持人", row.chair or "", reason))
        return verdict

    def _unclear(self, row: SessionRow, known: Known | None) -> list[Fault]:
        """People who could not be told apart, and lists that are read for a new session only."""
        said = []
        if row.recorder_name and self._named(row, row.recorder_name) is None:
            reason = f"记录人“{row.recorder_name}”不能确定是谁，没有登记；请写成员姓名，重名的写人员编码。"
            said.append(Fault("记录人", row.recorder_name, reason))
        if known is not None and not known.is_new:
            reason = "已有的场次，这一列不由导入改动；要改请在场次页面修改。"
            return [*said, *(Fault(column, "", reason) for column in self._other_lists(row, known))]
        for step in row.agenda:
            if step.lead_reader and self._named(row, step.lead_reader) is None:
                reason = f"负责人“{step.lead_reader}”不能确定是谁，没有登记；请写成员姓名，重名的写人员编码。"
                said.append(Fault("议程", step.lead_reader, reason))
        return said

    def _other_lists(self, row: SessionRow, known: Known) -> list[str]:
        """Columns of lists that say something else than the session there."""
        session = known.session
        people = {step.lead_reader: self._named(row, step.lead_reader) for step in row.agenda if step.lead_reader}
        given: dict[str, list[Any]] = {
            "学习篇目": [(one.title, one.release_type, one.sent_on) for one in row.readings or ()],
            "议程": [
                (step.kind, step.content, getattr(people.get(step.lead_reader or ""), "pk", None), step.minutes)
                for step in row.agenda
            ],
            "列席人员": [(one.name, one.post, one.is_outside_speaker) for one in row.extras or ()],
            "各时段": [(part.day, part.starts_at, part.ends_at, part.days) for part in row.parts],
        }
        if not any(given.values()):
            return []
        there: dict[str, list[Any]] = {
            "学习篇目": [(one.title, one.release_type, one.sent_on) for one in session.materials.all()],
            "议程": [(step.kind, step.content, step.lead_reader_id, step.minutes) for step in session.agenda.all()],
            "列席人员": [(one.name, one.post, one.is_outside_speaker) for one in session.extras.all()],
            "各时段": [(part.day, part.starts_at, part.ends_at, part.days) for part in known.parts],
        }
        return [column for column, said in given.items() if said and said != there[column]]

    # -------------------------------------------------------------------------------------------------- new
    def _judge_new(self, row: SessionRow, committee: Committee, item: Any, chair: Person | None) -> Verdict:
        shut = self.gate.refusal(committee.path, row.day)
        if shut:
            return rejected(row, Fault("日期", shown(row.day), shut))
        entered = row.at or self.at
        today = entered.astimezone(SHANGHAI).date()
        parts = row.parts or day_parts(row.day, row.days or Decimal(1), row.starts_at, row.ends_at)
        last = max(part.day for part in parts)
        stage = row.stage or (
            SessionStage.CANCELLED if row.cancelled else SessionStage.ARCHIVED if last.year < today.year
            else SessionStage.HELD if row.day <= today else SessionStage.PREPARING
        )  # fmt: skip
        held = stage in TOOK_PLACE
        late = row.late_days if row.late_days is not None else (late_days(last, today) if held else 0)
        session = StudySession(
            committee=committee, day=row.day, topic=row.topic, mode=row.mode, form=row.form or Form.GROUP_STUDY,
            category=row.category or (item.category if item else None), place=row.place_name or "", chair=chair,
            contact=row.contact or "", self_study=row.self_study or "", is_expanded=bool(row.is_expanded),
            leave_rule=row.leave_rule or "", recorder=self._named(row, row.recorder_name),
            is_joint=bool(row.guests), stage=stage, moved_from=row.moved_from, late_days=late,
            late_reason=(row.late_reason or IMPORT_REASON) if late else "", entered_at=entered, approved_at=row.approved_at,
            archived_at=row.archived_at or (entered if stage == SessionStage.ARCHIVED else None),
        )  # fmt: skip
        if stage == SessionStage.CANCELLED:
            session.cancel_reason = row.cancel_reason or row.late_reason or CANCEL_REASON
        made = [
            SessionPart(
                study_session=session,
                order=order,
                day=part.day,
                starts_at=part.starts_at,
                ends_at=part.ends_at,
                days=part.days,
            )
            for order, part in enumerate(parts, start=1)
        ]
        host = self._participate(session, committee, row.year, row.number, item, made)
        self.by_key[(row.committee, row.year, row.number)] = known = Known(host, session, made, True, False)
        for guest in row.guests:
            where = self.committees.by_code[guest.committee]
            theirs = self.plans.find(guest.committee, row.year, guest.plan_serial) if guest.plan_serial else None
            part = self._participate(session, where, row.year, guest.number, theirs, made)
            part.is_host = False
            self.by_key[(guest.committee, row.year, guest.number)] = Known(part, session, made, True, False)
        self.new.append((known, row))
        twins = self._twins(row, known)
        self.on_day.setdefault((row.committee, row.day), []).append(known)
        return Verdict(row, Fate.NEW, warnings=twins)

    def _twins(self, row: SessionRow, made: Known) -> list[Fault]:
        """A session of the same day, time and topic under another number."""
        found = [
            known.label
            for known in self.on_day.get((row.committee, row.day), ())
            if same(known.session.topic, row.topic)
            and known.session.stage != SessionStage.CANCELLED
            and (known.parts[0].starts_at if known.parts else None) in (None, made.parts[0].starts_at)
        ]
        reason = f"与{'、'.join(found)}学习日期、时间、主题都相同，像是同一场；是同一场的请不要再登记一次。"
        return [Fault("期次", str(row.number), reason)] if found else []

    def _participate(
        self,
        session: StudySession,
        committee: Committee,
        year: int,
        number: int,
        item: Any,
        parts: Sequence[SessionPart],
    ) -> Participation:
        return Participation(
            study_session=session, committee=committee, year=year, number=number, day=session.day, plan_item=item,
            part_count=len(parts), days=sum((part.days for part in parts), Decimal(0)),
        )  # fmt: skip

    # -------------------------------------------------------------------------------------------------- known
    def _judge_known(self, row: SessionRow, known: Known, item: Any, chair: Person | None) -> Verdict:
        session, entered = known.session, (row.at or self.at)
        today = entered.astimezone(SHANGHAI).date()
        wanted: dict[str, Any] = {}
        changes: list[Change] = []

        def want(column: str, name: str, value: Any, before: Any, words: Any = shown) -> None:
            if value is not None and value != before:
                wanted[name] = value
                changes.append(Change(column, words(before), words(value)))

        want("主题", "topic", row.topic, session.topic)
        want("学习方式", "mode", row.mode, session.mode, lambda mode: str(StudyMode(mode).label))
        want("地点", "place", row.place_name, session.place)
        want("日期", "day", row.day, session.day)
        if chair is not None and chair.code != getattr(session.chair, "code", None):
            want("主持人", "chair", chair, session.chair, lambda person: person.name if person else "")
        want("学习形式", "form", row.form, session.form, lambda form: str(Form(form).label))
        want("内容类别", "category", row.category, session.category)
        recorder = self._named(row, row.recorder_name)
        if recorder is not None and recorder.code != getattr(session.recorder, "code", None):
            want("记录人", "recorder", recorder, session.recorder, lambda person: person.name if person else "")
        for column, name in (("联系人", "contact"), ("会前自学要求", "self_study"), ("请假规定", "leave_rule")):
            want(column, name, getattr(row, name), getattr(session, name))
        want("扩大学习", "is_expanded", row.is_expanded, session.is_expanded, lambda yes: "是" if yes else "否")
        serial = known.participation.plan_item.serial if known.participation.plan_item else None
        if item is not None and item.serial != serial:
            want(
                "计划序号",
                "plan_item",
                item,
                known.participation.plan_item,
                lambda found: str(found.serial) if found else "",
            )
        first = known.parts[0] if known.parts else None
        want(
            "开始时间",
            "starts_at",
            row.starts_at,
            first.starts_at if first else None,
            lambda at: f"{at:%H:%M}" if at else "",
        )
        want(
            "结束时间", "ends_at", row.ends_at, first.ends_at if first else None, lambda at: f"{at:%H:%M}" if at else ""
        )
        want("天数", "days", row.days, known.participation.days)
        reason = "cancel_reason" if session.stage == SessionStage.CANCELLED else "late_reason"
        if session.stage == SessionStage.CANCELLED or session.late_days:
            want("补录事由", reason, row.late_reason, getattr(session, reason))
        stage = self._stage(row, session, known, today)
        if stage:
            want("状态", "stage", stage, session.stage, lambda value: str(SessionStage(value).label))
        if not wanted:
            return Verdict(row, Fate.SAME)
        refusal = self._locked(row, known, wanted)
        if refusal:
            return rejected(row, Fault(changes[0].column, changes[0].after, refusal))
        return self._change(row, known, wanted, changes, entered)

    @staticmethod
    def _stage(row: SessionRow, session: StudySession, known: Known, today: date) -> str:
        """The stage the row asks for, "" when it asks for none."""
        if row.cancelled:
            return "" if session.stage == SessionStage.CANCELLED else SessionStage.CANCELLED
        if session.stage == SessionStage.CANCELLED:
            return SessionStage.HELD
        return (
            SessionStage.HELD if MOVES.may(session.stage, "hold_late") and (row.day or known.last_day) <= today else ""
        )

    def _locked(self, row: SessionRow, known: Known, wanted: dict[str, Any]) -> str:
        session = known.session
        if not known.participation.is_host:
            return "联组学习的场次由主办单位填写，参加单位不能改；计划序号请在场次页面选择。"
        for day in {session.day, row.day}:
            if shut := self.gate.refusal(known.participation.committee.path, day):
                return shut
        if wanted.get("stage") == SessionStage.CANCELLED and not MOVES.may(session.stage, "cancel"):
            return f"{known.label}学习现在是“{session.get_stage_display()}”，不能取消，请核对状态。"
        if session.stage == SessionStage.CANCELLED and wanted.keys() - {"cancel_reason"}:
            return f"{known.label}学习已取消，不能恢复或修改；请另用新的期次登记。"
        if session.stage == SessionStage.ARCHIVED and known.fixed:
            return f"{known.label}学习已归档，内容已锁定，要改请在场次页面申请更正。"
        if session.stage in (SessionStage.SUBMITTED, SessionStage.APPROVED) and wanted.keys() - {"stage"}:
            return f"{known.label}学习的方案“{session.get_stage_display()}”，改动会取消审定，请在场次页面修改。"
        days = wanted.get("days")
        if (
            days is not None
            and len(day_parts(row.day, days, None, None)) != len(known.parts)
            and self._has_marks(known)
        ):
            return f"{known.label}学习已有考勤，天数不能由导入改动，请在场次页面处理。"
        starts = wanted.get("starts_at", known.parts[0].starts_at if known.parts else None)
        ends = wanted.get("ends_at", known.parts[0].ends_at if known.parts else None)
        if starts and ends and ends <= starts:
            return "结束时间早于开始时间，请核对。"
        return ""

    @staticmethod
    def _has_marks(known: Known) -> bool:
        row = known.participation
        return row.expected_marks != row.unmarked_marks

    def _change(
        self, row: SessionRow, known: Known, wanted: dict[str, Any], changes: list[Change], entered: datetime
    ) -> Verdict:
        session, participation = known.session, known.participation
        before: dict[str, Any] = {}
        for name in ("topic", "mode", "place", "day", "late_reason", "cancel_reason", "stage", *HEAD):
            if name in wanted:
                before[name] = getattr(session, name)
                setattr(session, name, wanted[name])
        if "chair" in wanted:
            before["chair_id"] = session.chair_id
            session.chair = wanted["chair"]
        if "recorder" in wanted:
            before["recorder_id"] = session.recorder_id
            session.recorder = wanted["recorder"]
        if "plan_item" in wanted:
            self.items_before[participation.pk] = participation.plan_item_id
            participation.plan_item = wanted["plan_item"]
        if before.get("stage"):
            self._settle_stage(row, known, before, entered)
        if wanted.keys() & {"day", "starts_at", "ends_at", "days"}:
            length = wanted.get("days", participation.days)
            starts = wanted.get("starts_at", known.parts[0].starts_at if known.parts else None)
            ends = wanted.get("ends_at", known.parts[0].ends_at if known.parts else None)
            if "day" in before and session.stage == SessionStage.PREPARING:
                before["moved_from"], session.moved_from = session.moved_from, before["day"]
            if "days" in wanted:
                parts = day_parts(row.day, length, starts, ends)
            else:
                step = row.day - known.parts[0].day if known.parts else timedelta(0)
                parts = [PartRow(part.day + step, starts, ends, part.days) for part in known.parts]
            self._put_parts(known, parts)
        self.changed[participation.pk] = (known, row, before)
        return Verdict(row, Fate.CHANGED, changes)

    def _settle_stage(self, row: SessionRow, known: Known, before: dict[str, Any], entered: datetime) -> None:
        session = known.session
        if session.stage == SessionStage.CANCELLED:
            before["cancel_reason"] = session.cancel_reason
            session.cancel_reason = row.late_reason or CANCEL_REASON
            return
        # Held after its day without an approved plan, or entered after it: 补录.
        late = late_days(known.last_day, session.entered_at.astimezone(SHANGHAI).date())
        before |= {"late_days": session.late_days, "late_reason": session.late_reason}
        session.late_days, session.late_reason = (
            late,
            (row.late_reason or session.late_reason or IMPORT_REASON) if late else "",
        )

    def _put_parts(self, known: Known, parts: Sequence[PartRow]) -> None:
        session, participation = known.session, known.participation
        for order, part in enumerate(parts, start=1):
            if order <= len(known.parts):
                old = known.parts[order - 1]
                old.day, old.starts_at, old.ends_at, old.days = part.day, part.starts_at, part.ends_at, part.days
            else:
                known.parts.append(SessionPart(
                    study_session=session, order=order, day=part.day, starts_at=part.starts_at, ends_at=part.ends_at, days=part.days
                ))  # fmt: skip
        del known.parts[len(parts) :]
        participation.part_count = len(known.parts)
        participation.days = sum((part.days for part in known.parts), Decimal(0))
        self.new_parts[participation.pk] = list(parts)

    # -------------------------------------------------------------------------------------------------- write
    @transaction.atomic
    def write(self, journal: Journal, *, by: Actor, at: datetime) -> None:
        self._name_people()
        sessions = [known.session for known, _ in self.new]
        StudySession.objects.bulk_create(sessions, batch_size=BATCH)
        parts = [part for known, _ in self.new for part in known.parts]
        SessionPart.objects.bulk_create(parts, batch_size=BATCH)
        rows = [known for known in self.by_key.values() if known.is_new]
        for known in rows:
            days = [part.day for part in known.parts]
            expected = sum(len(self.memberships.of_day(known.participation.committee.code, day)) for day in days)
            known.participation.expected_marks = known.participation.unmarked_marks = expected
        Participation.objects.bulk_create([known.participation for known in rows], batch_size=BATCH)
        journal.note_made(sessions)
        journal.note_made(parts)
        journal.note_made(known.participation for known in rows)
        self._write_agenda()
        for known, row in self.new:
            session = known.session
            data = {"number": row.number, "late_days": session.late_days, "intake": True}
            journal.entries += acts(
                session, session.committee_id, _steps(session, row, at), data=data,
                reason=session.late_reason or session.cancel_reason,
            )  # fmt: skip
        for known in rows:
            if not known.participation.is_host:
                when, guest = known.session.approved_at or known.session.entered_at, known.participation
                asked = [("invite", "INVITED", when), ("accept", "ACCEPTED", when)]
                journal.entries += acts(guest, guest.committee_id, asked, data={"intake": True})
        self._write_changed(journal, at=at)

    def _name_people(self) -> None:
        """People named by code on new sessions: recorder, who submitted, who approved, who leads the reading."""
        codes = {
            code for _, row in self.new
            for code in (row.recorder, row.submitted_by, row.approved_by, *(step.lead_reader for step in row.agenda)) if code
        }  # fmt: skip
        self.people.load(codes)
        for known, row in self.new:
            for name in ("recorder", "submitted_by", "approved_by"):
                code = getattr(row, name)
                if code:
                    setattr(known.session, name, self.people.by_code[code])

    def _leader(self, row: SessionRow, who: str | None) -> Person | None:
        return (self.people.by_code.get(who) or self._named(row, who)) if who else None

    def _write_agenda(self) -> None:
        steps = [
            AgendaItem(study_session=known.session, order=order, kind=step.kind, content=step.content, minutes=step.minutes,
                       lead_reader=self._leader(row, step.lead_reader))
            for known, row in self.new for order, step in enumerate(row.agenda, start=1)
        ]  # fmt: skip
        AgendaItem.objects.bulk_create(steps, batch_size=BATCH)
        titles = [
            StudyMaterial(study_session=known.session, order=order, title=title)
            for known, row in self.new for order, title in enumerate(row.materials, start=1)
        ]  # fmt: skip
        titles += [
            StudyMaterial(study_session=known.session, order=order, title=one.title, release_type=one.release_type,
                          sent_on=one.sent_on)
            for known, row in self.new for order, one in enumerate(row.readings or (), start=1)
        ]  # fmt: skip
        ExtraParticipant.objects.bulk_create(
            ExtraParticipant(
                study_session=known.session, committee_id=known.session.committee_id, name=one.name, post=one.post,
                is_outside_speaker=one.is_outside_speaker,
            )
            for known, row in self.new for one in row.extras or ()
        )  # fmt: skip
        StudyMaterial.objects.bulk_create(titles, batch_size=BATCH)

    def _write_changed(self, journal: Journal, *, at: datetime) -> None:
        if not self.changed:
            return
        known_rows = [known for known, _, _ in self.changed.values()]
        check_versions(StudySession, {known.session.pk: known.session.version for known in known_rows})
        for known, row, before in self.changed.values():
            session = known.session
            session.version += 1
            known.participation.version += 1
            known.participation.day = session.day
            journal.note_changed(session, before)
            items = self.items_before
            owner = known.participation
            journal.note_changed(owner, {"plan_item_id": items[owner.pk]} if owner.pk in items else {})
            told = {name: [shown(old), shown(getattr(session, name))] for name, old in before.items()}
            journal.entries.append(Entry(
                session, "edit", row.at or at, before=before.get("stage", session.stage), after=session.stage,
                data={"changes": told, "intake": True}, chain=session.committee_id,
            ))  # fmt: skip
        fields = [
            "topic",
            "mode",
            "place",
            "day",
            "chair",
            "late_reason",
            "cancel_reason",
            "stage",
            "late_days",
            "moved_from",
            "recorder",
            *HEAD,
            "version",
        ]
        StudySession.objects.bulk_update([known.session for known in known_rows], fields, batch_size=BATCH)
        Participation.objects.bulk_update(
            [known.participation for known in known_rows],
            ["plan_item", "part_count", "days", "day", "version"],
            batch_size=BATCH,
        )
        moved = [known for known in known_rows if known.participation.pk in self.new_parts]
        if moved:
            journal.final.append("场次的日期、时间或天数")
            for known in moved:
                SessionPart.objects.filter(study_session=known.session, order__gt=len(known.parts)).delete()
            SessionPart.objects.bulk_create([part for known in moved for part in known.parts if part.pk is None])
            SessionPart.objects.bulk_update(
                [part for known in moved for part in known.parts],
                ["day", "starts_at", "ends_at", "days"],
                batch_size=BATCH,
            )

    @property
    def to_recount(self) -> set[int]:
        """Participations whose days changed."""
        return set(self.new_parts)


def _steps(session: StudySession, row: SessionRow, at: datetime) -> list[tuple[str, str, datetime]]:
    """The acts that led to the stage a session comes in with.

    One of a year that is over is archived by the import itself; who brings an approval (demo) brings its moment.
    """
    entered, stage = row.at or at, session.stage
    archived = [] if session.archived_at is None else [("archive", str(stage), session.archived_at)]
    ended = {SessionStage.HELD: "hold", SessionStage.ARCHIVED: "hold", SessionStage.CANCELLED: "cancel"}
    if row.approved_at is not None:
        before = min(entered, row.approved_at) - timedelta(hours=2)
        steps = [
            ("create", "PREPARING", before), ("submit", "SUBMITTED", before), ("approve", "APPROVED", row.approved_at)
        ]  # fmt: skip
        if stage in ended:
            target = SessionStage.CANCELLED if stage == SessionStage.CANCELLED else SessionStage.HELD
            steps.append((ended[SessionStage(stage)], str(target), entered))
        return steps + archived
    if stage == SessionStage.HELD or row.stage == SessionStage.ARCHIVED:
        held = [("create", "PREPARING", entered), ("hold_late", "HELD", entered)]
        return held + archived
    if stage == SessionStage.CANCELLED:
        return [("create", "PREPARING", entered), ("cancel", "CANCELLED", entered)]
    return [("create", str(stage), entered)]


class Speeches:
    """Speeches of the sessions an intake speaks of."""

    def __init__(self, sessions: Sessions, memberships: Memberships, *, at: datetime) -> None:
        self.sessions, self.memberships, self.at = sessions, memberships, at
        self.by_key: dict[tuple[int, str, str], Speech] = {}  # id() of the participation, person code, title
        self.orders: dict[int, int] = {}
        self.said: dict[tuple[int, str], set[str]] = {}  # id() of the participation, person code: marks
        self.new: list[tuple[Speech, SpeechRow]] = []
        self.changed: dict[int, tuple[Speech, SpeechRow, dict[str, Any]]] = {}

    def load(self, rows: Sequence[SpeechRow]) -> None:
        keys = {(row.committee, row.year, row.number) for row in rows}
        known = {
            found.participation.pk: found
            for key in keys
            if (found := self.sessions.by_key.get(key)) and not found.is_new
        }
        if not known:
            return
        for speech in Speech.objects.filter(participation_id__in=list(known)).select_related("speaker"):
            participation = known[speech.participation_id].participation
            speech.participation = participation
            self.by_key[(id(participation), speech.speaker.code, speech.title)] = speech
            self.orders[id(participation)] = max(self.orders.get(id(participation), 0), speech.order)
        kept = Participation.objects.filter(pk__in=list(known), marks__isnull=False)
        for pk, code, status in kept.values_list("pk", "marks__person__code", "marks__status"):
            self.said.setdefault((id(known[pk].participation), code), set()).add(status)

    def hear(self, marks: Mapping[tuple[int, str], set[str]]) -> None:
        """What the sheet of marks beside them says; it stands for what was kept."""
        self.said.update(marks)

    def _away(self, known: Known, row: SpeechRow, name: str) -> list[Fault]:
        statuses = self.said.get((id(known.participation), row.person), set())
        if row.kind == SpeechKind.WRITTEN or not statuses or statuses & HERE:
            return []
        word, kind = AWAY[min(statuses)], SpeechKind(row.kind).label
        reason = f"{name}{known.label}学习{word}，不能登记{kind}发言；有书面材料的，类型请填“书面”。"
        return [Fault("类型", str(kind), reason)]

    def judge(self, rows: Sequence[SpeechRow]) -> list[Verdict]:
        seen: dict[tuple[str, int, int, str, str], Any] = {}
        verdicts = []
        for row in rows:
            key = (row.committee, row.year, row.number, row.person, row.title)
            if key in seen:
                verdict = rejected(
                    row, Fault("题目", row.title, f"与前面{said_place(seen[key])}同一人、同一题目重复，请删去一行。")
                )
            else:
                verdict = self._judge(row)
                if verdict.fate is not Fate.REJECTED:
                    seen[key] = row.place
            verdicts.append(verdict)
        return verdicts

    def _judge(self, row: SpeechRow) -> Verdict:
        known, fault = self.sessions.find(row.committee, row.year, row.number)
        person, other = self.sessions.people.find(row.person)
        if known is None or person is None:
            return rejected(row, *(found for found in (fault, other) if found))
        session = known.session
        if not any(self.memberships.valid(row.committee, row.person, part.day) for part in known.parts):
            return rejected(
                row, Fault("人员编码", row.person, self.memberships.why_not(row.committee, person, session.day))
            )
        speech = self.by_key.get((id(known.participation), row.person, row.title))
        wanted = self._wanted(row, speech)
        if speech is not None and not wanted:
            return Verdict(row, Fate.SAME)
        if away := self._away(known, row, person.name):
            return rejected(row, *away)
        column = "题目" if speech is None else "类型"
        value = row.title if speech is None else SpeechKind(row.kind).label
        if shut := self.sessions.gate.refusal(known.participation.committee.path, session.day):
            return rejected(row, Fault(column, value, shut))
        if session.stage == SessionStage.CANCELLED:
            return rejected(row, Fault("期次", str(row.number), f"{known.label}学习已取消，不能登记发言，请核对期次。"))
        if session.stage == SessionStage.ARCHIVED and known.fixed:
            reason = f"{known.label}学习已归档，内容已锁定，要改请在场次页面申请更正。"
            return rejected(row, Fault(column, value, reason))
        if speech is not None:
            return self._change(speech, row, wanted, known)
        order = self.orders.get(id(known.participation), 0) + 1
        self.orders[id(known.participation)] = order
        # Approved is what somebody read and approved, or what lies in the archive of a year that is over.
        entered, held = row.at or self.at, bool(row.reviewed_by) or session.stage == SessionStage.ARCHIVED
        speech = Speech(
            participation=known.participation, speaker=person, order=order, kind=row.kind, title=row.title, text=row.text or "",
            link_to_work=row.link_to_work or "", proposal=row.proposal or "", stage=SpeechStage.APPROVED if held else SpeechStage.DUE,
            edition=1 if held else 0, submitted_at=entered if held else None, reviewed_at=entered if held else None,
        )  # fmt: skip
        self.by_key[(id(known.participation), row.person, row.title)] = speech
        self.new.append((speech, row))
        return Verdict(row, Fate.NEW)

    @staticmethod
    def _wanted(row: SpeechRow, speech: Speech | None) -> dict[str, Any]:
        given = {name: value for name in SPEECH_COLUMNS if (value := getattr(row, name)) is not None}
        return {name: value for name, value in given.items() if speech is None or value != getattr(speech, name)}

    def _change(self, speech: Speech, row: SpeechRow, wanted: dict[str, Any], known: Known) -> Verdict:
        """A text somebody has handed in or approved is changed on its page, where he is told."""
        handed_in = speech.stage in (SpeechStage.SUBMITTED, SpeechStage.APPROVED)
        if handed_in and wanted.keys() - {"kind"} and known.session.stage != SessionStage.ARCHIVED:
            column = SPEECH_COLUMNS[min(wanted.keys() - {"kind"})]
            reason = f"{speech.speaker.name}的发言现在是“{speech.get_stage_display()}”，文字不能由导入改动，请在发言页面修改。"
            return rejected(row, Fault(column, "", reason))
        before = {name: getattr(speech, name) for name in wanted}
        changes = [
            Change(SPEECH_COLUMNS[name], self._word(name, before[name]), self._word(name, value))
            for name, value in wanted.items()
        ]
        for name, value in wanted.items():
            setattr(speech, name, value)
        self.changed[speech.pk] = (speech, row, before)
        return Verdict(row, Fate.CHANGED, changes)

    @staticmethod
    def _word(name: str, value: Any) -> str:
        return str(SpeechKind(value).label) if name == "kind" else shown(value)[:200]

    @transaction.atomic
    def write(self, journal: Journal, *, by: Actor, at: datetime) -> None:
        self.sessions.people.load({row.reviewed_by for _, row in self.new if row.reviewed_by})
        for speech, row in self.new:
            if row.reviewed_by and row.reviewed_by != row.person:
                speech.reviewed_by = self.sessions.people.by_code[row.reviewed_by]
        Speech.objects.bulk_create([speech for speech, _ in self.new], batch_size=BATCH)
        journal.note_made(speech for speech, _ in self.new)
        check_versions(Speech, {pk: speech.version for pk, (speech, _, _) in self.changed.items()})
        for speech, row, before in self.changed.values():
            speech.version += 1
            journal.note_changed(speech, before)
            told = {
                "changes": {name: [old, getattr(speech, name)] for name, old in before.items() if name == "kind"},
                "texts": sorted(before.keys() - {"kind"}),
                "intake": True,
            }
            journal.entries.append(
                Entry(speech, "edit_speech", row.at or at, data=told, chain=speech.participation.committee_id)
            )
        Speech.objects.bulk_update(
            [speech for speech, _, _ in self.changed.values()], [*SPEECH_COLUMNS, "version"], batch_size=BATCH
        )
        for speech, row in self.new:
            chain = speech.participation.committee_id
            when = row.at or at
            steps = [("add_speech", str(speech.stage), when)]
            if speech.reviewed_by_id:
                steps = [("add_speech", "DUE", when), ("submit", "SUBMITTED", when), ("approve", "APPROVED", when)]
            journal.entries += acts(speech, chain, steps, data={"intake": True})


def registers(rows: Sequence[Any], *, at: datetime, extra: Iterable[str] = ()) -> Sessions:
    """Everything sessions hang on, loaded for these rows (sessions, marks or speeches)."""
    committees, people = Committees(), People()
    guests = {guest.committee for row in rows for guest in getattr(row, "guests", ())}
    committees.load({row.committee for row in rows} | guests)
    people.load({row.person for row in rows if getattr(row, "person", None)} | set(extra))
    memberships = Memberships(committees, people)
    memberships.load()
    plans = Plans(committees, at=at)
    plans.load(
        [], {(row.committee, row.year) for row in rows} | {(guest, row.year) for row in rows for guest in guests}
    )
    register = Sessions(committees, people, memberships, plans, at=at)
    register.load(rows)
    return register


@transaction.atomic
def take_in(rows: Sequence[SessionRow], *, by: Actor, at: datetime) -> Sessions:
    register = registers(rows, at=at)
    settle(register.judge(rows))
    journal = Journal()
    register.write(journal, by=by, at=at)
    journal.record(by=by)
    return register


@transaction.atomic
def take_in_speeches(rows: Sequence[SpeechRow], *, by: Actor, at: datetime) -> Speeches:
    sessions = registers(rows, at=at)
    register = Speeches(sessions, sessions.memberships, at=at)
    register.load(rows)
    settle(register.judge(rows))
    journal = Journal()
    register.write(journal, by=by, at=at)
    journal.record(by=by)
    return register
