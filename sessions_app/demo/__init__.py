"""The demo year: an invented prefecture, made only through actions and intake, the same at every loading."""
