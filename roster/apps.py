"""Django's entry to the roster."""

from django.apps import AppConfig


class RosterConfig(AppConfig):
    name = "roster"
    label = "roster"
    verbose_name = "名册"
    default_auto_field = "django.db.models.BigAutoField"
