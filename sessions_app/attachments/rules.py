"""What a file must be to be kept: its name, its size, and what its bytes say it is. Nothing is trusted twice."""

import re
import unicodedata
import zipfile
from typing import BinaryIO

import puremagic

# Kept type of each ending; served as such, always as a download.
TYPES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "doc": "application/msword",
    "xls": "application/vnd.ms-excel",
    "wps": "application/vnd.ms-works",
    "jpg": "image/jpeg",
    "png": "image/png",
}
SAME = {"jpeg": "jpg"}
OOXML_FOLDERS = {"docx": "word/", "xlsx": "xl/", "pptx": "ppt/"}
STARTS = {
    "pdf": (b"%PDF-",),
    "jpg": (b"\xff\xd8\xff",),
    "png": (b"\x89PNG\r\n\x1a\n",),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    "xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
    "wps": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",),
}
# A second ending of this kind is never an accident of an office's naming.
HOSTILE_ENDINGS = frozenset(
    ["htm", "html", "xhtml", "shtml", "svg", "xml", "js", "mjs", "vbs", "hta", "exe", "com", "bat", "cmd", "ps1", "sh", "php", "jsp", "asp", "aspx", "py", "jar", "msi", "scr", "lnk", "dll", "docm", "xlsm", "pptm"]
)  # fmt: skip
HOSTILE_CONTENT = re.compile(rb"<\s*(?:!doctype\s+html|html|script|svg|body|iframe)\b", re.IGNORECASE)
UNPACKED_MOST = 200 * 1024 * 1024
ENTRIES_MOST = 5000
RATIO_MOST = 200


def clean_name(name: str) -> str:
    """The last part of a path, without control and direction marks, at most 150 characters, ending kept."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(ch for ch in unicodedata.normalize("NFC", last) if unicodedata.category(ch)[0] != "C")
    kept = re.sub(r'[<>:"|?*]+', "_", kept).strip(" .")
    stem, dot, ending = kept.rpartition(".")
    return f"{stem[:140]}{dot}{ending[:9]}" if dot else kept[:150]


def refusals(name: str, size: int, stream: BinaryIO, *, allowed: list[str], most: int) -> list[str]:
    """Everything wrong with the file, in words; empty when it may be kept. The stream is left at its start."""
    found = []
    endings = [SAME.get(part, part) for part in name.lower().split(".")[1:]]
    ending = endings[-1] if endings else ""
    if not name:
        found.append("文件没有名字，请改名后再传。")
    if size > most:
        found.append(f"文件超过 {most // 1024 // 1024} MB，请压缩或拆分后再传。")
    if size == 0:
        found.append("文件是空的，请核对后再传。")
    if ending not in [SAME.get(one, one) for one in allowed] or ending not in TYPES:
        found.append(f"不能上传“{ending or '没有后缀'}”文件，可以传：{'、'.join(allowed)}。")
    elif HOSTILE_ENDINGS & set(endings[:-1]):
        found.append("文件名里带有两个后缀，可能不是普通文件，请改名后再传。")
    if found:
        return found
    if not _is_really(ending, stream):
        found.append(f"文件内容不是 {ending}，可能改过后缀或已损坏，请用原来的软件另存后再传。")
    elif ending in OOXML_FOLDERS:
        found += _package_refusals(stream)
    stream.seek(0)
    return found


def _is_really(ending: str, stream: BinaryIO) -> bool:
    stream.seek(0)
    head = stream.read(4096)
    if ending in OOXML_FOLDERS:
        return _is_package(ending, stream)
    if not head.startswith(STARTS[ending]):
        return False
    if ending in ("jpg", "png"):
        if HOSTILE_CONTENT.search(head):
            return False
        try:
            return puremagic.from_string(head, mime=True) == TYPES[ending]
        except puremagic.PureError:
            return False
    return ending != "pdf" or not HOSTILE_CONTENT.search(head[:1024])


def _is_package(ending: str, stream: BinaryIO) -> bool:
    stream.seek(0)
    try:
        with zipfile.ZipFile(stream) as package:
            names = package.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False
    return "[Content_Types].xml" in names and any(name.startswith(OOXML_FOLDERS[ending]) for name in names)


def _package_refusals(stream: BinaryIO) -> list[str]:
    """Bombs and macros. Sizes are those the archive states: nothing here is unpacked."""
    stream.seek(0)
    with zipfile.ZipFile(stream) as package:
        entries = package.infolist()
    unpacked, packed = sum(one.file_size for one in entries), sum(one.compress_size for one in entries)
    if len(entries) > ENTRIES_MOST or unpacked > UNPACKED_MOST or unpacked > RATIO_MOST * max(packed, 4096):
        return ["文件展开后过大，可能有害，请另存一份正常的再传。"]
    if any("vbaproject" in one.filename.lower() or one.flag_bits & 1 for one in entries):
        return ["文件带有宏或已加密，请另存为普通文件后再传。"]
    return []
