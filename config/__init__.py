"""Wiring, nothing of the domain. The Celery app is made here so that a task called from a page finds its broker."""

from config.celery import app

__all__ = ["app"]
