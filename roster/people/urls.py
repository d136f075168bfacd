"""Addresses of this room."""

from django.urls import path

from roster.people import views

urlpatterns = [
    path("people/", views.person_list, name="person_list"),
    path("people/new/", views.person_new, name="person_new"),
    path("members/changes/", views.member_changes, name="member_changes"),
    path("people/pick/", views.person_pick, name="person_pick"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/edit/", views.person_edit, name="person_edit"),
    path("people/<int:pk>/merge/", views.person_merge, name="person_merge"),
    path("people/<int:pk>/unmerge/", views.person_unmerge, name="person_unmerge"),
    path("committees/<int:pk>/members/new/", views.member_new, name="member_new"),
    path("members/<int:pk>/edit/", views.member_edit, name="member_edit"),
    path("members/<int:pk>/end/", views.member_end, name="member_end"),
    path("members/<int:pk>/confirm/", views.member_confirm, name="member_confirm"),
    path("secretaries/<int:pk>/confirm/", views.secretary_confirm, name="secretary_confirm"),
    path("committees/<int:pk>/secretaries/new/", views.secretary_new, name="secretary_new"),
    path("secretaries/<int:pk>/end/", views.secretary_end, name="secretary_end"),
]
