"""Django's entry to the chain."""

from django.apps import AppConfig


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    label = "sessions_app"
    verbose_name = "学习"
    default_auto_field = "django.db.models.BigAutoField"
