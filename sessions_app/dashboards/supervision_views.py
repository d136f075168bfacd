"""Door of the overview of supervision."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from roster.accounts.doors import permission
from roster.accounts.roles import Permission
from sessions_app.dashboards import overview, supervision
from sessions_app.dashboards.views import asked, figures_of, query_of
from sessions_app.facts.supervision import funnel, seen_by_one

P = Permission


@permission(P.DASHBOARD_READ)
@require_safe
def dashboard_supervision(request: HttpRequest) -> HttpResponse:
    """Visits and findings of a subtree; teams and observers by name only to the department itself."""
    here, form, period = asked(request, P.DASHBOARD_READ)
    links = overview.Links(here, period)
    found = funnel(here.scope, period, request.today)
    own = here.committee.path in request.user.reach(P.DASHBOARD_READ).paths
    blocks = [supervision.team_block(links), supervision.observer_block(links)] if own else []
    blocks += [
        supervision.area_block(links), supervision.funnel_block(found, links), supervision.age_block(found, links),
        supervision.type_block(links), supervision.stage_block(found, links),
        *supervision.department_blocks(links, request.today),
    ]  # fmt: skip
    alone = seen_by_one(here.scope, period).count()
    context = {
        "place": here, "form": form, "period": period, "blocks": [block for block in blocks if block.rows],
        "figures": supervision.headline(figures_of(here, period, request.today), links, alone),
        "back": f"{reverse('dashboard')}?{query_of(here, period)}",
        "lists": f"{reverse('list_rectification')}?{query_of(here, period)}",
    }  # fmt: skip
    return render(request, "dashboards/supervision.html", context)
