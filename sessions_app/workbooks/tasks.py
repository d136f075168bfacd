"""Workbooks have no queue of their own: importing this makes the worker know how to read them."""

from sessions_app.workbooks import handlers

handlers.register()
