"""Numbers in prose against the frozen figures: ten clean texts without an alarm, seeded errors found, and what is let pass."""

import copy
from datetime import datetime

import pytest

from roster.committees.models import Committee
from sessions_app.bulletins import frozen, markup, prose, rules
from sessions_app.bulletins.models import Bulletin
from tests.build import SHANGHAI
from tests.sessions_app.bulletins import told

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 20, 9, 0, tzinfo=SHANGHAI)


@pytest.fixture(scope="module")
def facts(small_year):
    """The demo's third quarter."""
    top = Committee.objects.get(parent=None)
    return frozen.facts(Bulletin(committee=top, year=2026, quarter=3), at=AT)


@pytest.fixture(scope="module", autouse=True)
def _open(django_db_blocker):
    with django_db_blocker.unblock():
        yield


def line(text, facts):
    return prose.check(f"<p>{text}</p>", facts)


@pytest.mark.parametrize("write", told.CLEAN, ids=lambda write: write.__name__)
def test_no_alarm_in_a_clean_text(write, facts):
    html = write(told.Teller(facts))
    assert 280 <= prose.length(html) <= 800
    assert [one.sentence for one in prose.check(html, facts)] == []


# the three kinds of error: a rate, a count, one committee's own figure; in a different text each
SEEDS = [
    (told.plain_report, "presence_rate", "", -0.013),
    (told.outcomes, "outcomes", "", 10),
    (told.units_first, "presence_rate", "own", -0.05),
    (told.official, "sessions", "", 1),
    (told.supervision, "findings_closed", "", 2),
    (told.months, "sessions_by_mode.研讨交流学", "", 1),
    (told.compared, "participation_rate", "", -0.02),
    (told.with_figures, "presence_rate", "", 0.01),
]


@pytest.mark.parametrize(("write", "key", "of", "by"), SEEDS, ids=lambda one: getattr(one, "__name__", str(one)))
def test_a_seeded_error_is_found_where_it_stands(write, key, of, by, facts):
    wrong = copy.deepcopy(facts)
    place = wrong["figures"]
    if of:
        row = next(row for row in wrong["committees"] if row["figures"]["committee_sessions"] > 1)
        of, place = row["code"], row["figures"]
    *path, last = key.split(".")
    for step in path:
        place = place[step]
    place[last] += by
    html = write(told.Teller(wrong))
    found = prose.check(html, facts)
    assert {one.key for one in found} == {key}
    for one in found:
        assert markup.plain(html)[one.start : one.end].startswith(one.said)
        assert html[one.html_start : one.html_end].rstrip("</span>").endswith(one.said[-1])
        compared = one.should.startswith(
            ("提高", "下降", "增加", "减少", "持平")
        )  # 比上季度: the difference is wrong with it
        assert (compared or one.should.startswith(rules.printed(facts, key, of))) and one.should in one.sentence


LET_PASS = """\
各单位集体学习次数由1次到5次不等，平均2.1次。
全市有12家党委（党组）按时报送了计划，1家逾期。
全市12家党委（党组）受到通报表扬，出席率100%的单位有5家。
参学率98.1%，排名全省第3位，比去年同期提高3.2个百分点。
第5次集体学习于9月12日召开，出席人员18人，列席35人。
研讨交流中，有26人次发言，占39.4%。
计划第四季度开展集体学习25场以上，参学率保持98%。
会议应到18人，实到15人，请假2人，缺席1人。
澜川市政府办公室举办读书班，集体学习3天，形成心得体会40篇。
每名成员全年撰写心得体会不少于2篇、调研报告1篇。
问题主要表现在3个方面：一是学习计划落实有差距，5个专题未按时完成。
8月份，市法院党组集体学习2次。
上半年，全市集体学习74场，出席率93.0%，参学率98.9%，形成学习成果210项。
截至8月31日，全市集体学习13场，出席率91%。
联组学习4场、扩大学习6场、现场教学5场。
除澜川市委外，其他单位集体学习18场次。
学习秘书培训班2期、参训学习秘书32人。
全市13家党委（党组）全部制定年度学习计划，列入计划专题100项。
出席率达到90%以上的单位11家，85%—90%的2家。
学习成果中，优秀成果12项，获奖成果3项。
市统计局党组集体学习6次。该党组出席率80%。
澜城区开展集体学习8场次。
力争参学率达到100%，缺席0人次。"""


@pytest.mark.parametrize("text", LET_PASS.strip().splitlines())
def test_what_narrows_compares_plans_or_is_unknown_is_let_pass(text, facts):
    assert [one.sentence for one in line(text, facts)] == []


@pytest.mark.parametrize(("text", "said", "key"), [
    ("全市共有中心组成员170人。", "170人", "members"),
    ("三季度全市集体学习达25场。", "25场", "sessions"),
    ("本季度，全市参学率９１．１％。", "９１．１％", "participation_rate"),
    ("市法院党组出席率99%。", "99%", "presence_rate"),
    ("全市应到1,401人次。", "1,401人次", "expected"),
    ("全市应到0.05万人次。", "0.05万人次", "expected"),
    ("出席率从上季度的92.8%提高到95.7%。", "95.7%", "presence_rate"),
    ("全市开展集体学习超过30场。", "30场", "sessions"),
    ("全市共开展集体学习22场、29场次。", "29场次", "committee_sessions"),
    ("共开展了35场集体学习。", "35场", "sessions"),
    ("请假近50人次。", "50人次", "on_leave"),
    ("9月集体学习19场。", "19场", "sessions_by_month.9"),
    ("全市14家党委（党组）共开展集体学习22场。", "14家", "committees"),
    ("全市各级党委（党组）围绕学习贯彻党的二十届四中全会精神，开展集体学习32场。", "32场", "sessions"),
])  # fmt: skip
def test_found(text, said, key, facts):
    (one,) = line(text, facts)
    assert (one.said, one.key) == (said, key)


def test_an_inserted_figure_prints_exactly_what_is_frozen(facts):
    good = f'<p>出席率<span data-fact="presence_rate" data-of="">{rules.printed(facts, "presence_rate")}</span>。</p>'
    assert prose.check(good, facts) == []
    (one,) = prose.check(good.replace("%</span>", "</span>%"), facts)
    assert one.label == "出席率" and one.should.endswith("%")
    (one,) = prose.check('<p>共<span data-fact="nonsense" data-of="">3</span>项</p>', facts)
    assert "没有这一项" in one.sentence


def test_nothing_frozen_nothing_checked(facts):
    assert prose.check("<p>出席率1%。</p>", None) == []
    assert len(prose.check("<p>全市出席率1%。</p>", facts)) == 1


@pytest.mark.parametrize(("text", "count"), [
    ("全市学习", 4), ("出席率91.2%，好。", 7), ("abc def 学习", 4), ("", 0), ("2026年第3期", 5), ("“三学”——好", 7),
])  # fmt: skip
def test_length_counts_as_word_does(text, count):
    assert rules.length(text) == count


def test_4600_characters_are_warned_of_above_4000():
    assert rules.length_warning(4000, 4000) == ""
    assert "4,600 字，超过 4,000 字的上限 600 字" in rules.length_warning(4600, 4000)


# ------------------------------------------------------------------------------- the period before, and in Chinese
def moved(facts, key, unit):
    """How the figure moved, in the words of a bulletin."""
    now, was = (float(rules.fact(facts, name)) for name in (key, f"previous.{key}"))
    if unit == "个百分点":
        now, was = round(now * 100, 1), round(was * 100, 1)
    by = round(now - was, 1)
    return f"{'提高' if by > 0 else '下降'}{abs(by):g}{unit}", by


@pytest.mark.parametrize("period", ["上季度", "上一季度", "上期", "第二季度"])
def test_a_comparison_with_the_period_before_is_checked(period, facts):
    words, by = moved(facts, "presence_rate", "个百分点")
    assert by, "guard: the demo's rate moves"
    right = prose.read(f"<p>全市出席率比{period}{words}。</p>", facts)
    assert (right.checked, right.mismatches, right.unchecked) == (1, [], [])
    for wrong in ("提高42.5个百分点", "下降42.5个百分点"):
        (one,) = line(f"全市出席率比{period}{wrong}。", facts)
        assert one.said == wrong and one.should == words and one.key == "presence_rate"
    turned = words.replace("提高", "下降") if by > 0 else words.replace("下降", "提高")
    (one,) = line(f"全市出席率比{period}{turned}。", facts)
    assert one.should == words


def test_counts_are_compared_with_the_period_before_too(facts):
    words, by = moved(facts, "sessions", "场")
    assert by and line(f"全市集体学习较上季度{words}。", facts) == []
    (one,) = line("全市集体学习较上季度增加99场。", facts)
    assert one.key == "sessions" and one.said == "增加99场"


@pytest.mark.parametrize(
    "text",
    ["出席率比去年同期提高2.5个百分点。", "市法院党组出席率比上季度提高2.5个百分点。", "出席率同比提高2.5个百分点。"],
)
def test_what_cannot_be_compared_is_named(text, facts):
    read = prose.read(f"<p>{text}</p>", facts)
    assert (read.checked, read.mismatches) == (0, [])
    assert [one.said for one in read.unchecked] == ["2.5个百分点"]


def chinese(number):
    import cn2an

    return cn2an.an2cn(str(number))


def test_chinese_numerals_are_read(facts):
    present = int(round(float(rules.fact(facts, "expected"))))
    right = prose.read(f"<p>全市应到{chinese(present)}人次。</p>", facts)
    assert (right.checked, right.mismatches, right.unchecked) == (1, [], [])
    html = f"<p>本季度全市应到{chinese(present + 7)}人次，参学率百分之三点五。</p>"
    wrong = prose.read(html, facts)
    assert [one.said for one in wrong.mismatches] == [f"{chinese(present + 7)}人次", "百分之三点五"]
    for one in wrong.mismatches:
        assert html[one.html_start : one.html_end] == one.said
    (one,) = line("全市集体学习九十九场。", facts)
    assert one.said == "九十九场"


@pytest.mark.parametrize(("text", "said"), [
    ("十几家单位报送了经验材料。", ["十几家"]), ("参训三百二十一人次。", ["三百二十一人次"]), ("发放读本1,200册。", ["1,200册"]),
    ("受到表扬的有5家，占12.5%。", ["5家", "12.5%"]), ("2026年第三季度，9月12日召开第5次会议。", []),
    ("这是一项重要政治任务，要进一步学习党的二十届四中全会精神。", []), ("数百人次观看了视频。", ["数百人次"]),
])  # fmt: skip
def test_every_number_that_is_not_checked_is_named(text, said, facts):
    read = prose.read(f"<p>{text}</p>", facts)
    assert (read.checked, read.mismatches, [one.said for one in read.unchecked]) == (0, [], said)


@pytest.mark.parametrize("write", told.CLEAN, ids=lambda write: write.__name__)
def test_each_number_is_checked_or_named_and_none_is_both(write, facts):
    html = write(told.Teller(facts))
    read = prose.read(html, facts)
    spans = sorted((one.start, one.end) for one in read.unchecked)
    assert all(last <= first for (_, last), (first, _) in zip(spans, spans[1:], strict=False))
    assert read.checked and read.mismatches == []
    for one in read.unchecked:
        assert markup.plain(html)[one.start : one.end] == one.said and one.said in one.near
