"""Django's admin, cut down to what is used: it shows lists and rows. Passwords are changed at the one door for it."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path
from django.views.generic.base import RedirectView

from roster.accounts.admin import ReadOnlyAdmin

SITE = {"index", "login", "logout", "jsi18n", "app_list"}
SHOWN = ("_changelist", "_change", "_history")


def addresses() -> tuple[list[URLPattern | URLResolver], str, str]:
    """For `path("backstage/", ...)`. What other apps brought (mail addresses, sessions, groups) is not shown at all."""
    for model, shown in list(admin.site._registry.items()):
        if not isinstance(shown, ReadOnlyAdmin):
            admin.site.unregister(model)
    found: list[URLPattern | URLResolver] = [
        entry for entry in admin.site.get_urls() if isinstance(entry, URLPattern) and entry.name in SITE
    ]
    for model, shown in admin.site._registry.items():
        place = f"{model._meta.app_label}/{model._meta.model_name}/"
        kept = [entry for entry in shown.get_urls() if str(entry.name or "").endswith(SHOWN)]
        found.append(path(place, (kept, None, None)))
    # The frame of its pages links to this name.
    found.append(
        path("password_change/", RedirectView.as_view(pattern_name="account_change_password"), name="password_change")
    )
    return found, "admin", admin.site.name
