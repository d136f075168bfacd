"""Django's admin, for support: local rules, calendar and periods are shown, not changed."""

from django.contrib import admin

from roster.accounts.admin import ReadOnlyAdmin
from sessions_app.policies.models import Period, PolicyParameter, WorkingDay


@admin.register(PolicyParameter)
class ParameterAdmin(ReadOnlyAdmin):
    list_display = ("key", "committee", "value", "since", "until", "source")
    list_select_related = ("committee",)


@admin.register(WorkingDay)
class WorkingDayAdmin(ReadOnlyAdmin):
    list_display = ("day", "is_working", "note", "overridden")


@admin.register(Period)
class PeriodAdmin(ReadOnlyAdmin):
    list_display = ("committee", "year", "quarter", "stage")
    list_select_related = ("committee",)
