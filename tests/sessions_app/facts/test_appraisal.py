"""Measures of an assessment: equal to the figures elsewhere, equal to their lists, judged by the rule of their own day."""

import re
from datetime import date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.committees.models import Committee
from sessions_app.facts import figures
from sessions_app.facts.appraisal import MEASURES, for_each, listed
from sessions_app.facts.appraisal_drill import FURTHER, listing
from sessions_app.facts.appraisal_rows import until
from sessions_app.facts.drill import MAKERS
from sessions_app.facts.figures import LABELS, Figures
from sessions_app.facts.scope import only
from sessions_app.guidance.models import PromptReceipt, PromptStage, StudyPrompt
from sessions_app.minutes.models import Minutes, MinutesStage
from sessions_app.outcomes.models import Outcome, OutcomeKind
from sessions_app.plans.models import PlanStage, StudyPlan
from sessions_app.policies.models import PolicyParameter
from sessions_app.sessions.models import (
    ExtraParticipant,
    FilingStage,
    Participation,
    SessionStage,
    SpeakerFiling,
    Speech,
    SpeechKind,
    StudySession,
)
from tests import build
from tests.sessions_app.facts.world import World

pytestmark = pytest.mark.django_db
YEAR = 2026
END = date(2026, 12, 31)


def of(committee: Committee, as_of: date = END) -> dict[str, Fraction | None]:
    return for_each(Committee.objects.filter(pk=committee.pk), YEAR, as_of=as_of)[committee.pk]


def held(
    committee: Committee, day: date, *, submitted: date | None = None, archived: date | None = None
) -> StudySession:
    """A session held, with minutes handed in on a day."""
    row = StudySession.objects.create(
        committee=committee, day=day, topic=f"{day}专题", entered_at=build.AT,
        stage=SessionStage.ARCHIVED if archived else SessionStage.HELD, archived_at=build.at(archived) if archived else None,
    )  # fmt: skip
    Participation.objects.create(
        study_session=row, committee=committee, year=day.year, day=day,
        number=Participation.objects.filter(committee=committee).count() + 1,
    )  # fmt: skip
    if submitted:
        Minutes.objects.create(study_session=row, stage=MinutesStage.SUBMITTED, submitted_at=build.at(submitted, 23))
    return row


def rule(key: str, committee: Committee, value: Any, since: date, last: date | None = None) -> None:
    PolicyParameter.objects.create(key=key, committee=committee, value=value, since=since, until=last, source="本地")


# ------------------------------------------------------------------------------------- one source of every figure


def test_a_measure_that_stands_elsewhere_says_the_same_there() -> None:
    world = World(31)
    tables = {key for key, value in Figures().as_json().items() if isinstance(value, dict)}
    assert set(LABELS) - tables <= set(MEASURES)
    for as_of in (END, date(2026, 6, 10)):
        found = for_each(Committee.objects.all(), YEAR, as_of=as_of)
        elsewhere = figures.for_each(Committee.objects.all(), until(YEAR, as_of), today=as_of)
        assert set(found) == {committee.pk for committee in world.committees}
        for pk, values in found.items():
            assert set(values) == set(MEASURES)
            for key in [*(set(LABELS) - tables), "completion_rate", "closing_rate", "outcomes"]:
                said = getattr(elsewhere[pk], key)
                assert values[key] == (None if said is None else Fraction(said)), key


def test_every_measure_opens_the_list_that_adds_up_to_it() -> None:
    world = World(32)
    period = until(YEAR, date(2026, 10, 5))
    keys = [key for key in MEASURES if key in MAKERS or key in FURTHER]
    assert len(keys) > 30
    found = for_each(Committee.objects.all(), YEAR, as_of=period.last)
    for committee in world.committees:
        for key in keys:
            total = listing(key, only(committee.pk), period).total()
            said = found[committee.pk][key]
            assert said == (None if total is None else Fraction(total)), key


def test_every_measure_names_a_list_and_says_what_it_counts() -> None:
    for key, measure in MEASURES.items():
        address = listed(key, year=YEAR, committee=7, as_of=date(2026, 6, 30))
        wanted = address.split("key=")[1].split("&")[0]
        assert wanted in MAKERS or wanted in FURTHER
        assert "committee=7" in address and "until=2026-06-30" in address and "only=1" in address
        assert measure.key == key and measure.label and measure.meaning.endswith("。")
    assert "until" not in listed("present", year=YEAR, committee=7, as_of=END)
    with pytest.raises(KeyError):
        listed("nothing", year=YEAR, committee=7)


def test_the_list_behind_a_measure_is_cut_off_where_the_assessment_was(client, settings) -> None:
    settings.CLOCK = build.at(date(2026, 12, 20))
    place = build.committee("市发改委党组")
    client.force_login(build.secretary_of(place, on=date(2026, 12, 20)))
    for day in (date(2026, 3, 2), date(2026, 9, 1)):
        session = held(place, day, submitted=day + timedelta(days=20), archived=day)
        Speech.objects.create(
            participation=session.participations.get(), speaker=build.person(), kind=SpeechKind.KEYNOTE, title="题"
        )
        ExtraParticipant.objects.create(study_session=session, committee=place, name="甲", is_outside_speaker=True)
    StudyPrompt.objects.create(
        committee=place, year=YEAR, quarter=1, title="提示", stage=PromptStage.PUBLISHED,
        published_at=build.at(date(2026, 3, 2)),
    )  # fmt: skip
    kinds = (OutcomeKind.ARTICLE, OutcomeKind.PROPOSAL)
    for number, kind in enumerate(kinds):
        Outcome.objects.create(
            code=f"DR{number}", committee=place, day=date(2026, 4, 1), kind=kind, title="文", entered_at=build.AT
        )
    for key in FURTHER:
        whole = client.get(f"/dashboard/list/?key={key}&year=2026&committee={place.pk}&only=1")
        cut = client.get(
            listed(key, year=YEAR, committee=place.pk, as_of=date(2026, 6, 30))
            if key in MEASURES
            else "/dashboard/list/?key=reports"
        )
        assert (whole.status_code, cut.status_code) == (200, 200), key
        assert ("截至 2026-06-30" in cut.content.decode()) == (key in MEASURES)
    said = {
        "minutes_late": 1,
        "keynote_speeches": 1,
        "filings_missing": 1,
        "archived_sessions": 1,
        "prompts_unreceipted": 1,
    }
    for key, number in said.items():
        page = client.get(listed(key, year=YEAR, committee=place.pk, as_of=date(2026, 6, 30)))
        assert page.context["total"] == number == of(place, date(2026, 6, 30))[key], key


def test_every_further_measure_stands_in_the_documentation() -> None:
    text = Path(__file__).parents[3].joinpath("docs/facts.md").read_text().split("## What a committee is weighed by")[1]
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    told = [key for row in rows for key in re.findall(r"`(\w+)`", row)]
    assert sorted(told) == sorted(set(MEASURES) - set(LABELS))


def test_the_queries_are_as_many_for_many_committees() -> None:
    first = build.committee()
    held(first, date(2026, 3, 2), submitted=date(2026, 3, 4))
    with CaptureQueriesContext(
        connection,
    ) as few:
        for_each(Committee.objects.filter(pk=first.pk), YEAR, as_of=END)
    World(33)
    with CaptureQueriesContext(connection) as many:
        for_each(Committee.objects.all(), YEAR, as_of=END)
    assert len(many) == len(few) <= 37


def test_a_committee_with_nothing_has_zeros_and_unknown_rates() -> None:
    values = of(build.committee())
    unknown = {key for key, value in values.items() if value is None}
    assert unknown == {
        "presence_rate", "participation_rate", "completion_rate", "spoken_rate", "report_rate", "archived_rate",
        "conversion_rate", "closing_rate", "visit_score",
    }  # fmt: skip
    assert values["quarters_missing"] == 4 and values["plan_filed"] == 0


# --------------------------------------------------------------------------------------------- months and quarters


def test_months_and_quarters_count_what_was_begun_while_the_committee_stood() -> None:
    early, late, gone = build.committee(), build.committee(since=date(2026, 2, 2)), build.committee()
    Committee.objects.filter(pk=gone.pk).update(until=date(2026, 5, 30))
    held(early, date(2026, 1, 5))
    held(early, date(2026, 4, 30))
    values = of(early, date(2026, 5, 1))
    assert (values["months_due"], values["months_with_session"], values["months_missing"]) == (5, 2, 3)
    assert (values["quarters_due"], values["quarters_with_session"]) == (2, 2)
    assert of(late)["months_due"] == 10 and of(late)["quarters_due"] == 3
    assert of(gone)["months_due"] == 4 and of(gone)["quarters_due"] == 1


def test_a_quarter_is_judged_by_the_rule_of_its_first_day() -> None:
    place = build.committee()
    rule("sessions_per_quarter", place, 2, date(2026, 6, 1))
    for month in (2, 5, 8):
        held(place, date(2026, month, 10))
    held(place, date(2026, 11, 3))
    held(place, date(2026, 11, 4))
    values = of(place)
    assert values["quarters_with_session"] == 3 and values["quarters_missing"] == 1  # the third alone is short
    rule("sessions_per_month", place, 2, date(2026, 6, 1))
    assert of(place)["months_with_session"] == 3  # February and May by one, November by two


# --------------------------------------------------------------------------------------------------------- minutes


def test_minutes_are_judged_by_the_term_that_held_on_the_day_of_the_session() -> None:
    city = build.committee()
    place = build.committee(parent=city)
    rule("minutes_due_working_days", city, 10, date(2026, 1, 1), date(2026, 5, 31))
    rule("minutes_due_working_days", city, 3, date(2026, 6, 1))
    held(place, date(2026, 5, 29), submitted=date(2026, 6, 9))  # seven working days: within the old term
    held(place, date(2026, 6, 2), submitted=date(2026, 6, 9))  # five: past the new one
    held(place, date(2026, 6, 3))  # nothing handed in
    values = of(place, date(2026, 6, 9))
    assert (values["minutes_on_time"], values["minutes_late"], values["minutes_missing"]) == (1, 1, 1)
    assert of(place, date(2026, 6, 5))["minutes_missing"] == 0  # the term is not over yet
    PolicyParameter.objects.filter(until=date(2026, 5, 31)).update(value=3)
    assert of(place)["minutes_late"] == 2  # the negative control: had the new term held in May


def test_what_was_stamped_after_the_cut_off_has_not_happened() -> None:
    place = build.committee()
    held(place, date(2026, 3, 2), submitted=date(2026, 3, 4), archived=date(2026, 3, 31))
    assert of(place, date(2026, 3, 30))["archived_rate"] == 0
    assert of(place, date(2026, 3, 31))["archived_sessions"] == 1
    assert of(place, date(2026, 3, 3))["minutes_on_time"] == 0


# ------------------------------------------------------------------------------------------------ plans, prompts


def test_the_plan_counts_the_days_after_its_term() -> None:
    place, young, idle = build.committee(), build.committee(since=date(2026, 3, 10)), build.committee()
    for where, filed in ((place, date(2026, 2, 10)), (young, date(2026, 4, 12))):
        StudyPlan.objects.create(
            committee=where, year=YEAR, stage=PlanStage.FILED, approving_meeting="会", approved_on=filed, filed_on=filed
        )
    StudyPlan.objects.create(
        committee=place, year=YEAR, edition=2, stage=PlanStage.APPROVED, approving_meeting="会", amend_reason="调整",
        approved_on=date(2026, 7, 1),
    )  # fmt: skip
    values = of(place)
    assert (values["plan_filed"], values["plan_days_late"], values["plan_amendments"]) == (1, 10, 1)
    assert of(place, date(2026, 6, 30))["plan_amendments"] == 0
    assert of(place, date(2026, 2, 5)) | {} and of(place, date(2026, 2, 5))["plan_filed"] == 0
    assert of(place, date(2026, 2, 5))["plan_days_late"] == 5
    assert of(young)["plan_days_late"] == 3  # due thirty days after it was founded: 9 April
    assert of(idle, date(2026, 1, 20))["plan_days_late"] == 0
    rule("plan_due_day", place, "02-28", date(2026, 6, 1))
    assert of(place)["plan_days_late"] == 10  # a day moved in June moves nothing of January
    rule("plan_due_day", place, "02-05", date(2026, 1, 1))
    assert of(place)["plan_days_late"] == 5


def test_a_prompt_counts_when_its_term_is_over_and_nothing_came() -> None:
    city = build.committee()
    place, other = build.committee(parent=city), build.committee(parent=city)
    prompt = StudyPrompt.objects.create(
        committee=city,
        year=YEAR,
        quarter=1,
        title="提示",
        stage=PromptStage.PUBLISHED,
        published_at=build.at(date(2026, 3, 2)),
    )
    StudyPrompt.objects.create(committee=city, year=YEAR, quarter=2, title="草稿")
    PromptReceipt.objects.create(prompt=prompt, committee=other, received_at=build.at(date(2026, 3, 20)))
    assert of(place)["prompts_unreceipted"] == 1 and of(other)["prompts_unreceipted"] == 0
    assert of(other, date(2026, 3, 15))["prompts_unreceipted"] == 1  # received later
    assert of(place, date(2026, 3, 9))["prompts_unreceipted"] == 0  # five working days


# -------------------------------------------------------------------------------------- speeches, outcomes, filings


def test_members_who_spoke_and_wrote_are_counted_once_and_guests_not() -> None:
    place = build.committee()
    first, second = build.member(place, build.person("张 三")), build.member(place, build.person("李四"))
    session = held(place, date(2026, 3, 2))
    at = session.participations.get()
    for number, who in enumerate((first.person, first.person, build.person())):
        Speech.objects.create(
            participation=at,
            speaker=who,
            kind=SpeechKind.KEYNOTE if number else SpeechKind.WRITTEN,
            title=f"题{number}",
        )
    for number, (kind, authors) in enumerate(
        ((OutcomeKind.ARTICLE, "张三、王五"), (OutcomeKind.RESEARCH_REPORT, "张三"), (OutcomeKind.ESSAY, "李四"))
    ):
        Outcome.objects.create(
            code=f"AP{number}",
            committee=place,
            day=date(2026, 4, 1),
            kind=kind,
            title="文",
            authors=authors,
            entered_at=build.AT,
        )
    values = of(place)
    assert (values["speeches"], values["keynote_speeches"], values["members_spoken"]) == (3, 2, 1)
    assert (values["members_with_report"], values["spoken_rate"]) == (1, Fraction(1, 2))
    assert second.committee_id == place.pk


def test_a_proposal_is_converted_by_a_policy_made_of_it_by_the_cut_off() -> None:
    place = build.committee()
    rows = [
        Outcome.objects.create(
            code=f"PR{number}",
            committee=place,
            day=date(2026, 3, 1),
            kind=OutcomeKind.PROPOSAL,
            title="建议",
            entered_at=build.AT,
        )
        for number in range(3)
    ]
    Outcome.objects.create(
        code="PO", committee=place, day=date(2026, 9, 1), kind=OutcomeKind.POLICY, title="办法", derived_from=rows[0],
        entered_at=build.AT,
    )  # fmt: skip
    assert of(place)["conversion_rate"] == Fraction("0.3333")
    assert of(place, date(2026, 8, 31))["conversion_rate"] == 0


def test_an_outside_speaker_without_an_approved_filing_is_missing() -> None:
    place = build.committee()
    session = held(place, date(2026, 3, 2))
    for name in ("甲", "乙"):
        ExtraParticipant.objects.create(study_session=session, committee=place, name=name, is_outside_speaker=True)
    ExtraParticipant.objects.create(study_session=session, committee=place, name="丙")
    for stage in (FilingStage.REFUSED, FilingStage.APPROVED, FilingStage.APPROVED):
        SpeakerFiling.objects.create(study_session=session, speaker="甲", unit="校", topic=f"题{stage}", stage=stage)
    assert of(place)["filings_missing"] == 1


def test_the_days_of_a_stamp_are_those_of_shanghai() -> None:
    place = build.committee()
    row = held(place, date(2026, 3, 2))
    due = datetime(2026, 3, 9, 23, 59, tzinfo=build.SHANGHAI)
    minutes = Minutes.objects.create(study_session=row, stage=MinutesStage.SUBMITTED, submitted_at=due)
    assert of(place)["minutes_on_time"] == 1
    Minutes.objects.filter(pk=minutes.pk).update(submitted_at=due + timedelta(minutes=2))
    assert of(place)["minutes_late"] == 1


# ------------------------------------------------------------------------------------------- by form, way and local rule
def lesson(committee: Committee, day: date, *, form: str = "GROUP_STUDY", mode: str = "ON_SITE") -> StudySession:
    row = held(committee, day)
    StudySession.objects.filter(pk=row.pk).update(form=form, mode=mode)
    return row


def test_eleven_lessons_on_site_are_no_discussion() -> None:
    """The case of Ezhou: a session every month, none of them a discussion; full marks for the months, none for the quarters."""
    committee = build.committee()
    for month in range(1, 12):
        lesson(committee, date(YEAR, month, 12))
    values = of(committee, date(YEAR, 11, 30))
    assert (values["quarters_due"], values["quarters_with_session"], values["mode_on_site"]) == (4, 4, 11)
    assert (values["discussions"], values["quarters_with_discussion"], values["quarters_missing_discussion"]) == (
        0,
        0,
        4,
    )
    lesson(committee, date(YEAR, 5, 20), mode="DISCUSSION")
    assert of(committee, date(YEAR, 11, 30))["quarters_with_discussion"] == 1


@pytest.mark.parametrize(("form", "mode", "counts"), [
    ("GROUP_STUDY", "DISCUSSION", True), ("GROUP_STUDY", "LEADER_LED", True), ("READING_CLASS", "TEACH_BACK", True),
    ("GROUP_STUDY", "ON_SITE", False), ("GROUP_STUDY", "FIELD", False), ("LECTURE", "LEADER_LED", False),
    ("ON_SITE", "LEADER_LED", False), ("FIELD_RESEARCH", "HYBRID", False), ("LECTURE", "DISCUSSION", True),
])  # fmt: skip
def test_what_is_a_discussion(form: str, mode: str, counts: bool) -> None:
    committee = build.committee()
    lesson(committee, date(YEAR, 5, 12), form=form, mode=mode)
    values = of(committee)
    assert (
        values["discussions"] == int(counts) and values[f"form_{form.lower()}"] == values[f"mode_{mode.lower()}"] == 1
    )
    assert sum(values[key] or 0 for key in values if key.startswith("form_")) == values["committee_sessions"]


def test_what_local_rules_ask_of_days_members_and_sessions() -> None:
    committee = build.committee()
    first, second = build.member(committee).person, build.member(committee).person
    row = held(committee, date(YEAR, 5, 12))
    part = row.participations.get()
    for speaker in (first, second):
        Speech.objects.create(participation=part, speaker=speaker, kind=SpeechKind.KEYNOTE, title="发言")
    held(committee, date(YEAR, 6, 12))
    values = of(committee)
    keys = ("days_missing", "members_short_of_speeches", "members_short_of_reports", "sessions_short_of_speeches")
    assert [values[key] for key in keys] == [0, 0, 2, 1]
    for key, value in (
        ("days_per_year", 12),
        ("speeches_per_member_year", 2),
        ("reports_per_year", 0),
        ("speech_quota_per_session", 0),
    ):
        PolicyParameter.objects.create(key=key, committee=committee, value=value, since=date(YEAR, 1, 1), source="办法")
    values = of(committee)
    assert [values[key] for key in keys] == [12 - (values["days"] or 0), 2, 0, 0]
