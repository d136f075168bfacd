"""Who hears of what: the only place where a lower room is told about a higher one. Called once, by `ready()`."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.urls import reverse

from roster.accounts import consequences as accounts
from roster.accounts.roles import Permission
from roster.corps import consequences as corps
from roster.people import consequences as membership
from sessions_app.attachments.models import Attachment
from sessions_app.attachments.models import AttachmentKind as Kind
from sessions_app.attachments.subjects import SUBJECTS, Subject
from sessions_app.attendance import consequences as roll
from sessions_app.attendance.actions import CountOnMembership, LeavesFollowDays, leaves_in_question
from sessions_app.attendance.models import LeaveRequest, MakeUpStage, MakeUpStudy
from sessions_app.corrections.models import Correction, CorrectionStage
from sessions_app.desk import handing
from sessions_app.findings import of_visit
from sessions_app.findings.models import Finding, FindingStage
from sessions_app.letters.actions import settle_after_run
from sessions_app.minutes.actions import MinutesFollowRoll
from sessions_app.minutes.models import Minutes
from sessions_app.notices import consequences as told
from sessions_app.notices.actions import own_account
from sessions_app.outcomes.models import Outcome
from sessions_app.reminders import consequences as reminding
from sessions_app.reminders.models import DueItem
from sessions_app.reminders.rules import KINDS
from sessions_app.reminders.wanted import why_drop
from sessions_app.sessions import consequences as moving
from sessions_app.sessions.models import Participation, ReleaseType, SessionStage, StudyMaterial, StudySession
from sessions_app.visits import consequences as visiting
from sessions_app.visits import evidence

P = Permission


def _page(row: Any) -> str:
    return str(row.get_absolute_url())


def _materials(user: Any) -> Any:
    """Those of the sessions the user prepares. Of RESTRICTED material the title alone is kept."""
    sessions = StudySession.objects.open_to(user, P.SESSION_EDIT)
    return StudyMaterial.objects.filter(study_session__in=sessions).exclude(release_type=ReleaseType.RESTRICTED)


def _archived(session: StudySession) -> str:
    """A signed sheet may still be added after the archive; what lies there stays."""
    if session.stage != SessionStage.ARCHIVED:
        return ""
    return "这场学习已归档，附件不能撤下；传错了请再传一份正确的，两份都会保留。"


def _only_proof(outcome: Outcome) -> str:
    """A conversion needs a document number or a file: the last file is not taken from one without a number."""
    files = Attachment.objects.about(outcome).filter(withdrawn_at=None).count()
    if outcome.derived_from_id and not outcome.document_number and files <= 1:
        return "这是成果转化的唯一凭据，不能撤下；请先填写文号，或先传一份新的。"
    return ""


def _met(items: Iterable[int]) -> set[int]:
    """What a notice told of and is done by now."""
    return set(DueItem.objects.filter(pk__in=items, met_on__isnull=False).values_list("pk", flat=True))


def _earlier_findings(committee_id: int, before: date) -> evidence.Earlier:
    """What a visit shows of the problems found before it. 长期坚持 counts as not struck off."""
    stages = (
        Finding.objects.counted().filter(committee_id=committee_id, found_on__lt=before).values_list("stage", flat=True)
    )
    found = list(stages)
    return evidence.Earlier(len(found), found.count(FindingStage.CLOSED))


def connect() -> None:
    membership.listeners[:] = [CountOnMembership()]
    accounts.tellers[:] = [own_account]
    corps.readers[:] = [handing.open_things]
    moving.listeners[:] = [LeavesFollowDays()]
    moving.leaves_of[:] = [leaves_in_question]
    roll.listeners[:] = [MinutesFollowRoll()]
    reminding.after_run[:] = [settle_after_run]
    told.still_wanted[:] = [why_drop]
    told.met[:] = [_met]
    told.at_once[:] = [row.label for row in KINDS.values() if row.urgent]
    visiting.before_closing[:] = [of_visit.against_closing]
    visiting.raised_from[:] = [of_visit.raised]
    evidence.earlier_findings[:] = [_earlier_findings]
    SUBJECTS.clear()
    SUBJECTS.update(
        studysession=Subject(
            P.SESSION_EDIT, lambda user: StudySession.objects.open_to(user, P.SESSION_EDIT), lambda row: row.committee,
            _page, (Kind.SIGN_IN_SCAN, Kind.EVIDENCE, Kind.OTHER), _archived,
        ),
        studymaterial=Subject(
            P.SESSION_EDIT, _materials, lambda row: row.study_session.committee, lambda row: _page(row.study_session),
            (Kind.MATERIAL,), lambda row: _archived(row.study_session),
        ),
        participation=Subject(
            P.SESSION_EDIT, lambda user: Participation.objects.open_to(user, P.SESSION_EDIT), lambda row: row.committee,
            lambda row: reverse("roll", args=[row.pk]), (Kind.SIGN_IN_SCAN,), lambda row: _archived(row.study_session),
        ),
        leaverequest=Subject(
            P.LEAVE_ASK, lambda user: LeaveRequest.objects.open_to(user, P.LEAVE_ASK),
            lambda row: row.participation.committee, lambda row: reverse("leave_list"), (Kind.LEAVE_SLIP,),
        ),
        makeupstudy=Subject(
            P.MAKEUP_SUBMIT,
            lambda user: MakeUpStudy.objects.open_to(user, P.MAKEUP_SUBMIT).exclude(
                stage__in=[MakeUpStage.CONFIRMED, MakeUpStage.VOID]
            ),
            lambda row: row.participation.committee, lambda row: reverse("make_up", args=[row.pk]), (Kind.MAKE_UP,),
        ),
        minutes=Subject(
            P.MINUTES_EDIT, lambda user: Minutes.objects.open_to(user, P.MINUTES_EDIT),
            lambda row: row.study_session.committee, lambda row: reverse("minutes", args=[row.study_session_id]),
            (Kind.MINUTES_SCAN,), lambda row: _archived(row.study_session),
        ),
        outcome=Subject(
            P.OUTCOME_EDIT, lambda user: Outcome.objects.open_to(user, P.OUTCOME_EDIT).filter(is_withdrawn=False),
            lambda row: row.committee, _page, (Kind.OUTCOME,), _only_proof,
        ),
        correction=Subject(
            P.CORRECTION_ASK,
            lambda user: Correction.objects.open_to(user, P.CORRECTION_ASK).filter(stage=CorrectionStage.ASKED),
            lambda row: row.committee, _page, (Kind.EVIDENCE,),
        ),
        finding=Subject(
            P.FINDING_RECTIFY, lambda user: Finding.objects.open_to(user, P.FINDING_RECTIFY), lambda row: row.committee,
            _page, (), lambda row: "佐证材料请在问题页面提交和撤回，那里会记下是谁、为什么。",
        ),
    )  # fmt: skip
