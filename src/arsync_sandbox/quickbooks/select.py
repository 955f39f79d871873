"""Reading a select of the query language: words, then a checked question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from arsync_sandbox.quickbooks import faults

ROWS_DEFAULT = 100
"""Rows of a page when MAXRESULTS is not given."""

ROWS_MAX = 1000
"""The largest MAXRESULTS."""

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>'(?:\\.|[^'\\])*')
    | (?P<number>-?\d+(?:\.\d+)?)
    | (?P<word>[A-Za-z_][\w.]*)
    | (?P<sign><=|>=|[=<>(),*])
    )""",
    re.VERBOSE,
)
_NAMES_OF_ALL = (
    "SELECT FROM WHERE AND OR IN LIKE ORDER BY ORDERBY ASC DESC STARTPOSITION MAXRESULTS"
)
KEYWORDS = frozenset(_NAMES_OF_ALL.split())


class SelectToken(NamedTuple):
    """A word of a select, with its place."""

    kind: str
    text: str
    at: int


class SelectCondition(NamedTuple):
    """One comparison of a WHERE clause."""

    path: str
    operator: str
    values: tuple[str, ...]


class Order(NamedTuple):
    """One key of an ORDERBY clause."""

    path: str
    descending: bool


@dataclass(frozen=True)
class Select:
    """A select as it was asked."""

    entity: str
    count: bool
    conditions: tuple[SelectCondition, ...]
    orders: tuple[Order, ...]
    start: int
    rows: int


def read_select(text: str) -> Select:
    """Read a select.

    Raises:
        Refusal: 4000 when it cannot be read, 4001 when a number is out of its range.
    """
    return _Reader(_tokens(text)).select()


def _tokens(text: str) -> list[SelectToken]:
    tokens = []
    at = 0
    text = text.strip().removesuffix(";").rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise faults.query_syntax(
                f'Lexical error at line 1, column {at + 1}: "{text[at:][:10]}"'
            )
        kind = match.lastgroup or ""
        tokens.append(SelectToken(kind, match.group(kind), match.start(kind) + 1))
        at = match.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[SelectToken]) -> None:
        self.tokens = tokens
        self.at = 0

    def select(self) -> Select:
        self.need("SELECT")
        count = self.projection()
        self.need("FROM")
        entity = self.take("word").text
        conditions = self.conditions() if self.accept("WHERE") else ()
        orders = self.orders()
        # In either order; the words of the two refusals are recorded ones.
        start, rows = None, None
        for _ in range(2):
            start = start or self.bounded("STARTPOSITION", 1, None)
            rows = rows if rows is not None else self.bounded("MAXRESULTS", 0, ROWS_MAX)
        if self.at < len(self.tokens):
            raise self.unexpected()
        page = ROWS_DEFAULT if rows is None else rows
        return Select(entity, count, conditions, orders, start or 1, page)

    def projection(self) -> bool:
        """Read the part between SELECT and FROM; the fields named there are ignored."""
        count = False
        while True:
            if not self.accept("*"):
                name = self.take("word").text
                if name.lower() == "count" and self.accept("("):
                    self.need("*")
                    self.need(")")
                    count = True
            if not self.accept(","):
                return count

    def conditions(self) -> tuple[SelectCondition, ...]:
        # There is no OR in the language.
        conditions = [self.condition()]
        while self.accept("AND"):
            conditions.append(self.condition())
        return tuple(conditions)

    def condition(self) -> SelectCondition:
        path = self.take("word")
        if path.text.upper() in KEYWORDS:
            raise self.unexpected(-1)
        for operator in ("IN", "LIKE"):
            if self.accept(operator):
                values = self.values() if operator == "IN" else (self.value(),)
                return SelectCondition(path.text, operator, values)
        sign = self.take("sign").text
        if sign not in {"=", "<", ">", "<=", ">="}:
            raise self.unexpected(-1)
        return SelectCondition(path.text, sign, (self.value(),))

    def values(self) -> tuple[str, ...]:
        self.need("(")
        values = [self.value()]
        while self.accept(","):
            values.append(self.value())
        self.need(")")
        return tuple(values)

    def value(self) -> str:
        if self.at == len(self.tokens):
            raise self.unexpected()
        token = self.tokens[self.at]
        self.at += 1
        if token.kind == "text":
            return re.sub(r"\\(.)", r"\1", token.text[1:-1])
        if token.kind == "number" or token.text.lower() in {"true", "false"}:
            return token.text
        raise self.unexpected(-1)

    def orders(self) -> tuple[Order, ...]:
        if self.accept("ORDER"):
            self.need("BY")
        elif not self.accept("ORDERBY"):
            return ()
        orders = []
        while True:
            path = self.take("word").text
            descending = self.accept("DESC")
            if not descending:
                self.accept("ASC")
            orders.append(Order(path, descending))
            if not self.accept(","):
                return tuple(orders)

    def bounded(self, word: str, low: int, high: int | None) -> int | None:
        if not self.accept(word):
            return None
        number = self.take("number")
        if "." in number.text:
            raise self.unexpected(-1)
        value = int(number.text)
        if value < low:
            raise faults.query_invalid(f"value {value} is too small. Min allowed value is {low}")
        if high is not None and value > high:
            raise faults.query_invalid(f"value {value} is too large. Max allowed value is {high}")
        return value

    def accept(self, word: str) -> bool:
        if self.at < len(self.tokens):
            token = self.tokens[self.at]
            if token.kind in {"word", "sign"} and token.text.upper() == word:
                self.at += 1
                return True
        return False

    def need(self, word: str) -> None:
        if not self.accept(word):
            raise self.unexpected()

    def take(self, kind: str) -> SelectToken:
        if self.at == len(self.tokens) or self.tokens[self.at].kind != kind:
            raise self.unexpected()
        self.at += 1
        return self.tokens[self.at - 1]

    def unexpected(self, back: int = 0) -> faults.Refusal:
        at = self.at + back
        if at >= len(self.tokens):
            return faults.query_syntax('Encountered "<EOF>"')
        token = self.tokens[at]
        return faults.query_syntax(f'Encountered "{token.text}" at line 1, column {token.at}')
