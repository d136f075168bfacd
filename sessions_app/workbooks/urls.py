"""Addresses of this room."""

from django.urls import path

from sessions_app.workbooks import views

urlpatterns = [
    path("imports/", views.import_list, name="import_list"),
    path("imports/new/", views.import_new, name="import_new"),
    path("imports/<int:pk>/", views.import_run, name="import_run"),
    path("imports/<int:pk>/progress/", views.import_progress, name="import_progress"),
    path("imports/<int:pk>/look/", views.import_look, name="import_look"),
    path("imports/<int:pk>/commit/", views.import_commit, name="import_commit"),
    path("imports/<int:pk>/units/", views.import_units, name="import_units"),
    path("imports/<int:pk>/undo/", views.import_undo, name="import_undo"),
    path("imports/<int:pk>/rejected/", views.import_rejected, name="import_rejected"),
    path("workbooks/export/", views.workbook_export, name="workbook_export"),
    path("workbooks/template/", views.workbook_template, name="workbook_template"),
]
