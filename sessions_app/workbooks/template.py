"""The blank template: the unit's own codes and people, lists to choose from, hints, two example rows that are not read."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import IO, Any

from roster.people.models import Membership
from sessions_app.workbooks import sheets
from sessions_app.workbooks.export import ORDER, Wanted, Writer
from sessions_app.workbooks.office import SAMPLE
from sessions_app.workbooks.rules import SHEETS, Column
from sessions_app.workbooks.sheets import CODES, GUIDE

ROWS = 2000  # how far down a list is offered
MOST = 2000  # people in the sheet of codes
# Lists by sheet and heading; a heading alone holds for every sheet.
LISTS: dict[tuple[str, str], dict[str, Any]] = {
    ("委员会", "类型"): sheets.KINDS, ("委员会", "层级"): {"市级": 1, "县级": 2, "乡镇": 3}, ("成员", "组内职务"): sheets.ROLES,
    ("年度计划", "学习方式"): sheets.MODES, ("学习场次", "学习方式"): sheets.MODES, ("学习场次", "学习形式"): sheets.FORMS,
    ("学习场次", "状态"): {"已召开": 1, "取消": 2}, ("考勤", "状态"): {"出席": 1, "视频参会": 2, "请假": 3, "缺席": 4},
    ("发言", "类型"): {"重点": 1, "交流": 2, "书面": 3}, ("成果", "类型"): sheets.OUTCOMES,
    ("", "内容类别"): {str(n): n for n in range(1, 10)}, ("", "季度"): {str(n): n for n in range(1, 5)},
    ("", "月份"): {str(n): n for n in range(1, 13)},
    **{("", heading): {"是": 1, "否": 0} for heading in ("参照执行", "第一责任人", "扩大学习", "迟到", "早退")},
}  # fmt: skip
TEXTS = {
    "日期": "写成 2026-03-05、2026/3/5、2026年3月5日 都可以", "起始日期": "写全年月日", "委员会编码": "见“编码表”；也可以写单位名称",
    "人员编码": "见“编码表”；也可以写姓名，重名的写编码；几个人用顿号隔开", "季度": "写了月份的可以不写", "月份": "写 5 或 5月；4—5月 只记季度",
}  # fmt: skip


def _people(wanted: Wanted, today: date) -> list[list[str]]:
    terms = wanted.scoped(Membership.objects.filter(since__lte=today).exclude(until__lt=today))
    terms = terms.select_related("committee", "person").order_by("committee__path", "rank", "id")[:MOST]
    return [
        [t.committee.code, t.committee.name, t.person.code, t.person.name, t.get_group_role_display()] for t in terms
    ]


def _examples(name: str, people: Sequence[Sequence[str]], year: int) -> list[list[Any]]:
    """Two rows for a sheet, the first cell of each marked."""
    unit, unit_name, who, who_name, _ = people[0] if people else ("S001", "某市某局党组", "P001", "张三", "组长")
    other, other_name = (people[1][2], people[1][3]) if len(people) > 1 else ("P002", "李四")
    day, pair = f"{year}-03-12", [unit, year, 1]
    rows: dict[str, list[list[Any]]] = {
        "委员会": [["S001", "中共某市某局党组", "某局党组", "党组", "市级", "", 10, f"{year}-01-01"],
                 ["S002", "中共某市某委员会", "某委", "党委", "市级", "", 20, f"{year}-01-01"]],
        "人员": [[who, who_name, "", ""], [other, other_name, "", ""]],
        "成员": [[unit, who, "组长", "党组书记", 1, f"{year}-01-01"], [unit, other, "成员", "党组成员", 2, f"{year}-01-01"]],
        "学习秘书": [[unit, who, f"{year}-01-01"], [unit, other, f"{year}-01-01", f"{year}-12-31"]],
        "专家": [[who, "市委党校", "经济、党建", f"{year}-01-01"], [other, "某大学", "法律", f"{year}-01-01"]],
        "年度计划": [[unit, year, 1, 1, 3, "某某专题", 1, "研讨交流学", f"{who_name}、{other_name}", "调研报告"],
                  [unit, year, 2, 2, "", "某某专题", 7, "实地调研学", "", ""]],
        "学习场次": [[*pair, day, "09:00", "11:30", 1, "会议室", "某某主题", "研讨交流学", who_name, 1, "已召开", ""],
                  [unit, year, 2, f"{year}-06-18", "", "", 2, "", "某某主题", "现场观摩学", "", "", "取消", "另有安排"]],
        "考勤": [[*pair, who, "出席"], [*pair, other, "请假", "公务出差", f"{year}-03-20"]],
        "发言": [[*pair, who, "重点", "某某题目"], [*pair, other, "书面", "某某题目"]],
        "成果": [["CG-001", unit, day, "调研报告", "某某报告", who_name, 1], ["CG-002", unit, day, "制度", "某某办法", "", 1, "某发〔2026〕1号"]],
    }  # fmt: skip
    return [[f"{SAMPLE}：{row[0]}", *row[1:]] for row in rows[name]]


def _hint(column: Column) -> str:
    said = ["必填" if column.required else "选填", column.hint, TEXTS.get(column.heading, "")]
    return "；".join(part for part in said if part)


def _offer(writer: Writer, name: str, columns: Sequence[Column], people: int, units: int) -> None:
    sheet = writer.book.get_worksheet_by_name(name)
    for place, column in enumerate(columns):
        sheet.write_comment(0, place, _hint(column), {"x_scale": 1.6})
        words = LISTS.get((name, column.heading)) or LISTS.get(("", column.heading))
        source: Any = list(words) if words else None
        if column.heading == "委员会编码" and units:
            source = f"='{CODES}'!$A$2:$A${people + 1}"
        elif column.heading == "人员编码" and people and name != "人员":
            source = f"='{CODES}'!$C$2:$C${people + 1}"
        if source:
            # A list to choose from; another way to write it is read too, so it only warns.
            sheet.data_validation(1, place, ROWS, place, {
                "validate": "list", "source": source, "error_type": "information", "error_title": "核对一下",
                "error_message": "不在列表里；写法相近的也能认。",
            })  # fmt: skip


def template(out: Path | IO[bytes], wanted: Wanted | None = None, *, today: date) -> None:
    """Every sheet with its headings, two example rows, and what may stand where."""
    wanted = wanted or Wanted()
    people = _people(wanted, today) if wanted.committees is not None else []
    writer = Writer(out, flat=False)  # comments of a row already written need the whole sheet
    for name in ORDER:
        columns = [*SHEETS[name].columns, *SHEETS[name].more]
        writer.sheet(name, columns, _examples(name, people, today.year))
        _offer(writer, name, columns, len(people), len({row[0] for row in people}))
    heads = [
        Column(h, width=w)
        for h, w in (("委员会编码", 14), ("名称", 34), ("人员编码", 14), ("姓名", 12), ("组内职务", 10))
    ]
    writer.sheet(CODES, heads, people)
    rows = [
        [name, column.heading, "必填" if column.required else "", _hint(column)]
        for name in ORDER
        for column in (*SHEETS[name].columns, *SHEETS[name].more)
    ]
    rows.append(["", "日期", "", TEXTS["日期"]])
    rows.append(["", "空格", "", "选填的格子空着，表示不改动已有内容"])
    rows.append(["", SAMPLE, "", "以“示例”开头的行不会导入，可以留着，也可以删去"])
    writer.sheet(GUIDE, (Column("工作表"), Column("列"), Column("是否必填"), Column("可填内容", width=60)), rows)
    writer.close()
