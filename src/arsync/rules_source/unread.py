"""Unread files: what lies in a rules folder, looks meant as rules or letters, and is not read.

A rule that leaves a customer alone protects nobody from a file called `legal.YAML`, behind a link
that leads nowhere, or in a folder called `Xero`. So nothing that rules plan leaves while such a
file lies there: until it is renamed, removed, or named under `not_rules:`. What is clearly not
meant is let pass: hidden files, what editors keep beside a file that is read, README, folders
without rules.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import NamedTuple

from arsync.core.rulebook.model import NotRules, Rulebook
from arsync.mail import languages
from arsync.mail.own_texts import TEMPLATE_SUFFIXES, is_about_the_folder, text_name
from arsync.mail.text_names import SHIPPED_NAMES, SHORT_TEXT
from arsync.rules_source.file_names import (
    EXTENDS,
    INCLUDED,
    LETTER_SUFFIXES,
    SNIFFED,
    has_rules,
    has_sections,
    is_copy,
    is_hidden,
    is_rules_name,
    joined,
    names_path,
    near_text,
    nearest,
    placeholder,
    plain,
    quoted,
    right_name,
    says_off,
    texts_in,
    without_suffixes,
)
from arsync.rules_source.listing import RULE_SUFFIXES, EntryKind, FolderEntry, Listing

TEMPLATES, SCENARIOS = "templates", "scenarios"
"""Folders of a rules folder that hold something else than rules."""

ENTRIES_MAX = 1_000
"""A folder that is no connection's is looked through as far as this many files."""

DEPTH_MAX = 4
"""And as deep as this."""

UNREAD_MAX = 50
"""How many unread files are told of one rules folder: the rest waits until these are settled."""


class UnreadFile(NamedTuple):
    """A file or folder that looks meant as rules or letters, and is not read."""

    file: str
    """As problems show it."""
    message: str
    hint: str

    def __str__(self) -> str:
        return f"{self.file}: {self.message}\n    hint: {self.hint}"


@dataclass(frozen=True)
class FolderCheck:
    """One rules folder as one connection reads it."""

    listing: Listing
    own: str = ""
    """The connection's own folder; empty: what all share."""
    not_rules: tuple[NotRules, ...] = ()
    """What the rulebook says is meant neither as rules nor as letters."""
    silent: frozenset[str] = frozenset()
    """The rulebook files that say nothing, as they are shown."""
    rulebook: Rulebook | None = None
    """What was read; None when it has mistakes."""

    # -- what was said ------------------------------------------------------------------------

    @cached_property
    def texts(self) -> frozenset[str]:
        """Return the names of the texts that a step may send, or have said."""
        rulebook = self.rulebook
        steps = rulebook.texts() | rulebook.scripts() if rulebook else ()
        names = {*SHIPPED_NAMES, *map(text_name, steps)}
        return frozenset({*names, *(f"{name} {SHORT_TEXT}" for name in names)})

    def is_said(self, path: str) -> bool:
        """Return whether `not_rules:` names a path, or a folder that it is in."""
        return any(names_path(exempt.path, path) for exempt in self.not_rules)

    # -- what is not read ---------------------------------------------------------------------

    def unread(self) -> list[UnreadFile]:
        """Return what is not read beside the files that are, and among the letters."""
        places = ["", self.own] if self.own else [""]
        unread: list[UnreadFile] = []
        for place in places:
            unread += self._beside_rules(place)
            unread += self._among_letters(joined(place, TEMPLATES), shared=not place)
        if not self.own:
            # Whose the other folders are, only the connections can tell.
            unread += self._misnamed_folders()
        return unread[:UNREAD_MAX]

    def stray_folders(self, connections: Collection[str]) -> list[UnreadFile]:
        """Return folders with rules or letters that belong to no connection.

        One with a name near a connection's stops that connection; any other stops all, since it may
        be meant for any of them.

        Args:
            connections: the names of all connections, also of removed ones.
        """
        unread: list[UnreadFile] = []
        for entry in self._visible(""):
            if entry.kind not in {EntryKind.FOLDER, EntryKind.LOST} or is_rules_name(entry.name):
                continue
            if entry.name in {TEMPLATES, SCENARIOS, *connections}:
                # A link in the place of the connection's own folder leads nowhere.
                if entry.kind is EntryKind.LOST and entry.name in {self.own, TEMPLATES}:
                    unread.append(self._lost(entry))
                continue
            # One folder, on a disk to which Xero and xero are one name.
            if any(
                self.listing.is_same(entry.path, name)
                for name in filter(None, (self.own, TEMPLATES, SCENARIOS))
            ):
                continue
            unread += self._stray(entry, connections)
        return unread[:UNREAD_MAX]

    def meant_by_slip(self, connections: Collection[str]) -> set[str]:
        """Return the connections whose name is near that of a folder which is no connection's."""
        folders = [entry for entry in self._visible("") if entry.kind is not EntryKind.FILE]
        strays = [entry.name for entry in folders if entry.name not in connections]
        return {near for name in strays for near in nearest(name, connections)}

    def _misnamed_folders(self) -> Iterator[UnreadFile]:
        for entry in self._visible(""):
            named = nearest(entry.name, [TEMPLATES, SCENARIOS])
            if entry.kind is not EntryKind.FOLDER or not named or entry.name in named:
                continue
            if not self.listing.is_same(entry.path, min(named)):
                yield from self._stray(entry, ())

    def contradictions(self) -> Iterator[tuple[NotRules, str]]:
        """Yield the entries of `not_rules:` that name what is read, each with what it is."""
        read = [
            entry
            for place in ("", self.own)
            for entry in self.listing.entries(place)
            if entry.kind is EntryKind.FILE
            and entry.suffix in RULE_SUFFIXES
            and self.listing.shown(entry.path) not in self.silent
        ]
        for exempt in self.not_rules:
            # A pattern may sweep widely: only a name says which file was meant.
            if re.search(r"[*?\[]", exempt.path):
                continue
            for entry in read:
                if names_path(exempt.path, entry.path):
                    yield exempt, self.listing.shown(entry.path)
                    break

    # -- beside rules -------------------------------------------------------------------------

    def _visible(self, folder: str) -> list[FolderEntry]:
        """Return what stands in a folder, but for what is hidden or said not to be rules."""
        entries = [placeholder(entry) or entry for entry in self.listing.entries(folder)]
        return [
            entry for entry in entries if not is_hidden(entry.name) and not self.is_said(entry.path)
        ]

    def _beside_rules(self, folder: str) -> Iterator[UnreadFile]:
        entries = self._visible(folder)
        siblings = {
            entry.name
            for entry in entries
            if entry.kind is EntryKind.FILE and entry.suffix in RULE_SUFFIXES
        }
        for entry in entries:
            if entry.kind is EntryKind.FOLDER:
                if is_rules_name(entry.name):
                    yield self._unread(entry, "is a folder, and looks meant as a file of rules.")
                elif folder and entry.name not in {TEMPLATES, SCENARIOS}:
                    yield from self._inner_folder(entry)
            elif entry.kind is EntryKind.LOST:
                if folder or is_rules_name(entry.name):
                    yield self._lost(entry)
            elif entry.kind is EntryKind.OTHER:
                if is_rules_name(entry.name):
                    yield self._unread(entry, "looks meant as rules and is no file to be read.")
            elif entry.suffix in RULE_SUFFIXES:
                if self.listing.shown(entry.path) in self.silent:
                    yield self._unread(entry, "looks meant as rules and holds none: it is empty.")
            elif not is_copy(entry.name, siblings):
                yield from self._odd_name(entry, siblings)

    def _inner_folder(self, entry: FolderEntry) -> Iterator[UnreadFile]:
        held = self._first_meant(entry.path)
        if held:
            name = PurePosixPath(held).name
            yield self._unread(
                entry,
                f"holds {name!r}, which looks meant and is not read.",
                "move it one folder up",
            )

    def _odd_name(self, entry: FolderEntry, siblings: Collection[str]) -> Iterator[UnreadFile]:
        """Report a file that has the name of a rulebook, or its content, and is read as none."""
        if says_off(entry.name) or is_about_the_folder(entry.name):
            return
        if is_rules_name(entry.name):
            right = right_name(entry.name)
            if right in siblings:
                yield self._unread(
                    entry, f"looks meant as rules and is not read beside {right}.", "remove one"
                )
            else:
                yield self._unread(
                    entry,
                    "looks meant as rules and is not read: its name must end in .yaml.",
                    f"rename it to {right}",
                )
        elif entry.suffix.casefold() in SNIFFED and has_rules(self.listing.text(entry.path)):
            yield self._unread(
                entry,
                "holds rules and is not read: its name must end in .yaml.",
                f"rename it to {entry.stem}.yaml",
            )
        elif self._is_letter(entry):
            yield self._unread(
                entry, "looks meant as a letter and is not read here.", "move it into templates/"
            )

    def _is_letter(self, entry: FolderEntry) -> bool:
        """Return whether a file outside of `templates` looks like a letter."""
        suffix = entry.suffix.casefold()
        if suffix not in LETTER_SUFFIXES:
            return False
        if near_text(text_name(entry.stem), self.texts):
            return True
        text = self.listing.text(entry.path) if suffix in TEMPLATE_SUFFIXES else ""
        return (text or "").lower().startswith("subject:")

    # -- among letters ------------------------------------------------------------------------

    def _among_letters(
        self, folder: str, *, shared: bool, language: bool = False
    ) -> Iterator[UnreadFile]:
        entries = self._visible(folder)
        siblings = {entry.name for entry in entries if entry.suffix in TEMPLATE_SUFFIXES}
        for entry in entries:
            if entry.kind is EntryKind.FOLDER:
                if not language and entry.name in languages():
                    yield from self._among_letters(entry.path, shared=shared, language=True)
                elif self._first_meant(entry.path, letters=True):
                    spoken = ", ".join(languages())
                    yield self._unread(
                        entry,
                        "holds letters and is the folder of no language.",
                        f"rename it: the languages are {spoken}",
                    )
            elif entry.kind is not EntryKind.FILE:
                yield self._lost(entry)
            elif entry.suffix in TEMPLATE_SUFFIXES:
                yield from self._unnamed_letter(entry, shared=shared)
            elif not is_copy(entry.name, siblings):
                yield from self._odd_letter(entry)

    def _unnamed_letter(self, entry: FolderEntry, *, shared: bool) -> Iterator[UnreadFile]:
        """Report a letter that no step names, most likely for a slip in one of the two names."""
        name = text_name(entry.stem)
        if name in self.texts or self.rulebook is None or is_about_the_folder(entry.name):
            return
        if self._is_included(entry) or (shared and self._is_named_elsewhere(name)):
            return
        near = near_text(name, self.texts)
        yield self._unread(
            entry,
            f"is a letter that is never sent: no step says {name!r}.",
            f"did you mean {near!r}? rename it" if near else "name it in a step",
        )

    def _odd_letter(self, entry: FolderEntry) -> Iterator[UnreadFile]:
        """Report a file among the letters that is not read as one."""
        if says_off(entry.name) or is_about_the_folder(entry.name):
            return
        stem = text_name(without_suffixes(entry.name))
        near = stem if stem in self.texts else near_text(stem, self.texts)
        if is_rules_name(entry.name):
            yield self._unread(
                entry, "looks meant as rules and is not read here.", "move it one folder up"
            )
        elif entry.suffix.casefold() in LETTER_SUFFIXES or near:
            right = near or stem
            yield self._unread(
                entry,
                "looks meant as a letter and is not read: its name must end in .txt.",
                f"save it as plain text, under the name {right}.txt",
            )

    def _is_included(self, entry: FolderEntry) -> bool:
        """Return whether another letter shows this one inside itself."""
        folder = str(PurePosixPath(entry.path).parent)
        name = text_name(entry.stem) + entry.suffix
        for letter in self.listing.entries(folder):
            if letter.kind is EntryKind.FILE and letter.suffix in TEMPLATE_SUFFIXES:
                for named in INCLUDED.findall(self.listing.text(letter.path) or ""):
                    if named == name:
                        return True
        return False

    def _is_named_elsewhere(self, name: str) -> bool:
        """Return whether a rulebook of any connection has a step with this text."""
        return any(name in texts_in(text) for text in self._all_rulebooks.values())

    @cached_property
    def _all_rulebooks(self) -> dict[str, str]:
        """Return the rulebook files of all connections, by path. Asked for when one may matter."""
        folders = [
            entry.path for entry in self.listing.entries("") if entry.kind is EntryKind.FOLDER
        ]
        return {
            entry.path: self.listing.text(entry.path) or ""
            for folder in ("", *folders)
            for entry in self.listing.entries(folder)
            if entry.kind is EntryKind.FILE and entry.suffix in RULE_SUFFIXES
        }

    # -- folders that are no connection's -------------------------------------------------------

    def _stray(self, entry: FolderEntry, connections: Collection[str]) -> Iterator[UnreadFile]:
        near = nearest(entry.name, [*connections, TEMPLATES, SCENARIOS])
        if near and not near & {self.own, TEMPLATES, SCENARIOS}:
            return  # it is somebody else's
        if entry.kind is EntryKind.LOST:
            yield self._lost(entry)
            return
        letters = TEMPLATES in near
        if not self._first_meant(entry.path, letters=letters):
            return
        meant = self.own if self.own in near else min(near, default="")
        yield self._unread(
            entry,
            "holds rules or letters and is the folder of no connection.",
            f"did you mean {meant!r}? rename it" if meant else "rename it to a connection's name",
        )

    def _first_meant(self, folder: str, *, letters: bool = False) -> str:
        """Return the path of a file in a folder, or below it, that looks meant; empty: none does.

        Args:
            folder: its path.
            letters: it stands in the place of a folder of letters, so that any text is one.
        """
        looked_at = 0
        waiting = [folder]
        while waiting:
            place = waiting.pop(0)
            for entry in self._visible(place):
                looked_at += 1
                if looked_at > ENTRIES_MAX:
                    return ""
                if entry.kind is EntryKind.FOLDER:
                    if entry.name != SCENARIOS and entry.path.count("/") < DEPTH_MAX:
                        waiting.append(entry.path)
                elif self._looks_meant(entry, letters=letters or f"/{TEMPLATES}" in place):
                    return entry.path
        return ""

    def _looks_meant(self, entry: FolderEntry, *, letters: bool) -> bool:
        if entry.kind is not EntryKind.FILE:
            return is_rules_name(entry.name)
        if is_about_the_folder(entry.name):
            return False
        if letters and entry.suffix.casefold() in LETTER_SUFFIXES:
            return True
        if is_rules_name(entry.name) or entry.suffix.casefold() in SNIFFED:
            text = self.listing.text(entry.path)
            meant = text is None or has_sections(text)
            return meant and not self._is_extended(entry.path)
        return self._is_letter(entry)

    def _is_extended(self, path: str) -> bool:
        """Return whether any rulebook of the rules folder says that it extends a file."""
        if self.rulebook and self.listing.shown(path) in self.rulebook.files:
            return True
        for asking, text in self._all_rulebooks.items():
            for named in EXTENDS.findall(text):
                place = PurePosixPath(asking).parent / named.strip("'\"")
                if plain(place) == path:
                    return True
        return False

    # -- words --------------------------------------------------------------------------------

    def _lost(self, entry: FolderEntry) -> UnreadFile:
        return self._unread(
            entry, "cannot be read: it leads nowhere.", "is a disk or a share not there?"
        )

    def _unread(self, entry: FolderEntry, message: str, remedy: str = "") -> UnreadFile:
        way_out = f"not_rules: [{quoted(entry.path)}]"
        hint = f"{remedy}; or, if it is meant so, write {way_out}" if remedy else f"write {way_out}"
        return UnreadFile(self.listing.shown(entry.path), message, hint)
