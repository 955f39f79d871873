"""A rulebook as it stands in a list of files: in a git revision, or in a text that was kept."""

from __future__ import annotations

import posixpath
from functools import cache
from pathlib import PurePosixPath

from arsync.core.rulebook.reading.extends import Extended, Finder
from arsync.core.rulebook.rules_text import RulesText
from arsync.errors import UserMistake
from arsync.mail import OwnTexts
from arsync.mail.own_texts import OWN_TEMPLATES_MAX, TEMPLATE_SUFFIXES
from arsync.rules_source.file_names import joined
from arsync.rules_source.folder import (
    RULEBOOK_BYTES_MAX,
    RULEBOOK_FILES_MAX,
    ReadFrom,
    Rules,
    rules_from,
    shipped,
    with_unread,
)
from arsync.rules_source.listing import RULE_SUFFIXES, EntryKind, TreeListing
from arsync.rules_source.unread import TEMPLATES


def read_tree(listing: TreeListing, find: Finder, source: ReadFrom, only: str = "") -> Rules:
    """Read the rulebook of a connection, and the texts beside it, as `read_rules` does on a disk.

    Args:
        listing: the rules folder.
        find: finds what `extends:` names.
        source: what the folder is called, and whose own folder counts.
        only: the one file that is the rulebook; empty: every *.yaml of the folder.

    Raises:
        UserMistake: there is no rulebook, or too much of it.
    """
    own_folder = source.connection
    shared = [only] if only else _files(listing, "", RULE_SUFFIXES)
    own = _files(listing, own_folder, RULE_SUFFIXES) if own_folder else []
    if not shared and not own:
        raise UserMistake(f"there is no *.yaml in {source.shown}.")
    if len(shared) + len(own) > RULEBOOK_FILES_MAX:
        raise UserMistake(f"{source.shown} holds more than {RULEBOOK_FILES_MAX} files.")
    texts = [(listing.shown(path), listing.read(path)) for path in (*shared, *own)]
    if sum(len(text) for _, text in texts) > RULEBOOK_BYTES_MAX:
        raise UserMistake(f"{source.shown} is larger than {RULEBOOK_BYTES_MAX:,} bytes.")
    below, above = texts[: len(shared)], texts[len(shared) :]

    @cache
    def own_texts(code: str) -> OwnTexts:
        return _own_texts(listing, own_folder, code)

    rules = rules_from(
        above or below, below if above else (), find=find, own=own_texts, source=source
    )
    return rules if only else with_unread(rules, lambda: listing, own_folder, texts)


def _own_texts(listing: TreeListing, own_folder: str, code: str) -> OwnTexts:
    """Return the user's own texts of a language; those of the connection's own folder count."""
    texts = OwnTexts({}, {}, [])
    for folder in dict.fromkeys(["", own_folder]):
        templates = joined(folder, TEMPLATES)
        for place in (templates, f"{templates}/{code}"):
            paths = _files(listing, place, TEMPLATE_SUFFIXES)
            if len(paths) > OWN_TEMPLATES_MAX:
                shown = listing.shown(place)
                raise UserMistake(f"{shown} holds more than {OWN_TEMPLATES_MAX} templates.")
            texts.put_folder({listing.shown(path): listing.read(path) for path in paths})
    return texts


def _files(listing: TreeListing, folder: str, suffixes: frozenset[str]) -> list[str]:
    return [
        entry.path
        for entry in listing.entries(folder)
        if entry.kind is EntryKind.FILE and entry.suffix in suffixes
    ]


class TextTree:
    """A kept text as a rules folder. Many connections can be read from one."""

    def __init__(self, text: RulesText, shown: str = "") -> None:
        """Look at a text.

        Args:
            text: of one rulebook, or of a whole folder.
            shown: how its files are shown; empty: as those of the folder that it was read from.
        """
        self.text = text
        self._shown = shown or text.root
        self._shipped = {file.path: file.text for file in text.files if file.is_shipped}
        self._own = {file.path: file.text for file in text.files if not file.is_shipped}
        letters = {file.path: file.text for file in text.letters}
        every_file = {**self._own, **letters}
        self.listing = TreeListing(list(every_file), every_file.__getitem__, self._show)

    def has_folder(self, connection: str) -> bool:
        """Return whether a connection has a folder of its own."""
        return bool(connection and self.listing.entries(connection))

    def read(self, connection: str = "") -> Rules:
        """Read the rulebook of a connection, and the texts beside it.

        Args:
            connection: whose own folder counts; empty: what all share.

        Raises:
            UserMistake: there is no rulebook in it.
        """
        source = ReadFrom(self._shown, self.text.root, connection)
        return read_tree(self.listing, self._find, source)

    def changed_with_arsync(self) -> tuple[str, ...]:
        """Return the shipped rulebooks that this version of arsync brings along otherwise."""
        return tuple(path for path, text in self._shipped.items() if _shipped_now(path) != text)

    def _show(self, path: str) -> str:
        return joined(self._shown, path)

    def _find(self, name: str, asking: str) -> Extended:
        if PurePosixPath(name).suffix not in RULE_SUFFIXES:
            now = shipped(name)
            return Extended(now.file, self._shipped.get(now.file, now.text))
        inside = asking.removeprefix(f"{self._shown}/")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(inside), name))
        if path not in self._own:
            raise LookupError(f"there is no file {name!r} beside {asking}.")
        return Extended(self._show(path), self._own[path])


def _shipped_now(path: str) -> str:
    try:
        return shipped(PurePosixPath(path).stem).text
    except LookupError:
        return ""
