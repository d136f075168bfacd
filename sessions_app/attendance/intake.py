"""Many attendance marks at once, with the make-up study that follows from them (import, demo).

    take_in(rows, by=, at=)

A row is one member's mark in a committee's session: for every part, or for the one `part` (1, 2, ...) it names.
A member without a row stays unmarked. Away without a reason is kept with the words "导入时未注明事由".
`made_up_on` confirms the make-up study of that day. `make_up`: "auto" opens one that is still in time, "always" opens one
for every absence (the roll's own rule), "never" only takes confirmed ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from roster.audit.actions import Actor, Entry
from roster.audit.taking import BATCH, Change, Fate, Fault, Journal, Verdict, acts, rejected, settle, shown
from roster.committees.intake import check_versions, said_place
from roster.people.intake import Memberships
from roster.people.models import Person
from sessions_app.attendance.actions import MAKE_UP_DAYS, local_day, recount_participations
from sessions_app.attendance.consequences import roll_changed
from sessions_app.attendance.models import Attendance, AttendanceMark, MakeUpStage, MakeUpStudy
from sessions_app.attendance.rules import AWAY, said
from sessions_app.policies import calendar, parameters
from sessions_app.sessions.intake import Known, Sessions, registers
from sessions_app.sessions.models import (
    COUNTED_FORMS,
    TOOK_PLACE,
    Participation,
    ParticipationState,
    SessionPart,
    SessionStage,
)

NO_REASON = "导入时未注明事由"


@dataclass(slots=True)
class MarkRow:
    committee: str
    year: int
    number: int
    person: str
    status: str  # Attendance value
    reason: str | None = None
    made_up_on: date | None = None
    part: int | None = None
    is_late: bool | None = None
    left_early: bool | None = None
    make_up: str = "auto"
    confirmed_by: str | None = None  # person code
    make_up_content: str | None = None
    make_up_method: str | None = None
    reflection: str | None = None
    done_on: date | None = None
    at: datetime | None = None
    place: Any = None


class Rolls:
    """Marks and make-ups of the sessions an intake speaks of."""

    def __init__(self, sessions: Sessions, memberships: Memberships, *, at: datetime) -> None:
        self.sessions, self.memberships, self.at = sessions, memberships, at
        self.marks: dict[
            tuple[int, int, str], AttendanceMark
        ] = {}  # id() of the participation, part order, person code
        self.make_ups: dict[tuple[int, str], MakeUpStudy] = {}
        self.new: list[AttendanceMark] = []
        self.changed: dict[int, tuple[AttendanceMark, dict[str, Any]]] = {}
        self.touched: dict[int, tuple[Known, MarkRow]] = {}  # id() of the participation
        self.study: dict[tuple[int, str], tuple[Known, Person, MarkRow]] = {}

    def load(self, rows: Sequence[MarkRow]) -> None:
        """Two queries and the people of these marks."""
        keys = {(row.committee, row.year, row.number) for row in rows}
        known = {
            found.participation.pk: found
            for key in keys
            if (found := self.sessions.by_key.get(key)) and not found.is_new
        }
        if not known:
            return
        orders = {part.pk: part for found in known.values() for part in found.parts}
        marks = list(AttendanceMark.objects.filter(participation_id__in=list(known)))
        make_ups = list(MakeUpStudy.objects.filter(participation_id__in=list(known)))
        people = self.sessions.people
        people.load_ids({mark.person_id for mark in marks} | {row.person_id for row in make_ups})
        for mark in marks:
            part, found = orders[mark.part_id], known[mark.participation_id]
            mark.part, mark.participation, mark.person = part, found.participation, people.by_id[mark.person_id]
            self.marks[(id(found.participation), part.order, mark.person.code)] = mark
        for row in make_ups:
            found = known[row.participation_id]
            row.participation, row.person = found.participation, people.by_id[row.person_id]
            self.make_ups[(id(found.participation), row.person.code)] = row

    def said(self) -> dict[tuple[int, str], set[str]]:
        """Every mark known by now, as the sheet of speeches asks for it."""
        found: dict[tuple[int, str], set[str]] = {}
        for (owner, _, code), mark in self.marks.items():
            found.setdefault((owner, code), set()).add(mark.status)
        return found

    def judge(self, rows: Sequence[MarkRow]) -> list[Verdict]:
        seen: dict[tuple[str, int, int, str], dict[int | None, Any]] = {}
        verdicts = []
        for row in rows:
            earlier = seen.setdefault((row.committee, row.year, row.number, row.person), {})
            clash = next(
                (place for part, place in earlier.items() if part is None or row.part is None or part == row.part), None
            )
            if earlier and clash is not None or row.part in earlier:
                reason = f"与前面{said_place(clash)}同一场次、同一人重复，以前面一行为准，请删去一行。"
                verdict = rejected(row, Fault("人员编码", row.person, reason))
            else:
                verdict = self._judge(row)
                if verdict.fate is not Fate.REJECTED:
                    earlier[row.part] = row.place or ""
            verdicts.append(verdict)
        return verdicts

    def _judge(self, row: MarkRow) -> Verdict:
        known, fault = self.sessions.find(row.committee, row.year, row.number)
        person, other = self.sessions.people.find(row.person)
        if known is None or person is None:
            return rejected(row, *(found for found in (fault, other) if found))
        session = known.session
        faults = self._shut(row, known)
        parts = [part for part in known.parts if row.part is None or part.order == row.part]
        if not parts:
            faults.append(Fault("时段", str(row.part), f"{known.label}学习没有第 {row.part} 个时段，请核对。"))
        valid = [part for part in parts if self.memberships.valid(row.committee, row.person, part.day)]
        if parts and not valid:
            faults.append(Fault("人员编码", row.person, self.memberships.why_not(row.committee, person, parts[0].day)))
        faults += self._make_up_faults(row, known)
        if faults:
            return rejected(row, *faults)
        return self._compare(row, known, person, valid) if session else rejected(row)

    def _shut(self, row: MarkRow, known: Known) -> list[Fault]:
        session, number = known.session, str(row.number)
        today = (row.at or self.at).date()
        if known.participation.state != ParticipationState.ACCEPTED:
            return [Fault("期次", number, "本委员会没有接受这次联组学习的邀请，不记考勤。")]
        if session.stage == SessionStage.CANCELLED:
            return [Fault("期次", number, f"{known.label}学习已取消，不记考勤，请核对期次。")]
        if today < session.day:
            return [Fault("期次", number, f"{known.label}学习定在{said(session.day)}，到当天才能记考勤。")]
        if session.stage not in TOOK_PLACE:
            return [
                Fault("期次", number, f"{known.label}学习还没有记为“已召开”，请先在场次页面记为已召开，再导入考勤。")
            ]
        return []

    def _make_up_faults(self, row: MarkRow, known: Known) -> list[Fault]:
        day = row.made_up_on
        if day is None:
            return []
        if row.status not in AWAY:
            return [Fault("补学确认日期", shown(day), "出席的人员不需要补学，请核对状态，或删去补学确认日期。")]
        if day < known.session.day:
            return [
                Fault("补学确认日期", shown(day), f"补学确认日期早于学习日期（{shown(known.session.day)}），请核对。")
            ]
        if day > (row.at or self.at).date():
            return [Fault("补学确认日期", shown(day), "补学确认日期还没有到，请核对。")]
        return []

    def _compare(self, row: MarkRow, known: Known, person: Person, parts: Sequence[SessionPart]) -> Verdict:
        owner = id(known.participation)
        news: list[SessionPart] = []
        altered: list[tuple[AttendanceMark, dict[str, Any]]] = []
        for part in parts:
            mark = self.marks.get((owner, part.order, row.person))
            if mark is None:
                news.append(part)
                continue
            wanted = self._wanted(row, mark)
            if wanted:
                altered.append((mark, wanted))
        study = self.make_ups.get((owner, row.person))
        confirm = row.made_up_on is not None and (
            study is None
            or study.confirmed_on != row.made_up_on
            or study.stage != MakeUpStage.CONFIRMED
            or any(value is not None and value != getattr(study, name) for name, value in self._told(row).items())
        )
        if not news and not altered and not confirm:
            return Verdict(row, Fate.SAME)
        if refusal := self._locked(known, bool(news or altered)):
            return rejected(row, Fault("状态", Attendance(row.status).label, refusal))
        changes = []
        if altered:
            mark, wanted = altered[0]
            words = {"status": "状态", "reason": "事由", "is_late": "迟到", "left_early": "早退"}
            for name, value in wanted.items():
                before = getattr(mark, name)
                if name == "status":
                    changes.append(Change("状态", str(Attendance(before).label), str(Attendance(value).label)))
                elif value or before:
                    changes.append(Change(words[name], shown(before), shown(value)))
        if confirm:
            changes.append(Change("补学确认日期", shown(study.confirmed_on) if study else "", shown(row.made_up_on)))
        for mark, wanted in altered:
            before = {name: getattr(mark, name) for name in wanted}
            for name, value in wanted.items():
                setattr(mark, name, value)
            self.changed[mark.pk] = (mark, before)
        for part in news:
            made = AttendanceMark(
                participation=known.participation, part=part, person=person, status=row.status, reason=self._reason(row, ""),
                is_late=bool(row.is_late) and row.status not in AWAY, left_early=bool(row.left_early) and row.status not in AWAY,
            )  # fmt: skip
            self.marks[(owner, part.order, row.person)] = made
            self.new.append(made)
        self.touched[owner] = (known, row)
        self.study[(owner, row.person)] = (known, person, row)
        return Verdict(row, Fate.NEW if not altered and len(news) == len(parts) else Fate.CHANGED, changes)

    @staticmethod
    def _told(row: MarkRow) -> dict[str, Any]:
        """What the row tells of the make-up study itself."""
        return {
            "done_on": row.done_on, "method": row.make_up_method, "content": row.make_up_content,
            "reflection": row.reflection,
        }  # fmt: skip

    @staticmethod
    def _reason(row: MarkRow, kept: str) -> str:
        return row.reason or kept or (NO_REASON if row.status in AWAY else "")

    def _wanted(self, row: MarkRow, mark: AttendanceMark) -> dict[str, Any]:
        """What of this mark the row changes; an empty reason leaves the one there, unless the status turns."""
        turned = mark.status != row.status
        wanted: dict[str, Any] = {
            "status": row.status, "reason": self._reason(row, "" if turned else mark.reason),
            "is_late": False if row.status in AWAY else mark.is_late if row.is_late is None else row.is_late,
            "left_early": False if row.status in AWAY else mark.left_early if row.left_early is None else row.left_early,
        }  # fmt: skip
        return {name: value for name, value in wanted.items() if getattr(mark, name) != value}

    def _locked(self, known: Known, marks: bool) -> str:
        if shut := self.sessions.gate.refusal(known.participation.committee.path, known.session.day):
            return shut
        if marks and known.session.stage == SessionStage.ARCHIVED and known.fixed:
            return f"{known.label}学习已归档，考勤只能通过“更正”修改，请在场次页面申请更正。"
        return ""

    # ------------------------------------------------------------------------------------------------------ write
    @transaction.atomic
    def write(self, journal: Journal, *, by: Actor, at: datetime) -> None:
        known_rows = [known for known, _ in self.touched.values()]
        check_versions(Participation, {
            known.participation.pk: known.participation.version for known in known_rows
            if not known.is_new and known.participation.pk not in self.sessions.changed
        })  # fmt: skip
        AttendanceMark.objects.bulk_create(self.new, batch_size=BATCH)
        journal.note_made(self.new)
        AttendanceMark.objects.bulk_update(
            [mark for mark, _ in self.changed.values()], ["status", "reason", "is_late", "left_early"], batch_size=BATCH
        )
        for mark, before in self.changed.values():
            journal.note_changed(mark, before)
        self._write_make_ups(journal, by=by, at=at)
        counts: dict[int, int] = {}
        for mark in [*self.new, *(mark for mark, _ in self.changed.values())]:
            counts[id(mark.participation)] = counts.get(id(mark.participation), 0) + 1
        for owner, (known, row) in self.touched.items():
            participation = known.participation
            before = "" if participation.roll_saved_at is None else "SAVED"
            if not known.is_new:
                journal.note_changed(participation, {"roll_saved_at": participation.roll_saved_at})
                participation.version += 1
            participation.roll_saved_at = row.at or at
            journal.entries.append(Entry(
                participation, "record_roll", row.at or at, before=before, after="SAVED",
                data={"marks": counts.get(owner, 0), "intake": True}, chain=participation.committee_id,
            ))  # fmt: skip
        Participation.objects.bulk_update(
            [known.participation for known in known_rows], ["roll_saved_at", "version"], batch_size=BATCH
        )
        recount_participations({known.participation.pk for known in known_rows} | self.sessions.to_recount, at)
        for known in known_rows:
            if not known.is_new:
                roll_changed(known.session.pk, by=by, at=at)

    def _write_make_ups(self, journal: Journal, *, by: Actor, at: datetime) -> None:
        people = self.sessions.people
        people.load({row.confirmed_by for _, _, row in self.study.values() if row.confirmed_by})
        days, limits = self._limits()
        made: list[MakeUpStudy] = []
        kept: dict[int, MakeUpStudy] = {}
        entries: list[tuple[MakeUpStudy, str, str, datetime]] = []
        for (owner, code), (known, person, row) in self.study.items():
            away = [
                part.day
                for part in known.parts
                if (m := self.marks.get((owner, part.order, code))) and m.status in AWAY
            ]
            study = self.make_ups.get((owner, code))
            when = row.at or at
            if not away:
                if study is not None and study.stage != MakeUpStage.VOID:
                    before = self._before(journal, study)
                    study.stage = MakeUpStage.VOID
                    kept[study.pk] = study
                    entries.append((study, "void", before, when))
                continue
            if known.session.form not in COUNTED_FORMS:
                continue
            due = days.add(away[-1], limits.get(known.participation.committee_id, 15))
            wanted = row.make_up == "always" or row.make_up == "auto" and due >= local_day(when)
            if study is None and row.made_up_on is None and not wanted:
                continue
            before = self._before(journal, study) if study is not None else ""
            if study is None:
                study = MakeUpStudy(participation=known.participation, person=person, due_on=due)
                made.append(study)
                self.make_ups[(owner, code)] = study
            else:
                kept[study.pk] = study
            grown = len(away) > study.missed_marks
            study.missed_marks = len(away)
            if row.made_up_on is not None:
                study.stage, study.done_on, study.confirmed_on = (
                    MakeUpStage.CONFIRMED,
                    study.done_on or row.made_up_on,
                    row.made_up_on,
                )
                for name, value in self._told(row).items():
                    setattr(study, name, value or getattr(study, name))
                if row.confirmed_by and row.confirmed_by != code:
                    study.confirmed_by = people.by_code[row.confirmed_by]
            elif study.stage == MakeUpStage.VOID or study.stage == MakeUpStage.CONFIRMED and grown:
                study.stage, study.confirmed_on, study.confirmed_by = MakeUpStage.DUE, None, None
            entries.append((study, "confirm" if row.made_up_on else "open", before, when))
        MakeUpStudy.objects.bulk_create(made, batch_size=BATCH)
        journal.note_made(made)
        check_versions(MakeUpStudy, {pk: study.version for pk, study in kept.items()})
        for study in kept.values():
            study.version += 1
        fields = [
            "stage",
            "done_on",
            "confirmed_on",
            "confirmed_by",
            "content",
            "method",
            "reflection",
            "missed_marks",
            "version",
        ]
        MakeUpStudy.objects.bulk_update(kept.values(), fields, batch_size=BATCH)
        for study, verb, before, when in entries:
            data = {"due_on": str(study.due_on), "missed": study.missed_marks, "intake": True}
            chain = study.participation.committee_id
            if verb != "confirm":
                journal.entries.append(
                    Entry(study, verb, when, before=before, after=study.stage, data=data, chain=chain)
                )
                continue
            # What the row says was done and confirmed was opened and handed in before.
            opened = [("open", "DUE", when)] if before in ("", "VOID", "CONFIRMED") else []
            handed = [] if before == "SUBMITTED" else [("submit", "SUBMITTED", when)]
            made = acts(study, chain, [*opened, *handed, ("confirm", "CONFIRMED", when)], data=data)
            made[0].before = before
            journal.entries += made

    @staticmethod
    def _before(journal: Journal, study: MakeUpStudy) -> str:
        fields = (
            "stage",
            "done_on",
            "confirmed_on",
            "confirmed_by_id",
            "content",
            "method",
            "reflection",
            "missed_marks",
        )
        journal.note_changed(study, {name: getattr(study, name) for name in fields})
        return study.stage

    def _limits(self) -> tuple[Any, dict[int, int]]:
        """Working days and each committee's own number of days, two queries for all."""
        if not self.study:
            return calendar.WorkingDays({}, frozenset()), {}
        days = [part.day for known, _, _ in self.study.values() for part in known.parts]
        committees = {
            known.participation.committee_id: known.participation.committee for known, _, _ in self.study.values()
        }
        values = parameters.values([MAKE_UP_DAYS], committees.values(), self.at.date())
        return (
            calendar.load(min(days), max(days) + timedelta(days=60)),
            {pk: int(found[MAKE_UP_DAYS]) for pk, found in values.items()},
        )


@transaction.atomic
def take_in(rows: Sequence[MarkRow], *, by: Actor, at: datetime) -> Rolls:
    sessions = registers(rows, at=at)
    register = Rolls(sessions, sessions.memberships, at=at)
    register.load(rows)
    settle(register.judge(rows))
    journal = Journal()
    register.write(journal, by=by, at=at)
    journal.record(by=by)
    return register
