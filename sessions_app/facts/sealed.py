"""What a shut period holds, row by row: people and marks, not sums. Two pictures are compared around a bulk change."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from django.db.models import F, Q

from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.people.models import Membership, StudySecretary
from sessions_app.attendance.models import AttendanceMark, MakeUpStage, MakeUpStudy
from sessions_app.attendance.rules import said
from sessions_app.outcomes.models import Outcome
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.policies.periods import Shut, gate_of
from sessions_app.sessions.models import TOOK_PLACE, Participation, ParticipationState, Speech

Picture = Mapping[str, frozenset[Any]]  # a thing in words, and everything about it that a figure counts
SHOWN = 5


def picture(committee_ids: Iterable[int]) -> dict[str, frozenset[Any]]:
    """Everything a figure counts in the shut periods of these committees. One query while nothing is shut, else ten."""
    committees = {row.pk: row for row in Committee.objects.filter(pk__in=list(committee_ids))}
    gate = gate_of(row.path for row in committees.values())
    spans = {pk: gate.spans(row.path) for pk, row in committees.items()} if gate.shut else {}
    shut = {pk: found for pk, found in spans.items() if found}
    if not shut:
        return {}
    found: dict[str, set[Any]] = defaultdict(set)
    _sessions(shut, found)
    _belonging(shut, found)
    _outcomes(shut, found)
    _plans(shut, found)
    return {words: frozenset(rows) for words, rows in found.items()}


def _inside(shut: Mapping[int, list[Shut]], field: str, committee: str = "committee_id") -> Q:
    wanted = Q(pk__in=[])
    for pk, spans in shut.items():
        for span in spans:
            wanted |= Q(**{committee: pk, f"{field}__range": (span.first, span.last)})
    return wanted


def _told(shut: Mapping[int, list[Shut]], committee_id: int, day: date) -> str:
    return next(span.sentence for span in shut[committee_id] if span.holds(day))


def _sessions(shut: Mapping[int, list[Shut]], found: dict[str, set[Any]]) -> None:
    rows = Participation.objects.filter(_inside(shut, "day"), study_session__stage__in=TOOK_PLACE)
    kept = list(
        rows.filter(state=ParticipationState.ACCEPTED).select_related("study_session", "committee", "plan_item")
    )
    words = {
        row.pk: f"{row.committee}{said(row.day)}第{row.number}次学习，{_told(shut, row.committee_id, row.day)}"
        for row in kept
    }
    for row in kept:
        meeting, item = row.study_session, row.plan_item
        found[words[row.pk]].add((
            "session", meeting.pk, row.day, row.number, row.part_count, row.days, meeting.form, meeting.mode,
            meeting.category, meeting.late_days > 0, item.serial if item else None,
        ))  # fmt: skip
    ids = list(words)
    parts = Participation.objects.filter(pk__in=ids).values_list(
        "pk", "committee_id", "study_session__parts__id", "study_session__parts__day"
    )
    for pk, _, part_id, day in parts:
        found[words[pk]].add(("part", part_id, day))
    terms: dict[int, list[Membership]] = defaultdict(list)
    for term in Membership.objects.filter(committee_id__in=list(shut)):
        terms[term.committee_id].append(term)
    for pk, committee_id, part_id, day in parts:
        expected = {
            term.person_id for term in terms[committee_id]
            if day and term.since <= day and (term.until is None or term.until >= day)
        }  # fmt: skip
        found[words[pk]].update(("expected", part_id, person) for person in expected)
    marks = AttendanceMark.objects.filter(participation_id__in=ids)
    for pk, *mark in marks.values_list("participation_id", "part_id", "person_id", "status", "is_late", "left_early"):
        found[words[pk]].add(("mark", *mark))
    studied = MakeUpStudy.objects.filter(participation_id__in=ids, stage=MakeUpStage.CONFIRMED)
    for pk, person in studied.values_list("participation_id", "person_id"):
        found[words[pk]].add(("made up", person))
    for pk, *speech in Speech.objects.filter(participation_id__in=ids).values_list(
        "participation_id", "speaker_id", "kind", "title"
    ):
        found[words[pk]].add(("speech", *speech))


def _belonging(shut: Mapping[int, list[Shut]], found: dict[str, set[Any]]) -> None:
    """A unit without any session by the end of a period was not counted in it yet."""
    held = Participation.objects.filter(
        committee_id__in=list(shut), study_session__stage__in=TOOK_PLACE, state=ParticipationState.ACCEPTED
    ).order_by("committee_id", "day").distinct("committee_id")  # fmt: skip
    since = dict(held.values_list("committee_id", "day"))
    for model, seat in ((Membership, "中心组成员"), (StudySecretary, "学习秘书")):
        rows = model.objects.filter(committee_id__in=list(since)).values_list(
            "committee_id", "person_id", "since", "until"
        )
        for committee_id, person, first, last in rows:
            for span in shut[committee_id]:
                if since[committee_id] <= span.last and first <= span.last and (last is None or last >= span.first):
                    found[f"{span.words}的{seat}，{span.sentence}"].add((committee_id, person))


def _outcomes(shut: Mapping[int, list[Shut]], found: dict[str, set[Any]]) -> None:
    rows = Outcome.objects.filter(_inside(shut, "day"), is_withdrawn=False).annotate(source=F("derived_from__kind"))
    for row in rows:
        words = f"成果《{row.title}》，{_told(shut, row.committee_id, row.day)}"
        found[words].add((row.pk, row.day, row.kind, row.derived_from_id, row.source))


def _plans(shut: Mapping[int, list[Shut]], found: dict[str, set[Any]]) -> None:
    """A plan is its year's, and the year is judged by its last day (plans.actions)."""
    wanted = Q(pk__in=[])
    for pk, spans in shut.items():
        years = {span.last.year for span in spans if (span.last.month, span.last.day) == (12, 31)}
        wanted |= Q(committee_id=pk, year__in=years)
    plans = StudyPlan.objects.in_force().filter(wanted)
    for item in PlanItem.objects.filter(plan__in=plans.order_by()).select_related("plan"):
        words = f"{item.plan.year}年度学习计划，{_told(shut, item.plan.committee_id, date(item.plan.year, 12, 31))}"
        found[words].add((item.plan.committee_id, item.serial, item.quarter, item.month, item.category))


def differences(before: Picture, after: Picture) -> list[str]:
    """What moved, in words, at most SHOWN of it and how many more."""
    moved = [words for words in {**before, **after} if before.get(words) != after.get(words)]
    more = len(moved) - SHOWN
    return moved[:SHOWN] + ([f"另有 {more} 处也是这样。"] if more > 0 else [])


@contextmanager
def sealed(committee_ids: Iterable[int], what: str) -> Iterator[None]:
    """Inside, nothing may move in a shut period of these committees; else Refused, and the change is taken back.

    `what` opens the sentence: 撤销后会改变. To be used inside a transaction.
    """
    ids = list(committee_ids)
    before = picture(ids)
    yield
    if moved := differences(before, picture(ids)):
        raise Refused([f"{what}{words}" for words in moved])
