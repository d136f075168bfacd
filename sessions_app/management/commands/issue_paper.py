"""manage.py issue_paper KIND: one paper, without the browser."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from roster.audit.actions import Actor, SystemActor
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.assessment.models import AssessmentSheet, InterviewStage, LeaderInterview
from sessions_app.bulletins import actions as bulletins
from sessions_app.guidance.models import PromptStage, StudyPrompt
from sessions_app.jobs import work
from sessions_app.jobs.models import LIVE, Job, JobStage
from sessions_app.letters.models import ReminderLetter
from sessions_app.papers import (
    actions,
    copies,
    frozen,
    frozen_assessment,
    frozen_findings,
    frozen_people,
    frozen_supervision,
    handlers,
    volume_work,
)
from sessions_app.papers.frozen_assessment import not_yet
from sessions_app.papers.models import IssuedPaper, PaperKind
from sessions_app.plans.models import StudyPlan
from sessions_app.sessions.models import Participation, ParticipationState
from sessions_app.visits.models import ObservationVisit

BY = SystemActor("命令行")


class Command(BaseCommand):
    help = "印发一份文书并写到文件 (issue one paper): " + "、".join(f"{kind.value} {kind.label}" for kind in PaperKind)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", help="文书种类 (kind)")
        parser.add_argument("--year", type=int, required=True, help="年度 (year)")
        parser.add_argument("--committee", help="委员会编码；不给时为最上级 (code; the root without it)")
        parser.add_argument(
            "--quarter", type=int, help="季度：学习提示、工作情况汇报用 (quarter of a prompt or briefing)"
        )
        parser.add_argument(
            "--number",
            type=int,
            help="期次：签到表、方案、记录用；旁听记录表、反馈意见为批次 (number of the session, or round)",
        )
        parser.add_argument("--subject", type=int, help="编号：发言提纲、请假条、补学登记、外请备案用 (id of the row)")
        parser.add_argument("--own", action="store_true", help="年度报告和三张清单只要本级 (without those below)")
        parser.add_argument("--format", choices=["pdf", "docx", "xlsx", "zip"], default="pdf")
        parser.add_argument("-o", "--output", required=True, help="写到哪里 (output file)")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        kind = options["kind"]
        if kind not in PaperKind.values:
            known = "、".join(PaperKind.values)
            raise CommandError(f"没有“{kind}”这种文书，现有：{known}。(unknown kind)")
        packed = ["zip"] if kind == PaperKind.VOLUME else []
        if options["format"] not in ("pdf", *copies.formats(kind), *packed):
            raise CommandError(f"“{PaperKind(kind).label}”没有 {options['format']} 格式。(no such format of this kind)")
        committee = self._committee(options["committee"])
        try:
            paper = self._issue(PaperKind(kind), committee, options)
        except Refused as refusal:
            raise CommandError("；".join(refusal.reasons)) from refusal
        out = Path(options["output"])
        kept = paper if options["format"] == "pdf" else paper.files.filter(format=options["format"]).first()
        if kept is None:
            raise CommandError(f"已印发：{paper.title}，但没有附件原件，没有原件包。(no originals)")
        with kept.file.open("rb") as file:
            out.write_bytes(file.read())
        said = {
            "paper": paper.pk, "kind": kind, "title": paper.title, "number": paper.number, "pages": paper.pages,
            "sha256": kept.sha256, "edition": kept.edition, "format": options["format"], "output": str(out),
        }  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(said, ensure_ascii=False))
        else:
            self.stdout.write(f"已印发：{paper.title}（第{paper.number}次，{paper.pages}页），写到 {out}")
            self.stdout.write(f"SHA-256 {kept.sha256}")

    @staticmethod
    def _committee(code: str | None) -> Committee:
        rows = Committee.objects.filter(code=code) if code else Committee.objects.filter(parent=None).in_order()
        committee = rows.first()
        if committee is None:
            raise CommandError(f"没有编码为 {code} 的委员会。" if code else "系统里还没有委员会。")
        return committee

    def _issue(self, kind: PaperKind, committee: Committee, options: dict[str, Any]) -> IssuedPaper:
        year, at, by = options["year"], timezone.localtime(timezone.now()), BY
        if kind == PaperKind.ANNUAL:
            return self._annual(committee, year, own=options["own"], by=by, at=at)
        if kind == PaperKind.VOLUME:
            volume_work.register()
            return self._worked(volume_work.start(committee, year, by=by, at=at))
        if kind == PaperKind.BULLETIN:  # only signing issues one: what it issued is written out again
            return bulletins.file_again(committee, year, options["number"], options["quarter"])
        if kind == PaperKind.REMINDER_LETTER:  # issued when it was sent, and only then
            return self._letter(committee, year, options["number"])
        subject: int | None = None
        if kind == PaperKind.YEAR_PLAN:
            plan = StudyPlan.objects.in_force().filter(committee=committee, year=year).first()
            if plan is None:
                raise CommandError(f"{committee}没有{year}年度学习计划。")
            facts, subject = frozen.year_plan(plan), plan.pk
        elif kind == PaperKind.PROMPT:
            row = self._prompt(committee, year, options["quarter"])
            facts, subject = frozen.prompt(row), row.pk
        elif kind in frozen_supervision.VISIT_PAPERS:
            visit = self._visit(committee, year, options["number"])
            if kind == PaperKind.FEEDBACK:
                facts = frozen_supervision.feedback(visit, today=at.date())
            else:
                facts, committee = frozen_supervision.visit_record(visit), visit.round.committee
            if sentence := frozen_supervision.not_yet(kind, facts):
                raise CommandError(sentence)
            subject = visit.pk
        elif kind == PaperKind.RECTIFICATION_NOTICE:
            facts = frozen_findings.rect_notice(committee, year, today=at.date())
            if not facts["rows"]:
                raise CommandError(frozen_findings.NOTHING_OPEN)
        elif kind in frozen_findings.LISTS:
            whole = not options["own"] and Committee.objects.filter(parent=committee).exists()
            facts = frozen_findings.LISTS[kind](committee, year, today=at.date(), whole=whole)
            subject = committee.pk if whole else None
        elif kind == PaperKind.MEMBERS:
            facts = frozen_people.members(committee, year, today=at.date())
        elif kind == PaperKind.BRIEFING:
            subject = options["quarter"]
            facts = frozen_assessment.briefing(committee, year, today=at.date(), quarter=subject)
        elif kind in (PaperKind.SCORES, PaperKind.INTERVIEW):
            facts, subject = self._weighed(kind, committee, year)
        elif kind in frozen_people.PERSONAL:
            facts, subject = self._personal(kind, committee, options["subject"])
        elif kind == PaperKind.OUTCOMES:
            facts = frozen.outcomes(committee, year, today=at.date())
        else:
            if not options["number"]:
                raise CommandError("请用 --number 给出期次，例如 --number 3。")
            part = (
                Participation.objects.filter(
                    committee=committee, year=year, number=options["number"], state=ParticipationState.ACCEPTED
                )
                .select_related("study_session")
                .first()
            )
            if part is None:
                raise CommandError(f"{committee}{year}年没有第{options['number']}次学习。")
            facts, subject = frozen.SESSION_PAPERS[kind](part.study_session), part.study_session_id
            committee = part.study_session.committee
        if sentence := not_yet(kind, facts):
            raise CommandError(sentence)
        return actions.issue(
            kind, committee=committee, year=facts["year"], subject_id=subject, facts=facts, by=by, at=at
        )

    @staticmethod
    def _weighed(kind: PaperKind, committee: Committee, year: int) -> tuple[dict[str, Any], int]:
        """The committee's sheet of the last assessment of the year that it may read, or its interview of the year."""
        if kind == PaperKind.INTERVIEW:
            talk = LeaderInterview.objects.filter(committee=committee, year=year, stage=InterviewStage.HELD)
            talk = talk.select_related("department", "committee", "interviewer", "interviewee", "recorder").first()
            if talk is None:
                raise CommandError(f"{committee}{year}年没有约谈。")
            return frozen_assessment.interview(talk), talk.pk
        sheets = AssessmentSheet.objects.filter(committee=committee, assessment__year=year)
        sheets = sheets.filter(assessment__stage__in=frozen_assessment.TOLD)
        sheet = sheets.select_related("assessment__committee", "assessment__scheme", "committee").order_by(
            "-assessment__number", "-pk"
        ).first()  # fmt: skip
        if sheet is None:
            raise CommandError(f"{committee}{year}年没有公示的考核。")
        return frozen_assessment.scores(sheet), sheet.pk

    @staticmethod
    def _personal(kind: PaperKind, committee: Committee, pk: int | None) -> tuple[dict[str, Any], int]:
        if not pk:
            raise CommandError("请用 --subject 给出编号（页面地址里的数字）。")
        place = "study_session__committee" if kind == PaperKind.FILING else "participation__committee"
        row = frozen_people.ROWS[kind].filter(**{place: committee}, pk=pk).first()
        if row is None:
            raise CommandError(f"{committee}没有编号为 {pk} 的{kind.label}。")
        return frozen_people.READERS[kind](row), pk

    @staticmethod
    def _letter(committee: Committee, year: int, number: int | None) -> IssuedPaper:
        """The paper of the last letter sent to the committee that year, or of the one with that number."""
        rows = ReminderLetter.objects.filter(committee=committee, year=year, paper__isnull=False)
        row = (rows.filter(number=number) if number else rows).order_by("-issued_at").first()
        if row is None:
            raise CommandError(f"{year}年没有发给{committee}的提醒函。提醒函在系统里发出时印发。")
        return row.paper

    @staticmethod
    def _prompt(committee: Committee, year: int, quarter: int | None) -> StudyPrompt:
        """The last one published by the committee for that quarter."""
        if quarter not in (1, 2, 3, 4):
            raise CommandError("请用 --quarter 给出季度，例如 --quarter 1。")
        rows = StudyPrompt.objects.filter(committee=committee, year=year, quarter=quarter)
        row: StudyPrompt | None = rows.exclude(stage=PromptStage.DRAFT).order_by("-published_at", "-pk").first()
        if row is None:
            raise CommandError(f"{committee}没有发布{year}年第{quarter}季度的学习提示。")
        return row

    @staticmethod
    def _visit(committee: Committee, year: int, number: int | None) -> ObservationVisit:
        """The last visit to the committee that was sat in; of the round with that number when one is given."""
        rows = ObservationVisit.objects.sat_in().filter(committee=committee, round__year=year)
        if number:
            rows = rows.filter(round__number=number)
        rows = rows.select_related("round__committee", "committee", "team", "study_session")
        row: ObservationVisit | None = rows.order_by("-observed_on", "-pk").first()
        if row is None:
            raise CommandError(f"{committee}{year}年没有已经旁听的列席旁听。")
        return row

    def _annual(self, committee: Committee, year: int, *, own: bool, by: Actor, at: Any) -> IssuedPaper:
        handlers.register()
        whole = not own and frozen.below_in(committee, year).count() > 1
        return self._worked(actions.start_annual(committee, year, whole=whole, by=by, at=at))

    @staticmethod
    def _worked(job: Job) -> IssuedPaper:
        """The same job the page starts, worked on here; workers that hear of it help."""
        while job.stage in LIVE:
            work.drain(job.pk, 3600)
            job.refresh_from_db()
            if job.stage in LIVE:
                time.sleep(0.5)
                work.reconcile()
        if job.stage != JobStage.DONE:
            raise CommandError(f"没有做成：{job.error or job.get_stage_display()}")
        return IssuedPaper.objects.get(pk=job.result["paper"])
