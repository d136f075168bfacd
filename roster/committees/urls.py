"""Addresses of this room."""

from django.urls import path

from roster.committees import views

urlpatterns = [
    path("committees/", views.committee_list, name="committee_list"),
    path("committees/tree/", views.committee_tree, name="committee_tree"),
    path("committees/new/", views.committee_new, name="committee_new"),
    path("committees/<int:pk>/", views.committee, name="committee"),
    path("committees/<int:pk>/edit/", views.committee_edit, name="committee_edit"),
    path("committees/<int:pk>/rename/", views.committee_rename, name="committee_rename"),
    path("committees/<int:pk>/move/", views.committee_move, name="committee_move"),
    path("committees/<int:pk>/close/", views.committee_close, name="committee_close"),
]
