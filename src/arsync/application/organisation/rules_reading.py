"""Reading rulebooks where they are kept: in a folder, or in what was pushed into the store."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from arsync.config import Config
from arsync.core.rulebook import Problem
from arsync.errors import UserMistake
from arsync.rules_source.changes import Marks, marks_of, rule_files
from arsync.rules_source.folder import Rules, read_rules
from arsync.rules_source.tree import TextTree
from arsync.store import Store

STORE = "store"
"""`[rules] source`: rulebooks are those of the last push."""


class ReadRules(NamedTuple):
    """A rulebook that was read, and what shows whether it was changed since."""

    rules: Rules
    source: str
    """Where it was read, for people: `rules on ledgers-1`, `push 3`."""
    mark: Marks | int = 0


class RulesReader(Protocol):
    """Reads rulebooks where they are kept."""

    def read(self, connection: str) -> ReadRules:
        """Read the rulebook of a connection; empty: the one that all share.

        Raises:
            UserMistake: there is none. What is wrong with one comes as values.
        """
        ...

    def is_changed(self, connection: str, reading: ReadRules) -> bool:
        """Return whether the rulebook may be another one by now; reads none."""
        ...


class FolderReader:
    """Reads the rules folder of this machine, or asks whatever stands in for it."""

    def __init__(
        self, config: Config, rules_source: Callable[[Config, str], Rules] = read_rules
    ) -> None:
        """Read by these settings."""
        self._config = config
        self._rules_source = rules_source

    def read(self, connection: str) -> ReadRules:
        """Read the rulebook of a connection; see `RulesReader`."""
        # Looked at before they are read, so that no change goes unnoticed.
        before = marks_of(rule_files(self._config, connection))
        rules = self._rules_source(self._config, connection)
        marks = {**marks_of(self._extended(rules)), **before}
        return ReadRules(rules, f"{rules.shown} on {socket.gethostname()}", marks)

    def is_changed(self, connection: str, reading: ReadRules) -> bool:
        """Return whether a file was edited, came or went; by times and sizes."""
        now = {
            **marks_of(self._extended(reading.rules)),
            **marks_of(rule_files(self._config, connection)),
        }
        return now != reading.mark

    def _extended(self, rules: Rules) -> Sequence[Path]:
        names = rules.rulebook.files if rules.rulebook is not None else ()
        return [self._config.folder / name for name in names]


class _Unpacked(NamedTuple):
    """A push, ready to be read."""

    number: int
    tree: TextTree
    shared: list[Rules]
    """The rulebook of every connection without a folder of its own, once it was read."""


class PushReader:
    """Reads the last push. One object serves all runs of a process: a push is unpacked once."""

    def __init__(self, store: Callable[[], Store]) -> None:
        """Read from this store, which is opened when the first rulebook is read."""
        self._store = store
        self._push: _Unpacked | None = None

    def read(self, connection: str) -> ReadRules:
        """Read the rulebook of a connection; see `RulesReader`.

        Raises:
            UserMistake: nothing was pushed yet, or it holds no rulebook for the connection.
        """
        push = self._last()
        if push.tree.has_folder(connection):
            rules = _read_pushed(push.tree, connection)
        else:
            # Thousands of clients with the same rules are not thousands of rulebooks to read.
            if not push.shared:
                push.shared.append(_read_pushed(push.tree, ""))
            rules = push.shared[0]
        return ReadRules(rules, f"push {push.number}", push.number)

    def is_changed(self, connection: str, reading: ReadRules) -> bool:
        """Return whether something was pushed since: one query."""
        return self._store().pushes.last_id() != reading.mark

    def _last(self) -> _Unpacked:
        pushes = self._store().pushes
        number = pushes.last_id()
        push = self._push
        if push is not None and push.number == number:
            return push
        last = pushes.last()
        if last is None:
            raise UserMistake(
                "no rules were pushed into the store yet, and [rules] source is 'store'."
                "\n    hint: `arsync rules push`, on the machine that has the rules folder"
            )
        # Threads that come at once each unpack it, and keep the same.
        push = self._push = _Unpacked(last.row.id, TextTree(last.text), [])
        return push


def _read_pushed(tree: TextTree, connection: str) -> Rules:
    """Read a rulebook of a push, and say where this version of arsync would read another."""
    rules = tree.read(connection)
    if rules.rulebook is None:
        return rules
    others = [path for path in tree.changed_with_arsync() if path in rules.rulebook.files]
    notes = [
        Problem(path, 1, 1, _OTHER_TEXT, "to take it over: arsync rules push", severity="warning")
        for path in others
    ]
    return rules._replace(problems=(*rules.problems, *map(str, notes)))


_OTHER_TEXT = "this version of arsync brings another text along than the one that was pushed."
