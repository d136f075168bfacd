"""A process that sends one message to one chat robot and says how it went; the only place that knows apprise.

stdin: one JSON object {"provider", "token", "secret", "text", "base", "hosts", "private_hosts", "plain", "seconds"}.
stdout: a line {"connected": true} once a connection stands, then {"outcome": sent | later | away | never | lost, "why"}.
Whatever apprise or a robot's answer may try, the process connects to no host but those given, and to no inner address.
"""

from __future__ import annotations

import ipaddress
import json
import os
import resource
import signal
import socket
import sys
from typing import Any, NoReturn
from urllib.parse import urlsplit

import requests
from apprise.plugins.base import NotifyBase
from apprise.plugins.dingtalk import NotifyDingTalk
from apprise.plugins.feishu import NotifyFeishu
from apprise.plugins.wecombot import NotifyWeComBot

ROBOTS = {"WECOM": (NotifyWeComBot, "key"), "DINGTALK": (NotifyDingTalk, "token"), "FEISHU": (NotifyFeishu, "token")}
# A 200 that says no: WeCom and DingTalk in errcode, Feishu in code (StatusCode in its older answers).
CODES = {"WECOM": ("errcode",), "DINGTALK": ("errcode",), "FEISHU": ("code", "StatusCode")}
BUSY = {-1, 45009, 130101, 410100, 11232}  # too many in this minute, or the provider itself is busy
LARGEST_ANSWER = 64 * 1024
MEMORY_MB = 512


class NotAllowed(Exception):
    """The guard said no; `why` is for the log of deliveries."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Guard:
    """Between this process and the network: names are resolved and connections made for the given hosts only."""

    def __init__(self, request: dict[str, Any], say: Any) -> None:
        self.hosts = set(request["hosts"])
        self.private_hosts = set(request["private_hosts"])
        self.plain = bool(request["plain"])
        self.say = say
        self.looked_at: set[str] = set()
        self.resolve, self.connect = socket.getaddrinfo, socket.socket.connect

    def stand(self) -> None:
        guard = self

        def connect(line: socket.socket, address: Any) -> None:
            guard.check_address(line, address)
            guard.connect(line, address)
            guard.say({"connected": True})

        def no_connect(line: socket.socket, address: Any) -> NoReturn:
            raise NotAllowed("程序试图绕过检查连接网络，已拒绝。")

        socket.getaddrinfo = self.getaddrinfo  # type: ignore[assignment]
        socket.socket.connect = connect  # type: ignore[method-assign,assignment]
        socket.socket.connect_ex = no_connect  # type: ignore[method-assign]

    def getaddrinfo(self, host: Any, *args: Any, **more: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name not in self.hosts:
            raise NotAllowed(f"{name[:80]} 不在允许的主机之内，没有连接。")
        found = self.resolve(host, *args, **more)
        for entry in found:
            self.check_inner(name, str(entry[4][0]))
        self.looked_at |= {str(entry[4][0]) for entry in found}
        return found

    def check_inner(self, name: str, address: str) -> None:
        ip = ipaddress.ip_address(address.partition("%")[0])
        ip = getattr(ip, "ipv4_mapped", None) or ip
        if ip.is_loopback and self.plain:
            return
        if ip.is_global and not ip.is_multicast:
            return
        inner = ip.is_private and not (ip.is_loopback or ip.is_link_local or ip.is_unspecified)
        if inner and name in self.private_hosts:
            return
        raise NotAllowed(f"{name[:80]} 指向内部地址，没有连接。")

    def check_address(self, line: socket.socket, address: Any) -> None:
        inet = line.family in (socket.AF_INET, socket.AF_INET6)
        if not inet or str(address[0]) not in self.looked_at:
            raise NotAllowed("程序试图绕过检查连接网络，已拒绝。")


class Post:
    """What apprise posts with: no proxy, no redirect, a short answer; keeps how it went, which apprise does not tell."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self.outcome: dict[str, str] = {}
        self.session = requests.Session()
        self.session.trust_env = False

    def __call__(self, url: str, **more: Any) -> requests.Response:
        more |= {"allow_redirects": False, "stream": True}
        try:
            answer = self.session.post(url, **more)
            body = self._body(answer)
        except NotAllowed as error:
            self._say("never", error.why)
            raise requests.RequestException from error
        except requests.exceptions.SSLError:
            self._say("away", "工作群服务器的证书不对。")
            raise
        except requests.RequestException as error:
            self._say(*self._broken(error))
            raise
        self._say(*self._judged(answer.status_code, body))
        answer._content = body
        return answer

    def _say(self, outcome: str, why: str) -> None:
        self.outcome = {"outcome": outcome, "why": why}

    def _body(self, answer: requests.Response) -> bytes:
        body = b""
        for part in answer.iter_content(8192):
            body += part
            if len(body) > LARGEST_ANSWER:
                answer.close()
                raise requests.exceptions.ContentDecodingError
        return body

    def _broken(self, error: Exception) -> tuple[str, str]:
        """(outcome, why); an error's own words hold the robot's key, so they are never told."""
        inner: BaseException | None = error
        while inner is not None:
            if isinstance(inner, NotAllowed):
                return "never", inner.why
            inner = inner.__cause__ or inner.__context__
        if isinstance(error, requests.exceptions.ConnectTimeout) or "NewConnectionError" in str(error):
            return "away", "连不上工作群服务器。"
        if "NameResolutionError" in str(error):
            return "away", "找不到工作群服务器的地址。"
        if isinstance(error, requests.exceptions.ContentDecodingError):
            return "lost", "工作群服务器的答复过长或无法识别。"
        return "lost", "发出以后没有等到工作群服务器的答复。"

    def _judged(self, status: int, body: bytes) -> tuple[str, str]:
        if status in (408, 425, 429) or status >= 500:
            return "later", f"工作群服务器答复 {status}。"
        if status != 200:
            redirected = "，要求转到别处，没有跟随" if 300 <= status < 400 else ""
            return "never", f"工作群服务器答复 {status}{redirected}。"
        try:
            said = json.loads(body)
            code = next((said[name] for name in CODES[self.provider] if name in said), None)
        except (ValueError, TypeError):
            code = None
        if code == 0:
            return "sent", ""
        if code in BUSY:
            return "later", f"工作群服务器繁忙（代码 {code}）。"
        if isinstance(code, int):
            return "never", f"机器人拒收（代码 {code}），请核对密钥、关键词和加签设置。"
        return "never", "工作群服务器的答复无法识别，请核对服务器地址。"


def robot_of(request: dict[str, Any]) -> NotifyBase:
    """apprise's robot, calling `base` instead of the provider's own host."""
    kind, name = ROBOTS[request["provider"]]
    path = urlsplit(kind.notify_url)
    base = request["base"] + path.path + (f"?{path.query}" if path.query else "")
    here = type("Robot", (kind,), {"notify_url": base})
    words = {name: request["token"], "redirect": "no", "rto": request["seconds"] / 2, "cto": request["seconds"] / 3}
    if request["secret"]:
        words["secret"] = request["secret"]
    return here(**words)


def limit(seconds: float) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MB * 2**20, MEMORY_MB * 2**20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # writes no file
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))  # starts nothing
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds + 5)  # should the parent be gone


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever a library prints does not get between the answers
    request = json.loads(sys.stdin.buffer.read(64 * 1024))
    limit(request["seconds"])

    def say(words: dict[str, Any]) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    Guard(request, say).stand()
    post = Post(request["provider"])
    requests.post = post  # type: ignore[assignment]
    try:
        robot = robot_of(request)
    except TypeError:  # what apprise raises for a key it does not take
        say({"outcome": "never", "why": "机器人密钥的写法不对。"})
        return
    robot.notify(body=request["text"], body_format="text")
    say(post.outcome or {"outcome": "never", "why": "程序没有发出这条消息。"})


if __name__ == "__main__":
    main()
