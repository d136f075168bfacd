"""The tree of committees and their names over time."""
