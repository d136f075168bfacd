"""Addresses of this room: schemes."""

from django.urls import path

from sessions_app.assessment import scheme_views as views

urlpatterns = [
    path("assessment/schemes/", views.scheme_list, name="scheme_list"),
    path("assessment/schemes/new/", views.scheme_new, name="scheme_new"),
    path("assessment/schemes/example/", views.scheme_example, name="scheme_example"),
    path("assessment/schemes/<int:pk>/", views.scheme, name="scheme"),
    path("assessment/schemes/<int:pk>/edit/", views.scheme_edit, name="scheme_edit"),
    path("assessment/schemes/<int:pk>/copy/", views.scheme_copy, name="scheme_copy"),
    path("assessment/schemes/<int:pk>/publish/", views.scheme_publish, name="scheme_publish"),
    path("assessment/schemes/<int:pk>/discard/", views.scheme_discard, name="scheme_discard"),
]
