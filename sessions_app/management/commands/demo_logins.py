"""`manage.py demo_logins`: one log-in for each role of the demo."""

from typing import Any

from django.core.management.base import BaseCommand

from sessions_app.demo.accounts import PASSWORD, known


class Command(BaseCommand):
    help = "列出演示账号（每个角色一个）。"

    def handle(self, *args: Any, **options: Any) -> None:
        rows = known()
        if not rows:
            self.stdout.write("这里没有演示账号：数据不是由 load_demo 装入的。")
            return
        self.stdout.write(f"演示账号，密码都是 {PASSWORD}")
        for row in rows:
            self.stdout.write(f"  {row.username:<12}{row.role}  {row.whose}  {row.does}")
