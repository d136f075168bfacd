"""How frozen facts are printed: they are JSON, so dates come as ISO text."""

import base64
import re
from typing import Any

from django import template
from django.utils.html import escape, format_html, format_html_join
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
def full_stop(text: str) -> str:
    """抄送 ends with 。 whatever was typed."""
    return str(text).rstrip("。.；; ") + "。"


HAN = "零一二三四五六七八九十"


@register.filter
def han(number: int) -> str:
    """一, 十, 十一, 二十, 二十三: for the levels of a paper, up to 99."""
    tens, ones = divmod(int(number), 10)
    return (HAN[tens] if tens > 1 else "") + ("十" if tens else "") + (HAN[ones] if ones or not tens else "")


@register.filter
def times(count: int) -> range:
    return range(int(count))


@register.filter
def paragraphs(text: str) -> list[str]:
    return [line.strip() for line in str(text).splitlines() if line.strip()]


PIECES = re.compile(r"(\d{4}年度|理论学习中心组|学习情况总?报告)")


@register.filter
def sense(title: str, name: str) -> str:
    """A title broken by sense: the committee's name on its own line, then the rest, broken between its words only."""
    rest = str(title).removeprefix(name)
    if not name or rest == title or not rest:
        return escape(title)
    return format_html("{}<br>{}", name, unbroken(rest))


@register.filter
def unbroken(words: str) -> str:
    """Each word of a report's title holds together, so that a narrow line breaks between two of them."""
    return format_html_join("", '<span class="piece">{}</span>', ((each,) for each in PIECES.split(str(words)) if each))


@register.filter
def people(names: Any) -> str:
    """Names with 、 between them, broken between two names and not within one."""
    each = (
        names if isinstance(names, list) else [name for name in re.split(r"[、，,]", str(names or "")) if name.strip()]
    )
    last = len(each) - 1
    return format_html_join(
        "", '<span class="who">{}{}</span>', ((n, "、" if i < last else "") for i, n in enumerate(each))
    )


@register.filter
def picture(svg: str) -> str:
    """An SVG as a data: address for <img>."""
    return mark_safe("data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode())  # noqa: S308 (base64)
