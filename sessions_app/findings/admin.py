"""Django's admin shows no finding and changes none; whoever tries to has the attempt in the record."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from roster import outside
from roster.accounts.admin import ReadOnlyAdmin
from sessions_app.findings.closing_actions import keep_refusal
from sessions_app.findings.models import Finding

REASON = "后台不能改问题的状态，也不能销号；请由没有参与整改的复核人在问题页面办理。"


@admin.register(Finding)
class FindingAdmin(ReadOnlyAdmin):
    """Registered so that an attempt does not pass unseen; no page of it opens for anybody."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        self._refuse(request, [object_id or ""])
        raise PermissionDenied(REASON)

    def has_view_or_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Asked first by the list, whose form would act on many."""
        self._refuse(request, request.POST.getlist("_selected_action"))
        return False

    def _refuse(self, request: HttpRequest, asked: list[str]) -> None:
        if request.method != "POST":
            return
        for row in Finding.objects.filter(pk__in=[outside.key(pk) for pk in asked[:100]]):
            keep_refusal(row, [REASON], by=request.user, at=request.now)
