"""The beat table: what is done by the clock, how often, and what stops when a line is off. Plain values only:
the settings read it before Django stands. Switches are rows (`switches.py`); the health page shows both.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta


@dataclass(frozen=True)
class Hours:
    """Every `minutes` minutes while the hour of the day is `first` to `last`, both included, in the site's time zone."""

    first: int
    last: int
    minutes: int

    @property
    def words(self) -> str:
        ends = 60 - self.minutes
        return f"每天 {self.first}:00—{self.last}:{ends:02d}，每 {self.minutes} 分钟一次"


@dataclass(frozen=True)
class BeatRow:
    """`expires`: seconds after which a message nobody took is worthless; what is due stays in the rows.

    `essential`: cannot be switched off. `stops`: a sentence for who is about to switch it off.
    """

    name: str
    task: str
    label: str
    every: timedelta | Hours
    expires: int
    stops: str
    arguments: tuple[str, ...] = field(default=())
    essential: bool = False

    @property
    def words(self) -> str:
        if isinstance(self.every, Hours):
            return self.every.words
        seconds = int(self.every.total_seconds())
        if seconds == 60:
            return "每分钟一次"
        return f"每 {seconds // 60} 分钟一次" if seconds % 60 == 0 else f"每 {seconds} 秒一次"


BEAT: tuple[BeatRow, ...] = (
    # a tick that fell behind is worthless: `expires` keeps them from piling up while no worker runs
    BeatRow(
        "health.beat_tick", "health.beat_tick", "运行信号", timedelta(seconds=30), 25,
        "不能停：没有它，就看不出定时任务是不是还在运行。", essential=True,
    ),
    BeatRow(
        "jobs.reconcile", "jobs.reconcile", "接续中断的任务", timedelta(seconds=30), 25,
        "导入、出文书等任务中断以后不再自己接着做，没有收到消息的任务会一直排队。",
    ),
    BeatRow(
        "audit.keep_heads", "audit.keep_heads", "留存操作日志链尾", timedelta(minutes=30), 600,
        "不能停：没有它，整条删去的日志链就查不出来。每天只写一次。", essential=True,
    ),
    BeatRow(
        "drafts.clear", "drafts.clear", "清理过期草稿", timedelta(hours=1), 600,
        "没有提交的草稿过了 7 天不再清理；页面上不会再显示，只是占地方。",
    ),
    BeatRow(
        "reminders.send_due", "reminders.send_due", "查找到期事项并提醒", Hours(8, 17, 10), 540,
        "不再查找到期事项：月提醒、季安排、年考核和即时提醒都不再发出，提醒函也不再自动撤销；重新启用后，只补发当期仍未办结的事项。",
    ),
    BeatRow(
        "notices.deliver.mail", "notices.deliver", "发送邮件", timedelta(seconds=60), 50,
        "提醒只进站内收件箱，邮件留在待发送里；重新启用后接着发。", arguments=("MAIL",),
    ),
    BeatRow(
        "notices.deliver.chat", "notices.deliver", "发送到工作群", timedelta(seconds=60), 50,
        "工作群里不再收到提醒，留在待发送里；重新启用后接着发。", arguments=("CHAT",),
    ),
)  # fmt: skip
ROWS = {row.name: row for row in BEAT}
