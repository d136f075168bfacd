"""The study prompts of two years: drafted and published by the department, received and taken up by the committees."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from roster.accounts.models import User
from roster.audit.actions import Actor
from roster.committees.models import Committee
from roster.people.models import StudySecretary
from sessions_app.demo import names
from sessions_app.demo.accounts import shown_committee
from sessions_app.demo.world import World
from sessions_app.demo.year import moment
from sessions_app.guidance import actions, intake
from sessions_app.guidance.models import PromptTopic, StudyPrompt
from sessions_app.guidance.rules import QUARTER_WORDS, quarter_span
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.policies.rules import WorkingDays
from sessions_app.sessions.models import COUNTED_FORMS, Participation, ParticipationState, SessionStage

DEPARTMENTS = ["OFFICE", "PROPAGANDA", "ORGANISATION", "POLICY_RESEARCH"]
PUBLISHED_ON = 3  # the working day of the quarter
FOCUS = (
    "围绕{topic}，结合本地本单位实际，研讨认识上的差距、工作中的短板和改进的办法。",
    "领导班子成员联系分管工作谈体会，每人至少提出一条改进举措。",
    "坚持问题导向，会前深入基层调研，带着问题学、针对问题改。",
)
OUTCOMES = (
    "每个主题至少形成一项可检查的成果：调研报告、理论文章、制度办法或工作举措。",
    "可在面上推广的对策建议，于季度末前登记为学习成果，并报送有关部门转化。",
)


@dataclass
class Answers:
    """What the committees have at hand to take a topic up in: items of plans in force, sessions, secretaries."""

    items: dict[int, list[PlanItem]]
    parts: dict[int, list[Participation]]
    secretaries: dict[int, list[StudySecretary]]


def play(world: World, *, calendar: WorkingDays, by: Actor, at: datetime) -> int:
    """How many prompts there are now. A quarter whose publishing day has not come keeps its draft."""
    today = at.date()
    city = Committee.objects.get(code="LC00")
    committees = list(Committee.objects.active_on(today).order_by("path"))
    shown = shown_committee(world)
    made, over, rows = 0, [], []
    for year in (today.year - 1, today.year):
        answers = _answers(year)
        for quarter in range(1, 5):
            first, last = quarter_span(year, quarter)
            if first > today:
                break
            random = Random(f"prompt {year} {quarter}")
            prompt = _written(city, year, quarter, random, calendar, at)
            made += 1
            if prompt is None:
                continue
            if last < today:
                over.append((prompt, moment(_back(last, calendar), 17)))
            silent = 0.05 if last < today else 0.10
            there = [c for c in committees if random.random() >= silent and (last < today or c.code != shown)]
            rows += _taken(prompt, there, answers, random, calendar, share=0.85 if last < today else 0.6, at=at)
    more = _county(committees, calendar, at)
    intake.take_in([*rows, *more], by=by)
    for prompt, closing in over:
        actions.close(prompt, version=None, by=_reviewer("shenhe", closing.date()), at=closing)
    return made + bool(more)


def _reviewer(username: str, on: date) -> User:
    user: User = User.objects.get(username=username)
    return user.act(on=on)


def _back(day: date, calendar: WorkingDays) -> date:
    while day not in calendar:
        day -= timedelta(days=1)
    return day


def _publishing_day(first: date, calendar: WorkingDays, working_day: int = PUBLISHED_ON) -> date:
    return calendar.add(first - timedelta(days=1), working_day)


def _text(topics: Sequence[str], prefix: str = "") -> dict[str, object]:
    focus = [FOCUS[0].format(topic=topics[0]), *FOCUS[1:]]
    readings = [{"title": f"《{topic}》学习读本有关章节", "release_type": "FULL_TEXT"} for topic in topics]
    readings.append({"title": f"{prefix}上级最新会议文件精神", "release_type": "EXCERPT"})
    readings.append({"title": "限定范围传达的有关通报", "release_type": "RESTRICTED"})
    return {"topics": list(topics), "focus": "\n".join(focus), "outcomes": "\n".join(OUTCOMES), "readings": readings}


def _written(
    committee: Committee, year: int, quarter: int, random: Random, calendar: WorkingDays, at: datetime
) -> StudyPrompt | None:
    """Drafted two working days before it is published; None while it is still a draft."""
    first, _ = quarter_span(year, quarter)
    day = _publishing_day(first, calendar)
    topics = [name for name, _, _ in random.sample(names.TOPICS, 3)]
    title = f"{year}年{QUARTER_WORDS[quarter]}理论学习中心组学习提示"
    drafted = min(moment(_publishing_day(first, calendar, 1), 15), at)
    prompt = actions.create(
        committee=committee, year=year, quarter=quarter, title=title, consulted=DEPARTMENTS,
        by=_reviewer("shenhe", drafted.date()), at=drafted, **_text(topics),
    )  # fmt: skip
    published = moment(day, 9)
    if published > at:
        return None
    return actions.publish(prompt, version=prompt.version, by=_reviewer("shenhe", day), at=published)


def _answers(year: int) -> Answers:
    answers = Answers(defaultdict(list), defaultdict(list), defaultdict(list))
    plans = StudyPlan.objects.filter(year=year).in_force()
    for item in PlanItem.objects.filter(plan__in=plans).select_related("plan").order_by("quarter", "serial"):
        answers.items[item.plan.committee_id].append(item)
    parts = Participation.objects.filter(
        year=year, state=ParticipationState.ACCEPTED, study_session__form__in=COUNTED_FORMS
    ).exclude(study_session__stage=SessionStage.CANCELLED)
    for part in parts.select_related("study_session").order_by("day", "pk"):
        answers.parts[part.committee_id].append(part)
    for row in StudySecretary.objects.order_by("since", "id"):
        answers.secretaries[row.committee_id].append(row)
    return answers


def _taken(
    prompt: StudyPrompt, committees: Sequence[Committee], answers: Answers, random: Random, calendar: WorkingDays, *,
    share: float, at: datetime,
) -> list[intake.Taken]:  # fmt: skip
    """Receipts within some working days; of the topics about `share` taken up, in the plan's own words where it has them."""
    published = prompt.published_at.date() if prompt.published_at else at.date()
    topics = list(prompt.topics.all())
    first, last = quarter_span(prompt.year, prompt.quarter)
    rows = []
    for committee in committees:
        day = calendar.add(published, random.choice((0, 0, 1, 1, 2, 2, 3, 4, 5, 6)))
        received = moment(day, random.randint(10, 17), random.randint(0, 59))
        if received >= at:
            received = at
        keepers = [row for row in answers.secretaries[committee.pk] if row.since <= day and (row.until or day) >= day]
        items = [row for row in answers.items[committee.pk] if row.quarter == prompt.quarter]
        parts = [row for row in answers.parts[committee.pk] if first <= row.day <= last]
        taken = []
        for topic in topics:
            target = _target(topic, items, parts, random)
            if target is not None and random.random() < share:
                taken.append((topic, target, min(received + timedelta(minutes=random.randint(5, 90)), at)))
        rows.append(intake.Taken(prompt, committee, received, keepers[0].person_id if keepers else None, taken))
    return rows


def _target(
    topic: PromptTopic, items: Sequence[PlanItem], parts: Sequence[Participation], random: Random
) -> PlanItem | Participation | None:
    same = [item for item in items if item.topic == topic.text]
    if same:
        return same[0]
    if items and (not parts or random.random() < 0.6):
        return random.choice(items)
    return random.choice(parts) if parts else None


def _county(committees: Sequence[Committee], calendar: WorkingDays, at: datetime) -> list[intake.Taken]:
    """One prompt of the first county in the running quarter, beside the city's."""
    today = at.date()
    quarter = (today.month + 2) // 3
    day = _publishing_day(quarter_span(today.year, quarter)[0], calendar, PUBLISHED_ON + 5)
    if day >= today:
        return []
    county = next(row for row in committees if row.code == "LX0100")
    random = Random(f"county prompt {today.year}")
    topics = [name for name, category, _ in random.sample(names.TOPICS, 20) if category == 8][:2]
    user = _reviewer("xianshenhe", day)
    prompt = actions.create(
        committee=county, year=today.year, quarter=quarter, title=f"{county}{QUARTER_WORDS[quarter]}学习补充提示",
        consulted=["OFFICE", "PROPAGANDA", "ORGANISATION"], by=user, at=moment(day, 9), **_text(topics, "市委、县委"),
    )  # fmt: skip
    prompt = actions.publish(prompt, version=prompt.version, by=user, at=moment(day, 11))
    below = [row for row in committees if row.path.startswith(county.path) and random.random() < 0.8]
    return _taken(prompt, below, _answers(today.year), random, calendar, share=0.4, at=at)
