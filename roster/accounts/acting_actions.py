"""Who decides in the leader's place: given by the leader himself or by the department above, dated, ended early."""

from datetime import date, datetime

from django.db import transaction

from roster.accounts.consequences import tell
from roster.accounts.models import User
from roster.audit.actions import SHANGHAI, record, saying
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.committees.rules import said, within_reasons
from roster.people.models import ActingLeader, GroupRole, Membership, Person
from roster.people.rules import Term, acting_reasons

ONE_AT_A_TIME = "这段时间已经授权了别人，请先结束那一项，或改日期。"


def _day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


@transaction.atomic
def give(
    *, committee: Committee, person: Person, kind: str, since: date, until: date, reason: str, by: User, at: datetime
) -> ActingLeader:
    """Refused: to himself, to somebody outside the group, backwards, for more than a year, two at a time."""
    terms = Membership.objects.filter(committee=committee, person=person, confirmed=True)
    held = [Term(*row) for row in terms.values_list("since", "until")]
    leads = terms.filter(group_role=GroupRole.LEADER).during(since, until).exists()
    own = by.pk is None or (by.person_id is not None and by.person_id == person.pk)
    reasons = acting_reasons(str(person), Term(since, until), held, today=_day(at), leads=leads, own=own)
    reasons += within_reasons(since, until, committee.since, committee.until, frame=f"“{committee}”")
    if not reason.strip():
        reasons.append("请写明原因，如 组长出差、组长学习、组长待任命。")
    if not reasons and ActingLeader.objects.during(since, until).filter(committee=committee, ended_at=None).exists():
        reasons.append(ONE_AT_A_TIME)
    if reasons:
        raise Refused(reasons)
    row = ActingLeader(
        committee=committee, person=person, kind=kind, since=since, until=until, reason=reason.strip()[:200],
        given_by=by, given_as=by.label_for(committee.pk)[:60],
    )  # fmt: skip
    with saying({"acting_one_at_a_time": ONE_AT_A_TIME}):
        row.save()
    record(row, verb="授权代行组长职责", by=by, at=at, after=row.get_kind_display(), reason=row.reason, data=_data(row))
    what = (
        f"{said(since)}至{said(until)}，由您{row.get_kind_display()}，办理{committee}组长的审批事项。原因：{row.reason}"
    )
    tell(person.pk, f"由您{row.get_kind_display()}：{committee}"[:120], what, at)
    return row


@transaction.atomic
def end(row: ActingLeader, *, reason: str, version: int, by: User, at: datetime) -> ActingLeader:
    """It opens nothing from now on; what was decided by then stands, and is printed as it was."""
    found: ActingLeader = ActingLeader.objects.lock(row.pk, version)
    today = _day(at)
    reasons = [] if reason.strip() else ["请写明结束的原因。"]
    if found.ended_at is not None or found.until < today:
        reasons.append(f"这项授权已于 {said(found.until)} 结束。")
    if reasons:
        raise Refused(reasons)
    found.until, found.ended_at = max(found.since, today), at
    found.save_changed()
    record(
        found,
        verb="结束代行组长职责",
        by=by,
        at=at,
        before=found.get_kind_display(),
        reason=reason.strip(),
        data=_data(found),
    )
    tell(found.person_id, f"代行组长职责已结束：{found.committee}"[:120], f"原因：{reason.strip()}", at)
    return found


def _data(row: ActingLeader) -> dict[str, str]:
    return {
        "person": row.person.code,
        "since": row.since.isoformat(),
        "until": row.until.isoformat(),
        "as": row.given_as,
    }
