"""The past has one door: what a workbook, its undo or its preview would do to a closed or frozen period."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.moves import Refused
from roster.committees.models import Committee
from roster.people.actions import add_membership, edit_membership, end_membership
from roster.people.models import Membership, Person
from sessions_app.facts import figures
from sessions_app.facts.periods import span
from sessions_app.facts.sealed import picture
from sessions_app.papers.models import IssuedPaper, PaperKind
from sessions_app.policies.models import Period, PeriodStage
from sessions_app.sessions.models import Participation, SessionStage, Speech, StudySession
from sessions_app.workbooks import actions
from sessions_app.workbooks.models import ImportRun, ImportStage
from tests.build import SHANGHAI, granted
from tests.sessions_app.workbooks.making import Rows, look, reasons, take, workbook

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 30, 10, tzinfo=SHANGHAI)
ROSTER: Rows = {
    "委员会": [["ZA02", "测试乙局党组", "", "党组", "市级", "", "", "2025-01-01", ""]],
    "人员": [[f"ZP0{n}", f"乙{n}", "", ""] for n in range(1, 8)],
    "成员": [["ZA02", f"ZP0{n}", "组长" if n == 5 else "成员", "", n, "2025-01-01", ""] for n in (5, 6)],
}
SESSION: Rows = {
    "学习场次": [["ZA02", 2026, 3, "2026-07-02", "", "", "", "", "三季度学习", "研讨交流学", "", "", "已召开", ""]],
    "考勤": [["ZA02", 2026, 3, "ZP05", "出席", "", ""], ["ZA02", 2026, 3, "ZP06", "出席", "", ""]],
}


@pytest.fixture
def place() -> Committee:
    take(ROSTER, at=NOW)
    return Committee.objects.get(code="ZA02")


@pytest.fixture
def reviewer(place: Committee) -> User:
    return granted(Role.REVIEWER, place, on=NOW.date())


def imported(rows: Rows, by: User) -> ImportRun:
    file = SimpleUploadedFile("a.xlsx", workbook(rows).read())
    run = actions.upload(file=file, by=by, at=NOW)
    actions.start_look(run, by=by, at=NOW)
    return actions.take_in(run, by=by, at=NOW)


def shut(where: Committee, stage: str = PeriodStage.CLOSED, quarter: int = 3) -> Period:
    return Period.objects.create(committee=where, year=2026, quarter=quarter, stage=stage)


def quarter(where: Committee) -> dict[str, Any]:
    return figures.for_committee(where.pk, span(2026, 3)).as_json()


SHUT = pytest.mark.parametrize("stage", [PeriodStage.CLOSED, PeriodStage.FROZEN])


@SHUT
def test_undo_of_an_import_asks_the_period_gate(place: Committee, reviewer: User, stage: str) -> None:
    """Case a3f: a frozen quarter fell from 1 session, 2 expected, 2 present to 0."""
    run = imported(SESSION, reviewer)
    shut(place, stage)
    before, seen = quarter(place), picture([place.pk])
    assert (before["sessions"], before["expected"], before["present"]) == (1, 2, 2)
    with pytest.raises(Refused) as told:
        actions.undo(run, by=reviewer, at=NOW)
    label = PeriodStage(stage).label
    assert f"撤销会改变测试乙局党组7月2日第3次学习，2026年第3季度已{label}" in told.value.reasons[0]
    assert quarter(place) == before and picture([place.pk]) == seen
    assert ImportRun.objects.get().stage == ImportStage.COMMITTED


def test_undo_is_free_while_the_period_is_open(place: Committee, reviewer: User) -> None:
    run = imported(SESSION, reviewer)
    shut(place, quarter=2)
    actions.undo(run, by=reviewer, at=NOW)
    assert not StudySession.objects.exists()


@SHUT
def test_undo_of_a_changed_mark_or_a_new_member_is_refused_too(place: Committee, reviewer: User, stage: str) -> None:
    """Sums may stay the same while the people do not: 出席 and 视频参会 both count as present."""
    take(SESSION, at=NOW)
    changed = imported({"考勤": [["ZA02", 2026, 3, "ZP05", "视频参会", "", ""]]}, reviewer)
    period = shut(place, stage)
    with pytest.raises(Refused, match="第3次学习"):
        actions.undo(changed, by=reviewer, at=NOW)
    period.delete()
    more = imported({"成员": [["ZA02", "ZP07", "成员", "", 9, "2026-02-01", ""]]}, reviewer)
    shut(place, stage)
    with pytest.raises(Refused, match="第3次学习"):
        actions.undo(more, by=reviewer, at=NOW)


def paper(where: Committee, kind: str, year: int, *, subject: int | None = None, **facts: Any) -> IssuedPaper:
    return IssuedPaper.objects.create(
        kind=kind, committee=where, year=year, subject_id=subject, title=f"{year}年{PaperKind(kind).label}", facts=facts,
        edition="e", sha256="0" * 64, as_of=NOW, issued_at=NOW,
    )  # fmt: skip


Made = Callable[[Committee], IssuedPaper]
DEPENDS: dict[str, Made] = {
    "year's report": lambda where: paper(where, PaperKind.ANNUAL, 2026),
    "bulletin of the quarter": lambda where: paper(where, PaperKind.BULLETIN, 2026, subject=1, quarter=3),
    "sign-in sheet": lambda where: paper(where, PaperKind.SIGN_IN, 2026, subject=StudySession.objects.get().pk),
}
UNRELATED: dict[str, Made] = {
    "another year's report": lambda where: paper(where, PaperKind.ANNUAL, 2025),
    "another quarter's bulletin": lambda where: paper(where, PaperKind.BULLETIN, 2026, subject=1, quarter=1),
    "another session's sheet": lambda where: paper(where, PaperKind.SIGN_IN, 2026, subject=1),
    "a list of findings": lambda where: paper(where, PaperKind.FINDINGS, 2026),
}


@pytest.mark.parametrize("made", DEPENDS.values(), ids=DEPENDS)
def test_a_paper_that_counts_the_rows_stops_the_undo_and_is_named(place: Committee, reviewer: User, made: Made) -> None:
    run = imported(SESSION, reviewer)
    title = made(place).title
    with pytest.raises(Refused, match=f"《{title}》（第1次）"):
        actions.undo(run, by=reviewer, at=NOW)


@pytest.mark.parametrize("made", UNRELATED.values(), ids=UNRELATED)
def test_a_paper_that_does_not_count_them_stops_nothing(place: Committee, reviewer: User, made: Made) -> None:
    run = imported(SESSION, reviewer)
    made(place)
    actions.undo(run, by=reviewer, at=NOW)
    assert not StudySession.objects.exists()


# ------------------------------------------------------------------------------------------------------- membership
SWAP = [
    ["ZA02", "ZP06", "成员", "", 2, "2025-01-01", "2026-06-30"],
    ["ZA02", "ZP07", "成员", "", 2, "2026-07-01", ""],
]
ENDED = [["ZA02", "ZP06", "成员", "", 2, "2025-01-01", "2026-06-30"]]
JOINED = [["ZA02", "ZP07", "成员", "", 2, "2026-07-01", ""]]
ROSTERS = pytest.mark.parametrize("lines", [SWAP, ENDED, JOINED], ids=["swap (a3d)", "end (a3b)", "late joining"])


@SHUT
@ROSTERS
def test_members_do_not_change_in_a_shut_period_by_workbook(
    place: Committee, reviewer: User, stage: str, lines: list[list[Any]]
) -> None:
    """The sum stays 2 of 2 in a swap, the people do not; preview and import refuse the same rows and take the rest."""
    take(SESSION, at=NOW)
    shut(place, stage)
    before, seen = quarter(place), picture([place.pk])
    rows: Rows = {"人员": [["ZP11", "新来的", "", ""]], "成员": lines}
    preview, report = look(rows, at=NOW, user=reviewer), take(rows, at=NOW, user=reviewer)
    assert preview["rejected"] == report["rejected"]
    assert [(row["sheet"], row["row"]) for row in report["rejected"]] == [("成员", 2 + n) for n in range(len(lines))]
    assert all(
        f"第3次学习的应到人数会随之变化，但2026年第3季度已{PeriodStage(stage).label}" in one for one in reasons(report)
    )
    assert report["created"] == 1 and Person.objects.filter(code="ZP11").exists()
    assert quarter(place) == before and picture([place.pk]) == seen


@SHUT
def test_what_hangs_on_a_member_so_rejected_is_rejected_in_the_preview(place: Committee, stage: str) -> None:
    take(SESSION, at=NOW)
    shut(place, stage)
    rows: Rows = {"成员": JOINED, "考勤": [["ZA02", 2026, 3, "ZP07", "出席", "", ""]]}
    assert look(rows, at=NOW)["rejected"] == take(rows, at=NOW)["rejected"]
    assert len(reasons(look(rows, at=NOW))) == 2


@SHUT
def test_members_do_not_change_in_a_shut_period_by_page(place: Committee, reviewer: User, stage: str) -> None:
    take(SESSION, at=NOW)
    shut(place, stage)
    seen = picture([place.pk])
    row = Membership.objects.get(person__code="ZP06")
    who = Person.objects.get(code="ZP07")
    for act in (
        lambda: end_membership(row, until=date(2026, 6, 30), reason="调离", version=1, by=reviewer, at=NOW),
        lambda: edit_membership(row, version=1, since=date(2026, 8, 1), by=reviewer, at=NOW),
        lambda: add_membership(
            committee=place, person=who, group_role="MEMBER", since=date(2026, 7, 1), by=reviewer, at=NOW
        ),
        # no session lies in these days, yet the quarter's number of members would be another
        lambda: add_membership(
            committee=place, person=who, group_role="MEMBER", since=date(2026, 8, 1), by=reviewer, at=NOW
        ),
    ):
        with pytest.raises(Refused, match=f"已{PeriodStage(stage).label}"):
            act()
    assert picture([place.pk]) == seen
    add_membership(committee=place, person=who, group_role="MEMBER", since=date(2026, 10, 1), by=reviewer, at=NOW)
    end_membership(row, until=date(2026, 10, 31), reason="调离", version=1, by=reviewer, at=NOW)
    assert picture([place.pk]) == seen


def test_two_terms_that_follow_each_other_are_no_change(place: Committee) -> None:
    """Another post from a day: an end and a new term of the same person; he belonged on every day."""
    take(SESSION, at=NOW)
    shut(place)
    lines = [
        ["ZA02", "ZP06", "成员", "", 2, "2025-01-01", "2026-06-30"],
        ["ZA02", "ZP06", "副组长", "", 2, "2026-07-01", ""],
    ]
    report = take({"成员": lines}, at=NOW)
    assert reasons(report) == [] and quarter(place)["expected"] == 2


def test_a_unit_new_in_the_house_brings_its_members_of_a_closed_year() -> None:
    top = Committee.objects.create(
        code="TOP", name="市委", kind="PARTY_COMMITTEE", level="CITY", path="x/", since=date(2020, 1, 1)
    )
    Committee.objects.filter(pk=top.pk).update(path=f"{top.pk:07d}/")
    Period.objects.create(committee=top, year=2025, stage=PeriodStage.CLOSED)
    rows = ROSTER | {"委员会": [["ZA02", "测试乙局党组", "", "党组", "市级", "TOP", "", "2025-01-01", ""]]}
    assert reasons(take(rows, at=NOW)) == []
    assert Membership.objects.filter(committee__code="ZA02").count() == 2


# ---------------------------------------------------------------------------------------------- K4: the running year
def test_a_session_of_the_running_year_comes_in_as_held_with_everything_to_do(place: Committee) -> None:
    rows = SESSION | {"发言": [["ZA02", 2026, 3, "ZP06", "交流", "谈体会"]]}
    rows["学习场次"] = [
        *SESSION["学习场次"],
        ["ZA02", 2025, 1, "2025-07-02", "", "", "", "", "去年的", "研讨交流学", "", "", "已召开", ""],
    ]
    assert reasons(take(rows, at=NOW)) == []
    running, over = StudySession.objects.order_by("-day")
    assert (running.stage, running.archived_at) == (SessionStage.HELD, None) and running.late_days > 0
    assert over.stage == SessionStage.ARCHIVED and over.late_reason == "由工作簿导入"
    assert Participation.objects.get(study_session=running).present_marks == 2
    assert Speech.objects.get().stage == "DUE"
