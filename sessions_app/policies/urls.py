"""Addresses of this room."""

from django.urls import path

from sessions_app.policies import views

urlpatterns = [
    path("parameters/", views.parameter_list, name="parameter_list"),
    path("parameters/history/", views.parameter_history, name="parameter_history"),
    path("parameters/new/", views.parameter_new, name="parameter_new"),
    path("parameters/<int:pk>/end/", views.parameter_end, name="parameter_end"),
    path("working-days/", views.working_days, name="working_days"),
    path("working-days/seed/", views.working_days_seed, name="working_days_seed"),
    path("periods/", views.period_list, name="period_list"),
    path("periods/close/", views.period_close, name="period_close"),
    path("periods/<int:pk>/freeze/", views.period_freeze, name="period_freeze"),
    path("periods/<int:pk>/reopen/", views.period_reopen, name="period_reopen"),
    path("periods/<int:pk>/unfreeze/ask/", views.period_ask_unfreeze, name="period_ask_unfreeze"),
    path("periods/<int:pk>/unfreeze/agree/", views.period_agree_unfreeze, name="period_agree_unfreeze"),
    path("periods/<int:pk>/unfreeze/refuse/", views.period_refuse_unfreeze, name="period_refuse_unfreeze"),
]
