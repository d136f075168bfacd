"""Workbooks for tests: sheets given as rows of plain values, and the smallest city that uses every sheet."""

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from roster.accounts.models import User
from roster.audit.actions import SystemActor
from roster.audit.taking import EVERYWHERE
from sessions_app.workbooks.commit import commit
from sessions_app.workbooks.preview import open_book, plan, scope_of
from sessions_app.workbooks.rules import SHEETS
from tests.build import AT

Rows = dict[str, list[list[Any]]]


def sheets(**more: list[list[Any]]) -> Rows:
    """One committee of three with a year's plan, two past sessions, marks, speeches, outcomes."""
    rows: Rows = {
        "委员会": [["W01", "市发展和改革委员会党组", "市发改委党组", "党组", "市级", "", 10, "2020-01-01", ""]],
        "人员": [["R1", "张三", "13900000001", ""], ["R2", "李四", "", "li@example.cn"], ["R3", "王五", "", ""]],
        "成员": [
            ["W01", "R1", "组长", "党组书记", 1, "2024-01-01", ""],
            ["W01", "R2", "副组长", "党组成员", 2, "2024-01-01", ""],
            ["W01", "R3", "成员", "党组成员", 3, "2025-05-20", ""],
        ],
        "学习秘书": [["W01", "R3", "2025-01-01", ""]],
        "年度计划": [
            ["W01", 2025, 1, 1, 3, "专题一", 1, "研讨交流学", "李四", "调研报告"],
            ["W01", 2025, 2, 2, "", "专题二", 9, "", "", ""],
        ],
        "学习场次": [
            ["W01", 2025, 1, "2025-03-12", "09:00", "11:30", 1, "三楼会议室", "主题一", "研讨交流学", "张三", 1, "已召开", ""],
            ["W01", 2025, 2, "2025-06-18", "", "", 2, "", "主题二", "现场观摩学", "", "", "已召开", "原件后补"],
            ["W01", 2025, 3, "2025-09-10", "", "", "", "", "主题三", "实地调研学", "", "", "取消", ""],
        ],
        "考勤": [
            ["W01", 2025, 1, "R1", "出席", "", ""],
            ["W01", 2025, 1, "R2", "请假", "公务", "2025-03-20"],
            ["W01", 2025, 2, "R1", "视频参会", "", ""],
            ["W01", 2025, 2, "R2", "缺席", "", ""],
        ],
        "发言": [["W01", 2025, 1, "R1", "重点", "谈体会"], ["W01", 2025, 2, "R3", "书面", "书面发言"]],
        "成果": [
            ["O1", "W01", "2025-04-01", "对策建议", "关于产业的建议", "张三", 1, "", ""],
            ["O2", "W01", "2025-05-01", "政策文件", "产业十条", "", "", "市发改〔2025〕5号", "O1"],
        ],
    }  # fmt: skip
    return rows | more


def workbook(rows: Rows, path: Path | None = None) -> io.BytesIO:
    data = io.BytesIO()
    book = xlsxwriter.Workbook(path or data, {"in_memory": True})
    for name, lines in rows.items():
        sheet = book.add_worksheet(name)
        for place, column in enumerate(SHEETS[name].columns):
            sheet.write_string(0, place, column.label)
        for number, line in enumerate(lines, start=1):
            for place, value in enumerate(line):
                if value != "":
                    sheet.write(number, place, value)
    book.close()
    data.seek(0)
    return data


def take(rows: Rows | io.BytesIO, *, at: datetime = AT, user: User | None = None) -> dict[str, Any]:
    """Import; the report."""
    book = open_book(rows if isinstance(rows, io.BytesIO) else workbook(rows))
    made, _ = commit(book, by=user or SystemActor("测试"), at=at, scope=scope_of(user) if user else EVERYWHERE)
    return made.report()


def look(rows: Rows | io.BytesIO, *, at: datetime = AT, user: User | None = None) -> dict[str, Any]:
    book = open_book(rows if isinstance(rows, io.BytesIO) else workbook(rows))
    return plan(book, at=at, scope=scope_of(user) if user else EVERYWHERE).report()


def reasons(report: dict[str, Any]) -> list[str]:
    return [row["reason"] for row in report["rejected"]]
