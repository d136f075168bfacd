"""Every change to the tree of committees."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Value
from django.db.models.functions import Concat, Substr

from roster.audit.actions import Actor, changes, record, saying
from roster.audit.moves import Refused
from roster.committees.models import Committee, CommitteeLevel, CommitteeName
from roster.committees.pinyin import readings
from roster.committees.rules import level_reasons, said, within_reasons

EDITABLE = frozenset({"code", "kind", "level", "sort_order", "by_reference"})
CODE_TAKEN = "编码已被另一个委员会使用，请换一个编码。"


def _lock_tree() -> None:
    """One change of shape at a time: two crossing moves would make a ring. Released with the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(727002)")


def _order_of(level: str) -> int:
    return list(CommitteeLevel.values).index(level)


def _spelled(name: str, short_name: str) -> str:
    return " ".join(part for part in (readings(name), readings(short_name)) if part)[:200]


@transaction.atomic
def create(
    *, code: str, name: str, kind: str, level: str, parent: Committee | None, since: date, short_name: str = "",
    sort_order: int = 1000, by_reference: bool = False, by: Actor, at: datetime,
) -> Committee:  # fmt: skip
    """A committee and its first name. Refused: code taken, level above the parent's, outside the parent's life."""
    _lock_tree()
    reasons = []
    if Committee.objects.filter(code=code).exists():
        reasons.append(CODE_TAKEN)
    if parent is not None:
        parent = Committee.objects.get(pk=parent.pk)
        reasons += level_reasons(level, parent.level)
        reasons += within_reasons(since, None, parent.since, parent.until, frame=f"上级“{parent}”")
    if reasons:
        raise Refused(reasons)
    row = Committee(
        code=code, name=name, short_name=short_name, kind=kind, level=level, level_order=_order_of(level), parent=parent,
        since=since, sort_order=sort_order, by_reference=by_reference, path=f"new {code}", pinyin=_spelled(name, short_name),
    )  # fmt: skip
    with saying({"roster_committee_code": CODE_TAKEN}):
        row.save()
    row.path = f"{parent.path if parent else ''}{row.pk:07d}/"
    row.save(update_fields=["path"])
    CommitteeName.objects.create(committee=row, name=name, short_name=short_name, since=since)
    record(
        row, verb="新建委员会", by=by, at=at, data={"code": code, "name": name, "parent": parent.code if parent else ""}
    )
    return row


@transaction.atomic
def edit(committee: Committee, *, version: int, by: Actor, at: datetime, **wanted: Any) -> Committee:
    """Change code, kind, level, sort_order, by_reference. Names change by `rename`, the place by `move`."""
    unknown = set(wanted) - EDITABLE
    if unknown:
        raise TypeError(f"not editable here: {sorted(unknown)}")
    row: Committee = Committee.objects.lock(committee.pk, version)
    reasons = []
    if "code" in wanted and Committee.objects.filter(code=wanted["code"]).exclude(pk=row.pk).exists():
        reasons.append(CODE_TAKEN)
    if "level" in wanted:
        reasons += level_reasons(wanted["level"], row.parent.level if row.parent else None)
        if row.children.filter(level_order__lt=_order_of(wanted["level"])).exists():
            reasons.append("有下级委员会的层级高于所选层级，请先调整下级。")
    if reasons:
        raise Refused(reasons)
    changed = changes(row, wanted)
    if not changed:
        return row
    row.level_order = _order_of(row.level)
    with saying({"roster_committee_code": CODE_TAKEN}):
        row.save_changed()
    record(row, verb="修改委员会", by=by, at=at, data={"changes": changed})
    return row


@transaction.atomic
def rename(
    committee: Committee, *, name: str, short_name: str = "", on: date, version: int, by: Actor, at: datetime
) -> Committee:
    """The name from `on`; earlier papers keep the old one. `on` equal to the present name's first day corrects it."""
    row: Committee = Committee.objects.lock(committee.pk, version)
    current = row.names.select_for_update().get(until=None) if row.until is None else None
    reasons = []
    if current is None:
        reasons.append(f"{row}已停用，不能更名。")
    else:
        if on < current.since:
            reasons.append(f"更名日期不能早于现名的启用日期 {said(current.since)}。")
        if on > at.date():
            reasons.append("更名日期不能晚于今天，请在更名当日或之后办理。")
        if (name, short_name) == (row.name, row.short_name):
            reasons.append("名称和简称与现名相同，没有需要保存的内容。")
    if reasons or current is None:
        raise Refused(reasons)
    old = row.name
    if on == current.since:
        current.name, current.short_name = name, short_name
        current.save()
    else:
        current.until = on - timedelta(days=1)
        current.save()
        CommitteeName.objects.create(committee=row, name=name, short_name=short_name, since=on)
    row.name, row.short_name, row.pinyin = name, short_name, _spelled(name, short_name)
    row.save_changed()
    verb = "更正名称" if on == current.since else "更名"
    record(row, verb=verb, by=by, at=at, data={"from": old, "to": name, "on": on.isoformat()})
    return row


@transaction.atomic
def move(committee: Committee, *, parent: Committee | None, version: int, by: Actor, at: datetime) -> Committee:
    """Under another superior, with all below it. Who held a role over the old place loses it with the next request."""
    _lock_tree()
    row: Committee = Committee.objects.lock(committee.pk, version)
    parent = Committee.objects.get(pk=parent.pk) if parent else None
    reasons = []
    if (parent.pk if parent else None) == row.parent_id:
        reasons.append("所选上级就是现在的上级。")
    if parent is not None:
        if parent.path.startswith(row.path):
            reasons.append("不能移到自己或自己的下级之下，请另选上级。")
        if parent.until is not None:
            reasons.append(f"“{parent}”已停用，不能作为上级。")
        reasons += level_reasons(row.level, parent.level)
    if reasons:
        raise Refused(reasons)
    old_path, old_parent = row.path, row.parent
    new_path = f"{parent.path if parent else ''}{row.pk:07d}/"
    Committee.objects.filter(path__startswith=old_path).update(
        path=Concat(Value(new_path), Substr(F("path"), len(old_path) + 1))
    )
    row.path, row.parent = new_path, parent
    row.save_changed()
    data = {"from": old_parent.code if old_parent else "", "to": parent.code if parent else ""}
    record(row, verb="调整上级", by=by, at=at, data=data)
    return row


@transaction.atomic
def close(committee: Committee, *, on: date, reason: str, version: int, by: Actor, at: datetime) -> Committee:
    """`on` is its last day. Refused while committees below it, members, secretaries or grants outlast that day."""
    _lock_tree()
    row: Committee = Committee.objects.lock(committee.pk, version)
    reasons = []
    if row.until is not None:
        reasons.append(f"{row}已于 {said(row.until)} 停用。")
    if on < row.since:
        reasons.append(f"停用日期不能早于启用日期 {said(row.since)}。")
    if not reason.strip():
        reasons.append("请写明停用原因。")
    after = on + timedelta(days=1)
    below = row.children.active_in(after, date.max).count()
    if below:
        reasons.append(f"还有 {below} 个下级委员会未停用，请先停用或移到别处。")
    for manager, word in ((row.memberships, "成员"), (row.secretaries, "学习秘书"), (row.grants, "角色授权")):
        left = manager.during(after, None).count()
        if left:
            reasons.append(f"还有 {left} 项{word}晚于停用日期，请先结束。")
    current = row.names.filter(until=None).first()
    if current is not None and current.since > on:
        reasons.append(f"现名自 {said(current.since)} 启用，停用日期不能在此之前。")
    if reasons:
        raise Refused(reasons)
    row.until = on
    row.save_changed()
    row.names.filter(until=None).update(until=on)
    record(
        row, verb="停用委员会", by=by, at=at, before="启用", after="停用", reason=reason, data={"on": on.isoformat()}
    )
    return row
