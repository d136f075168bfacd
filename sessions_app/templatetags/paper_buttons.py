"""The buttons of a paper on the page of the thing it is about: 打印 (a working copy), 印发."""

from typing import Any
from urllib.parse import urlencode

from django import template

from roster.committees.models import Committee
from sessions_app.papers.access import may_issue, may_print
from sessions_app.papers.models import PaperKind

register = template.Library()


@register.inclusion_tag("papers/buttons.html", takes_context=True)
def paper_buttons(
    context: dict[str, Any], kind: str, pk: int, committee: Committee, *, ready: bool = True, small: bool = False,
    **query: Any,
) -> dict[str, Any]:  # fmt: skip
    """`committee` runs the thing. `ready` False: it can be printed, not issued yet. `query`: the year, the quarter."""
    user = context["request"].user
    said = {key: value for key, value in query.items() if value}
    return {
        "kind": kind, "pk": pk, "label": PaperKind(kind).label, "small": small, "query": f"?{urlencode(said)}" if said else "",
        "hidden": [{"name": key, "value": value} for key, value in said.items()], "csrf_token": context.get("csrf_token"),
        "may_print": may_print(user, kind), "may_issue": bool(ready) and may_issue(user, kind, committee),
    }  # fmt: skip
