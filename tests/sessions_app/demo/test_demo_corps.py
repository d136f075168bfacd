"""The corps of the small demo year: experts, teams with leaders, every committee looked after, courses."""

from roster.committees.models import Committee
from roster.corps.models import Expert, ExpertAway, TeamArea, TeamMember, Trainee, TrainingCourse, VisitTeam
from roster.people.models import StudySecretary
from sessions_app.demo.corps import numbered
from tests.sessions_app.conftest import DEMO_AT

TODAY = DEMO_AT.date()


def test_numbers_in_words() -> None:
    assert [numbered(n) for n in (1, 10, 11, 20, 24)] == ["一", "十", "十一", "二十", "二十四"]


def test_every_committee_is_looked_after_by_a_team_none_of_whose_experts_belongs_to_it(demo) -> None:
    city = Committee.objects.get(code="LC00")
    areas = TeamArea.objects.on(TODAY).filter(department=city)
    assert set(areas.values_list("committee", flat=True)) == set(Committee.objects.values_list("pk", flat=True))
    own = {(m.team_id, m.expert.unit_id) for m in TeamMember.objects.select_related("expert")}
    assert not own & {(area.team_id, area.committee_id) for area in TeamArea.objects.all()}
    for team in VisitTeam.objects.all():
        assert team.members.filter(is_leader=True).count() == 1 and 2 <= team.members.count() <= 3
    assert ExpertAway.objects.count() == 4
    assert TeamMember.objects.get(expert__person__user__username="pangting").is_leader
    county = Committee.objects.get(code="LX0100")
    assert TeamArea.objects.filter(department=county).count() == Committee.objects.under(county).count()
    assert Expert.objects.filter(unit=None).exclude(unit_name="").exists()


def test_four_courses_with_all_secretaries_a_few_not_completed(demo) -> None:
    assert TrainingCourse.objects.filter(stage="FINISHED").count() == 4
    for course in TrainingCourse.objects.all():
        there = StudySecretary.objects.on(course.since).values("person").distinct().count()
        done = course.trainees.filter(completed_on__isnull=False).count()
        assert course.trainees.count() == there and there * 0.8 <= done
    assert Trainee.objects.filter(completed_on=None).exists()
