"""The settings of mail and chat: wrong ones and wrong combinations, each by its own name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.ways_out import faults

PROJECT = Path(__file__).resolve().parents[2]
GOOD: dict[str, Any] = {
    "mail_host": "mail.zhixing.example", "mail_security": "starttls", "mail_port": 587, "mail_user": "zhixing",
    "mail_password": "secret", "mail_from": "知行 <zhixing@zhixing.example>", "mail_timeout": 20,
    "base_url": "https://zhixing.example", "reclaim": 300, "chat_hosts": ["qyapi.weixin.qq.com", "wecom.zhixing.example"],
    "chat_private_hosts": ["wecom.zhixing.example"], "chat_urls": {"WECOM": "https://wecom.zhixing.example:8443"},
    "chat_plain": False, "chat_seconds": 15, "may_be_plain": False,
}  # fmt: skip


def wrong(**more: Any) -> set[str]:
    return {name.removeprefix("ZHIXING_") for name, _ in faults(**GOOD | more)}


def test_good_ones_are_taken() -> None:
    assert wrong() == set()
    assert wrong(mail_user="", mail_password="", mail_security="none", mail_port=25) == set()
    assert wrong(mail_security="tls", mail_port=465, base_url="http://10.1.2.3:8000") == set()
    assert wrong(mail_host="", mail_from="", mail_user="left over") == set(), "without a host the rest says nothing"


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ({"mail_from": ""}, {"MAIL_FROM"}), ({"mail_from": "知行"}, {"MAIL_FROM"}),
        ({"mail_from": "知行 <a@b.example>\nBcc: c@d.example"}, {"MAIL_FROM"}),
        ({"mail_host": "mail.zhixing.example:25"}, {"MAIL_HOST"}), ({"mail_port": 0}, {"MAIL_PORT"}),
        ({"mail_port": 70000}, {"MAIL_PORT"}), ({"mail_port": 465}, {"MAIL_SECURITY"}),
        ({"mail_security": "tls"}, {"MAIL_SECURITY"}), ({"mail_user": ""}, {"MAIL_USER"}),
        ({"mail_password": ""}, {"MAIL_USER"}), ({"mail_security": "none", "mail_port": 25}, {"MAIL_PASSWORD"}),
        ({"mail_timeout": 0}, {"MAIL_TIMEOUT_SECONDS"}), ({"reclaim": 60}, {"DELIVERY_RECLAIM_SECONDS"}),
        ({"base_url": "zhixing.example"}, {"BASE_URL"}), ({"base_url": "https://zhixing.example/app"}, {"BASE_URL"}),
        ({"base_url": "javascript:alert(1)"}, {"BASE_URL"}), ({"chat_seconds": 600}, {"CHAT_SECONDS", "DELIVERY_RECLAIM_SECONDS"}),
        ({"chat_plain": True}, {"CHAT_PLAIN"}), ({"chat_private_hosts": ["10.1.2.3"]}, {"CHAT_PRIVATE_HOSTS"}),
        ({"chat_hosts": ["https://x.example"]}, {"CHAT_HOSTS", "CHAT_PRIVATE_HOSTS", "CHAT_WECOM_URL"}),
        ({"chat_urls": {"WECOM": "http://wecom.zhixing.example"}}, {"CHAT_WECOM_URL"}),
        ({"chat_urls": {"FEISHU": "https://elsewhere.example"}}, {"CHAT_FEISHU_URL"}),
        ({"chat_urls": {"FEISHU": "https://a:b@qyapi.weixin.qq.com"}}, {"CHAT_FEISHU_URL"}),
    ],
)  # fmt: skip
def test_each_wrong_one_is_named(more: dict[str, Any], names: set[str]) -> None:
    assert wrong(**more) == names


def test_all_at_once_and_before_anything_starts(tmp_path: Path) -> None:
    told = {
        "ZHIXING_MAIL_HOST": "mail.zhixing.example", "ZHIXING_MAIL_SECURITY": "ssl", "ZHIXING_MAIL_USER": "zhixing",
        "ZHIXING_BASE_URL": "zhixing", "ZHIXING_CHAT_WECOM_URL": "http://qyapi.weixin.qq.com",
        "ZHIXING_DELIVERY_RECLAIM_SECONDS": "1", "ZHIXING_CHAT_PLAIN": "true",
        "DATABASE_URL": "postgresql://zhixing@localhost/zhixing", "REDIS_URL": "redis://localhost:6379/0",
        "ZHIXING_HOSTS": "zhixing.example", "ZHIXING_SECRET_KEY": "k9" * 40,
    }  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZHIXING_")}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=PROJECT, env=kept | told | {"ZHIXING_VAR": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and "Traceback" not in done.stderr
    for name in ("MAIL_SECURITY", "MAIL_USER", "MAIL_FROM", "BASE_URL", "DELIVERY_RECLAIM_SECONDS", "CHAT_PLAIN",
                 "CHAT_WECOM_URL"):  # fmt: skip
        assert f"  ZHIXING_{name}: " in done.stderr, (name, done.stderr)
