"""Notices to chat groups: what a message says, and the child process that hands it to the robot."""

from __future__ import annotations

import json
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

from django.conf import settings

from sessions_app.notices.mail import absolute
from sessions_app.notices.models import ChatTarget, Delivery, Notice
from sessions_app.notices.rules import AnswerLost, NeverWill, NotSent, Unreachable

LONGEST = 2000  # bytes; WeCom's robots take 2048
MODULE = "sessions_app.notices.chat_child"
DOUBLE = "（这条消息可能重复：上次发送时系统中断。）"


def environment() -> dict[str, str]:
    """All the child is told: nothing of our own environment, so no secret and no proxy."""
    return {"HOME": "/", "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1", "PYTHONDONTWRITEBYTECODE": "1"}


def text_of(notice: Notice, *, uncertain: bool) -> str:
    """The message: as many lines as fit, and how many more there are."""
    head = [*([DOUBLE] if uncertain else []), f"【{settings.SITE_NAME}】{notice.title}", *notice.lead.splitlines()]
    link = absolute(notice.url)
    foot = [f"查看：{link}"] if link else ["请登录系统查看。"]
    rows = [_row(line) for line in notice.lines]
    for shown in range(len(rows), -1, -1):
        left = len(rows) - shown + notice.more
        text = "\n".join([*head, *rows[:shown], *([f"另有 {left} 项。"] if left else []), *foot])
        if len(text.encode()) <= LONGEST:
            return text
    return f"{text.encode()[: LONGEST - 3].decode(errors='ignore')}…"


def _row(line: dict[str, Any]) -> str:
    words = f"【{line['kind']}】{line.get('what', '')}" if line.get("kind") else str(line.get("what", ""))
    return "- " + "，".join(word for word in (words, line.get("left", "")) if word)


class ChatSender:
    """Starts a child for every message: it has a few seconds, little memory, and the allowed hosts."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is kept between two messages."""

    def send(self, delivery: Delivery) -> None:
        target = ChatTarget.objects.filter(pk=delivery.address, is_active=True).first()
        if target is None:
            raise NeverWill("工作群已停用或不存在；启用后可以重发。")
        answer = ask(target, text_of(delivery.notice, uncertain=delivery.uncertain))
        why = answer.get("why", "")
        match answer["outcome"]:
            case "sent":
                return
            case "later":
                raise NotSent(why)
            case "away":
                same = ChatTarget.objects.filter(provider=target.provider).values_list("pk", flat=True)
                raise Unreachable(why, frozenset(str(pk) for pk in same))
            case "lost":
                raise AnswerLost(why)
            case _:
                raise NeverWill(why)


def ask(target: ChatTarget, text: str) -> dict[str, str]:
    """What the child says of one message; one that had to be ended, or broke, says what it can have done."""
    request = {
        "provider": target.provider, "token": target.token, "secret": target.secret, "text": text,
        "base": settings.CHAT_URLS[target.provider], "hosts": settings.CHAT_HOSTS,
        "private_hosts": settings.CHAT_PRIVATE_HOSTS, "plain": settings.CHAT_PLAIN, "seconds": settings.CHAT_SECONDS,
    }  # fmt: skip
    try:
        done = subprocess.run(
            [sys.executable, "-m", MODULE], input=json.dumps(request).encode(), stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, timeout=settings.CHAT_SECONDS, cwd=settings.BASE_DIR, env=environment(),
            start_new_session=True, check=False,
        )  # fmt: skip
        said = done.stdout
    except subprocess.TimeoutExpired as error:
        said = error.output or b""
    except OSError as error:
        return {"outcome": "later", "why": f"发送程序没有启动（{type(error).__name__}）。"}
    answers = [json.loads(line) for line in said.splitlines() if line.endswith(b"}")]
    if answers and "outcome" in answers[-1]:
        return answers[-1]
    if answers:
        return {"outcome": "lost", "why": f"工作群服务器 {settings.CHAT_SECONDS} 秒内没有答复完，已停止。"}
    return {"outcome": "away", "why": "没有连上工作群服务器，已停止。"}
