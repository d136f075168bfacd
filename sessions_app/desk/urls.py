"""Addresses of the desk."""

from django.urls import path

from sessions_app.desk import views

urlpatterns = [
    path("", views.home, name="home"),
    path("approvals/", views.approvals, name="approvals"),
    path("approvals/<slug:kind>/<int:pk>/content/", views.approval_content, name="approval_content"),
    path("approvals/<slug:kind>/<int:pk>/<slug:answer>/", views.decide, name="decide"),
    path("my/", views.my_study, name="my_study"),
    path("sessions/<int:pk>/", views.session, name="session"),
]
