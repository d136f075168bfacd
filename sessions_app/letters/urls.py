"""Addresses of letters."""

from django.urls import path

from sessions_app.letters import views

urlpatterns = [
    path("letters/", views.letter_list, name="letter_list"),
    path("letters/new/", views.letter_new, name="letter_new"),
    path("letters/preview/", views.letter_preview, name="letter_preview"),
    path("letters/<int:pk>/", views.letter, name="letter"),
    path("letters/<int:pk>/withdraw/", views.letter_withdraw, name="letter_withdraw"),
]
