"""The conversion tree of an outcome: what it came from, what came of it."""

from dataclasses import dataclass

from sessions_app.outcomes.models import Outcome

DEEPEST = 12


@dataclass(frozen=True)
class Branch:
    """One result in the tree; `depth` 0 is the root."""

    outcome: Outcome
    depth: int
    is_here: bool

    @property
    def indent(self) -> int:
        """0 to 5, for the page."""
        return min(5, 2 * self.depth)


def tree_of(outcome: Outcome) -> list[Branch]:
    """From the first source down, in reading order; a query a level, twelve levels at most."""
    root, steps = outcome, 0
    while root.derived_from_id and steps < DEEPEST:
        root, steps = Outcome.objects.select_related("committee").get(pk=root.derived_from_id), steps + 1
    children: dict[int, list[Outcome]] = {}
    level = [root.pk]
    for _ in range(DEEPEST):
        rows = list(
            Outcome.objects.filter(derived_from__in=level, is_withdrawn=False)
            .select_related("committee")
            .order_by("day", "pk")
        )
        if not rows:
            break
        for row in rows:
            children.setdefault(row.derived_from_id, []).append(row)
        level = [row.pk for row in rows]
    found: list[Branch] = []

    def walk(row: Outcome, depth: int) -> None:
        found.append(Branch(row, depth, row.pk == outcome.pk))
        for child in children.get(row.pk, []):
            walk(child, depth + 1)

    walk(root, 0)
    return found
