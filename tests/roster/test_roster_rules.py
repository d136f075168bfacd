"""Pure rules: terms, readings of names, roles, first passwords."""

import secrets
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roster.accounts.roles import SEPARATED, Role
from roster.accounts.rules import (
    FIRST_PASSWORD_LIVES,
    Held,
    first_password_expired,
    grant_reasons,
    new_password,
    username_reasons,
)
from roster.committees.pinyin import readings
from roster.committees.rules import level_reasons, meet, within_reasons
from roster.people.pinyin import name_pinyin
from roster.people.rules import Term, changed_span, overlap_reasons, phone_reasons
from tests import build

START = date(2026, 1, 1)
days = st.integers(0, 40).map(lambda n: START + timedelta(days=n))
terms = st.tuples(days, st.one_of(st.none(), st.integers(0, 40))).map(
    lambda pair: Term(pair[0], None if pair[1] is None else pair[0] + timedelta(days=pair[1]))
)
CALM = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no defect
HORIZON = [START + timedelta(days=n) for n in range(-2, 120)]


def inside(term: Term | None, day: date) -> bool:
    return term is not None and term.since <= day and (term.until is None or day <= term.until)


@CALM
@given(terms, terms)
def test_two_terms_meet_when_some_day_lies_in_both(first: Term, second: Term) -> None:
    shared = any(inside(first, day) and inside(second, day) for day in HORIZON)
    assert meet(first.since, first.until, second.since, second.until) == shared


@CALM
@given(st.one_of(st.none(), terms), st.one_of(st.none(), terms))
def test_the_changed_span_holds_every_day_that_changed_and_ends_on_such_days(
    before: Term | None, after: Term | None
) -> None:
    span = changed_span(before, after)
    changed = [day for day in HORIZON if inside(before, day) != inside(after, day)]
    if span is None:
        assert changed == []
        return
    first, last = span
    assert all(first <= day and (last is None or day <= last) for day in changed)
    assert changed[0] == first
    assert last is None or changed[-1] == last


@pytest.mark.parametrize(
    ("name", "spelled"),
    [
        ("张三", "zhangsan zs"), ("单雄信", "shanxiongxin sxx"), ("仇和", "qiuhe qh"), ("曾国藩", "zengguofan zgf"),
        ("区大相", "oudaxiang odx"), ("查良镛", "zhaliangyong zly"), ("解缙", "xiejin xj"), ("朴树", "piaoshu ps"),
        ("盖叫天", "gejiaotian gjt"), ("任重", "renzhong rz"), ("尉迟恭", "yuchigong ycg"), ("欧阳 修", "ouyangxiu oyx"),
    ],
)  # fmt: skip
def test_surnames_are_read_as_surnames(name: str, spelled: str) -> None:
    assert name_pinyin(name) == spelled


def test_a_body_is_found_by_its_initials() -> None:
    assert readings("市发改委") == "shifagaiwei sfgw"


def test_level_and_life_of_the_superior() -> None:
    assert level_reasons("CITY", "COUNTY") and not level_reasons("COUNTY", "CITY") and not level_reasons("CITY", None)
    assert within_reasons(date(2023, 1, 1), None, START, None, frame="“甲”")
    assert within_reasons(date(2026, 3, 1), None, START, date(2026, 2, 1), frame="“甲”")
    assert not within_reasons(START, None, START, None, frame="“甲”")


def test_every_overlap_is_named() -> None:
    held = [Term(date(2024, 1, 1), date(2024, 6, 30)), Term(date(2025, 1, 1), None)]
    assert len(overlap_reasons("张三", "甲", Term(date(2024, 6, 30), date(2025, 1, 1)), held)) == 2
    assert overlap_reasons("张三", "甲", Term(date(2024, 7, 1), date(2024, 12, 31)), held) == []


def test_phone() -> None:
    assert not phone_reasons("") and not phone_reasons("13812345678") and not phone_reasons("0555-1234567")
    assert phone_reasons("12345") and phone_reasons("138123456789")


def role(name: Role, committee: int = 1, since: date = START, until: date | None = None) -> Held:
    return Held(name, committee, "云州市委", since, until)


@pytest.mark.parametrize("first", sorted(SEPARATED))
@pytest.mark.parametrize("second", sorted(set(Role)))
def test_three_administrators_exclude_each_other_and_everybody_else(first: Role, second: Role) -> None:
    if first == second:
        return
    assert grant_reasons(role(first), [role(second)], to_himself=False, name="张三")
    later = role(second, since=date(2027, 1, 1))
    assert grant_reasons(role(first, until=date(2026, 12, 31)), [later], to_himself=False, name="张三") == []


def test_roles_that_see_content_go_together() -> None:
    assert (
        grant_reasons(role(Role.REVIEWER, 2), [role(Role.REVIEWER), role(Role.HEAD, 2)], to_himself=False, name="张三")
        == []
    )
    assert grant_reasons(role(Role.REVIEWER), [role(Role.REVIEWER)], to_himself=False, name="张三")
    assert grant_reasons(role(Role.REVIEWER), [], to_himself=True, name="张三") == [
        "不能给自己授权，请由另一名安全管理员办理。"
    ]


def test_first_password_is_strong_and_does_not_live_long() -> None:
    for _ in range(50):
        word = new_password(secrets.choice)
        assert len(word) == 14 and any(c.isupper() for c in word) and any(c.islower() for c in word)
        assert any(c.isdigit() for c in word) and not set(word) & set("0Oo1lI")
    assert not first_password_expired(True, build.AT, build.AT + FIRST_PASSWORD_LIVES)
    assert first_password_expired(True, build.AT, build.AT + FIRST_PASSWORD_LIVES + timedelta(seconds=1))
    assert not first_password_expired(False, build.AT, build.AT + timedelta(days=400))


def test_user_names() -> None:
    assert not username_reasons("zhang.san-1")
    assert username_reasons("张三") and username_reasons("a") and username_reasons("a b c") and username_reasons("-abc")
