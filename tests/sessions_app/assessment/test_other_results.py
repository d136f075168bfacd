"""Results from elsewhere: one typed, many pasted with every bad line named, for reviewers and heads alone."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from roster.accounts.models import User
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from sessions_app.assessment import other_actions
from sessions_app.assessment.candidates import OWN
from sessions_app.assessment.models import OtherResult
from tests import build
from tests.sessions_app.assessment import ranked
from tests.sessions_app.assessment.ranked import Ranked

pytestmark = pytest.mark.django_db
D = Decimal
GOOD = {
    "year": 2025,
    "name": "意识形态工作责任制考核",
    "score": D("92.5"),
    "out_of": D(100),
    "rank": None,
    "of": None,
    "source": "通报",
}
HEAD = {"year": "2025", "name": OWN, "out_of": "100", "of": "3", "source": "云宣发〔2026〕2号"}


@pytest.fixture(autouse=True)
def clock(settings) -> None:
    settings.CLOCK = build.AT


@pytest.fixture
def world() -> Ranked:
    return ranked.make(3)


def as_(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def save(world: Ranked, **more: object) -> OtherResult:
    return other_actions.save_result(world.units[0], **GOOD | more, by=world.reviewer, at=build.AT)


def test_one_is_kept_and_corrected(world: Ranked) -> None:
    row = save(world)
    assert (row.score, row.entered_by) == (D("92.5"), world.reviewer)
    again = save(world, row=row, score=D(90), version=row.version)
    assert again.score == D(90) and again.version == 2
    assert list(AuditEvent.objects.about(row).order_by("pk").values_list("verb", flat=True)) == ["create", "edit"]
    with pytest.raises(Stale):
        save(world, row=row, score=D(80), version=1)


def test_what_cannot_be_is_refused_all_at_once(world: Ranked) -> None:
    with pytest.raises(Refused) as refusal:
        save(world, year=2030, name=" ", score=D(101), rank=4, of=3, source="")
    said = "；".join(refusal.value.reasons)
    for words in ("考核名称", "年度须在", "来源", "满分", "名次须在"):
        assert words in said
    with pytest.raises(Refused, match="至少填一项"):
        save(world, score=None)
    save(world)
    with pytest.raises(Refused, match="已有 2025 年"):
        save(world)


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("NOPE\t90\t1", "没有编码为"), ("{code}\tx\t1", "不是数字"), ("{code}\t101\t1", "满分"), ("{code}\t90\t4", "参评家数"),
        ("{code}\t90\t1.5", "不是整数"), ("{code}\t\t", "都没有"), ("{code}\t90\t1\t多", "三栏"), ("{code}\tNaN\t", "得分"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_taken_says_why(world: Ranked, line: str, wrong: str) -> None:
    text = line.format(code=world.units[0].code)
    (found,) = other_actions.read_lines(text, type(world.city).objects.all(), out_of=D(100), of=3)
    assert wrong in found.wrong
    with pytest.raises(Refused, match="有 1 行不能导入"):
        other_actions.paste_results(
            [found], year=2025, name=OWN, out_of=D(100), of=3, source="通报", by=world.reviewer, at=build.AT
        )
    assert not OtherResult.objects.exists()


def test_many_are_pasted_after_a_look(world: Ranked) -> None:
    client, address = as_(world.reviewer), "/assessment/others/paste/"
    codes = [unit.code for unit in world.units]
    lines = f"{codes[0]}\t95\t1\n{codes[1]}\t\t2\n\n{codes[2]}\t90.5\t3\n"
    look = client.post(address, {**HEAD, "lines": lines})
    assert look.status_code == 200 and "可以导入 3 行" in look.text and not OtherResult.objects.exists()
    bad = client.post(address, {**HEAD, "lines": lines + f"{codes[0]}\t1\t1", "save": "1"})
    assert (
        bad.status_code == 422
        and "第 5 行" in bad.text
        and "前面已出现过" in bad.text
        and not OtherResult.objects.exists()
    )
    assert codes[2] in bad.text, "what was pasted is still there"
    told = client.post(address, {**HEAD, "lines": lines, "save": "1"}, follow=True)
    assert "已录入 3 家单位" in told.text
    assert list(OtherResult.objects.order_by("rank").values_list("rank", "of", "score")) == [
        (1, 3, D("95.00")), (2, 3, None), (3, 3, D("90.50")),
    ]  # fmt: skip
    client.post(address, {**HEAD, "lines": f"{codes[0]}\t96\t1", "save": "1"})
    assert OtherResult.objects.get(committee=world.units[0]).score == D(96) and OtherResult.objects.count() == 3


def test_only_ones_own_units_may_be_named(world: Ranked) -> None:
    elsewhere = build.committee("别处")
    stranger = build.granted("REVIEWER", elsewhere)
    look = as_(stranger).post("/assessment/others/paste/", {**HEAD, "lines": f"{world.units[0].code}\t95\t1"})
    assert "不在您的管辖范围" in look.text
    row = save(world)
    assert as_(stranger).get(f"/assessment/others/{row.pk}/").status_code == 404
    sent = {**HEAD, "committee": world.units[0].pk, "score": "90", "rank": "", "of": ""}
    assert as_(stranger).post("/assessment/others/new/", sent).status_code == 422


def test_the_pages(world: Ranked) -> None:
    client = as_(world.reviewer)
    sent = {**HEAD, "committee": world.units[0].pk, "score": "90", "rank": "1"}
    told = client.post("/assessment/others/new/", sent, follow=True)
    assert "已录入第1单位" in told.text and "1/3" in told.text
    row = OtherResult.objects.get()
    answer = client.post(
        f"/assessment/others/{row.pk}/", {**HEAD, "score": "91", "rank": "2", "version": row.version}, follow=True
    )
    assert "已保存第1单位" in answer.text and "2/3" in answer.text
    stale = client.post(f"/assessment/others/{row.pk}/", {**HEAD, "score": "92", "rank": "2", "version": row.version})
    assert stale.status_code == 422 and "已被他人改动" in stale.text
    assert "第1单位" in as_(world.head).get("/assessment/others/").text
    assert as_(world.head).get("/assessment/others/new/").status_code == 404
    assert as_(build.secretary_of(world.units[0])).get("/assessment/others/").status_code == 404


def test_query_counts_do_not_grow(world: Ranked) -> None:
    client, counted = as_(world.reviewer), []
    for units in (world.units[:1], [ranked.unit(world.city, f"又{number}") for number in range(19)]):
        ranked.entered(2025, ranked.straight(units))
        client.get("/assessment/others/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/assessment/others/?per=50")
        counted.append(len(queries))
    assert counted[0] == counted[1]
