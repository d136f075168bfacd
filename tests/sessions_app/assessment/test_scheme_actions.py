"""Schemes made, copied, saved, published: what each act does, refuses and records; two people at once."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from sessions_app.assessment import scheme_actions as actions
from sessions_app.assessment.models import Scheme, SchemeItem, SchemeStage
from sessions_app.assessment.rules import score_all
from sessions_app.assessment.specs import EXAMPLES, content_of, example, spec_of, tidy
from tests.sessions_app.assessment import schemes
from tests.sessions_app.assessment.schemes import AT, FIRST, YEAR

pytestmark = pytest.mark.django_db
JUNE = date(YEAR, 6, 1)


@pytest.fixture
def here():
    return schemes.place()


def refusal(act):
    with pytest.raises(Refused) as caught:
        act()
    return caught.value.reasons


def verbs(row):
    return list(AuditEvent.objects.about(row).order_by("seq").values_list("verb", flat=True))


def save(row, here, content, *, effective_from=FIRST, version=None):
    return actions.save(
        row, content=content, effective_from=effective_from, version=version or row.version, by=here.reviewer, at=AT
    )


def test_a_draft_keeps_everything_in_order_and_records_itself(here):
    row = schemes.draft(here.city, here.reviewer)
    assert (row.edition, row.stage, row.weight, row.bonus_cap) == (1, "DRAFT", 10, 3)
    assert [(one.order, one.name, one.weight) for one in row.indicators.all()] == [
        (1, "计划制订", 15), (2, "组织实施", 20), (3, "研讨深度", 20), (4, "档案规范", 15), (5, "成果转化", 20),
        (6, "整改落实", 10),
    ]  # fmt: skip
    item = SchemeItem.objects.get(indicator__scheme=row, name="出席率")
    assert (item.max, item.primitive, item.params) == (8, "PROPORTION", {"formula": "presence_rate", "full": "0.9"})
    assert verbs(row) == ["create"]


def test_the_same_form_makes_one_draft(here):
    one = schemes.draft(here.city, here.reviewer, form_token="a" * 36)
    assert schemes.draft(here.city, here.reviewer, form_token="a" * 36) == one
    assert Scheme.objects.count() == 1


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_taken_as_it_stands(here, name):
    row = actions.take_example(committee=here.city, year=YEAR, name=name, by=here.reviewer, at=AT)
    assert tidy(content_of(row)) == tidy(example(name))
    assert row.effective_from == FIRST


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_over_committees_is_published_and_none_over_people(here, name):
    row = actions.take_example(committee=here.city, year=YEAR, name=name, by=here.reviewer, at=AT)
    act = lambda: actions.publish(row, version=row.version, by=here.reviewer, at=AT)
    if row.subject == "PERSON":
        assert refusal(act) == ["个人考核办法只作示例和验算，不发布，也不对人排名。"]
    else:
        assert act().stage == SchemeStage.PUBLISHED


def test_a_scheme_is_read_in_two_queries_and_scores_by_the_pk_of_its_items(here):
    row = schemes.draft(here.city, here.reviewer)
    with CaptureQueriesContext(
        connection,
    ) as seen:
        spec = spec_of(row)
    assert len(seen) == 2
    assert [item.key for item in spec.items] == list(
        SchemeItem.objects.filter(indicator__scheme=row)
        .order_by("indicator__order", "order")
        .values_list("pk", flat=True)
    )
    assert score_all(spec, {}) == {}


# ------------------------------------------------------------------------------------------------ saving
def test_weights_that_sum_to_95_are_refused_with_the_sum_and_nothing_is_kept(here):
    last = schemes.published(here.city, here.reviewer, year=2025, effective_from=date(2025, 1, 1))
    row = actions.copy(last, year=YEAR, by=here.reviewer, at=AT)
    assert refusal(lambda: save(row, here, schemes.weights("10"))) == ["各指标权重合计为 95，应为 100。"]
    row.refresh_from_db()
    assert (row.version, row.indicators.first().weight) == (1, 15)
    saved = save(row, here, schemes.weights("10", "25"))
    assert [one.weight for one in saved.indicators.all()][:2] == [10, 25]
    assert verbs(row) == ["copy", "save"]


def test_all_that_is_wrong_is_said_at_once(here):
    wrong = schemes.weights("一成五")
    wrong["title"] = ""
    first = wrong["indicators"][0]["items"]
    first[0]["params"]["rules"][0] |= {"formula": "1 - plan_field", "each": "零点五", "label": ""}
    first[1] |= {"max": "0", "params": {"formula": "__import__('os')", "full": "0"}}
    row = schemes.draft(here.city, here.reviewer)
    assert refusal(lambda: save(row, here, wrong, effective_from=date(2025, 12, 31))) == [
        "生效日期应在 2026 年内。",
        "请填写名称。",
        "各指标权重合计为 85，应为 100。",
        "指标“计划制订”：权重应是大于 0、不超过 100 的数，最多两位小数。",
        "指标“计划制订”第 1 项“年度计划按时报备”：第 1 条扣分规则：请写明扣分情形。",
        "指标“计划制订”第 1 项“年度计划按时报备”：第 1 条扣分规则：每次扣分应是大于 0 的数。",
        "指标“计划制订”第 1 项“年度计划按时报备”：第 1 条扣分规则：取数“plan_field”不在可用的取数之列，请从列表中选。",
        "指标“计划制订”第 2 项“计划专题完成”：满分应是大于 0、不超过 1000 的数，最多两位小数。",
        "指标“计划制订”第 2 项“计划专题完成”：公式中“'os')”处不合要求：只能写取数、数字、+ - * /、括号、min()、max()。",
        "指标“计划制订”第 2 项“计划专题完成”：满分线应是大于 0 的数，如 0.85 即 85%。",
    ]


def test_texts_that_are_too_long_are_refused_before_the_database_does(here):
    wrong = schemes.content(title="名" * 121, source="据" * 201)
    wrong["indicators"][0]["name"] = "指" * 61
    wrong["indicators"][0]["items"][0] |= {"name": "项" * 201, "basis": "据" * 201}
    assert len(refusal(lambda: schemes.draft(here.city, here.reviewer, content=wrong))) == 5
    assert refusal(lambda: schemes.draft(here.city, here.reviewer, effective_from=None)) == ["请填写生效日期。"]


def test_blank_rows_are_left_out_and_rules_get_a_key(here):
    wanted = schemes.content()
    wanted["bands"].append({"label": "", "at_least": ""})
    wanted["indicators"].append({"name": "", "weight": "", "items": [{"name": "", "max": "", "primitive": "DEDUCT"}]})
    item = wanted["indicators"][0]["items"][0]
    item["params"]["rules"] += [
        {"label": "计划未公布", "each": "1"}, {"label": "", "each": "", "formula": ""}, {"label": "计划无审定", "each": "1"},
    ]  # fmt: skip
    item["params"]["foreign"] = "dropped"
    row = schemes.draft(here.city, here.reviewer, content=wanted)
    assert (row.indicators.count(), len(row.bands)) == (6, 4)
    kept = SchemeItem.objects.get(indicator__scheme=row, name=item["name"]).params
    assert [rule["key"] for rule in kept["rules"]] == ["filed", "late", "r1", "r2"]
    assert set(kept) == {"rules"}


def test_somebody_who_saved_meanwhile_is_not_overwritten(here):
    row = schemes.draft(here.city, here.reviewer)
    save(row, here, schemes.content(title="甲"))
    with pytest.raises(Stale):
        save(row, here, schemes.content(title="乙"), version=1)
    row.refresh_from_db()
    assert row.title == "甲"


# ------------------------------------------------------------------------------------------------ editions
def test_a_published_scheme_is_fixed(here):
    row = schemes.published(here.city, here.reviewer)
    assert (row.stage, row.published_by, row.published_at) == ("PUBLISHED", here.reviewer, AT)
    told = ["第1版已发布，不能再改；要修改请另立新版。"]
    assert refusal(lambda: save(row, here, schemes.content())) == told
    assert refusal(lambda: actions.publish(row, version=row.version, by=here.reviewer, at=AT)) == told
    assert refusal(lambda: actions.discard(row, version=row.version, by=here.reviewer, at=AT)) == told


def test_a_change_in_june_is_a_new_edition_that_does_not_touch_may(here):
    first = schemes.published(here.city, here.reviewer)
    second = actions.copy_edition(first, effective_from=JUNE, by=here.reviewer, at=AT)
    assert (second.edition, second.copied_from, second.stage, second.effective_from) == (2, first, "DRAFT", JUNE)
    in_force = lambda on: Scheme.objects.in_force(here.city, YEAR, on).first()
    assert in_force(JUNE) == first
    actions.publish(second, version=second.version, by=here.reviewer, at=AT)
    assert (in_force(date(YEAR, 5, 31)), in_force(JUNE)) == (first, second)


def test_an_edition_holds_from_a_later_day_than_the_last(here):
    first = schemes.published(here.city, here.reviewer, effective_from=JUNE)
    told = ["第1版自6月1日起生效，新版的生效日期应在这之后。"]
    ask = lambda day: lambda: actions.copy_edition(first, effective_from=day, by=here.reviewer, at=AT)
    assert refusal(ask(JUNE)) == told
    assert refusal(ask(date(2027, 1, 1))) == ["生效日期应在 2026 年内。"]
    assert refusal(ask(None)) == ["请填写新版的生效日期。"]
    other = schemes.draft(here.city, here.reviewer, effective_from=JUNE)
    assert refusal(lambda: actions.publish(other, version=other.version, by=here.reviewer, at=AT)) == told
    assert refusal(lambda: actions.copy_edition(other, effective_from=JUNE, by=here.reviewer, at=AT)) == [
        "这一版还是草稿，可以直接修改，不用另立新版。"
    ]


def test_last_years_sheet_becomes_this_years_draft(here):
    last = schemes.published(here.city, here.reviewer, year=2025, effective_from=date(2025, 3, 1))
    row = actions.copy(last, year=YEAR, by=here.reviewer, at=AT)
    assert (row.year, row.edition, row.stage, row.effective_from, row.copied_from) == (YEAR, 1, "DRAFT", FIRST, last)
    assert content_of(row) == content_of(last)
    assert refusal(lambda: actions.copy(row, year=YEAR, by=here.reviewer, at=AT)) == [
        "同一年度要修改，请另立新版并写明生效日期。"
    ]


def test_a_county_takes_the_citys_sheet_as_its_own_draft(here):
    above = schemes.published(here.city, here.reviewer)
    row = actions.copy(above, year=YEAR, committee=here.county, by=here.county_reviewer, at=AT)
    assert (row.committee, row.edition) == (here.county, 1)
    assert not Scheme.objects.in_force(here.county, YEAR, JUNE).exists()


def test_publishing_looks_again_at_what_the_database_holds(here):
    row = schemes.draft(here.city, here.reviewer)
    row.indicators.filter(order=1).update(weight=Decimal("10"))
    SchemeItem.objects.filter(indicator__scheme=row, name="出席率").update(params={"formula": "gone_rate", "full": "1"})
    assert refusal(lambda: actions.publish(row, version=row.version, by=here.reviewer, at=AT)) == [
        "各指标权重合计为 95，应为 100。",
        "指标“组织实施”第 2 项“出席率”：取数“gone_rate”不在可用的取数之列，请从列表中选。",
    ]


def test_a_draft_that_is_not_wanted_goes_and_is_recorded(here):
    row = schemes.draft(here.city, here.reviewer)
    pk = row.pk
    actions.discard(row, version=row.version, by=here.reviewer, at=AT)
    assert not Scheme.objects.filter(pk=pk).exists()
    assert AuditEvent.objects.filter(subject_type="scheme", subject_id=pk, verb="discard").count() == 1


def test_a_draft_that_was_copied_from_stays(here):
    row = schemes.draft(here.city, here.reviewer)
    actions.copy(row, year=2027, by=here.reviewer, at=AT)
    assert refusal(lambda: actions.discard(row, version=row.version, by=here.reviewer, at=AT)) == [
        "另有办法由这份草稿复制而来，不能删去。"
    ]
