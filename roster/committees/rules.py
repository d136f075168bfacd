"""Pure rules of the tree: what a date, a level and a parent must satisfy, and how a day is said."""

from datetime import date

LEVELS = ("CITY", "COUNTY", "TOWNSHIP")


def said(day: date) -> str:
    """2026年3月5日."""
    return f"{day.year}年{day.month}月{day.day}日"


def span_said(since: date, until: date | None) -> str:
    return f"{said(since)}至{said(until)}" if until else f"{said(since)}起"


def period_reasons(since: date, until: date | None, *, what: str = "") -> list[str]:
    """An end before its start."""
    if until is not None and until < since:
        return [f"{what}结束日期 {said(until)} 早于起始日期 {said(since)}，请核对。"]
    return []


def meet(since: date, until: date | None, other_since: date, other_until: date | None) -> bool:
    """Whether two periods, ends included, share a day."""
    return (until is None or other_since <= until) and (other_until is None or since <= other_until)


def within_reasons(
    since: date, until: date | None, frame_since: date, frame_until: date | None, *, frame: str
) -> list[str]:
    """A period must lie inside the life of what it belongs to."""
    reasons = []
    if since < frame_since:
        reasons.append(f"起始日期 {said(since)} 早于{frame}的启用日期 {said(frame_since)}，请改为启用之后的日期。")
    if frame_until is not None and since > frame_until:
        reasons.append(f"{frame}已于 {said(frame_until)} 停用，起始日期不能在此之后。")
    elif frame_until is not None and until is not None and until > frame_until:
        reasons.append(f"结束日期 {said(until)} 晚于{frame}的停用日期 {said(frame_until)}，请核对。")
    return reasons


def level_reasons(level: str, parent_level: str | None) -> list[str]:
    """A committee is never of a higher level than its superior."""
    if parent_level is not None and LEVELS.index(level) < LEVELS.index(parent_level):
        return ["层级不能高于上级委员会的层级，请改层级或另选上级。"]
    return []
