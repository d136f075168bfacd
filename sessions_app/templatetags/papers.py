"""How frozen facts are printed: they are JSON, so dates come as ISO text."""

import base64
from typing import Any

from django import template
from django.utils.safestring import mark_safe

from sessions_app.papers import rules

register = template.Library()
register.filter("full_day", rules.day_words)
register.filter("short_day", rules.short_day)
register.filter("moment_words", rules.moment_words)
register.filter("percent", rules.percent)
register.filter("num", rules.number)


@register.filter
def until(first: str, last: str) -> str:
    return rules.days_words(first, last)


@register.filter
def known(value: Any) -> Any:
    return rules.UNKNOWN if value is None or value == "" else value


@register.filter
def times(count: int) -> range:
    return range(int(count))


@register.filter
def paragraphs(text: str) -> list[str]:
    return [line.strip() for line in str(text).splitlines() if line.strip()]


@register.filter
def picture(svg: str) -> str:
    """An SVG as a data: address for <img>."""
    return mark_safe("data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode())  # noqa: S308 (base64)
