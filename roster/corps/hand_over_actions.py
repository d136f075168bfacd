"""A secretary hands over to the next: prepared, signed by the receiver, or cancelled."""

from datetime import datetime

from django.db import transaction

from roster.audit.actions import SHANGHAI, Actor, record, saying
from roster.audit.moves import Refused
from roster.committees.rules import said
from roster.corps.consequences import open_things
from roster.corps.models import HandOver, HandOverStage
from roster.corps.rules import HAND_OVER_MOVES
from roster.people import actions as people
from roster.people.models import Person, StudySecretary

ONE_OPEN = "这名学习秘书已有一份待接收的交接，请先办完或取消那一份。"


@transaction.atomic
def prepare(
    giver: StudySecretary, *, receiver: Person, ends_at: datetime, note: str = "", by: Actor, at: datetime
) -> HandOver:
    """`ends_at` is the minute from which the giver's secretaryship opens nothing any more."""
    giver = StudySecretary.objects.select_for_update(of=("self",)).get(pk=giver.pk)
    day = ends_at.astimezone(SHANGHAI).date()
    reasons = []
    if giver.person_id == receiver.pk:
        reasons.append("移交人和接收人是同一个人，请另选接收人。")
    elif by.person_id is not None and by.person_id == receiver.pk:
        reasons.append("接收人不能给自己准备交接，请由移交人或主管部门准备。")
    if not giver.confirmed:
        reasons.append(f"{giver.person}的学习秘书任期还没有经另一个人确认，不能交接；请先在委员会页面确认。")
    if ends_at <= at:
        reasons.append("移交人权限的截止时刻已经过去，请填今后的时刻。")
    if giver.since > day:
        reasons.append(f"{giver.person}从 {said(giver.since)} 才任学习秘书，截止时刻不能更早。")
    if giver.until is not None and giver.until < day:
        reasons.append(f"{giver.person}的学习秘书任期到 {said(giver.until)} 为止，截止时刻不能更晚。")
    if HandOver.objects.filter(giver=giver, stage=HandOverStage.PREPARED).exists():
        reasons.append(ONE_OPEN)
    if HandOver.objects.filter(giver=giver, stage=HandOverStage.SIGNED).exists():
        reasons.append(f"{giver.person}的这段任期已经交接过。")
    if reasons:
        raise Refused(reasons)
    row = HandOver(
        committee=giver.committee, giver=giver, receiver=receiver, ends_at=ends_at, note=note, prepared_at=at
    )
    with saying({"hand_over_one_open": ONE_OPEN}):
        row.save()
    record(
        row, verb="prepare", after=row.stage, by=by, at=at, reason=note,
        data={"giver": giver.person.code, "receiver": receiver.code, "ends_at": ends_at.isoformat()},
    )  # fmt: skip
    return row


@transaction.atomic
def sign(hand_over: HandOver, *, version: int, by: Actor, at: datetime) -> HandOver:
    """By the receiver himself. What is open is frozen, his secretaryship begins that day, the giver's term ends with it.

    Signed after the minute that was set, the old access ends with the signing: nobody was in charge in between but the giver.
    """
    row: HandOver = HandOver.objects.lock(hand_over.pk, version)
    before, stage = row.stage, HAND_OVER_MOVES.target(row.stage, "sign")
    giver: StudySecretary = StudySecretary.objects.select_for_update(of=("self",)).get(pk=row.giver_id)
    reasons = []
    if by.person_id is not None and by.person_id == giver.person_id:
        reasons.append(f"移交人不能替接收人签收，请由{row.receiver}本人登录签收。")
    elif by.person_id != row.receiver_id:
        reasons.append(f"请由接收人{row.receiver}本人登录签收。")
    if not giver.confirmed:
        reasons.append(f"{giver.person}的学习秘书任期还没有经另一个人确认，不能签收；请先在委员会页面确认。")
    ends_at = max(row.ends_at, at)
    day = ends_at.astimezone(SHANGHAI).date()
    if giver.until is not None and giver.until < day:
        reasons.append(f"{giver.person}的学习秘书任期已于 {said(giver.until)} 结束，请取消这份交接，直接增加学习秘书。")
    if reasons:
        raise Refused(reasons)
    things = open_things(row.committee_id, at.astimezone(SHANGHAI).date())
    row.stage, row.signed_at, row.ends_at = stage, at, ends_at
    row.contents = [thing.frozen() for thing in things]
    row.save_changed()
    if giver.until != day:
        giver.until = day
        giver.save_changed()
        record(giver, verb="结束学习秘书任期", by=by, at=at, reason="交接", data={"until": day.isoformat()})
    held = StudySecretary.objects.on(day).filter(committee=row.committee, person=row.receiver).first()
    if held is None:
        people.add_secretary(committee=row.committee, person=row.receiver, since=day, agreed=True, by=by, at=at)
    elif not held.confirmed:
        held.confirmed = True
        held.save_changed()
        record(held, verb="确认任期", by=by, at=at, before="待确认", after="已确认", reason="交接")
    record(
        row, verb="sign", before=before, after=row.stage, by=by, at=at,
        data={"contents": len(row.contents), "ends_at": ends_at.isoformat()},
    )  # fmt: skip
    return row


@transaction.atomic
def cancel(hand_over: HandOver, *, reason: str, version: int, by: Actor, at: datetime) -> HandOver:
    row: HandOver = HandOver.objects.lock(hand_over.pk, version)
    before, row.stage = row.stage, HAND_OVER_MOVES.target(row.stage, "cancel")
    if not reason.strip():
        raise Refused("请写明取消的原因。")
    row.save_changed()
    record(row, verb="cancel", before=before, after=row.stage, by=by, at=at, reason=reason.strip())
    return row
