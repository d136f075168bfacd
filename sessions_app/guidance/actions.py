"""Every change to a study prompt and to what a committee did with it: receipts, mappings.

Taking up a topic receives the prompt in the same act: who plans a study for it has it in hand.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from roster.audit.actions import SHANGHAI, Actor, changes, record
from roster.audit.moves import Refused
from roster.committees.models import Committee
from sessions_app.guidance import rules
from sessions_app.guidance.models import (
    Department,
    PromptMapping,
    PromptReading,
    PromptReceipt,
    PromptStage,
    PromptTopic,
    StudyPrompt,
)
from sessions_app.guidance.rules import MOVES
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.sessions import actions as sessions
from sessions_app.sessions.models import (
    COUNTED_FORMS,
    Participation,
    ParticipationState,
    ReleaseType,
    StudySession,
)

Row = Mapping[str, Any]


def _lock(prompt: StudyPrompt, version: int | None = None) -> StudyPrompt:
    row: StudyPrompt = StudyPrompt.objects.select_related("committee").lock(prompt.pk, version)
    return row


# ------------------------------------------------------------------------------------------------ the desk
def _readings(rows: Sequence[Row]) -> list[tuple[str, str]]:
    return [(str(row.get("title") or "").strip(), row.get("release_type") or ReleaseType.FULL_TEXT) for row in rows]


def _check(
    title: str, year: int, quarter: int, topics: Sequence[str], readings: Sequence[Row], consulted: Sequence[str]
) -> None:
    wrong = rules.draft_problems(
        title=title, year=year, quarter=quarter, topics=topics, readings=readings, releases=ReleaseType.values,
        consulted=consulted, departments=Department.values,
    )  # fmt: skip
    if wrong:
        raise Refused(wrong)


def _put(prompt: StudyPrompt, topics: Sequence[str], readings: Sequence[Row]) -> list[str]:
    """The ordered rows of a draft, which nothing points at yet; what was changed."""
    changed = []
    texts = [text.strip() for text in topics]
    if texts != list(prompt.topics.values_list("text", flat=True)):
        changed.append("topics")
        prompt.topics.all().delete()
        PromptTopic.objects.bulk_create(
            PromptTopic(prompt=prompt, order=order, text=text) for order, text in enumerate(texts, start=1)
        )
    wanted = _readings(readings)
    if wanted != list(prompt.readings.values_list("title", "release_type")):
        changed.append("readings")
        prompt.readings.all().delete()
        PromptReading.objects.bulk_create(
            PromptReading(prompt=prompt, order=order, title=title, release_type=release)
            for order, (title, release) in enumerate(wanted, start=1)
        )
    return changed


def _in_order(consulted: Sequence[str]) -> list[str]:
    return [value for value in Department.values if value in consulted]


@transaction.atomic
def create(
    *, committee: Committee, year: int, quarter: int, title: str, focus: str = "", outcomes: str = "",
    topics: Sequence[str] = (), readings: Sequence[Row] = (), consulted: Sequence[str] = (), form_token: str = "",
    by: Actor, at: datetime,
) -> StudyPrompt:  # fmt: skip
    """A draft for the subtree of `committee`. Readings: title, release_type. The same `form_token` makes it once."""
    # Two clicks on one form meet here: the second waits and finds the first one's row.
    Committee.objects.select_for_update(of=("self",), no_key=True).get(pk=committee.pk)
    if form_token:
        made: StudyPrompt | None = StudyPrompt.objects.filter(form_token=form_token, committee=committee).first()
        if made is not None:
            return made
    _check(title, year, quarter, topics, readings, consulted)
    prompt = StudyPrompt.objects.create(
        committee=committee, year=year, quarter=quarter, title=title.strip(), focus=focus.strip(),
        outcomes=outcomes.strip(), consulted=_in_order(consulted), drafted_by_id=by.person_id,
        form_token=form_token or None,
    )  # fmt: skip
    _put(prompt, topics, readings)
    record(prompt, verb="create", after=prompt.stage, by=by, at=at, data={"year": year, "quarter": quarter})
    return prompt


@transaction.atomic
def edit(
    prompt: StudyPrompt, *, year: int, quarter: int, title: str, focus: str, outcomes: str, topics: Sequence[str],
    readings: Sequence[Row], consulted: Sequence[str], version: int | None, by: Actor, at: datetime,
) -> StudyPrompt:  # fmt: skip
    """The whole text of a draft. What is published is fixed."""
    row = _lock(prompt, version)
    if row.stage != PromptStage.DRAFT:
        raise Refused(f"学习提示现在是“{row.get_stage_display()}”，发布后的文字不再改；要补充请另起草一份。")
    _check(title, year, quarter, topics, readings, consulted)
    wanted = {
        "year": year, "quarter": quarter, "title": title.strip(), "focus": focus.strip(), "outcomes": outcomes.strip(),
        "consulted": _in_order(consulted),
    }  # fmt: skip
    changed = [*changes(row, wanted), *_put(row, topics, readings)]
    row.save_changed()
    record(row, verb="edit", before=row.stage, after=row.stage, by=by, at=at, data={"changed": changed})
    return row


@transaction.atomic
def publish(prompt: StudyPrompt, *, version: int | None, by: Actor, at: datetime) -> StudyPrompt:
    """To every committee of its subtree; from now on the text is fixed."""
    row = _lock(prompt, version)
    before, row.stage = row.stage, MOVES.target(row.stage, "publish")
    today = at.astimezone(SHANGHAI).date()
    wrong = rules.publish_problems(
        topics=row.topics.count(), focus=row.focus, outcomes=row.outcomes, year=row.year, quarter=row.quarter,
        today=today,
    )  # fmt: skip
    if not Committee.objects.active_on(today).filter(pk=row.committee_id).exists():
        wrong.append(f"{row.committee}已停用，不能发布。")
    if wrong:
        raise Refused(wrong)
    row.published_by_id, row.published_at = by.person_id, at
    row.save_changed()
    record(row, verb="publish", before=before, after=row.stage, by=by, at=at, data={"consulted": row.consulted})
    return row


@transaction.atomic
def close(prompt: StudyPrompt, *, version: int | None, by: Actor, at: datetime) -> StudyPrompt:
    """Nobody has to receive it any more; what was received and taken up stays."""
    row = _lock(prompt, version)
    before, row.stage = row.stage, MOVES.target(row.stage, "close")
    row.closed_at = at
    row.save_changed()
    record(row, verb="close", before=before, after=row.stage, by=by, at=at)
    return row


# ------------------------------------------------------------------------------------------------ a committee's side
def _may_receive(prompt: StudyPrompt, committee: Committee, at: datetime) -> None:
    today = at.astimezone(SHANGHAI).date()
    wrong = rules.receive_problems(
        stage=prompt.stage, above=committee.path.startswith(prompt.committee.path), name=str(committee),
        active=committee.since <= today and (committee.until is None or committee.until >= today),
    )  # fmt: skip
    if wrong:
        raise Refused(wrong)


def _receipt(prompt: StudyPrompt, committee: Committee, by: Actor, at: datetime) -> PromptReceipt:
    """The prompt is locked: of two secretaries in the same moment the second finds the first one's receipt."""
    row, made = PromptReceipt.objects.get_or_create(
        prompt=prompt, committee=committee, defaults={"received_by_id": by.person_id, "received_at": at}
    )
    if made:
        record(row, verb="receive", by=by, at=at, data={"prompt": prompt.pk})
    return row


@transaction.atomic
def receive(prompt: StudyPrompt, *, committee: Committee, by: Actor, at: datetime) -> PromptReceipt:
    """签收, once a committee and only while it is published. A second click changes nothing."""
    row = _lock(prompt)
    _may_receive(row, committee, at)
    return _receipt(row, committee, by, at)


@transaction.atomic
def map_topic(
    topic: PromptTopic, *, committee: Committee, plan_item: PlanItem | None = None,
    study_session: StudySession | None = None, with_readings: bool = False, by: Actor, at: datetime,
) -> PromptMapping:  # fmt: skip
    """落实: the topic is studied in an item of the plan in force or in a session the committee takes part in.

    Receives the prompt too, where nobody has yet. An older answer is replaced. `with_readings` puts the reading list
    among the session's materials; a session plan that was approved has to be approved again, as after any change.
    """
    prompt = _lock(topic.prompt)
    _may_receive(prompt, committee, at)
    if (plan_item is None) == (study_session is None):
        raise Refused("请选一个计划条目或一场学习。")
    wrong = []
    if plan_item is not None:
        in_force = StudyPlan.objects.filter(committee=committee).in_force().filter(pk=plan_item.plan_id).exists()
        wrong = rules.item_problems(
            own=plan_item.plan.committee_id == committee.pk, in_force=in_force, year=prompt.year,
            item_year=plan_item.plan.year,
        )  # fmt: skip
        if with_readings:
            wrong.append("带入学习资料要选一场学习，计划条目不带资料。")
    else:
        wrong = _session_problems(prompt, committee, study_session, with_readings)
    if wrong:
        raise Refused(wrong)
    _receipt(prompt, committee, by, at)
    row: PromptMapping | None = PromptMapping.objects.filter(topic=topic, committee=committee).first()
    was = _named(row)
    row = row or PromptMapping(topic=topic, committee=committee)
    row.plan_item, row.study_session = plan_item, study_session
    if _named(row) != was:
        row.mapped_by_id, row.mapped_at = by.person_id, at
        row.save()
        record(
            row, verb="map", by=by, at=at, data={"prompt": prompt.pk, "topic": topic.pk, "to": _named(row), "was": was}
        )
    if with_readings and study_session is not None:
        _bring_readings(prompt, study_session, by, at)
    return row


def _session_problems(
    prompt: StudyPrompt, committee: Committee, session: StudySession | None, with_readings: bool
) -> list[str]:
    part = Participation.objects.filter(
        study_session=session, committee=committee, state=ParticipationState.ACCEPTED
    ).select_related("study_session").first()  # fmt: skip
    if part is None:
        return rules.session_problems(
            takes_part=False, stage="", counted=False, day=prompt_start(prompt), since=prompt_start(prompt)
        )
    found = part.study_session
    wrong = rules.session_problems(
        takes_part=True, stage=found.stage, counted=found.form in COUNTED_FORMS, day=found.day,
        since=prompt_start(prompt),
    )  # fmt: skip
    return wrong + (rules.reading_problems(is_host=part.is_host, stage=found.stage) if with_readings else [])


def prompt_start(prompt: StudyPrompt) -> date:
    """The first day on which a session answers it."""
    return rules.quarter_span(prompt.year, prompt.quarter)[0]


def _named(row: PromptMapping | None) -> dict[str, int]:
    """What a mapping points at, for the record."""
    if row is None:
        return {}
    return {"plan_item": row.plan_item_id} if row.plan_item_id else {"session": row.study_session_id}


def _bring_readings(prompt: StudyPrompt, session: StudySession, by: Actor, at: datetime) -> None:
    fresh = StudySession.objects.get(pk=session.pk)
    present = list(fresh.materials.values("id", "title", "release_type", "sent_on"))
    readings = {row.title: row.release_type for row in prompt.readings.all()}
    new = rules.new_titles(list(readings), [row["title"] for row in present])
    if new:
        more = [{"title": title, "release_type": readings[title]} for title in new]
        sessions.save_materials(fresh, materials=[*present, *more], version=fresh.version, by=by, at=at)


@transaction.atomic
def unmap(topic: PromptTopic, *, committee: Committee, by: Actor, at: datetime) -> None:
    """Take back a mapping that was wrong; the receipt stays. Nothing there: nothing happens."""
    prompt = _lock(topic.prompt)
    _may_receive(prompt, committee, at)
    row = PromptMapping.objects.filter(topic=topic, committee=committee).first()
    if row is not None:
        record(row, verb="unmap", by=by, at=at, data={"prompt": prompt.pk, "topic": topic.pk, "was": _named(row)})
        row.delete()
