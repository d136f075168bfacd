"""What committees did with prompts: the state of each topic, the matrix topic x committee, the counts of a list.

A number and the list it opens come from the same conditions (`in_state`); nothing is counted twice in two ways.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from roster.audit.actions import SHANGHAI
from roster.committees.models import Committee, periods_meet
from sessions_app.guidance.models import PromptMapping, PromptReceipt, PromptTopic, StudyPrompt
from sessions_app.guidance.rules import TopicState, topic_state
from sessions_app.sessions.models import Participation


def day_of(prompt: StudyPrompt, today: date) -> date:
    """The day whose committees a prompt is for: today, or the day it was closed."""
    return min(today, prompt.closed_at.astimezone(SHANGHAI).date()) if prompt.closed_at else today


def told(prompt: StudyPrompt, reached: QuerySet, today: date) -> QuerySet:
    """Of the committees reached, those the prompt is for."""
    return reached.filter(path__startswith=prompt.committee.path).active_on(day_of(prompt, today))


def with_held(mappings: Any) -> Any:
    """Mappings with `held`: that session, or one that closed that plan item in any edition of its year, counts."""
    counted = Participation.objects.counted().filter(committee_id=OuterRef("committee_id"))
    in_session = counted.filter(study_session_id=OuterRef("study_session_id"))
    of_item = counted.filter(
        plan_item__serial=OuterRef("plan_item__serial"),
        plan_item__plan__year=OuterRef("plan_item__plan__year"),
        plan_item__plan__committee_id=OuterRef("committee_id"),
    )
    return mappings.annotate(held=Exists(in_session) | Exists(of_item))


# ------------------------------------------------------------------------------------------------ one committee
@dataclass
class TopicLine:
    """One topic as a committee stands with it. `mapping` None: not taken up. The page adds what it shows beside it."""

    topic: PromptTopic
    state: TopicState
    mapping: PromptMapping | None
    held: bool
    tone: str = ""
    form: Any = None
    new_url: str = ""
    words: str = ""
    url: str = ""


def target_of(mapping: PromptMapping | None) -> str:
    """`item-12`, `session-34`: what a mapping points at, as the form names it."""
    if mapping is None:
        return ""
    return f"item-{mapping.plan_item_id}" if mapping.plan_item_id else f"session-{mapping.study_session_id}"


def target_words(mapping: PromptMapping) -> str:
    """计划第3项 学习…, 5月20日学习 ….; reads `plan_item` and `study_session`."""
    if mapping.plan_item is not None:
        return f"计划第{mapping.plan_item.serial}项 {mapping.plan_item.topic}"
    session = mapping.study_session
    return f"{session.day.month}月{session.day.day}日学习 {session.topic}" if session else ""


def target_url(mapping: PromptMapping) -> str:
    """The page of the session, or of the plan the item stands in; reads `plan_item__plan` and `study_session`."""
    if mapping.plan_item is not None:
        return mapping.plan_item.plan.get_absolute_url()
    return mapping.study_session.get_absolute_url() if mapping.study_session else ""


def lines_of(prompt: StudyPrompt, committee: Committee) -> tuple[PromptReceipt | None, list[TopicLine]]:
    """The receipt of a committee and where it stands with each topic; three queries."""
    receipt = PromptReceipt.objects.filter(prompt=prompt, committee=committee).select_related("received_by").first()
    rows = with_held(PromptMapping.objects.filter(topic__prompt=prompt, committee=committee))
    found = {row.topic_id: row for row in rows.select_related("plan_item__plan", "study_session", "mapped_by")}
    lines = []
    for topic in prompt.topics.all():
        mapping = found.get(topic.pk)
        held = bool(mapping and mapping.held)
        state = topic_state(received=receipt is not None, mapped=mapping is not None, held=held)
        line = TopicLine(topic, state, mapping, held)
        if mapping is not None:
            line.words, line.url = target_words(mapping), target_url(mapping)
        lines.append(line)
    return receipt, lines


# ------------------------------------------------------------------------------------------------ the matrix
@dataclass(frozen=True)
class Row:
    """A committee of the matrix; `lines` stand in the order of the topics."""

    committee: Committee
    received_at: datetime | None
    lines: Sequence[TopicLine]


def places(committees: QuerySet) -> QuerySet:
    """The committees of these that have others below them: by which the matrix can be narrowed."""
    below = Committee.objects.filter(parent_id=OuterRef("pk"))
    return committees.filter(Exists(below)).in_order()


def in_state(rows: QuerySet, prompt: StudyPrompt, state: TopicState, topics: Iterable[int]) -> QuerySet:
    """Committees that stand in `state` with one of these topics (one topic: with that one)."""
    receipts = PromptReceipt.objects.filter(prompt=prompt, committee_id=OuterRef("pk"))
    asked = Q(pk__in=[])
    for topic in topics:
        mappings = PromptMapping.objects.filter(topic_id=topic, committee_id=OuterRef("pk"))
        if state in (TopicState.UNRECEIVED, TopicState.RECEIVED):
            wanted = Exists(receipts) if state == TopicState.RECEIVED else ~Exists(receipts)
            asked |= Q(wanted) & Q(~Exists(mappings))
        else:
            asked |= Q(Exists(with_held(mappings).filter(held=state == TopicState.STUDIED)))
    return rows.filter(asked)


def rows_of(prompt: StudyPrompt, topics: Sequence[PromptTopic], committees: Sequence[Committee]) -> list[Row]:
    """The matrix rows of these committees; two queries, however many."""
    ids = [row.pk for row in committees]
    received = dict(
        PromptReceipt.objects.filter(prompt=prompt, committee_id__in=ids).values_list("committee_id", "received_at")
    )
    mappings = with_held(PromptMapping.objects.filter(topic__in=topics, committee_id__in=ids))
    found = {
        (row.committee_id, row.topic_id): row for row in mappings.select_related("plan_item__plan", "study_session")
    }
    rows = []
    for committee in committees:
        lines = []
        for topic in topics:
            mapping = found.get((committee.pk, topic.pk))
            held = bool(mapping and mapping.held)
            state = topic_state(received=committee.pk in received, mapped=mapping is not None, held=held)
            lines.append(TopicLine(topic, state, mapping, held))
        rows.append(Row(committee, received.get(committee.pk), lines))
    return rows


def totals(
    prompt: StudyPrompt, topics: Sequence[PromptTopic], committees: QuerySet
) -> dict[int, dict[TopicState, int]]:
    """{topic: {state: committees}} over all of `committees`; three queries."""
    mine = committees.order_by().values("pk")
    number = committees.count()
    received = PromptReceipt.objects.filter(prompt=prompt, committee__in=mine).count()
    counted = (
        with_held(PromptMapping.objects.filter(topic__in=topics, committee__in=mine))
        .order_by().values("topic_id", "held").annotate(rows=Count("pk")).values_list("topic_id", "held", "rows")
    )  # fmt: skip
    mapped = {(topic, held): rows for topic, held, rows in counted}
    found = {}
    for topic in topics:
        planned, studied = mapped.get((topic.pk, False), 0), mapped.get((topic.pk, True), 0)
        found[topic.pk] = {
            TopicState.UNRECEIVED: number - received,
            # Who took up a topic has received it: see actions.map_topic.
            TopicState.RECEIVED: received - planned - studied,
            TopicState.PLANNED: planned,
            TopicState.STUDIED: studied,
        }
    return found


# ------------------------------------------------------------------------------------------------ a list of prompts
@dataclass(frozen=True)
class Received:
    """Of `committees` the reader reaches, so many `received`."""

    committees: int
    received: int

    @property
    def missing(self) -> int:
        return self.committees - self.received


def received_of(prompts: Sequence[StudyPrompt], reached: QuerySet, today: date) -> Mapping[int, Received]:
    """How many committees have each prompt in hand; two queries, however many prompts."""
    if not prompts:
        return {}
    days = {prompt.pk: day_of(prompt, today) for prompt in prompts}
    standing = reached.order_by().aggregate(
        **{
            f"p{prompt.pk}": Count(
                "pk",
                filter=Q(path__startswith=prompt.committee.path) & periods_meet("", days[prompt.pk], days[prompt.pk]),
            )
            for prompt in prompts
        }
    )
    receipts = PromptReceipt.objects.filter(committee__in=reached.order_by().values("pk")).order_by()
    there = Q(pk__in=[])
    for prompt in prompts:
        there |= Q(prompt=prompt, committee__path__startswith=prompt.committee.path) & periods_meet(
            "committee__", days[prompt.pk], days[prompt.pk]
        )
    in_hand = dict(
        receipts.filter(there).values("prompt_id").annotate(rows=Count("pk")).values_list("prompt_id", "rows")
    )
    return {prompt.pk: Received(standing[f"p{prompt.pk}"], in_hand.get(prompt.pk, 0)) for prompt in prompts}
