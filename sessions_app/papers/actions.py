"""Issuing: facts, edition and bytes are frozen together, in one row that never changes; errata are numbered."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.db.models import Max

from roster.audit.actions import Actor, record
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.facts.periods import span
from sessions_app.jobs import actions as jobs
from sessions_app.jobs.models import Job
from sessions_app.papers import copies, frozen, rules, typeset
from sessions_app.papers.edition import edition
from sessions_app.papers.models import Erratum, IssuedPaper, PaperFile, PaperKind, WordTemplate
from sessions_app.papers.pdf import PaperFailed
from sessions_app.papers.typeset import Finished

ANNUAL_JOB = "annual-reports"
VERIFY_JOB = "verify-paper"
Facts = Mapping[str, Any]


def next_number(kind: str, committee_id: int, year: int, subject_id: int | None) -> int:
    """1 for the first issue, one more for each issue after."""
    same = IssuedPaper.objects.filter(kind=kind, committee_id=committee_id, year=year, subject_id=subject_id)
    return (same.aggregate(last=Max("number"))["last"] or 0) + 1


@transaction.atomic
def keep(
    kind: str, *, committee: Committee, year: int, subject_id: int | None, number: int, facts: Facts, made: Finished,
    as_of: datetime, by: Actor, at: datetime, job: Job | None = None, others: Sequence[copies.Copy] = (),
) -> IssuedPaper:  # fmt: skip
    """Write the row and the files of a finished paper; the database refuses the same number twice."""
    paper = IssuedPaper(
        kind=kind, committee=committee, year=year, subject_id=subject_id, number=number, title=facts["title"],
        facts=dict(facts), edition=edition(), fonts=list(made.fonts), sha256=hashlib.sha256(made.pdf).hexdigest(),
        pages=made.pages, as_of=as_of, issued_by_id=by.pk, issued_at=at, job=job,
    )  # fmt: skip
    paper.file.save("paper.pdf", ContentFile(made.pdf), save=False)
    paper.save(force_insert=True)
    record(
        paper,
        verb="issue",
        by=by,
        at=at,
        data={"sha256": paper.sha256, "number": number, "edition": paper.edition[:12]},
    )
    for each in others:
        add_file(paper, each.format, each.content, edition=each.edition, template=each.template, by=by, at=at)
    return paper


@transaction.atomic
def add_file(
    paper: IssuedPaper, format_: str, content: bytes, *, edition: str, template: WordTemplate | None = None,
    by: Actor, at: datetime,
) -> PaperFile:  # fmt: skip
    """The same paper in another format, kept beside it for good; once each."""
    digest = hashlib.sha256(content).hexdigest()
    row = PaperFile(paper=paper, format=format_, sha256=digest, edition=edition, template=template, made_at=at)
    row.file.save(f"paper.{format_}", ContentFile(content), save=False)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise Refused(f"这份文书已经有 {row.get_format_display()} 文件。") from None
    record(paper, verb="add_file", by=by, at=at, data={"format": format_, "sha256": digest, "edition": edition[:12]})
    return row


def read_at(facts: Facts) -> datetime | None:
    """When the figures of a paper were read, where that is not when it is signed: a bulletin is frozen long before."""
    said = str(facts.get("as_of") or "")
    return datetime.fromisoformat(said) if "T" in said else None


def issue(
    kind: str, *, committee: Committee, year: int, subject_id: int | None, facts: Facts, by: Actor, at: datetime,
) -> IssuedPaper:  # fmt: skip
    """Issue a paper of one piece (sign-in sheet, plans, minutes, outcomes); the annual report goes through a job."""
    number = next_number(kind, committee.pk, year, subject_id)
    try:
        made = typeset.single(kind, facts)
        return keep(
            kind, committee=committee, year=year, subject_id=subject_id, number=number, facts=facts, made=made,
            as_of=read_at(facts) or at, by=by, at=at, others=copies.made(kind, facts, committee),
        )  # fmt: skip
    except PaperFailed as error:
        raise Refused(error.sentence) from error
    except IntegrityError:
        raise Refused("同一份文书刚刚印发过一次。请到文书里查看，确要再印发请重试。") from None


def start_annual(
    committee: Committee, year: int, *, whole: bool, own: bool = False, prose: Mapping[str, Any] | None = None,
    by: Actor, at: datetime,
) -> Job:  # fmt: skip
    """The job that issues annual reports.

    `whole` False: the committee's own report. True: the edition of the committee and all below it; with `own` also the
    own report of each and the edition of every committee in between that has others below it.
    """
    below = list(frozen.below_in(committee, year))
    if not any(row.pk == committee.pk for row in below):
        raise Refused(f"{committee}在{year}年没有启用，不能印发该年度的报告。请核对年度。")
    wanted = below if whole else [committee]
    if whole and len(below) == 1:
        raise Refused(f"{committee}没有下级委员会，请印发本级报告。")
    parents = {row.parent_id for row in below}
    steps: list[jobs.Step] = [("freeze", {"label": "数据冻结"}, 0)]
    for row in wanted:
        steps.append((f"own:{row.pk}", {"label": row.name, "committee": row.pk, "issue": own or not whole}, 1))
    for row in wanted if whole else []:
        if row.pk == committee.pk or (own and row.pk in parents):
            steps.append((f"whole:{row.pk}", {"label": f"{row.name}（总报告）", "committee": row.pk, "issue": True}, 2))
    what = "各委员会及总" if own else "总" if whole else ""
    return jobs.start(
        ANNUAL_JOB,
        key=f"{ANNUAL_JOB}:{committee.pk}:{year}:{'all' if own else 'whole' if whole else 'own'}",
        label=f"{committee}{year}年度学习情况{what}报告"[:120],
        committee=committee,
        steps=steps,
        arguments={
            "year": year, "committee": committee.pk, "today": at.date().isoformat(), "at": at.isoformat(),
            "prose": rules.clean_prose(prose), "last_day": span(year).last.isoformat(),
        },
        by=by,
        at=at,
    )  # fmt: skip


@transaction.atomic
def add_erratum(paper: IssuedPaper, *, text: str, by: Actor, at: datetime) -> Erratum:
    """勘误 n: stands beside the paper, which stays as it is."""
    text = text.strip()
    if not text:
        raise Refused("请写明勘误内容：第几页、原文、应为。")
    IssuedPaper.objects.select_for_update(of=("self",)).get(pk=paper.pk)
    number = (paper.errata.aggregate(last=Max("number"))["last"] or 0) + 1
    erratum = Erratum.objects.create(paper=paper, number=number, text=text, by_id=by.pk, at=at)
    record(paper, verb="erratum", by=by, at=at, reason=text, data={"number": number})
    return erratum


def last_prose(committee_id: int, year: int, *, whole: bool) -> dict[str, str]:
    """What was typed for the report's chapters when it was last issued: entered once, offered again."""
    subject = committee_id if whole else None
    last = (
        IssuedPaper.objects.filter(kind=PaperKind.ANNUAL, committee_id=committee_id, year=year, subject_id=subject)
        .order_by("-number").values_list("facts", flat=True).first()
    )  # fmt: skip
    sections: Sequence[Facts] = (last or {}).get("sections", [])
    return rules.clean_prose(sections[0].get("prose")) if sections else {}
