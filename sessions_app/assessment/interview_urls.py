"""Addresses of this room: 约谈."""

from django.urls import path

from sessions_app.assessment import interview_views as views

urlpatterns = [
    path("interviews/", views.interview_list, name="interview_list"),
    path("interviews/suggest/", views.interview_suggest, name="interview_suggest"),
    path("interviews/<int:pk>/", views.interview, name="interview"),
    path("interviews/<int:pk>/confirm/", views.interview_confirm, name="interview_confirm"),
    path("interviews/<int:pk>/drop/", views.interview_drop, name="interview_drop"),
    path("interviews/<int:pk>/record/", views.interview_hold, name="interview_hold"),
    path("interviews/<int:pk>/finding/", views.commitment_finding, name="commitment_finding"),
]
