"""The registry of what the API does: from it come the routes and the OpenAPI document.

An operation is one function that calls one use case. Its signature is its contract: parameters of
the path by their names, `query` and `body` as Structs, and the type that it returns.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Generic, NamedTuple, TypeVar, get_type_hints

from msgspec import Meta, Struct

from arsync.application.desk.record_pages import WantedPage
from arsync.application.permissions import Permission
from arsync.errors import Overtaken

BASE = "/api/v1"
"""Where everything of this version stands. A change that a program could notice makes another."""

KEY_LENGTH = 32
"""Of an action's key."""

PAGE_ROWS = 50

PAGE_ROWS_MAX = 200

T = TypeVar("T")
Row = TypeVar("Row")
View = TypeVar("View", bound=Callable[..., Any])

RecordId = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_.:-]{1,100}$",
        description="The id under which the accounting system keeps it.",
    ),
]
ActionKey = Annotated[
    str, Meta(pattern="^[0-9a-f]{32}$", description="The key of an action, all 32 characters.")
]
Amount = Annotated[
    str,
    Meta(
        pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$",
        description="An amount as a decimal string: `1250.00`.",
    ),
]
Line = Annotated[str, Meta(max_length=1_000, description="What a person says, on one line.")]
Reason = Annotated[
    str, Meta(min_length=1, max_length=1_000, pattern=r"\S", description="Why, for all to read.")
]


class Paged(Struct, Generic[T], frozen=True):
    """A part of a list."""

    items: Sequence[T]
    next: str | None
    """What `after` is for the next part; null: this is the last one."""


class PageQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which part of a list."""

    after: Annotated[
        RecordId | None,
        Meta(description="The `next` of the part before; left out: from the beginning."),
    ] = None
    limit: Annotated[int, Meta(ge=1, le=PAGE_ROWS_MAX, description="So many at most.")] = PAGE_ROWS

    @property
    def wanted(self) -> WantedPage:
        """Return it for a use case; one more is asked for, to know whether there is a next part."""
        return WantedPage(self.limit + 1, self.after)


class NoBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing has to be said: `{}`."""


def page_of(
    rows: Sequence[Any],
    query: PageQuery,
    view: Callable[[Any], T],
    key: Callable[[Any], str],
) -> Paged[T]:
    """Return the page of rows of which one more than asked for was read."""
    shown = rows[: query.limit]
    more = len(rows) > query.limit
    return Paged([view(row) for row in shown], key(shown[-1]) if more else None)


def rows_after(rows: Sequence[T], query: PageQuery, key: Callable[[T], str]) -> Sequence[T]:
    """Return what comes after a key in a list that is read whole.

    Raises:
        Overtaken: what the part before ended with is not in the list any more.
    """
    if query.after is None:
        return rows
    for place, row in enumerate(rows):
        if key(row) == query.after:
            return rows[place + 1 :]
    raise Overtaken(f"{query.after} is not in this list any more.\n    hint: begin again")


def page_by_key(
    rows: Iterable[Row], query: PageQuery, view: Callable[[Row], T], key: Callable[[Row], str]
) -> Paged[T]:
    """Return the page of a list that is read whole, in the order of keys that stay as they are.

    What comes or goes meanwhile moves nothing, also where it is what the part before ended with.
    """
    after = query.after or ""
    ordered = sorted((row for row in rows if key(row) > after), key=key)
    return page_of(ordered, query, view, key)


def day_key(day: date, *words: str) -> str:
    """Return a key that orders by a day; the words tell apart what is of one day."""
    digest = hashlib.sha256("\0".join(words).encode()).hexdigest()
    return f"{day.isoformat()}.{digest[:KEY_LENGTH]}"


def number_key(number: int) -> str:
    """Return a key that orders as numbers of the store do."""
    return f"{number:019}"


class Operation(NamedTuple):
    """One thing that the API does."""

    name: str
    """The view's, and the document's `operationId`."""
    method: str
    path: str
    """Below `BASE`: `/connections/{connection}/actions`."""
    permission: Permission | None
    """None: whoever has a token."""
    summary: str
    about: str
    """More of it, for the document; may be empty."""
    tag: str
    path_parameters: Mapping[str, Any]
    query: type[Struct] | None
    body: type[Struct] | None
    answer: Any
    view: Callable[..., Any]
    audited: str = ""
    """What the log says of it; empty: it changes nothing that anybody has to answer for."""
    amounts: bool = False
    """Whether it is nothing but sums: readers without amounts may not ask for it."""
    policy: bool = False
    """Whether the amounts in it are the rulebook's or a role's: they are no sums of the ledger."""
    told_once: frozenset[str] = frozenset()
    """Fields of the answer that nobody is told a second time: they are not kept."""


class Operations:
    """The operations of one module."""

    def __init__(self, tag: str) -> None:
        """Begin without any; the tag is their heading in the document."""
        self.tag = tag
        self.all: list[Operation] = []

    def read(
        self,
        path: str,
        permission: Permission | None = Permission.READ,
        *,
        amounts: bool = False,
        policy: bool = False,
    ) -> Callable[[View], View]:
        """Let a view answer a GET; it changes nothing."""
        return self._add("GET", path, permission, amounts=amounts, policy=policy)

    def act(
        self,
        path: str,
        permission: Permission | None,
        *,
        audited: str = "",
        amounts: bool = False,
        policy: bool = False,
        told_once: frozenset[str] = frozenset(),
    ) -> Callable[[View], View]:
        """Let a view answer a POST."""
        return self._add(
            "POST",
            path,
            permission,
            audited=audited,
            amounts=amounts,
            policy=policy,
            told_once=told_once,
        )

    def _add(
        self, method: str, path: str, permission: Permission | None, **more: Any
    ) -> Callable[[View], View]:
        def added(view: View) -> View:
            types = get_type_hints(view, include_extras=True)
            types.pop("caller")
            answer = types.pop("return")
            query, body = types.pop("query", None), types.pop("body", None)
            summary, _, about = inspect.cleandoc(view.__doc__ or "").partition("\n")
            self.all.append(
                Operation(
                    view.__name__,
                    method,
                    path,
                    permission,
                    summary,
                    about.strip(),
                    self.tag,
                    types,
                    query,
                    body,
                    answer,
                    view,
                    **more,
                )
            )
            return view

        return added
