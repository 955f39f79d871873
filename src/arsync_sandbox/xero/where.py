"""The `where` and `order` languages of Xero's lists: the subset that the reference names.

Type=="ACCREC" AND AmountDue>0 && Date>=DateTime(2026,01,31)
Contact.ContactID==Guid("...") || Reference.StartsWith("fee")
"""

from __future__ import annotations

import operator
import re
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from . import wire
from .errors import bad_query

Test = Callable[[Any], bool]
Field = Callable[[Any], Any]

DEPTH_MAX = 40
"""How deep brackets may nest in an expression: Python's own recursion is not reached."""

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*") |
        (?P<number>-?\d+(?:\.\d+)?) |
        (?P<op>==|!=|<>|>=|<=|&&|\|\||[=<>!(),]) |
        (?P<name>[A-Za-z_][A-Za-z_0-9.]*)
    )""",
    re.VERBOSE,
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "=": operator.eq,
    "!=": operator.ne,
    "<>": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
}
_TEXT_TESTS: dict[str, Callable[[str, str], bool]] = {
    "Contains": operator.contains,
    "StartsWith": str.startswith,
    "EndsWith": str.endswith,
}


class Guid(str):
    """An id in an expression: it can be equal or not, but never greater or less."""

    __slots__ = ()


class Expression(NamedTuple):
    """A compiled `where`."""

    test: Test
    fields: frozenset[str]
    ranged: frozenset[str]
    """Fields that are compared otherwise than by `==`."""


def compile_where(text: str, fields: Mapping[str, Field]) -> Expression:
    """Compile an expression over the fields of a record.

    Raises:
        Refused: 400 QueryParseException, when it cannot be read.
    """
    parser = _Parser(text, fields)
    test = parser.either()
    if parser.peek():
        raise bad_query(f"Unexpected {parser.peek()!r} in where clause")
    return Expression(test, frozenset(parser.used), frozenset(parser.ranged))


class _Parser:
    def __init__(self, text: str, fields: Mapping[str, Field]) -> None:
        self._names = {name.lower(): name for name in fields}
        self._fields = fields
        self._tokens: list[tuple[str, str]] = []
        self._depth = 0
        self.used: set[str] = set()
        self.ranged: set[str] = set()
        position = 0
        while position < len(text.rstrip()):
            match = _TOKEN.match(text, position)
            if not match:
                raise bad_query(
                    f"Syntax error in where clause at {text[position : position + 20]!r}"
                )
            self._tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            position = match.end()

    def peek(self) -> str:
        return self._tokens[0][1] if self._tokens else ""

    def _take(self, wanted: str = "") -> tuple[str, str]:
        if not self._tokens or (wanted and self._tokens[0][1] != wanted):
            raise bad_query(
                f"Expected {wanted or 'an operand'} in where clause, got {self.peek()!r}"
            )
        return self._tokens.pop(0)

    def either(self) -> Test:
        test = self._both()
        while self.peek() == "||" or self.peek().upper() == "OR":
            self._take()
            test = _or(test, self._both())
        return test

    def _both(self) -> Test:
        test = self._single()
        while self.peek() == "&&" or self.peek().upper() == "AND":
            self._take()
            test = _and(test, self._single())
        return test

    def _single(self) -> Test:
        if self.peek() in {"!", "("}:
            self._depth += 1
            if self._depth > DEPTH_MAX:
                raise bad_query(f"Brackets nest more than {DEPTH_MAX} deep in where clause")
            try:
                return self._negated() if self.peek() == "!" else self._bracketed()
            finally:
                self._depth -= 1
        return self._comparison()

    def _negated(self) -> Test:
        self._take("!")
        test = self._single()
        return lambda record: not test(record)

    def _bracketed(self) -> Test:
        self._take("(")
        test = self.either()
        self._take(")")
        return test

    def _comparison(self) -> Test:
        kind, name = self._take()
        if kind != "name":
            raise bad_query(f"Expected a field in where clause, got {name!r}")
        stem, _, method = name.rpartition(".")
        if method in _TEXT_TESTS:
            return self._text_test(stem, method)
        field = self._field(name)
        if self.peek() not in _COMPARE:
            return lambda record: field(record) is True
        sign = self._take()[1]
        value = self._value()
        # In large ledgers Xero compares some fields by equality alone; the query checks that.
        if sign not in {"==", "="}:
            self.ranged.add(name.lower())
        if sign in {">", "<", ">=", "<="} and (value is None or isinstance(value, (bool, Guid))):
            raise bad_query(f"Operator '{sign}' incompatible with operand types at {name}")
        return _compared(field, _COMPARE[sign], value)

    def _text_test(self, stem: str, method: str) -> Test:
        field = self._field(stem)
        self.ranged.add(stem.lower())
        self._take("(")
        text = self._value()
        self._take(")")
        if not isinstance(text, str):
            raise bad_query(f"{method} takes a string in where clause")
        check = _TEXT_TESTS[method]
        return lambda record: check(field(record) or "", text)

    def _field(self, name: str) -> Field:
        field_name = self._names.get(name.lower())
        if field_name is None:
            raise bad_query(f"No property or field '{name}' exists in type")
        self.used.add(name.lower())
        return self._fields[field_name]

    def _value(self) -> Any:
        kind, text = self._take()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return Decimal(text)
        if kind == "name" and text.lower() in {"true", "false", "null"}:
            return {"true": True, "false": False, "null": None}[text.lower()]
        if kind == "name" and text.lower() in {"datetime", "guid", "datetime.parse", "guid.parse"}:
            return self._call(text.lower())
        raise bad_query(f"Cannot read {text!r} as a value in where clause")

    def _call(self, name: str) -> Any:
        self._take("(")
        arguments = []
        while self.peek() != ")":
            arguments.append(self._take()[1].strip('"'))
            if self.peek() == ",":
                self._take()
        self._take(")")
        try:
            if name.startswith("guid"):
                return Guid(uuid.UUID(arguments[0]))
            if name.endswith("parse"):
                return wire.read_moment(arguments[0])
            numbers = [int(argument) for argument in arguments] + [0] * (6 - len(arguments))
            year, month, day, hour, minute, second = numbers
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except (ValueError, TypeError, IndexError) as error:
            raise bad_query(f"Cannot read {name}({','.join(arguments)}) in where clause") from error


def _or(left: Test, right: Test) -> Test:
    return lambda record: left(record) or right(record)


def _and(left: Test, right: Test) -> Test:
    return lambda record: left(record) and right(record)


def _compared(field: Field, compare: Callable[[Any, Any], bool], value: Any) -> Test:
    if isinstance(value, datetime):
        return _compared_in_time(field, compare, value)
    if value is None:
        return lambda record: compare(field(record), None)

    # A value of another type is neither equal nor less: such a filter finds no rows.
    def test(record: Any) -> bool:
        stored = field(record)
        if stored is None or isinstance(stored, (date, bool)) != isinstance(value, bool):
            return compare is operator.ne
        if isinstance(stored, Decimal) != isinstance(value, Decimal):
            return compare is operator.ne
        return compare(stored, value)

    return test


def _compared_in_time(field: Field, compare: Callable[[Any, Any], bool], value: datetime) -> Test:
    day = value.date()
    midnight = value.timetz().replace(tzinfo=None) == datetime.min.time()

    def test(record: Any) -> bool:
        stored = field(record)
        if isinstance(stored, datetime):
            return compare(stored, value)
        if not isinstance(stored, date):
            return compare is operator.ne
        # `Date>=DateTime(2026,01,31)` means the day, though the language has only moments.
        if midnight:
            return compare(stored, day)
        return compare(datetime(stored.year, stored.month, stored.day, tzinfo=UTC), value)

    return test


def read_order(text: str, fields: Mapping[str, Field]) -> list[tuple[Field, bool, str]]:
    """The keys of an `order`: the field, whether descending, and its name in lower case.

    Raises:
        Refused: 400 QueryParseException.
    """
    names = {name.lower(): name for name in fields}
    keys = []
    for clause in filter(None, (clause.strip() for clause in text.split(","))):
        name, _, direction = clause.partition(" ")
        direction = direction.strip().upper()
        if name.lower() not in names or direction not in {
            "",
            "ASC",
            "DESC",
            "ASCENDING",
            "DESCENDING",
        }:
            raise bad_query(f"Cannot order by {clause!r}")
        keys.append((fields[names[name.lower()]], direction.startswith("DESC"), name.lower()))
    return keys
