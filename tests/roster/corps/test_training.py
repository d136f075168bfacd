"""Training of study secretaries: lessons, the attendance screen, completion, the overview."""

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import openpyxl
import pytest
from django.test import Client
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.corps import training_actions as actions
from roster.corps.models import Trainee, TrainingAttendance, TrainingCourse
from roster.corps.rules import Lesson, passed
from tests import build
from tests.build import AT, DAY
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
FIRST = DAY - timedelta(days=10)
LESSONS = [Lesson("会前酝酿主题", FIRST, Decimal(4)), Lesson("会中精准记录", FIRST + timedelta(days=1), Decimal("3.5"))]


@pytest.fixture
def reviewer(tree: Tree) -> User:
    return build.granted(Role.REVIEWER, tree.city)


def course(tree: Tree, by: User, *, share: str = "1", lessons: list[Lesson] | None = None) -> TrainingCourse:
    return actions.create_course(
        committee=tree.city, name="第一期培训班", since=FIRST, until=FIRST + timedelta(days=1), pass_share=Decimal(share),
        lessons=LESSONS if lessons is None else lessons, by=by, at=AT,
    )  # fmt: skip


def marks(row: TrainingCourse, *came: tuple[int, int]) -> set[tuple[int, int]]:
    """(trainee index, lesson index) pairs as ids."""
    trainees, lessons = list(row.trainees.order_by("pk")), list(row.sessions.all())
    return {(lessons[lesson].pk, trainees[trainee].pk) for trainee, lesson in came}


def attend(row: TrainingCourse, by: User, *came: tuple[int, int]) -> int:
    row.refresh_from_db()
    everybody = row.trainees.values_list("pk", flat=True)
    return actions.set_attendance(
        row, trainees=list(everybody), marks=marks(row, *came), version=row.version, by=by, at=AT
    )


def test_the_share_of_hours_decides() -> None:
    assert passed(Decimal("7.5"), Decimal("7.5"), Decimal(1))
    assert not passed(Decimal(4), Decimal("7.5"), Decimal("0.6"))
    assert passed(Decimal("4.5"), Decimal("7.5"), Decimal("0.6"))
    assert not passed(Decimal(0), Decimal(0), Decimal("0.1"))


def test_a_course_is_refused_with_every_reason(tree: Tree, reviewer: User) -> None:
    with pytest.raises(Refused) as refused:
        course(
            tree, reviewer, lessons=[Lesson("甲", DAY, Decimal(1)), Lesson("乙", FIRST - timedelta(days=1), Decimal(0))]
        )
    assert len(refused.value.reasons) == 3
    with pytest.raises(Refused, match="至少填写一门课程"):
        course(tree, reviewer, lessons=[])


def test_all_secretaries_of_the_subtree_are_enrolled_once(tree: Tree, reviewer: User) -> None:
    both = build.person("两处秘书")
    build.secretary(tree.city, both)
    build.secretary(tree.county, both)
    build.secretary(tree.township)
    gone = build.secretary(tree.other, until=FIRST - timedelta(days=1)).person
    row = course(tree, reviewer)
    assert actions.enrol(row, by=reviewer, at=AT) == 2
    assert actions.enrol(row, by=reviewer, at=AT) == 0
    assert row.trainees.get(person=both).committee == tree.city
    with pytest.raises(Refused, match="1 人在开班当日不是"):
        actions.enrol(row, people=[gone.pk], by=reviewer, at=AT)
    assert AuditEvent.objects.about(row).filter(verb="enrol").count() == 1


def test_finishing_writes_who_completed_and_closes_the_course(tree: Tree, reviewer: User) -> None:
    for where in (tree.city, tree.county, tree.other):
        build.secretary(where)
    row = course(tree, reviewer, share="0.5")
    with pytest.raises(Refused, match="还没有学员"):
        actions.finish(row, version=row.version, by=reviewer, at=AT)
    actions.enrol(row, by=reviewer, at=AT)
    assert attend(row, reviewer, (0, 0), (0, 1), (1, 0), (2, 1)) == 4
    assert attend(row, reviewer, (0, 0), (0, 1), (1, 0), (2, 1)) == 0
    row.refresh_from_db()
    actions.finish(row, version=row.version, by=reviewer, at=AT)
    done = [trainee.completed_on for trainee in row.trainees.order_by("pk")]
    assert done == [DAY, DAY, None]  # 7.5, 4 and 3.5 of 7.5 hours
    row.refresh_from_db()
    for act in (
        lambda: actions.enrol(row, by=reviewer, at=AT),
        lambda: attend(row, reviewer),
        lambda: actions.finish(row, version=row.version, by=reviewer, at=AT),
        lambda: actions.edit_course(row, version=row.version, lessons=LESSONS, by=reviewer, at=AT),
    ):
        with pytest.raises(Refused):
            act()


def test_a_course_is_not_finished_before_its_last_lesson(tree: Tree, reviewer: User) -> None:
    build.secretary(tree.city)
    row = course(tree, reviewer)
    actions.enrol(row, by=reviewer, at=AT)
    row.refresh_from_db()
    with pytest.raises(Refused, match="上完之后才能结业"):
        actions.finish(row, version=row.version, by=reviewer, at=build.at(FIRST))
    with pytest.raises(Stale):
        actions.finish(row, version=99, by=reviewer, at=AT)


def test_a_lesson_somebody_attended_stays(tree: Tree, reviewer: User) -> None:
    build.secretary(tree.city)
    row = course(tree, reviewer)
    actions.enrol(row, by=reviewer, at=AT)
    attend(row, reviewer, (0, 0))
    first, second = row.sessions.all()
    row.refresh_from_db()
    kept = [Lesson("换了名", FIRST, Decimal(5), pk=second.pk)]
    with pytest.raises(Refused, match="会前酝酿主题.*已有签到"):
        actions.edit_course(row, version=row.version, lessons=kept, by=reviewer, at=AT)
    # The order may be turned round, and a lesson put right.
    turned = [*kept, Lesson(first.topic, first.day, first.hours, pk=first.pk)]
    actions.edit_course(row, version=row.version, lessons=turned, by=reviewer, at=AT)
    assert [(le.pk, le.order, le.topic) for le in row.sessions.all()] == [
        (second.pk, 1, "换了名"), (first.pk, 2, first.topic),
    ]  # fmt: skip
    with pytest.raises(Refused, match="不能从名单上去掉"):
        actions.drop(row, trainee=row.trainees.get().pk, by=reviewer, at=AT)


def test_the_screen_is_saved_in_one_request(tree: Tree, reviewer: User, enter: Enter) -> None:
    for where in (tree.city, tree.county):
        build.secretary(where)
    client = enter(reviewer)
    answer = client.post(reverse("course_new"), {
        "name": "第二期", "since": FIRST, "until": DAY, "pass_share": 80, "content": "", "place": "", "form_token": "t1",
        "lessons-TOTAL_FORMS": 2, "lessons-INITIAL_FORMS": 0, "lessons-0-day": FIRST, "lessons-0-topic": "甲课",
        "lessons-0-hours": "2", "lessons-1-day": "", "lessons-1-topic": "", "lessons-1-hours": "",
    })  # fmt: skip
    row = TrainingCourse.objects.get()
    assert answer.status_code == 302 and row.pass_share == Decimal("0.80") and row.committee == tree.city
    client.post(reverse("course_enrol", args=[row.pk]), {"everybody": "1"})
    one, two = row.trainees.order_by("pk")
    lesson = row.sessions.get()
    page = client.get(row.get_absolute_url())
    assert page.status_code == 200 and one.person.name in page.text
    row.refresh_from_db()
    shown = {"version": row.version, "trainees": f"{one.pk},{two.pk}"}
    client.post(reverse("course_attendance", args=[row.pk]), shown | {"m": [f"{lesson.pk}-{two.pk}"]})
    assert list(TrainingAttendance.objects.values_list("trainee", flat=True)) == [two.pk]
    row.refresh_from_db()
    client.post(reverse("course_attendance", args=[row.pk]), shown | {"version": row.version, "all": lesson.pk})
    assert TrainingAttendance.objects.count() == 2
    row.refresh_from_db()
    client.post(reverse("course_finish", args=[row.pk]), {"version": row.version})
    assert Trainee.objects.filter(completed_on=DAY).count() == 2
    assert "已结业" in client.get(row.get_absolute_url()).text
    assert client.get(reverse("course_list")).status_code == 200


def test_a_faulty_form_keeps_what_was_typed(tree: Tree, reviewer: User, enter: Enter) -> None:
    answer = enter(reviewer).post(reverse("course_new"), {
        "name": "第三期", "since": DAY, "until": FIRST, "pass_share": 100, "lessons-TOTAL_FORMS": 1,
        "lessons-INITIAL_FORMS": 0, "lessons-0-day": DAY, "lessons-0-topic": "甲课", "lessons-0-hours": "",
    })  # fmt: skip
    assert answer.status_code == 422 and "请填写学时" in answer.text and "第三期" in answer.text


def test_the_overview_counts_and_filters_and_exports(tree: Tree, reviewer: User, enter: Enter) -> None:
    for where, name in ((tree.city, "赵一"), (tree.county, "钱二"), (tree.other, "孙三")):
        build.secretary(where, build.person(name))
    row = course(tree, reviewer)
    actions.enrol(row, by=reviewer, at=AT)
    attend(row, reviewer, (0, 0), (0, 1), (1, 0))
    row.refresh_from_db()
    actions.finish(row, version=row.version, by=reviewer, at=AT)
    client = enter(reviewer)
    page = client.get(reverse("corps")).text
    assert all(name in page for name in ("赵一", "钱二", "孙三")) and "11.5" in page
    told = {
        state: [
            name for name in ("赵一", "钱二", "孙三") if name in client.get(reverse("corps"), {"state": state}).text
        ]
        for state in ("NONE", "OPEN", "DONE")
    }
    assert told == {"NONE": ["孙三"], "OPEN": ["钱二"], "DONE": ["赵一"]}
    answer = client.get(reverse("corps"), {"format": "xlsx", "state": "DONE"})
    lines = list(openpyxl.load_workbook(BytesIO(answer.content)).active.iter_rows(min_row=5, values_only=True))
    assert [(line[2], line[5], line[7]) for line in lines] == [("赵一", 7.5, "已结业")]
    # The day before the course nobody was trained.
    before = client.get(reverse("corps"), {"on": FIRST - timedelta(days=1), "state": "NONE"}).text
    assert all(name in before for name in ("赵一", "钱二", "孙三"))


def test_a_secretary_sees_his_own_record(tree: Tree, reviewer: User, enter: Enter) -> None:
    mine = build.secretary_of(tree.township)
    build.secretary(tree.other, build.person("别县秘书"))
    row = course(tree, reviewer)
    actions.enrol(row, by=reviewer, at=AT)
    client = enter(mine)
    page = client.get(reverse("corps")).text
    assert "我的培训" in page and "第一期培训班" in page and "别县秘书" not in page
    assert "第一期培训班" in client.get(reverse("profile")).text
    assert client.get(row.get_absolute_url()).status_code == 404


def test_the_lists_cost_the_same_with_one_row_and_with_thirty(
    tree: Tree, reviewer: User, enter: Enter, django_assert_max_num_queries
) -> None:
    client = enter(reviewer)
    build.secretary(tree.city)
    row = course(tree, reviewer)
    actions.enrol(row, by=reviewer, at=AT)
    addresses = [reverse("corps"), reverse("course_list"), row.get_absolute_url()]
    counts = []
    for more in (0, 29):
        for number in range(more):
            build.secretary(tree.city)
            TrainingCourse.objects.create(committee=tree.city, name=f"班{number}", since=date(2026, 1, 5), until=DAY)
        actions.enrol(row, by=reviewer, at=AT)
        row.refresh_from_db()
        attend(row, reviewer, *((index, 0) for index in range(row.trainees.count())))
        for address in addresses:
            client.get(address)
            with django_assert_max_num_queries(60) as seen:
                assert client.get(address, {"per": 50}).status_code == 200
            counts.append(len(seen))
    # One query less while somebody is still to be enrolled.
    assert [abs(one - other) <= 1 for one, other in zip(counts[:3], counts[3:], strict=True)] == [True] * 3
