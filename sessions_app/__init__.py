"""WHAT HAPPENED: the chain from year plan to annual report, and all that watches it."""
