"""A mail server and a chat server on loopback that really take what is sent, and misbehave on demand."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


class MailSink:
    """Counts letters by Message-ID. `before`, `after`: seconds the server takes before and after it has a letter."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.before = self.after = 0.0
        self.sender_answer = self.address_answer = self.text_answer = ""
        self.hang_up = False  # take the letter and close the line without a word
        self.lines = 0  # connections made

    @property
    def times(self) -> Counter[str]:
        return Counter(str(letter["Message-ID"]) for letter in self.letters)

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        self.lines += 1
        session.host_name = hostname
        return responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.sender_answer:
            return self.sender_answer
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.address_answer:
            return self.address_answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        await asyncio.sleep(self.before)
        if self.text_answer:
            return self.text_answer
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        await asyncio.sleep(self.after)
        if self.hang_up:
            server.transport.abort()
        return "250 taken"


@contextmanager
def mail_sink(port: int = 0, **more: Any) -> Iterator[tuple[MailSink, int]]:
    """`more`: ssl_context (TLS from the start), tls_context and require_starttls, authenticator and auth_required."""
    sink, port = MailSink(), port or free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=port, **more)
    controller.start()
    try:
        yield sink, port
    finally:
        controller.stop()


class ChatSink(ThreadingHTTPServer):
    """Keeps (path, body) of every call; `answers` says how the next ones are answered, then the last one for ever."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answers: list[Callable[[BaseHTTPRequestHandler], None]] = [says({"errcode": 0, "errmsg": "ok", "code": 0})]
        super().__init__(("127.0.0.1", port), ChatHandler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up is what is tested here."""


class ChatHandler(BaseHTTPRequestHandler):
    server: ChatSink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.path, json.loads(body)))
        answers = self.server.answers
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    do_GET = do_POST

    def log_message(self, *args: Any) -> None:
        """Silent."""


def says(words: dict[str, Any] | bytes, status: int = 200, **headers: str) -> Callable[[BaseHTTPRequestHandler], None]:
    body = words if isinstance(words, bytes) else json.dumps(words).encode()

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def endless(handler: BaseHTTPRequestHandler) -> None:
    """A body without end."""
    handler.send_response(200)
    handler.end_headers()
    with suppress(OSError):
        while True:
            handler.wfile.write(b" " * 65536)


def drops(handler: BaseHTTPRequestHandler) -> None:
    """One letter of the head now and then: each read is short enough, all together never end."""
    with suppress(OSError):
        handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for _ in range(200):
            handler.wfile.write(b"X: y\r\n")
            time.sleep(0.2)


def silent(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def chat_sink() -> Iterator[tuple[ChatSink, str]]:
    server = ChatSink()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
