"""A process that only turns HTML into PDF: no database, no network, little memory. Arguments: STATIC MEMORY_MB LIFE.

stdin and stdout carry frames: 4 bytes length (big endian), then that many bytes. A request is one JSON frame
{"html", "sheets": [names], "identifier", "cpu_seconds"}; the answer is a JSON frame {"ok", "pages", "refused", "missing", "error"}
and, when ok, a frame with the PDF. It ends when stdin ends, after LIFE documents, or idle for two minutes.
"""

from __future__ import annotations

import json
import logging
import os
import resource
import select
import struct
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

IDLE_SECONDS = 120
LARGEST_REQUEST = 64 * 2**20


def read_frame(stream: BinaryIO) -> bytes | None:
    head = stream.read(4)
    if len(head) < 4:
        return None
    size = struct.unpack(">I", head)[0]
    if size > LARGEST_REQUEST:
        return None
    body = stream.read(size)
    return body if len(body) == size else None


def write_frame(stream: BinaryIO, body: bytes) -> None:
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


class Missing(logging.Handler):
    """Letters that no font of this machine has; WeasyPrint draws a box for them and says so in its log."""

    def __init__(self) -> None:
        super().__init__()
        self.letters: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if "notdef" in str(record.msg) and isinstance(record.args, tuple):
            self.letters += [str(each) for each in record.args[:1]]


class Press:
    """WeasyPrint with its own fetcher: `data:` and the files of one directory, by name; nothing else exists."""

    def __init__(self, static: Path) -> None:
        import weasyprint
        from weasyprint.text.fonts import FontConfiguration
        from weasyprint.urls import URLFetcher, URLFetcherResponse

        press = self
        files = {f"static://papers/{path.name}": path for path in sorted(static.iterdir()) if path.is_file()}

        class Fetcher(URLFetcher):
            def fetch(self, url: str, headers: Any = None) -> Any:
                if url.startswith("data:"):
                    return super().fetch(url, headers)
                if url in files:
                    return URLFetcherResponse(url, files[url].read_bytes())
                press.refused.append(url[:200])
                raise ValueError("not allowed")

        self.refused: list[str] = []
        self.missing = Missing()
        weasyprint.LOGGER.addHandler(self.missing)
        self._weasyprint = weasyprint
        self._fetcher = Fetcher(allowed_protocols=("data",), allow_redirects=False, timeout=1)
        self._fonts = FontConfiguration()
        self._files = files
        self._sheets: dict[str, Any] = {}

    def sheet(self, name: str) -> Any:
        if name not in self._sheets:
            text = self._files[f"static://papers/{name}"].read_text(encoding="utf-8")
            self._sheets[name] = self._weasyprint.CSS(string=text, url_fetcher=self._fetcher, font_config=self._fonts)
        return self._sheets[name]

    def print(self, request: dict[str, Any]) -> tuple[int, bytes]:
        self.refused.clear()
        self.missing.letters.clear()
        html = self._weasyprint.HTML(string=request["html"], url_fetcher=self._fetcher)
        css = self._weasyprint.CSS
        style = css(string=request["style"], url_fetcher=self._fetcher, font_config=self._fonts)
        sheets = [*(self.sheet(name) for name in request["sheets"]), style]
        document = html.render(stylesheets=sheets, font_config=self._fonts)
        pdf = document.write_pdf(pdf_variant="pdf/ua-1", pdf_identifier=request["identifier"].encode())
        return len(document.pages), pdf


def limit(memory_mb: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory_mb * 2**20, memory_mb * 2**20))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # writes no file


def main(static: Path, memory_mb: int, life: int) -> None:
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints does not get between the frames
    press = Press(static)
    limit(memory_mb)
    for _ in range(life):
        if not select.select([requests], [], [], IDLE_SECONDS)[0]:
            return
        frame = read_frame(requests)
        if frame is None:
            return
        request = json.loads(frame)
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + int(request["cpu_seconds"]) + 1, hard))
        try:
            pages, pdf = press.print(request)
        except Exception as error:
            kind = "memory" if isinstance(error, MemoryError) else "error"
            write_frame(answers, json.dumps({"ok": False, "kind": kind, "error": repr(error)[:500]}).encode())
            if kind == "memory":
                return
            continue
        write_frame(
            answers,
            json.dumps(
                {"ok": True, "pages": pages, "refused": press.refused, "missing": press.missing.letters}
            ).encode(),
        )
        write_frame(answers, pdf)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
