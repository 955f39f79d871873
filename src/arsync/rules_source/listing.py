"""A rules folder as names: on a disk, or in a git revision."""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from enum import Enum, auto
from functools import cache, cached_property
from pathlib import Path, PurePosixPath
from typing import NamedTuple, Protocol

from arsync.errors import UserMistake
from arsync.files import text_of

RULE_SUFFIXES = frozenset({".yaml", ".yml"})
"""How the name of a rulebook file ends."""


class EntryKind(Enum):
    """What stands under a name."""

    FILE = auto()
    FOLDER = auto()
    LOST = auto()
    """A link that leads nowhere."""
    OTHER = auto()
    """Neither file nor folder, or it cannot be looked at."""


class FolderEntry(NamedTuple):
    """One name in a folder."""

    path: str
    """From the rules folder: `xero/legal.yaml`."""
    kind: EntryKind

    @property
    def name(self) -> str:
        """Return its name in its folder."""
        return PurePosixPath(self.path).name

    @property
    def stem(self) -> str:
        """Return its name without what follows the last point."""
        return PurePosixPath(self.path).stem

    @property
    def suffix(self) -> str:
        """Return what follows the last point, with the point."""
        return PurePosixPath(self.path).suffix


class Listing(Protocol):
    """A rules folder, on a disk or in a git revision. Paths are from it, with slashes."""

    def entries(self, folder: str) -> list[FolderEntry]:
        """Return what stands in a folder, by name; nothing where there is no such folder."""
        ...

    def text(self, path: str) -> str | None:
        """Return the text of a file; None when it cannot be read."""
        ...

    def shown(self, path: str) -> str:
        """Return a path as problems show it."""
        ...

    def is_same(self, path: str, other: str) -> bool:
        """Return whether two names lead to one folder."""
        ...


class DiskListing:
    """A rules folder on a disk."""

    def __init__(self, root: Path, shown: Callable[[Path], str], *, bytes_max: int) -> None:
        """Look at a folder.

        Args:
            root: the rules folder.
            shown: shows a path to people.
            bytes_max: a larger file is not read.
        """
        self._root = root
        self._shown = shown
        self._bytes_max = bytes_max
        self.entries = cache(self._entries)
        self.text = cache(self._text)

    def _entries(self, folder: str) -> list[FolderEntry]:
        place = self._root / folder
        try:
            paths = sorted(place.iterdir()) if place.is_dir() else []
        except OSError as error:
            raise UserMistake(f"{place}: {error.strerror}.") from None
        return [FolderEntry(path.relative_to(self._root).as_posix(), _kind(path)) for path in paths]

    def _text(self, path: str) -> str | None:
        try:
            return text_of(self._root / path, bytes_max=self._bytes_max)
        except UserMistake:
            return None

    def shown(self, path: str) -> str:
        """Return a path as problems show it."""
        return self._shown(self._root / path)

    def is_same(self, path: str, other: str) -> bool:
        """Return whether two names lead to one folder."""
        try:
            return (self._root / path).samefile(self._root / other)
        except OSError:
            return False


def _kind(path: Path) -> EntryKind:
    try:
        mode = path.stat().st_mode
    except OSError:
        return EntryKind.LOST if path.is_symlink() else EntryKind.OTHER
    if stat.S_ISDIR(mode):
        return EntryKind.FOLDER
    return EntryKind.FILE if stat.S_ISREG(mode) else EntryKind.OTHER


class TreeListing:
    """A rules folder as a list of its files, each read when asked for: in git, or in the store."""

    def __init__(
        self, paths: list[str], read: Callable[[str], str], shown: Callable[[str], str]
    ) -> None:
        """Look at files.

        Args:
            paths: all files, from the rules folder.
            read: returns the text of one.
            shown: shows a path to people.
        """
        self._paths = paths
        self.read = cache(read)
        self.shown = shown

    @cached_property
    def _folders(self) -> Mapping[str, Mapping[str, EntryKind]]:
        """Return the names in each folder. A practice has a folder for each of its ledgers."""
        folders: dict[str, dict[str, EntryKind]] = {}
        for path in self._paths:
            kind, name = EntryKind.FILE, path
            while name:
                name, _, last = name.rpartition("/")
                folders.setdefault(name, {})[last] = kind
                kind = EntryKind.FOLDER
        return folders

    def entries(self, folder: str) -> list[FolderEntry]:
        """Return what stands in a folder, by name; nothing where there is no such folder."""
        start = f"{folder}/" if folder else ""
        names = self._folders.get(folder, {})
        return [FolderEntry(start + name, kind) for name, kind in sorted(names.items())]

    def text(self, path: str) -> str | None:
        """Return the text of a file; None when it cannot be read."""
        try:
            return self.read(path)
        except UserMistake:
            return None

    def is_same(self, path: str, other: str) -> bool:
        """Return whether two names lead to one folder: letter cases are told apart."""
        return path == other
