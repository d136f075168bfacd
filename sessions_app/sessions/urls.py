"""Addresses of this room; the one page of a session, `session`, is in desk."""

from django.urls import path

from sessions_app.sessions import speech_views, views

urlpatterns = [
    path("sessions/", views.session_list, name="session_list"),
    path("sessions/calendar/", views.session_calendar, name="session_calendar"),
    path("sessions/new/", views.session_new, name="session_new"),
    path("sessions/<int:pk>/edit/", views.session_edit, name="session_edit"),
    path("sessions/<int:pk>/move/", views.session_move, name="session_move"),
    path("sessions/<int:pk>/cancel/", views.session_cancel, name="session_cancel"),
    path("sessions/<int:pk>/submit/", views.session_submit, name="session_submit"),
    path("sessions/<int:pk>/return/", views.session_return, name="session_return"),
    path("sessions/<int:pk>/approve/", views.session_approve, name="session_approve"),
    path("sessions/<int:pk>/hold/", views.session_hold, name="session_hold"),
    path("sessions/<int:pk>/invite/", views.session_invite, name="session_invite"),
    path("invitations/", views.invitation_list, name="invitation_list"),
    path("invitations/<int:pk>/accept/", views.invitation_accept, name="invitation_accept"),
    path("invitations/<int:pk>/decline/", views.invitation_decline, name="invitation_decline"),
    path("sessions/<int:pk>/speeches/", speech_views.session_speeches, name="session_speeches"),
    path("participations/<int:pk>/speeches/add/", speech_views.speech_add, name="speech_add"),
    path("speeches/<int:pk>/", speech_views.speech, name="speech"),
    path("speeches/<int:pk>/submit/", speech_views.speech_submit, name="speech_submit"),
    path("speeches/<int:pk>/approve/", speech_views.speech_approve, name="speech_approve"),
    path("speeches/<int:pk>/return/", speech_views.speech_return, name="speech_return"),
    path("speeches/<int:pk>/move/", speech_views.speech_move, name="speech_move"),
    path("speeches/<int:pk>/written/", speech_views.speech_written, name="speech_written"),
    path("speeches/<int:pk>/remove/", speech_views.speech_remove, name="speech_remove"),
    path("filings/", speech_views.filing_list, name="filing_list"),
    path("sessions/<int:pk>/filings/new/", speech_views.filing_new, name="filing_new"),
    path("filings/<int:pk>/", speech_views.filing, name="filing"),
    path("filings/<int:pk>/approve/", speech_views.filing_approve, name="filing_approve"),
    path("filings/<int:pk>/refuse/", speech_views.filing_refuse, name="filing_refuse"),
]
