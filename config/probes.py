"""Is everything there that the system needs? Each probe asks one thing; /readyz and `manage.py doctor` tell the answers."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEAT_SECONDS = 120  # four ticks


@dataclass(frozen=True)
class Answer:
    name: str  # for machines
    title: str  # for people
    well: bool
    says: str
    cure: str = ""


def database() -> Answer:
    name, title = "database", "数据库"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int, pg_encoding_to_char(encoding)"
                           " FROM pg_database WHERE datname = current_database()")  # fmt: skip
            version, encoding = cursor.fetchone()
    except Exception as error:
        return Answer(name, title, False, f"连不上：{_short(error)}", "检查 DATABASE_URL 和数据库服务是否启动。")
    if version < 150000 or encoding != "UTF8":
        return Answer(
            name, title, False, f"版本 {version // 10000}、编码 {encoding}", "请用 PostgreSQL 15 以上、UTF8 编码的库。"
        )
    return Answer(name, title, True, f"PostgreSQL {version // 10000}.{version % 10000}，{encoding}")


def migrations() -> Answer:
    name, title = "migrations", "数据库结构"
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except Exception as error:
        return Answer(name, title, False, f"无法检查：{_short(error)}", "先修好数据库。")
    if plan:
        return Answer(name, title, False, f"有 {len(plan)} 个迁移没有执行", "运行 manage.py migrate。")
    return Answer(name, title, True, "与程序一致")


def broker() -> Answer:
    name, title = "broker", "消息队列"
    try:
        with _redis() as client:
            version = client.info("server")["redis_version"]
    except Exception as error:
        return Answer(name, title, False, f"连不上：{_short(error)}", "检查 REDIS_URL 和 Redis 服务是否启动。")
    return Answer(name, title, True, f"Redis {version}")


def beat() -> Answer:
    name, title = "beat", "定时任务"
    cure = "启动 worker 和 beat（bin/demo 会一并启动；systemd 为 zhixing-worker、zhixing-beat）。"
    try:
        with _redis() as client:
            last = client.get(settings.BEAT_KEY)
            now = client.time()[0]
    except Exception as error:
        return Answer(name, title, False, f"查不到：{_short(error)}", "先修好消息队列。")
    if last is None:
        return Answer(name, title, False, "还没有跳动过", cure)
    age = int(now - float(last))
    if age > BEAT_SECONDS:
        return Answer(name, title, False, f"已有 {age} 秒没有跳动", cure)
    return Answer(name, title, True, f"{age} 秒前跳动过")


def storage() -> Answer:
    name, title = "storage", "文件存放"
    place = settings.MEDIA_ROOT
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".probe-") as file:
            file.write(b"1")
            file.flush()
        free = shutil.disk_usage(place).free // 2**20
    except OSError as error:
        return Answer(
            name, title, False, f"{place} 不能写：{error.strerror}", "检查 ZHIXING_VAR 目录的属主和磁盘空间。"
        )
    if free < 500:
        return Answer(name, title, False, f"{place} 只剩 {free} MB", "清理磁盘。")
    return Answer(name, title, True, f"可写，剩余 {free // 1024} GB")


def fonts() -> Answer:
    """The official fonts are not free to ship; without them the papers say which fallback they use."""
    name, title = "fonts", "公文字体"
    cure = "安装字体后重试：apt-get install fonts-noto-cjk；方正小标宋、仿宋_GB2312 等请放入 /usr/local/share/fonts 再运行 fc-cache。"
    installed = font_families()
    if installed is None:
        return Answer(name, title, False, "没有 fc-list", "安装软件包 fontconfig。")
    missing, fallback = [], []
    for role, families in settings.PAPER_FONTS.items():
        found = [family for family in families if family.lower() in installed]
        if not found:
            missing.append(families[0])
        elif found[0] == families[-1] and role != "number":
            fallback.append(f"{families[0]} 以 {found[0]} 代替")
    if missing:
        return Answer(name, title, False, f"没有 {'、'.join(missing)}，也没有可以代替的字体", cure)
    if fallback:
        return Answer(name, title, True, "；".join(fallback))
    return Answer(name, title, True, "公文标准字体齐全")


def pdf() -> Answer:
    name, title = "pdf", "PDF 排版"
    code = "import weasyprint; weasyprint.HTML(string='<p>知行').write_pdf()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    if run.returncode:
        cure = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        return Answer(name, title, False, (run.stderr.strip().splitlines() or ["失败"])[-1][:200], cure)
    return Answer(name, title, True, "WeasyPrint 能出 PDF")


def font_families() -> set[str] | None:
    try:
        run = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return {name.strip().replace("\\", "").lower() for line in run.stdout.splitlines() for name in line.split(",")}


READY: tuple[Callable[[], Answer], ...] = (database, migrations, broker, beat, storage, fonts)
DOCTOR: tuple[Callable[[], Answer], ...] = (*READY, pdf)


def ask(probes: tuple[Callable[[], Answer], ...]) -> list[Answer]:
    return [probe() for probe in probes]


def _redis() -> redis.Redis:
    address = settings.CACHES["default"]["LOCATION"]
    return redis.Redis.from_url(address, socket_connect_timeout=2, socket_timeout=2)


def _short(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
