"""Reads the dossier of a visit: the window of its pack, the checklist, the score sheet as it is filled in, scores and interviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from roster.committees.models import Committee
from sessions_app.policies import parameters
from sessions_app.policies.rules import ancestors
from sessions_app.sessions.models import TOOK_PLACE, SpeechStage
from sessions_app.visits import evidence, score_rules
from sessions_app.visits.evidence import Ground, Hint
from sessions_app.visits.models import (
    ObservationVisit,
    ScoreSheet,
    ScoreStage,
    SheetPart,
    VisitScore,
    VisitStage,
)
from sessions_app.visits.rules import VISIT_MOVES
from sessions_app.visits.score_rules import Line, plain
from sessions_app.visits.seen import Seen

WINDOW = ("visit_window_before_days", "visit_window_after_days")
SCORING = [VisitStage.ACCEPTED, VisitStage.REVIEWED, VisitStage.OBSERVED, VisitStage.FEEDBACK_PENDING]
ISSUED = [VisitStage.FED_BACK, VisitStage.ACKNOWLEDGED, VisitStage.CLOSED]


@dataclass(frozen=True)
class Window:
    """When observers may look at the material of a visit. Both None: the session has no day yet."""

    opens: date | None
    closes: date | None

    def is_open(self, on: date) -> bool:
        return self.opens is not None and self.closes is not None and self.opens <= on <= self.closes

    def words(self, on: date) -> str:
        """Why it is shut, and when it opens."""
        if self.opens is None or self.closes is None:
            return "旁听的学习场次还没有确定，材料要等场次确定后才能查看。"
        if on < self.opens:
            return f"材料从 {self.opens.year}年{self.opens.month}月{self.opens.day}日起可以查看。"
        return f"材料查看已于 {self.closes.year}年{self.closes.month}月{self.closes.day}日截止。"


def window(visit: ObservationVisit) -> Window:
    """From so many days before the session to so many after it, by the local rules of that day."""
    if visit.study_session is None:
        return Window(None, None)
    day = visit.study_session.day
    rules = parameters.values(WINDOW, [visit.committee], day)[visit.committee_id]
    return Window(day - timedelta(days=rules[WINDOW[0]]), day + timedelta(days=rules[WINDOW[1]]))


def _accepted(seen: Seen) -> bool:
    return seen.observer is not None and seen.observer.accepted_at is not None


def may_look(seen: Seen) -> bool:
    """The department and the unit at any time, an observer within the window."""
    return seen.observer is None or seen.runs or seen.is_unit or window(seen.visit).is_open(seen.today)


def pack(visit: ObservationVisit) -> dict[str, Any]:
    """The plan in force, the session plan, what is to be read, the approved speech texts, the filings."""
    ground = Ground(visit)
    late = {row.pk: ahead for row, ahead in ground.late_materials}
    speeches = ground.speeches
    return {
        "plan": ground.plan, "plan_items": list(ground.plan.items.all()) if ground.plan else [],
        "own_item": ground.taking.plan_item if ground.taking else None,
        "session": ground.session, "parts": list(ground.session.parts.all()) if ground.session else [],
        "agenda": ground.agenda,
        "materials": [
            {"row": row, "is_late": row.pk in late, "ahead": late.get(row.pk)} for row in ground.materials
        ],
        "ahead": ground.rules["visit_pack_working_days"],
        "speeches": [row for row in speeches if row.stage == SpeechStage.APPROVED],
        "waiting": [row for row in speeches if row.stage != SpeechStage.APPROVED],
        "filings": ground.filings,
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------- checklist


@dataclass(frozen=True)
class Check:
    key: str
    text: str
    is_well: bool | None
    note: str
    hint: Hint | None

    @property
    def answer(self) -> str:
        return "" if self.is_well is None else "yes" if self.is_well else "no"


def checks(visit: ObservationVisit, *, with_hints: bool) -> list[Check]:
    """The fixed list with what was answered; what the system knows beside each line."""
    kept = {row.key: row for row in visit.checks.all()}
    ground = Ground(visit)
    found = []
    for key, text, source in score_rules.CHECKS:
        row = kept.get(key)
        known = evidence.hint(ground, source) if with_hints else None
        found.append(
            Check(key, row.text if row else text, row.is_well if row else None, row.note if row else "", known)
        )
    return found


# -------------------------------------------------------------------------------------------------- score sheets


@dataclass(frozen=True)
class Item:
    """A line of a sheet; `pk` None while a department still uses the default that nobody made yet."""

    pk: int | None
    number: int
    part: str
    text: str
    most: Decimal
    evidence: str

    @property
    def part_word(self) -> str:
        return str(SheetPart(self.part).label)


@dataclass(frozen=True)
class Sheet:
    row: ScoreSheet | None
    items: tuple[Item, ...]
    bands: tuple[tuple[Decimal, str], ...]

    @property
    def stamp(self) -> str:
        """The lines as a short word: a form that was opened on other lines is told so."""
        lines = "|".join(f"{item.number}:{item.text}:{plain(item.most)}" for item in self.items)
        return sha256(lines.encode()).hexdigest()[:16]


DEFAULT = Sheet(
    None,
    tuple(
        Item(None, n, part, text, Decimal(most), key) for n, (part, text, most, key) in enumerate(score_rules.SHEET, 1)
    ),
    tuple((Decimal(least), word) for least, word in score_rules.BANDS),
)


def sheet_row(department: Committee, on: date) -> ScoreSheet | None:
    """The department's own sheet of the day, else that of the nearest department above it."""
    rows = ScoreSheet.objects.filter(committee_id__in=ancestors(department.path), since__lte=on)
    valid = [row for row in rows.select_related("committee") if row.until is None or row.until >= on]
    return max(valid, key=lambda row: (len(row.committee.path), row.since), default=None)


def read(row: ScoreSheet) -> Sheet:
    items = [
        Item(one.pk, n, one.part, one.text, one.max_points, one.evidence) for n, one in enumerate(row.items.all(), 1)
    ]
    return Sheet(row, tuple(items), tuple((one.least, one.word) for one in row.bands.all()))


def sheet_for(visit: ObservationVisit, on: date) -> Sheet:
    """What an observer fills in: the sheet of the session's day, the default where nobody made one."""
    day = visit.study_session.day if visit.study_session else on
    row = sheet_row(visit.round.committee, day)
    return read(row) if row else DEFAULT


def score_of(visit: ObservationVisit, person_id: int | None) -> VisitScore | None:
    found: VisitScore | None = visit.scores.filter(person_id=person_id).select_related("sheet").first()
    return found


def lines_of(score: VisitScore | None, sheet: Sheet) -> list[Line]:
    """What is kept of a sheet, item by item."""
    kept = {row.item_id: row for row in score.lines.all()} if score else {}
    found = []
    for item in sheet.items:
        row = kept.get(item.pk)
        found.append(Line(item.number, item.text, item.most, row.points if row else None, row.reason if row else ""))
    return found


def values(score: VisitScore | None, sheet: Sheet) -> dict[str, str]:
    """What is kept, as the fields of the form hold it."""
    found = {"comment": score.comment if score else ""}
    for line in lines_of(score, sheet):
        found[f"points-{line.number}"], found[f"reason-{line.number}"] = plain(line.points), line.reason
    return found


def hints(visit: ObservationVisit, sheet: Sheet) -> dict[int, dict[str, Any]]:
    """What the system suggests for each item: words, where they come from, points."""
    ground = Ground(visit)
    found: dict[int, dict[str, Any]] = {}
    for item in sheet.items:
        known = evidence.hint(ground, item.evidence)
        if known is not None and known.words:
            source = score_rules.EVIDENCE.get(item.evidence, "")
            points = plain(score_rules.suggest(item.most, known.share))
            found[item.number] = {"words": known.words, "tone": known.tone, "source": source, "points": points}
    return found


# ---------------------------------------------------------------------------------------------- the page's parts


def before(seen: Seen) -> Mapping[str, Any]:
    """会前对接审核."""
    open_now = may_look(seen)
    shown = checks(seen.visit, with_hints=open_now)
    return {
        "checks": shown, "pack_open": open_now, "pack_words": "" if open_now else window(seen.visit).words(seen.today),
        "may_review": _accepted(seen) and VISIT_MOVES.may(seen.visit.stage, "review"),
        "is_reviewed": any(row.is_well is not None for row in shown),
    }  # fmt: skip


def at(seen: Seen) -> Mapping[str, Any]:
    """会中现场点评: the unit sees total and band once the feedback was issued, the others line by line."""
    visit = seen.visit
    scores = [
        row
        for row in visit.scores.select_related("person", "sheet").prefetch_related("lines__item", "sheet__bands")
        if row.stage == ScoreStage.SUBMITTED
    ]
    outsider = seen.is_unit and not seen.runs and seen.observer is None
    shown = [] if outsider and visit.stage not in ISSUED else scores
    cards = [_card(row, with_lines=not outsider) for row in shown]
    mine = score_of(visit, seen.user.person_id) if seen.observer else None
    lead = next((row.person_id for row in seen.observers if row.is_lead), None)
    took_place = visit.study_session is not None and visit.study_session.stage in TOOK_PLACE
    return {
        "scores": cards, "my_score": mine, "scores_hidden": outsider and visit.stage not in ISSUED,
        "may_score": _accepted(seen) and visit.stage in SCORING and visit.study_session_id is not None,
        "may_return_score": seen.runs and visit.stage in SCORING,
        "may_observe": _accepted(seen) and VISIT_MOVES.may(visit.stage, "observe") and took_place
        and any(row.person_id == lead for row in scores),
        "unscored": [
            row.person.name for row in seen.observers if row.person_id not in {score.person_id for score in scores}
        ] if visit.stage in SCORING and visit.study_session_id and visit.study_session.day <= seen.today else [],
    }  # fmt: skip


def _card(score: VisitScore, *, with_lines: bool) -> dict[str, Any]:
    bands = [(row.least, row.word) for row in score.sheet.bands.all()]
    return {
        "score": score, "band": score_rules.band(score.total, bands),
        "lines": sorted(score.lines.all(), key=lambda row: row.item.order) if with_lines else [],
        "comment": score.comment if with_lines else "",
    }  # fmt: skip


def after(seen: Seen) -> Mapping[str, Any]:
    """会后访谈调研: for the department and the observers, not for the unit."""
    inside = seen.runs or seen.observer is not None or not seen.is_unit
    rows: Sequence[Any] = list(seen.visit.interviews.select_related("by")) if inside else []
    open_stages = (*SCORING, *ISSUED[:2])
    return {
        "interviews": rows, "interviews_shown": inside,
        "may_interview": _accepted(seen) and seen.visit.stage in open_stages,
    }  # fmt: skip
