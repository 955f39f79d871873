"""The ledgers that a sandbox serves: one for each platform and organisation."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .platform import Book, Frame, SandboxOrganisation

BOOK_CLASSES = {
    "xero": ("arsync_sandbox.xero", "XeroBook"),
    "quickbooks": ("arsync_sandbox.quickbooks", "QuickBooksBook"),
}
PLATFORMS = tuple(BOOK_CLASSES)

ORGANISATIONS_MAX = 1000
"""How many organisations one sandbox serves."""

MakeBook = Callable[[Frame, SandboxOrganisation], Book]


class NoSuchBook(LookupError):
    """No ledger has this platform and organisation; the message names those that there are."""


def organisations_named(names: Sequence[str]) -> tuple[SandboxOrganisation, ...]:
    """Return an organisation for each name.

    Raises:
        ValueError: there are none, too many, or two of one name.
    """
    if not 1 <= len(names) <= ORGANISATIONS_MAX:
        raise ValueError(f"a sandbox serves 1 to {ORGANISATIONS_MAX} organisations")
    if len(set(names)) < len(names) or not all(names):
        raise ValueError("each organisation needs a name of its own")
    return tuple(SandboxOrganisation(name=name) for name in names)


def numbered_names(count: int) -> list[str]:
    """Return names for so many organisations: the default's, then the same with a number."""
    first = SandboxOrganisation().name
    return [first, *(f"{first} {number}" for number in range(2, count + 1))][:count]


def make_books(
    frame: Frame,
    platforms: Iterable[str],
    organisations: Sequence[SandboxOrganisation],
    book_classes: Mapping[str, MakeBook],
) -> dict[str, Book]:
    """Return every ledger under its key; see `book_key`.

    Raises:
        ValueError: an unknown platform.
    """
    books: dict[str, Book] = {}
    for platform in platforms:
        make = book_classes.get(platform) or book_class(platform)
        first: Book = make(frame, organisations[0])
        books[book_key(platform, 0, organisations[0])] = first
        for index, organisation in enumerate(organisations[1:], 1):
            books[book_key(platform, index, organisation)] = first.beside(organisation)
    return books


def book_key(platform: str, index: int, organisation: SandboxOrganisation) -> str:
    """Return a ledger's key: the platform, and from the second on the organisation's name."""
    return platform if index == 0 else f"{platform}:{organisation.name}"


def platform_of(key: str) -> str:
    """Return the platform of a ledger's key."""
    return key.partition(":")[0]


def chosen_keys(
    books: Mapping[str, Book], platform: object = None, organisation: object = None
) -> list[str]:
    """Return the keys of the ledgers that a platform and an organisation mean.

    Args:
        books: every ledger by its key.
        platform: None or empty: each.
        organisation: its name or its id at the platform; None or empty: each.

    Raises:
        NoSuchBook: nothing is meant.
    """
    platforms = platforms_served(books)
    if platform and platform not in platforms:
        raise NoSuchBook(f"no platform {platform!r} here; there are: {', '.join(platforms)}")
    keys = [key for key in books if not platform or platform_of(key) == platform]
    if not organisation:
        return keys
    chosen = [
        key
        for key in keys
        if organisation in {books[key].organisation.name, books[key].organisation.id}
    ]
    if not chosen:
        names = dict.fromkeys(books[key].organisation.name for key in keys)
        raise NoSuchBook(f"no organisation {organisation!r} here; there are: {', '.join(names)}")
    return chosen


def organisations_served(books: Mapping[str, Book]) -> list[dict[str, str]]:
    """Return the platform, name and id of every organisation, for JSON."""
    return [
        {
            "platform": platform_of(key),
            "name": book.organisation.name,
            "id": book.organisation.id,
        }
        for key, book in books.items()
    ]


def platforms_served(books: Mapping[str, Book]) -> list[str]:
    """Return the platforms, each once."""
    return list(dict.fromkeys(map(platform_of, books)))


def book_class(name: str) -> Any:
    """Return the platform's Book.

    Raises:
        ValueError: an unknown platform.
    """
    if name not in BOOK_CLASSES:
        raise ValueError(f"no platform {name!r}; there are: {', '.join(PLATFORMS)}")
    module, attribute = BOOK_CLASSES[name]
    return getattr(importlib.import_module(module), attribute)


def importable_platforms() -> tuple[str, ...]:
    """Return the platforms whose Book can be imported here."""
    # Each platform may be installed without the other: only the one that is served is imported.
    importable = []
    for name in PLATFORMS:
        try:
            book_class(name)
        except (ImportError, AttributeError):
            continue
        importable.append(name)
    return tuple(importable)
