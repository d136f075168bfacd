"""A bulletin from its first line to its receipts: written, frozen, checked by another, signed by a third, received."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Max

from roster.audit.actions import SHANGHAI, Actor, changes, record
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.bulletins import blocks, clean, frozen, markup, prose, rules
from sessions_app.bulletins.models import (
    AnnexKind,
    Bulletin,
    BulletinAnnex,
    BulletinReceipt,
    BulletinStage,
    PracticeCard,
)
from sessions_app.bulletins.moves import MOVES, WRITABLE
from sessions_app.papers import actions as papers
from sessions_app.papers.models import IssuedPaper, PaperKind
from sessions_app.papers.rules import fingerprint
from sessions_app.plans.models import StudyMode
from sessions_app.policies import parameters

Row = Mapping[str, Any]
WRITING = ("create", "save", "freeze", "thaw", "submit", "take_back")


class Saved(NamedTuple):
    """The row as it stands now, and what was taken out of the text, in sentences."""

    bulletin: Bulletin
    notes: tuple[str, ...]


def _person(by: Actor, doing: str) -> int:
    if by.person_id is None:
        raise Refused(f"这个账号没有对应的人员，不能{doing}。")
    return int(by.person_id)


def _lock_numbers(committee_id: int) -> Committee:
    """One number at a time of a department: no gap, nobody gets the same one."""
    return Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=committee_id)


UNCHECKED_KEPT = 200  # numbers named in the record of one submission


# --------------------------------------------------------------------------------------------------- the compiler
@transaction.atomic
def create(
    committee: Committee, *, year: int, quarter: int, title: str = "", form_token: str = "", by: Actor, at: datetime
) -> Bulletin:
    """A draft with the outline of four chapters; `quarter` 0 is the year's. The same `form_token` makes it once."""
    person = _person(by, "编制学情通报")
    day = at.astimezone(SHANGHAI).date()
    committee = _lock_numbers(committee.pk)
    if form_token:
        made: Bulletin | None = Bulletin.objects.filter(form_token=form_token, committee=committee).first()
        if made is not None:
            return made
    wrong = rules.period_problems(year, quarter, day.year)
    title = title.strip() or ("" if wrong else rules.default_title(committee.name_on(day), year, quarter))
    if len(title) > rules.TITLE_LIMIT:
        wrong.append(f"标题超过 {rules.TITLE_LIMIT} 字，请缩短。")
    if not Committee.objects.active_on(day).filter(pk=committee.pk).exists():
        wrong.append(f"{committee}已停用，不能编制学情通报。")
    if wrong:
        raise Refused(wrong)
    last = Bulletin.objects.filter(committee=committee, year=year).aggregate(last=Max("issue"))["last"]
    before = Bulletin.objects.filter(committee=committee).exclude(mark="").order_by("-pk").first()
    row = Bulletin.objects.create(
        committee=committee, year=year, quarter=quarter, issue=(last or 0) + 1, title=title, body=rules.outline(),
        mark=before.mark if before else "", to=before.to if before else "各党委（党组）理论学习中心组",
        copies=before.copies if before else "", compiled_by_id=person, form_token=form_token or None,
    )  # fmt: skip
    record(
        row, verb="create", after=row.stage, by=by, at=at, data={"year": year, "quarter": quarter, "issue": row.issue}
    )
    return row


@transaction.atomic
def save(
    bulletin: Bulletin, *, title: str, to: str = "", copies: str = "", mark: str = "", body: str,
    annexes: Sequence[str] = (), cards: Sequence[Row] = (), version: int | None, by: Actor, at: datetime,
) -> Saved:  # fmt: skip
    """The whole text of a bulletin that is being written. What would not print is taken out of the body, and said.

    `cards`: {"mode", "committee" (id), "study_session" (id or None), "title", "text"} in order. Nothing changed:
    nothing is written, the version stays.
    """
    _person(by, "修改学情通报")
    row: Bulletin = Bulletin.objects.select_related("committee").lock(bulletin.pk, version)
    if row.stage not in WRITABLE:
        raise Refused(f"学情通报现在是“{row.get_stage_display()}”，正文不能修改；要改请先撤回或退回修改。")
    typed = [_card(card) for card in cards]
    wrong = rules.save_problems(
        title=title, to=to, copies=copies, mark=mark, size=len(body), annexes=annexes, kinds=AnnexKind.values,
        cards=typed, modes=StudyMode.values,
    )  # fmt: skip
    wrong += _strange_cards(row, typed)
    if wrong:
        raise Refused(wrong)
    tidy = clean.cleaned(body, row.facts)
    wanted = {
        "title": title.strip(), "to": to.strip(), "copies": copies.strip(), "mark": mark.strip(), "body": tidy.html,
    }  # fmt: skip
    changed = sorted(changes(row, wanted))
    changed += _put_annexes(row, annexes) + _put_cards(row, typed)
    if not changed:
        return Saved(row, tidy.notes)
    row.save_changed()
    record(row, verb="save", before=row.stage, after=row.stage, by=by, at=at, data={"changed": changed})
    return Saved(row, tidy.notes)


def _card(card: Row) -> dict[str, Any]:
    session = card.get("study_session")
    return {
        "mode": str(card.get("mode") or ""), "committee": int(card["committee"]),
        "study_session": int(session) if session else None,
        "title": str(card.get("title") or "").strip(), "text": str(card.get("text") or "").strip(),
    }  # fmt: skip


def _strange_cards(row: Bulletin, cards: Sequence[Row]) -> list[str]:
    """Cards tell of committees below the department, and of sessions held in the period in which these took part."""
    if not cards:
        return []
    units = {card["committee"] for card in cards}
    known = set(Committee.objects.under(row.committee).filter(pk__in=units).values_list("pk", flat=True))
    pairs = {(card["study_session"], card["committee"]) for card in cards if card["study_session"]}
    held = (
        frozen.held_pairs(row.committee, row.year, row.quarter, {session for session, _ in pairs}) if pairs else set()
    )
    wrong = ["创新做法的单位不在本部门范围内，请重新选择。"] if units - known else []
    return wrong + (["创新做法的来源场次不在本期之内，请重新选择。"] if pairs - held else [])


def _put_annexes(row: Bulletin, kinds: Sequence[str]) -> list[str]:
    if list(row.annexes.values_list("kind", flat=True)) == list(kinds):
        return []
    row.annexes.all().delete()
    BulletinAnnex.objects.bulk_create(
        BulletinAnnex(bulletin=row, order=n, kind=kind) for n, kind in enumerate(kinds, 1)
    )
    return ["annexes"]


def _put_cards(row: Bulletin, cards: Sequence[Row]) -> list[str]:
    names = ("mode", "committee_id", "study_session_id", "title", "text")
    wanted = [(c["mode"], c["committee"], c["study_session"], c["title"], c["text"]) for c in cards]
    if list(row.cards.values_list(*names)) == wanted:
        return []
    row.cards.all().delete()
    PracticeCard.objects.bulk_create(
        PracticeCard(bulletin=row, order=order, **dict(zip(names, values, strict=True)))
        for order, values in enumerate(wanted, start=1)
    )
    return ["cards"]


def freeze(bulletin: Bulletin, *, version: int | None, by: Actor, at: datetime) -> Bulletin:
    """Read the period once, in one snapshot, as it stands at `at`; figures put into the text print the new values."""
    _person(by, "冻结数据")
    MOVES.target(bulletin.stage, "freeze")
    with frozen.one_moment():
        facts = frozen.facts(Bulletin.objects.select_related("committee").get(pk=bulletin.pk), at=at)
    return _keep(bulletin, facts, version=version, by=by, at=at)


@transaction.atomic
def _keep(bulletin: Bulletin, facts: Row, *, version: int | None, by: Actor, at: datetime) -> Bulletin:
    row: Bulletin = Bulletin.objects.select_related("committee").lock(bulletin.pk, version)
    before, row.stage = row.stage, MOVES.target(row.stage, "freeze")
    row.facts, row.as_of = dict(facts), at
    row.body, printed = clean.reprinted(row.body, facts)
    row.save_changed()
    data = {"print": fingerprint(facts)[:12], "corrections": len(facts["corrections"]), "printed_anew": printed}
    record(row, verb="freeze", before=before, after=row.stage, by=by, at=at, data=data)
    return row


@transaction.atomic
def thaw(bulletin: Bulletin, *, reason: str, version: int | None, by: Actor, at: datetime) -> Bulletin:
    """Give the frozen figures up, with a reason; the text stays and is frozen anew later."""
    row: Bulletin = Bulletin.objects.lock(bulletin.pk, version)
    before, row.stage = row.stage, MOVES.target(row.stage, "thaw")
    if wrong := rules.reason_problems(reason, "解冻"):
        raise Refused(wrong)
    row.facts = row.as_of = None
    row.save_changed()
    record(row, verb="thaw", before=before, after=row.stage, reason=reason.strip(), by=by, at=at)
    return row


@transaction.atomic
def submit(
    bulletin: Bulletin,
    *,
    accept_mismatches: bool = False,
    reason: str = "",
    version: int | None,
    by: Actor,
    at: datetime,
) -> Bulletin:
    """To the checker. Numbers that differ from the snapshot are kept only on purpose, with a reason in the record."""
    row: Bulletin = Bulletin.objects.lock(bulletin.pk, version)
    before, row.stage = row.stage, MOVES.target(row.stage, "submit")
    read = prose.read(row.body, row.facts)
    found = read.mismatches
    wrong = rules.submit_problems(
        chapters=markup.chapters(row.body), to=row.to, mismatches=len(found), accepted=accept_mismatches, reason=reason
    )
    if wrong:
        raise Refused(wrong)
    row.compiled_by_id, row.return_reason = _person(by, "送核稿"), ""
    row.save_changed()
    kept = [{"said": one.said, "should": one.should, "label": one.label} for one in found]
    record(
        row, verb="submit", before=before, after=row.stage, by=by, at=at, reason=reason.strip() if found else "",
        data={
            "length": prose.length(row.body), "kept": kept, "checked": read.checked,
            "unchecked": [one.near for one in read.unchecked[:UNCHECKED_KEPT]],
        },
    )  # fmt: skip
    return row


@transaction.atomic
def take_back(bulletin: Bulletin, *, reason: str, version: int | None, by: Actor, at: datetime) -> Bulletin:
    """The compilers change something after all. A check that was given is void, and the record says so."""
    return _back(bulletin, "take_back", "撤回修改", reason, version, by, at)


# ---------------------------------------------------------------------------------------- the checker, the signer
@transaction.atomic
def check(bulletin: Bulletin, *, version: int | None, by: Actor, at: datetime) -> Bulletin:
    """By somebody who wrote nothing of it."""
    row: Bulletin = Bulletin.objects.select_related("committee").lock(bulletin.pk, version)
    before, row.stage = row.stage, MOVES.target(row.stage, "check")
    if wrong := _hand_problems(row, by, "核稿"):
        raise Refused(wrong)
    row.checked_by_id, row.checked_at = by.person_id, at
    row.save_changed()
    record(row, verb="check", before=before, after=row.stage, by=by, at=at, data={"content": _content(row)})
    return row


@transaction.atomic
def send_back(bulletin: Bulletin, *, reason: str, version: int | None, by: Actor, at: datetime) -> Bulletin:
    """By the checker or the signer, with a reason."""
    return _back(bulletin, "send_back", "退回修改", reason, version, by, at)


def _back(
    bulletin: Bulletin, verb: str, doing: str, reason: str, version: int | None, by: Actor, at: datetime
) -> Bulletin:
    row: Bulletin = Bulletin.objects.lock(bulletin.pk, version)
    before, row.stage = row.stage, MOVES.target(row.stage, verb)
    if wrong := rules.reason_problems(reason, doing):
        raise Refused(wrong)
    voided = row.checked_by_id is not None
    row.checked_by_id = row.checked_at = None
    row.return_reason = reason.strip()
    row.save_changed()
    record(
        row, verb=verb, before=before, after=row.stage, reason=row.return_reason, by=by, at=at,
        data={"check_void": True} if voided else {},
    )  # fmt: skip
    return row


@transaction.atomic
def sign(bulletin: Bulletin, *, version: int | None, by: Actor, at: datetime) -> Bulletin:
    """By a third person: the document number is given and the paper issued, both or neither."""
    _lock_numbers(bulletin.committee_id)
    row: Bulletin = Bulletin.objects.select_related("committee").lock(bulletin.pk, version)
    before, row.stage = row.stage, MOVES.target(row.stage, "sign")
    wrong = _hand_problems(row, by, "签发")
    checked = AuditEvent.objects.about(row).filter(verb="check").order_by("-seq").values_list("data", flat=True).first()
    if not wrong and (checked is None or checked.get("content") != _content(row)):
        wrong.append(rules.CHANGED_AFTER_CHECK)
    if wrong:
        raise Refused(wrong)
    if row.mark:
        row.document_year = at.astimezone(SHANGHAI).year  # the annual one of 2026, signed in January, is 〔2027〕
        same = Bulletin.objects.filter(committee_id=row.committee_id, document_year=row.document_year, mark=row.mark)
        row.document_number = (same.aggregate(last=Max("document_number"))["last"] or 0) + 1
    row.signed_by_id, row.signed_at = by.person_id, at
    row.paper = papers.issue(
        PaperKind.BULLETIN, committee=row.committee, year=row.year, subject_id=row.pk, facts=blocks.paper(row, at=at),
        by=by, at=at,
    )  # fmt: skip
    row.save_changed()
    number = rules.document_words(row.mark, row.document_year or row.year, row.document_number) if row.mark else ""
    data = {"paper": row.paper_id, "number": number}
    record(row, verb="sign", before=before, after=row.stage, by=by, at=at, data=data)
    return row


def _hand_problems(row: Bulletin, by: Actor, doing: str) -> list[str]:
    """Who wrote any of it stands in the record, whoever sent it in."""
    wrote = row.compiled_by_id == by.person_id or (
        AuditEvent.objects.about(row).filter(verb__in=WRITING, actor__person_id=by.person_id).exists()
    )
    return rules.hand_problems(
        person=by.person_id is not None, compiled=wrote, checked=row.checked_by_id == by.person_id, doing=doing
    )


def _content(row: Bulletin) -> str:
    """What the checker saw: text, head, cards, annexes and figures."""
    cards = list(row.cards.values_list("mode", "committee_id", "study_session_id", "title", "text"))
    annexes = list(row.annexes.values_list("kind", flat=True))
    return fingerprint(row.title, row.to, row.copies, row.mark, row.body, row.facts, cards, annexes)


def file_again(committee: Committee, year: int, number: int | None, quarter: int | None) -> IssuedPaper:
    """The paper of an issued bulletin, printed again from its file; Refused says which step is missing."""
    rows = Bulletin.objects.filter(committee=committee, year=year)
    if number:
        rows = rows.filter(issue=number)
    if quarter:
        rows = rows.filter(quarter=quarter)
    row = rows.filter(stage=BulletinStage.ISSUED).order_by("-issue").first()
    if row is not None:
        return row.paper
    row = rows.order_by("-issue").first()
    if row is None:
        raise Refused(f"{committee}没有{year}年的这期学情通报。")
    todo = {
        "DRAFT": "冻结数据、送核稿、核稿、签发",
        "FROZEN": "送核稿、核稿、签发",
        "CHECKING": "核稿、签发",
        "CHECKED": "签发",
    }
    raise Refused(
        f"{row}现在是“{row.get_stage_display()}”，还差：{todo[row.stage]}。学情通报只由签发印发，请到系统里办理。"
    )


# ------------------------------------------------------------------------------------------------ those below
@transaction.atomic
def receive(bulletin: Bulletin, *, committee: Committee, by: Actor, at: datetime) -> BulletinReceipt:
    """签收, once a committee below the department. A second click changes nothing."""
    row = Bulletin.objects.select_related("committee").get(pk=bulletin.pk)
    day = at.astimezone(SHANGHAI).date()
    wrong = rules.receive_problems(
        issued=row.stage == BulletinStage.ISSUED, name=str(committee),
        below=committee.path.startswith(row.committee.path) and committee.pk != row.committee_id,
        active=committee.since <= day and (committee.until is None or committee.until >= day),
    )  # fmt: skip
    if wrong:
        raise Refused(wrong)
    receipt, made = BulletinReceipt.objects.get_or_create(
        bulletin=row, committee=committee, defaults={"by_id": by.pk, "at": at}
    )
    if made:
        record(receipt, verb="receive", by=by, at=at, data={"bulletin": row.pk})
    return receipt


def length_limit(bulletin: Bulletin, at: datetime) -> int:
    """The local rule's limit for this kind of bulletin on the day."""
    key = "bulletin_length" if bulletin.quarter else "bulletin_length_year"
    return int(parameters.value(key, bulletin.committee, at.astimezone(SHANGHAI).date()))
