"""A run: opened on the scheme of its day, computed, weighed by the units themselves, reviewed, published, made final.

What is done on one sheet stands in `sheet_actions`, bonus and objection in `objection_actions`; their names are here too.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet

from roster.audit.actions import Actor, record
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.assessment import ground, moves, rules
from sessions_app.assessment import inputs as inputs_of
from sessions_app.assessment.models import (
    Assessment,
    AssessmentSheet,
    BonusRequest,
    Objection,
    ObjectionStage,
    Scheme,
    SchemeItem,
    SheetLine,
    Subject,
)
from sessions_app.assessment.moves import MOVES
from sessions_app.assessment.objection_actions import ask_bonus, decide_bonus, decide_objection, object_to
from sessions_app.assessment.rules import SchemeSpec
from sessions_app.assessment.sheet_actions import save_counts, save_self, submit_self, verify
from sessions_app.assessment.specs import spec_of
from sessions_app.policies import calendar, parameters

__all__ = [
    "ask_bonus", "compute", "decide_bonus", "decide_objection", "finalise", "object_to", "open_assessment", "open_self",
    "publish", "save_counts", "save_self", "start_review", "submit_self", "verify",
]  # fmt: skip


@transaction.atomic
def open_assessment(
    department: Committee, *, year: int, as_of: date, form_token: str = "", by: Actor, at: datetime
) -> Assessment:
    """A run of the scheme in force on `as_of`, with a sheet for every committee below the department that stands then.

    The department's own committee is weighed too, and so is a county that runs an assessment of its own. The same
    `form_token` makes it once.
    """
    Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=department.pk)
    if form_token:
        made: Assessment | None = Assessment.objects.filter(form_token=form_token, committee=department).first()
        if made is not None:
            return made
    if as_of.year != year:
        raise Refused(f"数据截止日期应在 {year} 年之内；全年考核请填 {year}-12-31。")
    committees = Committee.objects.under(department).active_on(as_of).in_order()
    held = Scheme.objects.in_force(department, year, as_of).filter(subject=Subject.COMMITTEE)
    scheme = held.select_related("committee").first()
    wrong = []
    if scheme is None:
        wrong.append(
            f"{as_of} 没有生效的 {year} 年度考核办法，请先在“考核办法”里发布一份，生效日期不晚于数据截止日期。"
        )
    if not committees.exists():
        wrong.append(f"{department}在 {as_of} 没有在用的单位。")
    if wrong or scheme is None:
        raise Refused(wrong)
    numbers = Assessment.objects.filter(committee=department, year=year).aggregate(last=Max("number"))
    run = Assessment.objects.create(
        committee=department, scheme=scheme, year=year, number=(numbers["last"] or 0) + 1, as_of=as_of,
        form_token=form_token or None,
    )  # fmt: skip
    sheets = AssessmentSheet.objects.bulk_create(
        (AssessmentSheet(assessment=run, committee=committee) for committee in committees), batch_size=ground.BATCH
    )
    items = list(SchemeItem.objects.filter(indicator__scheme=scheme))
    SheetLine.objects.bulk_create(
        (SheetLine(sheet=sheet, item=item) for sheet in sheets for item in items), batch_size=ground.BATCH
    )
    data = {"year": year, "number": run.number, "as_of": str(as_of), "scheme": scheme.pk, "sheets": len(sheets)}
    record(run, verb="open", after=run.stage, by=by, at=at, data=data)
    return run


@transaction.atomic
def compute(assessment: Assessment, *, version: int | None = None, by: Actor, at: datetime) -> Assessment:
    """What the system makes of the facts, for every sheet. Twice on the same facts: the same fingerprint, no new edition.

    A sheet that was verified and whose system scores have changed since waits for its reviewer again; what he typed stays.
    """
    run = ground.lock_run(assessment.pk, version)
    wrong = [moves.refusal(run.stage, "compute")]
    if ground.day_of(at) < run.as_of:
        wrong.append(f"数据截止日期是 {run.as_of}，到那一天才能核算。")
    if any(wrong):
        raise Refused(filter(None, wrong))
    spec = spec_of(run.scheme)
    sheets = ground.sheets_of(run)
    lines = ground.lines_of(sheets)
    changed, reopened = _recompute(run, spec, sheets, lines)
    before, run.computed_at = run.fingerprint, at
    run.fingerprint = inputs_of.run_print({sheet.committee_id: sheet.fingerprint for sheet in sheets})
    run.save_changed()
    ground.keep(run, changed, lines, verb="compute", by=by, at=at)
    data = {
        "sheets": len(sheets), "changed": len(changed), "reopened": reopened, "fingerprint": run.fingerprint,
        "same": before == run.fingerprint,
    }  # fmt: skip
    record(run, verb="compute", before=run.stage, after=run.stage, by=by, at=at, data=data)
    return run


def _recompute(
    run: Assessment, spec: SchemeSpec, sheets: list[AssessmentSheet], lines: dict[int, list[SheetLine]]
) -> tuple[list[AssessmentSheet], int]:
    """(sheets whose inputs or scores changed, how many of them wait for their reviewer again)."""
    read = inputs_of.read(spec, run, sheets, lines)
    scored = rules.score_all(spec, read, inputs_of.LABELS)
    printed = inputs_of.rules_print(spec)
    changed, rows, reopened = [], [], 0
    for sheet in sheets:
        found = scored[sheet.pk]
        for line in lines[sheet.pk]:
            new = found[line.item_id]
            if (line.system, line.raw, line.working) != (new.score, new.raw, new.working):
                line.system, line.raw, line.working = new.score, new.raw, new.working
                rows.append(line)
        system = inputs_of.system_scores(found)
        fingerprint = inputs_of.sheet_print(printed, read[sheet.pk], system)
        if fingerprint != sheet.fingerprint:
            reopened += sheet.verified_by_id is not None
            sheet.facts, sheet.fingerprint = inputs_of.frozen(read[sheet.pk]), fingerprint
            sheet.system_total = rules.total(spec, system)
            sheet.verified_by = sheet.verified_at = sheet.verified_total = None
            changed.append(sheet)
    ground.save_lines(rows, "system", "raw", "working")
    ground.save_sheets(
        changed, "facts", "fingerprint", "system_total", "verified_by", "verified_at", "verified_total"
    )  # fmt: skip
    return changed, reopened


@transaction.atomic
def open_self(
    assessment: Assessment, *, due_on: date | None = None, version: int | None = None, by: Actor, at: datetime
) -> Assessment:
    """The units may weigh themselves, until `due_on`; without one the local rule says how many working days."""
    run = ground.lock_run(assessment.pk, version)
    before, stage = run.stage, MOVES.target(run.stage, "open_self")
    day = ground.day_of(at)
    if due_on is None:
        due_on = calendar.add_working_days(day, parameters.value("self_score_working_days", run.committee, day))
    wrong = []
    if run.computed_at is None:
        wrong.append("还没有核算，请先核算，各单位自评时要对照系统分。")
    if due_on < day:
        wrong.append("自评截止日期不能早于今天。")
    if wrong:
        raise Refused(wrong)
    run.stage, run.self_due_on = stage, due_on
    run.save_changed()
    record(run, verb="open_self", before=before, after=stage, by=by, at=at, data={"due_on": str(due_on)})
    return run


@transaction.atomic
def start_review(assessment: Assessment, *, version: int | None = None, by: Actor, at: datetime) -> Assessment:
    """When every unit has handed in, or the term is over: then a unit that did not has no self-score."""
    run = ground.lock_run(assessment.pk, version)
    before, stage = run.stage, MOVES.target(run.stage, "start_review")
    waiting = _committees(run, self_at__isnull=True)
    missing = waiting.count()
    if missing and run.self_due_on is not None and ground.day_of(at) <= run.self_due_on:
        raise Refused(
            f"还有 {missing} 家没有提交自评（{ground.some(waiting)}），自评截止 {run.self_due_on}；"
            "全部提交或过了截止日期再转入复核。"
        )
    run.stage = stage
    run.save_changed()
    record(run, verb="start_review", before=before, after=stage, by=by, at=at, data={"not_handed_in": missing})
    return run


def _committees(run: Assessment, **wanted: object) -> QuerySet:
    """Committees of the run whose sheets are so, in official order."""
    sheets = AssessmentSheet.objects.filter(assessment=run, committee=OuterRef("pk"), **wanted)
    return Committee.objects.filter(Exists(sheets)).in_order()


@transaction.atomic
def publish(assessment: Assessment, *, version: int | None = None, by: Actor, at: datetime) -> Assessment:
    """Totals, places and the median; each unit may object for some working days from today."""
    run = ground.lock_run(assessment.pk, version)
    before, stage = run.stage, MOVES.target(run.stage, "publish")
    day = ground.day_of(at)
    wrong = []
    unverified = _committees(run, verified_at__isnull=True)
    if number := unverified.count():
        wrong.append(f"还有 {number} 家没有复核完：{ground.some(unverified)}。")
    open_requests = BonusRequest.objects.filter(sheet__assessment=run, decided_at__isnull=True)
    asking = Committee.objects.filter(pk__in=open_requests.values("sheet__committee_id")).in_order()
    if number := open_requests.count():
        wrong.append(f"还有 {number} 件加分申请没有核定：{ground.some(asking)}。")
    if wrong:
        raise Refused(wrong)
    sheets = ground.sheets_of(run)
    ground.place(run, spec_of(run.scheme), sheets)
    ground.save_sheets(sheets, "total", "converted", "rank", "grade")
    term = parameters.value("objection_working_days", run.committee, day)
    run.stage, run.published_on, run.objection_until = stage, day, calendar.add_working_days(day, term)
    run.save_changed()
    ground.keep(run, sheets, ground.lines_of(sheets), verb="publish", by=by, at=at)
    data = {"sheets": len(sheets), "median": str(run.median), "objection_until": str(run.objection_until)}
    record(run, verb="publish", before=before, after=stage, by=by, at=at, data=data)
    return run


@transaction.atomic
def finalise(assessment: Assessment, *, version: int | None = None, by: Actor, at: datetime) -> Assessment:
    """After the term of objections, with none open and nothing unknown. From here on nothing changes any more."""
    run = ground.lock_run(assessment.pk, version)
    before, stage = run.stage, MOVES.target(run.stage, "finalise")
    wrong = []
    if run.objection_until is not None and ground.day_of(at) <= run.objection_until:
        wrong.append(f"申诉截止 {run.objection_until}，过了这一天才能定稿。")
    objecting = Committee.objects.filter(
        pk__in=Objection.objects.filter(sheet__assessment=run, stage=ObjectionStage.ASKED).values("sheet__committee_id")
    ).in_order()
    if number := objecting.count():
        wrong.append(f"还有 {number} 件申诉没有复议：{ground.some(objecting)}。")
    unknown = _committees(run, total__isnull=True)
    if number := unknown.count():
        wrong.append(f"还有 {number} 家总分待补：{ground.some(unknown)}。")
    if wrong:
        raise Refused(wrong)
    sheets = ground.sheets_of(run)
    run.stage, run.finalised_by_id, run.finalised_at = stage, by.pk, at
    run.save_changed()
    ground.keep(run, sheets, ground.lines_of(sheets), verb="finalise", by=by, at=at)
    data = {"sheets": len(sheets), "fingerprint": run.fingerprint}
    record(run, verb="finalise", before=before, after=stage, by=by, at=at, data=data)
    return run
