"""Facts: what conditions may ask. One table feeds the reader, hints, evidence, docs and schema.

A fact is computed from an account as it stands on a given day; for a past day, rewind the account
first (`arsync.core.history`). None is "unknown", and every unknown has a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, NamedTuple

from arsync.core.books import HISTORY_DAYS, Seat, days_overdue, promise_state, summed
from arsync.core.money import ZERO, plain, shown
from arsync.core.records import CreditKind, DocumentStatus, Invoice, PaymentStatus, SentStep

OVER_ZERO_LIMIT_PERCENT = Decimal(999_999)
"""How far over a limit of nothing any exposure counts as."""

Row = Sequence[Any]
Value = Any
"""Decimal, int, bool, text, a frozenset of texts, or None for unknown."""


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


def _average(numbers: Sequence[int]) -> int | None:
    if not numbers:
        return None
    return int((Decimal(sum(numbers)) / len(numbers)).to_integral_value(rounding="ROUND_HALF_UP"))


def _percent(part: Decimal, whole: Decimal) -> Decimal:
    return (part * 100 / whole).quantize(Decimal("0.01"))


def _overdue_percent(seat: Seat) -> Value:
    if seat.balance is None or seat.overdue_amount is None or seat.balance == 0:
        return None
    return _percent(seat.overdue_amount, seat.balance)


def _headroom(seat: Seat) -> Value:
    if seat.credit_limit is None or seat.books.exposure is None:
        return None
    return seat.credit_limit - seat.books.exposure


def _over_limit_percent(seat: Seat) -> Value:
    if seat.limit_is_none:
        return ZERO
    room = _headroom(seat)
    if room is None or seat.credit_limit is None:
        return None
    if room >= 0:
        return ZERO
    return _percent(-room, seat.credit_limit) if seat.credit_limit else OVER_ZERO_LIMIT_PERCENT


def _paid_on_time_percent(seat: Seat) -> Value:
    if not seat.paid:
        return None
    return _percent(Decimal(sum(1 for _, late in seat.paid if late == 0)), Decimal(len(seat.paid)))


def _days_since_last_payment(seat: Seat) -> Value:
    today = seat.books.today
    days = [
        (today - one.paid_on).days
        for one in seat.books.account.payments
        if one.status == PaymentStatus.ACTIVE
        and one.paid_on <= today
        and seat.counts(one.contact_id)
    ]
    return min(days, default=None)


def _sales(seat: Seat) -> Value:
    books = seat.books
    money = [
        books.converter.amount(one.total, one.currency, one.rate, one.number or one.id)
        for one in books.account.invoices
        if one.status in {DocumentStatus.OPEN, DocumentStatus.PAID}
        and 0 <= (books.today - one.issued_on).days < HISTORY_DAYS
        and seat.counts(one.contact_id)
    ]
    less = [
        books.converter.amount(-one.total, one.currency, one.rate, one.number or one.id)
        for one in books.account.credits
        if one.kind == CreditKind.CREDIT_NOTE
        and one.status in {DocumentStatus.OPEN, DocumentStatus.PAID}
        and 0 <= (books.today - one.issued_on).days < HISTORY_DAYS
        and seat.counts(one.contact_id)
    ]
    return summed(money + less)


def _customer_for_days(seat: Seat) -> Value:
    days = [one.issued_on for one in seat.books.account.invoices if seat.counts(one.contact_id)]
    if seat.contact.created_on is not None:
        days.append(seat.contact.created_on)
    # Xero does not say when a contact was created; its first invoice does.
    return max(0, (seat.books.today - min(days)).days) if days else None


def _oldest_days_overdue(seat: Seat) -> Value:
    return (seat.books.today - seat.overdue[0].due_on).days if seat.overdue else 0


def _promise_states(seat: Seat) -> Value:
    states = {
        state
        for invoice_id, (_, state) in seat.books.promises.items()
        if invoice_id in seat.own_invoice_ids
    }
    return frozenset(states or {"none"})


def _broken_promises(seat: Seat) -> Value:
    books = seat.books
    if not books.account.promises:
        return 0
    by_id = {one.id: one for one in books.account.invoices}
    return sum(
        1
        for promise in books.account.promises
        if promise.invoice_id in seat.own_invoice_ids
        and promise_state(promise, by_id.get(promise.invoice_id), books.account, books.today)
        == "broken"
    )


def _dispute_states(seat: Seat) -> Value:
    ids = seat.own_invoice_ids if seat.books.disputes else frozenset()
    states = {seat.books.dispute_state(one) for one in seat.books.disputes if one in ids}
    return frozenset(states or {"none"})


def _contact_steps(seat: Seat) -> list[SentStep]:
    if not seat.books.account.sent:
        return []
    return [one for one in seat.books.account.sent if one.invoice_id in seat.own_invoice_ids]


def _contact_last_reminder(seat: Seat) -> Value:
    days = [(seat.books.today - one.on).days for one in _contact_steps(seat) if one.moment]
    return min(days, default=None)


def _contact_highest_step(seat: Seat) -> Value:
    days = [step.day for one in seat.owed for step in seat.books.sent.get(one.id, ())]
    return max(days, default=None)


def _invoice_last_reminder(seat: Seat, invoice: Invoice) -> Value:
    steps = seat.books.sent.get(invoice.id, ())
    days = [(seat.books.today - one.on).days for one in steps if one.moment]
    return min(days, default=None)


def _invoice_highest_step(seat: Seat, invoice: Invoice) -> Value:
    return max((one.day for one in seat.books.sent.get(invoice.id, ())), default=None)


def _days_on_hold(seat: Seat) -> Value:
    hold = seat.books.account.hold
    return (seat.books.today - hold.since).days if hold else 0


def _days_until_review(seat: Seat) -> Value:
    day = seat.agreed.review_on
    return (day - seat.books.today).days if day else None


def _folded(texts: Iterable[str]) -> frozenset[str]:
    return frozenset(" ".join(text.split()).casefold() for text in texts)


def _contact_names(seat: Seat) -> Value:
    return _folded((seat.contact.name, seat.contact.id))


def _promise_of(seat: Seat, invoice: Invoice) -> Value:
    found = seat.books.promises.get(invoice.id)
    return found[1] if found else "none"


def _total_here(seat: Seat, invoice: Invoice) -> Value:
    return seat.books.converter.amount(
        invoice.total, invoice.currency, invoice.rate, invoice.number or invoice.id
    )


_NO_RATE = "the platform recorded no exchange rate"
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
        Field("balance", _C, _A, "the sum of what its open invoices are due", _OPEN, _NO_RATE),
        lambda s: s.balance,
    ),
    (
        Field("overdue_amount", _C, _A, "what is past its due date", _OPEN, _NO_RATE),
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
        ),
        _overdue_percent,
    ),
    (
        Field(
            "unallocated_credit",
            _C,
            _A,
            "money in hand that is not matched to an invoice yet, parent and children together",
            "credit notes, prepayments, overpayments and unapplied payments",
            _NO_RATE,
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
        ),
        _headroom,
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
        ),
        _over_limit_percent,
    ),
    (Field("open_invoices", _C, _N, "how many invoices are open", _OPEN), lambda s: len(s.owed)),
    (
        Field("overdue_invoices", _C, _N, "how many invoices are past their due date", _OPEN),
        lambda s: len(s.overdue),
    ),
    (
        Field(
            "oldest_days_overdue",
            _C,
            _D,
            "days since the oldest unpaid due date, 0 when nothing is overdue",
            _OPEN,
        ),
        _oldest_days_overdue,
    ),
    (
        Field(
            "average_days_to_pay",
            _C,
            _D,
            "days from issue to payment in full, on average",
            _PAID,
            "nothing was paid in the last 365 days",
        ),
        lambda s: _average([one[0] for one in s.paid]),
    ),
    (
        Field(
            "average_days_late",
            _C,
            _D,
            "days from due date to payment in full, on average; early counts as 0",
            _PAID,
            "nothing was paid in the last 365 days",
        ),
        lambda s: _average([one[1] for one in s.paid]),
    ),
    (
        Field(
            "paid_on_time_percent",
            _C,
            _P,
            "how many of the paid invoices were paid by their due date",
            _PAID,
            "nothing was paid in the last 365 days",
        ),
        _paid_on_time_percent,
    ),
    (
        Field(
            "days_since_last_payment",
            _C,
            _D,
            "days since the last payment",
            "payments",
            "nothing was ever paid",
        ),
        _days_since_last_payment,
    ),
    (
        Field(
            "sales_last_365_days",
            _C,
            _A,
            "invoiced in the last 365 days, less credit notes",
            "invoices and credit notes",
            _NO_RATE,
        ),
        _sales,
    ),
    (
        Field(
            "customer_for_days",
            _C,
            _D,
            "days since the contact was created or first invoiced, whichever is earlier",
            "the contact and its invoices",
            "the platform does not say, and there is no invoice",
        ),
        _customer_for_days,
    ),
    (
        Field(
            "group",
            _C,
            Kind.GROUP,
            "a group that this rulebook defines",
            "groups of the rulebook",
            "its definition rests on an unknown fact",
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
        lambda s: _folded(s.contact.groups),
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
        _contact_names,
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
        ),
        lambda s: bool(s.email()),
    ),
    (
        Field("on_hold", _C, Kind.YES_NO, "whether arsync holds its credit now", "what arsync did"),
        lambda s: s.books.account.hold is not None,
    ),
    (
        Field(
            "days_on_hold",
            _C,
            _D,
            "days since the credit hold was placed, 0 without one",
            "what arsync did",
        ),
        _days_on_hold,
    ),
    (
        Field(
            "agreed_limit",
            _C,
            _A,
            "the credit limit agreed with the customer",
            "customers of the rulebook",
            "nothing was agreed",
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
        ),
        _days_until_review,
    ),
    (
        Field(
            "promise_to_pay",
            _C,
            Kind.TEXTS,
            "whether any of its invoices has such a promise to pay",
            "promises",
            choices=_PROMISES,
        ),
        _promise_states,
    ),
    (
        Field("broken_promises", _C, _N, "how many promises it broke", "promises and payments"),
        _broken_promises,
    ),
    (
        Field(
            "dispute",
            _C,
            Kind.TEXTS,
            "whether any of its invoices has such a dispute",
            "disputes",
            choices=_DISPUTES,
        ),
        _dispute_states,
    ),
    (
        Field(
            "days_since_last_reminder",
            _C,
            _D,
            "days since the last message about any of its invoices",
            "what arsync sent",
            "nothing was sent yet",
        ),
        _contact_last_reminder,
    ),
    (
        Field(
            "highest_step_sent",
            _C,
            _D,
            "the day of the highest step taken for an open invoice",
            "what arsync sent",
            "nothing was sent yet",
        ),
        _contact_highest_step,
    ),
)

_INVOICE: tuple[tuple[Field, InvoiceFact], ...] = (
    (
        Field("amount_due", _I, _A, "what is still owed on it", "the invoice", _NO_RATE),
        lambda s, i: s.books.due_here(i),
    ),
    (Field("total", _I, _A, "what it was issued for", "the invoice", _NO_RATE), _total_here),
    (
        Field("days_overdue", _I, _D, "days since the due date, 0 when not yet due", "the invoice"),
        lambda s, i: days_overdue(i, s.books.today),
    ),
    (
        Field("days_until_due", _I, _D, "days until the due date, 0 once it is due", "the invoice"),
        lambda s, i: max(0, (i.due_on - s.books.today).days),
    ),
    (
        Field("days_since_issued", _I, _D, "days since it was issued", "the invoice"),
        lambda s, i: max(0, (s.books.today - i.issued_on).days),
    ),
    (
        Field(
            "partly_paid",
            _I,
            Kind.YES_NO,
            "whether something, but not all, was paid or credited",
            "the invoice",
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
        ),
        _promise_of,
    ),
    (
        Field("dispute", _I, Kind.CHOICE, "whether it is disputed", "disputes", choices=_DISPUTES),
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
        ),
        _invoice_last_reminder,
    ),
    (
        Field(
            "highest_step_sent",
            _I,
            _D,
            "the day of the highest step taken for it",
            "what arsync sent",
            "nothing was sent yet",
        ),
        _invoice_highest_step,
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
        return sorted(value)
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
        return ", ".join(sorted(value)) or "none"
    return str(in_json(field, value))
