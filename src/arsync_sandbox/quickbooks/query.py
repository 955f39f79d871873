"""Answering selects from the tables, one page at a time."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.entities import BY_PATH, META, NOT_KEPT, EntityKind
from arsync_sandbox.quickbooks.schema import property_kind
from arsync_sandbox.quickbooks.select import Order, Select, SelectCondition, read_select
from arsync_sandbox.quickbooks.table import EntityTable, Row
from arsync_sandbox.quickbooks.wire import ZERO, read_moment

Test = Callable[[Row], bool]

NULL = " "
"""How a select writes null: a text of one blank."""


CREATED = "MetaData.CreateTime"

NEWEST_CHANGE_FIRST = (Order("MetaData.LastUpdatedTime", descending=True),)
"""The order of a select that names none, as recorded in May 2026."""

_UNSORTABLE = "property '{path}' is not sortable"


class Sorting(NamedTuple):
    """What may be sorted by, and how."""

    ids_as_text: bool = False
    """Compare and order `Id` as text instead of as a number."""
    unsortable: frozenset[str] = frozenset()
    """Properties that may not be sorted by."""
    ignores: bool = False
    """An order that may not be is ignored without a word, instead of refused."""
    unqueryable: frozenset[str] = frozenset()
    """Properties that no query may ask by, with their kind: `VendorCredit.Balance`."""

    def allowed(self, orders: tuple[Order, ...]) -> tuple[Order, ...]:
        """Return the orders to follow.

        Raises:
            Refusal: 4001 for one that may not be.
        """
        refused = [order.path for order in orders if order.path in self.unsortable]
        if refused and not self.ignores:
            raise faults.query_invalid(_UNSORTABLE.format(path=refused[0]))
        return tuple(order for order in orders if order.path not in refused)


AS_ASKED = Sorting()


class SelectAnswer(NamedTuple):
    """What a select found."""

    entity: str
    """The kind's own spelling; a select may write it in any case."""
    select: Select
    page: list[Row]
    total: int


def run_query(
    text: str, tables: Mapping[str, EntityTable], sorting: Sorting = AS_ASKED
) -> SelectAnswer:
    """Answer a select.

    Args:
        text: the select.
        tables: all documents, by kind.
        sorting: what may be sorted by.

    Raises:
        Refusal: 4000 or 4001.
    """
    select = read_select(text)
    entity = BY_PATH.get(select.entity.lower())
    if entity is None and select.entity.lower() in NOT_KEPT:
        return SelectAnswer(NOT_KEPT[select.entity.lower()], select, [], 0)
    if entity is None:
        raise faults.query_invalid(f"invalid context declaration: {select.entity}")
    checked_select = _Asked(entity, select, sorting)
    rows, low, high = checked_select.rows(tables[entity.name])
    first = low + select.start - 1
    return SelectAnswer(
        entity.name, select, rows[first : min(high, first + select.rows)], high - low
    )


class _Asked:
    """A select whose names and values are checked against its kind."""

    def __init__(self, entity: EntityKind, select: Select, sorting: Sorting) -> None:
        self.entity = entity
        self.ids_as_text = sorting.ids_as_text
        self.unqueryable = sorting.unqueryable
        orders = tuple(Order(self.path(order.path), order.descending) for order in select.orders)
        self.orders = sorting.allowed(orders) or NEWEST_CHANGE_FIRST
        conditions = [
            condition._replace(path=self.path(condition.path)) for condition in select.conditions
        ]
        # QuickBooks hides inactive rows of name lists unless the select says otherwise.
        if entity.name_list and not any(condition.path == "Active" for condition in conditions):
            conditions.append(SelectCondition("Active", "=", ("true",)))
        # A client that pages by `Id > last`, or from the last row's creation, asks a new question
        # each time; only the rest of the question is remembered, and the place is looked up.
        self.seeks_by = next(
            (path for path in ("Id", CREATED) if self.orders == (Order(path, descending=False),)),
            "",
        )
        if self.seeks_by == "Id" and self.ids_as_text:
            self.seeks_by = ""
        seeks = [
            condition
            for condition in conditions
            if condition.path == self.seeks_by and condition.operator in {"<", ">", "<=", ">="}
        ]
        self.seeks = [(seek.operator, self.place(seek.values[0])) for seek in seeks]
        self.conditions = tuple(condition for condition in conditions if condition not in seeks)
        self.tests = [self.test(condition) for condition in self.conditions]

    def path(self, path: str) -> str:
        """Check that a property exists and can be asked for; return its own spelling."""
        # The real service takes names in any case.
        for name in (*META, *self.entity.filters):
            if f"{self.entity.name}.{name}" in self.unqueryable:
                continue
            if name.lower() == path.lower():
                return name
        if property_kind(self.entity.name, path) is None:
            raise faults.query_invalid(f"Property {path} not found for Entity {self.entity.name}")
        raise faults.query_invalid(f"property '{path}' is not queryable")

    def number(self, text: str) -> int:
        """Read an id."""
        if not text.strip().isdigit():
            raise faults.query_invalid(f"Id should be a valid number. Supplied value:{text}")
        return int(text)

    def place(self, text: str) -> int:
        """Read what the sought property is compared with."""
        if self.seeks_by == "Id":
            return self.number(text)
        value: int = self.value(CREATED, "time", text)
        return value

    def rows(self, table: EntityTable) -> tuple[list[Row], int, int]:
        """All rows that match, and between which places the wanted ids stand."""
        rows = table.in_order()
        if self.tests or self.seeks_by != "Id":
            question = (self.conditions, self.orders, self.ids_as_text)
            rows = table.result(question, lambda: self.found(table))
        low, high = 0, len(rows)
        for operator, number in self.seeks:
            cut = bisect_left if operator in {"<", ">="} else bisect_right
            place = cut(rows, number, key=self.reader(self.seeks_by))
            if operator in {"<", "<="}:
                high = min(high, place)
            else:
                low = max(low, place)
        return rows, low, max(low, high)

    def found(self, table: EntityTable) -> list[Row]:
        """The rows that pass every test, in the order asked for."""
        rows = table.in_order()
        for test in self.tests:
            rows = [row for row in rows if test(row)]
        for order in reversed(self.orders):
            read = self.reader(order.path)
            rows = sorted(rows, key=lambda row: _sortable(read(row)), reverse=order.descending)
        return rows

    def reader(self, path: str) -> Callable[[Row], Any]:
        """How to get a property from a row."""
        if path == "Id":
            return (lambda row: row.id) if self.ids_as_text else (lambda row: row.number)
        if path == "MetaData.LastUpdatedTime":
            return lambda row: row.updated
        if path == "MetaData.CreateTime":
            return lambda row: row.created
        place = self.entity.filters.index(path)
        return lambda row: row.columns[place]

    def test(self, condition: SelectCondition) -> Test:
        """Turn a condition into a test of a row."""
        read = self.reader(condition.path)
        kind = property_kind(self.entity.name, condition.path) or "str"
        if condition.operator == "LIKE":
            return self.like(read, condition, kind)
        values = [self.value(condition.path, kind, text) for text in condition.values]
        if condition.operator in {"=", "IN"}:
            accepted = set(values)
            return lambda row: not accepted.isdisjoint(_all_of(read(row)))
        compare = _COMPARE[condition.operator]
        value = values[0]
        if value is None:
            raise faults.query_invalid(f"{condition.path} cannot be compared with null")
        if kind == "num":
            return lambda row: compare(read(row) or ZERO, value)
        return lambda row: (stored := read(row)) is not None and compare(stored, value)

    def like(self, read: Callable[[Row], Any], condition: SelectCondition, kind: str) -> Test:
        """A test by pattern, `%` standing for any text."""
        if kind not in {"str", "id", "date"}:
            raise faults.query_invalid(f"{condition.path} cannot be compared by LIKE")
        pieces = [re.escape(piece) for piece in condition.values[0].split("%")]
        pattern = re.compile(".*".join(pieces), re.DOTALL | re.IGNORECASE)
        return lambda row: pattern.fullmatch(str(read(row) or "")) is not None

    def value(self, path: str, kind: str, text: str) -> Any:
        """Read a value by the kind of the property it is compared with."""
        if text == NULL:
            return None
        if path == "Id":
            return text if self.ids_as_text else self.number(text)
        try:
            if kind == "time":
                return int(read_moment(text).timestamp())
            if kind in {"num", "int"}:
                return Decimal(text)
            if kind == "date":
                return read_moment(text).date().isoformat()
        except (ValueError, IndexError, InvalidOperation):
            raise faults.query_invalid(f"value '{text}' is not valid for {path}") from None
        if kind == "bool":
            if text.lower() not in {"true", "false"}:
                raise faults.query_invalid(f"value '{text}' is not valid for {path}")
            return text.lower() == "true"
        return text


def _all_of(value: Any) -> tuple[Any, ...]:
    return value or (None,) if isinstance(value, tuple) else (value,)


def _sortable(value: Any) -> tuple[bool, Any]:
    """Nothing comes before something; texts are ordered without regard to case."""
    if value is None:
        return (False, 0)
    return (True, value.casefold() if isinstance(value, str) else value)


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda known, value: known < value,
    ">": lambda known, value: known > value,
    "<=": lambda known, value: known <= value,
    ">=": lambda known, value: known >= value,
}
