"""Addresses of bulletins."""

from django.urls import path

from sessions_app.bulletins import receipt_views, views

urlpatterns = [
    path("bulletins/", views.bulletin_list, name="bulletin_list"),
    path("bulletins/new/", views.bulletin_new, name="bulletin_new"),
    path("bulletins/<int:pk>/", views.bulletin, name="bulletin"),
    path("bulletins/<int:pk>/edit/", views.bulletin_edit, name="bulletin_edit"),
    path("bulletins/<int:pk>/save/", views.bulletin_save, name="bulletin_save"),
    path("bulletins/<int:pk>/check-prose/", views.bulletin_check_prose, name="bulletin_check_prose"),
    path("bulletins/<int:pk>/figures/", views.bulletin_figures, name="bulletin_figures"),
    path("bulletins/<int:pk>/cards/", views.bulletin_cards, name="bulletin_cards"),
    path("bulletins/<int:pk>/move/", views.bulletin_move, name="bulletin_move"),
    path("bulletins/<int:pk>/print/", views.bulletin_print, name="bulletin_print"),
    path("bulletins/<int:pk>/receive/", receipt_views.bulletin_receive, name="bulletin_receive"),
    path("bulletins/<int:pk>/receipts/", receipt_views.bulletin_receipts, name="bulletin_receipts"),
    path("bulletins/<int:pk>/download/", receipt_views.bulletin_download, name="bulletin_download"),
]
