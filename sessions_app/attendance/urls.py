"""Addresses of the roll, of leave and of make-up study."""

from django.urls import path

from sessions_app.attendance import views

urlpatterns = [
    path("participations/<int:pk>/attendance/", views.roll, name="roll"),
    path("participations/<int:pk>/attendance/save/", views.roll_autosave, name="roll_autosave"),
    path("participations/<int:pk>/leave/new/", views.leave_new, name="leave_new"),
    path("leaves/", views.leave_list, name="leave_list"),
    path("leaves/<int:pk>/decide/", views.leave_decide, name="leave_decide"),
    path("leaves/<int:pk>/withdraw/", views.leave_withdraw, name="leave_withdraw"),
    path("make-ups/", views.make_up_list, name="make_up_list"),
    path("make-ups/<int:pk>/", views.make_up, name="make_up"),
    path("make-ups/<int:pk>/confirm/", views.make_up_confirm, name="make_up_confirm"),
    path("make-ups/<int:pk>/return/", views.make_up_return, name="make_up_return"),
]
