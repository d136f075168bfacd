"""Addresses of the frame; every room's own are included by its app."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from config import backstage, health

admin.site.login = secure_admin_login(admin.site.login)  # one door for everybody: throttled, second factor and all
admin.site.site_header = admin.site.site_title = "知行后台"

handler500 = "config.away.failed"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("backstage/", backstage.addresses()),
    path("account/", include("roster.accounts.frame_urls")),
    path("", include("roster.urls")),
    path("", include("sessions_app.urls")),
]
