"""Facts: what conditions may ask. One table feeds the reader, hints, evidence, docs and schema.

A fact is computed from an account as it stands on a given day; for a past day, rewind the account
first (`arsync.core.ledger.as_of`). None is "unknown", and every unknown has a reason.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from arsync.core.ledger.account_view import ContactView
from arsync.core.ledger.money import plain, shown
from arsync.core.ledger.records import Invoice
from arsync.core.ledger.supplier_standing import SupplierOnDay
from arsync.core.rulebook.facts.application_facts import APPLICATION_FACTS, ApplicationOnDay
from arsync.core.rulebook.facts.contact_facts import CONTACT_FACTS
from arsync.core.rulebook.facts.field import NUMBERS, FactKind, Field, Row, Value
from arsync.core.rulebook.facts.invoice_facts import INVOICE_FACTS
from arsync.core.rulebook.facts.names import as_written
from arsync.core.rulebook.facts.plan_facts import CONTACT_PLAN_FACTS, INVOICE_PLAN_FACTS
from arsync.core.rulebook.facts.supplier_facts import SUPPLIER_FACTS

__all__ = [
    "APPLICATION_BY_NAME",
    "APPLICATION_FIELDS",
    "CONTACT_BY_NAME",
    "CONTACT_FIELDS",
    "FIELDS",
    "HELD_DAYS",
    "INVOICE_BY_NAME",
    "INVOICE_FIELDS",
    "NUMBERS",
    "SUPPLIER_BY_NAME",
    "SUPPLIER_FIELDS",
    "FactKind",
    "Field",
    "Row",
    "Value",
    "application_row",
    "contact_row",
    "in_json",
    "in_words",
    "invoice_row",
    "supplier_row",
    "why_unknown",
]

CONTACT_FIELDS = tuple(
    field._replace(position=position)
    for position, field in enumerate((*CONTACT_FACTS, *CONTACT_PLAN_FACTS))
)
INVOICE_FIELDS = tuple(
    field._replace(position=position)
    for position, field in enumerate((*INVOICE_FACTS, *INVOICE_PLAN_FACTS))
)
APPLICATION_FIELDS = tuple(
    field._replace(position=position) for position, field in enumerate(APPLICATION_FACTS)
)
SUPPLIER_FIELDS = tuple(
    field._replace(position=position) for position, field in enumerate(SUPPLIER_FACTS)
)
FIELDS: tuple[Field, ...] = CONTACT_FIELDS + INVOICE_FIELDS + APPLICATION_FIELDS + SUPPLIER_FIELDS
"""Every fact that a condition may ask for. There is no other table of facts."""

CONTACT_BY_NAME = {field.name: field for field in CONTACT_FIELDS}
INVOICE_BY_NAME = {field.name: field for field in INVOICE_FIELDS}
APPLICATION_BY_NAME = {field.name: field for field in APPLICATION_FIELDS}
SUPPLIER_BY_NAME = {field.name: field for field in SUPPLIER_FIELDS}
_OF_CONTACTS = tuple(field.compute for field in CONTACT_FIELDS)
_OF_INVOICES = tuple(field.compute for field in INVOICE_FIELDS)
HELD_DAYS = {"contact": len(CONTACT_FIELDS), "invoice": len(INVOICE_FIELDS)}
"""By scope, the place in a row after all facts: for how many days conditions have held.

By a condition's identity; see `conditions.HeldFor`. None: nothing is known of any."""
_CONTACT_BLANK: list[Value] = [None] * (len(CONTACT_FIELDS) + 1)
_INVOICE_BLANK: list[Value] = [None] * (len(INVOICE_FIELDS) + 1)


def contact_row(
    view: ContactView, positions: Iterable[int], so_far: list[Value] = _CONTACT_BLANK
) -> list[Value]:
    """Return the contact's facts at these positions; the others stay as they are in `so_far`."""
    # Lists by position, since compiled conditions index a row and look up no names.
    row = so_far.copy()
    for position in positions:
        row[position] = _OF_CONTACTS[position](view)
    return row


def invoice_row(view: ContactView, invoice: Invoice, positions: Iterable[int]) -> list[Value]:
    """Return the invoice's facts at these positions; the others are left unknown."""
    row = _INVOICE_BLANK.copy()
    for position in positions:
        row[position] = _OF_INVOICES[position](view, invoice)
    return row


def application_row(view: ApplicationOnDay) -> list[Value]:
    """Return all facts of an application."""
    return [field.compute(view) for field in APPLICATION_FIELDS]


def supplier_row(view: SupplierOnDay) -> list[Value]:
    """Return all facts of a supplier."""
    return [field.compute(view) for field in SUPPLIER_FIELDS]


def why_unknown(field: Field, view: ContactView) -> str:
    """Return why the fact is unknown here."""
    # A missing rate explains any unknown amount but these two: the rulebook states them, in its own
    # currency.
    missing = view.account_view.converter.missing
    if (
        field.kind is FactKind.AMOUNT
        and missing
        and field.name not in {"agreed_limit", "insured_limit"}
    ):
        names = ", ".join(sorted(set(missing))[:3])
        return f"no exchange rate was recorded for {names}"
    if field.needs_limit and view.limit.amount is None:
        return view.limit.no_amount_reason
    return field.unknown


def in_json(field: Field, value: Value) -> Value:
    """Return a fact's value for JSON: money as a decimal string, sets as sorted lists."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, frozenset):
        return as_written(value)
    if field.kind is FactKind.TEXT and isinstance(value, str) and len(value) <= 3:
        return value.upper()  # countries and currencies, folded only to compare them
    return value


def in_words(field: Field, value: Value, currency: str) -> str:
    """Return a fact's value for people."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.kind is FactKind.AMOUNT:
        return shown(value, currency)
    if field.kind is FactKind.PERCENT:
        return f"{Decimal(value).normalize():f}%"
    if isinstance(value, frozenset):
        return ", ".join(as_written(value)) or "none"
    return str(in_json(field, value))
