"""How much a property tries: short in every run, long by `bin/test --long`. No test is left out by it."""

import os

from hypothesis import settings

LONG = bool(os.environ.get("ZHIXING_TEST_LONG"))

settings.register_profile("short", max_examples=50, deadline=None)
settings.register_profile("long", max_examples=1000, deadline=None)
settings.load_profile("long" if LONG else "short")


def examples(short: int) -> int:
    """The number of examples of a property that has a size of its own."""
    return short * 20 if LONG else short
