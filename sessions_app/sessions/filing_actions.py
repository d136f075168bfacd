"""Every change to the filing of an outside speaker with the department, and who is not filed yet."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, Q

from roster.audit.actions import Actor, record
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from sessions_app.sessions.ground import lock, writable
from sessions_app.sessions.models import ExtraParticipant, FilingStage, SpeakerFiling, StudySession
from sessions_app.sessions.rules import FILING_MOVES


@transaction.atomic
def file_speaker(
    session: StudySession, *, speaker: str, unit: str, topic: str, title: str = "", audience: str = "",
    summary: str = "", by: Actor, at: datetime,
) -> SpeakerFiling:  # fmt: skip
    """Register an outside speaker with the department. Missing is a warning everywhere and a block nowhere."""
    session = lock(session, None)
    writable(session)
    given = {"报告人": speaker, "单位": unit, "报告题目": topic}
    wrong = [f"缺少{label}，请填写。" for label, text in given.items() if not text.strip()]
    if session.filings.filter(speaker=speaker.strip(), topic=topic.strip()).exclude(stage=FilingStage.REFUSED).exists():
        wrong.append(f"{speaker.strip()} 的《{topic.strip()}》已经报过备案。")
    if wrong:
        raise Refused(wrong)
    row = SpeakerFiling.objects.create(
        study_session=session, speaker=speaker.strip(), unit=unit.strip(), title=title.strip(), topic=topic.strip(),
        audience=audience.strip(), summary=summary.strip(),
    )  # fmt: skip
    if not session.extras.filter(name=row.speaker).update(is_outside_speaker=True):
        ExtraParticipant.objects.create(
            study_session=session, committee_id=session.committee_id, name=row.speaker,
            post=f"{row.unit}{row.title}"[:100], is_outside_speaker=True,
        )  # fmt: skip
    record(row, verb="create", after=row.stage, by=by, at=at, data={"session": session.pk})
    return row


@transaction.atomic
def decide_filing(
    filing: SpeakerFiling, *, approve: bool, note: str = "", version: int | None = None, by: Actor, at: datetime
) -> SpeakerFiling:
    row: SpeakerFiling = SpeakerFiling.objects.lock(filing.pk, version)
    verb = "approve" if approve else "refuse"
    before, row.stage = row.stage, FILING_MOVES.target(row.stage, verb)
    wrong = []
    if not approve and not note.strip():
        wrong.append("不同意备案请写明理由。")
    filed_by = AuditEvent.objects.about(row).filter(verb="create").values_list("actor__person_id", flat=True)
    if by.person_id and by.person_id in set(filed_by):
        wrong.append("这份备案由您报送，不能由本人审核。")
    if wrong:
        raise Refused(wrong)
    row.decided_by_id, row.decided_at, row.note = by.person_id, at, note.strip()
    row.save_changed()
    record(row, verb=verb, before=before, after=row.stage, by=by, at=at, reason=row.note)
    return row


def unfiled_speakers(sessions: Iterable[StudySession]) -> dict[int, list[str]]:
    """{session id: names of outside speakers without an approved filing}, one query."""
    rows = (
        ExtraParticipant.objects.filter(study_session__in=list(sessions), is_outside_speaker=True)
        .annotate(
            filed=Count(
                "study_session__filings",
                filter=Q(study_session__filings__speaker=F("name"), study_session__filings__stage=FilingStage.APPROVED),
            )
        )
        .filter(filed=0)
        .order_by("id")
    )
    found: dict[int, list[str]] = {}
    for session_id, name in rows.values_list("study_session_id", "name"):
        found.setdefault(session_id, []).append(name)
    return found
