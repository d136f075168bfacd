"""Addresses of outcomes."""

from django.urls import path

from sessions_app.outcomes import views

urlpatterns = [
    path("outcomes/", views.outcome_list, name="outcome_list"),
    path("outcomes/new/", views.outcome_new, name="outcome_new"),
    path("outcomes/<int:pk>/", views.outcome, name="outcome"),
    path("outcomes/<int:pk>/edit/", views.outcome_edit, name="outcome_edit"),
    path("outcomes/<int:pk>/adopt/", views.outcome_adopt, name="outcome_adopt"),
    path("outcomes/<int:pk>/reject/", views.outcome_reject, name="outcome_reject"),
    path("outcomes/<int:pk>/link/", views.outcome_link, name="outcome_link"),
    path("outcomes/<int:pk>/unlink/", views.outcome_unlink, name="outcome_unlink"),
    path("outcomes/<int:pk>/withdraw/", views.outcome_withdraw, name="outcome_withdraw"),
]
