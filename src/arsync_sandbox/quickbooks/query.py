"""Answering selects from the tables, one page at a time."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.entities import ENTITIES, META, EntityKind
from arsync_sandbox.quickbooks.schema import property_kind
from arsync_sandbox.quickbooks.select import Order, Select, SelectCondition, read_select
from arsync_sandbox.quickbooks.table import EntityTable, Row
from arsync_sandbox.quickbooks.wire import ZERO, read_moment

Test = Callable[[Row], bool]

NULL = " "
"""How a select writes null: a text of one blank."""


class SelectAnswer(NamedTuple):
    """What a select found."""

    select: Select
    page: list[Row]
    total: int


def run_query(
    text: str, tables: Mapping[str, EntityTable], *, ids_as_text: bool = False
) -> SelectAnswer:
    """Answer a select.

    Args:
        text: the select.
        tables: all documents, by kind.
        ids_as_text: compare and order `Id` as text instead of as a number.

    Raises:
        Refusal: 4000 or 4001.
    """
    select = read_select(text)
    if select.entity not in ENTITIES:
        raise faults.query_invalid(f"invalid context declaration: {select.entity}")
    entity = ENTITIES[select.entity]
    checked_select = _Asked(entity, select, ids_as_text=ids_as_text)
    rows, low, high = checked_select.rows(tables[entity.name])
    first = low + select.start - 1
    return SelectAnswer(select, rows[first : min(high, first + select.rows)], high - low)


class _Asked:
    """A select whose names and values are checked against its kind."""

    def __init__(self, entity: EntityKind, select: Select, *, ids_as_text: bool) -> None:
        self.entity = entity
        self.ids_as_text = ids_as_text
        self.orders = tuple(
            Order(self.path(order.path), order.descending) for order in select.orders
        )
        conditions = [
            condition._replace(path=self.path(condition.path)) for condition in select.conditions
        ]
        # QuickBooks hides inactive rows of name lists unless the select says otherwise.
        if entity.name_list and not any(condition.path == "Active" for condition in conditions):
            conditions.append(SelectCondition("Active", "=", ("true",)))
        # A client that pages by `Id > last` asks a new question each time; only the rest of the
        # question is remembered, and the place of the id is looked up.
        self.by_id = self.orders in {(), (Order("Id", descending=False),)} and not ids_as_text
        seeks = [
            condition
            for condition in conditions
            if self.by_id
            and condition.path == "Id"
            and condition.operator in {"<", ">", "<=", ">="}
        ]
        self.seeks = [(seek.operator, self.number(seek.values[0])) for seek in seeks]
        self.conditions = tuple(condition for condition in conditions if condition not in seeks)
        self.tests = [self.test(condition) for condition in self.conditions]

    def path(self, path: str) -> str:
        """Check that a property exists and can be asked for."""
        # Both spellings are in use, and the real service takes both.
        name = re.sub(r"^Metadata\.", "MetaData.", path)
        name = re.sub(r"^(AttachableRef\.EntityRef\.)Type$", r"\1type", name)
        if name in META or name in self.entity.filters:
            return name
        if property_kind(self.entity.name, name) is None:
            raise faults.query_invalid(f"Property {path} not found for Entity {self.entity.name}")
        raise faults.query_invalid(f"property '{path}' is not queryable")

    def number(self, text: str) -> int:
        """Read an id."""
        if not text.strip().isdigit():
            raise faults.query_invalid(f"Id should be a valid number. Supplied value:{text}")
        return int(text)

    def rows(self, table: EntityTable) -> tuple[list[Row], int, int]:
        """All rows that match, and between which places the wanted ids stand."""
        rows = table.in_order()
        if self.tests or not self.by_id:
            question = (self.conditions, self.orders, self.ids_as_text)
            rows = table.result(question, lambda: self.found(table))
        low, high = 0, len(rows)
        for operator, number in self.seeks:
            cut = bisect_left if operator in {"<", ">="} else bisect_right
            place = cut(rows, number, key=lambda row: row.number)
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
        if not self.orders and self.ids_as_text:
            return sorted(rows, key=lambda row: row.id)
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
