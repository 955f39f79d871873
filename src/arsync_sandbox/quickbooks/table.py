"""Documents of one kind: kept as the bytes that are served, with the columns that are asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from arsync_sandbox.quickbooks.wire import Doc, decode, encode, read_moment

RESULTS_MAX = 8
"""How many recent query results a table remembers."""


class Row:
    """One document: its bytes, when it changed, and its columns.

    The bytes are what counts, not a dict: 100,000 dicts of an invoice's size would take several
    times the memory and keep the garbage collector busy.
    """

    __slots__ = ("columns", "created", "id", "number", "raw", "updated")

    def __init__(self, doc: Doc, columns: tuple[str, ...]) -> None:
        self.id: str = doc["Id"]
        self.number = int(self.id)
        meta = doc["MetaData"]
        self.updated = seconds_of(meta["LastUpdatedTime"])
        self.created = seconds_of(meta["CreateTime"])
        self.raw = encode(doc)
        self.columns = tuple([value_at(doc, column) for column in columns])

    def doc(self) -> Doc:
        """A fresh copy of the document, the caller's to change."""
        copy: Doc = decode(self.raw)
        return copy


class Tombstone(NamedTuple):
    """What is left of a deleted document."""

    id: str
    updated: int


def _number(row: Row) -> int:
    return row.number


_moments: dict[str, int] = {}


def seconds_of(text: str) -> int:
    """Seconds since 1970 of a document's timestamp."""
    # Many documents share a stamp, and reading one takes longer than the look-up.
    seconds = _moments.get(text)
    if seconds is None:
        if len(_moments) > 100_000:
            _moments.clear()
        seconds = _moments[text] = int(read_moment(text).timestamp())
    return seconds


def value_at(doc: Doc, path: str) -> Any:
    """The value that a query compares: a reference's id, else what stands at the path.

    Where the path leads through a list, all values found there, as a tuple.
    """
    value: Any = doc
    for key in path.split(".") if "." in path else (path,):
        if isinstance(value, list):
            values = tuple(each.get(key) for each in value if isinstance(each, dict))
            value = list(values)
        elif isinstance(value, dict):
            value = value.get(key)
        else:
            return None
    if isinstance(value, dict):
        return value.get("value", value.get("Address"))
    return tuple(value) if isinstance(value, list) else value


class EntityTable:
    """All documents of one kind.

    Args:
        entity: the kind's name, e.g. `Invoice`.
        columns: the properties that queries ask for often, kept beside the bytes.
    """

    def __init__(self, entity: str, columns: tuple[str, ...] = ()) -> None:
        self.entity = entity
        self.columns = columns
        self.version = 0
        self.tombstones: dict[str, Tombstone] = {}
        self._rows: dict[str, Row] = {}
        self._order: list[Row] | None = []
        self._results: OrderedDict[Any, tuple[int, list[Row]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._rows)

    def __contains__(self, id_: object) -> bool:
        return id_ in self._rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def row(self, id_: str) -> Row | None:
        """The row with this id."""
        return self._rows.get(id_)

    def get(self, id_: str) -> Doc | None:
        """A fresh copy of the document with this id."""
        row = self._rows.get(id_)
        return row.doc() if row else None

    def put(self, doc: Doc) -> Row:
        """Add a document or replace the one with its id."""
        row = Row(doc, self.columns)
        self._place(row, known=row.id in self._rows)
        self._rows[row.id] = row
        self.tombstones.pop(row.id, None)
        self.version += 1
        return row

    def _place(self, row: Row, *, known: bool) -> None:
        """Keep the order up to date where that is cheap."""
        if self._order is None:
            return
        if known:
            self._order[bisect_left(self._order, row.number, key=_number)] = row
        elif not self._order or self._order[-1].number < row.number:
            self._order.append(row)
        else:
            # An id in the middle: sorting once, when next asked for, costs less than inserting.
            self._order = None

    def remove(self, id_: str, updated: int) -> None:
        """Delete a document; the change feed reports it by a tombstone."""
        del self._rows[id_]
        self.tombstones[id_] = Tombstone(id_, updated)
        self.version += 1
        self._order = None

    def in_order(self) -> list[Row]:
        """All rows by number."""
        if self._order is None:
            self._order = sorted(self._rows.values(), key=_number)
        return self._order

    def result(self, question: Any, answer: Callable[[], list[Row]]) -> list[Row]:
        """Answer from memory while nothing changed, so that each page costs only itself."""
        remembered = self._results.get(question)
        if remembered is None or remembered[0] != self.version:
            remembered = (self.version, answer())
            self._results[question] = remembered
        self._results.move_to_end(question)
        if len(self._results) > RESULTS_MAX:
            self._results.popitem(last=False)
        return remembered[1]
