"""What is wrong with the files of a rulebook. Needs neither a store nor a platform.

Editors check at each save: what a check does not need is not imported for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from arsync.config import Config
from arsync.core.rulebook import rulebook_warnings
from arsync.rules_source.folder import Rules, read_paths, read_rules
from arsync.rules_source.holiday_regions import region_warnings
from arsync.rules_source.unread import UnreadFile


class CheckedRules(NamedTuple):
    """What a check found."""

    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    errors: int
    names: tuple[str, ...]


class CheckView(Struct, frozen=True):
    """The JSON view of a check."""

    ok: bool
    problems: tuple[str, ...]
    warnings: tuple[str, ...]
    rulebooks: tuple[str, ...]


def check_view(checked: CheckedRules) -> CheckView:
    """Return the JSON view of a check."""
    return CheckView(not checked.errors, checked.problems, checked.warnings, checked.names)


def check_files(config: Config, paths: Sequence[Path]) -> CheckedRules:
    """Check files, and every *.yaml of folders, as one rulebook. Needs no store."""
    return checked_rules([read_paths(config, paths)])


def check_shared_rules(config: Config) -> CheckedRules:
    """Check the rulebook that all connections share. Needs no store, and makes none."""
    return checked_rules([read_rules(config)])


def _own_texts(rules: Rules) -> frozenset[str]:
    """Return the names of the texts beside a rulebook: `nudge`, of the file `nudge.txt`."""
    return frozenset(Path(name).stem for name in rules.letters.own_names)


def checked_rules(
    every_rules: Sequence[Rules],
    misfits: Sequence[str] = (),
    more_warnings: Iterable[str] = (),
    unread: Iterable[UnreadFile] = (),
) -> CheckedRules:
    """Return everything that is wrong with some rulebooks, each thing once.

    Args:
        every_rules: what was read, of each connection.
        misfits: why a rulebook cannot be a connection's, in words.
        more_warnings: what the ledgers contradict.
        unread: what looks meant and is not read, besides what was found with the files.
    """
    not_read = dict.fromkeys([*(file for rules in every_rules for file in rules.unread), *unread])
    sound = [(rules, rules.rulebook) for rules in every_rules if rules.rulebook]
    problems = [problem for rules in every_rules for problem in rules.problems]
    warnings = [
        str(warning)
        for rules, book in sound
        for warning in (
            *rulebook_warnings(book, _own_texts(rules)),
            *region_warnings(book),
            *rules.doubts,
        )
    ]
    return CheckedRules(
        tuple(dict.fromkeys([*misfits, *problems, *map(str, not_read)])),
        tuple(dict.fromkeys([*warnings, *more_warnings])),
        len(misfits) + sum(rules.errors for rules in every_rules) + len(not_read),
        tuple(dict.fromkeys(book.name for _, book in sound)),
    )
