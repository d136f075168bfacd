"""The demo year: everything through the rules, the account's figures in the last full year, the same at every loading."""

from datetime import date

from roster.accounts.models import User
from roster.audit.models import AuditEvent
from roster.committees.models import Committee
from roster.people.models import Person, StudySecretary
from sessions_app.attendance.models import LeaveRequest, MakeUpStudy
from sessions_app.corrections.models import Correction
from sessions_app.demo.accounts import LOGINS
from sessions_app.demo.world import build
from sessions_app.demo.year import ON_SITE_AT_LEAST, history
from sessions_app.facts.figures import for_scope
from sessions_app.facts.periods import span
from sessions_app.letters.models import ReminderLetter
from sessions_app.minutes.models import Minutes
from sessions_app.outcomes.models import Outcome
from sessions_app.papers import frozen
from sessions_app.plans.models import StudyMode, StudyPlan
from sessions_app.policies.rules import WorkingDays
from sessions_app.sessions.models import Participation, SpeakerFiling, Speech, StudySession
from tests.sessions_app.conftest import DEMO_AT

AT = DEMO_AT
PLAIN_CALENDAR = WorkingDays({}, frozenset())
LIFE_CYCLES = (
    (StudyPlan, "stage"), (StudySession, "stage"), (Speech, "stage"), (SpeakerFiling, "stage"),
    (LeaveRequest, "stage"), (MakeUpStudy, "stage"), (Minutes, "stage"), (Outcome, "stage"), (Correction, "stage"),
    (ReminderLetter, "stage"),
)  # fmt: skip


def test_the_last_full_year_reproduces_the_published_figures(demo) -> None:
    root = Committee.objects.get(code="LC00")
    figures = for_scope(root.path, span(2025))
    kinds = figures.outcomes_by_kind
    assert (kinds["心得体会"], kinds["调研报告"], kinds["对策建议"]) == (219, 52, 12)
    assert (figures.proposals_converted, figures.policies_from_proposals) == (12, 26)
    printed = frozen.annual_whole(root, 2025, today=AT.date())
    assert printed["figures"]["outcomes_by_kind"] == kinds
    assert printed["figures"]["policies_from_proposals"] == 26


def test_every_role_finds_somebody_who_can_log_in(demo) -> None:
    for login in LOGINS:
        user = User.objects.get(username=login.username).act(on=AT.date())
        assert user.holds, login
    leader = User.objects.get(username="zuzhang").act(on=AT.date())
    assert leader.acting.role == "LEADER"


def test_the_rolls_add_up_and_nobody_is_left_unmarked(demo) -> None:
    held = Participation.objects.counted()
    assert held.count() > 100
    assert not held.filter(unmarked_marks__gt=0).exists()


def test_every_committee_writes_its_own_chain_of_events(demo) -> None:
    chains = AuditEvent.objects.filter(subject_type="studysession").values("chain").distinct().count()
    assert chains == Committee.objects.count()


def test_the_large_world_has_the_size_of_a_prefecture() -> None:
    world = build(last_year=2025)
    assert (len(world.bodies), len(world.people)) == (115, 3000)
    assert sum(row.until is None for row in world.secretaries) == 166
    assert len({body.row.level for body in world.bodies}) == 3
    assert sum(body.code.endswith("00") and body.code.startswith("LX") for body in world.bodies) == 9
    told = history(world, last_year=2025, today=date(2026, 11, 20), calendar=PLAIN_CALENDAR)
    on_site = [row for row in told.sessions if row.mode == StudyMode.ON_SITE and row.year == 2025 and not row.cancelled]
    assert len(on_site) >= ON_SITE_AT_LEAST
    assert any(row.guests for row in told.sessions)
    assert any(row.cancelled for row in told.sessions)
    assert any(row.late_days for row in told.sessions)


def test_two_loadings_tell_the_same_story() -> None:
    tellings = [
        history(build(last_year=2025, small=True), last_year=2025, today=date(2026, 11, 20), calendar=PLAIN_CALENDAR)
        for _ in range(2)
    ]
    assert tellings[0] == tellings[1]


def test_nobody_is_invented_twice(demo) -> None:
    assert Person.objects.count() == 400
    assert StudySecretary.objects.filter(until__isnull=True).count() == 16


def test_the_state_of_everything_can_be_rebuilt_from_the_record(demo) -> None:
    """The last event that names a state of the thing names the one it stands in; for every life cycle, every row.

    (An invitation is no life of its own in the demo: its joint sessions come in as they took place.)
    """
    checked = {}
    for model, field in LIFE_CYCLES:
        states = set(dict(model._meta.get_field(field).choices))
        events = AuditEvent.objects.filter(subject_type=model._meta.model_name, after__in=states).order_by(
            "chain", "seq"
        )
        told = dict(events.values_list("subject_id", "after"))
        stands = dict(model.objects.values_list("pk", field))
        wrong = {pk: (told.get(pk), state) for pk, state in stands.items() if told.get(pk) != state}
        assert not wrong, (model.__name__, len(wrong), len(stands), list(wrong.items())[:5])
        checked[model.__name__] = len(stands)
    assert all(checked.values()), checked
