"""Decisions about long work over plain values: when a step is given up, and how progress is said."""

from __future__ import annotations

MAX_ATTEMPTS = 3


def is_poison(attempts: int) -> bool:
    """A step begun this often and never finished is not begun again."""
    return attempts >= MAX_ATTEMPTS


def remaining(done: int, total: int, seconds: float) -> str:
    """How long the rest takes at the speed so far: "约 2 分钟"; empty while nothing can be said."""
    if done <= 0 or total <= done or seconds <= 0:
        return ""
    left = seconds / done * (total - done)
    if left < 60:
        return "不到 1 分钟"
    return f"约 {round(left / 60)} 分钟"


def failure_words(failed: list[tuple[str, str]], shown: int = 5) -> str:
    """`failed` holds (what, why) of the steps given up; the first few are named."""
    lines = [f"{what}：{why}" for what, why in failed[:shown]]
    more = f"（共 {len(failed)} 份没有做成）" if len(failed) > shown else ""
    return "\n".join(lines) + more
