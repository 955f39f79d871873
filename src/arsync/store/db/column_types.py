"""Column types that keep their value exactly, in SQLite and in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact
from typing import Any

import msgspec
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    String,
    Text,
    func,
    type_coerce,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from arsync.core.ledger.money import AMOUNT_MAX, DECIMAL_PLACES_MAX
from arsync.core.ledger.records import Allocation, Phone

UNIT = 10**DECIMAL_PLACES_MAX
"""Stored units in one: money is kept as a whole number of ten-thousandths."""
# A result that would have to be rounded raises: an amount is kept exactly, or refused.
_EXACT = Context(prec=60, traps=[Inexact])
_FACTOR = Decimal(UNIT)
_UNITS_MAX = int(AMOUNT_MAX) * UNIT


def to_units(amount: Decimal) -> int:
    """Return an amount as ten-thousandths.

    Raises:
        ValueError: it is no number, beyond `AMOUNT_MAX`, or finer than ten-thousandths.
    """
    if not amount:
        return 0  # as is due on most documents of a ledger; what is no number is not zero
    try:
        scaled = _EXACT.multiply(amount, _FACTOR)
        units = int(scaled)
    except (ArithmeticError, ValueError) as error:
        raise ValueError(f"the amount {amount} cannot be kept exactly") from error
    if units != scaled:
        raise ValueError(f"the amount {amount} has more than {DECIMAL_PLACES_MAX} decimals")
    if not -_UNITS_MAX <= units <= _UNITS_MAX:
        raise ValueError(f"the amount {amount} is beyond {AMOUNT_MAX:,}")
    return units


def from_units(units: int) -> Decimal:
    """Return ten-thousandths as an amount, with two decimals where they suffice."""
    cents, fraction = divmod(units, 100)
    if fraction == 0:
        return Decimal(cents).scaleb(-2)
    return Decimal(units).scaleb(-DECIMAL_PLACES_MAX)


LOW = 10**9
"""Sums are taken of two parts of each amount: neither reaches 64 bits in a billion documents."""


def sum_in_parts(column: ColumnElement[Any]) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Return the sums of the high and of the low part of an amount: see `whole_sum`.

    A plain sum ends in "integer overflow" in SQLite once a customer's amounts exceed 922 trillion.
    """
    units = type_coerce(column, BigInteger)
    return func.sum(units // LOW), func.sum(units % LOW)


def whole_sum(high: Any, low: Any) -> Decimal:
    """Return the amount whose two parts were summed; exact, however large."""
    return from_units(whole_units(high, low))


def whole_units(high: Any, low: Any) -> int:
    """Return the same in ten-thousandths."""
    return int(high or 0) * LOW + int(low or 0)


def moment_text(moment: datetime) -> str:
    """Return a moment in UTC as text of one width, so that texts sort as moments do."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    # What `isoformat(timespec="microseconds")` gives, in less than half of its time.
    text = moment.isoformat()
    return text if moment.microsecond else f"{text[:-6]}.000000+00:00"


def allocations_of(text: str | None) -> tuple[Allocation, ...]:
    """Return the allocations that `allocations_json` wrote."""
    if not text:
        return ()
    return tuple(
        Allocation(invoice_id, from_units(units), allocated_on)
        for invoice_id, units, allocated_on in _allocations.decode(text)
    )


class Amount(TypeDecorator[Decimal]):
    """Money: a 64-bit count of ten-thousandths."""

    # SQLite has no exact decimal. Integers are exact, SQL can sum them, and both databases hold the
    # same number.
    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        """Write ten-thousandths."""
        return None if value is None else to_units(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Read ten-thousandths; PostgreSQL's sums come as Decimal."""
        return None if value is None else from_units(int(value))


class Id(TypeDecorator[str]):
    """A platform's id: compared byte by byte, which is faster in PostgreSQL and sorts as here."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(Text(collation=collation))


class Rate(TypeDecorator[Decimal]):
    """An exchange rate: its decimal digits as the platform gave them."""

    # Of no fixed number of decimals, never summed, and a float in SQLite if it were a number.
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:
        """Write the digits."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Read the digits."""
        return None if value is None else Decimal(value)


class Moment(TypeDecorator[datetime]):
    """An aware moment in UTC: `timestamptz`, or in SQLite a text that sorts."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the database's own type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write it in UTC; a naive moment is a bug."""
        if value is None:
            return None
        assert value.tzinfo is not None, "moments are aware"
        return moment_text(value) if dialect.name == "sqlite" else value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read it in UTC."""
        if value is None:
            return None
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        assert isinstance(moment, datetime)
        return moment.astimezone(UTC)


_texts = msgspec.json.Decoder(tuple[str, ...])
_phones = msgspec.json.Decoder(tuple[Phone, ...])
_allocations = msgspec.json.Decoder(list[tuple[str, int, date]])
_map = msgspec.json.Decoder(dict[str, str])


def texts_json(texts: tuple[str, ...]) -> str:
    """Return texts as a JSON array; an empty text for none."""
    return msgspec.json.encode(texts).decode() if texts else ""


def phones_json(phones: tuple[Phone, ...]) -> str:
    """Return telephone numbers as a JSON array; an empty text for none."""
    return msgspec.json.encode(phones).decode() if phones else ""


def allocations_json(allocations: tuple[Allocation, ...]) -> str:
    """Return allocations as JSON, their amounts as ten-thousandths; an empty text for none."""
    if not allocations:
        return ""
    rows = [
        (allocation.invoice_id, to_units(allocation.amount), allocation.allocated_on)
        for allocation in allocations
    ]
    return msgspec.json.encode(rows).decode()


class Texts(TypeDecorator[tuple[str, ...]]):
    """A few texts, as a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | None:
        """Write JSON."""
        return None if value is None else texts_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[str, ...]:
        """Read JSON."""
        return _texts.decode(value) if value else ()


class Phones(TypeDecorator[tuple[Phone, ...]]):
    """The telephone numbers of a contact, as a JSON array."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: tuple[Phone, ...] | None, dialect: Dialect) -> str | None:
        """Write JSON."""
        return None if value is None else phones_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[Phone, ...]:
        """Read JSON."""
        return _phones.decode(value) if value else ()


class Allocations(TypeDecorator[tuple[Allocation, ...]]):
    """The allocations of one payment or credit, as JSON, replaced together with it."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self, value: tuple[Allocation, ...] | None, dialect: Dialect
    ) -> str | None:
        """Write JSON."""
        return None if value is None else allocations_json(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> tuple[Allocation, ...]:
        """Read JSON."""
        return allocations_of(value)


class TextMap(TypeDecorator[dict[str, str]]):
    """Names and texts, as a JSON object."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: dict[str, str] | None, dialect: Dialect) -> str | None:
        """Write JSON."""
        return None if value is None else msgspec.json.encode(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> dict[str, str]:
        """Read JSON."""
        return _map.decode(value) if value else {}
