"""The year's assessment and interviews stand in the annual reports as they are, in PDF and Word alike."""

import re
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.html import strip_tags

from roster.committees.models import Committee, CommitteeLevel
from sessions_app.assessment.models import AssessmentSheet, AssessmentStage, InterviewStage, LeaderInterview
from sessions_app.papers import copies, frozen, frozen_weighed, typeset
from sessions_app.papers.models import PaperKind
from tests import build
from tests.sessions_app.assessment import ranked
from tests.sessions_app.papers.word_ground import paragraphs

pytestmark = pytest.mark.django_db
NONE = ("无考核评价和约谈记录", "无考核评价记录", "无约谈记录")


def words(committee: Committee, facts: dict) -> tuple[str, str]:
    """What the section says on the PDF's page and in the Word copy of a report that holds it."""
    page = re.sub(r"\s", "", strip_tags(typeset.section_html(facts)))
    report = {
        "title": facts["title"], "cover": {"name": "云州", "lines": ["年度", "报告"]},
        "issue": {"number": 1, "on": "2026-03-20", "as_of": build.AT.isoformat()}, "sections": [facts],
    }  # fmt: skip
    word = next(one for one in copies.made(PaperKind.ANNUAL, report, committee) if one.format == "docx")
    return page, re.sub(r"\s", "", "".join(paragraphs(word.content)))


def interviewed(department: Committee, unit: Committee, by) -> None:
    person = build.person()
    LeaderInterview.objects.create(
        department=department, committee=unit, year=2025, reason="连续靠后", stage=InterviewStage.HELD,
        suggested_at=build.AT, decided_by=by, decided_at=build.AT, held_on=date(2026, 1, 8), interviewer=person,
        interviewee=build.person(), recorder=person, record="谈了三点。",
    )  # fmt: skip


def test_what_is_final_stands_in_the_citys_the_countys_and_the_units_report() -> None:
    place = ranked.make(3)
    county = build.committee("清河县委", parent=place.city, level=CommitteeLevel.COUNTY, since=date(2020, 1, 1))
    town = build.committee("柳林乡党委", parent=county, level=CommitteeLevel.TOWNSHIP, since=date(2020, 1, 1))
    run = ranked.final(place.city, 2025, {place.units[0]: 1, place.units[1]: 2, county: 3})
    AssessmentSheet.objects.filter(assessment=run, rank=1).update(grade="优秀")
    ranked.final(county, 2025, {town: 1}, stage=AssessmentStage.PUBLIC)
    interviewed(place.city, place.units[1], place.head)
    for page in words(place.city, frozen.annual_whole(place.city, 2025, today=build.DAY)):
        assert "云州市委2025年度考核3优秀1家、未分等次2家" in page.replace("|", "")
        assert "清河县委2025年度考核1尚未定稿（公示）" in page.replace("|", "")
        assert "云州市委约谈1家" in page and "不列单位" in page and not any(said in page for said in NONE)
    for page in words(county, frozen.annual_whole(county, 2025, today=build.DAY)):
        assert "云州市委2025年度考核1" in page.replace("|", "") and "本年度系统内无约谈记录" in page
    for page in words(place.units[0], frozen.annual_section(place.units[0], 2025, today=build.DAY)):
        assert "考核评价：云州市委2025年度考核，总分99分，第1名，优秀。" in page and "接受约谈" not in page
    for page in words(place.units[1], frozen.annual_section(place.units[1], 2025, today=build.DAY)):
        assert "接受约谈：云州市委1次。" in page
    for page in words(town, frozen.annual_section(town, 2025, today=build.DAY)):
        assert "本年度系统内无定稿的考核结果" in page, "published is not final"


def test_nothing_there_is_said_of_nothing_only() -> None:
    place = ranked.make(1)
    for page in words(place.city, frozen.annual_whole(place.city, 2024, today=build.DAY)):
        assert "本年度系统内无考核评价记录" in page and "本年度系统内无约谈记录" in page


def test_a_report_frozen_before_says_neither() -> None:
    """Its facts know nothing of assessments: it is not said that there were none."""
    place = ranked.make(1)
    ranked.final(place.city, 2025, {place.units[0]: 1})
    facts = frozen.annual_whole(place.city, 2025, today=build.DAY)
    del facts["weighed"]
    for page in words(place.city, facts):
        assert "考核评价" not in page and not any(said in page for said in NONE)


def test_the_number_of_queries_does_not_grow() -> None:
    small, large = ranked.make(2), ranked.make(9)
    for place in (small, large):
        for number, unit in enumerate(place.units[:4], start=1):
            ranked.final(place.city, 2025, dict.fromkeys([unit, *place.units], 1), number=number)
    found = []
    for place in (small, large):
        with CaptureQueriesContext(connection) as caught:
            frozen_weighed.whole(place.city, 2025)
            frozen_weighed.own(place.units[0], 2025)
        found.append(len(caught))
    assert found[0] == found[1] <= 8
