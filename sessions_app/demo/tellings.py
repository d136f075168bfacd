"""学情通报 of the demo: last year's and those of the quarters that are over, through three hands; the last one is being checked."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from roster.accounts.models import User
from roster.committees.models import Committee
from roster.people.models import StudySecretary
from sessions_app.bulletins import actions, clean
from sessions_app.bulletins.models import AnnexKind, Bulletin, BulletinReceipt
from sessions_app.demo.year import moment
from sessions_app.policies.rules import WorkingDays

MARK, COPIES = "云宣通", "市委办公室，市委组织部"
UNRECEIPTED = 6  # units that have not signed for the newest issue


def play(*, calendar: WorkingDays, small: bool, at: datetime) -> int:
    """How many issues there are. Each is compiled some days after its period, checked by another, signed by the head."""
    today, root = at.date(), Committee.objects.get(code="LC00")
    issues = [(today.year - 1, 0, calendar.add(date(today.year, 2, 2), 8))]
    for quarter in (1, 2, 3):
        issues.append((today.year, quarter, calendar.add(date(today.year, quarter * 3 + 1, 1), 10)))
    issues = [issue for issue in issues if issue[2] + timedelta(days=7) <= today][-2 if small else 0 :]
    for number, (year, quarter, day) in enumerate(issues, start=1):
        last = number == len(issues)
        row = _compiled(root, year, quarter, day)
        if last and not small:
            continue  # waits for its checker
        row = actions.check(row, version=row.version, by=_acting("fuhe", day), at=moment(day, 16))
        signed = calendar.add(day, 2)
        row = actions.sign(row, version=row.version, by=_acting("buling", signed), at=moment(signed, 10))
        _receive(row, calendar.add(signed, 2), leaving=UNRECEIPTED if number >= len(issues) - 1 else 0)
    return len(issues)


def _acting(username: str, day: date) -> User:
    return User.objects.get(username=username).act(on=day)


def _compiled(root: Committee, year: int, quarter: int, day: date) -> Bulletin:
    writer = _acting("shenhe", day)
    row = actions.create(root, year=year, quarter=quarter, by=writer, at=moment(day, 9))
    row = actions.freeze(row, version=row.version, by=writer, at=moment(day, 10))
    row = actions.save(
        row, title=row.title, to=row.to, copies=COPIES, mark=MARK, body=clean.reprinted(_body(row.facts), row.facts)[0], cards=_cards(row.facts),
        annexes=[AnnexKind.ATTENDANCE, AnnexKind.CORRECTIONS] if row.facts["corrections"] else [AnnexKind.ATTENDANCE],
        version=row.version, by=writer, at=moment(day, 11),
    ).bulletin  # fmt: skip
    return actions.submit(row, version=row.version, by=writer, at=moment(day, 15))


def _figure(key: str, of: str = "") -> str:
    """The place of a figure of the snapshot; its value is printed into it."""
    return f'<span data-fact="{key}" data-of="{of}">0</span>'


def _body(facts: Mapping[str, Any]) -> str:
    """Plain sentences round figures of the snapshot; units are named from the snapshot's own lists."""
    held = sorted(facts["committees"], key=lambda row: -row["figures"]["committee_sessions"])
    named = "、".join(row["short"] or row["name"] for row in held[:3])
    idle = "、".join(row["name"] for row in facts["idle"][:5])
    problem = (
        f"{idle}连续两个季度没有集体学习记录，要尽快补上。"
        if idle
        else "各单位场次基本平衡，个别单位研讨交流时间偏短。"
    )
    return (
        "<h2>一、总体情况</h2>"
        f"<p>{facts['label']}，纳入通报的党委（党组）{_figure('committees')}家，共开展集体学习{_figure('sessions')}场，"
        f"出席率{_figure('presence_rate')}，参学率{_figure('participation_rate')}；形成学习成果{_figure('outcomes')}项。</p>"
        '<figure data-block="总体情况表"></figure><figure data-block="各月集体学习图"></figure>'
        f"<h2>二、主要做法和亮点</h2><p>{named}坚持领导带头、按计划推进，学习次数在全市居前。</p>"
        '<figure data-block="六学联动图"></figure>'
        f"<h2>三、存在问题</h2><p>{problem}本期列席旁听{_figure('visits')}次，发现问题{_figure('findings')}项，"
        f"已销号{_figure('findings_closed')}项。</p>"
        "<h2>四、下步要求</h2><p>各单位要对照年度计划查漏补缺，提前报审学习方案，及时归档学习记录；对旁听指出的问题逐项整改。</p>"
    )


def _cards(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One of each kind that the snapshot offers, three at most."""
    found, seen = [], set()
    for one in facts["practices"]:
        if one["mode"] in seen or len(found) == 3:
            continue
        seen.add(one["mode"])
        found.append({
            "mode": one["mode"], "committee": one["committee"], "study_session": one["session"],
            "title": f"{one['label']}：{one['topic'][:30]}",
            "text": f"围绕“{one['topic'][:60]}”，会前调研、会上研讨、会后转化，形成成果{one['outcomes']}项。",
        })  # fmt: skip
    return found


def _receive(row: Bulletin, day: date, *, leaving: int) -> None:
    """Signed for by the units' secretaries, but for the last few."""
    below = Committee.objects.under(row.committee).active_on(day).exclude(pk=row.committee_id).in_order()
    clerks: dict[int, int] = {}
    for committee_id, user_id in (
        StudySecretary.objects.on(day)
        .filter(person__user__isnull=False)
        .order_by("since", "id")
        .values_list("committee_id", "person__user")
    ):
        clerks.setdefault(committee_id, user_id)
    units = [unit for unit in below if unit.pk in clerks]
    BulletinReceipt.objects.bulk_create(
        BulletinReceipt(bulletin=row, committee=unit, by_id=clerks[unit.pk], at=moment(day, 9))
        for unit in (units[:-leaving] if leaving else units)
    )
