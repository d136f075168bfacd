"""Every change to a scheme. A draft is replaced as a whole; a published one is fixed: what changes is a new edition.

Saving refuses what cannot be right (weights that do not sum to 100, a formula that names no key), so that every draft
could be published as it stands; publishing looks again, because measures and other editions may have changed meanwhile.
"""

from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Max

from roster.audit.actions import Actor, record
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.assessment import specs
from sessions_app.assessment.models import Indicator, Scheme, SchemeItem, SchemeStage, Subject
from sessions_app.assessment.rules import scheme_problems
from sessions_app.assessment.specs import Content
from sessions_app.facts.appraisal import MEASURES


def _lock(scheme: Scheme, version: int | None) -> Scheme:
    row: Scheme = Scheme.objects.select_related("committee").lock(scheme.pk, version)
    return row


def _desk(committee: Committee, form_token: str = "") -> Scheme | None:
    """One writer a committee at a time, for the numbers of editions; the scheme an earlier click of the form made."""
    Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=committee.pk)
    made: Scheme | None = (
        Scheme.objects.filter(form_token=form_token, committee=committee).first() if form_token else None
    )
    return made


def _checked(content: Content, year: int, effective_from: date | None) -> dict[str, Any]:
    wanted = specs.tidy(content)
    if wrong := specs.problems(wanted, year=year, effective_from=effective_from):
        raise Refused([problem.text for problem in wrong])
    return wanted


def _head(wanted: Content, effective_from: date) -> dict[str, Any]:
    return {
        "title": wanted["title"], "source": wanted["source"], "subject": wanted["subject"],
        "weight": specs.points(wanted["weight"]), "bonus_cap": specs.points(wanted["bonus_cap"]),
        "bands": wanted["bands"], "effective_from": effective_from,
    }  # fmt: skip


def _put(scheme: Scheme, wanted: Content) -> None:
    """The rows of a draft, which nothing points at yet."""
    scheme.indicators.all().delete()
    rows = Indicator.objects.bulk_create(
        Indicator(scheme=scheme, order=order, name=row["name"], weight=specs.points(row["weight"]))
        for order, row in enumerate(wanted["indicators"], start=1)
    )
    SchemeItem.objects.bulk_create(
        SchemeItem(
            indicator=indicator, order=order, name=item["name"], max=specs.points(item["max"]),
            primitive=item["primitive"], params=item["params"], basis=item["basis"],
        )
        for indicator, row in zip(rows, wanted["indicators"], strict=True)
        for order, item in enumerate(row["items"], start=1)
    )  # fmt: skip


def _make(
    committee: Committee,
    year: int,
    wanted: Content,
    effective_from: date,
    form_token: str,
    copied_from: Scheme | None = None,
) -> Scheme:
    last = Scheme.objects.filter(committee=committee, year=year).aggregate(last=Max("edition"))["last"] or 0
    scheme: Scheme = Scheme.objects.create(
        committee=committee, year=year, edition=last + 1, form_token=form_token or None, copied_from=copied_from,
        **_head(wanted, effective_from),
    )  # fmt: skip
    _put(scheme, wanted)
    return scheme


@transaction.atomic
def create(
    *, committee: Committee, year: int, content: Content, effective_from: date | None, form_token: str = "",
    by: Actor, at: datetime,
) -> Scheme:  # fmt: skip
    """A draft from what was typed (`specs.Content`). The same `form_token` makes it once."""
    if (made := _desk(committee, form_token)) is not None:
        return made
    wanted = _checked(content, year, effective_from)
    assert effective_from is not None
    scheme = _make(committee, year, wanted, effective_from, form_token)
    record(scheme, verb="create", after=scheme.stage, by=by, at=at, data={"year": year, "edition": scheme.edition})
    return scheme


@transaction.atomic
def take_example(
    *, committee: Committee, year: int, name: str, form_token: str = "", by: Actor, at: datetime
) -> Scheme:
    """A draft from one of `specs.EXAMPLES`, in force from the first day of the year until somebody changes that."""
    if (made := _desk(committee, form_token)) is not None:
        return made
    first = date(year, 1, 1)
    scheme = _make(committee, year, _checked(specs.example(name), year, first), first, form_token)
    record(scheme, verb="create", after=scheme.stage, by=by, at=at, data={"year": year, "example": name})
    return scheme


@transaction.atomic
def copy(
    scheme: Scheme, *, year: int, committee: Committee | None = None, form_token: str = "", by: Actor, at: datetime
) -> Scheme:
    """The same content as a draft of another year (last year's sheet), or of another committee."""
    where = committee or scheme.committee
    if (made := _desk(where, form_token)) is not None:
        return made
    if where == scheme.committee and year == scheme.year:
        raise Refused("同一年度要修改，请另立新版并写明生效日期。")
    return _copied(scheme, where, year, date(year, 1, 1), form_token, by, at)


@transaction.atomic
def copy_edition(
    scheme: Scheme, *, effective_from: date | None, form_token: str = "", by: Actor, at: datetime
) -> Scheme:
    """The next edition of the same year, a draft that will hold from `effective_from` on."""
    if (made := _desk(scheme.committee, form_token)) is not None:
        return made
    if scheme.stage != SchemeStage.PUBLISHED:
        raise Refused("这一版还是草稿，可以直接修改，不用另立新版。")
    if effective_from is None:
        raise Refused("请填写新版的生效日期。")
    wrong = _order_problems(scheme.committee, scheme.year, effective_from)
    if wrong:
        raise Refused(wrong)
    return _copied(scheme, scheme.committee, scheme.year, effective_from, form_token, by, at)


def _copied(
    scheme: Scheme, where: Committee, year: int, effective_from: date, form_token: str, by: Actor, at: datetime
) -> Scheme:
    wanted = _checked(specs.content_of(scheme), year, effective_from)
    made = _make(where, year, wanted, effective_from, form_token, copied_from=scheme)
    data = {"year": year, "edition": made.edition, "from": scheme.pk}
    record(made, verb="copy", after=made.stage, by=by, at=at, data=data)
    return made


def _draft(scheme: Scheme, version: int | None) -> Scheme:
    row = _lock(scheme, version)
    if row.stage != SchemeStage.DRAFT:
        raise Refused(f"第{row.edition}版已发布，不能再改；要修改请另立新版。")
    return row


@transaction.atomic
def save(
    scheme: Scheme, *, content: Content, effective_from: date | None, version: int | None, by: Actor, at: datetime
) -> Scheme:
    """The whole content of a draft at once; refused with every reason, and nothing of it kept, when anything is wrong."""
    row = _draft(scheme, version)
    wanted = _checked(content, row.year, effective_from)
    assert effective_from is not None
    before = specs.tidy(specs.content_of(row)) | {"effective_from": row.effective_from}
    changed = [key for key, value in (wanted | {"effective_from": effective_from}).items() if before.get(key) != value]
    for name, value in _head(wanted, effective_from).items():
        setattr(row, name, value)
    _put(row, wanted)
    row.save_changed()
    record(row, verb="save", before=row.stage, after=row.stage, by=by, at=at, data={"changed": changed})
    return row


def _order_problems(committee: Committee, year: int, effective_from: date) -> list[str]:
    """A later edition holds from a later day: an edition of June does not touch May."""
    last = Scheme.objects.published().filter(committee=committee, year=year).order_by("-effective_from").first()
    if effective_from.year != year:
        return [f"生效日期应在 {year} 年内。"]
    if last is not None and effective_from <= last.effective_from:
        day = f"{last.effective_from.month}月{last.effective_from.day}日"
        return [f"第{last.edition}版自{day}起生效，新版的生效日期应在这之后。"]
    return []


@transaction.atomic
def publish(scheme: Scheme, *, version: int | None, by: Actor, at: datetime) -> Scheme:
    """From now on all below read it, and runs whose data day it covers are weighed by it."""
    _desk(scheme.committee)
    row = _draft(scheme, version)
    wrong = scheme_problems(specs.spec_of(row), MEASURES)
    if row.subject == Subject.PERSON:
        wrong.append("个人考核办法只作示例和验算，不发布，也不对人排名。")
    wrong += _order_problems(row.committee, row.year, row.effective_from)
    if wrong:
        raise Refused(wrong)
    before, row.stage = row.stage, SchemeStage.PUBLISHED
    row.published_by_id, row.published_at = by.pk, at
    row.save_changed()
    data = {"year": row.year, "edition": row.edition, "effective_from": str(row.effective_from)}
    record(row, verb="publish", before=before, after=row.stage, by=by, at=at, data=data)
    return row


@transaction.atomic
def discard(scheme: Scheme, *, version: int | None, by: Actor, at: datetime) -> None:
    """A draft that is not wanted; nothing was ever weighed by it."""
    row = _draft(scheme, version)
    if Scheme.objects.filter(copied_from=row).exists():
        raise Refused("另有办法由这份草稿复制而来，不能删去。")
    record(row, verb="discard", before=row.stage, by=by, at=at, data={"year": row.year, "edition": row.edition})
    row.delete()
