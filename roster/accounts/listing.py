"""How every list behaves: order from the address, 20, 50 or 100 rows a page."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

from roster import outside

SIZES = (20, 50, 100)


def page_of(request: HttpRequest, rows: Any) -> Page:
    """The page `?page=` of a queryset or list, `?per=` rows long; a page that does not exist is the nearest one."""
    asked = outside.whole(request.GET.get("per"))
    size = asked if asked in SIZES else SIZES[0]
    return Paginator(rows, size).get_page(request.GET.get("page"))


def ordered(
    request: HttpRequest, rows: QuerySet[Any], allowed: Mapping[str, Sequence[str]], default: str
) -> tuple[QuerySet[Any], str]:
    """Rows in the order `?sort=` names (`-` in front turns it round) and that word; unknown words give the default."""
    asked = request.GET.get("sort", default)
    if asked.lstrip("-") not in allowed:
        asked = default
    fields = allowed[asked.lstrip("-")]
    if asked.startswith("-"):
        fields = [field[1:] if field.startswith("-") else f"-{field}" for field in fields]
    return rows.order_by(*fields), asked
