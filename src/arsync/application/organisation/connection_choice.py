"""Which connections somebody means: names, patterns of names, labels."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, TypeAlias

from arsync.errors import UserMistake

if TYPE_CHECKING:  # `rules check` takes a choice, and needs no store
    from arsync.store import Store
    from arsync.store.models import ConnectionRow

SHOWN_MAX = 10
"""So many names or labels are told to somebody who chose what is not there."""


@dataclass(frozen=True)
class ConnectionChoice:
    """Names and labels, as the command line takes them; nothing given chooses all.

    A connection is chosen that has one of the names and one of the labels, as far as given.
    """

    names: tuple[str, ...] = ()
    """Names, and patterns such as `client-*`."""
    labels: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether anything is given."""
        return bool(self.names or self.labels)


Chosen: TypeAlias = str | Sequence[str] | ConnectionChoice | None
"""Which connections: one name, several names and patterns, or a choice; None or nothing: all."""


def as_choice(chosen: Chosen) -> ConnectionChoice:
    """Return what was chosen, in one form."""
    if isinstance(chosen, ConnectionChoice):
        return chosen
    return ConnectionChoice((chosen,) if isinstance(chosen, str) else tuple(chosen or ()))


def chosen_rows(store: Store, chosen: Chosen) -> list[ConnectionRow]:
    """Return the chosen connections, each once, by name; none while nothing is connected.

    Raises:
        UserMistake: there is none of a name or a label, or none that fits everything given.
    """
    choice = as_choice(chosen)
    if not choice.labels and len(choice.names) == 1 and not is_pattern(choice.names[0]):
        return [store.connections.get(choice.names[0])]
    rows = store.connections.all()
    if choice.names:
        names = {name for word in choice.names for name in _matching(store, word, rows)}
        rows = [row for row in rows if row.name in names]
    if choice.labels:
        every_label = store.connections.labels()
        labels = {known_label(label, every_label) for label in choice.labels}
        rows = [row for row in rows if not labels.isdisjoint(row.labels)]
    if choice.names and choice.labels and not rows:
        raise UserMistake(
            f"none of {', '.join(choice.names)} has the label {' or '.join(choice.labels)}."
        )
    return rows


def is_pattern(word: str) -> bool:
    """Return whether a word may stand for several connections: no name holds these characters."""
    return any(char in word for char in "*?[")


def _matching(store: Store, word: str, rows: Sequence[ConnectionRow]) -> list[str]:
    if not is_pattern(word):
        return [store.connections.get(word).name]
    names = [row.name for row in rows if fnmatchcase(row.name, word)]
    if not names:
        raise UserMistake(
            f"no connection fits {word!r}. There are: {_some(row.name for row in rows)}."
        )
    return names


def known_label(label: str, every_label: Collection[str]) -> str:
    """Return a label as it is written in the store; capitals do not tell labels apart.

    Raises:
        UserMistake: no connection has it.
    """
    for spelt in every_label:
        if spelt.casefold() == label.strip().casefold():
            return spelt
    near = difflib.get_close_matches(label, every_label, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else f" There are: {_some(every_label)}."
    raise UserMistake(f"no connection has the label {label!r}.{hint}")


def _some(words: Iterable[str]) -> str:
    every_word = list(words)
    more = f" and {len(every_word) - SHOWN_MAX:,} more" if len(every_word) > SHOWN_MAX else ""
    return (", ".join(every_word[:SHOWN_MAX]) or "none yet") + more
