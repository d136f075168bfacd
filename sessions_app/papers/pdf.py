"""The parent of the PDF child: starts it, hands it documents, ends it when it is too slow, too big or too old."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from sessions_app.papers.fonts import style_of_fonts

SHEETS = ("page.css", "official.css")
STATIC = Path(settings.BASE_DIR) / "static" / "papers"


class PaperFailed(Exception):
    """A document could not be set; `sentence` says it in Chinese for the page."""

    def __init__(self, sentence: str, detail: str = "") -> None:
        self.sentence = sentence
        super().__init__(f"{sentence} {detail}".strip())


def environment() -> dict[str, str]:
    """What a child is told of ours: no secret, and the same every time."""
    return {
        "PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0", "MALLOC_ARENA_MAX": "1", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip


@dataclass(frozen=True)
class Printed:
    pdf: bytes
    pages: int
    refused: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()  # letters that no font has: a box stands for each


class Press:
    """One child process, used by one caller at a time, renewed after `life` documents.

    Memory (MB of address space), CPU seconds and wall seconds a document come from settings; the child can reach
    neither the network nor any file outside static/papers.
    """

    module = "sessions_app.papers.pdf_child"

    def __init__(
        self,
        *,
        memory_mb: int | None = None,
        seconds: float | None = None,
        life: int = 60,
    ) -> None:
        self.memory_mb = memory_mb or settings.PAPER_MEMORY_MB
        self.seconds = seconds or settings.PAPER_SECONDS
        self.life = life
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._left = 0

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child and self._child.poll() is None else None

    def print(self, html: str, *, sheets: tuple[str, ...] = SHEETS, identifier: str = "zhixing") -> Printed:
        """Typeset one document; raises PaperFailed with a Chinese sentence."""
        request = json.dumps(
            {
                "html": html,
                "sheets": sheets,
                "style": style_of_fonts(),
                "identifier": identifier,
                "cpu_seconds": int(self.seconds),
            }
        ).encode()
        head, pdf = self.ask(request)
        return Printed(pdf, head["pages"], tuple(head["refused"]), tuple(sorted(set("".join(head["missing"])))))

    def ask(self, request: bytes, *, has_body: bool = True) -> tuple[dict[str, Any], bytes]:
        """One request to the child: the head of its answer and the document; raises PaperFailed."""
        with self._lock:
            try:
                return self._exchange(request, has_body)
            except (BrokenPipeError, EOFError):
                code = self._end()
                if code == -signal.SIGXCPU:
                    raise PaperFailed(f"这份文书排版超过 {self.seconds:.0f} 秒，已停止。请缩小范围后再试。") from None
                raise PaperFailed("排版进程中断，这一份没有做成。可以再试一次。", f"exit {code}") from None
            except TimeoutError:
                self._end()
                raise PaperFailed(f"这份文书排版超过 {self.seconds:.0f} 秒，已停止。请缩小范围后再试。") from None

    def close(self) -> None:
        with self._lock:
            self._end()

    def _exchange(self, request: bytes, has_body: bool) -> tuple[dict[str, Any], bytes]:
        try:
            head, until = self._ask(self._ready(), request)
        except (BrokenPipeError, EOFError):
            # A child that went to sleep between two documents ends with 0: nobody's fault, begin again.
            if self._child is None or self._child.wait() != 0:
                raise
            self._end()
            head, until = self._ask(self._ready(), request)
        child = self._child
        self._left -= 1
        if not head["ok"]:
            if head["kind"] == "memory":
                self._end()
                raise PaperFailed(f"这份文书太大，排版所需内存超过 {self.memory_mb} MB。请缩小范围后再试。")
            raise PaperFailed("这份文书排版出错，已记入日志，请联系管理员。", head["error"])
        body = self._frame(child, until) if has_body else b""
        if self._left <= 0:
            self._end()
        return head, body

    def _ask(self, child: subprocess.Popen[bytes], request: bytes) -> tuple[dict[str, Any], float]:
        until = time.monotonic() + self.seconds
        self._write(child, struct.pack(">I", len(request)) + request, until)
        return json.loads(self._frame(child, until)), until

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._child and (self._owner != os.getpid() or self._child.poll() is not None):
            if self._owner == os.getpid():
                self._end()
            self._child = None  # a forked worker does not share its parent's child
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", self.module, str(STATIC), str(self.memory_mb), str(self.life)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                cwd=settings.BASE_DIR, env=environment(), bufsize=0, start_new_session=True,
            )  # fmt: skip
            os.set_blocking(self._child.stdout.fileno(), False)
            os.set_blocking(self._child.stdin.fileno(), False)
            self._owner, self._left = os.getpid(), self.life
        return self._child

    def _write(self, child: subprocess.Popen[bytes], data: bytes, until: float) -> None:
        view, fd = memoryview(data), child.stdin.fileno()
        while view:
            if not select.select([], [fd], [], max(0, until - time.monotonic()))[1]:
                raise TimeoutError
            view = view[os.write(fd, view) :]

    def _frame(self, child: subprocess.Popen[bytes], until: float) -> bytes:
        size = struct.unpack(">I", self._read(child, 4, until))[0]
        return self._read(child, size, until)

    def _read(self, child: subprocess.Popen[bytes], size: int, until: float) -> bytes:
        fd, parts, left = child.stdout.fileno(), [], size
        while left:
            if not select.select([fd], [], [], max(0, until - time.monotonic()))[0]:
                raise TimeoutError
            part = os.read(fd, min(left, 2**20))
            if not part:
                raise EOFError
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def _end(self) -> int | None:
        child, self._child = self._child, None
        if child is None:
            return None
        for stream in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                stream.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(0.2)
        child.kill()
        return child.wait()


PRESS = Press()
