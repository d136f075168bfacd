"""Django's admin, for support: it shows the roster and changes nothing."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from roster.accounts.models import Grant, User
from roster.accounts.roles import Permission
from roster.committees.models import Committee, CommitteeName
from roster.people.models import Membership, Person, StudySecretary


class ReadOnlyAdmin(admin.ModelAdmin):
    """Seen by the system administrator; every change goes through the house's own actions."""

    list_per_page = 50
    view_on_site = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_authenticated and request.user.may(Permission.ACCOUNT_EDIT)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_module_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class NameInline(admin.TabularInline):
    model = CommitteeName
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


@admin.register(Committee)
class CommitteeAdmin(ReadOnlyAdmin):
    list_display = ("code", "name", "kind", "level", "parent", "since", "until")
    list_select_related = ("parent",)
    search_fields = ("code", "name", "pinyin")
    inlines = (NameInline,)


@admin.register(Person)
class PersonAdmin(ReadOnlyAdmin):
    list_display = ("code", "name")
    search_fields = ("code", "name", "pinyin")


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    list_display = ("committee", "person", "group_role", "rank", "since", "until")
    list_select_related = ("committee", "person")


@admin.register(StudySecretary)
class SecretaryAdmin(ReadOnlyAdmin):
    list_display = ("committee", "person", "since", "until")
    list_select_related = ("committee", "person")


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ("username", "person", "is_active", "last_login")
    list_select_related = ("person",)
    search_fields = ("username",)
    fields = ("username", "person", "is_active", "last_login", "password_changed_at", "must_change_password")


@admin.register(Grant)
class GrantAdmin(ReadOnlyAdmin):
    list_display = ("user", "role", "committee", "since", "until")
    list_select_related = ("user__person", "committee")
