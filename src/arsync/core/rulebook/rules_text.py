"""The text of a rulebook, apart from where it was read: what can be kept, and read again later."""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct

from arsync.core import rulebook

SHORT_HASH_CHARACTERS = 12
"""So much of a hash is shown to people."""


def short_hash(full: str) -> str:
    """Return a hash as people are shown it; empty when there is none."""
    return full[:SHORT_HASH_CHARACTERS]


class RuleFile(Struct, frozen=True, array_like=True):
    """One file of a rulebook, or of its letters."""

    path: str
    """From the rules folder: `xero/legal.yaml`. Of a shipped rulebook: as problems show it."""
    text: str
    is_shipped: bool = False


class RulesText(Struct, frozen=True):
    """The text of one rulebook and of the letters of one's own that go with it; or a whole folder.

    The same text is the same value, whichever machine read it.
    """

    root: str
    """How problems and evidence show the rules folder: `rules`."""
    files: tuple[RuleFile, ...]
    """Of one rulebook: in the order of its hash, with what it extends. Of a folder: by path."""
    letters: tuple[RuleFile, ...] = ()
    """The letters of one's own, by path."""
    connection: str = ""
    """Whose own folder is among them; empty: nobody's, or everybody's."""
    scenarios: tuple[RuleFile, ...] = ()
    """Of a whole folder: the stories that its rules are tested with, by path. No rulebook is read
    from them, and no hash of one changes with them."""

    @property
    def hash(self) -> str:
        """Return the hash of the rulebook, as plans and actions bear it."""
        return rulebook.rulebook_hash([(file.path, file.text) for file in self.files])

    @property
    def letters_hash(self) -> str:
        """Return the hash of the letters of one's own; empty when there are none."""
        return letters_hash(self.letters)

    @property
    def whole_hash(self) -> str:
        """Return the SHA-256 of everything: a blank at a line's end makes a difference."""
        encoded = msgspec.json.encode(self)
        if not self.scenarios:
            # What was pushed before scenarios were taken along keeps its hash.
            encoded = encoded.removesuffix(b',"scenarios":[]}') + b"}"
        return hashlib.sha256(encoded).hexdigest()


def letters_hash(letters: Iterable[RuleFile]) -> str:
    """Return the SHA-256 of letters and of their names, which say when each is sent."""
    digest = hashlib.sha256()
    for file in (letters := list(letters)):
        digest.update(f"{file.path}\0{file.text}\0".encode("utf-8", "replace"))
    return digest.hexdigest() if letters else ""


def rules_text(
    files: Sequence[tuple[str, str]],
    letters: Sequence[tuple[str, str]],
    *,
    folder: str,
    root: str,
    connection: str,
    shipped: str,
) -> RulesText:
    """Return the text of what was read.

    Args:
        files: (name as shown, text) of each file, in the order of the rulebook's hash.
        letters: the same of each letter of one's own.
        folder: how the rules folder itself was shown.
        root: how it is to be shown later.
        connection: whose own folder counted.
        shipped: how the folder of shipped rulebooks is shown.
    """

    def kept(named: tuple[str, str]) -> RuleFile:
        name, text = named
        path = name.removeprefix(folder).lstrip("/") if folder else name
        return RuleFile(path, text, path.startswith(f"{shipped}/") and path == name)

    kept_files = tuple(map(kept, files))
    kept_letters = tuple(sorted(map(kept, letters), key=lambda file: file.path))
    own = f"{connection}/"
    is_own = connection and any(
        posixpath.normpath(file.path).startswith(own) for file in (*kept_files, *kept_letters)
    )
    return RulesText(root, kept_files, kept_letters, connection if is_own else "")
