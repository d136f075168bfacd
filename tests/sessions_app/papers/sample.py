"""Facts of papers written by hand, for tests that need no database."""

from typing import Any

CATEGORIES = [
    "指导思想与重要讲话", "党章党规党纪和党的基本知识", "党的路线方针政策和决议", "国家法律法规", "社会主义核心价值观",
    "党史、国史、世界史、社会主义发展史", "履职所需各方面知识", "改革发展实践中的重点难点问题", "党中央和上级党组织要求的其他内容",
]  # fmt: skip


def attended(expected: int, present: int, leave: int = 0, absent: int = 0, made_up: int = 0) -> dict[str, Any]:
    return {
        "expected": expected, "present": present, "on_leave": leave, "absent": absent, "unmarked": 0, "made_up": made_up,
        "presence_rate": round(present / expected, 4) if expected else None,
        "participation_rate": round((present + made_up) / expected, 4) if expected else None,
    }  # fmt: skip


def section(
    name: str = "测试县发展和改革委员会党组", *, sessions: int = 6, members: int = 9, topic: str = "学习贯彻全会精神",
    member: str = "成员", **more: Any,
) -> dict[str, Any]:  # fmt: skip
    rows = [
        {
            "number": index + 1, "day": f"2026-{index % 12 + 1:02d}-11", "last_day": f"2026-{index % 12 + 1:02d}-11",
            "days": 1, "topic": topic, "form": "集体学习研讨", "host": "", "is_joint": False, "is_expanded": False,
            "late_days": 0, "attended": attended(members, members - 1, 1), "speakers": ["张三", "欧阳建国"],
        }
        for index in range(sessions)
    ]  # fmt: skip
    figures = {
        "committees": 1, "members": members, "secretaries": 1, "planned_items": 8, "completed_items": 6, "sessions": sessions,
        "committee_sessions": sessions, "days": sessions, "speeches": 12, "late_entries": 0, "corrections": 0, "visits": 0,
        "findings": 0, "policies_from_proposals": 0, "proposals_converted": 0,
        **attended(sessions * members, sessions * (members - 1), sessions, 0, 2),
    }  # fmt: skip
    return {
        "part": "own", "title": f"{name}2026年度理论学习中心组学习情况报告", "year": 2026, "committee": {"name": name},
        "figures": figures, "leaders": "组长张三", "secretaries": "王五", "changes": [],
        "plan": {"approved_on": "2026-01-20", "meeting": "党组第2次会议", "filed_on": "2026-01-28", "edition": 1, "amendments": 0},
        "sessions": rows, "cancelled": [],
        "months": [{"month": month, "sessions": 1, "committee_sessions": 1} for month in range(1, 13)],
        "quarters": [
            {
                "quarter": quarter, "word": "一二三四"[quarter - 1], "sessions": 2, "committee_sessions": 2, "days": 2,
                "planned_items": 2, "completed_items": 1, "attended": attended(members * 2, members * 2 - 2, 2),
            }
            for quarter in range(1, 5)
        ],
        "categories": [
            {"category": n, "label": label, "planned_items": 1, "completed_items": 1, "sessions": 1, "committee_sessions": 1}
            for n, label in enumerate(CATEGORIES, start=1)
        ],
        "members": [
            {"name": f"{member}{n}", "group_role": "成员", "post": "", "attended": attended(sessions, sessions), "speeches": 1, "texts": 1}
            for n in range(members)
        ],
        "kinds": [], "outcomes": [], "prose": {}, **more,
    }  # fmt: skip


def report(*sections: dict[str, Any]) -> dict[str, Any]:
    first = sections[0]
    return {
        "title": first["title"],
        "cover": {"name": first["committee"]["name"], "lines": ["2026年度理论学习中心组", "学习情况报告"]},
        "issue": {"number": 1, "on": "2026-11-20", "as_of": "2026-11-20T10:00:00+08:00"},
        "sections": list(sections),
    }
