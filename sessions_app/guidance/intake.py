"""What many committees did with published prompts, at once (demo), by the rules of the single acts.

    take_in(rows, by=)

All or nothing; a committee that has received the prompt already keeps its receipt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from roster.audit.actions import SHANGHAI, Actor, Entry, record_many
from roster.audit.moves import Refused
from roster.audit.taking import BATCH
from roster.committees.models import Committee
from sessions_app.guidance import rules
from sessions_app.guidance.models import PromptMapping, PromptReceipt, PromptTopic, StudyPrompt
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.sessions.models import COUNTED_FORMS, Participation, ParticipationState


@dataclass(slots=True)
class Taken:
    """One prompt in one committee: when and by whom received; each topic taken up in a plan item or a session (its
    Participation)."""

    prompt: StudyPrompt
    committee: Committee
    received_at: datetime
    received_by_id: int | None = None
    topics: Sequence[tuple[PromptTopic, PlanItem | Participation, datetime]] = field(default_factory=list)


@transaction.atomic
def take_in(rows: Sequence[Taken], *, by: Actor) -> int:
    """How many receipts were new. Four queries, two inserts, and the events by chain."""
    asked = {row.prompt.pk for row in rows}
    locked = StudyPrompt.objects.select_related("committee").select_for_update(of=("self",)).order_by("pk")
    prompts = {prompt.pk: prompt for prompt in locked.filter(pk__in=asked)}
    ids = {row.committee.pk for row in rows}
    years = {prompt.year for prompt in prompts.values()}
    plans = StudyPlan.objects.filter(committee_id__in=ids, year__in=years).in_force()
    in_force = set(plans.values_list("pk", flat=True))
    wrong = [
        f"{row.committee}：{reason}" for row in rows for reason in _refusals(prompts[row.prompt.pk], row, in_force)
    ]
    if wrong:
        raise Refused(wrong)
    there = set(PromptReceipt.objects.filter(prompt_id__in=asked).values_list("prompt_id", "committee_id"))
    mapped = PromptMapping.objects.filter(topic__prompt_id__in=asked, committee_id__in=ids)
    taken = set(mapped.values_list("committee_id", "topic_id"))
    receipts, mappings = [], []
    for row in rows:
        if (row.prompt.pk, row.committee.pk) not in there:
            receipts.append(
                PromptReceipt(
                    prompt=row.prompt, committee=row.committee, received_by_id=row.received_by_id,
                    received_at=row.received_at,
                )
            )  # fmt: skip
        for topic, target, at in row.topics:
            if (row.committee.pk, topic.pk) in taken:
                continue
            item = target if isinstance(target, PlanItem) else None
            session = None if isinstance(target, PlanItem) else target.study_session
            mappings.append(
                PromptMapping(
                    topic=topic, committee=row.committee, plan_item=item, study_session=session,
                    mapped_by_id=row.received_by_id, mapped_at=at,
                )
            )  # fmt: skip
    PromptReceipt.objects.bulk_create(receipts, batch_size=BATCH)
    PromptMapping.objects.bulk_create(mappings, batch_size=BATCH)
    entries = [
        Entry(row, "receive", row.received_at, data={"prompt": row.prompt_id}, chain=row.committee_id)
        for row in receipts
    ]
    for mapping in mappings:
        to = {"plan_item": mapping.plan_item_id} if mapping.plan_item_id else {"session": mapping.study_session_id}
        data = {"prompt": mapping.topic.prompt_id, "topic": mapping.topic_id, "to": to, "was": {}}
        entries.append(Entry(mapping, "map", mapping.mapped_at, data=data, chain=mapping.committee_id))
    record_many(sorted(entries, key=lambda entry: entry.at), by=by)
    return len(receipts)


def _refusals(prompt: StudyPrompt, row: Taken, in_force: set[int]) -> list[str]:
    committee, day = row.committee, row.received_at.astimezone(SHANGHAI).date()
    wrong = rules.receive_problems(
        stage=prompt.stage, above=committee.path.startswith(prompt.committee.path), name=str(committee),
        active=committee.since <= day and (committee.until is None or committee.until >= day),
    )  # fmt: skip
    since = rules.quarter_span(prompt.year, prompt.quarter)[0]
    for topic, target, at in row.topics:
        if topic.prompt_id != prompt.pk or at < row.received_at:
            wrong.append(f"“{topic.text}”不是这份学习提示的主题，或落实早于签收。")
        if isinstance(target, PlanItem):
            wrong += rules.item_problems(
                own=target.plan.committee_id == committee.pk, in_force=target.plan_id in in_force, year=prompt.year,
                item_year=target.plan.year,
            )  # fmt: skip
        else:
            session = target.study_session
            wrong += rules.session_problems(
                takes_part=target.committee_id == committee.pk and target.state == ParticipationState.ACCEPTED,
                stage=session.stage, counted=session.form in COUNTED_FORMS, day=session.day, since=since,
            )  # fmt: skip
    return wrong
