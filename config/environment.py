"""Reads settings from the environment and keeps every complaint until the end, in Chinese and English."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urlsplit

from environs import Env
from environs.exceptions import EnvError

_MISSING = object()
_CHINESE = {
    "not set": "没有设置",
    "integer": "要写一个整数",
    "boolean": "要写 true 或 false",
}


class Environment:
    def __init__(self) -> None:
        self._env = Env()
        self._wrong: dict[str, str] = {}

    def refuse(self, name: str, why: str) -> None:
        self._wrong.setdefault(name, why)

    def finish(self) -> None:
        if self._wrong:
            lines = [f"  {name}: {why}" for name, why in self._wrong.items()]
            sys.exit("\n".join(["设置有误，见 .env.example (settings are wrong):", *lines]))

    def _read(self, kind: str, name: str, default: Any, on_error: Any) -> Any:
        if default is not _MISSING and not os.environ.get(name, "").strip():
            return default  # empty counts as not set, as in a compose file
        try:
            return getattr(self._env, kind)(name)
        except EnvError as error:
            words = str(error)
            chinese = next((chinese for english, chinese in _CHINESE.items() if english in words), "写得不对")
            self.refuse(name, f"{chinese} ({words})")
            return on_error

    def text(self, name: str, default: Any = _MISSING, *, least: int = 0) -> str:
        value = self._read("str", name, default, "")
        if len(value) < least and name not in self._wrong:
            self.refuse(name, f"至少 {least} 个字符 (at least {least} characters)")
        return value

    def flag(self, name: str, default: Any = _MISSING) -> bool:
        return self._read("bool", name, default, False)

    def number(self, name: str, default: Any = _MISSING) -> int:
        value = self._read("int", name, default, 0)
        if value < 0:
            self.refuse(name, "不能小于 0 (must not be negative)")
        return value

    def words(self, name: str, default: Any = _MISSING) -> list[str]:
        return [item.strip() for item in self._read("list", name, default, []) if item.strip()]

    def one_of(self, name: str, choices: Sequence[str], default: str) -> str:
        value = self.text(name, default)
        if value not in choices:
            self.refuse(name, f"只能是 {'、'.join(choices)} 之一 (must be one of these)")
        return value

    def moment(self, name: str, zone: tzinfo) -> datetime | None:
        value = self.text(name, "")
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.refuse(name, "要写成 2026-11-20T09:30 (an ISO date and time)")
            return None
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)

    def postgres(self, name: str, default: Any = _MISSING) -> str:
        return self._address(name, default, {"postgres", "postgresql"}, "postgresql://user:password@host:5432/name")

    def redis(self, name: str, default: Any = _MISSING) -> str:
        return self._address(name, default, {"redis", "rediss", "unix"}, "redis://host:6379/0")

    def _address(self, name: str, default: Any, schemes: set[str], example: str) -> str:
        value = self.text(name, default)
        if value and urlsplit(value).scheme not in schemes:
            self.refuse(name, f"要写成 {example} (write it like this)")
        return value
