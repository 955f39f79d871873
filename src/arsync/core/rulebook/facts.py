"""Facts: what conditions may ask. One table feeds the reader, hints, evidence, docs and schema.

A fact is computed from an account as it stands on a given day; for a past day, rewind the account
first (`arsync.core.ledger.as_of`). None is "unknown", and every unknown has a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from arsync.core.ledger.account_view import Seat, days_overdue
from arsync.core.ledger.money import plain, shown
from arsync.core.ledger.records import Invoice
from arsync.core.rulebook import figures
from arsync.core.rulebook.figures import Value

Row = Sequence[Any]


class Kind(StrEnum):
    """What kind of value a fact has, and so which questions it answers."""

    AMOUNT = "amount"
    PERCENT = "percent"
    DAYS = "days"
    COUNT = "count"
    YES_NO = "yes or no"
    CHOICE = "choice"
    TEXT = "text"
    TEXTS = "texts"
    GROUP = "group"


NUMBERS = frozenset({Kind.AMOUNT, Kind.PERCENT, Kind.DAYS, Kind.COUNT})


class Field(NamedTuple):
    """One fact."""

    name: str
    of: str
    """`contact` or `invoice`."""
    kind: Kind
    description: str
    source: str
    """Where it comes from."""
    unknown: str = ""
    """When it is unknown; empty: never."""
    choices: tuple[str, ...] = ()
    example: str = ""
    needs_limit: bool = False
    """It rests on the credit limit, so it cannot help to choose one."""
    position: int = -1
    """Where it stands in its row."""


_NO_RATE = "the platform recorded no exchange rate"
_NO_TABLE = "the rulebook's table has no entry for it, or is in another currency"
_OPEN = "open invoices"
_PAID = "invoices paid in full in the last 365 days"
_PROMISES = ("none", "open", "kept", "broken")
_DISPUTES = ("none", "open", "settled")
_A, _P, _D, _N = Kind.AMOUNT, Kind.PERCENT, Kind.DAYS, Kind.COUNT
_C, _I = "contact", "invoice"

ContactFact = Callable[[Seat], Value]
InvoiceFact = Callable[[Seat, Invoice], Value]

_CONTACT: tuple[tuple[Field, ContactFact], ...] = (
    (
        Field(
            "balance",
            _C,
            _A,
            "the sum of what its open invoices are due",
            _OPEN,
            _NO_RATE,
            example="{at_least: 1000}",
        ),
        lambda s: s.balance,
    ),
    (
        Field(
            "overdue_amount",
            _C,
            _A,
            "what is past its due date",
            _OPEN,
            _NO_RATE,
            example="{at_least: 500}",
        ),
        lambda s: s.overdue_amount,
    ),
    (
        Field(
            "overdue_percent",
            _C,
            _P,
            "how much of the balance is overdue",
            _OPEN,
            "nothing is owed, or no exchange rate was recorded",
            example="{more_than: 50}",
        ),
        figures.overdue_percent,
    ),
    (
        Field(
            "unallocated_credit",
            _C,
            _A,
            "money in hand that is not matched to an invoice yet, parent and children together",
            "credit notes, prepayments, overpayments and unapplied payments",
            _NO_RATE,
            example="{more_than: 0}",
        ),
        lambda s: s.books.unallocated,
    ),
    (
        Field(
            "exposure",
            _C,
            _A,
            "the sum of amounts due less unallocated credit, parent and children together",
            "open invoices, credits and payments",
            _NO_RATE,
            example="{more_than: insured_limit}",
        ),
        lambda s: s.books.exposure,
    ),
    (
        Field(
            "credit_limit",
            _C,
            _A,
            "the credit limit that the first matching rule gives",
            "credit_limits of the rulebook",
            "no rule of credit_limits matches, or the limit it names is unknown",
            needs_limit=True,
            example="{at_least: 25000}",
        ),
        lambda s: s.credit_limit,
    ),
    (
        Field(
            "headroom",
            _C,
            _A,
            "the credit limit less the exposure; below nothing when over the limit",
            "credit limit and exposure",
            "the credit limit or the exposure is unknown",
            needs_limit=True,
            example="{less_than: 0}",
        ),
        figures.headroom,
    ),
    (
        Field(
            "over_limit_percent",
            _C,
            _P,
            "how far the exposure is over the credit limit, 0 when it is not",
            "credit limit and exposure",
            "the credit limit or the exposure is unknown",
            needs_limit=True,
            example="{more_than: 10}",
        ),
        figures.over_limit_percent,
    ),
    (
        Field(
            "open_invoices", _C, _N, "how many invoices are open", _OPEN, example="{at_least: 5}"
        ),
        lambda s: len(s.owed),
    ),
    (
        Field(
            "overdue_invoices",
            _C,
            _N,
            "how many invoices are past their due date",
            _OPEN,
            example="{at_least: 2}",
        ),
        lambda s: len(s.overdue),
    ),
    (
        Field(
            "oldest_days_overdue",
            _C,
            _D,
            "days since the oldest unpaid due date, 0 when nothing is overdue",
            _OPEN,
            example="{at_least: 60}",
        ),
        figures.oldest_days_overdue,
    ),
    (
        Field(
            "average_days_to_pay",
            _C,
            _D,
            "days from issue to payment in full, on average",
            _PAID,
            "nothing was paid in the last 365 days",
            example="{more_than: 45}",
        ),
        lambda s: figures.average([one[0] for one in s.paid]),
    ),
    (
        Field(
            "average_days_late",
            _C,
            _D,
            "days from due date to payment in full, on average; early counts as 0",
            _PAID,
            "nothing was paid in the last 365 days",
            example="{at_most: 3}",
        ),
        lambda s: figures.average([one[1] for one in s.paid]),
    ),
    (
        Field(
            "paid_on_time_percent",
            _C,
            _P,
            "how many of the paid invoices were paid by their due date",
            _PAID,
            "nothing was paid in the last 365 days",
            example="{at_least: 90}",
        ),
        figures.paid_on_time_percent,
    ),
    (
        Field(
            "days_since_last_payment",
            _C,
            _D,
            "days since the last payment",
            "payments",
            "nothing was ever paid",
            example="{more_than: 90}",
        ),
        figures.days_since_last_payment,
    ),
    (
        Field(
            "sales_last_365_days",
            _C,
            _A,
            "invoiced in the last 365 days, less credit notes",
            "invoices and credit notes",
            _NO_RATE,
            example="{at_least: 50000}",
        ),
        figures.sales,
    ),
    (
        Field(
            "customer_for_days",
            _C,
            _D,
            "days since the contact was created or first invoiced, whichever is earlier",
            "the contact and its invoices",
            "the platform does not say, and there is no invoice",
            example="{less_than: 180}",
        ),
        figures.customer_for_days,
    ),
    (
        Field(
            "group",
            _C,
            Kind.GROUP,
            "a group that this rulebook defines",
            "groups of the rulebook",
            "its definition rests on an unknown fact",
            example="Key account",
        ),
        lambda _: None,
    ),
    (
        Field(
            "contact_group",
            _C,
            Kind.TEXTS,
            "a contact group (Xero) or customer type (QuickBooks)",
            "the contact",
            example="Key accounts",
        ),
        lambda s: figures.folded(s.contact.groups),
    ),
    (
        Field(
            "tag",
            _C,
            Kind.TEXTS,
            "a tag that the rulebook gives the customer",
            "customers of the rulebook",
            example="legal",
        ),
        lambda s: s.agreed.tags,
    ),
    (
        Field(
            "contact",
            _C,
            Kind.TEXTS,
            "the contact's name or id",
            "the contact",
            example="Ridgeway University",
        ),
        figures.contact_names,
    ),
    (
        Field(
            "country",
            _C,
            Kind.TEXT,
            "two letters, as in GB",
            "the contact",
            "the platform does not say",
            example="GB",
        ),
        lambda s: s.contact.country.casefold() or None,
    ),
    (
        Field(
            "currency",
            _C,
            Kind.TEXT,
            "the contact's own currency, three letters",
            "the contact",
            "the platform does not say",
            example="GBP",
        ),
        lambda s: s.contact.currency.casefold() or None,
    ),
    (
        Field(
            "has_email",
            _C,
            Kind.YES_NO,
            "whether there is an address to send reminders to",
            "the contact",
            example="no",
        ),
        lambda s: bool(s.email()),
    ),
    (
        Field(
            "on_hold",
            _C,
            Kind.YES_NO,
            "whether arsync holds its credit now",
            "what arsync did",
            example="yes",
        ),
        lambda s: s.books.account.hold is not None,
    ),
    (
        Field(
            "days_on_hold",
            _C,
            _D,
            "days since the credit hold was placed, 0 without one",
            "what arsync did",
            example="{at_least: 30}",
        ),
        figures.days_on_hold,
    ),
    (
        Field(
            "agreed_limit",
            _C,
            _A,
            "the credit limit agreed with the customer",
            "customers of the rulebook",
            "nothing was agreed",
            example="known",
        ),
        lambda s: s.agreed.credit_limit,
    ),
    (
        Field(
            "insured_limit",
            _C,
            _A,
            "what the credit insurer covers",
            "customers of the rulebook",
            "nothing is insured",
            example="unknown",
        ),
        lambda s: s.agreed.insured_limit,
    ),
    (
        Field(
            "days_until_review",
            _C,
            _D,
            "days until review_on; below 0 when it has passed",
            "customers of the rulebook",
            "no review day was set",
            example="{at_most: 14}",
        ),
        figures.days_until_review,
    ),
    (
        Field(
            "promise_to_pay",
            _C,
            Kind.TEXTS,
            "whether any of its invoices has such a promise to pay",
            "promises",
            choices=_PROMISES,
            example="broken",
        ),
        figures.promise_states,
    ),
    (
        Field(
            "broken_promises",
            _C,
            _N,
            "how many promises it broke",
            "promises and payments",
            example="{at_least: 2}",
        ),
        figures.broken_promises,
    ),
    (
        Field(
            "dispute",
            _C,
            Kind.TEXTS,
            "whether any of its invoices has such a dispute",
            "disputes, yours and QuickBooks Online's",
            choices=_DISPUTES,
            example="open",
        ),
        figures.dispute_states,
    ),
    (
        Field(
            "days_since_last_reminder",
            _C,
            _D,
            "days since the last message about any of its invoices",
            "what arsync sent",
            "nothing was sent yet",
            example="{at_least: 14}",
        ),
        figures.contact_last_reminder,
    ),
    (
        Field(
            "highest_step_sent",
            _C,
            _D,
            "the day of the highest step taken for an open invoice",
            "what arsync sent",
            "nothing was sent yet",
            example="{at_least: 30}",
        ),
        figures.contact_highest_step,
    ),
)

_INVOICE: tuple[tuple[Field, InvoiceFact], ...] = (
    (
        Field(
            "amount_due",
            _I,
            _A,
            "what is still owed on it",
            "the invoice",
            _NO_RATE,
            example="{less_than: 10}",
        ),
        lambda s, i: s.books.due_here(i),
    ),
    (
        Field(
            "total",
            _I,
            _A,
            "what it was issued for",
            "the invoice",
            _NO_RATE,
            example="{at_least: 10000}",
        ),
        figures.total_here,
    ),
    (
        Field(
            "days_overdue",
            _I,
            _D,
            "days since the due date, 0 when not yet due",
            "the invoice",
            example="{at_least: 30}",
        ),
        lambda s, i: days_overdue(i, s.books.today),
    ),
    (
        Field(
            "days_until_due",
            _I,
            _D,
            "days until the due date, 0 once it is due",
            "the invoice",
            example="{at_most: 3}",
        ),
        lambda s, i: max(0, (i.due_on - s.books.today).days),
    ),
    (
        Field(
            "days_since_issued",
            _I,
            _D,
            "days since it was issued",
            "the invoice",
            example="{less_than: 7}",
        ),
        lambda s, i: max(0, (s.books.today - i.issued_on).days),
    ),
    (
        Field(
            "partly_paid",
            _I,
            Kind.YES_NO,
            "whether something, but not all, was paid or credited",
            "the invoice",
            example="yes",
        ),
        lambda _, i: 0 < i.amount_due < i.total,
    ),
    (
        Field(
            "sent",
            _I,
            Kind.YES_NO,
            "whether it was sent to the customer",
            "the invoice",
            "the platform does not say",
            example="no",
        ),
        lambda _, i: i.sent,
    ),
    (
        Field(
            "currency",
            _I,
            Kind.TEXT,
            "the invoice's currency, three letters",
            "the invoice",
            example="USD",
        ),
        lambda _, i: i.currency.casefold(),
    ),
    (
        Field(
            "promise_to_pay",
            _I,
            Kind.CHOICE,
            "its newest promise to pay",
            "promises and payments",
            choices=_PROMISES,
            example="broken",
        ),
        figures.promise_of,
    ),
    (
        Field(
            "dispute",
            _I,
            Kind.CHOICE,
            "whether it is disputed, here or in QuickBooks Online",
            "disputes, yours and QuickBooks Online's",
            choices=_DISPUTES,
            example="open",
        ),
        lambda s, i: s.books.dispute_state(i.id),
    ),
    (
        Field(
            "days_since_last_reminder",
            _I,
            _D,
            "days since the last message about it",
            "what arsync sent",
            "nothing was sent yet",
            example="{at_least: 14}",
        ),
        figures.invoice_last_reminder,
    ),
    (
        Field(
            "highest_step_sent",
            _I,
            _D,
            "the day of the highest step taken for it",
            "what arsync sent",
            "nothing was sent yet",
            example="{at_least: 30}",
        ),
        figures.invoice_highest_step,
    ),
    (
        Field(
            "statutory_interest",
            _I,
            _A,
            "interest that the law gives on what is due, from the day after the due date",
            "the invoice, and the rates under statutory of the rulebook",
            _NO_TABLE,
            example="{at_least: 10}",
        ),
        figures.statutory_interest,
    ),
    (
        Field(
            "statutory_compensation",
            _I,
            _A,
            "the fixed sum that the law gives once it is late, by what is due",
            "the invoice, and the fixed sums under statutory of the rulebook",
            _NO_TABLE,
            example="{at_least: 40}",
        ),
        figures.statutory_compensation,
    ),
)

CONTACT_FIELDS = tuple(
    field._replace(position=position) for position, (field, _) in enumerate(_CONTACT)
)
INVOICE_FIELDS = tuple(
    field._replace(position=position) for position, (field, _) in enumerate(_INVOICE)
)
FIELDS: tuple[Field, ...] = CONTACT_FIELDS + INVOICE_FIELDS
"""Every fact that a condition may ask for."""

CONTACT_BY_NAME = {field.name: field for field in CONTACT_FIELDS}
INVOICE_BY_NAME = {field.name: field for field in INVOICE_FIELDS}
_CONTACT_FACTS = tuple(compute for _, compute in _CONTACT)
_INVOICE_FACTS = tuple(compute for _, compute in _INVOICE)
_CONTACT_BLANK: list[Value] = [None] * len(_CONTACT)
_INVOICE_BLANK: list[Value] = [None] * len(_INVOICE)


def contact_row(seat: Seat, positions: Iterable[int]) -> list[Value]:
    """Return the contact's facts at these positions; the others are left unknown."""
    row = _CONTACT_BLANK.copy()
    for position in positions:
        row[position] = _CONTACT_FACTS[position](seat)
    return row


def invoice_row(seat: Seat, invoice: Invoice, positions: Iterable[int]) -> list[Value]:
    """Return the invoice's facts at these positions; the others are left unknown."""
    row = _INVOICE_BLANK.copy()
    for position in positions:
        row[position] = _INVOICE_FACTS[position](seat, invoice)
    return row


def why_unknown(field: Field, seat: Seat) -> str:
    """Return why the fact is unknown here."""
    missing = seat.books.converter.missing
    if (
        field.kind is Kind.AMOUNT
        and missing
        and field.name not in {"agreed_limit", "insured_limit"}
    ):
        names = ", ".join(sorted(set(missing))[:3])
        return f"no exchange rate was recorded for {names}"
    if field.needs_limit and seat.credit_limit is None:
        return seat.no_limit_reason
    return field.unknown


def in_json(field: Field, value: Value) -> Value:
    """Return a fact's value for JSON: money as a decimal string, sets as sorted lists."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, frozenset):
        return figures.as_written(value)
    if field.kind is Kind.TEXT and isinstance(value, str) and len(value) <= 3:
        return value.upper()  # countries and currencies, folded only to compare them
    return value


def in_words(field: Field, value: Value, currency: str) -> str:
    """Return a fact's value for people."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field.kind is Kind.AMOUNT:
        return shown(value, currency)
    if field.kind is Kind.PERCENT:
        return f"{Decimal(value).normalize():f}%"
    if isinstance(value, frozenset):
        return ", ".join(figures.as_written(value)) or "none"
    return str(in_json(field, value))
