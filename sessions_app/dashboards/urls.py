"""Addresses of the dashboards."""

from django.urls import path

from sessions_app.dashboards import list_views, supervision_views, views

urlpatterns = [
    path("dashboard/", views.dashboard, name="dashboard"),
    path("dashboard/committees/", views.committee_table, name="dashboard_committees"),
    path("dashboard/supervision/", supervision_views.dashboard_supervision, name="dashboard_supervision"),
    path("dashboard/list/", views.drill, name="drill"),
    path("lists/learning/", list_views.list_learning, name="list_learning"),
    path("lists/findings/", list_views.list_findings, name="list_findings"),
    path("lists/rectification/", list_views.list_rectification, name="list_rectification"),
]
