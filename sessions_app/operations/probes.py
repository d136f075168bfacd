"""Is everything there that the system needs? Each probe asks one thing; /readyz, doctor and the health page tell the answers."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from sessions_app.jobs.beat import BEAT
from sessions_app.jobs.models import BeatSwitch
from sessions_app.jobs.work import moment
from sessions_app.notices.models import Delivery, DeliveryStage
from sessions_app.operations import broker as redis_side
from sessions_app.operations.broker import Broker, short
from sessions_app.papers.fonts import RARE

BEAT_SECONDS = 120  # four ticks
UNDELIVERED_MINUTES = 60
FAILED_DAYS = 7


@dataclass(frozen=True)
class Answer:
    name: str  # for machines
    title: str  # for people
    well: bool
    says: str
    cure: str = ""
    substituted: bool = False  # it works, but not with what was asked for

    @property
    def word(self) -> str:
        return "异常" if not self.well else "有代替" if self.substituted else "正常"


def database() -> Answer:
    name, title = "database", "数据库"
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_version_num')::int, pg_encoding_to_char(encoding)"
                           " FROM pg_database WHERE datname = current_database()")  # fmt: skip
            version, encoding = cursor.fetchone()
    except Exception as error:
        return Answer(name, title, False, f"连不上：{short(error)}", "检查 DATABASE_URL 和数据库服务是否启动。")
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
        return Answer(name, title, False, f"无法检查：{short(error)}", "先修好数据库。")
    if plan:
        return Answer(name, title, False, f"有 {len(plan)} 个迁移没有执行", "运行 manage.py migrate。")
    return Answer(name, title, True, "与程序一致")


def broker(state: Broker) -> Answer:
    name, title = "broker", "消息队列"
    if state.error:
        return Answer(name, title, False, f"连不上：{state.error}", "检查 REDIS_URL 和 Redis 服务是否启动。")
    return Answer(name, title, True, f"Redis {state.version}，{state.queue} 条消息在排队")


def beat(state: Broker) -> Answer:
    name, title = "beat", "定时任务"
    cure = "启动 worker 和 beat（bin/demo 会一并启动；systemd 为 zhixing-worker、zhixing-beat）。"
    if state.error:
        return Answer(name, title, False, f"查不到：{state.error}", "先修好消息队列。")
    if state.beat_at is None:
        return Answer(name, title, False, "还没有跳动过", cure)
    if (state.beat_silent or 0) > BEAT_SECONDS:
        since = f"自 {_when(state.beat_at)} 起没有跳动，已有 {lasting(state.beat_silent or 0)}"
        return Answer(name, title, False, since, cure)
    return Answer(name, title, True, f"{state.beat_silent} 秒前跳动过")


def workers(state: Broker, version: str) -> Answer:
    """The worker processes that said they live, each with the version it runs; `version` is that of who asks."""
    name, title = "workers", "后台程序"
    if state.error:
        return Answer(name, title, False, f"查不到：{state.error}", "先修好消息队列。")
    if not state.workers:
        cure = "启动 worker（systemd 为 zhixing-worker）；刚启动的，半分钟内会出现。"
        return Answer(name, title, False, "五分钟内没有后台程序报到", cure)
    others = sorted({worker.version for worker in state.workers} - {version})
    if others:
        cure = "升级以后请重新启动 worker。"
        return Answer(name, title, False, f"有后台程序还在运行别的版本：{'、'.join(others)}，页面是 {version}", cure)
    return Answer(name, title, True, f"{len(state.workers)} 个在运行，版本 {version}")


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
    if not {family.lower() for family in RARE} <= installed:
        fallback.append("没有花园明朝（fonts-hanazono），人名中的生僻字可能印成空框")
    if missing:
        return Answer(name, title, False, f"没有 {'、'.join(missing)}，也没有可以代替的字体", cure)
    if fallback:
        return Answer(name, title, True, "；".join(fallback), cure, substituted=True)
    return Answer(name, title, True, "公文标准字体齐全")


def pdf() -> Answer:
    name, title = "pdf", "PDF 排版"
    code = "import weasyprint; weasyprint.HTML(string='<p>知行').write_pdf()"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    if run.returncode:
        cure = "apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
        return Answer(name, title, False, (run.stderr.strip().splitlines() or ["失败"])[-1][:200], cure)
    return Answer(name, title, True, "WeasyPrint 能出 PDF")


def mail() -> Answer:
    """Not an error: without a mail server everything stands in the inbox."""
    if not settings.MAIL_HOST:
        return Answer(
            "mail", "邮件", True, "没有设置邮件服务器，提醒只进站内收件箱（要发邮件请设置 ZHIXING_MAIL_HOST）"
        )
    return Answer("mail", "邮件", True, f"经 {settings.MAIL_HOST} 发送")


def undelivered() -> Answer:
    name, title = "undelivered", "待发送的提醒"
    oldest = oldest_undelivered()
    if oldest is None:
        return Answer(name, title, True, "没有积压")
    age = max(0, int((moment() - oldest).total_seconds()))
    if age > UNDELIVERED_MINUTES * 60:
        cure = "看“发送记录”里写的原因；再看 worker 和 beat 是否在运行、发送邮件和工作群的定时任务是否停用、邮件服务器是否连得上。"
        return Answer(name, title, False, f"最早的一条已等了 {lasting(age)}（{_when(oldest)} 的提醒）", cure)
    return Answer(name, title, True, f"最早的一条等了 {lasting(age)}")


def oldest_undelivered() -> datetime | None:
    """When the oldest notice that is still on its way was posted."""
    under_way = Delivery.objects.filter(stage__in=[DeliveryStage.WAITING, DeliveryStage.SENDING])
    return under_way.order_by("id").values_list("notice__created_at", flat=True).first()


def failed_deliveries() -> Answer:
    name, title = "failed_deliveries", "发送失败"
    count = failed_lately()
    if count:
        cure = "在“发送记录”里按“发送失败”筛选，改正邮箱地址或工作群设置以后重发；收件人在站内收件箱里看得到。"
        return Answer(name, title, False, f"{FAILED_DAYS} 天内有 {count} 条提醒没有发出去", cure)
    return Answer(name, title, True, f"{FAILED_DAYS} 天内没有")


def failed_lately() -> int:
    since = moment() - timedelta(days=FAILED_DAYS)
    return Delivery.objects.filter(stage=DeliveryStage.FAILED, notice__created_at__gte=since).count()


def switches() -> Answer:
    """A line switched off for a repair is easily forgotten."""
    name, title = "switches", "定时任务开关"
    off = set(BeatSwitch.objects.filter(is_on=False).values_list("name", flat=True))
    labels = [row.label for row in BEAT if row.name in off and not row.essential]
    if labels:
        return Answer(name, title, False, f"停用中：{'、'.join(labels)}", "检修完毕后，在“运行状况”页重新启用。")
    return Answer(name, title, True, "全部启用")


def font_families() -> set[str] | None:
    try:
        run = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return {name.strip().replace("\\", "").lower() for line in run.stdout.splitlines() for name in line.split(",")}


TOLD: tuple[Callable[[], Answer], ...] = (undelivered, failed_deliveries, switches)  # they read tables


def ready() -> list[Answer]:
    """What a page needs to be served and work to be done."""
    state = redis_side.look()
    held = database()
    built = migrations() if held.well else Answer("migrations", "数据库结构", False, "无法检查", "先修好数据库。")
    return [held, built, broker(state), beat(state), storage(), fonts()]


def doctor() -> list[Answer]:
    """The same, and what an administrator should know of besides; tables are read only where there are some."""
    answers = ready()
    tables = [probe() for probe in TOLD] if all(a.well for a in answers if a.name in ("database", "migrations")) else []
    return [*answers, pdf(), mail(), *tables]


def page(state: Broker, version: str) -> list[Answer]:
    """For the health page, which has looked at Redis already."""
    return [
        database(), migrations(), broker(state), beat(state), workers(state, version), mail(), *(probe() for probe in TOLD),
        storage(), fonts(),
    ]  # fmt: skip


def lasting(seconds: int) -> str:
    """3 小时 5 分钟; 40 秒 below a minute."""
    if seconds < 60:
        return f"{seconds} 秒"
    minutes = seconds // 60
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} 天 {hours} 小时" if hours else f"{days} 天"
    if hours:
        return f"{hours} 小时 {minutes} 分钟" if minutes else f"{hours} 小时"
    return f"{minutes} 分钟"


def _when(at: datetime) -> str:
    local = at.astimezone(ZoneInfo(settings.TIME_ZONE))
    return f"{local.month}月{local.day}日 {local:%H:%M}"
