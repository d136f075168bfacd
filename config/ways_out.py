"""What is wrong with the settings of mail and chat, each by name; `settings.py` reports it with everything else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from email.utils import parseaddr
from urllib.parse import urlsplit


def faults(
    *, mail_host: str, mail_security: str, mail_port: int, mail_user: str, mail_password: str, mail_from: str,
    mail_timeout: int, base_url: str, reclaim: int, chat_hosts: Sequence[str], chat_private_hosts: Sequence[str],
    chat_urls: Mapping[str, str], chat_plain: bool, chat_seconds: int, may_be_plain: bool,
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """(name, why) of every wrong one and every wrong combination."""
    if mail_host:
        yield from _mail(mail_host, mail_security, mail_port, mail_user, mail_password, mail_from, may_be_plain)
    if not 1 <= mail_timeout <= 60:
        yield "ZHIXING_MAIL_TIMEOUT_SECONDS", "要在 1 到 60 之间 (1 to 60)"
    # Two tries on one line each take three answers' time at most.
    least = max(mail_timeout * 6, chat_seconds) + 30
    if reclaim < least:
        yield "ZHIXING_DELIVERY_RECLAIM_SECONDS", f"不能小于 {least}，否则还在发的会再发一次 (at least {least})"
    if base_url and not is_site(base_url):
        yield "ZHIXING_BASE_URL", "要写成 https://zhixing.example (scheme and host only)"
    if not 3 <= chat_seconds <= 60:
        yield "ZHIXING_CHAT_SECONDS", "要在 3 到 60 之间 (3 to 60)"
    if chat_plain and not may_be_plain:
        yield "ZHIXING_CHAT_PLAIN", "只用于演示和测试 (for demo and tests only)"
    for host in chat_private_hosts:
        if host not in chat_hosts:
            yield "ZHIXING_CHAT_PRIVATE_HOSTS", f"{host} 不在 ZHIXING_CHAT_HOSTS 里 (not in ZHIXING_CHAT_HOSTS)"
    for host in chat_hosts:
        if not host or set(host) & set("/:@?# "):
            yield "ZHIXING_CHAT_HOSTS", f"{host} 不是主机名 (names of hosts only)"
    for provider, url in chat_urls.items():
        why = _chat(url, chat_hosts, chat_plain and may_be_plain)
        if why:
            yield f"ZHIXING_CHAT_{provider}_URL", why


def _mail(
    host: str, security: str, port: int, user: str, password: str, mail_from: str, may_be_plain: bool
) -> Iterator[tuple[str, str]]:
    if set(host) & set("/:@ "):
        yield "ZHIXING_MAIL_HOST", "只写主机名，端口写在 ZHIXING_MAIL_PORT (host only, the port has its own setting)"
    if not 0 < port < 65536:
        yield "ZHIXING_MAIL_PORT", "要在 1 到 65535 之间 (1 to 65535)"
    if port == 465 and security != "tls":
        yield "ZHIXING_MAIL_SECURITY", "465 端口要用 tls (port 465 speaks tls)"
    if port == 587 and security == "tls":
        yield "ZHIXING_MAIL_SECURITY", "587 端口要用 starttls (port 587 speaks starttls)"
    if bool(user) != bool(password):
        yield "ZHIXING_MAIL_USER", "账号和密码要么都写，要么都不写 (with ZHIXING_MAIL_PASSWORD, or neither)"
    if password and security == "none" and not may_be_plain:
        yield "ZHIXING_MAIL_PASSWORD", "不加密时不能发送密码 (no password over a line that is not encrypted)"
    address = parseaddr(mail_from)[1]
    if not mail_from or address.count("@") != 1 or address.startswith("@") or address.endswith("@"):
        yield "ZHIXING_MAIL_FROM", "要写成 知行 <zhixing@zhixing.example> (needed with a mail host)"
    elif "\n" in mail_from or "\r" in mail_from:
        yield "ZHIXING_MAIL_FROM", "只能有一行 (one line)"


def is_site(url: str) -> bool:
    """Scheme and host, perhaps a port, and nothing else."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username or parts.password)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and bare and port != 0


def _chat(url: str, hosts: Sequence[str], plain: bool) -> str:
    if not is_site(url):
        return "要写成 https://qyapi.weixin.qq.com (scheme and host only)"
    parts = urlsplit(url)
    if parts.scheme != "https" and not plain:
        return "只能用 https (https only)"
    return "" if parts.hostname in hosts else "主机名不在 ZHIXING_CHAT_HOSTS 里 (its host is not in ZHIXING_CHAT_HOSTS)"
