"""A department with its three hands and a unit below it, and a bulletin brought to any step of its way."""

from dataclasses import dataclass
from datetime import date, datetime

from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.committees.models import Committee, CommitteeKind
from sessions_app.bulletins import actions
from sessions_app.bulletins.models import Bulletin
from tests import build

DAY = date(2026, 4, 8)
AT = build.at(DAY)
BODY = (
    "<h2>一、总体情况</h2><p>全市理论学习中心组学习总体有序。</p><h2>二、主要做法和亮点</h2><p>领导带头讲学。</p>"
    "<h2>三、存在问题</h2><p>个别单位研讨不深。</p><h2>四、下步要求</h2><p>抓好落实。</p>"
)


@dataclass
class Place:
    city: Committee
    unit: Committee
    compiler: User
    checker: User
    signer: User
    secretary: User


def place(on: date = DAY) -> Place:
    city = build.committee("中共云州市委员会", kind=CommitteeKind.PARTY_COMMITTEE)
    unit = build.committee("市发改委党组", parent=city)
    return Place(
        city, unit, build.granted(Role.REVIEWER, city, on=on), build.granted(Role.REVIEWER, city, on=on),
        build.granted(Role.HEAD, city, on=on), build.secretary_of(unit, on=on),
    )  # fmt: skip


def draft(here: Place, *, year: int = 2026, quarter: int = 1, body: str = BODY, at: datetime = AT, **more) -> Bulletin:
    row = actions.create(here.city, year=year, quarter=quarter, by=here.compiler, at=at)
    typed = {"title": row.title, "to": row.to, "mark": "云宣通", "body": body} | more
    return actions.save(row, **typed, version=row.version, by=here.compiler, at=at).bulletin


def frozen(here: Place, **more) -> Bulletin:
    at = more.get("at", AT)
    row = draft(here, **more)
    return actions.freeze(row, version=row.version, by=here.compiler, at=at)


def submitted(here: Place, **more) -> Bulletin:
    at = more.get("at", AT)
    return actions.submit(frozen(here, **more), version=None, by=here.compiler, at=at)


def checked(here: Place, **more) -> Bulletin:
    at = more.get("at", AT)
    return actions.check(submitted(here, **more), version=None, by=here.checker, at=at)


def issued(here: Place, **more) -> Bulletin:
    at = more.get("at", AT)
    return actions.sign(checked(here, **more), version=None, by=here.signer, at=at)
