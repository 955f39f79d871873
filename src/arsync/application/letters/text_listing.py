"""Every text that can be sent: in which languages, where it stands, and what sends it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.actions import Via
from arsync.core.actions.message_words import by_way
from arsync.core.actions.notices import NUMBERED_TEXTS
from arsync.core.rulebook.text_uses import TextUse, text_uses
from arsync.mail import Letters, languages
from arsync.mail.own_texts import text_name
from arsync.rules_source.folder import Rules

SHIPPED = "shipped"
"""Where a text comes from that arsync brings along."""


class TextSource(Struct, frozen=True):
    """Where a text stands, and for which languages."""

    file: str
    """Empty: arsync brings it along."""
    languages: tuple[str, ...]

    def __str__(self) -> str:
        codes = " ".join(self.languages)
        everywhere = self.languages == languages()
        shown = "all languages" if everywhere else codes
        return f"{self.file or SHIPPED} ({shown})"


class TextUsed(Struct, frozen=True):
    """One rule or step that sends a text."""

    rule: str
    comes: str
    """`day 14`."""
    way: str
    """`by email`; in the accounting system's own words it is not this text that is read."""
    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.rule}, {self.comes}, {self.way}"


class ListedText(Struct, frozen=True):
    """One text of some connections."""

    text: str
    connections: tuple[str, ...]
    """Those in which all of this is so; empty while nothing is connected."""
    sources: tuple[TextSource, ...]
    missing: tuple[str, ...]
    """The languages in which it cannot be sent."""
    uses: tuple[TextUsed, ...]
    bears_number: bool = False
    """Whether it is a notice with a running number."""


def list_texts(actor: Actor, container: Container, connection: Chosen = None) -> list[ListedText]:
    """Return every text; what is the same in several connections comes once.

    Raises:
        UserMistake: there is no connection of that name, or the rules folder cannot be read.
    """
    permit(actor, Permission.READ)
    some = connection or container.store.connections.all()
    contexts = organisations(container, connection) if some else []
    alike: dict[tuple[ListedText, ...], list[str]] = {}
    for context in contexts:
        texts = tuple(_texts(context.rules, container.config.folder))
        alike.setdefault(texts, []).append(context.name)
    if not contexts:
        alike[tuple(_texts(container.rules(), container.config.folder))] = []
    return [
        ListedText(
            listed.text,
            tuple(names),
            listed.sources,
            listed.missing,
            listed.uses,
            listed.bears_number,
        )
        for texts, names in alike.items()
        for listed in texts
    ]


def _texts(rules: Rules, folder: Path) -> Iterator[ListedText]:
    by_code = {code: rules.letters.in_language(code) for code in languages()}
    uses = tuple(text_uses(rules.rulebook)) if rules.rulebook else ()
    names = dict.fromkeys(name for letters in by_code.values() for name in letters.names)
    for name in names:
        sources = tuple(_sources(name, by_code, folder))
        covered = {code for source in sources for code in source.languages}
        yield ListedText(
            name,
            (),
            sources,
            tuple(code for code in by_code if code not in covered),
            tuple(_used(use) for use in uses if text_name(use.text) == name),
            bears_number=name in NUMBERED_TEXTS,
        )


def _sources(name: str, by_code: dict[str, Letters], folder: Path) -> Iterator[TextSource]:
    codes: dict[str, list[str]] = {}
    for code, letters in by_code.items():
        if letters.has(name):
            codes.setdefault(letters.shown_as(name), []).append(code)
    for file, of_file in codes.items():
        path = Path(file)
        shown = path.relative_to(folder) if path.is_relative_to(folder) else path
        yield TextSource(shown.as_posix() if file else "", tuple(of_file))


def _used(use: TextUse) -> TextUsed:
    way = by_way(use.via) if use.via else "by email or by post"
    if use.via == Via.PLATFORM:
        way = "as a letter" if use.is_letter else "in the accounting system's own words"
    return TextUsed(use.rule, use.comes, way, use.place.file, use.place.line)


def unused(texts: Sequence[ListedText]) -> int:
    """Return how many of these texts no rule sends."""
    return sum(not listed.uses for listed in texts)
