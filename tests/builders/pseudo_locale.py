"""A language that nobody speaks: English with an accent on every letter, to see what is no text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

from arsync.web.desk.catalogues import DOMAIN, SHIPPED

_PLAIN = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ACCENTED = "åƀçđéƒğħíĵķłɱñóþɋŕšŧúṽŵẋýžÅƁÇĐÉƑĞĦÍĴĶŁṀÑÓÞɊŔŠŦÚṼŴẊÝŽ"
_ACCENTS = str.maketrans(_PLAIN, _ACCENTED)

_KEPT = re.compile(r"%\(\w+\)[a-z]|%%|<[^>]*>|&\w+;")
"""What stands in a text and is none: values, elements, entities."""

VISIBLE_ATTRIBUTES = frozenset({"aria-label", "title", "placeholder", "alt", "data-label"})
"""Attributes that people see or hear."""

UNSEEN_ELEMENTS = frozenset({"script", "style", "kbd", "code", "pre", "textarea"})
"""Elements whose inside is no text of ours: names of keys, what people wrote."""


def accented(text: str) -> str:
    """Return a text in the language that nobody speaks."""
    out, at = [], 0
    for match in _KEPT.finditer(text):
        out += [text[at : match.start()].translate(_ACCENTS), match[0]]
        at = match.end()
    return "".join([*out, text[at:].translate(_ACCENTS)])


def write_catalogue(folder: Path, language: str = "en") -> None:
    """Write a catalogue with every text of the desk, as if somebody had translated it."""
    with (SHIPPED / f"{DOMAIN}.pot").open("rb") as file:
        template = read_po(file)
    catalogue = Catalog(locale=language)
    for message in template:
        if message.id:
            ids = [message.id] if isinstance(message.id, str) else list(message.id)
            strings = tuple(accented(id_) for id_ in ids)
            catalogue.add(message.id, strings if len(strings) > 1 else strings[0])
    path = folder / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    path.parent.mkdir(parents=True)
    with path.open("wb") as file:
        write_po(file, catalogue)


class Texts(HTMLParser):
    """The texts of a page that people see or hear."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in UNSEEN_ELEMENTS
        self.found += [value for name, value in attrs if value and name in VISIBLE_ATTRIBUTES]

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in UNSEEN_ELEMENTS

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.found.append(data)


def texts_of(page: str) -> Iterator[str]:
    """Yield the texts of a page, each on one line."""
    reader = Texts()
    reader.feed(page)
    reader.close()
    for text in reader.found:
        line = " ".join(text.split())
        if line:
            yield line
