"""The roster's tree and people, here too."""

from tests.roster.conftest import admin, enter, keeper, reviewer, still, tree

__all__ = ["admin", "enter", "keeper", "reviewer", "still", "tree"]
