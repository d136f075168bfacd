"""Random walks of several people: no forbidden state, and the record alone tells the stage that is kept."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roster.accounts.models import Grant
from roster.accounts.roles import Role
from roster.audit.actions import SystemActor
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from sessions_app.findings import actions, closing_actions, evidence_actions, extension_actions, plan_actions
from sessions_app.findings.hands import took_part
from sessions_app.findings.models import Evidence, Finding
from sessions_app.findings.proof import print_of
from sessions_app.findings.rules import MOVES
from tests import build
from tests.sessions_app.findings.found import DUE, place, raised
from tests.sessions_app.sessions.test_sessions_machine import rebuilt
from tests.sizes import examples

pytestmark = pytest.mark.django_db
SLOW = settings(
    max_examples=examples(12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
AT = build.AT
LATER = DUE + timedelta(days=30)
VERBS = [
    "confirm", "dismiss", "plan", "return_plan", "agree", "progress", "file", "withdraw_file", "submit", "submit",
    "withdraw", "return", "close", "close", "keep_up", "resume", "reopen", "ask", "agree_extension", "refuse_extension",
]  # fmt: skip
WHO = ["finder", "reviewer", "other", "secretary", "both", "machine"]
# A walk that gets somewhere: now and then the next step of the straight road is taken by the right person.
ROAD = {
    "RAISED": ("confirm", "reviewer"), "OPEN": ("plan", "secretary"), "IN_PROGRESS": ("file", "secretary"),
    "RETURNED": ("submit", "secretary"), "SUBMITTED": ("close", "reviewer"), "CLOSED": ("reopen", "other"),
    "LONG_TERM": ("resume", "reviewer"), "DISMISSED": ("confirm", "reviewer"),
}  # fmt: skip


def road(row):
    """The next step to a closing."""
    if row.stage == "OPEN" and row.is_planned:
        return "agree", "reviewer"
    if row.stage == "IN_PROGRESS" and print_of(row):
        return "submit", "secretary"
    return ROAD[row.stage]


def step(verb, row, by, here, count):
    common = {"by": by, "at": AT}
    extension = row.extensions.order_by("-pk").first()
    match verb:
        case "confirm":
            actions.confirm(row, **common)
        case "dismiss":
            actions.dismiss(row, reason="不实", **common)
        case "plan":
            plan_actions.propose_plan(row, measures=["改"], leader=here.leader, owner=here.owner, due_on=DUE, **common)
        case "return_plan":
            plan_actions.return_plan(row, note="不清", **common)
        case "agree":
            plan_actions.agree_plan(row, **common)
        case "progress":
            plan_actions.add_progress(row, text=f"进展{count}", **common)
        case "file":
            evidence_actions.file_evidence(row, text=f"佐证{count}", **common)
        case "withdraw_file":
            filed = Evidence.objects.filter(finding=row, withdrawn_at=None).first()
            if filed:
                evidence_actions.withdraw_evidence(filed, reason="换", **common)
        case "submit":
            closing_actions.submit(row, **common)
        case "withdraw":
            closing_actions.withdraw(row, **common)
        case "return":
            closing_actions.send_back(row, note="再改", **common)
        case "close":
            closing_actions.close(row, note="好", version=row.version, **common)
        case "keep_up":
            plan_actions.keep_up(row, reason="常抓", milestones=[(DUE, "一次")], **common)
        case "resume":
            plan_actions.resume(row, reason="办结", due_on=DUE, **common)
        case "reopen":
            closing_actions.reopen(row, reason="反弹", due_on=LATER, **common)
        case "ask":
            extension_actions.ask(row, new_due_on=LATER + timedelta(days=count), reason="等", **common)
        case "agree_extension" | "refuse_extension" if extension:
            extension_actions.decide(extension, agree=verb.startswith("agree"), note="答", **common)


def forbidden(row, by_id):
    """What may never be true of a finding, whatever was tried."""
    hands = {person for _, person in took_part(row)}
    if row.stage == "CLOSED":
        assert row.closed_by_id not in hands and row.closed_by_id == by_id
        assert row.evidence_print == print_of(row) != ""
        assert not row.extensions.filter(stage="ASKED").exists()
    else:
        assert row.closed_by_id is None and row.closed_on is None
    if row.stage == "SUBMITTED":
        assert row.evidence_print == print_of(row) != ""
    if row.stage in ("IN_PROGRESS", "SUBMITTED", "RETURNED", "CLOSED", "LONG_TERM"):
        assert row.owner_id and row.accountable_leader_id and row.due_on and row.confirmed_by_id
    events = AuditEvent.objects.about(row)
    assert row.return_count == events.filter(verb="return").count()
    assert row.reopened_count == events.filter(verb="reopen").count()
    assert events.filter(verb="close").count() == row.reopened_count + (row.stage == "CLOSED")


@SLOW
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["road"] * len(VERBS) + VERBS), st.sampled_from(WHO)), min_size=8, max_size=24
    )
)
def test_a_finding_walks_only_its_table_and_the_record_tells_its_stage(steps):
    here = place()
    both = build.granted(Role.REVIEWER, here.city, here.owner)
    Grant.objects.create(user=here.secretary, role=Role.REVIEWER, committee=here.city, since=build.SINCE)
    people = {name: getattr(here, name) for name in ("finder", "reviewer", "other", "secretary")}
    people |= {"both": both, "machine": SystemActor("导入")}
    row, closer = raised(here), None
    for count, (verb, who) in enumerate(steps):
        row = Finding.objects.get(pk=row.pk)
        before = row.stage
        if verb == "road":
            verb, who = road(row)
        closes = AuditEvent.objects.about(row).filter(verb="close_refused").count()
        try:
            step(verb, row, people[who], here, count)
        except Refused as refusal:
            assert refusal.reasons and all(reason.strip() for reason in refusal.reasons)
            assert Finding.objects.get(pk=row.pk).stage == before
            refused = AuditEvent.objects.about(row).filter(verb="close_refused").count()
            assert refused == closes + (verb == "close"), "a refused closing, and only it, leaves its event"
        row = Finding.objects.get(pk=row.pk)
        if row.stage == "CLOSED" and before != "CLOSED":
            closer = people[who].person_id
        assert row.stage in MOVES.labels and row.stage == rebuilt(row)
        forbidden(row, closer)


@given(data=st.data())
def test_nothing_closes_but_an_application(data):
    state = data.draw(st.sampled_from(sorted(MOVES.labels)))
    came = state
    for verb in data.draw(st.lists(st.sampled_from(sorted(MOVES.moves)), max_size=15)):
        if MOVES.may(state, verb):
            came, state = state, MOVES.target(state, verb)
            assert state != "CLOSED" or came == "SUBMITTED"
    assert MOVES.moves["close"].sources == ("SUBMITTED",) and not MOVES.verbs_from("DISMISSED")
