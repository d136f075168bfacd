"""Doors of 代理和委托: given on the committee's page by the leader or by the department above, and ended there."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from roster.accounts import acting_actions
from roster.accounts.acting_forms import ActingForm, EndActingForm
from roster.accounts.doors import attempt, filled, permission
from roster.accounts.roles import Permission
from roster.committees.models import Committee
from roster.people.models import ActingLeader, Membership, Person

P = Permission


@permission(P.ACTING_EDIT)
@require_http_methods(["GET", "POST"])
def acting_new(request: HttpRequest, pk: int) -> HttpResponse:
    home = get_object_or_404(Committee.objects.open_to(request.user, P.ACTING_EDIT), pk=pk)
    members = Membership.objects.filter(committee=home, confirmed=True).during(request.today, None)
    people = Person.objects.filter(pk__in=members.values("person")).exclude(pk=request.user.person_id)
    form = ActingForm(request.POST or None, people=people.order_by("pinyin"), initial={"since": request.today})
    if request.method == "POST" and form.is_valid():
        act = lambda: acting_actions.give(committee=home, **form.cleaned_data, by=request.user, at=request.now)
        row = attempt(request, act, form)
        if row:
            messages.success(
                request, f"已授权 {row.person} {row.get_kind_display()}。期间的审批会印上身份，并记入日志。"
            )
            return redirect(home)
    context = {"form": form, "title": f"{home}：代理和委托", "go": "授权", "back": home}
    status = 422 if request.method == "POST" else 200
    return render(request, "people/form.html", context, status=status)


@permission(P.ACTING_EDIT)
@require_POST
def acting_end(request: HttpRequest, pk: int) -> HttpResponse:
    rows = ActingLeader.objects.open_to(request.user, P.ACTING_EDIT).select_related("committee", "person")
    row = get_object_or_404(rows, pk=pk)
    form = EndActingForm(request.POST)
    if filled(request, form):
        act = lambda: acting_actions.end(row, **form.cleaned_data, by=request.user, at=request.now)
        if attempt(request, act):
            messages.success(request, f"已结束 {row.person} 的{row.get_kind_display()}。")
    return redirect(row.committee)
