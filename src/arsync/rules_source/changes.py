"""Noticing that a rulebook was edited, by its files' times and sizes: no file is read for it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path

from arsync.config import Config

FILES_LOOKED_AT_MAX = 1_000
"""So many files are looked at before each message."""

Marks = Mapping[Path, tuple[int, int, int]]
"""Of each file: when it was last changed in nanoseconds, its bytes, and its number."""


def marks_of(files: Iterable[Path]) -> Marks:
    """Return what changes when one of the files does; one that is not there has no marks."""
    marks: dict[Path, tuple[int, int, int]] = {}
    for file in islice(files, FILES_LOOKED_AT_MAX):
        try:
            status = file.stat()
        except OSError:
            continue
        marks[file] = (status.st_mtime_ns, status.st_size, status.st_ino)
    return marks


def rule_files(config: Config, connection: str) -> Iterator[Path]:
    """Yield every file in which a connection's rulebook and texts may stand.

    Also those that are not read: they may be renamed into rules without a change of their own.
    """
    root = config.rules_folder
    yield from _files(root, deep=False)
    yield from _files(root / "templates", deep=True)
    if connection:
        yield from _files(root / connection, deep=True)


def _files(folder: Path, *, deep: bool) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        # Editors and git keep what is no rule in names that begin with a dot.
        folders[:] = [name for name in folders if deep and not name.startswith(".")]
        yield from (Path(place, name) for name in sorted(names) if not name.startswith("."))
