"""One log-in for each role, told by `manage.py demo_logins`. The password is the demo's own and opens nothing else."""

from dataclasses import dataclass
from datetime import date, datetime

from django.contrib.auth.hashers import make_password

from roster.accounts import actions
from roster.accounts.models import User
from roster.accounts.roles import Role
from roster.audit.actions import Actor
from roster.committees.models import Committee
from roster.people.models import Person, StudySecretary
from sessions_app.demo.world import SHOWN, SHOWN_SMALL, World

PASSWORD = "Zhixing-demo-2026"  # noqa: S105 -- printed for everybody to see; load_demo refuses any but an empty base


@dataclass(frozen=True)
class Login:
    username: str
    role: str
    whose: str
    does: str


def shown_committee(world: World) -> str:
    codes = {body.code for body in world.bodies}
    return SHOWN if SHOWN in codes else SHOWN_SMALL


# username, role word, what to try. Who it is: see _who.
LOGINS = (
    Login("mishu", "学习秘书", "", "登记一场学习：方案、点名、记录、成果"),
    Login("zuzhang", "组长", "", "待我审批；下载年度学习情况报告"),
    Login("fuzuzhang", "副组长", "", "审阅发言、审签记录"),
    Login("chengyuan", "中心组成员", "", "我的学习：请假、发言、补学"),
    Login("shenhe", "宣传部审核人（市）", "", "总览、导入导出、期间、印发全市报告"),
    Login("xianshenhe", "宣传部审核人（县）", "", "只看本县"),
    Login("buling", "部领导", "", "总览、文书下载"),
    Login("pangting", "旁听组成员", "", "我的旁听：看材料包、现场评分、写反馈意见"),
    Login("guanli", "系统管理员", "", "账号、委员会、参数；看不到学习内容"),
    Login("anquan", "安全管理员", "", "授权与收回"),
    Login("shenji", "审计员", "", "操作日志"),
    Login("fuhe", "宣传部复核人（市）", "", "审核反馈意见，复核佐证，逐件销号"),
)


def create(world: World, *, by: Actor, at: datetime) -> list[Login]:
    """Accounts for people of the demo; the granted roles stand over the city or the first county."""
    body = world.body(shown_committee(world))
    today = at.date()
    here = body.on(today)
    root = Committee.objects.get(code="LC00")
    county = Committee.objects.get(code="LX0100")
    # Officials of the department come from the people who sit in no group.
    spare = iter(reversed(world.people))
    whose: dict[str, str] = {
        "mishu": body.secretaries[0], "zuzhang": body.leader_on(today), "fuzuzhang": here[1].person,
        "chengyuan": here[4].person,
    }  # fmt: skip
    granted = {
        "shenhe": (Role.REVIEWER, root), "xianshenhe": (Role.REVIEWER, county), "buling": (Role.HEAD, root),
        "pangting": (Role.OBSERVER, root), "guanli": (Role.ADMIN, root), "anquan": (Role.SECURITY, root),
        "shenji": (Role.AUDITOR, root), "fuhe": (Role.REVIEWER, root),
    }  # fmt: skip
    made = []
    for login in LOGINS:
        code = whose.get(login.username) or next(spare).code
        person = Person.objects.get(code=code)
        user, _ = actions.create_account(person=person, username=login.username, password=PASSWORD, by=by, at=at)
        if login.username in granted:
            role, committee = granted[login.username]
            actions.grant(user=user, role=role, committee=committee, since=date(today.year - 2, 1, 1), by=by, at=at)
        where = (
            str(granted[login.username][1]) if login.username in granted else str(Committee.objects.get(code=body.code))
        )
        made.append(Login(login.username, login.role, f"{person.name}（{where}）", login.does))
    return made


def create_clerks(*, at: datetime) -> int:
    """Accounts nobody can log in with for the other study secretaries: they hand in scores and sign for bulletins."""
    held = StudySecretary.objects.on(at.date()).filter(person__user=None).select_related("committee")
    people = {row.person_id: row.committee.code for row in held.order_by("-since", "-id")}
    shut = make_password(None)
    User.objects.bulk_create(
        User(username=f"m{code.lower()}-{person_id}", person_id=person_id, password=shut, password_changed_at=at)
        for person_id, code in people.items()
    )
    return len(people)


def known() -> list[Login]:
    """The demo's log-ins as they stand in the database; empty when this is not a demo."""
    users = {user.username: user for user in User.objects.filter(username__in=[row.username for row in LOGINS])}
    return [
        Login(row.username, row.role, users[row.username].display_name, row.does)
        for row in LOGINS
        if row.username in users
    ]
