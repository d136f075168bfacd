"""Every change to people, their memberships and secretaryships."""

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction

from roster.audit.actions import SHANGHAI, Actor, changes, record, saying
from roster.audit.moves import Refused
from roster.committees import actions as committee_actions
from roster.committees.models import Committee
from roster.committees.rules import period_reasons, said, within_reasons
from roster.people.consequences import Belonging, against, recount
from roster.people.models import LEADING, Membership, Person, StudySecretary
from roster.people.pinyin import name_pinyin
from roster.people.rules import Term, changed_span, gives_more, needs_another, overlap_reasons, phone_reasons

PERSON_FIELDS = frozenset({"code", "name", "phone", "email"})
MEMBERSHIP_FIELDS = frozenset({"group_role", "post", "rank", "primary_responsible", "since", "until", "end_reason"})
CODE_TAKEN = "人员编码已被使用，请核对是否同一人，或换一个编码。"
OVERLAP = "此人在这个委员会的任期与刚刚保存的一段重叠，请刷新后核对日期。"
RESTRAINTS = {"membership_no_overlap": OVERLAP, "secretary_no_overlap": OVERLAP}


def local_day(at: datetime) -> date:
    return at.astimezone(SHANGHAI).date()


def next_code() -> str:
    """A code nobody has yet: R and six digits."""
    last = Person.objects.filter(code__regex=r"^R\d{6}$").order_by("-code").values_list("code", flat=True).first()
    return f"R{int(last[1:]) + 1 if last else 1:06d}"


@transaction.atomic
def create_person(*, code: str = "", name: str, phone: str = "", email: str = "", by: Actor, at: datetime) -> Person:
    """An empty `code` is filled with the next free one."""
    reasons = phone_reasons(phone)
    code = code or next_code()
    if Person.objects.filter(code=code).exists():
        reasons.append(CODE_TAKEN)
    if reasons:
        raise Refused(reasons)
    row = Person(code=code, name=name, phone=phone, email=email, pinyin=name_pinyin(name))
    with saying({"roster_person_code": CODE_TAKEN}):
        row.save()
    record(row, verb="新建人员", by=by, at=at, data={"code": code})
    return row


@transaction.atomic
def edit_person(person: Person, *, version: int, by: Actor, at: datetime, **wanted: Any) -> Person:
    unknown = set(wanted) - PERSON_FIELDS
    if unknown:
        raise TypeError(f"not editable here: {sorted(unknown)}")
    row: Person = Person.objects.lock(person.pk, version)
    reasons = phone_reasons(wanted.get("phone", ""))
    if "code" in wanted and Person.objects.filter(code=wanted["code"]).exclude(pk=row.pk).exists():
        reasons.append(CODE_TAKEN)
    if reasons:
        raise Refused(reasons)
    changed = changes(row, wanted)
    if not changed:
        return row
    row.pinyin = name_pinyin(row.name)
    with saying({"roster_person_code": CODE_TAKEN}):
        row.save_changed()
    # The log keeps that the phone or the mail address changed, not what they were.
    kept = {name: value if name in ("code", "name") else ["…", "…"] for name, value in changed.items()}
    record(row, verb="修改人员", by=by, at=at, data={"changes": kept})
    return row


def merged_sentence(person: Person) -> str:
    kept = person.merged_into
    return f"{person.name}（{person.code}）的档案已并入{kept.name}（{kept.code}），请用那一份。" if kept else ""


def _merge_reasons(kept: Person, other: Person, today: date) -> list[str]:
    reasons = []
    if kept.pk == other.pk:
        reasons.append("不能并入自己，请选另一份档案。")
    if kept.merged_into_id is not None:
        reasons.append(merged_sentence(kept))
    if other.merged_into_id is not None:
        reasons.append(merged_sentence(other))
    if other.merged.exists():
        reasons.append(f"{other.name}（{other.code}）已有别的档案并入，请以它为保留的一份。")
    if Membership.objects.during(today, None).filter(person=other).exists():
        reasons.append(f"{other.name}（{other.code}）还有现任或将到任的成员任期，请先结束，或以它为保留的一份。")
    if StudySecretary.objects.during(today, None).filter(person=other).exists():
        reasons.append(f"{other.name}（{other.code}）还有现任或将到任的学习秘书任期，请先结束，或以它为保留的一份。")
    user = getattr(other, "user", None)
    if user is not None and user.is_active:
        reasons.append(f"{other.name}（{other.code}）的账号还在用，请先停用，或以它为保留的一份。")
    return reasons


@transaction.atomic
def merge_person(kept: Person, other: Person, *, reason: str, by: Actor, at: datetime) -> Person:
    """Two files of one person become one. Nothing that points at either is moved: papers and figures stay as they are."""
    both: dict[int, Person] = {}
    for row in Person.objects.select_for_update(of=("self",)).filter(pk__in=[kept.pk, other.pk]).order_by("pk"):
        both[row.pk] = row
    stays, goes = both[kept.pk], both[other.pk]
    reasons = _merge_reasons(stays, goes, local_day(at))
    if not reason.strip():
        reasons.append("请写明为什么是同一个人，如 同名同手机、单位已核实。")
    if reasons:
        raise Refused(reasons)
    goes.merged_into = stays
    goes.save_changed()
    data = {"kept": stays.code, "merged": goes.code}
    for row in (stays, goes):
        record(row, verb="合并人员", by=by, at=at, reason=reason.strip(), data=data)
    return stays


@transaction.atomic
def unmerge_person(person: Person, *, reason: str, version: int, by: Actor, at: datetime) -> Person:
    """The other way, for a reason that is kept: nothing had been moved."""
    row: Person = Person.objects.lock(person.pk, version)
    reasons = [] if row.merged_into_id is not None else ["这份档案没有并入别的档案。"]
    if not reason.strip():
        reasons.append("请写明取消合并的原因。")
    if reasons:
        raise Refused(reasons)
    data = {"kept": row.merged_into.code, "merged": row.code}
    row.merged_into = None
    row.save_changed()
    record(row, verb="取消合并", by=by, at=at, reason=reason.strip(), data=data)
    return row


def _held(model: Any, committee: Committee, person: Person, *, but: int | None = None) -> list[Term]:
    rows = model.objects.filter(committee=committee, person=person).exclude(pk=but).order_by("since")
    return [Term(since, until) for since, until in rows.values_list("since", "until")]


def _term_reasons(
    model: Any, committee: Committee, person: Person, term: Term, *, but: int | None = None, what: str
) -> list[str]:
    reasons = period_reasons(term.since, term.until)
    if person.merged_into_id is not None:
        reasons.append(merged_sentence(person))
    if not reasons:
        reasons += within_reasons(term.since, term.until, committee.since, committee.until, frame=f"“{committee}”")
        reasons += overlap_reasons(
            str(person), str(committee), term, _held(model, committee, person, but=but), what=what
        )
    return reasons


def waits(committee: Committee, person: Person, *, leading: bool, by: Actor) -> bool:
    """Whether a term entered by `by` opens nothing until somebody else has confirmed it."""
    own = by.person_id is not None and by.person_id == person.pk
    return needs_another(own=own, from_above=by.stands_above(committee.path), leading=leading)


def _recount(committee_id: int, before: Term | None, after: Term | None, at: datetime) -> None:
    span = changed_span(before, after)
    if span:
        recount([committee_id], *span, at)


def _ask_gate(row: Membership | StudySecretary, before: Term | None, after: Term | None) -> None:
    """Refused when belonging would change in a period that is closed. An agreed correction does not ask."""
    model = type(row)
    others = _held(model, row.committee, row.person, but=row.pk)
    change = Belonging(
        row.committee_id, row.committee.path, str(row.person), tuple(filter(None, (*others, before))),
        tuple(filter(None, (*others, after))), expected=model is Membership,
    )  # fmt: skip
    if reasons := against([change])[0]:
        raise Refused(reasons)


def _numbered(correction: int | None) -> dict[str, Any]:
    """What the event of an agreed correction carries beside the rest."""
    return {} if correction is None else {"correction": correction}


def _term_data(row: Membership | StudySecretary) -> dict[str, Any]:
    return {
        "person": row.person.code, "since": row.since.isoformat(), "until": row.until.isoformat() if row.until else None,
    }  # fmt: skip


@transaction.atomic
def add_membership(
    *, committee: Committee, person: Person, group_role: str, since: date, until: date | None = None, post: str = "",
    rank: int = 999, primary_responsible: bool = False, correction: int | None = None, by: Actor, at: datetime,
) -> Membership:  # fmt: skip
    """Refused: end before start, outside the committee's life, overlap with a term of the same person there.

    `correction` is the number of the agreed correction that asks for it: it alone reaches into a closed period.
    """
    term = Term(since, until)
    reasons = _term_reasons(Membership, committee, person, term, what="任期")
    if reasons:
        raise Refused(reasons)
    row = Membership(
        committee=committee, person=person, group_role=group_role, since=since, until=until, post=post, rank=rank,
        primary_responsible=primary_responsible, entered_by_id=by.pk,
    )  # fmt: skip
    row.confirmed = not waits(committee, person, leading=group_role in LEADING, by=by)
    if correction is None:
        _ask_gate(row, None, term)
    with saying(RESTRAINTS):
        row.save()
    _recount(committee.pk, None, term, at)
    data = _term_data(row) | _numbered(correction)
    record(row, verb="增加成员", by=by, at=at, after=row.get_group_role_display(), data=data)
    return row


@transaction.atomic
def edit_membership(
    membership: Membership, *, version: int, correction: int | None = None, by: Actor, at: datetime, **wanted: Any
) -> Membership:
    """Puts a term right. A change of role on a day is an end and a new term, so that papers of that day stay true."""
    unknown = set(wanted) - MEMBERSHIP_FIELDS
    if unknown:
        raise TypeError(f"not editable here: {sorted(unknown)}")
    row: Membership = Membership.objects.lock(membership.pk, version)
    before, role = Term(row.since, row.until), row.group_role
    changed = changes(row, wanted)
    if not changed:
        return row
    term = Term(row.since, row.until)
    if gives_more((role, before), (row.group_role, term), local_day(at), leading=LEADING):
        row.entered_by_id = by.pk
        if waits(row.committee, row.person, leading=row.group_role in LEADING, by=by):
            row.confirmed = False
    reasons = _term_reasons(Membership, row.committee, row.person, term, but=row.pk, what="任期")
    if reasons:
        raise Refused(reasons)
    if correction is None:
        _ask_gate(row, before, term)
    with saying(RESTRAINTS):
        row.save_changed()
    _recount(row.committee_id, before, term, at)
    data = {"changes": changed, **_term_data(row), **_numbered(correction)}
    record(row, verb="修改成员", by=by, at=at, data=data)
    return row


@transaction.atomic
def end_membership(
    membership: Membership, *, until: date, reason: str, version: int, by: Actor, at: datetime
) -> Membership:
    """`until` is the last day of belonging."""
    row: Membership = Membership.objects.lock(membership.pk, version)
    reasons = period_reasons(row.since, until)
    if row.until is not None:
        reasons.append(f"这段任期已于 {said(row.until)} 结束；要改结束日期，请用“修改”。")
    if not reason.strip():
        reasons.append("请写明变动原因，如 调离、退休、免职。")
    if reasons:
        raise Refused(reasons)
    before = Term(row.since, row.until)
    _ask_gate(row, before, Term(row.since, until))
    row.until, row.end_reason = until, reason.strip()
    row.save_changed()
    _recount(row.committee_id, before, Term(row.since, until), at)
    record(
        row, verb="结束成员任期", by=by, at=at, before=row.get_group_role_display(), reason=reason, data=_term_data(row)
    )
    return row


@transaction.atomic
def add_secretary(
    *, committee: Committee, person: Person, since: date, until: date | None = None, agreed: bool = False,
    by: Actor, at: datetime,
) -> StudySecretary:  # fmt: skip
    """`agreed`: two people had their hand in it already (a hand-over: one prepared it, the other signed)."""
    reasons = _term_reasons(StudySecretary, committee, person, Term(since, until), what="学习秘书任期")
    if reasons:
        raise Refused(reasons)
    row = StudySecretary(committee=committee, person=person, since=since, until=until, entered_by_id=by.pk)
    row.confirmed = agreed or not waits(committee, person, leading=True, by=by)
    _ask_gate(row, None, Term(since, until))
    with saying(RESTRAINTS):
        row.save()
    record(row, verb="增加学习秘书", by=by, at=at, data=_term_data(row))
    return row


@transaction.atomic
def end_secretary(row: StudySecretary, *, until: date, version: int, by: Actor, at: datetime) -> StudySecretary:
    row = StudySecretary.objects.lock(row.pk, version)
    reasons = period_reasons(row.since, until)
    if row.until is not None:
        reasons.append(f"{row.person}的学习秘书任期已于 {said(row.until)} 结束。")
    if reasons:
        raise Refused(reasons)
    _ask_gate(row, Term(row.since, row.until), Term(row.since, until))
    row.until = until
    row.save_changed()
    record(row, verb="结束学习秘书任期", by=by, at=at, data=_term_data(row))
    return row


@transaction.atomic
def confirm_term(row: Any, *, version: int, by: Actor, at: datetime) -> Any:
    """Another person's yes to a term: neither he who holds it nor he who entered it."""
    locked = type(row).objects.lock(row.pk, version)
    reasons = []
    if locked.confirmed:
        reasons.append("这段任期已经确认过，不需要再确认。")
    if by.person_id is not None and by.person_id == locked.person_id:
        reasons.append("不能确认自己的任期，请由组长、另一名学习秘书或上级宣传部门确认。")
    elif by.pk is None or by.pk == locked.entered_by_id:
        reasons.append("这段任期是您登记的，请由另一个人确认：组长、另一名学习秘书或上级宣传部门。")
    if reasons:
        raise Refused(reasons)
    locked.confirmed = True
    locked.save_changed()
    record(locked, verb="确认任期", by=by, at=at, before="待确认", after="已确认", data=_term_data(locked))
    return locked


@transaction.atomic
def wind_up(committee: Committee, *, on: date, reason: str, version: int, by: Actor, at: datetime) -> Committee:
    """Close a committee and end, on its last day, the terms of everybody in it. Terms that begin later are refused."""
    after = on + timedelta(days=1)
    for member in committee.memberships.during(after, None).filter(since__lte=on).select_related("person"):
        if member.until is None:
            end_membership(member, until=on, reason=reason or "停用", version=member.version, by=by, at=at)
        else:
            edit_membership(member, version=member.version, until=on, by=by, at=at)
    for keeper in committee.secretaries.during(after, None).filter(since__lte=on, until=None).select_related("person"):
        end_secretary(keeper, until=on, version=keeper.version, by=by, at=at)
    return committee_actions.close(committee, on=on, reason=reason, version=version, by=by, at=at)
