"""Many outcomes at once, with their derivation (import, demo).

    take_in(rows, by=, at=)

`source` is the code of the outcome it derives from, in the same intake or there already; it needs a document number.
`session` is (year or None, number): None takes the session of the outcome's year, else of the year before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction

from roster.audit.actions import Actor, Entry
from roster.audit.taking import BATCH, Change, Fate, Fault, Journal, Verdict, acts, rejected, settle, shown
from roster.committees.intake import Committees, check_versions, said_place
from roster.people.intake import Memberships, People
from sessions_app.attachments.models import Attachment
from sessions_app.attendance.actions import local_day
from sessions_app.outcomes.models import Outcome, OutcomeKind, OutcomeStage
from sessions_app.outcomes.rules import MOVES, link_refusals
from sessions_app.plans.intake import Plans
from sessions_app.policies.periods import Gate, load_gate
from sessions_app.sessions.intake import Known, Sessions

COLUMNS = {"day": "日期", "kind": "类型", "title": "名称", "authors": "作者", "document_number": "文号"}


@dataclass(slots=True)
class OutcomeRow:
    code: str
    committee: str
    day: date
    kind: str  # OutcomeKind value
    title: str
    authors: str | None = None
    session: tuple[int | None, int] | None = None
    document_number: str | None = None
    source: str | None = None
    stage: str | None = None  # OutcomeStage value
    adoption: str | None = None
    at: datetime | None = None
    place: Any = None


class Outcomes:
    """The outcomes an intake speaks of, by code, with what they derive from."""

    def __init__(self, committees: Committees, sessions: Sessions, *, at: datetime) -> None:
        self.committees, self.sessions, self.at = committees, sessions, at
        self.gate = Gate({})
        self.by_code: dict[str, Outcome] = {}
        self.with_file: set[int] = set()
        self.refused: dict[str, Any] = {}
        self.new: list[tuple[Outcome, OutcomeRow]] = []
        self.changed: dict[int, tuple[Outcome, OutcomeRow, dict[str, Any]]] = {}
        self.converted: dict[str, tuple[Outcome, str, OutcomeRow]] = {}

    def load(self, rows: Sequence[OutcomeRow]) -> None:
        codes = {code for row in rows for code in (row.code, row.source) if code}
        if not codes:
            return
        years = [row.day.year for row in rows]
        self.gate = load_gate(min(years), max(years))
        for row in Outcome.objects.filter(code__in=codes).select_related("derived_from", "study_session", "committee"):
            self.by_code[row.code] = row
        for row in self.by_code.values():
            if row.derived_from is not None:
                row.derived_from = self.by_code.get(row.derived_from.code, row.derived_from)
        ids = [row.pk for row in self.by_code.values()]
        files = Attachment.objects.filter(subject_type="outcome", subject_id__in=ids, withdrawn_at=None)
        self.with_file = set(files.values_list("subject_id", flat=True))

    def judge(self, rows: Sequence[OutcomeRow]) -> list[Verdict]:
        """Sources before what derives from them, wherever they stand in the sheet."""
        verdicts: dict[int, Verdict] = {}
        first: dict[str, int] = {}
        for index, row in enumerate(rows):
            if row.code in first:
                where = said_place(rows[first[row.code]].place)
                verdicts[index] = rejected(
                    row,
                    Fault("成果编码", row.code, f"成果编码“{row.code}”前面{where}已经用过，请改编码或删去重复的行。"),
                )
            else:
                first[row.code] = index
        waiting = [index for index in range(len(rows)) if index not in verdicts]
        while waiting:
            left = {rows[index].code for index in waiting}
            ready = [
                index for index in waiting if rows[index].source not in left or rows[index].source == rows[index].code
            ]
            for index in ready or waiting:
                row = rows[index]
                verdicts[index] = (
                    self._judge(row)
                    if ready
                    else rejected(
                        row, Fault("来源成果编码", row.source or "", "来源成果互相指向，成了一个圈，请改正其中一个。")
                    )
                )
                if verdicts[index].fate is Fate.REJECTED:
                    self.refused.setdefault(row.code, row.place)
            done = set(ready or waiting)
            waiting = [index for index in waiting if index not in done]
        return [verdicts[index] for index in range(len(rows))]

    def _session(self, row: OutcomeRow) -> tuple[Known | None, Fault | None]:
        if row.session is None:
            return None, None
        year, number = row.session
        for one in (year,) if year else (row.day.year, row.day.year - 1):
            known = self.sessions.by_key.get((row.committee, one, number))
            if known and (year or known.session.day <= row.day):
                return known, None
        key = (row.committee, year or row.day.year, number)
        if key in self.sessions.refused:
            reason = f"来源的第 {number} 次学习所在的那一行{said_place(self.sessions.refused[key])}未被接受，请先改正那一行。"
        else:
            reason = f"没有 {key[1]} 年第 {number} 次学习，或它晚于成果日期；请核对，往年的写成 {row.day.year - 1}-{number}。"
        return None, Fault("来源期次", str(number), reason)

    def _source(self, row: OutcomeRow, known: Outcome | None, faults: list[Fault]) -> Outcome | None:
        if not row.source:
            return None
        source = self.by_code.get(row.source)
        if row.source == row.code:
            faults.append(Fault("来源成果编码", row.source, "来源成果编码就是本行的编码，请填转化前那项成果的编码。"))
        elif source is None and row.source in self.refused:
            where = said_place(self.refused[row.source])
            faults.append(
                Fault(
                    "来源成果编码", row.source, f"来源成果“{row.source}”所在的那一行{where}未被接受，请先改正那一行。"
                )
            )
        elif source is None:
            faults.append(
                Fault("来源成果编码", row.source, f"没有编码为“{row.source}”的成果，请核对，或先登记那项成果。")
            )
        elif known is None or known.derived_from is not source:
            step: Outcome | None = source
            while step is not None and step is not known:
                step = step.derived_from
            number = row.document_number or (known.document_number if known else "")
            faults += [
                Fault("来源成果编码", row.source, reason)
                for reason in link_refusals(
                    document_number=number, has_file=bool(known and known.pk in self.with_file), day=row.day, source_day=source.day,
                    source_title=source.title, source_stage=source.stage, source_withdrawn=source.is_withdrawn,
                    in_circle=known is not None and step is known,
                )
            ]  # fmt: skip
        return source

    def _judge(self, row: OutcomeRow) -> Verdict:
        committee, fault = self.committees.find(row.committee)
        if committee is None:
            return rejected(row, *([fault] if fault else []))
        faults: list[Fault] = []
        if row.day > local_day(row.at or self.at):
            faults.append(Fault("日期", shown(row.day), "成果日期还没有到，请核对。"))
        session, fault = self._session(row)
        faults += [fault] if fault else []
        known = self.by_code.get(row.code)
        if known is not None and known.committee.code != row.committee:
            faults.append(Fault("成果编码", row.code, f"成果编码“{row.code}”已被另一个委员会使用，请换一个编码。"))
            return rejected(row, *faults)
        source = self._source(row, known, faults)
        if faults:
            return rejected(row, *faults)
        values: dict[str, Any] = {name: getattr(row, name) for name in COLUMNS}
        wanted = {
            name: v for name, v in values.items() if v is not None and (known is None or v != getattr(known, name))
        }
        moved = session is not None and (
            known is None or known.study_session_id != session.session.pk or session.session.pk is None
        )
        linked = source is not None and (known is None or known.derived_from is not source)
        if known is not None and not wanted and not moved and not linked:
            return Verdict(row, Fate.SAME)
        if known is not None and known.is_withdrawn:
            return rejected(row, Fault("成果编码", row.code, f"这项成果已撤销（{known.withdrawn_reason}），不能再改。"))
        for day in {row.day, *([known.day] if known else [])}:
            if shut := self.gate.refusal(committee.path, day):
                return rejected(row, Fault("日期", shown(day), shut))
        if known is None:
            made = Outcome(
                code=row.code, committee=committee, entered_at=row.at or self.at, stage=row.stage or OutcomeStage.REGISTERED,
                adoption=row.adoption or "", study_session=session.session if session else None, derived_from=source,
                **{name: v for name, v in values.items() if v is not None},
            )  # fmt: skip
            self.by_code[row.code] = made
            self.new.append((made, row))
            self._convert(source, row)
            return Verdict(row, Fate.NEW)
        before: dict[str, Any] = {name: getattr(known, name) for name in wanted}
        changes = [
            Change(COLUMNS[name], _word(name, before[name]), _word(name, value)) for name, value in wanted.items()
        ]
        for name, value in wanted.items():
            setattr(known, name, value)
        if moved and session:
            before["study_session_id"] = known.study_session_id
            changes.append(Change("来源期次", "", session.label))
            known.study_session = session.session
        if linked and source:
            before["derived_from_id"] = known.derived_from_id
            changes.append(Change("来源成果编码", known.derived_from.code if known.derived_from else "", source.code))
            known.derived_from = source
            self._convert(source, row)
        self.changed[known.pk] = (known, row, before)
        return Verdict(row, Fate.CHANGED, changes)

    def _convert(self, source: Outcome | None, row: OutcomeRow) -> None:
        """The first result that derives from an outcome makes it 已转化."""
        if source is not None and source.stage != OutcomeStage.CONVERTED:
            before, source.stage = source.stage, MOVES.target(source.stage, "convert")
            self.converted[source.code] = (source, before, row)

    @transaction.atomic
    def write(self, journal: Journal, *, by: Actor, at: datetime) -> None:
        todo = [made for made, _ in self.new]
        while todo:  # sources first
            ready = [made for made in todo if made.derived_from is None or made.derived_from.pk]
            Outcome.objects.bulk_create(ready, batch_size=BATCH)
            done = {made.code for made in ready}
            todo = [made for made in todo if made.code not in done]
        journal.note_made(made for made, _ in self.new)
        new = {made.code for made, _ in self.new}
        converted = [(source, before, row) for source, before, row in self.converted.values() if source.code not in new]
        check_versions(Outcome, {
            **{pk: known.version for pk, (known, _, _) in self.changed.items()},
            **{source.pk: source.version for source, _, _ in converted},
        })  # fmt: skip
        for made, row in self.new:
            data = {
                "code": made.code,
                "derived_from": made.derived_from.code if made.derived_from else "",
                "intake": True,
            }
            when, verbs = row.at or at, {"ADOPTED": "adopt", "CONVERTED": "convert", "NOT_ADOPTED": "reject"}
            steps = [("register", "REGISTERED", when)]
            if made.stage in verbs:
                steps.append((verbs[made.stage], str(made.stage), when))
            journal.entries += acts(made, made.committee_id, steps, data=data)
        rows: dict[int, Outcome] = {}
        for source, before, row in converted:
            rows[source.pk] = source
            journal.note_changed(source, {"stage": before})
            entry = Entry(
                source,
                "convert",
                row.at or at,
                before=before,
                after=source.stage,
                data={"by": row.code},
                chain=source.committee_id,
            )
            journal.entries.append(entry)
        for known, row, kept in self.changed.values():
            rows[known.pk] = known
            journal.note_changed(known, kept)
            told = {name: [shown(old), shown(getattr(known, name))] for name, old in kept.items()}
            data = {"changes": told, "intake": True}
            entry = Entry(
                known, "edit", row.at or at, before=known.stage, after=known.stage, data=data, chain=known.committee_id
            )
            journal.entries.append(entry)
        for known in rows.values():
            known.version += 1
        fields = [*COLUMNS, "study_session", "derived_from", "stage", "version"]
        Outcome.objects.bulk_update(rows.values(), fields, batch_size=BATCH)


def _word(name: str, value: Any) -> str:
    return str(OutcomeKind(value).label) if name == "kind" and value else shown(value)


@transaction.atomic
def take_in(rows: Sequence[OutcomeRow], *, by: Actor, at: datetime) -> Outcomes:
    committees, people = Committees(), People()
    committees.load({row.committee for row in rows})
    memberships = Memberships(committees, people)
    sessions = Sessions(committees, people, memberships, Plans(committees, at=at), at=at)
    sessions.load([], rows)
    register = Outcomes(committees, sessions, at=at)
    register.load(rows)
    settle(register.judge(rows))
    journal = Journal()
    register.write(journal, by=by, at=at)
    journal.record(by=by)
    return register
