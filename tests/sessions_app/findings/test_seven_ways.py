"""Seven ways to close a finding wrongly: each is refused with its reason, leaves an event, and changes nothing."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from roster.accounts.models import Grant
from roster.accounts.roles import Permission, Role
from roster.audit.actions import SystemActor
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from sessions_app.findings import closing_actions, evidence_actions, extension_actions, plan_actions, rules
from sessions_app.findings.admin import REASON
from sessions_app.findings.models import Evidence, Finding
from tests import build
from tests.sessions_app.findings.found import DUE, at_stage, fresh, place

pytestmark = pytest.mark.django_db
AT = build.AT


@pytest.fixture(autouse=True)
def clock(settings):
    settings.CLOCK = AT


@pytest.fixture
def here():
    return place()


def refused(row, by, *, version=0, note="已核对"):
    """What closing answers; the event that says the same; and that it still stands where it stood."""
    before = fresh(row)
    with pytest.raises(Refused) as caught:
        closing_actions.close(row, note=note, version=before.version if version == 0 else version, by=by, at=AT)
    event = AuditEvent.objects.about(row).order_by("-seq").first()
    assert (event.verb, event.before, event.after) == ("close_refused", before.stage, before.stage)
    assert event.reason == "；".join(caught.value.reasons) and event.actor_name == by.display_name
    assert (fresh(row).stage, fresh(row).closed_by) == (before.stage, None)
    return event.reason


def as_reviewer(here, person):
    """The same person under another role: his account also reviews."""
    user = getattr(person, "user", None) or build.account(person)
    Grant.objects.create(user=user, role=Role.REVIEWER, committee=here.city, since=build.SINCE)
    return user.act(on=build.DAY)


def client_of(user):
    client = Client(raise_request_exception=False)
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return client


def test_1_without_evidence(here):
    row = at_stage(here, "SUBMITTED")
    Evidence.objects.filter(finding=row).update(withdrawn_at=AT)  # past the action, as somebody at the database would
    assert rules.NO_EVIDENCE in refused(row, here.reviewer)


def test_2_by_its_own_rectifier(here):
    row = at_stage(here, "SUBMITTED")
    assert "责任人" in refused(row, as_reviewer(here, here.owner))
    assert "责任领导" in refused(row, as_reviewer(here, here.leader))


def test_3_by_whoever_filed_the_evidence_even_what_was_withdrawn(here):
    row = at_stage(here, "IN_PROGRESS")
    helper = build.secretary_of(here.unit)
    gone = evidence_actions.file_evidence(row, text="初稿", by=helper, at=AT)
    evidence_actions.withdraw_evidence(gone, reason="换新", by=here.secretary, at=AT)
    evidence_actions.file_evidence(row, text="定稿", by=here.secretary, at=AT)
    closing_actions.submit(row, by=here.secretary, at=AT)
    assert "佐证提交人" in refused(row, as_reviewer(here, helper.person))
    assert "申请销号人" in refused(row, as_reviewer(here, here.secretary.person))


def test_4_in_bulk(here):
    rows = [at_stage(here, "SUBMITTED"), at_stage(here, "IN_PROGRESS"), at_stage(here, "SUBMITTED")]
    answer = client_of(here.finder).post(
        reverse("findings_bulk"), {"move": "close", "ids": [row.pk for row in rows], "note": "一并销号"}
    )
    assert answer.status_code == 422
    for row in rows:
        event = AuditEvent.objects.about(row).order_by("-seq").first()
        assert event.verb == "close_refused" and rules.ONE_BY_ONE in event.reason and "发现人" in event.reason
        assert event.reason.split("；")[0].rstrip("。") in answer.text
        assert fresh(row).stage == row.stage
    assert rules.NO_EVIDENCE in AuditEvent.objects.about(rows[1]).order_by("-seq").first().reason
    with pytest.raises(Refused):
        Finding.objects.filter(pk__in=[row.pk for row in rows]).update(stage="CLOSED")
    with pytest.raises(Refused):
        Finding.objects.bulk_update(rows, ["stage"])


@pytest.mark.parametrize("name", ["导入", "定时任务", "命令"])
def test_5_by_a_command_or_an_import(here, name):
    row = at_stage(here, "SUBMITTED")
    assert "系统账号不能销号" in refused(row, SystemActor(name))
    nobody = build.granted(Role.REVIEWER, here.city)
    nobody.person = None
    assert "系统账号不能销号" in refused(row, nobody)


def test_6_through_the_admin(here):
    row = at_stage(here, "SUBMITTED")
    admin = build.granted(Role.ADMIN, here.city)
    admin.is_staff = admin.is_superuser = True
    admin.save()
    client = client_of(admin)
    one = f"/backstage/sessions_app/finding/{row.pk}/change/"
    assert client.get(one).status_code == 403
    for url, data in (
        (one, {"stage": "CLOSED"}),
        ("/backstage/sessions_app/finding/", {"action": "delete_selected", "_selected_action": [row.pk]}),
    ):
        events = AuditEvent.objects.about(row).count()
        assert client.post(url, data).status_code == 403
        event = AuditEvent.objects.about(row).order_by("-seq").first()
        assert AuditEvent.objects.about(row).count() == events + 1
        assert (event.verb, event.reason, event.actor) == ("close_refused", REASON, admin)
    assert fresh(row).stage == "SUBMITTED"
    assert row.text not in client.get("/backstage/sessions_app/finding/").text


def test_7_by_the_same_person_under_another_role(here):
    row = at_stage(here, "SUBMITTED")
    both = as_reviewer(here, here.secretary.person)
    for key in (hold.key for hold in both.holds):
        assert "申请销号人" in refused(row, both.act(on=build.DAY, acting=key))
    answer = client_of(both).post(
        reverse("finding_close", args=[row.pk]), {"version": fresh(row).version, "note": "好"}
    )
    assert answer.status_code == 302 and fresh(row).stage == "SUBMITTED"
    assert "发现人" in refused(row, here.finder)


def test_whoever_was_responsible_before_may_not_close_either(here):
    row = at_stage(here, "OPEN")
    former = build.member(here.unit).person
    plan_actions.propose_plan(
        row, measures=["改"], leader=here.leader, owner=former, due_on=DUE, by=here.secretary, at=AT
    )
    plan_actions.propose_plan(
        row, measures=["改"], leader=here.leader, owner=here.owner, due_on=DUE, by=here.secretary, at=AT
    )
    plan_actions.agree_plan(row, by=here.reviewer, at=AT)
    helper = build.secretary_of(here.unit)
    plan_actions.add_progress(row, text="已开会", by=helper, at=AT)
    evidence_actions.file_evidence(row, text="记录", by=here.secretary, at=AT)
    closing_actions.submit(row, by=here.secretary, at=AT)
    assert "责任人" in refused(row, as_reviewer(here, former))
    assert "进展填报人" in refused(row, as_reviewer(here, helper.person))
    done = closing_actions.close(row, note="好", version=fresh(row).version, by=here.reviewer, at=AT)
    assert done.stage == "CLOSED", "who confirmed and agreed as the department's own side may"


@pytest.mark.parametrize("how", ["more", "less", "both"])
def test_evidence_changed_after_the_application_voids_it(here, how):
    row = at_stage(here, "SUBMITTED")
    seen = row.version
    if how in ("less", "both"):
        evidence_actions.withdraw_evidence(row.evidence.get(), reason="换", by=here.secretary, at=AT)
    if how in ("more", "both"):
        evidence_actions.file_evidence(row, text="另一份", by=here.secretary, at=AT)
    row = fresh(row)
    assert (row.stage, row.evidence_print, row.version > seen) == ("IN_PROGRESS", "", True)
    event = AuditEvent.objects.about(row).get(verb="void")
    assert (event.before, event.after) == ("SUBMITTED", "IN_PROGRESS")
    assert "申请销号" in refused(row, here.reviewer)


def test_evidence_changed_behind_the_actions_is_noticed(here):
    row = at_stage(here, "SUBMITTED")
    Evidence.objects.filter(finding=row).update(text="换成别的话")
    assert rules.CHANGED_EVIDENCE in refused(row, here.reviewer)


def test_everything_is_said_at_once(here):
    row = at_stage(here, "IN_PROGRESS")
    extension_actions.ask(row, new_due_on=DUE + timedelta(days=5), reason="等", by=here.secretary, at=AT)
    said = refused(row, here.finder, version=None, note=" ")
    for words in (
        "只有“申请销号”时可以",
        "发现人",
        rules.NO_EVIDENCE,
        rules.ASKS_EXTENSION,
        rules.ONE_BY_ONE,
        "复核意见",
    ):
        assert words in said


def test_the_database_itself_holds_to_it(here):
    row = at_stage(here, "SUBMITTED")
    for values in (
        {"closed_by": None, "closed_on": None}, {"closed_by": here.owner, "closed_on": build.DAY},
        {"closed_by": here.secretary.person, "closed_on": build.DAY},
        {"closed_by": here.reviewer.person, "closed_on": build.DAY, "evidence_print": ""},
    ):  # fmt: skip
        row = fresh(row)
        for name, value in (values | {"stage": "CLOSED"}).items():
            setattr(row, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save()


def test_who_may_not_close_is_not_offered_the_button(here):
    row = at_stage(here, "SUBMITTED")
    url = reverse("finding_close", args=[row.pk])
    assert url in client_of(here.reviewer).get(row.get_absolute_url()).text
    page = client_of(here.finder).get(row.get_absolute_url()).text
    assert url not in page and "不能由您销号" in page
    assert here.secretary.may(Permission.FINDING_CLOSE) is False
    assert client_of(here.secretary).post(url, {"version": row.version, "note": "好"}).status_code == 404
