"""Addresses of the frame; every room's own are included by its app."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from config import health

admin.site.login = secure_admin_login(admin.site.login)  # one door for everybody: throttled, second factor and all
admin.site.site_header = admin.site.site_title = "知行后台"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("backstage/", admin.site.urls),
    path("account/", include("allauth.urls")),
    path("", include("roster.urls")),
    path("", include("sessions_app.urls")),
]
