"""The statement of account: what one customer owes and has in hand on a day, or how it came so.

Open items lists every open invoice, also what is not due, and the money that is not matched yet.
Activity begins with the balance of a day and lists what changed it since. Both are exactly the
ledger of their day (`as_of`), and both end with the same balance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.age_buckets import BUCKETS, bucket_of
from arsync.core.ledger.as_of import Past, day_of
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import (
    Account,
    Credit,
    DocumentStatus,
    Invoice,
    Payment,
    PaymentStatus,
    is_owed,
)
from arsync.core.ledger.unapplied_cash import cash_in_hand


class StatementKind(StrEnum):
    """What a statement of account lists."""

    OPEN_ITEMS = "open items"
    ACTIVITY = "activity"


class LineKind(StrEnum):
    """What one line of a statement is."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit note"
    PREPAYMENT = "prepayment"
    OVERPAYMENT = "overpayment"
    PAYMENT = "payment"
    INVOICE_VOIDED = "invoice voided"
    CREDIT_VOIDED = "credit voided"
    PAYMENT_TAKEN_BACK = "payment taken back"
    REFUND = "refund"
    OTHER = "other change"
    """What the documents do not explain: a refund without a day, a discount, a rounding."""


class StatementLine(NamedTuple):
    """One line of a statement. Credits and payments have amounts below zero."""

    dated: date
    kind: LineKind
    number: str
    """As people know it; empty when it has none."""
    amount: Decimal
    """Of the document."""
    balance: Decimal
    """Open items: what is left of it. Activity: the balance after it."""
    due_on: date | None = None
    reference: str = ""
    days_overdue: int = 0
    disputed: Decimal = ZERO
    """What of it is disputed."""
    in_plan: Decimal = ZERO
    """What of it is left to an agreed payment plan."""
    placed_with: str = ""
    """The agency that collects it."""


class StatementSection(NamedTuple):
    """The lines of one currency."""

    currency: str
    lines: tuple[StatementLine, ...]
    credits: tuple[StatementLine, ...]
    """Of open items: the money in hand, each with what is left of it."""
    opening_balance: Decimal
    closing_balance: Decimal
    ageing: tuple[Decimal, ...]
    """What is owed net of the money in hand, by age, in the order of `BUCKETS`."""

    @property
    def not_due(self) -> Decimal:
        """Return what is owed net and not past its due date."""
        return self.ageing[0]

    @property
    def overdue(self) -> Decimal:
        """Return what is owed net and past its due date."""
        return sum(self.ageing[1:], ZERO)


class StatementOfAccount(NamedTuple):
    """A customer's statement as of the end of a day."""

    kind: StatementKind
    until: date
    since: date | None
    """The first day of an activity."""
    sections: tuple[StatementSection, ...]
    """One for each currency, by its code; none when there is nothing to show."""

    @property
    def balances(self) -> dict[str, Decimal]:
        """Return the closing balance of each currency."""
        return {section.currency: section.closing_balance for section in self.sections}


Counts = Callable[[str], bool]
"""Whether the documents of a contact are on the statement."""


def open_items(view: AccountView, counts: Counts) -> StatementOfAccount:
    """Return what is open on a day.

    Args:
        view: the account as it stood at the end of its day (`as_it_stood`).
        counts: whose documents are listed.
    """
    lines: dict[str, list[StatementLine]] = {}
    for invoice in view.documents:
        if counts(invoice.contact_id):
            lines.setdefault(invoice.currency, []).append(_open_invoice(view, invoice))
    in_hand: dict[str, list[StatementLine]] = {}
    totals = _totals(view.account)
    for cash in view.cash:
        if counts(cash.contact_id):
            # A payment has no number of its own: people know it by its reference.
            is_payment = cash.kind == LineKind.PAYMENT
            line = StatementLine(
                cash.dated,
                LineKind(cash.kind),
                "" if is_payment else cash.number,
                -totals.get((cash.kind, cash.id), cash.amount),
                -cash.amount,
                reference=cash.number if is_payment else "",
            )
            in_hand.setdefault(cash.currency, []).append(line)
    sections = (
        _section(view.today, currency, lines.get(currency, []), in_hand.get(currency, []))
        for currency in sorted({*lines, *in_hand})
    )
    return StatementOfAccount(StatementKind.OPEN_ITEMS, view.today, None, tuple(sections))


def activity(
    account: Account, view: AccountView, counts: Counts, *, since: date, zone: tzinfo
) -> StatementOfAccount:
    """Return what changed the balance from a day on.

    Args:
        account: as its documents are now.
        view: the account as it stood at the end of the last day.
        counts: whose documents are listed.
        since: the first day whose changes are listed.
        zone: the organisation's; a void counts from its day there.
    """
    until = view.today
    past = Past(account, until, zone)
    moved = [
        (currency, line)
        for contact_id, currency, line in _movements(account, zone)
        if since <= line.dated <= until and counts(contact_id)
    ]
    moved.sort(key=lambda movement: (movement[1].dated, _ORDER[movement[1].kind]))
    before = past.on(since - timedelta(1))
    opening = _balances(before, counts)
    running = dict(opening)
    lines: dict[str, list[StatementLine]] = {}
    position = 0
    for day in (day for day in past.days if since <= day <= until):
        while position < len(moved) and moved[position][1].dated <= day:
            currency, line = moved[position]
            running[currency] = running.get(currency, ZERO) + line.amount
            lines.setdefault(currency, []).append(line._replace(balance=running[currency]))
            position += 1
        # What the day's documents do not explain stands there as well: the balance is the ledger's.
        stood = _balances(past.on(day), counts)
        for currency in sorted({*stood, *running}):
            apart = stood.get(currency, ZERO) - running.get(currency, ZERO)
            if apart:
                running[currency] = stood.get(currency, ZERO)
                lines.setdefault(currency, []).append(
                    StatementLine(day, LineKind.OTHER, "", apart, running[currency])
                )
    owed = open_items(view, counts)
    ages = {section.currency: section.ageing for section in owed.sections}
    nothing = (ZERO,) * len(BUCKETS)
    sections = (
        StatementSection(
            currency,
            tuple(lines.get(currency, ())),
            (),
            opening.get(currency, ZERO),
            running.get(currency, ZERO),
            ages.get(currency, nothing),
        )
        for currency in sorted({*lines, *ages, *(name for name in opening if opening[name])})
    )
    return StatementOfAccount(StatementKind.ACTIVITY, until, since, tuple(sections))


_ORDER = {kind: position for position, kind in enumerate(LineKind)}


def _open_invoice(view: AccountView, invoice: Invoice) -> StatementLine:
    placement = view.placed(invoice.id) if view.account.placements else None
    in_plan = view.set_aside.get(invoice.id, ZERO) if view.account.payment_plans else ZERO
    return StatementLine(
        invoice.issued_on,
        LineKind.INVOICE,
        invoice.number,
        invoice.total,
        invoice.amount_due,
        due_on=invoice.due_on,
        reference=invoice.customers_reference,
        days_overdue=max(0, (view.today - invoice.due_on).days),
        disputed=view.disputed_amounts.get(invoice.id, ZERO),
        in_plan=in_plan,
        placed_with=placement.agency if placement else "",
    )


def _totals(account: Account) -> dict[tuple[str, str], Decimal]:
    """Return what each credit and payment came to, by its kind and id."""
    totals = {(str(credit.kind), credit.id): credit.total for credit in account.credits}
    payments = {(str(LineKind.PAYMENT), payment.id): payment.amount for payment in account.payments}
    return totals | payments


def _section(
    today: date, currency: str, lines: list[StatementLine], cash: list[StatementLine]
) -> StatementSection:
    in_hand = -sum((money.balance for money in cash), ZERO)
    ageing = [ZERO] * len(BUCKETS)
    unused = in_hand
    # The oldest due dates come first, as money in hand is used up.
    for line in lines:
        covered = min(unused, line.balance)
        unused -= covered
        ageing[bucket_of(line.due_on or line.dated, today)] += line.balance - covered
    owed = sum((line.balance for line in lines), ZERO)
    return StatementSection(
        currency, tuple(lines), tuple(cash), ZERO, owed - in_hand, tuple(ageing)
    )


def _balances(account: Account, counts: Counts) -> dict[str, Decimal]:
    """Return what is owed less the money in hand, by currency."""
    sums: dict[str, Decimal] = {}
    for invoice in account.invoices:
        if is_owed(invoice) and counts(invoice.contact_id):
            sums[invoice.currency] = sums.get(invoice.currency, ZERO) + invoice.amount_due
    for cash in cash_in_hand(account):
        if counts(cash.contact_id):
            sums[cash.currency] = sums.get(cash.currency, ZERO) - cash.amount
    return sums


Movement = tuple[str, str, StatementLine]
"""A contact's id, a currency, and the line."""

_LIVE = frozenset({DocumentStatus.OPEN, DocumentStatus.PAID})
_GONE = frozenset({DocumentStatus.VOIDED, DocumentStatus.DELETED})
_TAKEN_BACK = frozenset({PaymentStatus.VOIDED, PaymentStatus.DELETED})


def _movements(account: Account, zone: tzinfo) -> Iterator[Movement]:
    """Yield what each document did to the balance; matching money to invoices does nothing."""
    for invoice in account.invoices:
        amount, number = invoice.total, invoice.number
        never_owed = (
            invoice.status == DocumentStatus.DELETED and account.episodes.get(invoice.id, 1) == 0
        )
        if not amount or never_owed:
            continue
        line = StatementLine(
            invoice.issued_on,
            LineKind.INVOICE,
            number,
            amount,
            ZERO,
            due_on=invoice.due_on,
            reference=invoice.customers_reference,
        )
        yield from _of(invoice, line, LineKind.INVOICE_VOIDED, zone)
    for credit in account.credits:
        number = credit.number if credit.number != credit.id else ""
        line = StatementLine(
            credit.issued_on, LineKind(str(credit.kind)), number, -credit.total, ZERO
        )
        if credit.total:
            yield from _of(credit, line, LineKind.CREDIT_VOIDED, zone)
        yield from _refunds(credit, number)
    for payment in account.payments:
        line = StatementLine(
            payment.paid_on,
            LineKind.PAYMENT,
            "",
            -payment.amount,
            ZERO,
            reference=payment.reference,
        )
        if payment.amount:
            yield from _of(payment, line, LineKind.PAYMENT_TAKEN_BACK, zone)


def _refunds(credit: Credit, number: str) -> Iterator[Movement]:
    """Yield what was paid back of a credit that stands."""
    for allocation in credit.allocations if credit.status in _LIVE else ():
        if allocation.is_refund:
            line = StatementLine(
                allocation.allocated_on, LineKind.REFUND, number, allocation.amount, ZERO
            )
            yield credit.contact_id, credit.currency, line


def _of(
    document: Invoice | Credit | Payment, line: StatementLine, end: LineKind, zone: tzinfo
) -> Iterable[Movement]:
    """Return the line of a document, and that of its end, if it has come to one."""
    whose = document.contact_id, document.currency
    if document.status in (*_LIVE, PaymentStatus.ACTIVE):
        return ((*whose, line),)
    if document.status not in _GONE | _TAKEN_BACK or document.updated_at is None:
        return ()
    ended_on = day_of(document.updated_at, zone)
    if ended_on <= line.dated:
        return ()
    ending = StatementLine(ended_on, end, line.number, -line.amount, ZERO, reference=line.reference)
    return ((*whose, line), (*whose, ending))
