"""Every change to a visit's dossier: the checklist, score sheets and scores, having sat in, interviews."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction

from roster.audit.actions import SHANGHAI, Actor, record
from roster.audit.moves import Refused, Stale
from roster.committees.models import Committee
from sessions_app.sessions.models import TOOK_PLACE
from sessions_app.visits import dossier, score_rules
from sessions_app.visits.dossier import Sheet
from sessions_app.visits.models import (
    Interview,
    ObservationVisit,
    ScoreBand,
    ScoreItem,
    ScoreSheet,
    ScoreStage,
    VisitCheck,
    VisitScore,
    VisitScoreLine,
    VisitStage,
)
from sessions_app.visits.rules import VISIT_MOVES
from sessions_app.visits.score_rules import Line

LONGEST = {"comment": 2000, "reason": 300, "note": 200}
MAY_INTERVIEW = [*dossier.SCORING, VisitStage.FED_BACK, VisitStage.ACKNOWLEDGED]
Points = Mapping[int, tuple[Decimal | None, str]]


def _lock(visit: ObservationVisit, version: int | None = None) -> ObservationVisit:
    rows = ObservationVisit.objects.select_related("round__committee", "committee", "study_session")
    row: ObservationVisit = rows.lock(visit.pk, version)
    return row


def _observer(visit: ObservationVisit, by: Actor) -> Any:
    """The actor's own line among the observers, accepted; Refused for everybody else."""
    mine = visit.observers.filter(person_id=by.person_id).first() if by.person_id else None
    if mine is None:
        raise Refused("只有派到这次旁听的人员可以办理。")
    if mine.accepted_at is None:
        raise Refused("请先接受这次旁听任务，再办理。")
    return mine


def _move(
    visit: ObservationVisit, verb: str, *, by: Actor, at: datetime, data: Mapping[str, Any] | None = None
) -> None:
    before, visit.stage = visit.stage, VISIT_MOVES.target(visit.stage, verb)
    visit.save_changed()
    record(visit, verb=verb, before=before, after=visit.stage, by=by, at=at, data=data)


# ------------------------------------------------------------------------------------------------------ before


@transaction.atomic
def review(
    visit: ObservationVisit, *, answers: Mapping[str, tuple[bool | None, str]], version: int | None, by: Actor, at: datetime
) -> ObservationVisit:  # fmt: skip
    """会前对接审核: every line answered; one that is not well says what is missing. Late materials are marked, not refused."""
    row = _lock(visit, version)
    _observer(row, by)
    VISIT_MOVES.target(row.stage, "review")
    wrong = [] if row.study_session_id else ["旁听的学习场次还没有确定，请先选定场次。"]
    for key, text, _ in score_rules.CHECKS:
        is_well, note = answers.get(key, (None, ""))
        if is_well is None:
            wrong.append(f"“{text}”还没有核对。")
        elif not is_well and not note.strip():
            wrong.append(f"“{text}”不齐全，请写明缺什么。")
        if len(note.strip()) > LONGEST["note"]:
            wrong.append(f"“{text}”的说明最多 {LONGEST['note']} 字。")
    if wrong:
        raise Refused(wrong)
    row.checks.all().delete()
    VisitCheck.objects.bulk_create(
        VisitCheck(visit=row, key=key, text=text, is_well=answers[key][0], note=answers[key][1].strip())
        for key, text, _ in score_rules.CHECKS
    )
    not_well = sorted(key for key, _, _ in score_rules.CHECKS if not answers[key][0])
    _move(row, "review", by=by, at=at, data={"not_well": not_well})
    return row


# -------------------------------------------------------------------------------------------------- score sheets


@transaction.atomic
def default_sheet(department: Committee, *, since: date, by: Actor, at: datetime) -> ScoreSheet:
    """The default of 100 points as the department's own data; the one that holds on that day, if there is one."""
    Committee.objects.select_for_update().get(pk=department.pk)  # two first users at one moment make one
    row = dossier.sheet_row(department, since)
    if row is not None and row.committee_id == department.pk:
        return row
    row = ScoreSheet.objects.create(committee=department, name=score_rules.SHEET_NAME, since=since)
    bands = [(Decimal(least), word) for least, word in score_rules.BANDS]
    _write(row, [(part, text, Decimal(most), key) for part, text, most, key in score_rules.SHEET], bands)
    record(row, verb="create", by=by, at=at)
    return row


def _write(
    sheet: ScoreSheet, items: Iterable[tuple[str, str, Decimal, str]], bands: Iterable[tuple[Decimal, str]]
) -> None:
    ScoreItem.objects.bulk_create(
        ScoreItem(sheet=sheet, order=n, part=part, text=text, max_points=most, evidence=key)
        for n, (part, text, most, key) in enumerate(items, 1)
    )
    ScoreBand.objects.bulk_create(ScoreBand(sheet=sheet, least=least, word=word) for least, word in bands)


@transaction.atomic
def edit_sheet(
    sheet: ScoreSheet, *, name: str, since: date, items: Sequence[tuple[str, str, Decimal, str]],
    bands: Sequence[tuple[Decimal, str]], version: int | None, by: Actor, at: datetime,
) -> ScoreSheet:  # fmt: skip
    """Change a sheet nobody used yet; one that was used stays as it is, and a new one holds from `since` on."""
    row: ScoreSheet = ScoreSheet.objects.select_related("committee").lock(sheet.pk, version)
    wrong = score_rules.sheet_problems(items, bands)
    if not items:
        wrong = ["评分表至少要有一项。"]
    used = VisitScore.objects.filter(sheet=row).exists()
    if used and since <= row.since:
        wrong.append("这张评分表已经用过，修改后要从新的日期起启用，新日期应晚于原启用日期。")
    taken = ScoreSheet.objects.filter(committee=row.committee_id, since=since).exclude(pk=row.pk)
    if taken.exists():
        wrong.append("同一天已有一张评分表启用，请换一个启用日期。")
    if row.until is not None and since > row.until:
        wrong.append("这张评分表已停用，请修改现在使用的一张。")
    if wrong:
        raise Refused(wrong)
    if used:
        until, row.until = row.until, since - timedelta(days=1)
        row.save_changed()
        record(row, verb="close", by=by, at=at, data={"until": row.until.isoformat()})
        row = ScoreSheet.objects.create(committee=row.committee, name=name, since=since, until=until)
        verb = "create"
    else:
        row.items.all().delete()
        row.bands.all().delete()
        row.name, row.since, verb = name, since, "edit"
        row.save_changed()
    _write(row, items, bands)
    record(row, verb=verb, by=by, at=at, data={"since": since.isoformat(), "items": len(items)})
    return row


# ------------------------------------------------------------------------------------------------------- scores


@transaction.atomic
def save_score(
    visit: ObservationVisit, *, points: Points, comment: str, version: int, token: str = "",
    earlier: Iterable[str] = (), by: Actor, at: datetime,
) -> VisitScore:  # fmt: skip
    """Keep an observer's sheet as a draft. `points`: {number of the item: (points, reason)}; `version` 0: nothing kept before.

    `token` names this sending, `earlier` those that were sent from the same form and never answered: a row that one of
    them made is no other's change. Stale when somebody else's sending came between.
    """
    row, _ = _write_score(visit, points, comment, version, token, earlier, by, at)
    record(row, verb="save", before=row.stage, after=row.stage, by=by, at=at, chain=visit.committee_id)
    return row


@transaction.atomic
def submit_score(
    visit: ObservationVisit, *, points: Points, comment: str, version: int, token: str = "",
    earlier: Iterable[str] = (), by: Actor, at: datetime,
) -> VisitScore:  # fmt: skip
    """Submitted, it is fixed. The same form sent twice is kept once. The lead's sheet of a session held moves the visit."""
    again = _lock(visit).scores.filter(person_id=by.person_id, stage=ScoreStage.SUBMITTED).first()
    if again is not None and token and again.client_token == token:
        return again
    row, lines = _write_score(visit, points, comment, version, token, earlier, by, at)
    session = row.visit.study_session
    wrong = score_rules.unfinished(lines)
    if session.day > at.astimezone(SHANGHAI).date():
        wrong.append("学习还没有到召开的日期，可以先存草稿，现场再提交。")
    if wrong:
        raise Refused(wrong)
    row.stage, row.total, row.submitted_at = ScoreStage.SUBMITTED, score_rules.total(lines), at
    row.save()
    record(
        row, verb="submit", before=ScoreStage.DRAFT, after=row.stage, by=by, at=at, chain=visit.committee_id,
        data={"total": score_rules.plain(row.total)},
    )  # fmt: skip
    if session.stage in TOOK_PLACE and _lead_submitted(row.visit) and VISIT_MOVES.may(row.visit.stage, "observe"):
        row.visit.observed_on = session.day
        _move(row.visit, "observe", by=by, at=at)
    return row


def _write_score(
    visit: ObservationVisit, points: Points, comment: str, version: int, token: str, earlier: Iterable[str], by: Actor,
    at: datetime,
) -> tuple[VisitScore, list[Line]]:  # fmt: skip
    found = _lock(visit)
    _observer(found, by)
    if found.study_session is None:
        raise Refused("旁听的学习场次还没有确定，不能评分。")
    if found.stage not in dossier.SCORING:
        raise Refused(f"这次旁听现在是“{found.get_stage_display()}”，不能评分。")
    row = VisitScore.objects.select_for_update(of=("self",)).filter(visit=found, person_id=by.person_id).first()
    if row is not None and row.stage == ScoreStage.SUBMITTED:
        when = row.submitted_at.astimezone(SHANGHAI)
        raise Refused(f"您已于 {when.month}月{when.day}日 {when:%H:%M} 提交，不能再改；如有误，请宣传部退回后修改。")
    if (row.version if row else 0) != version and not (row and row.client_token in set(earlier)):
        raise Stale(row.version if row else 0)
    if row is None:
        sheet_row = dossier.sheet_row(found.round.committee, found.study_session.day)
        sheet_row = sheet_row or default_sheet(
            found.round.committee, since=date(found.study_session.day.year, 1, 1), by=by, at=at
        )
        row = VisitScore(visit=found, sheet=sheet_row, person_id=by.person_id, version=0)
    row.visit = found
    sheet = dossier.read(row.sheet)
    lines = _lines(sheet, points)
    wrong = score_rules.out_of_range(lines)
    wrong += [
        f"第 {line.number} 项的理由最多 {LONGEST['reason']} 字。"
        for line in lines
        if len(line.reason) > LONGEST["reason"]
    ]
    if len(comment) > LONGEST["comment"]:
        wrong.append(f"现场点评最多 {LONGEST['comment']} 字。")
    if wrong:
        raise Refused(wrong)
    row.comment, row.client_token = comment.strip(), token or None
    row.save_changed()
    row.lines.all().delete()
    VisitScoreLine.objects.bulk_create(
        VisitScoreLine(score=row, item_id=item.pk, max_points=item.most, points=line.points, reason=line.reason)
        for item, line in zip(sheet.items, lines, strict=True)
    )
    return row, lines


def _lines(sheet: Sheet, points: Points) -> list[Line]:
    found = []
    for item in sheet.items:
        given, reason = points.get(item.number, (None, ""))
        found.append(Line(item.number, item.text, item.most, given, reason.strip()))
    return found


def _lead_submitted(visit: ObservationVisit) -> bool:
    leads = visit.observers.filter(is_lead=True).values("person_id")
    return bool(visit.scores.filter(person_id__in=leads, stage=ScoreStage.SUBMITTED).exists())


@transaction.atomic
def return_score(score: VisitScore, *, reason: str, by: Actor, at: datetime) -> VisitScore:
    """The department gives a submitted sheet back for correction, as long as no feedback was issued."""
    visit = _lock(score.visit)
    row: VisitScore = VisitScore.objects.select_for_update(of=("self",)).get(pk=score.pk)
    wrong = [] if reason.strip() else ["请写明退回理由。"]
    if row.stage != ScoreStage.SUBMITTED:
        wrong.append("这份评分还没有提交，不用退回。")
    if visit.stage not in dossier.SCORING:
        wrong.append(f"这次旁听现在是“{visit.get_stage_display()}”，评分不能再改。")
    if wrong:
        raise Refused(wrong)
    before, row.stage = row.stage, ScoreStage.DRAFT
    row.total = row.submitted_at = row.client_token = None
    row.save_changed()
    record(
        row,
        verb="return",
        before=before,
        after=row.stage,
        reason=reason.strip(),
        by=by,
        at=at,
        chain=visit.committee_id,
    )
    return row


# ------------------------------------------------------------------------------------------------- at and after


@transaction.atomic
def observe(visit: ObservationVisit, *, version: int | None, by: Actor, at: datetime) -> ObservationVisit:
    """Registered as sat in: the session was held, and the lead submitted. What was late is seen by its date."""
    row = _lock(visit, version)
    _observer(row, by)
    VISIT_MOVES.target(row.stage, "observe")
    wrong = []
    if row.study_session is None:
        wrong.append("旁听的学习场次还没有确定，请先选定场次。")
    elif row.study_session.stage not in TOOK_PLACE:
        wrong.append("这场学习还没有登记召开，请单位学习秘书先登记。")
    if not _lead_submitted(row):
        wrong.append("带队人还没有提交评分表。")
    if wrong:
        raise Refused(wrong)
    row.observed_on = row.study_session.day
    _move(row, "observe", by=by, at=at)
    return row


@transaction.atomic
def add_interview(
    visit: ObservationVisit, *, day: date, who: str, post: str, text: str, by: Actor, at: datetime
) -> Interview:
    """会后访谈调研: with whom and what was said; kept by the observer who held it."""
    row = _lock(visit)
    _observer(row, by)
    wrong = []
    if row.stage not in MAY_INTERVIEW:
        wrong.append(f"这次旁听现在是“{row.get_stage_display()}”，不能登记访谈。")
    if day > at.astimezone(SHANGHAI).date():
        wrong.append("访谈日期不能晚于今天。")
    if not who.strip() or not text.strip():
        wrong.append("请填写访谈对象和要点。")
    if row.interviews.filter(day=day, who=who.strip(), text=text.strip()).exists():
        wrong.append("这条访谈已经登记过了。")
    if wrong:
        raise Refused(wrong)
    found = Interview.objects.create(
        visit=row, day=day, who=who.strip(), post=post.strip(), text=text.strip(), by_id=by.person_id
    )
    record(row, verb="interview", before=row.stage, after=row.stage, by=by, at=at, data={"day": day.isoformat()})
    return found
