"""How long a city's workbook takes: 115 committees, 3,000 people, two years of sessions, some 40,000 marks.

    .venv/bin/python bench/workbooks.py            makes the file, previews, imports, imports again, exports; prints seconds

Run it with a ZHIXING_VAR of its own: it writes into the database it finds and leaves what it wrote.
"""

import os
import random
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django

django.setup()

import xlsxwriter

from config.clock import now
from roster.audit.actions import SystemActor
from sessions_app.workbooks import commit, export, preview
from sessions_app.workbooks.rules import SHEETS

FAMILY = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国志文斌海宁雪峰晨浩然宇轩子涵思远"
MODES = ("领导带头学", "研讨交流学", "实地调研学", "以讲促干学", "现场观摩学", "线上线下同步学")
KINDS = ("心得体会", "理论文章", "调研报告", "对策建议")


def city(
    committees: int = 115, people: int = 3000, years: tuple[int, ...] = (2024, 2025), sessions: int = 6
) -> dict[str, list[list[object]]]:
    """Rows of every sheet, the same at every call."""
    rng = random.Random(20260305)  # noqa: S311  invented names, no secret
    rows: dict[str, list[list[object]]] = {name: [] for name in SHEETS}
    codes = [f"C{i:04d}" for i in range(committees)]
    for i, code in enumerate(codes):
        level, parent = (
            ("市级", "" if i == 0 else codes[0]) if i < 40 else ("县级", codes[0] if i < 49 else codes[40 + i % 9])
        )
        rows["委员会"].append(
            [
                code,
                f"测试单位{i:03d}党组",
                f"单位{i:03d}",
                "党组" if i else "党委",
                level,
                parent,
                i * 10,
                "2020-01-01",
                "",
            ]
        )
    names = ["".join((rng.choice(FAMILY), rng.choice(GIVEN), rng.choice(GIVEN))) for _ in range(people)]
    for i, name in enumerate(names):
        rows["人员"].append([f"P{i:05d}", name, f"139{i:08d}", f"p{i}@example.cn"])
    groups: dict[str, list[int]] = {code: [] for code in codes}
    for i in range(min(people, 2900)):
        groups[codes[i % committees]].append(i)
    for i in range(committees * 5):
        code, who = codes[i % committees], rng.randrange(people)
        if who not in groups[code]:
            groups[code].append(who)
    for code, members in groups.items():
        for rank, who in enumerate(members, start=1):
            role = "组长" if rank == 1 else "副组长" if rank == 2 else "成员"
            rows["成员"].append([code, f"P{who:05d}", role, "书记" if rank == 1 else "委员", rank, "2021-03-01", ""])
        rows["学习秘书"].append([code, f"P{members[-1]:05d}", "2021-03-01", ""])
    for year in years:
        for code, members in groups.items():
            for n in range(1, sessions + 1):
                month = n * 12 // sessions
                day = date(year, month, 1) + timedelta(days=rng.randrange(27))
                topic = f"{year}年第{n}专题：深入学习贯彻重要讲话精神"
                rows["年度计划"].append(
                    [
                        code,
                        year,
                        n,
                        (month + 2) // 3,
                        month,
                        topic,
                        n % 9 + 1,
                        MODES[n % 6],
                        names[members[1]],
                        "调研报告",
                    ]
                )
                rows["学习场次"].append(
                    [
                        code,
                        year,
                        n,
                        day.isoformat(),
                        "09:00",
                        "11:30",
                        1,
                        "三楼会议室",
                        topic,
                        MODES[n % 6],
                        names[members[0]],
                        n,
                        "已召开",
                        "",
                    ]
                )
                for who in members:
                    status = rng.choices(("出席", "请假", "缺席"), (90, 8, 2))[0]
                    made_up = (day + timedelta(days=10)).isoformat() if status == "请假" and rng.random() < 0.7 else ""
                    rows["考勤"].append(
                        [code, year, n, f"P{who:05d}", status, "公务" if status != "出席" else "", made_up]
                    )
                for who in members[1:3]:
                    rows["发言"].append([code, year, n, f"P{who:05d}", "重点", f"{names[who]}在第{n}次学习上的发言"])
                code_of = f"{code}-{year}-{n:02d}"
                rows["成果"].append(
                    [
                        code_of,
                        code,
                        (day + timedelta(days=20)).isoformat() if month < 12 else f"{year}-12-31",
                        KINDS[n % 4],
                        f"关于专题{n}的{KINDS[n % 4]}",
                        names[members[1]],
                        n,
                        "",
                        "",
                    ]
                )
    return rows


def write(path: Path, rows: dict[str, list[list[object]]]) -> None:
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    for name, lines in rows.items():
        if not lines:
            continue
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, [column.label for column in SHEETS[name].columns])
        for number, line in enumerate(lines, start=1):
            sheet.write_row(number, 0, line)
    book.close()


def timed(what: str, begun: float) -> float:
    ended = time.perf_counter()
    sys.stdout.write(f"{what:<28} {ended - begun:6.1f} s\n")
    return ended


def main() -> None:
    path = Path(tempfile.gettempdir()) / "zhixing-city.xlsx"
    rows = city()
    sys.stdout.write("  ".join(f"{name} {len(lines)}" for name, lines in rows.items() if lines) + "\n")
    write(path, rows)
    at, by = now(), SystemActor("测速")
    begun = time.perf_counter()
    book = preview.open_book(path)
    mark = timed("read", begun)
    made = preview.plan(book, at=at)
    mark = timed("plan", mark)
    timed("preview (read + plan)", begun)
    report = made.report()
    sys.stdout.write(f"  {report['by_sheet']}\n  {report['rejected'][:3]} {report['warnings'][:3]}\n")
    mark = begun = time.perf_counter()
    book = preview.open_book(path)
    commit.commit(book, by=by, at=at)
    mark = timed("import (read + plan + write)", begun)
    again, _ = commit.commit(preview.open_book(path), by=by, at=at)
    mark = timed("the same file again", mark)
    report = again.report()
    sys.stdout.write(f"  created {report['created']} updated {report['updated']} unchanged {report['unchanged']}\n")
    out = path.with_name("zhixing-city-out.xlsx")
    export.export(out)
    mark = timed("export", mark)
    back = preview.plan(preview.open_book(out), at=at).report()
    timed("preview of the export", mark)
    sys.stdout.write(
        f"  created {back['created']} updated {back['updated']} unchanged {back['unchanged']} rejected {len(back['rejected'])}\n"
    )
    for row in back["rejected"][:5]:
        sys.stdout.write(f"  {row['reason']}\n")


if __name__ == "__main__":
    main()
