"""Addresses of the corps."""

from django.urls import path

from roster.corps import views

urlpatterns = [
    path("corps/", views.corps, name="corps"),
    path("courses/", views.course_list, name="course_list"),
    path("courses/new/", views.course_new, name="course_new"),
    path("courses/<int:pk>/", views.course, name="course"),
    path("courses/<int:pk>/edit/", views.course_edit, name="course_edit"),
    path("courses/<int:pk>/enrol/", views.course_enrol, name="course_enrol"),
    path("courses/<int:pk>/drop/", views.course_drop, name="course_drop"),
    path("courses/<int:pk>/attendance/", views.course_attendance, name="course_attendance"),
    path("courses/<int:pk>/finish/", views.course_finish, name="course_finish"),
    path("experts/", views.expert_list, name="expert_list"),
    path("experts/new/", views.expert_new, name="expert_new"),
    path("experts/<int:pk>/edit/", views.expert_edit, name="expert_edit"),
    path("experts/<int:pk>/away/", views.expert_away, name="expert_away"),
    path("teams/", views.team_list, name="team_list"),
    path("teams/new/", views.team_new, name="team_new"),
    path("teams/<int:pk>/", views.visit_team, name="visit_team"),
    path("teams/<int:pk>/edit/", views.team_edit, name="team_edit"),
    path("teams/<int:pk>/areas/", views.team_area, name="team_area"),
    path("hand-overs/", views.hand_over_list, name="hand_over_list"),
    path("hand-overs/new/", views.hand_over_new, name="hand_over_new"),
    path("hand-overs/<int:pk>/", views.hand_over, name="hand_over"),
    path("hand-overs/<int:pk>/sign/", views.hand_over_sign, name="hand_over_sign"),
    path("hand-overs/<int:pk>/cancel/", views.hand_over_cancel, name="hand_over_cancel"),
]
