"""Papers have no queue of their own: importing this makes the worker know how to make them."""

from sessions_app.papers import handlers, volume_work

handlers.register()
volume_work.register()
