"""Raising a finding, and the department's word on whether it stands. What follows: plan_, evidence_, closing_actions."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Max, Q

from roster.accounts.models import User
from roster.audit.actions import Actor, changes, record, saying
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.findings import rules
from sessions_app.findings.ground import day_of, lock, tell
from sessions_app.findings.models import COUNTED, Finding, FindingStage, ProblemType, Source
from sessions_app.findings.rules import MOVES
from sessions_app.policies import parameters
from sessions_app.visits.models import SAT_IN, ObservationVisit, Opening, ScoreItem


def _lock_numbers(department_id: int) -> Committee:
    """One finding at a time of a department: numbers have no gap and nobody gets the same one."""
    return Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=department_id)


def _next_serial(department_id: int, year: int, source: str) -> int:
    rows = Finding.objects.filter(department_id=department_id, year=year, source=source)
    return (rows.aggregate(last=Max("serial"))["last"] or 0) + 1


def last_of_kind(committee: Committee, type_id: int, found_on: date, *, but: Finding | None = None) -> Finding | None:
    """The latest confirmed finding of the same committee and type, as long back as the local rule says.

    What another observer of the same visit wrote down is the same occurrence, not its return.
    """
    months = parameters.value("finding_recurrence_months", committee, found_on)
    rows = Finding.objects.filter(
        committee=committee, type_id=type_id, stage__in=COUNTED, found_on__lte=found_on,
        found_on__gte=rules.months_before(found_on, months),
    )  # fmt: skip
    if but is not None:
        rows = rows.exclude(pk=but.pk)
        if but.visit_id:
            rows = rows.filter(~Q(visit_id=but.visit_id) | Q(visit_id=None))
    found: Finding | None = rows.order_by("-found_on", "-pk").first()
    return found


@transaction.atomic
def raise_finding(
    committee: Committee, *, department: Committee, source: str, type: ProblemType, text: str, found_on: date,
    basis: str = "", is_systemic: bool = False, visit: ObservationVisit | None = None,
    score_item: ScoreItem | None = None, form_token: str = "", by: Actor, at: datetime,
) -> Finding:  # fmt: skip
    """A numbered finding, to be confirmed. It remembers its visit and checklist line, and what it repeats.

    The same `form_token` raises it once.
    """
    department = _lock_numbers(department.pk)
    if form_token:
        made: Finding | None = Finding.objects.filter(form_token=form_token, committee=committee).first()
        if made is not None:
            return made
    if source not in Source.values:
        raise Refused("请选择来源。")
    type_now = ProblemType.objects.get(pk=type.pk)
    wrong = rules.raise_refusals(
        text=text, found_on=found_on, today=day_of(at), below=committee.path.startswith(department.path), source=source,
        has_visit=visit is not None, visit_fits=_fits(visit, score_item, committee, department), active=type_now.is_active,
    )  # fmt: skip
    if len(basis.strip()) > 300:
        wrong.append("依据超过 300 字，请精简。")
    if wrong:
        raise Refused(wrong)
    row = Finding(
        committee=committee, department=department, source=source, year=found_on.year,
        serial=_next_serial(department.pk, found_on.year, source), type=type_now, text=text.strip(), basis=basis.strip(),
        is_systemic=is_systemic, found_on=found_on, found_by_id=by.person_id, visit=visit, score_item=score_item,
        form_token=form_token or None,
    )  # fmt: skip
    row.recurs = last_of_kind(committee, type_now.pk, found_on, but=row)
    row.save()
    tell(row, "raise", before="", by=by, at=at, data=_facts(row))
    return row


def _fits(visit: ObservationVisit | None, item: ScoreItem | None, committee: Committee, department: Committee) -> bool:
    if visit is None:
        return item is None
    here = visit.committee_id == committee.pk and visit.round.committee_id == department.pk and visit.stage in SAT_IN
    return here and (item is None or item.sheet.committee_id == department.pk or _scored(visit, item))


def _scored(visit: ObservationVisit, item: ScoreItem) -> bool:
    return visit.scores.filter(sheet_id=item.sheet_id).exists()


def _facts(row: Finding) -> dict[str, object]:
    return {
        "number": row.number, "type": row.type.name, "visit": row.visit_id, "score_item": row.score_item_id,
        "recurs": row.recurs.number if row.recurs else None,
    }  # fmt: skip


@transaction.atomic
def confirm(finding: Finding, *, version: int | None = None, by: Actor, at: datetime) -> Finding:
    """It stands: the unit sees it from now on. Whether it repeats an earlier one is looked at again."""
    row = lock(finding, version)
    if by.person_id is None:
        raise Refused("确认问题须由有人员身份的审核人办理，系统账号不能确认。")
    before, row.stage = row.stage, MOVES.target(row.stage, "confirm")
    row.confirmed_by_id, row.confirmed_on = by.person_id, day_of(at)
    row.recurs = last_of_kind(row.committee, row.type_id, row.found_on, but=row)
    row.save_changed()
    tell(row, "confirm", before=before, by=by, at=at, data=_facts(row))
    return row


@transaction.atomic
def dismiss(finding: Finding, *, reason: str, version: int | None = None, by: Actor, at: datetime) -> Finding:
    """It does not stand, and why."""
    row = lock(finding, version)
    wrong = rules.move_refusals(row.stage, "dismiss")
    if not reason.strip():
        wrong.append("请写明不成立的理由。")
    if wrong:
        raise Refused(wrong)
    before, row.stage = row.stage, FindingStage.DISMISSED
    row.dismiss_reason = reason.strip()[:200]
    row.save_changed()
    tell(row, "dismiss", before=before, reason=row.dismiss_reason, by=by, at=at)
    return row


@transaction.atomic
def save_type(
    *, name: str, order: int, is_active: bool, type: ProblemType | None = None, version: int | None = None, by: Actor,
    at: datetime,
) -> ProblemType:  # fmt: skip
    """A line of the catalogue: new, renamed, put elsewhere, or no longer offered. What was raised keeps it."""
    name = name.strip()
    if not name:
        raise Refused("请填写问题类别的名称。")
    wanted = {"name": name, "order": order, "is_active": is_active}
    with saying({"name": f"已有问题类别“{name}”，请换一个名称，或直接修改那一类。"}):
        if type is None:
            row = ProblemType.objects.create(**wanted)
            record(row, verb="create", by=by, at=at, data=wanted)
            return row
        row = ProblemType.objects.lock(type.pk, version)
        changed = changes(row, wanted)
        if changed:
            row.save_changed()
            record(row, verb="edit", by=by, at=at, data=changed)
    return row


@transaction.atomic
def open_below(finding: Finding, *, reason: str, by: User, at: datetime) -> Opening:
    """A department above looks at one finding of a department below, says why, and sees it that day."""
    if not reason.strip():
        raise Refused("请写明抽查的理由。")
    row, made = Opening.objects.get_or_create(
        user=by, kind="finding", subject_id=finding.pk, opened_on=day_of(at),
        defaults={"reason": reason.strip()[:200], "opened_at": at},
    )  # fmt: skip
    if made:
        tell(finding, "open_below", reason=row.reason, by=by, at=at)
    opened: Opening = row
    return opened
