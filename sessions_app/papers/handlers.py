"""What a worker does for a job of papers: freeze the facts, set the sections, bind and issue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction

from roster.audit.actions import SHANGHAI, Actor, SystemActor
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.jobs import work
from sessions_app.jobs.models import Job, JobStep
from sessions_app.papers import actions, copies, frozen, kept, typeset, verify
from sessions_app.papers.models import IssuedPaper, PaperKind
from sessions_app.papers.shelf import DatabaseShelf

Facts = dict[str, Any]


def actor(job: Job) -> Actor:
    """Whoever asked for the job; the machine where nobody did."""
    user = job.created_by
    if user is None:
        return SystemActor("后台任务")
    return user.act(on=job.created_at.astimezone(SHANGHAI).date())


@contextmanager
def snapshot() -> Iterator[None]:
    """One moment for all that is read inside, so that the whole is the sum of its parts."""
    if connection.in_atomic_block:  # a test's own transaction cannot be changed
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


class AnnualReports:
    """Steps: "freeze" reads everything in one snapshot into the other steps' arguments; "own:ID" sets one committee's
    section (and issues its report); "whole:ID" binds all sections below one committee."""

    def step(self, job: Job, step: JobStep) -> work.Save | None:
        if step.key == "freeze":
            return self._freeze(job)
        if step.key.startswith("own:"):
            return self._own(job, step)
        return self._whole(job, step)

    def finish(self, job: Job) -> None:
        papers = list(
            IssuedPaper.objects.filter(job=job).order_by("id").values_list("pk", "committee_id", "subject_id")
        )
        mine = [pk for pk, committee_id, subject in papers if committee_id == job.committee_id]
        job.result = {**job.result, "papers": len(papers), "paper": mine[-1] if mine else None}

    def _freeze(self, job: Job) -> work.Save:
        said, year = job.arguments, job.arguments["year"]
        today = date.fromisoformat(said["today"])
        steps = list(job.steps.exclude(key="freeze"))
        with snapshot():
            ids = {step.arguments["committee"] for step in steps}
            committees = Committee.objects.prefetch_related("names").in_bulk(ids)
            for step in steps:
                whole = step.key.startswith("whole:")
                committee = committees[step.arguments["committee"]]
                prose = {
                    **actions.last_prose(committee.pk, year, whole=whole),
                    **(said["prose"] if committee.pk == said["committee"] and whole == self._is_whole(steps) else {}),
                }
                read = frozen.annual_whole if whole else frozen.annual_section
                step.arguments = {**step.arguments, "facts": read(committee, year, today=today, prose=prose)}
                if whole:
                    step.arguments["below"] = [row.pk for row in frozen.below_in(committee, year) if row.pk in ids]

        def save(job: Job) -> None:
            JobStep.objects.bulk_update(steps, ["arguments"], batch_size=50)

        return save

    @staticmethod
    def _is_whole(steps: list[JobStep]) -> bool:
        return any(step.key.startswith("whole:") for step in steps)

    def _own(self, job: Job, step: JobStep) -> work.Save | None:
        facts = step.arguments["facts"]
        if not step.arguments["issue"]:
            typeset.section(facts, shelf=DatabaseShelf())
            return None
        committee = Committee.objects.get(pk=step.arguments["committee"])
        return self._issue(job, committee, None, facts["committee"]["name"], facts["title"], [facts])

    def _whole(self, job: Job, step: JobStep) -> work.Save:
        facts = step.arguments["facts"]
        committee = Committee.objects.get(pk=step.arguments["committee"])
        frozen_ = {
            row["committee"]: row["facts"]
            for row in job.steps.filter(key__startswith="own:").values_list("arguments", flat=True)
        }
        sections = [facts, *(frozen_[pk] for pk in step.arguments["below"])]
        return self._issue(job, committee, committee.pk, facts["committee"]["name"], facts["title"], sections)

    def _issue(
        self, job: Job, committee: Committee, subject: int | None, name: str, title: str, sections: list[Facts]
    ) -> work.Save:
        year, at = job.arguments["year"], datetime.fromisoformat(job.arguments["at"])
        number = actions.next_number(PaperKind.ANNUAL, committee.pk, year, subject)
        kind = "总报告" if subject else "报告"
        facts = {
            "title": title,
            "cover": {"name": name, "lines": [f"{year}年度理论学习中心组", f"学习情况{kind}"]},
            "issue": {"number": number, "on": at.date().isoformat(), "as_of": at.isoformat()},
            "sections": sections,
        }
        made = typeset.annual(facts, shelf=DatabaseShelf())
        others = copies.made(PaperKind.ANNUAL, facts, committee)

        def save(job: Job) -> None:
            actions.keep(
                PaperKind.ANNUAL, committee=committee, year=year, subject_id=subject, number=number, facts=facts,
                made=made, as_of=at, by=actor(job), at=at, job=job, others=others,
            )  # fmt: skip
            job.result = {**job.result, "rendered": job.result.get("rendered", 0) + made.rendered}

        return save


class Verification:
    """One step: set the paper anew from its frozen facts and compare."""

    def step(self, job: Job, step: JobStep) -> work.Save:
        paper = IssuedPaper.objects.get(pk=step.arguments["paper"])
        try:
            verdict = verify.verify(kept.content(paper.file))
            well, words = verdict.well, verdict.words
        except Refused as gone:
            well, words = False, str(gone)

        def save(job: Job) -> None:
            job.result = {"well": well, "words": words, "paper": paper.pk}

        return save

    def finish(self, job: Job) -> None:
        return None


HANDLERS: dict[str, Callable[[], work.Handler]] = {
    actions.ANNUAL_JOB: AnnualReports,
    actions.VERIFY_JOB: Verification,
}


def register() -> None:
    """Called by whoever works on jobs: the worker (tasks.py) and the commands."""
    for kind, handler in HANDLERS.items():
        work.handlers[kind] = handler()
