"""Addresses of reminders."""

from django.urls import path

from sessions_app.reminders import calendar_views, views

urlpatterns = [
    path("behind/", views.behind_list, name="behind_list"),
    path("calendar/", calendar_views.feed, name="feed"),
    path("calendar/renew/", calendar_views.feed_renew, name="feed_renew"),
    path("calendar/<int:person>-<str:token>.ics", calendar_views.feed_ics, name="feed_ics"),
]
