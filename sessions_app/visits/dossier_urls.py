"""Addresses of a visit's dossier and of score sheets."""

from django.urls import path

from sessions_app.visits import dossier_views as views
from sessions_app.visits import worker_views

urlpatterns = [
    path("visits/sheets/", views.score_sheet_list, name="score_sheet_list"),
    path("visits/sheets/<int:pk>/", views.score_sheet, name="score_sheet"),
    path("visits/scores/<int:pk>/return/", views.score_return, name="score_return"),
    path("visits/<int:pk>/pack/", views.visit_pack, name="visit_pack"),
    path("visits/<int:pk>/review/", views.visit_review, name="visit_review"),
    path("visits/<int:pk>/score/", views.visit_score, name="visit_score"),
    path("visits/onsite-worker.js", worker_views.onsite_worker, name="onsite_worker"),
    path("visits/<int:pk>/observe/", views.visit_observe, name="visit_observe"),
    path("visits/<int:pk>/interviews/new/", views.interview_new, name="interview_new"),
]
