"""People who work in the platform itself: dispatch to what a Book lets them do."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, get_type_hints

from .books import NoSuchBook, chosen_keys, platform_of
from .platform import Book, PeopleEdits

EDITS = frozenset(
    {name for name in vars(PeopleEdits) if not name.startswith("_")} | {"pay", "void"}
)
"""What `do` may name."""


WHERE_AND_WHAT = frozenset({"platform", "organisation", "do"})


class PeopleProblem(ValueError):
    """An edit that a person cannot make; the message says why."""


def edit(books: Mapping[str, Book], wanted: Mapping[str, Any]) -> Any:
    """Let a person change something in a platform and return what the Book answers.

    Args:
        books: the ledgers by their keys.
        wanted: `platform`, `do` and the arguments of that method; `organisation` (name or id)
            where there are several, else the first one's.

    Raises:
        PeopleProblem: no such platform, organisation, edit, record or argument.
    """
    book = _book(books, wanted.get("platform"), wanted.get("organisation"))
    do = wanted.get("do")
    method = getattr(book, do, None) if isinstance(do, str) and do in EDITS else None
    if method is None:
        offered = sorted(name for name in EDITS if hasattr(book, name))
        raise PeopleProblem(f"{book.name} cannot {do!r}; it can: {', '.join(offered)}")
    values = {key: value for key, value in wanted.items() if key not in WHERE_AND_WHAT}
    arguments = _arguments(method, values, getattr(PeopleEdits, str(do), None) or method)
    try:
        return method(**arguments)
    except (LookupError, ValueError) as error:
        raise PeopleProblem(f"{book.name} refuses {do}: {error}") from error


def _book(books: Mapping[str, Book], platform: object, organisation: object) -> Book:
    platforms = {platform_of(key) for key in books}
    if len(platforms) > 1 and not platform:
        raise PeopleProblem(f"say which platform; there are: {', '.join(sorted(platforms))}")
    try:
        return books[chosen_keys(books, platform, organisation)[0]]
    except NoSuchBook as error:
        raise PeopleProblem(str(error)) from error


def _arguments(method: Any, given: Mapping[str, Any], contract: Any) -> dict[str, Any]:
    try:
        inspect.signature(method).bind(**given)
    except TypeError as error:
        raise PeopleProblem(f"{method.__name__}: {error}") from error
    hints = get_type_hints(contract)
    return {key: _converted(key, value, hints.get(key)) for key, value in given.items()}


def _converted(key: str, value: Any, hint: Any) -> Any:
    try:
        if hint is Decimal:
            return Decimal(str(value))
        if hint is date:
            return date.fromisoformat(value)
    except (InvalidOperation, TypeError, ValueError):
        raise PeopleProblem(f"{key}: {value!r} is not a {hint.__name__}") from None
    return value
