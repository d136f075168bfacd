"""Addresses of visits: rounds, visits, coverage here; the dossier's and the feedback's in their own files."""

from django.urls import path

from sessions_app.visits import coverage_views, dossier_urls, feedback_urls, round_views, views

urlpatterns = [
    path("visits/", views.visit_list, name="visit_list"),
    path("visits/coverage/", coverage_views.coverage, name="coverage"),
    path("visits/<int:pk>/", views.visit, name="visit"),
    path("visits/<int:pk>/assign/", round_views.visit_assign, name="visit_assign"),
    path("visits/<int:pk>/accept/", views.visit_accept, name="visit_accept"),
    path("visits/<int:pk>/decline/", views.visit_decline, name="visit_decline"),
    path("visits/<int:pk>/cancel/", views.visit_cancel, name="visit_cancel"),
    path("visits/<int:pk>/session/", views.visit_session, name="visit_session"),
    path("visits/<int:pk>/open/", views.visit_open, name="visit_open"),
    path("rounds/", round_views.round_list, name="round_list"),
    path("rounds/new/", round_views.round_new, name="round_new"),
    path("rounds/<int:pk>/", round_views.round_page, name="round"),
    path("rounds/<int:pk>/places/", round_views.round_places, name="round_places"),
    path("rounds/<int:pk>/propose/", round_views.round_propose, name="round_propose"),
    path("rounds/<int:pk>/assign/", round_views.round_assign, name="round_assign"),
    path("rounds/<int:pk>/open/", round_views.round_open, name="round_open"),
    path("rounds/<int:pk>/close/", round_views.round_close, name="round_close"),
    *dossier_urls.urlpatterns,
    *feedback_urls.urlpatterns,
]
