"""提醒函: who may write what to whom, numbers, the paper, who is told, withdrawing by hand and by itself."""

import io
import re
from datetime import date, timedelta

import pypdf
import pytest

from roster.accounts.roles import Role
from roster.audit.actions import SystemActor
from roster.audit.models import AuditEvent
from roster.audit.moves import Refused, Stale
from roster.committees.models import CommitteeKind
from roster.people.models import GroupRole
from sessions_app.letters import actions, draft, rules
from sessions_app.letters.models import LetterLine, ReminderLetter
from sessions_app.notices.models import Notice, Rhythm
from sessions_app.papers.models import IssuedPaper
from sessions_app.papers.pdf import PaperFailed
from sessions_app.papers.rules import department
from sessions_app.papers.verify import verify
from sessions_app.plans.models import PlanStage, StudyPlan
from sessions_app.reminders import consequences
from sessions_app.reminders.actions import send_due
from sessions_app.reminders.models import DueItem
from sessions_app.reminders.rules import Kind
from tests import build
from tests.sessions_app.letters.owing import OVERDUE, YELLOW, met, owes

pytestmark = pytest.mark.django_db
AT, DAY = build.AT, build.DAY
ANSWER = DAY + timedelta(days=7)


@pytest.fixture
def city():
    return build.committee("中共云州市委员会", kind=CommitteeKind.PARTY_COMMITTEE)


@pytest.fixture
def unit(city):
    return build.committee("云州市教育局党组", parent=city)


@pytest.fixture
def reviewer(city):
    return build.granted(Role.REVIEWER, city, build.person("刘伟"))


@pytest.fixture
def quick(monkeypatch):
    """Where the paper does not matter: none is printed."""
    monkeypatch.setattr(actions.papers, "issue", lambda *args, **more: None)


def write(unit, *items, by, **more):
    given = {"demand": "请抓紧办理。", "answer_by": ANSWER, "by": by, "at": AT} | more
    return actions.issue(unit, items=[item.pk for item in items], **given)


def refused(act) -> list[str]:
    with pytest.raises(Refused) as refusal:
        act()
    return refusal.value.reasons


def test_a_letter_with_its_lines_paper_notices_and_event(city, unit, reviewer):
    secretary, leader = build.secretary(unit).person, build.member(unit, role=GroupRole.LEADER, rank=1).person
    build.member(unit, role=GroupRole.DEPUTY, rank=2)
    first, second = owes(unit, OVERDUE, "2026年度学习计划"), owes(unit, YELLOW, "3月12日学习记录", url="/minutes/1/")
    letter = write(unit, second, first, by=reviewer)
    assert (str(letter), letter.sender, letter.stage, letter.issued_by) == (
        "提醒函〔2026〕1号",
        city,
        "ISSUED",
        reviewer.person,
    )
    assert [(line.item, line.what, line.due_on) for line in letter.lines.order_by("order")] == [
        (first, "2026年度学习计划", OVERDUE), (second, "3月12日学习记录", YELLOW),
    ]  # fmt: skip

    paper = IssuedPaper.objects.get()
    assert (letter.paper, paper.kind, paper.committee, paper.subject_id) == (paper, "reminder-letter", unit, letter.pk)
    with paper.file.open("rb") as file:
        content = file.read()
    text = re.sub(r"\s+", "", "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages))
    for words in (
        "提醒函", "〔2026〕1号", "云州市教育局党组理论学习中心组：", "截至2026年3月20日", "年度计划未备案：2026年度学习计划",
        "逾期4个工作日", "请抓紧办理。", "办理期限：2026年3月27日", "中共云州市委宣传部", "联系人：刘伟",
    ):  # fmt: skip
        assert words in text, words
    assert verify(content).well, verify(content).words
    assert not verify(content + b"\n").well

    told = Notice.objects.filter(rhythm=Rhythm.LETTER)
    assert {notice.person for notice in told} == {secretary, leader}
    one = told.get(person=secretary)
    assert one.title == "中共云州市委宣传部发来提醒函〔2026〕1号" and "3月27日前办结下列 2 项" in one.lead
    assert one.url == letter.get_absolute_url()
    assert [(line["what"], line["tone"], line["url"]) for line in one.lines] == [
        ("2026年度学习计划", "overdue", ""), ("3月12日学习记录", "behind", "/minutes/1/"),
    ]  # fmt: skip
    event = AuditEvent.objects.about(letter).get()
    assert (event.verb, event.after, event.chain, event.data["lines"]) == ("issue", "ISSUED", unit.pk, 2)


def test_where_there_is_no_leader_the_deputies_are_told(unit, reviewer, quick):
    deputy = build.member(unit, role=GroupRole.DEPUTY).person
    write(unit, owes(unit), by=reviewer)
    assert [notice.person for notice in Notice.objects.all()] == [deputy]


def test_nobody_to_tell_is_no_refusal(unit, reviewer, quick):
    letter = write(unit, owes(unit), by=reviewer)
    assert not Notice.objects.exists() and draft.readers(unit, DAY).words == "" and letter.number == 1


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"demand": "  "}, "没有写要求"),
        ({"demand": "字" * 501}, "不超过 500 字"),
        ({"answer_by": DAY}, "办理期限应晚于今天"),
        ({"answer_by": DAY + timedelta(days=400)}, "不能超过一年"),
    ],
)
def test_refusals_of_what_is_typed(unit, reviewer, quick, more, said):
    assert said in refused(lambda: write(unit, owes(unit), by=reviewer, **more))[0]
    assert not ReminderLetter.objects.exists() and not Notice.objects.exists()


def test_every_reason_is_said_at_once(unit, reviewer):
    assert len(refused(lambda: write(unit, by=reviewer, demand="", answer_by=DAY))) == 3


def test_it_names_open_things_of_the_addressee_only(city, unit, reviewer, quick):
    mine, gone, others = owes(unit), owes(unit), owes(build.committee(parent=city))
    met(gone)
    for item in (gone, others):
        assert "已经办结" in refused(lambda item=item: write(unit, mine, item, by=reviewer))[0]
    many = [owes(unit) for _ in range(rules.MOST_LINES + 1)]
    assert f"最多列 {rules.MOST_LINES} 项" in refused(lambda: write(unit, *many, by=reviewer))[0]
    unit.until = DAY - timedelta(days=1)
    unit.save()
    assert "已停用" in refused(lambda: write(unit, mine, by=reviewer))[0]


def test_only_a_reviewer_above_may_write(city, unit, quick):
    item = owes(unit)
    elsewhere = build.granted(Role.REVIEWER, build.committee(parent=city))
    own = build.granted(Role.REVIEWER, unit)
    for who in (elsewhere, own, build.granted(Role.HEAD, city), build.secretary_of(unit), SystemActor("定时任务")):
        assert "由主管部门的审核人发给下级单位" in refused(lambda who=who: write(unit, item, by=who))[0]


def test_the_sender_is_the_nearest_above_and_each_sender_counts_for_itself(city, unit, reviewer, quick):
    below = build.committee("清河县委", parent=city, kind=CommitteeKind.PARTY_COMMITTEE)
    town = build.committee("河镇党委", parent=below)
    county = build.granted(Role.REVIEWER, below)
    numbers = [
        write(unit, owes(unit), by=reviewer), write(town, owes(town), by=county), write(town, owes(town), by=reviewer),
        write(town, owes(town), by=county), write(unit, owes(unit), by=reviewer, at=build.at(date(2027, 1, 4)),
                                                  answer_by=date(2027, 2, 1)),
    ]  # fmt: skip
    assert [(row.sender, row.year, row.number) for row in numbers] == [
        (city, 2026, 1), (below, 2026, 1), (city, 2026, 2), (below, 2026, 2), (city, 2027, 1),
    ]  # fmt: skip


def test_a_failed_paper_leaves_no_letter_and_no_gap(unit, reviewer, monkeypatch):
    item = owes(unit)

    def broken(*args, **more):
        raise PaperFailed("排版没有做成，请稍后再试。")

    with monkeypatch.context() as patch:
        patch.setattr("sessions_app.papers.typeset.single", broken)
        assert refused(lambda: write(unit, item, by=reviewer)) == ["排版没有做成，请稍后再试。"]
    assert not ReminderLetter.objects.exists() and not IssuedPaper.objects.exists()
    monkeypatch.setattr(actions.papers, "issue", lambda *args, **more: None)
    assert write(unit, item, by=reviewer).number == 1


def test_the_form_sent_twice_is_one_letter(unit, reviewer, quick):
    item = owes(unit)
    first = write(unit, item, by=reviewer, form_token="once")
    assert write(unit, item, by=reviewer, form_token="once") == first
    assert ReminderLetter.objects.count() == 1


def test_withdrawing_by_hand(unit, reviewer, quick):
    secretary = build.secretary(unit).person
    letter = write(unit, owes(unit), by=reviewer)
    assert refused(lambda: actions.withdraw(letter, reason=" ", version=1, by=reviewer, at=AT)) == ["撤销请写明原因。"]
    assert (
        "不超过 200 字"
        in refused(lambda: actions.withdraw(letter, reason="字" * 201, version=1, by=reviewer, at=AT))[0]
    )
    with pytest.raises(Stale):
        actions.withdraw(letter, reason="发错", version=9, by=reviewer, at=AT)
    row = actions.withdraw(letter, reason="发错", version=1, by=reviewer, at=AT)
    assert (row.stage, row.withdrawn_on, row.withdraw_reason, row.version) == ("WITHDRAWN", DAY, "发错", 2)
    titles = Notice.objects.filter(person=secretary).order_by("id").values_list("title", "lead")
    assert titles[1] == ("提醒函〔2026〕1号已撤销", "撤销原因：发错")
    assert "不能撤销" in refused(lambda: actions.withdraw(row, reason="又来", version=2, by=reviewer, at=AT))[0]
    event = AuditEvent.objects.about(letter).order_by("-id").first()
    assert (event.verb, event.before, event.after, event.reason) == ("withdraw_letter", "ISSUED", "WITHDRAWN", "发错")


def test_it_withdraws_itself_when_the_last_thing_is_met(city, unit, reviewer, quick):
    first, second = owes(unit), owes(unit)
    letter = write(unit, first, second, by=reviewer)
    other = build.committee(parent=city)
    standing = write(other, owes(other), by=reviewer)
    told = Notice.objects.count()
    met(first)
    consequences.ran(AT)
    letter.refresh_from_db()
    assert letter.stage == "ISSUED"
    met(second)
    later = build.at(DAY + timedelta(days=1))
    consequences.ran(later)
    letter.refresh_from_db()
    assert (letter.stage, letter.withdraw_reason, letter.withdrawn_on) == ("WITHDRAWN", rules.DONE, later.date())
    event = AuditEvent.objects.about(letter).order_by("-id").first()
    assert (event.verb, event.actor_name, event.chain) == ("withdraw_letter", "定时任务", unit.pk)
    standing.refresh_from_db()
    assert standing.stage == "ISSUED" and Notice.objects.count() == told
    assert actions.settle(at=later, by=actions.CLOCKWORK) == 0
    assert LetterLine.objects.filter(letter=letter).count() == 2, "what it said stays"


def test_the_run_itself_withdraws_it_once_the_plan_is_filed(unit, reviewer, quick):
    clockwork = SystemActor("定时任务")
    send_due(at=AT, by=clockwork)
    item = DueItem.objects.get(committee=unit, kind=Kind.PLAN_DUE)
    letter = write(unit, item, by=reviewer)
    send_due(at=build.at(DAY + timedelta(days=3)), by=clockwork)
    letter.refresh_from_db()
    assert letter.stage == "ISSUED"
    StudyPlan.objects.create(
        committee=unit, year=2026, stage=PlanStage.FILED, approved_on=DAY, approving_meeting="党组会", filed_on=DAY
    )
    later = build.at(DAY + timedelta(days=4))
    send_due(at=later, by=clockwork)
    letter.refresh_from_db()
    assert (letter.stage, letter.withdrawn_on) == ("WITHDRAWN", later.date())


@pytest.mark.parametrize(
    ("name", "kind", "signs"),
    [
        ("中共云州市委员会", "PARTY_COMMITTEE", "中共云州市委宣传部"),
        ("清河县委", "PARTY_COMMITTEE", "清河县委宣传部"),
        ("云州市教育局党组", "PARTY_GROUP", "云州市教育局党组"),
        ("市直机关工委", "WORKING_COMMITTEE", "市直机关工委"),
    ],
)
def test_who_signs(name, kind, signs):
    assert department(name, kind) == signs
