"""Notices by mail: what a letter says, and the one connection over which a drain sends them."""

from __future__ import annotations

import smtplib
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC
from email.utils import parseaddr
from functools import partial
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.smtp import EmailBackend
from django.core.validators import validate_email
from django.template.loader import render_to_string

from sessions_app.notices.models import Delivery
from sessions_app.notices.rules import AnswerLost, NeverWill, NotSent, Unreachable

AUTHENTICATION = {530, 534, 535, 538}


def absolute(path: str) -> str:
    """A link that works in a letter; empty where the site's address is not set, or the path is none of ours."""
    ours = path.startswith("/") and not path.startswith("//")
    return f"{settings.BASE_URL}{path}" if settings.BASE_URL and ours else ""


def message_id(delivery: Delivery) -> str:
    """The same for every try of a delivery, so that a mailbox may recognise the second one."""
    host = parseaddr(settings.MAIL_FROM)[1].partition("@")[2] or "localhost"
    return f"<zhixing.{delivery.notice.created_at.astimezone(UTC):%Y%m%d%H%M%S}.{delivery.pk}@{host}>"


def letter(delivery: Delivery) -> EmailMultiAlternatives:
    """The whole letter of a delivery; NeverWill when its address is none."""
    notice = delivery.notice
    try:
        validate_email(delivery.address)
    except ValidationError:
        raise NeverWill("邮箱地址写得不对，请在人员页改正后重发。") from None
    lines = [{**line, "link": absolute(str(line.get("url", "")))} for line in notice.lines]
    context = {
        "notice": notice, "lines": lines, "site": settings.SITE_NAME, "link": absolute(notice.url),
        "uncertain": delivery.uncertain, "settings_link": absolute("/inbox/settings/"),
    }  # fmt: skip
    subject = " ".join(f"【{settings.SITE_NAME}】{notice.title}".split())  # one line, whatever a title holds
    headers = {
        "Message-ID": message_id(delivery),
        "Auto-Submitted": "auto-generated",  # holiday answers stay away
        "X-Auto-Response-Suppress": "All",
    }
    if delivery.uncertain:
        headers["X-Zhixing-Possible-Duplicate"] = "yes"
    mail = EmailMultiAlternatives(
        subject, render_to_string("notices/mail.txt", context), settings.MAIL_FROM, [delivery.address], headers=headers
    )
    mail.attach_alternative(render_to_string("notices/mail.html", context), "text/html")
    return mail


class _Line:
    """What both kinds of SMTP connection are here: they know whether a letter's text was on its way."""

    on_its_way = False

    def __init__(self, *args: Any, began: Callable[[Any], None], **more: Any) -> None:
        began(self)  # before the greeting, for which a server may let us wait
        super().__init__(*args, **more)

    def data(self, msg: Any) -> Any:
        self.on_its_way = True
        return super().data(msg)  # type: ignore[misc]


class _Plain(_Line, smtplib.SMTP):
    pass


class _Wrapped(_Line, smtplib.SMTP_SSL):
    pass


class _Backend(EmailBackend):
    line: Any = None

    @property
    def connection_class(self) -> Any:
        return partial(_Wrapped if self.use_ssl else _Plain, began=self._began)

    def _began(self, line: Any) -> None:
        self.line = line


class MailSender:
    """The mail server's connection, opened with the first letter and kept until the drain ends."""

    def __init__(self) -> None:
        self._backend = _Backend(
            host=settings.MAIL_HOST, port=settings.MAIL_PORT, username=settings.MAIL_USER,
            password=settings.MAIL_PASSWORD, use_tls=settings.MAIL_SECURITY == "starttls",
            use_ssl=settings.MAIL_SECURITY == "tls", timeout=settings.MAIL_TIMEOUT_SECONDS,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._bounded():
            self._close()

    def send(self, delivery: Delivery) -> None:
        try:
            mail = letter(delivery)
            message: Any = mail.message()
            raw = message.as_bytes(linesep="\r\n")
        except (ValueError, UnicodeError) as error:  # BadHeaderError among them
            raise NeverWill(f"这封邮件写不成（{type(error).__name__}），请核对邮箱地址。") from error
        used = self._backend.connection is not None
        try:
            self._hand_over(delivery.address, raw)
        except Unreachable:
            if not used:
                raise
            # The server hung up on an idle line: that says nothing of this letter.
            self._hand_over(delivery.address, raw)

    def _hand_over(self, address: str, raw: bytes) -> None:
        with self._bounded():
            self._hand(self._open(), address, raw)

    def _hand(self, line: Any, address: str, raw: bytes) -> None:
        line.on_its_way = False
        name, _, host = address.rpartition("@")
        try:
            to = f"{name}@{host.encode('idna').decode()}"
            line.sendmail(parseaddr(settings.MAIL_FROM)[1], [to], raw)
        except UnicodeError as error:
            raise NeverWill("邮箱地址含有邮件服务器不认的字符，请在人员页改正后重发。") from error
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()))
            self._refused(code, words)
        except smtplib.SMTPResponseException as error:  # sender or text refused
            self._refused(error.smtp_code, error.smtp_error)
        except smtplib.SMTPNotSupportedError as error:
            raise NeverWill("邮件服务器不支持这样的地址。") from error
        except (smtplib.SMTPException, OSError) as error:
            on_its_way = line.on_its_way
            self._close()
            if on_its_way:
                raise AnswerLost("发出以后没有等到邮件服务器的答复。") from error
            raise Unreachable("邮件服务器中断了连接。") from error

    def _refused(self, code: int, words: bytes | str) -> None:
        said = f"{code} {words.decode('utf-8', 'replace') if isinstance(words, bytes) else words}"
        if code in AUTHENTICATION:
            self._close()
            raise Unreachable(f"邮件服务器要求登录：{said}")
        if 500 <= code < 600:
            raise NeverWill(f"邮件服务器拒收：{said}")
        if code == 421:
            self._close()
            raise Unreachable(f"邮件服务器暂停服务：{said}")
        raise NotSent(f"邮件服务器暂不接收：{said}")

    def _open(self) -> Any:
        try:
            self._backend.open()
        except smtplib.SMTPAuthenticationError as error:
            self._close()
            raise Unreachable(f"登录邮件服务器失败（{error.smtp_code}），请核对账号和密码。") from error
        except ssl.SSLError as error:
            self._close()
            raise Unreachable("邮件服务器的证书或加密方式不对。") from error
        except (smtplib.SMTPException, OSError) as error:
            self._close()
            raise Unreachable(f"连不上邮件服务器（{type(error).__name__}）。") from error
        return self._backend.connection

    def _close(self) -> None:
        with suppress(smtplib.SMTPException, OSError):
            self._backend.close()
        self._backend.connection = None

    @contextmanager
    def _bounded(self) -> Iterator[None]:
        """A server that answers drop by drop outlasts every time-out of a read: in the end the line is cut."""

        def cut() -> None:
            sock = getattr(self._backend.line, "sock", None)
            if sock is not None:
                with suppress(OSError):
                    sock.shutdown(2)

        timer = threading.Timer(settings.MAIL_TIMEOUT_SECONDS * 3, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
