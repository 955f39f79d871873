"""The settings of one connection: `connections/NAME.toml` beside config.toml.

What stands there counts for that connection alone, before variables and config.toml: a variable is
set for a machine, and must not turn the letters of 300 clients into those of one.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

from arsync.config.setting_reader import ConfigReader
from arsync.config.typed_settings import BANK_DETAILS
from arsync.errors import UserMistake

CONNECTIONS_FOLDER = "connections"
"""Beside config.toml; each file is named after a connection."""

SUFFIX = ".toml"

STRAY_MAX = 50
"""So many files that are no connection's are told; the others wait until these are settled."""


class StrayFile(NamedTuple):
    """A file that looks meant as a connection's settings, and is read for none."""

    file: str
    message: str
    hint: str


Marks = tuple[int, int, int]
"""When a file was last changed in nanoseconds, its bytes, and its number."""


def connection_file(folder: Path, name: str) -> Path:
    """Return where a connection's own settings stand, if there are any.

    Args:
        folder: that of config.toml.
        name: the connection's.
    """
    return folder / CONNECTIONS_FOLDER / f"{name}{SUFFIX}"


def marks_of(file: Path) -> Marks | None:
    """Return what changes when the file does; None: there is none.

    Raises:
        UserMistake: it cannot be looked at.
    """
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserMistake(f"{file}: {error.strerror}.") from None
    return status.st_mtime_ns, status.st_size, status.st_ino


def own_values(file: Path, folder: Path) -> dict[str, dict[str, Any]]:
    """Return what a connection's file says, by section and setting.

    Args:
        file: the connection's.
        folder: paths among the settings are relative to it.

    Raises:
        UserMistake: with every problem of the file.
    """
    reader = ConfigReader(folder, own_only=True)
    reader.add_file(file)
    if reader.problems:
        raise UserMistake("\n".join(reader.problems))
    letters = reader.values.get("letters", {})
    if not letters.keys().isdisjoint(BANK_DETAILS):
        # They belong together: the client's account number beside the practice's IBAN would send
        # the client's money to the practice.
        reader.values["letters"] = dict.fromkeys(BANK_DETAILS, "") | letters
    return reader.values


def stray_settings(folder: Path, connections: Collection[str]) -> tuple[StrayFile, ...]:
    """Return the files in the connections' folder that are read for none.

    Args:
        folder: that of config.toml.
        connections: the names of all connections, also of removed ones.

    Raises:
        UserMistake: the folder cannot be looked at.
    """
    place = folder / CONNECTIONS_FOLDER
    try:
        names = sorted(entry.name for entry in place.iterdir() if not entry.name.startswith("."))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise UserMistake(f"{place}: {error.strerror}.") from None
    read = {f"{name}{SUFFIX}" for name in connections}
    strays = [name for name in names if name not in read and not _is_aside(name)]
    return tuple(_stray(name, connections) for name in strays[:STRAY_MAX])


def _is_aside(name: str) -> bool:
    """Return whether a name is what editors and people keep beside a file."""
    return name.endswith(("~", ".bak", ".swp", ".md", ".txt"))


def _stray(name: str, connections: Collection[str]) -> StrayFile:
    close = difflib.get_close_matches(name.lower().partition(".")[0], connections, n=1)
    hint = f"did you mean {close[0] + SUFFIX!r}? " if close else ""
    return StrayFile(
        f"{CONNECTIONS_FOLDER}/{name}",
        "no connection has this name, so its settings count for none.",
        f"{hint}`arsync connections` lists the names; connect it, rename the file or remove it",
    )
