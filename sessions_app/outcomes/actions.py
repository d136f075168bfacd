"""Every change to outcomes, and the links from a result to what it came from."""

from datetime import date, datetime
from typing import Any

from django.db import transaction

from roster.audit.actions import Actor, changes, record, saying
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.attachments.actions import attach
from sessions_app.attachments.models import Attachment, AttachmentKind
from sessions_app.attendance.actions import local_day
from sessions_app.outcomes import rules
from sessions_app.outcomes.models import Outcome, OutcomeStage
from sessions_app.outcomes.rules import MOVES
from sessions_app.policies.actions import require_open
from sessions_app.sessions.models import ParticipationState, StudySession

FIELDS = ("day", "kind", "title", "authors", "study_session", "document_number")
RESTRAINTS = {"outcomes_outcome_code": "这个成果编码已有，请换一个。", "_code_key": "这个成果编码已有，请换一个。"}


def _session_refusals(session: StudySession | None, committee: Committee) -> list[str]:
    if session is None:
        return []
    if not session.participations.filter(committee=committee, state=ParticipationState.ACCEPTED).exists():
        return ["所选来源场次不是本委员会参加的学习，请重新选择。"]
    return []


def has_file(outcome: Outcome) -> bool:
    return bool(outcome.pk) and Attachment.objects.about(outcome).exists()


@transaction.atomic
def register(
    *, committee: Committee, day: date | None, kind: str, title: str, authors: str,
    study_session: StudySession | None = None, document_number: str = "", derived_from: Outcome | None = None,
    upload: Any = None, code: str = "", by: Actor, at: datetime,
) -> Outcome:  # fmt: skip
    """A result of study, with its code of the committee and year. `derived_from` needs a document number or a file.

    The same result (kind, title, day, author) sent twice is one.
    """
    committee = Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=committee.pk)
    wrong = rules.refusals(
        title=title, authors=authors, day=day, today=local_day(at), kind=kind, document_number=document_number
    )
    wrong += _session_refusals(study_session, committee)
    if wrong or day is None:
        raise Refused(wrong)
    require_open(committee, day)
    values = {"day": day, "kind": kind, "title": title.strip(), "authors": authors.strip()}
    twin: Outcome | None = Outcome.objects.filter(committee=committee, is_withdrawn=False, **values).first()
    if twin is not None and twin.study_session_id == (study_session.pk if study_session else None):
        return twin
    taken = Outcome.objects.filter(committee=committee).values_list("code", flat=True)
    row = Outcome(
        committee=committee, study_session=study_session, document_number=document_number.strip(), entered_at=at,
        code=code or rules.next_code(committee.code, day.year, taken), **values,
    )  # fmt: skip
    with saying(RESTRAINTS):
        row.save()
    record(row, verb="register", after=row.stage, by=by, at=at, data={"code": row.code})
    if upload is not None:
        attach(row, committee=committee, kind=AttachmentKind.OUTCOME, upload=upload, by=by, at=at)
    if derived_from is not None:
        row = link(row, derived_from=derived_from, version=row.version, by=by, at=at)
    return row


def _locked(outcome: Outcome, version: int | None) -> Outcome:
    row: Outcome = Outcome.objects.select_related("committee").lock(outcome.pk, version)
    if row.is_withdrawn:
        raise Refused(f"这项成果已撤销（{row.withdrawn_reason}），不能再改。")
    return row


@transaction.atomic
def edit(outcome: Outcome, *, version: int | None, by: Actor, at: datetime, **wanted: Any) -> Outcome:
    """Change FIELDS. The period of the old day and of the new one must be open."""
    unknown = set(wanted) - set(FIELDS)
    if unknown:
        raise TypeError(f"not fields of an outcome: {sorted(unknown)}")
    row = _locked(outcome, version)
    typed = {name: value.strip() if isinstance(value, str) else value for name, value in wanted.items()}
    merged = {name: typed.get(name, getattr(row, name)) for name in FIELDS}
    session = merged.pop("study_session")
    wrong = rules.refusals(**merged, today=local_day(at)) + _session_refusals(session, row.committee)
    if row.derived_from_id and not merged["document_number"] and not has_file(row):
        wrong.append("这项成果是由别的成果转化来的，要有文号或文件作凭据。")
    if wrong:
        raise Refused(wrong)
    require_open(row.committee, row.day)
    require_open(row.committee, merged["day"])
    changed = changes(row, typed)
    if not changed:
        return row
    row.save_changed()
    record(row, verb="edit", before=row.stage, after=row.stage, by=by, at=at, data={"changes": changed})
    return row


def _comes_from(source: Outcome, target_id: int) -> bool:
    """Whether `source` itself derives from the target, over any number of steps; one query a step."""
    seen: set[int] = set()
    step: int | None = source.pk
    while step is not None and step not in seen:
        if step == target_id:
            return True
        seen.add(step)
        step = Outcome.objects.filter(pk=step).values_list("derived_from_id", flat=True).first()
    return False


@transaction.atomic
def link(outcome: Outcome, *, derived_from: Outcome, version: int | None, by: Actor, at: datetime) -> Outcome:
    """Say what it came from; the source becomes 已转化. Needs a document number or a file."""
    pair = sorted({outcome.pk, derived_from.pk})
    list(Outcome.objects.select_for_update(of=("self",)).filter(pk__in=pair).order_by("pk"))
    row = _locked(outcome, version)
    source = Outcome.objects.select_related("committee").get(pk=derived_from.pk)
    if row.derived_from_id == source.pk:
        return row
    wrong = rules.link_refusals(
        document_number=row.document_number, has_file=has_file(row), day=row.day, source_day=source.day,
        source_title=source.title, source_stage=source.stage, source_withdrawn=source.is_withdrawn,
        in_circle=_comes_from(source, row.pk),
    )  # fmt: skip
    if wrong:
        raise Refused(wrong)
    require_open(row.committee, row.day)
    old = row.derived_from
    row.derived_from = source
    row.save_changed()
    record(row, verb="link", before=row.stage, after=row.stage, by=by, at=at, data={"derived_from": source.code})
    before, source.stage = source.stage, MOVES.target(source.stage, "convert")
    if before != source.stage:
        source.save_changed()
        record(source, verb="convert", before=before, after=source.stage, by=by, at=at, data={"into": row.code})
    if old is not None:
        _unconvert(old, by=by, at=at)
    return row


convert = link


@transaction.atomic
def unlink(outcome: Outcome, *, reason: str, version: int | None, by: Actor, at: datetime) -> Outcome:
    """Take a wrong link back, with a reason."""
    row = _locked(outcome, version)
    if row.derived_from is None:
        raise Refused("这项成果没有登记来源，不用解除。")
    if not reason.strip():
        raise Refused("请写明解除来源的理由。")
    require_open(row.committee, row.day)
    old, row.derived_from = row.derived_from, None
    row.save_changed()
    record(row, verb="unlink", before=row.stage, after=row.stage, reason=reason.strip(), by=by, at=at,
           data={"derived_from": old.code})  # fmt: skip
    _unconvert(old, by=by, at=at)
    return row


def _unconvert(source: Outcome, *, by: Actor, at: datetime) -> None:
    """A source that nothing derives from any more falls back to 已采纳."""
    row: Outcome = Outcome.objects.lock(source.pk)
    if row.stage != OutcomeStage.CONVERTED or row.derived.filter(is_withdrawn=False).exists():
        return
    before, row.stage = row.stage, MOVES.target(row.stage, "unconvert")
    row.save_changed()
    record(row, verb="unconvert", before=before, after=row.stage, by=by, at=at)


@transaction.atomic
def adopt(outcome: Outcome, *, adoption: str, version: int | None, by: Actor, at: datetime) -> Outcome:
    """By whom and how it was taken up (采用或批示)."""
    row = _locked(outcome, version)
    stage = MOVES.target(row.stage, "adopt")
    if not adoption.strip():
        raise Refused("请写明由谁采用、怎样采用，或批示内容。")
    require_open(row.committee, row.day)
    before, row.stage, row.adoption = row.stage, stage, adoption.strip()[:300]
    row.save_changed()
    record(row, verb="adopt", before=before, after=stage, reason=row.adoption, by=by, at=at)
    return row


@transaction.atomic
def reject(outcome: Outcome, *, reason: str, version: int | None, by: Actor, at: datetime) -> Outcome:
    """Not taken up."""
    row = _locked(outcome, version)
    stage = MOVES.target(row.stage, "reject")
    if not reason.strip():
        raise Refused("请写明未采纳的情况。")
    require_open(row.committee, row.day)
    before, row.stage, row.adoption = row.stage, stage, reason.strip()[:300]
    row.save_changed()
    record(row, verb="reject", before=before, after=stage, reason=row.adoption, by=by, at=at)
    return row


@transaction.atomic
def withdraw(outcome: Outcome, *, reason: str, version: int | None, by: Actor, at: datetime) -> Outcome:
    """Entered by mistake: it stays, marked, and counts no more. Never one that others derive from."""
    row = _locked(outcome, version)
    wrong = [] if reason.strip() else ["请写明撤销的理由。"]
    if row.derived.filter(is_withdrawn=False).exists():
        wrong.append("已有别的成果由它转化而来，请先解除那些成果的来源。")
    if wrong:
        raise Refused(wrong)
    require_open(row.committee, row.day)
    source = row.derived_from
    row.is_withdrawn, row.withdrawn_reason = True, reason.strip()[:200]
    row.save_changed()
    record(row, verb="withdraw", before=row.stage, after="WITHDRAWN", reason=row.withdrawn_reason, by=by, at=at)
    if source is not None:
        _unconvert(source, by=by, at=at)
    return row
