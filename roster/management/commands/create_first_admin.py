"""The first holder of each administrator's role, with a random password that expires; no default account exists."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from roster.accounts import actions
from roster.accounts.consequences import tell
from roster.accounts.models import Grant, User
from roster.accounts.roles import ROLES, SEPARATED, Role
from roster.accounts.rules import FIRST_PASSWORD_LIVES
from roster.audit.actions import SHANGHAI, SystemActor
from roster.audit.moves import Refused
from roster.committees import actions as committee_actions
from roster.committees.models import Committee, CommitteeKind, CommitteeLevel
from roster.people import actions as people_actions

BY = SystemActor("安装命令")


class Command(BaseCommand):
    help = "建立第一个系统管理员（或安全管理员、审计员），密码随机且会过期 (create the first administrator)"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="登录名")
        parser.add_argument("name", help="姓名")
        parser.add_argument("--role", choices=sorted(SEPARATED), default=Role.ADMIN.value)
        parser.add_argument("--committee-name", default="", help="空库时：最上级委员会的名称")
        parser.add_argument("--committee-code", default="C001", help="空库时：它的编码")
        parser.add_argument("--again", action="store_true", help="此角色已有人也再建一个（如前任失联）")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now().astimezone(SHANGHAI)
        role = Role(options["role"])
        if not options["again"] and Grant.objects.on(at.date()).filter(role=role.value, user__is_active=True).exists():
            raise CommandError(f"已有{ROLES[role].label}。请由安全管理员在“授权”页面办理；前任失联时加 --again。")
        try:
            user, secret = self._create(options, role, at)
        except Refused as refusal:
            raise CommandError("\n".join(refusal.reasons)) from refusal
        self._tell_the_three(user, role, at)
        hours = int(FIRST_PASSWORD_LIVES.total_seconds() // 3600)
        self.stdout.write(
            f"{ROLES[role].label}：{user.username}\n初始密码：{secret}\n{hours} 小时内登录并修改，过期作废。"
        )

    @staticmethod
    def _tell_the_three(user: User, role: Role, at: Any) -> None:
        """Whoever holds one of the three roles already hears that the server made another."""
        held = Grant.objects.on(at.date()).filter(role__in=[role.value for role in SEPARATED]).exclude(user=user)
        for person_id in sorted(set(held.values_list("user__person_id", flat=True)) - {None}):
            tell(
                person_id,
                f"命令新建了{ROLES[role].label}",
                f"服务器上用命令建立了 {user.username}（{user}）。不知情的，请马上核查。",
                at,
            )

    @transaction.atomic
    def _create(self, options: dict[str, Any], role: Role, at: Any) -> tuple[User, str]:
        root = Committee.objects.filter(parent=None, until=None).in_order().first()
        if root is None:
            if not options["committee_name"]:
                raise CommandError("还没有委员会：请加 --committee-name，写最上级委员会的名称。")
            root = committee_actions.create(
                code=options["committee_code"], name=options["committee_name"], kind=CommitteeKind.PARTY_COMMITTEE,
                level=CommitteeLevel.CITY, parent=None, since=at.date().replace(month=1, day=1), by=BY, at=at,
            )  # fmt: skip
        person = people_actions.create_person(name=options["name"], by=BY, at=at)
        user, secret = actions.create_account(person=person, username=options["username"], by=BY, at=at)
        if role == Role.ADMIN:
            user.is_staff = True
            user.save(update_fields=["is_staff"])
        actions.grant(user=user, role=role.value, committee=root, since=at.date(), by=BY, at=at)
        return user, secret
