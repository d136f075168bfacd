"""How a send can end, when it is tried again, and what of an address may be shown. Pure, over plain values."""

from __future__ import annotations

import re
from collections.abc import Mapping

BACK_OFF_MINUTES = (1, 5, 15, 60, 180, 360)  # after the first, second ... failure; the last one again and again
JITTER = 0.2  # so that what failed together does not come back together
MAX_ATTEMPTS = 8


class NotSent(Exception):
    """Certainly not sent; worth another try. `why` is a Chinese sentence for the log of deliveries."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class Unreachable(NotSent):
    """... because the server cannot be reached: the others that go there wait for the next shift, attempts unspent.

    `addresses`: those of the deliveries that go there; None: all of the channel.
    """

    def __init__(self, why: str, addresses: frozenset[str] | None = None) -> None:
        self.addresses = addresses
        super().__init__(why)


class NeverWill(Exception):
    """Refused for good: trying again cannot help before somebody changes something."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class AnswerLost(Exception):
    """Under way when the line broke or the time ran out: it may have arrived."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


def wait_seconds(attempts: int, spread: float) -> float:
    """How long to wait after the `attempts`-th failure; `spread` in [-1, 1] moves it by up to a fifth."""
    minutes = BACK_OFF_MINUTES[min(max(attempts, 1), len(BACK_OFF_MINUTES)) - 1]
    return minutes * 60 * (1 + JITTER * spread)


# ------------------------------------------------------------------------------------------- what may be shown

ADDRESS = re.compile(r"(?<![\w.+%-])[\w.+%-]+@[\w-]+(\.[\w-]+)*")


def masked_mail(address: str) -> str:
    """z***@example.cn: enough to recognise, too little to write to."""
    name, _, host = address.partition("@")
    return f"{name[:1]}***@{host}" if host else "***"


def masked_key(token: str) -> str:
    """The last four signs of a robot's key; a short one not even that."""
    return f"……{token[-4:]}" if len(token) >= 12 else "……"


def without_addresses(words: str) -> str:
    """A server's answer quotes the address it refuses; in the log it stands masked, on one line."""
    return ADDRESS.sub(lambda found: masked_mail(found.group()), " ".join(words.split()))


# ------------------------------------------------------------------------------------------------- chat robots

KEYS: Mapping[str, re.Pattern[str]] = {
    "WECOM": re.compile(r"[0-9a-zA-Z]{8}(-[0-9a-zA-Z]{4}){3}-[0-9a-zA-Z]{12}"),
    "DINGTALK": re.compile(r"[0-9a-zA-Z]{32,64}"),
    "FEISHU": re.compile(r"[0-9a-zA-Z]{8}(-[0-9a-zA-Z]{4}){3}-[0-9a-zA-Z]{12}"),
}
KEY_WORDS: Mapping[str, str] = {
    "WECOM": "企业微信的密钥形如 693a91f6-7a0c-4bc4-97a0-0ec2d1fa5aaa，是群机器人地址里 key= 后面的部分。",
    "DINGTALK": "钉钉的密钥是群机器人地址里 access_token= 后面的 64 位字母和数字。",
    "FEISHU": "飞书的密钥形如 1d7a3c0e-5b2f-4c1d-9e8a-0f6b7c8d9e0a，是群机器人地址最后一段。",
}
SECRET = re.compile(r"[0-9a-zA-Z]{8,100}")


def key_faults(provider: str, token: str, secret: str) -> dict[str, str]:
    """What is wrong with a robot's key and its signing secret, by field; empty when both may be kept."""
    faults = {}
    if "/" in token or "=" in token:
        faults["token"] = f"只填密钥，不填整个地址。{KEY_WORDS[provider]}"
    elif not KEYS[provider].fullmatch(token):
        faults["token"] = f"密钥的写法不对。{KEY_WORDS[provider]}"
    if secret and provider != "DINGTALK":
        faults |= {"secret": "只有钉钉用加签密钥；企业微信和飞书请用关键词或 IP 限制，这里留空。"}
    elif secret and not SECRET.fullmatch(secret):
        faults |= {"secret": "加签密钥只含字母和数字，以 SEC 开头。"}
    return faults
