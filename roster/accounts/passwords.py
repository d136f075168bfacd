"""Password rules beyond Django's own (profile `dengbao`: 3 of 4 classes, not one of the last five)."""

import re
from typing import Any

from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError

CLASSES = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[^a-zA-Z0-9]")


class ThreeOfFourClasses:
    def validate(self, password: str, user: Any = None) -> None:
        if sum(bool(re.search(pattern, password)) for pattern in CLASSES) < 3:
            raise ValidationError("密码须含大写字母、小写字母、数字、符号四类中的至少三类。", code="password_classes")

    def get_help_text(self) -> str:
        return "大写字母、小写字母、数字、符号四类中至少三类。"


class NotRecentlyUsed:
    """Not the present password nor one of the last; `accounts.actions` keeps the old ones."""

    def __init__(self, last: int = 5) -> None:
        self.last = last

    def validate(self, password: str, user: Any = None) -> None:
        used = [*getattr(user, "old_passwords", []), getattr(user, "password", "")]
        for old in used[-self.last :]:
            if old and check_password(password, old):
                raise ValidationError(f"不能使用最近 {self.last} 次用过的密码。", code="password_reused")

    def get_help_text(self) -> str:
        return f"不得与最近 {self.last} 次用过的密码相同。"
