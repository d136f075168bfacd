"""An uploaded workbook: kept, looked at, imported, taken back."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.apps import apps
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from roster.accounts.models import User
from roster.accounts.roles import Permission
from roster.audit.actions import Entry, record, record_many
from roster.audit.models import Versioned
from roster.audit.moves import Move, Moves, Refused
from roster.audit.taking import Journal
from roster.committees.models import Committee
from roster.people.consequences import recount
from roster.people.models import Membership
from sessions_app.attendance.actions import recount_participations
from sessions_app.facts.sealed import sealed
from sessions_app.jobs import actions as jobs
from sessions_app.jobs.models import Job
from sessions_app.sessions.models import Participation
from sessions_app.workbooks.commit import commit, lock
from sessions_app.workbooks.models import ImportRun, ImportStage
from sessions_app.workbooks.preview import Plan, open_book, plan, scope_of
from sessions_app.workbooks.reader import BadWorkbook
from sessions_app.workbooks.standing import ORDER, affected, built_on, made_of
from sessions_app.workbooks.units import Answer

MOVES = Moves(
    thing="这次导入",
    labels=dict(ImportStage.choices),
    moves=[
        Move("look", "预览", ("UPLOADED", "PREVIEWED", "FAILED"), "PREVIEWED"),
        Move("import", "导入", ("PREVIEWED",), "COMMITTED"),
        Move("undo", "撤销", ("COMMITTED",), "UNDONE"),
    ],
)
LOOK_JOB, IMPORT_JOB = "workbook_look", "workbook_import"
LARGE = 200 * 1024  # bytes; a larger file is worked on in the background
SHOWN_NEW, SHOWN_CHANGED, SHOWN_REJECTED = 20, 300, 5000


def home_of(user: User) -> Committee:
    """The committee in whose name somebody imports: where he acts, if he may there, else the first where he may."""
    holds = list(user.holds_with(Permission.WORKBOOK_IMPORT))
    ids = [hold.committee_id for hold in holds]
    acting = user.acting.committee_id if user.acting else None
    return Committee.objects.get(pk=acting if acting in ids else ids[0])


@transaction.atomic
def upload(*, file: UploadedFile, by: User, at: datetime) -> ImportRun:
    """Keep the file under a random name. The same file sent twice while it waits is one."""
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    committee = home_of(by)
    Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=committee.pk)
    waiting = ImportRun.objects.filter(
        sha256=digest.hexdigest(), uploaded_by=by, stage__in=[ImportStage.UPLOADED, ImportStage.PREVIEWED]
    ).first()
    if waiting is not None:
        return waiting
    file.seek(0)
    run = ImportRun(
        committee=committee, name=str(file.name)[:200], sha256=digest.hexdigest(), uploaded_by=by, uploaded_at=at
    )
    run.file.save("upload.xlsx", file, save=False)
    run.save()
    record(run, verb="upload", after=run.stage, by=by, at=at, data={"sha256": run.sha256, "size": file.size})
    return run


def is_large(run: ImportRun) -> bool:
    return run.file.size > LARGE


def _in_background(run: ImportRun, kind: str, label: str, *, by: User, at: datetime) -> Job:
    job = jobs.start(
        kind, key=f"{kind}:{run.pk}", label=f"{label} {run.name}"[:120], committee=run.committee,
        steps=[("run", {"run": run.pk, "label": run.name})], by=by, at=at,
    )  # fmt: skip
    ImportRun.objects.filter(pk=run.pk).update(job=job)
    return job


def start_look(run: ImportRun, *, by: User, at: datetime) -> Job | None:
    """Look at it now, or in the background when it is large (the job comes back)."""
    if is_large(run):
        return _in_background(run, LOOK_JOB, "预览", by=by, at=at)
    look(run, by=by, at=at)
    return None


@transaction.atomic
def answer_units(run: ImportRun, answer: Answer, *, by: User, at: datetime) -> ImportRun:
    """Keep what all units of a published list are; the preview is made again with it."""
    run = ImportRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    MOVES.target(run.stage, "look")
    run.answers = answer.kept()
    run.save(update_fields=["answers"])
    record(run, verb="answer_units", before=run.stage, after=run.stage, by=by, at=at, data=run.answers)
    return run


def start_import(run: ImportRun, *, by: User, at: datetime) -> Job | None:
    MOVES.target(run.stage, "import")
    if is_large(run):
        return _in_background(run, IMPORT_JOB, "导入", by=by, at=at)
    take_in(run, by=by, at=at)
    return None


def _told(made: Plan) -> dict[str, Any]:
    """The report as it is kept: counts whole, rows up to what a page shows."""
    report = made.report()
    report["rejected_count"] = len(report["rejected"])
    report["rejected"] = report["rejected"][:SHOWN_REJECTED]
    report["warnings"] = report["warnings"][:SHOWN_REJECTED]
    report["skipped"] = report["skipped"][:SHOWN_REJECTED]
    report["changed"] = made.changed(SHOWN_CHANGED)
    report["new"] = made.new(SHOWN_NEW)
    return report


@transaction.atomic
def look(run: ImportRun, *, by: User, at: datetime) -> ImportRun:
    """Read and judge; nothing but the report is written. A file that cannot be read says why."""
    run = ImportRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    before, stage = run.stage, MOVES.target(run.stage, "look")
    try:
        with run.file.open("rb") as file:
            book = open_book(file)
        run.report, run.stage, run.error = (
            _told(plan(book, at=at, scope=scope_of(by), answer=Answer.of(run.answers))),
            stage,
            "",
        )
        if not book.sheets and not book.lists:
            run.stage, run.error = ImportStage.FAILED, run.report["notes"][-1]
    except BadWorkbook as error:
        run.stage, run.error, run.report = ImportStage.FAILED, str(error), {}
    run.save(update_fields=["stage", "report", "error"])
    record(run, verb="look", before=before, after=run.stage, by=by, at=at, reason=run.error)
    return run


@transaction.atomic
def take_in(run: ImportRun, *, by: User, at: datetime) -> ImportRun:
    """The import: planned again on what stands now. The second of two clicks finds it done and is refused."""
    lock()
    run = ImportRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    before, run.stage = run.stage, MOVES.target(run.stage, "import")
    try:
        with run.file.open("rb") as file:
            book = open_book(file)
    except BadWorkbook as error:
        raise Refused(str(error)) from error
    made, journal = commit(book, by=by, at=at, scope=scope_of(by), answer=Answer.of(run.answers))
    run.report, run.committed_at = _told(made), at
    run.made = _kept(journal)
    run.save(update_fields=["stage", "report", "made", "committed_at"])
    counts = {name: run.report[name] for name in ("created", "updated", "unchanged", "rejected_count")}
    record(run, verb="import", before=before, after=run.stage, by=by, at=at, data=counts)
    return run


def _kept(journal: Journal) -> dict[str, Any]:
    """What undo needs: ids made, values before, the version each row was left at."""
    versions: dict[str, dict[str, int]] = {}
    for label in {*journal.made, *journal.changed}:
        model = apps.get_model(label)
        if issubclass(model, Versioned):
            ids = [*journal.made.get(label, []), *(int(pk) for pk in journal.changed.get(label, {}))]
            found = model.objects.filter(pk__in=ids).exclude(version=1).values_list("pk", "version")
            versions[label] = {str(pk): version for pk, version in found}
    return {"made": journal.made, "changed": journal.changed, "versions": versions, "final": sorted(set(journal.final))}


# --------------------------------------------------------------------------------------------------------- undo
@transaction.atomic
def undo(run: ImportRun, *, by: User, at: datetime) -> ImportRun:
    """Take the import back, as long as nothing was built on it: every reason against it at once."""
    lock()
    run = ImportRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
    before, run.stage = run.stage, MOVES.target(run.stage, "undo")
    reasons = built_on(run)
    if reasons:
        raise Refused(reasons)
    touched = affected(run)
    with sealed(touched, "撤销会改变"):
        _put_back(run)
    run.save(update_fields=["stage"])
    entries = [
        Entry(run, "undo_import", at, before=before, after=run.stage, chain=chain)
        for chain in {*touched, run.committee_id}
    ]
    record_many(sorted(entries, key=lambda entry: entry.chain), by=by)
    return run


def _put_back(run: ImportRun) -> None:
    made = made_of(run)
    marked = {**{label: [int(pk) for pk in rows] for label, rows in run.made.get("changed", {}).items()}}
    marks = apps.get_model("sessions_app.AttendanceMark").objects.filter(
        pk__in=[*made.get("sessions_app.AttendanceMark", []), *marked.get("sessions_app.AttendanceMark", [])]
    )
    rolls = set(marks.values_list("participation_id", flat=True)) | set(
        apps.get_model("sessions_app.MakeUpStudy").objects.filter(pk__in=made.get("sessions_app.MakeUpStudy", []))
        .values_list("participation_id", flat=True)
    )  # fmt: skip
    terms = list(Membership.objects.filter(
        pk__in=[*made.get("roster.Membership", []), *marked.get("roster.Membership", [])]
    ).values_list("committee_id", "since"))  # fmt: skip
    for label in reversed(ORDER):
        _take_away(label, made.get(label, []))
    for label, rows in run.made.get("changed", {}).items():
        _restore(apps.get_model(label), rows)
    still = set(Participation.objects.filter(pk__in=rolls).values_list("pk", flat=True))
    at = run.committed_at or run.uploaded_at
    recount_participations(still, at)
    if terms:
        recount({committee for committee, _ in terms}, min(since for _, since in terms), None, at)


def _take_away(label: str, ids: list[int]) -> None:
    rows = apps.get_model(label).objects.filter(pk__in=ids)
    if label == "roster.Committee":
        for path in sorted(rows.values_list("path", flat=True), key=len, reverse=True):
            rows.filter(path=path).delete()
    elif label == "sessions_app.Outcome":
        rows.update(derived_from=None)
        rows.delete()
    else:
        rows.delete()


def _restore(model: Any, rows: dict[str, dict[str, Any]]) -> None:
    fields = {name for values in rows.values() for name in values}
    found = list(model.objects.filter(pk__in=[int(pk) for pk in rows]))
    for row in found:
        for name, value in rows[str(row.pk)].items():
            field = next(field for field in model._meta.concrete_fields if name in (field.name, field.attname))
            setattr(row, field.attname, field.to_python(value) if field.attname == field.name else value)
        if isinstance(row, Versioned):
            row.version += 1
    names = sorted(fields) + (["version"] if issubclass(model, Versioned) else [])
    if found and names:
        model.objects.bulk_update(
            found, [name.removesuffix("_id") if name.endswith("_id") else name for name in names], batch_size=1000
        )


def rejected_rows(run: ImportRun) -> Iterable[tuple[str, dict[str, str], str]]:
    """The rows that were not imported, read again from the kept file: sheet, cells by heading, reason."""
    from_report = {(row["sheet"], row["row"]): row["reason"] for row in run.report.get("rejected", [])}
    with run.file.open("rb") as file:
        book = open_book(file)
    for name, sheet in book.sheets.items():
        for parsed in sheet.rows:
            reason = from_report.get((name, parsed.number))
            if reason and parsed.cells:
                yield name, parsed.texts(), reason
    for units in book.lists:
        for number, unit, short, _ in units.rows:
            if reason := from_report.get((units.title, number)):
                yield units.title, {"单位名称": unit, "简称": short}, reason
