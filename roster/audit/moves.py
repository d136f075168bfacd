"""The one shape of a life cycle: a table of allowed moves over plain strings, and how a refusal is said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class Refused(Exception):
    """An action did not happen. `reasons` holds every reason, each a Chinese sentence with its cure."""

    def __init__(self, reasons: str | Iterable[str]) -> None:
        self.reasons: list[str] = [reasons] if isinstance(reasons, str) else list(reasons)
        super().__init__("；".join(self.reasons))


class Stale(Refused):
    """The row changed since the form was opened; nothing was saved, nothing typed is lost."""

    def __init__(self, current_version: int) -> None:
        self.current_version = current_version
        super().__init__("这份内容在您打开之后已被他人改动，尚未保存。请对照两份文字后再保存一次。")


@dataclass(frozen=True)
class Move:
    """One allowed move. `verb` is the action's name, `label` what the button says."""

    verb: str
    label: str
    sources: tuple[str, ...]
    target: str


class Moves:
    """A life cycle as one table. States are the values of a TextChoices, `labels` their Chinese words."""

    def __init__(self, *, thing: str, labels: Mapping[str, str], moves: Iterable[Move]) -> None:
        self.thing = thing
        self.labels = dict(labels)
        self.moves = {move.verb: move for move in moves}
        for move in self.moves.values():
            unknown = {*move.sources, move.target} - set(self.labels)
            if unknown:
                raise ValueError(f"{thing}: unknown states {sorted(unknown)} in move {move.verb}")

    def may(self, state: str, verb: str) -> bool:
        return state in self.moves[verb].sources

    def target(self, state: str, verb: str) -> str:
        """The state after `verb`; raises Refused, in words, when the move does not start here."""
        move = self.moves[verb]
        if state not in move.sources:
            where = "、".join(self.labels[source] for source in move.sources)
            raise Refused(
                f"{self.thing}现在是“{self.labels[state]}”，不能{move.label}；只有“{where}”时可以。请刷新页面核对。"
            )
        return move.target

    def verbs_from(self, state: str) -> list[Move]:
        return [move for move in self.moves.values() if state in move.sources]
