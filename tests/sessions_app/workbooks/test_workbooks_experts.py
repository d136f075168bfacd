"""The sheet 专家: into the pool of who imports, and back again unchanged."""

import io
from datetime import date

import pytest

from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.committees.models import Committee
from roster.corps.models import Expert, TeamMember, VisitTeam
from sessions_app.workbooks.commit import commit
from sessions_app.workbooks.export import Wanted, export
from sessions_app.workbooks.preview import open_book, scope_of
from tests import build
from tests.build import AT
from tests.sessions_app.workbooks.making import reasons, take, workbook

pytestmark = pytest.mark.django_db
FIRST = "2025-01-01"


@pytest.fixture
def city() -> Committee:
    return build.committee("某市委", code="C1")


@pytest.fixture
def bureau(city: Committee) -> Committee:
    return build.committee("某局党组", parent=city, code="B1")


def people(count: int) -> list[str]:
    return [build.person(f"专家{number}").code for number in range(count)]


def test_experts_come_in_and_nothing_changes_the_second_time(city: Committee, bureau: Committee) -> None:
    one, two = people(2)
    rows = [[one, "某局党组", "经济、党建,经济", FIRST, ""], [two, "市 委 党 校", "", FIRST, "2026-12-31"]]
    report = take({"专家": rows})
    assert (report["created"], report["rejected"]) == (2, [])
    first, second = Expert.objects.order_by("person__code")
    assert (first.committee, first.unit, first.unit_name, first.fields) == (city, bureau, "", ["经济", "党建"])
    assert (second.unit, second.unit_name, second.until) == (None, "市委党校", date(2026, 12, 31))
    assert take({"专家": rows})["unchanged"] == 2
    assert AuditEvent.objects.about(first).get().verb == "create"


def test_a_changed_row_changes_and_an_empty_cell_leaves(city: Committee, bureau: Committee) -> None:
    (one,) = people(1)
    take({"专家": [[one, "某局党组", "经济", FIRST, ""]]})
    expert = Expert.objects.get()
    team = VisitTeam.objects.create(committee=city, name="甲组", since=date(2025, 1, 1))
    TeamMember.objects.create(team=team, expert=expert, is_leader=True, since=date(2025, 1, 1))
    report = take({"专家": [[one, "", "法治", FIRST, "2025-12-31"]]})
    expert.refresh_from_db()
    assert report["updated"] == 1
    assert (expert.unit, expert.fields, expert.until, expert.version) == (bureau, ["法治"], date(2025, 12, 31), 2)
    assert team.members.get().until == date(2025, 12, 31)


def test_rows_with_faults_say_why(city: Committee) -> None:
    one, two, three = people(3)
    take({"专家": [[three, "", "", FIRST, ""]]})
    report = take({"专家": [
        ["X9", "", "", FIRST, ""], [one, "", "长" * 21, FIRST, ""], [two, "", "", "2025-05-01", "2025-04-01"],
        [three, "", "", "2025-06-01", ""], [one, "", "", FIRST, ""], [one, "", "", FIRST, ""], ["", "", "", FIRST, ""],
    ]})  # fmt: skip
    told = reasons(report)
    assert report["created"] == 0 and len(told) == 7
    for words, line in zip(
        ("没有编码为“X9”的人员", "超过 20 字", "早于起始日期", "重叠", "重复", "重复", "“人员编码”不能为空"),
        told,
        strict=True,
    ):
        assert words in line


def test_each_department_fills_its_own_pool_and_a_secretary_none(city: Committee, bureau: Committee) -> None:
    (one,) = people(1)
    book = open_book(workbook({"专家": [[one, "", "", FIRST, ""]]}))
    reviewer, secretary = build.granted(Role.REVIEWER, bureau), build.secretary_of(bureau)
    made, _ = commit(book, by=secretary, at=AT, scope=scope_of(secretary))
    assert "专家由宣传部登记" in made.report()["rejected"][0]["reason"]
    commit(book, by=reviewer, at=AT, scope=scope_of(reviewer))
    assert Expert.objects.get().committee == bureau


def test_what_is_exported_comes_back_as_it_was(city: Committee, bureau: Committee) -> None:
    one, two = people(2)
    take({"专家": [[one, "B1", "经济、党建", FIRST, ""], [two, "=党校", "", FIRST, "2026-12-31"]]})
    Expert.objects.create(committee=bureau, person=build.person("局专家"), since=date(2025, 1, 1))
    for committees in (None, Committee.objects.filter(path__startswith=city.path)):
        out = io.BytesIO()
        counts = export(out, Wanted(committees=committees))
        out.seek(0)
        report = take(out)
        assert counts["专家"] == 2 and report["by_sheet"]["专家"]["unchanged"] == 2 and report["rejected"] == []


def test_a_new_root_and_its_experts_come_in_one_book() -> None:
    report = take({
        "委员会": [["C9", "新市委", "", "党委", "市级", "", "", "", ""]], "人员": [["R1", "张三", "", ""]],
        "专家": [["R1", "新市委", "经济", FIRST, ""]],
    })  # fmt: skip
    assert (
        report["rejected"] == []
        and Expert.objects.get().unit == Committee.objects.get() == Expert.objects.get().committee
    )
