"""The hand-over of a secretary: prepared, signed by the receiver alone, and an access that ends at its minute."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.test import Client, override_settings
from django.urls import reverse

from roster.accounts.models import User
from roster.accounts.roles import Permission, Role
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused
from roster.corps import consequences
from roster.corps import hand_over_actions as actions
from roster.corps.consequences import OpenThing
from roster.corps.models import HandOver, HandOverStage
from roster.people.models import StudySecretary
from tests import build
from tests.build import AT, DAY
from tests.roster.conftest import Tree

pytestmark = pytest.mark.django_db
Enter = Callable[[User], Client]
MINUTE = build.at(DAY, 17) + timedelta(minutes=30)
TOMORROW = DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def things() -> Iterator[None]:
    """What the house above would tell."""
    kept = consequences.readers[:]
    consequences.readers[:] = [
        lambda committee, on: [
            OpenThing("到期事项", "第一季度还没有集体学习", on, "/sessions/"), OpenThing("年度计划", f"{on.year}年度计划（草稿）"),
        ]
    ]  # fmt: skip
    yield
    consequences.readers[:] = kept


@pytest.fixture
def giver(tree: Tree) -> User:
    return build.account(build.secretary(tree.township, build.person("老秘书")).person)


@pytest.fixture
def receiver() -> User:
    return build.account(build.person("新秘书"))


def prepared(giver: User, receiver: User, ends_at: datetime = MINUTE) -> HandOver:
    term = StudySecretary.objects.get(person=giver.person)
    return actions.prepare(term, receiver=receiver.person, ends_at=ends_at, note="钥匙在柜子里", by=giver, at=AT)


def signed(giver: User, receiver: User, ends_at: datetime = MINUTE, at: datetime = AT) -> HandOver:
    row = prepared(giver, receiver, ends_at)
    return actions.sign(row, version=row.version, by=receiver, at=at)


def test_the_receiver_signs_and_becomes_secretary(tree: Tree, giver: User, receiver: User) -> None:
    row = signed(giver, receiver)
    assert row.stage == HandOverStage.SIGNED and row.signed_at == AT
    old = StudySecretary.objects.get(person=giver.person)
    new = StudySecretary.objects.get(person=receiver.person)
    assert old.until == DAY and (new.committee, new.since, new.until) == (tree.township, DAY, None)
    assert row.contents == [
        {"group": "到期事项", "what": "第一季度还没有集体学习", "due": "2026-03-20", "url": "/sessions/"},
        {"group": "年度计划", "what": "2026年度计划（草稿）", "due": "", "url": ""},
    ]
    assert [event.verb for event in AuditEvent.objects.about(row).order_by("id")] == ["prepare", "sign"]
    consequences.readers[:] = []
    assert HandOver.objects.get().contents == row.contents  # frozen


def test_who_keeps_the_committee_already_gets_no_second_term(tree: Tree, giver: User) -> None:
    second = build.account(build.secretary(tree.township).person)
    signed(giver, second)
    assert StudySecretary.objects.filter(person=second.person).count() == 1


def test_the_giver_never_signs_for_the_receiver(tree: Tree, giver: User, receiver: User) -> None:
    row = prepared(giver, receiver)
    with pytest.raises(Refused, match="移交人不能替接收人签收"):
        actions.sign(row, version=row.version, by=giver, at=AT)
    reviewer = build.granted(Role.REVIEWER, tree.city)
    with pytest.raises(Refused, match="接收人新秘书本人"):
        actions.sign(row, version=row.version, by=reviewer, at=AT)
    assert HandOver.objects.get().stage == HandOverStage.PREPARED


def test_every_reason_at_once(tree: Tree, giver: User) -> None:
    term = StudySecretary.objects.get(person=giver.person)
    term.until = DAY - timedelta(days=3)
    term.save()
    with pytest.raises(Refused) as refused:
        actions.prepare(term, receiver=giver.person, ends_at=AT - timedelta(hours=1), by=giver, at=AT)
    assert len(refused.value.reasons) == 3


def test_one_open_hand_over_a_giver_and_none_after_it(giver: User, receiver: User) -> None:
    row = prepared(giver, receiver)
    with pytest.raises(Refused, match="已有一份待接收"):
        prepared(giver, receiver)
    with pytest.raises(Refused, match="取消的原因"):
        actions.cancel(row, reason=" ", version=row.version, by=giver, at=AT)
    actions.cancel(row, reason="推迟", version=row.version, by=giver, at=AT)
    signed(giver, receiver)
    with pytest.raises(Refused, match="已经交接过"):
        prepared(giver, receiver, MINUTE - timedelta(minutes=1))


def test_access_ends_at_the_minute(tree: Tree, giver: User, receiver: User) -> None:
    signed(giver, receiver)
    before, after = MINUTE - timedelta(minutes=1), MINUTE
    assert giver.act(on=DAY, at=before).may(Permission.PLAN_EDIT)
    assert not giver.act(on=DAY, at=after).may(Permission.PLAN_EDIT)
    assert giver.act(on=DAY).may(Permission.PLAN_EDIT)  # the day alone counts whole
    assert not giver.act(on=TOMORROW).may(Permission.PLAN_EDIT)
    assert receiver.act(on=DAY, at=before).may(Permission.PLAN_EDIT)


def test_nothing_ends_before_it_is_signed(giver: User, receiver: User) -> None:
    prepared(giver, receiver)
    assert giver.act(on=DAY, at=MINUTE + timedelta(hours=1)).may(Permission.PLAN_EDIT)
    assert giver.act(on=TOMORROW, at=MINUTE + timedelta(days=1)).may(Permission.PLAN_EDIT)


def test_signed_late_the_old_access_ends_with_the_signing(giver: User, receiver: User) -> None:
    late = MINUTE + timedelta(days=2)
    row = signed(giver, receiver, at=late)
    assert row.ends_at == late
    assert StudySecretary.objects.get(person=giver.person).until == late.date()
    assert giver.act(on=late.date(), at=late - timedelta(minutes=1)).may(Permission.PLAN_EDIT)
    assert not giver.act(on=late.date(), at=late).may(Permission.PLAN_EDIT)


def test_a_later_term_of_the_same_person_is_not_touched(tree: Tree, giver: User, receiver: User) -> None:
    signed(giver, receiver)
    build.secretary(tree.township, giver.person, since=TOMORROW + timedelta(days=5))
    later = build.at(TOMORROW + timedelta(days=6))
    assert giver.act(on=later.date(), at=later).may(Permission.PLAN_EDIT)


def test_the_pages_before_and_after_the_minute(tree: Tree, giver: User, receiver: User, enter: Enter) -> None:
    client, other = enter(giver), enter(receiver)
    answer = client.post(reverse("hand_over_new"), {
        "giver": StudySecretary.objects.get().pk, "receiver": receiver.person.pk, "ends_on": DAY, "ends_time": "17:30",
        "note": "",
    })  # fmt: skip
    row = HandOver.objects.get()
    assert answer.url == row.get_absolute_url() and row.ends_at == MINUTE
    # The receiver holds nothing yet, and finds it.
    assert "老秘书" in other.get(reverse("hand_over_list")).text
    assert "等您签收" in other.get(reverse("profile")).text
    assert "第一季度还没有集体学习" in other.get(row.get_absolute_url()).text
    refused = client.post(reverse("hand_over_sign", args=[row.pk]), {"version": row.version}, follow=True)
    assert "移交人不能替接收人签收" in refused.text
    stranger = enter(build.account())
    assert stranger.get(row.get_absolute_url()).status_code == 404
    assert stranger.post(reverse("hand_over_sign", args=[row.pk])).status_code == 404
    assert other.post(reverse("hand_over_cancel", args=[row.pk]), {"reason": "x"}).status_code == 404
    other.post(reverse("hand_over_sign", args=[row.pk]), {"version": row.version})
    row.refresh_from_db()
    assert row.stage == HandOverStage.SIGNED
    # History keeps the old name.
    assert "老秘书" in other.get(row.get_absolute_url()).text
    with override_settings(CLOCK=MINUTE - timedelta(minutes=1)):
        assert enter(giver).get(reverse("committee", args=[tree.township.pk])).status_code == 200
    with override_settings(CLOCK=MINUTE):
        assert enter(giver).get(reverse("committee", args=[tree.township.pk])).status_code == 404
        assert "老秘书" in enter(receiver).get(reverse("committee", args=[tree.township.pk])).text


def test_cancelling_on_the_page(giver: User, receiver: User, enter: Enter) -> None:
    row = prepared(giver, receiver)
    enter(giver).post(reverse("hand_over_cancel", args=[row.pk]), {"version": row.version, "reason": "推迟"})
    row.refresh_from_db()
    assert row.stage == HandOverStage.CANCELLED
    assert enter(receiver).get(row.get_absolute_url()).status_code == 200


def test_the_list_costs_the_same_with_one_row_and_with_thirty(
    tree: Tree, enter: Enter, django_assert_max_num_queries
) -> None:
    client = enter(build.granted(Role.REVIEWER, tree.city))
    counts = []
    for more in (1, 29):
        for _ in range(more):
            HandOver.objects.create(
                committee=tree.county, giver=build.secretary(tree.county), receiver=build.person(), ends_at=MINUTE,
                prepared_at=AT,
            )  # fmt: skip
        client.get(reverse("hand_over_list"))
        with django_assert_max_num_queries(40) as seen:
            assert client.get(reverse("hand_over_list"), {"per": 50}).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1]
