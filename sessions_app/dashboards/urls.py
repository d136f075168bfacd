"""Addresses of the dashboards."""

from django.urls import path

from sessions_app.dashboards import views

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/committees/", views.committee_table, name="dashboard_committees"),
    path("dashboard/list/", views.drill, name="drill"),
]
