"""What a card of 待我审批 holds, whole, as plain headings and texts: read before it is signed."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sessions_app.attendance.models import LeaveRequest
from sessions_app.corrections.models import Correction
from sessions_app.corrections.views import changes_of
from sessions_app.minutes.models import Minutes
from sessions_app.minutes.skeleton import attendance_of, blocks
from sessions_app.plans.models import PlanItem, StudyPlan
from sessions_app.sessions.models import SpeakerFiling, Speech, StudySession
from sessions_app.sessions.rules import day_words


@dataclass(frozen=True)
class Part:
    """A heading with labelled texts under it; a label may be empty."""

    heading: str
    rows: list[tuple[str, str]] = field(default_factory=list)


def leave(row: LeaveRequest) -> list[Part]:
    session = row.participation.study_session
    parts = [row.part] if row.part else list(session.parts.order_by("order"))
    days = "、".join(day_words(part.day) for part in parts)
    return [
        Part(
            "请假",
            [
                ("请假人", row.person.name),
                ("类别", row.get_kind_display()),
                ("事由", row.reason),
                ("请哪一天", f"{days}（整场）" if row.part is None else f"只请{days}，其余时段参加"),
                ("学习", session.topic),
            ],
        )
    ]


def session(row: StudySession) -> list[Part]:
    parts = [(day_words(part.day), _hours(part)) for part in row.parts.order_by("order")]
    agenda = [
        (item.get_kind_display(), item.content + (f"（{item.lead_reader}）" if item.lead_reader else ""))
        for item in row.agenda.select_related("lead_reader")
    ]
    speeches = Speech.objects.filter(participation__study_session=row).select_related("speaker")
    return [
        Part("时间和地点", [*parts, ("地点", row.place), ("主持", str(row.chair or "未定"))]),
        Part("议程", agenda),
        Part("学习篇目", [("", material.title) for material in row.materials.order_by("order")]),
        Part("发言", [(speech.speaker.name, f"{speech.get_kind_display()}：{speech.title}") for speech in speeches]),
    ]


def _hours(part: Any) -> str:
    ends = [f"{hour:%H:%M}" for hour in (part.starts_at, part.ends_at) if hour]
    return "—".join(ends) or "时间未定"


def speech(row: Speech) -> list[Part]:
    return [
        Part(row.title, [("", row.text), ("联系实际", row.link_to_work), ("对策建议", row.proposal)]),
    ]


def minutes(row: Minutes) -> list[Part]:
    found = []
    for lines in attendance_of(row.study_session):
        rows = [
            ("人数", f"应到 {lines.expected} 人，实到 {len(lines.present)} 人"),
            ("出席", "、".join(lines.present)),
            ("请假", "、".join(f"{name}（{why}）" for name, why in lines.on_leave)),
            ("缺席", "、".join(f"{name}（{why}）" for name, why in lines.absent)),
            ("未记", "、".join(lines.unmarked)),
        ]
        found.append(Part(f"考勤 {lines.participation.committee}", rows))
    for block in blocks(row.study_session, row):
        texts = [(f"{one.label} {one.note}".strip() if one.note else "", one.text or "—") for one in block.fields]
        found.append(Part(block.heading + (f"（{block.who}）" if block.who else ""), texts))
    items = [(str(item.owner or ""), item.text) for item in row.action_items.all()]
    return [*found, Part("议定事项", items)]


def correction(row: Correction) -> list[Part]:
    changes = [
        (line["label"], f"更正前：{line['before'] or '（空）'}\n更正后：{line['after'] or '（空）'}")
        for line in changes_of(row)
    ]
    return [Part("更正什么", changes), Part("理由和依据", [("理由", row.reason), ("依据", row.evidence)])]


def filing(row: SpeakerFiling) -> list[Part]:
    rows = [
        ("报告人", f"{row.speaker} {row.unit} {row.title}"),
        ("题目", row.topic),
        ("听众", row.audience),
        ("提要", row.summary),
    ]
    return [Part("外请报告", rows)]


def plan(row: StudyPlan) -> list[Part]:
    earlier = StudyPlan.objects.filter(committee_id=row.committee_id, year=row.year, edition=row.edition - 1).first()
    before = {item.serial: _item(item) for item in earlier.items.all()} if earlier else {}
    items, quarters = list(row.items.order_by("quarter", "month", "serial")), []
    for quarter in (1, 2, 3, 4):
        rows = [
            (f"{item.serial}. {item.topic}", _item(item) + _changed(item, before if earlier else None))
            for item in items
            if item.quarter == quarter
        ]
        quarters.append(Part(f"第{'一二三四'[quarter - 1]}季度", rows or [("", "没有安排")]))
    gone = set(before) - {item.serial for item in items}
    return [*quarters, Part("这一版删去的", [(f"{serial}.", before[serial]) for serial in sorted(gone)])]


def _item(item: PlanItem) -> str:
    told = [
        f"{item.month}月" if item.month else "",
        item.get_category_display() if item.category else "",
        item.get_mode_display() if item.mode else "",
        item.materials,
        f"发言 {item.speakers}" if item.speakers else "",
        f"成果 {item.expected_outcome}" if item.expected_outcome else "",
    ]
    return "；".join(one for one in [item.topic, *told] if one)


def _changed(item: PlanItem, before: dict[int, str] | None) -> str:
    if before is None or before.get(item.serial) == _item(item):
        return ""
    if item.serial not in before:
        return "\n这一版新增"
    return f"\n上一版：{before[item.serial]}"


READ: dict[str, Callable[[Any], list[Part]]] = {
    "leave": leave,
    "session": session,
    "speech": speech,
    "minutes": minutes,
    "correction": correction,
    "countersign": correction,
    "filing": filing,
    "plan": plan,
}


def content_of(kind: str, row: Any) -> list[Part]:
    """The parts that hold something, in the order they are read."""
    found = [Part(part.heading, [(label, text) for label, text in part.rows if text]) for part in READ[kind](row)]
    return [part for part in found if part.rows]
