"""Addresses of this room: schemes, runs of them with their sheets, 约谈."""

from django.urls import include, path

urlpatterns = [
    path("", include("sessions_app.assessment.scheme_urls")),
    path("", include("sessions_app.assessment.run_urls")),
    path("", include("sessions_app.assessment.interview_urls")),
]
