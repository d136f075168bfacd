"""The bytes of an issued paper as they lie in the store."""

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models.fields.files import FieldFile

from roster.audit.moves import Refused

GONE = "这份文书的文件不在文件存储里，没有下载成。文书的记录和数据都在：请系统管理员从备份恢复文件，或重新印发一份。"


def content(file: FieldFile) -> bytes:
    """The whole file; Refused, in words, when the store does not hold it."""
    try:
        with file.open("rb") as opened:
            return opened.read()
    except FileNotFoundError:
        raise Refused(GONE) from None


def handed_out(file: FieldFile) -> bytes:
    """What a download answers; empty where the web server in front reads the file itself."""
    if not settings.ACCEL:
        return content(file)
    if not default_storage.exists(file.name):
        raise Refused(GONE)
    return b""
