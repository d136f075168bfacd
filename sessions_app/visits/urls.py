"""Addresses of visits."""

from django.urls import path

from sessions_app.visits import feedback_views as feedback

urlpatterns = [
    path("visits/<int:pk>/feedback/", feedback.visit_feedback, name="visit_feedback"),
    path("visits/<int:pk>/feedback/save/", feedback.feedback_save, name="feedback_save"),
    path("visits/<int:pk>/feedback/submit/", feedback.feedback_submit, name="feedback_submit"),
    path("visits/<int:pk>/feedback/return/", feedback.feedback_return, name="feedback_return"),
    path("visits/<int:pk>/feedback/issue/", feedback.feedback_issue, name="feedback_issue"),
    path("visits/<int:pk>/feedback/acknowledge/", feedback.feedback_acknowledge, name="feedback_acknowledge"),
    path("visits/<int:pk>/feedback/reply/", feedback.feedback_reply, name="feedback_reply"),
    path("visits/<int:pk>/close/", feedback.visit_close, name="visit_close"),
]
