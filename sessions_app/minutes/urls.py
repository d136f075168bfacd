"""Addresses of minutes and of archiving a session."""

from django.urls import path

from sessions_app.minutes import views

urlpatterns = [
    path("sessions/<int:pk>/minutes/", views.minutes, name="minutes"),
    path("sessions/<int:pk>/minutes/save/", views.minutes_autosave, name="minutes_autosave"),
    path("sessions/<int:pk>/minutes/submit/", views.minutes_submit, name="minutes_submit"),
    path("sessions/<int:pk>/minutes/approve/", views.minutes_approve, name="minutes_approve"),
    path("sessions/<int:pk>/minutes/send-back/", views.minutes_send_back, name="minutes_send_back"),
    path("sessions/<int:pk>/archive/", views.session_archive, name="session_archive"),
]
