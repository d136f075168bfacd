"""Every change to parameters, working days and periods; and the gate every dated write passes."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import chinese_calendar
from django.db import transaction

from roster.audit.actions import Actor, record, saying
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.committees.rules import period_reasons, said
from sessions_app.policies.models import Period, PolicyParameter, WorkingDay
from sessions_app.policies.moves import MOVES
from sessions_app.policies.periods import load_gate
from sessions_app.policies.rules import KEYS, kept, period_last_day, shown

PARAMETER_TWICE = "这个参数在同一范围、同一天已有一个值，请刷新后核对。"


@transaction.atomic
def set_parameter(
    *, key: str, committee: Committee, value: Any, since: date, until: date | None = None, source: str, by: Actor,
    at: datetime,
) -> PolicyParameter:  # fmt: skip
    """The value for a committee and all below it from `since`; the one in force before ends the day before."""
    if key not in KEYS:
        raise Refused("没有这个参数，请从列表中选择。")
    value = kept(key, value)
    Committee.objects.lock(committee.pk)
    rows = PolicyParameter.objects.filter(key=key, committee=committee)
    reasons = period_reasons(since, until)
    if not source.strip():
        reasons.append("请写明依据，如文件名称和文号。")
    if rows.filter(since=since).exists():
        reasons.append(f"这个范围已有自 {said(since)} 起的值；请先结束它，或改生效日期。")
    later = rows.filter(since__gt=since).order_by("since").first()
    if later is not None and (until is None or until >= later.since):
        reasons.append(f"已有自 {said(later.since)} 起的值，新值的失效日期应早于这一天。")
    if reasons:
        raise Refused(reasons)
    before = rows.on(since).first()
    if before is not None:
        before.until = since - timedelta(days=1)
        before.save_changed()
    row = PolicyParameter(key=key, committee=committee, value=value, since=since, until=until, source=source.strip())
    with saying({"parameter_one_start": PARAMETER_TWICE}):
        row.save()
    record(
        row, verb="设定参数", by=by, at=at, before=shown(key, before.value) if before else "", after=shown(key, value),
        reason=source, data={"key": key, "value": value, "since": since.isoformat()},
    )  # fmt: skip
    return row


@transaction.atomic
def end_parameter(row: PolicyParameter, *, until: date, version: int, by: Actor, at: datetime) -> PolicyParameter:
    """`until` is the last day it holds; afterwards the value from above, or the default."""
    row = PolicyParameter.objects.lock(row.pk, version)
    reasons = period_reasons(row.since, until)
    if row.until is not None and row.until <= until:
        reasons.append(f"这个值到 {said(row.until)} 已失效。")
    if reasons:
        raise Refused(reasons)
    row.until = until
    row.save_changed()
    record(row, verb="结束参数", by=by, at=at, before=shown(row.key, row.value), data={"until": until.isoformat()})
    return row


@transaction.atomic
def set_working_day(*, day: date, is_working: bool, note: str = "", by: Actor, at: datetime) -> WorkingDay:
    """The administrator's word on one day; a later seeding leaves it alone."""
    row = WorkingDay.objects.select_for_update().filter(day=day).first() or WorkingDay(day=day, version=0)
    before = "" if row.pk is None else ("工作日" if row.is_working else "休息日")
    row.is_working, row.note, row.overridden = is_working, note.strip(), True
    with saying({"day": "这一天刚刚被他人改过，请刷新后核对。"}):
        row.save_changed()
    record(row, verb="调整工作日", by=by, at=at, before=before, after="工作日" if is_working else "休息日", reason=note)
    return row


@transaction.atomic
def seed_working_days(years: Iterable[int], *, by: Actor, at: datetime) -> list[int]:
    """Write the published calendar of these years; days set by hand stay. Returns the years not published yet."""
    unknown: list[int] = []
    for year in sorted(set(years)):
        rows = _published(year)
        if not rows:
            unknown.append(year)
            continue
        kept = set(WorkingDay.objects.filter(day__year=year, overridden=True).values_list("day", flat=True))
        WorkingDay.objects.bulk_create(
            [row for row in rows if row.day not in kept],
            update_conflicts=True,
            unique_fields=["day"],
            update_fields=["is_working", "note"],
        )
        record(
            WorkingDay(day=date(year, 1, 1)), verb="导入工作日历", by=by, at=at, data={"year": year, "kept": len(kept)}
        )
    return unknown


def _published(year: int) -> list[WorkingDay]:
    rows = []
    day = date(year, 1, 1)
    try:
        while day.year == year:
            free, name = chinese_calendar.get_holiday_detail(day)
            works = chinese_calendar.is_workday(day)
            holiday = chinese_calendar.Holiday(name).chinese if name else ""
            note = f"{holiday}调休上班" if holiday and works else holiday
            rows.append(WorkingDay(day=day, is_working=not free, note=note))
            day += timedelta(days=1)
    except NotImplementedError:
        return []
    return rows


def require_open(committee: Committee, day: date) -> None:
    """Raises Refused when the day's quarter or year is closed or frozen for the committee or anybody above it."""
    sentence = load_gate(day.year, day.year).refusal(committee.path, day)
    if sentence:
        raise Refused(sentence)


def _same_person(first: Any, second: Any) -> bool:
    return first.pk == second.pk or (first.person_id is not None and first.person_id == second.person_id)


@transaction.atomic
def close_period(*, committee: Committee, year: int, quarter: int = 0, by: Actor, at: datetime) -> Period:
    """Nothing dated into it is written any more, for the committee and all below. Refused before its last day is over."""
    last = period_last_day(year, quarter)
    if at.date() <= last:
        raise Refused(f"{Period(year=year, quarter=quarter)}到 {said(last)} 才结束，结束之后才能截止。")
    Period.objects.get_or_create(committee=committee, year=year, quarter=quarter)
    row: Period = Period.objects.select_for_update(of=("self",)).get(committee=committee, year=year, quarter=quarter)
    return _move(row, "close", by=by, at=at)


@transaction.atomic
def reopen_period(period: Period, *, reason: str, version: int, by: Actor, at: datetime) -> Period:
    """Closed again becomes open, with a reason. Frozen periods are unfrozen first, by two persons."""
    if not reason.strip():
        raise Refused("请写明重新开放的原因。")
    return _move(Period.objects.lock(period.pk, version), "reopen", by=by, at=at, reason=reason)


@transaction.atomic
def freeze_period(period: Period, *, version: int, by: Actor, at: datetime) -> Period:
    return _move(Period.objects.lock(period.pk, version), "freeze", by=by, at=at)


@transaction.atomic
def ask_unfreeze(period: Period, *, reason: str, version: int, by: Actor, at: datetime) -> Period:
    """The first of two persons."""
    row: Period = Period.objects.lock(period.pk, version)
    MOVES.target(row.stage, "unfreeze")
    reasons = []
    if not reason.strip():
        reasons.append("请写明解冻原因。")
    if row.unfreeze_asked_by_id:
        reasons.append(f"{row.unfreeze_asked_by}已申请解冻，等待另一人同意。")
    if reasons:
        raise Refused(reasons)
    row.unfreeze_asked_by_id, row.unfreeze_reason = by.pk, reason.strip()
    row.save_changed()
    record(
        row, verb="申请解冻", by=by, at=at, before=row.get_stage_display(), after=row.get_stage_display(), reason=reason
    )
    return row


@transaction.atomic
def agree_unfreeze(period: Period, *, version: int, by: Actor, at: datetime) -> Period:
    """The second of two persons, compared by person: frozen becomes closed."""
    row: Period = Period.objects.lock(period.pk, version)
    if row.unfreeze_asked_by is None:
        raise Refused("还没有人申请解冻。")
    if _same_person(row.unfreeze_asked_by, by):
        raise Refused("解冻须由另一人同意，申请人不能同意自己的申请。")
    reason, row.unfreeze_asked_by, row.unfreeze_reason = row.unfreeze_reason, None, ""
    return _move(row, "unfreeze", by=by, at=at, reason=reason)


@transaction.atomic
def refuse_unfreeze(period: Period, *, version: int, by: Actor, at: datetime) -> Period:
    """The asking is taken off, by the one who asked or by another; the period stays frozen."""
    row: Period = Period.objects.lock(period.pk, version)
    if row.unfreeze_asked_by is None:
        raise Refused("还没有人申请解冻。")
    reason, row.unfreeze_asked_by, row.unfreeze_reason = row.unfreeze_reason, None, ""
    row.save_changed()
    stage = row.get_stage_display()
    record(row, verb="撤下解冻申请", by=by, at=at, before=stage, after=stage, reason=reason)
    return row


def _move(row: Period, verb: str, *, by: Actor, at: datetime, reason: str = "") -> Period:
    before = row.get_stage_display()
    row.stage = MOVES.target(row.stage, verb)
    row.save_changed()
    record(
        row,
        verb=f"{MOVES.moves[verb].label}期间",
        by=by,
        at=at,
        before=before,
        after=row.get_stage_display(),
        reason=reason,
    )
    return row
