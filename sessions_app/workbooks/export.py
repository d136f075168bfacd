"""The same sheets back: what is there, in the words of the workbook. Importing it changes nothing."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import IO, Any

import xlsxwriter
from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Length

from roster.committees.models import Committee
from roster.corps.models import Expert
from roster.people.models import Membership, Person, StudySecretary
from sessions_app.attendance.models import AttendanceMark, MakeUpStage, MakeUpStudy
from sessions_app.outcomes.models import Outcome
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.sessions.intake import day_parts
from sessions_app.sessions.models import (
    TOOK_PLACE,
    Form,
    Participation,
    ParticipationState,
    SessionPart,
    SessionStage,
    Speech,
    StudySession,
)
from sessions_app.workbooks.lines import said_agenda, said_extras, said_parts, said_readings
from sessions_app.workbooks.rules import REJECTED_COLUMN, SHEETS, Column, neutral
from sessions_app.workbooks.sheets import half

ORDER = list(SHEETS)


@dataclass(frozen=True)
class Wanted:
    """What to export. `committees` None is everything; `person_ids` None follows the committees."""

    sheets: Sequence[str] = tuple(ORDER)
    committees: "QuerySet[Committee] | None" = None
    year: int | None = None
    today: date | None = None  # sessions before it that were never held are left out

    def scoped(self, rows: Any, field: str = "committee") -> Any:
        return rows if self.committees is None else rows.filter(**{f"{field}__in": self.committees.values("pk")})


def shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def yes(value: bool) -> str:
    return "是" if value else ""


def uneven(session: StudySession, days: Any) -> str:
    """The parts, where day, times and number of days do not give them."""
    parts = list(session.parts.all())
    if not parts:
        return ""
    usual = day_parts(session.day, days, parts[0].starts_at, parts[0].ends_at)
    same = [(p.day, p.starts_at, p.ends_at, p.days) for p in parts] == [
        (p.day, p.starts_at, p.ends_at, p.days) for p in usual
    ]
    return "" if same else said_parts(parts)


def committees(wanted: Wanted) -> Iterator[list[Any]]:
    for row in wanted.scoped(Committee.objects.select_related("parent").order_by("path"), "pk"):
        yield [
            row.code, row.name, row.short_name, row.get_kind_display(), row.get_level_display(),
            row.parent.code if row.parent else "", row.sort_order, row.since, row.until, yes(row.by_reference),
        ]  # fmt: skip


def people(wanted: Wanted) -> Iterator[list[Any]]:
    rows = Person.objects.order_by("code")
    if wanted.committees is not None:
        members = wanted.scoped(Membership.objects.all()).values("person")
        secretaries_ = wanted.scoped(StudySecretary.objects.all()).values("person")
        experts_ = _pool(wanted).values("person")
        rows = rows.filter(pk__in=members.union(secretaries_, experts_))
    for row in rows:
        yield [row.code, row.name, row.phone, row.email]


def memberships(wanted: Wanted) -> Iterator[list[Any]]:
    rows = wanted.scoped(Membership.objects.select_related("committee", "person"))
    for row in rows.order_by("committee__path", "rank", "since", "id"):
        yield [
            row.committee.code, row.person.code, row.get_group_role_display(), row.post, row.rank, row.since, row.until,
            yes(row.primary_responsible), row.end_reason,
        ]  # fmt: skip


def secretaries(wanted: Wanted) -> Iterator[list[Any]]:
    rows = wanted.scoped(StudySecretary.objects.select_related("committee", "person"))
    for row in rows.order_by("committee__path", "since", "id"):
        yield [row.committee.code, row.person.code, row.since, row.until]


def _pool(wanted: Wanted) -> Any:
    """The experts of the highest committee asked for: it is the pool an import of the same reader goes to."""
    tops = Committee.objects.filter(parent=None) if wanted.committees is None else wanted.committees
    top = tops.order_by(Length("path"), "path").values("pk")[:1]
    return Expert.objects.filter(committee__in=list(top.values_list("pk", flat=True)))


def experts(wanted: Wanted) -> Iterator[list[Any]]:
    for row in _pool(wanted).select_related("person", "unit").order_by("person__code", "since", "id"):
        unit = row.unit.name if row.unit else row.unit_name
        yield [row.person.code, unit, "、".join(row.fields), row.since, row.until]


def plan_items(wanted: Wanted) -> Iterator[list[Any]]:
    """The newest edition of each year: it is the one an import is compared with."""
    plans = wanted.scoped(StudyPlan.objects.newest())
    if wanted.year:
        plans = plans.filter(year=wanted.year)
    rows = PlanItem.objects.filter(plan__in=plans.values("pk")).select_related("plan__committee")
    said: set[int] = set()
    for row in rows.order_by("plan__committee__path", "plan__year", "serial"):
        head = ("", "") if row.plan_id in said else (row.plan.aim, row.plan.requirements)
        said.add(row.plan_id)
        yield [
            row.plan.committee.code, row.plan.year, row.serial, row.quarter, row.month, row.topic, row.category,
            row.get_mode_display(), row.speakers, row.expected_outcome, row.materials, row.chair, row.department,
            row.research_topic, row.note, *head,
        ]  # fmt: skip


def _participations(wanted: Wanted) -> Any:
    """Committee-sessions the sheet has a word for: held, cancelled, or still to come."""
    rows = wanted.scoped(Participation.objects.filter(state=ParticipationState.ACCEPTED, number__gt=0))
    if wanted.year:
        rows = rows.filter(year=wanted.year)
    said = [*TOOK_PLACE, SessionStage.CANCELLED]
    ahead = rows.filter(day__gt=wanted.today) if wanted.today else rows
    return rows.filter(study_session__stage__in=said) | ahead.exclude(study_session__stage__in=said)


def sessions(wanted: Wanted) -> Iterator[list[Any]]:
    times = {
        part.study_session_id: part
        for part in SessionPart.objects.filter(
            order=1, study_session__participations__in=_participations(wanted).values("pk")
        )
    }
    rows = _participations(wanted).select_related(
        "committee", "study_session__chair", "study_session__recorder", "plan_item"
    ).prefetch_related(
        "study_session__materials", "study_session__agenda__lead_reader", "study_session__extras",
        "study_session__parts",
    )  # fmt: skip
    names = _names_twice(rows)
    for row in rows.order_by("committee__path", "year", "number"):
        session, part = row.study_session, times.get(row.study_session_id)
        cancelled = session.stage == SessionStage.CANCELLED
        chair, recorder = session.chair, session.recorder
        yield [
            row.committee.code, row.year, row.number, session.day, f"{part.starts_at:%H:%M}" if part and part.starts_at else "",
            f"{part.ends_at:%H:%M}" if part and part.ends_at else "", half(row.days), session.place, session.topic,
            session.get_mode_display(), "" if chair is None else chair.code if chair.name in names else chair.name,
            row.plan_item.serial if row.plan_item else "", "取消" if cancelled else "已召开",
            session.cancel_reason if cancelled else session.late_reason, session.get_form_display(), session.category,
            "" if recorder is None else recorder.code, session.contact, session.self_study, session.leave_rule,
            yes(session.is_expanded), said_readings(session.materials.all()), said_agenda(session.agenda.all()),
            said_extras(session.extras.all()), uneven(session, row.days),
        ]  # fmt: skip


def _names_twice(rows: Any) -> set[str]:
    """Names that more than one person bears: a chair of such a name is written by code."""
    chairs = rows.values("study_session__chair__name")
    found = Person.objects.filter(name__in=chairs).values("name").annotate(n=Count("pk")).filter(n__gt=1)
    return set(found.values_list("name", flat=True))


def _split_rolls(wanted: Wanted) -> set[int]:
    """Participations in which somebody's marks differ from part to part: their rows name the part."""
    ids = _participations(wanted).filter(part_count__gt=1).values("pk")
    groups = AttendanceMark.objects.filter(participation__in=ids).values("participation", "person")
    several = groups.annotate(statuses=Count("status", distinct=True), reasons=Count("reason", distinct=True))
    split = several.exclude(statuses=1, reasons=1)
    return set(split.values_list("participation", flat=True))


def marks(wanted: Wanted, split: set[int]) -> Iterator[list[Any]]:
    shown_rows = _participations(wanted).values("pk")
    confirmed = {
        (participation, person): rest
        for participation, person, *rest in MakeUpStudy.objects.filter(
            stage=MakeUpStage.CONFIRMED, participation__in=shown_rows
        ).values_list("participation_id", "person_id", "confirmed_on", "done_on", "method", "content", "reflection")
    }
    words = dict(AttendanceMark._meta.get_field("status").flatchoices)
    rows = AttendanceMark.objects.filter(participation__in=shown_rows).order_by(
        "participation__committee__path", "participation__year", "participation__number", "part__order", "person__code"
    )
    values = rows.values_list(
        "participation_id", "person_id", "participation__committee__code", "participation__year", "participation__number",
        "person__code", "status", "reason", "part__order", "is_late", "left_early",
    )  # fmt: skip
    seen: set[tuple[int, int]] = set()
    for participation, person, code, year, number, who, status, reason, order, is_late, early in values.iterator(
        chunk_size=5000
    ):
        if participation not in split:
            if (participation, person) in seen:
                continue
            seen.add((participation, person))
        away = status in ("ON_LEAVE", "ABSENT")
        nothing = ["", "", "", "", ""]
        made_up, *study = (confirmed.get((participation, person)) if away else None) or nothing
        part = order if participation in split else ""
        yield [code, year, number, who, words[status], reason, made_up, part, yes(is_late), yes(early), *study]


def speeches(wanted: Wanted) -> Iterator[list[Any]]:
    rows = Speech.objects.filter(participation__in=_participations(wanted).values("pk")).select_related(
        "participation__committee", "speaker"
    )
    order = ("participation__committee__path", "participation__year", "participation__number", "order", "id")
    for row in rows.order_by(*order):
        where = row.participation
        yield [where.committee.code, where.year, where.number, row.speaker.code, row.get_kind_display(), row.title, row.text,
               row.link_to_work, row.proposal]  # fmt: skip


def outcomes(wanted: Wanted) -> Iterator[list[Any]]:
    rows = wanted.scoped(Outcome.objects.filter(is_withdrawn=False).select_related("committee", "derived_from"))
    if wanted.year:
        rows = rows.filter(day__year=wanted.year)
    numbers = {
        (session, committee): (year, number, day)
        for session, committee, year, number, day in Participation.objects.filter(study_session__outcomes__in=rows.values("pk"))
        .values_list("study_session_id", "committee_id", "year", "number", "day").distinct()
    }  # fmt: skip
    for row in rows.order_by("committee__path", "day", "code"):
        found = numbers.get((row.study_session_id, row.committee_id))
        source = ""
        if found:
            year, number, _ = found
            source = number if year == row.day.year else f"{year}-{number}"
        yield [
            row.code, row.committee.code, row.day, row.get_kind_display(), row.title, row.authors, source, row.document_number,
            row.derived_from.code if row.derived_from else "",
        ]  # fmt: skip


def _used(name: str, wanted: Wanted, split: bool) -> tuple[list[Column], list[int]]:
    """The given columns, and of the others those in which something stands; their places in a row."""
    sheet = SHEETS[name]
    used = _filled(name, wanted) | ({"时段"} if split else set())
    more = [place for place, column in enumerate(sheet.more) if column.heading in used]
    kept = [*range(len(sheet.columns)), *(len(sheet.columns) + place for place in more)]
    return [*sheet.columns, *(sheet.more[place] for place in more)], kept


def _text(name: str) -> Q:
    return ~Q(**{name: ""})


def _filled(name: str, wanted: Wanted) -> set[str]:
    """Which of the further columns hold anything; a query each, whatever the number of rows."""
    if name not in FILLED:
        return set()
    rows = SOURCES[name](wanted)
    return {heading for heading, query in FILLED[name].items() if rows.filter(query).exists()}


def _plan_rows(wanted: Wanted) -> Any:
    plans = wanted.scoped(StudyPlan.objects.newest())
    return PlanItem.objects.filter(plan__in=(plans.filter(year=wanted.year) if wanted.year else plans).values("pk"))


def _mark_rows(wanted: Wanted) -> Any:
    return AttendanceMark.objects.filter(participation__in=_participations(wanted).values("pk"))


def _speech_rows(wanted: Wanted) -> Any:
    return Speech.objects.filter(participation__in=_participations(wanted).values("pk"))


SOURCES = {
    "委员会": lambda wanted: wanted.scoped(Committee.objects.all(), "pk"),
    "成员": lambda wanted: wanted.scoped(Membership.objects.all()),
    "年度计划": _plan_rows, "学习场次": _participations, "考勤": _mark_rows, "发言": _speech_rows,
}  # fmt: skip
CONFIRMED = Q(participation__make_ups__stage=MakeUpStage.CONFIRMED)
FILLED: dict[str, dict[str, Q]] = {
    "委员会": {"参照执行": Q(by_reference=True)},
    "成员": {"第一责任人": Q(primary_responsible=True), "变动原因": _text("end_reason")},
    "年度计划": {
        "学习篇目": _text("materials"), "主持人": _text("chair"), "责任部门": _text("department"),
        "调研题目": _text("research_topic"), "备注": _text("note"), "学习目标": _text("plan__aim"),
        "学习要求": _text("plan__requirements"),
    },
    "学习场次": {
        "学习形式": ~Q(study_session__form=Form.GROUP_STUDY), "内容类别": Q(study_session__category__isnull=False),
        "记录人": Q(study_session__recorder__isnull=False), "联系人": _text("study_session__contact"),
        "会前自学要求": _text("study_session__self_study"), "请假规定": _text("study_session__leave_rule"),
        "扩大学习": Q(study_session__is_expanded=True), "学习篇目": Q(study_session__materials__isnull=False),
        "议程": Q(study_session__agenda__isnull=False), "列席人员": Q(study_session__extras__isnull=False),
        "各时段": Q(part_count__gt=1) | Q(study_session__parts__days__lt=1),
    },
    "考勤": {
        "迟到": Q(is_late=True), "早退": Q(left_early=True),
        "补学日期": CONFIRMED & ~Q(participation__make_ups__done_on=F("participation__make_ups__confirmed_on")),
        "补学方式": CONFIRMED & _text("participation__make_ups__method"),
        "补学内容": CONFIRMED & _text("participation__make_ups__content"),
        "学习体会": CONFIRMED & _text("participation__make_ups__reflection"),
    },
    "发言": {"提纲或全文": _text("text"), "联系实际": _text("link_to_work"), "对策建议": _text("proposal")},
}  # fmt: skip
READERS = {
    "委员会": committees, "人员": people, "成员": memberships, "学习秘书": secretaries, "专家": experts, "年度计划": plan_items, "学习场次": sessions,
    "发言": speeches, "成果": outcomes,
}  # fmt: skip


class Writer:
    """Sheets of texts: nothing in a cell is ever a formula."""

    def __init__(self, out: Path | IO[bytes], *, flat: bool = True) -> None:
        # In order of sheets and rows, so that memory stays flat.
        self.book = xlsxwriter.Workbook(out if not isinstance(out, Path) else str(out), {"constant_memory": flat})
        self.book.set_properties({"title": "知行 工作簿", "comments": "非涉密系统，严禁处理涉密信息"})
        self.head = self.book.add_format({"bold": True, "bg_color": "#f5f6f8", "bottom": 1})
        self.text = self.book.add_format({"num_format": "@"})

    def sheet(self, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> int:
        sheet = self.book.add_worksheet(name)
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width, self.text)
            sheet.write_string(0, place, column.label, self.head)
        count = 0
        for count, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                if isinstance(value, int) and not isinstance(value, bool):
                    sheet.write_number(count, place, value)
                elif value not in (None, ""):
                    sheet.write_string(count, place, neutral(shown(value)))
        return count

    def close(self) -> None:
        self.book.close()


def export(out: Path | IO[bytes], wanted: Wanted | None = None) -> dict[str, int]:
    """Write the wanted sheets; rows written by sheet."""
    wanted = wanted or Wanted()
    writer = Writer(out)
    counts = {}
    for name in ORDER:
        if name not in wanted.sheets:
            continue
        split = _split_rolls(wanted) if name == "考勤" else set()
        rows: Iterable[Sequence[Any]] = marks(wanted, split) if name == "考勤" else READERS[name](wanted)
        columns, kept = _used(name, wanted, bool(split))
        counts[name] = writer.sheet(name, columns, ([row[place] for place in kept] for row in rows))
    writer.close()
    return counts


def rejected(out: Path | IO[bytes], lines: Iterable[tuple[str, dict[str, str], str]]) -> None:
    """Rows that were not imported, as they stood, each with its reason: (sheet, cells by heading, reason)."""
    by_sheet: dict[str, list[tuple[dict[str, str], str]]] = {}
    for name, cells, reason in lines:
        by_sheet.setdefault(name, []).append((cells, reason))
    writer = Writer(out)
    for name in [*ORDER, *(name for name in by_sheet if name not in ORDER)]:
        if name not in by_sheet:
            continue
        if name not in SHEETS:
            headings = list(by_sheet[name][0][0])
            columns = (*(Column(heading, width=24) for heading in headings), Column(REJECTED_COLUMN, width=60))
            lines_ = ([*(cells.get(h, "") for h in headings), reason] for cells, reason in by_sheet[name])
            writer.sheet(name[:31], columns, lines_)
            continue
        extra = [c.heading for c in SHEETS[name].more if any(c.heading in cells for cells, _ in by_sheet[name])]
        columns = (*SHEETS[name].columns, *(Column(heading) for heading in extra), Column(REJECTED_COLUMN, width=60))
        headings = [column.heading for column in columns[:-1]]
        writer.sheet(
            name, columns, ([*(cells.get(h, "") for h in headings), reason] for cells, reason in by_sheet[name])
        )
    writer.close()
