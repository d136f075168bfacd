"""Addresses of the corps."""

from django.urls import path

from roster.corps import hand_over_views, pool_views, training_views

urlpatterns = [
    path("corps/", training_views.corps, name="corps"),
    path("courses/", training_views.course_list, name="course_list"),
    path("courses/new/", training_views.course_new, name="course_new"),
    path("courses/<int:pk>/", training_views.course, name="course"),
    path("courses/<int:pk>/edit/", training_views.course_edit, name="course_edit"),
    path("courses/<int:pk>/enrol/", training_views.course_enrol, name="course_enrol"),
    path("courses/<int:pk>/drop/", training_views.course_drop, name="course_drop"),
    path("courses/<int:pk>/attendance/", training_views.course_attendance, name="course_attendance"),
    path("courses/<int:pk>/finish/", training_views.course_finish, name="course_finish"),
    path("experts/", pool_views.expert_list, name="expert_list"),
    path("experts/new/", pool_views.expert_new, name="expert_new"),
    path("experts/<int:pk>/edit/", pool_views.expert_edit, name="expert_edit"),
    path("experts/<int:pk>/away/", pool_views.expert_away, name="expert_away"),
    path("teams/", pool_views.team_list, name="team_list"),
    path("teams/new/", pool_views.team_new, name="team_new"),
    path("teams/<int:pk>/", pool_views.visit_team, name="visit_team"),
    path("teams/<int:pk>/edit/", pool_views.team_edit, name="team_edit"),
    path("teams/<int:pk>/areas/", pool_views.team_area, name="team_area"),
    path("hand-overs/", hand_over_views.hand_over_list, name="hand_over_list"),
    path("hand-overs/new/", hand_over_views.hand_over_new, name="hand_over_new"),
    path("hand-overs/<int:pk>/", hand_over_views.hand_over, name="hand_over"),
    path("hand-overs/<int:pk>/sign/", hand_over_views.hand_over_sign, name="hand_over_sign"),
    path("hand-overs/<int:pk>/cancel/", hand_over_views.hand_over_cancel, name="hand_over_cancel"),
]
