"""Addresses of papers: volume."""

from django.urls import path

from sessions_app.papers import volume_views

urlpatterns = [
    path("papers/volume/", volume_views.volume_choose, name="volume_choose"),
    path("papers/volume/<int:pk>/", volume_views.volume, name="volume"),
]
