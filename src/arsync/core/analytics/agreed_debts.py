"""What of the receivables is disputed or promised on a day, and which promises were kept.

Amounts are in each invoice's currency, and go by the account as it stood at the end of the day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta, tzinfo
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.grace import USUAL_GRACE, InTimeUntil
from arsync.core.ledger.agreements.promises import KEPT, OPEN, JudgedPromise
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, Invoice, Promise


class PromiseResult(NamedTuple):
    """A promise whose last day has passed, and what came of it."""

    promise: Promise
    invoice: Invoice
    """The first of its invoices: whose it is, and in which currency."""
    amount: Decimal
    """What was promised; where nobody said how much, what was due when it was made."""
    decided_on: date
    """The first day on which it could be told: the one after the last day that keeps it."""
    is_kept: bool


class AgreedDebts(NamedTuple):
    """What was agreed about the debts of one account."""

    disputed: Mapping[str, Decimal]
    """By invoice; without zeros."""
    promised: Mapping[str, Decimal]
    """By invoice, for a day that is not past; without zeros."""
    results: tuple[PromiseResult, ...]


NOTHING_AGREED = AgreedDebts({}, {}, ())


def agreed_debts(
    account: Account,
    stood: Account,
    day: date,
    *,
    zone: tzinfo,
    in_time_until: InTimeUntil = USUAL_GRACE.last_day,
) -> AgreedDebts:
    """Return what was agreed about an account's debts, as of a day.

    Args:
        account: as it is now.
        stood: the same at the end of the day.
        day: the day.
        zone: the organisation's.
        in_time_until: the last day on which money that was promised for a day comes in time.
    """
    is_disputed = stood.disputes or any(invoice.disputed_on for invoice in stood.invoices)
    if not stood.promises and not is_disputed:
        return NOTHING_AGREED
    # No amount is converted here, so the currencies do not matter.
    view = AccountView(stood, day, currency="", base="", promises_in_time=in_time_until)
    promised: dict[str, Decimal] = {}
    for judged in view.judged_promises if stood.promises else ():
        if judged.state == OPEN:
            _add_promised(promised, judged, view)
    results = tuple(_results(account, view, day, zone)) if stood.promises else ()
    return AgreedDebts(view.disputed_amounts, promised, results)


def _add_promised(promised: dict[str, Decimal], judged: JudgedPromise, view: AccountView) -> None:
    """Add what is promised of each invoice, the oldest first, and never more than is due on it."""
    missing = judged.missing
    due = {invoice.id: invoice.amount_due for invoice in view.documents}
    for invoice_id in judged.reaches:
        room = due.get(invoice_id, ZERO) - promised.get(invoice_id, ZERO)
        amount = room if missing is None else min(room, missing)
        if amount > 0:
            promised[invoice_id] = promised.get(invoice_id, ZERO) + amount
            missing = None if missing is None else missing - amount


def _results(
    account: Account, view: AccountView, day: date, zone: tzinfo
) -> Iterator[PromiseResult]:
    invoices = {invoice.id: invoice for invoice in view.account.invoices}
    for judged in view.judged_promises:
        decided_on = judged.until + timedelta(days=1)
        is_kept = judged.state == KEPT
        about = [invoices[each] for each in judged.promise.invoice_ids if each in invoices]
        # While it is not certain what came, it is neither kept nor broken.
        if decided_on > day or not about or not (is_kept or judged.broken_on is not None):
            continue
        amount = judged.promise.amount
        if amount is None:
            amount = _due_when_made(account, judged.promise, about, zone)
        yield PromiseResult(judged.promise, about[0], amount, decided_on, is_kept)


def _due_when_made(
    account: Account, promise: Promise, about: list[Invoice], zone: tzinfo
) -> Decimal:
    # At the beginning of its day: money may have come in answer to it on the same one.
    then = as_it_stood(account, promise.made_on - timedelta(days=1), zone=zone)
    due = {invoice.id: invoice.amount_due for invoice in then.invoices}
    # One promise is about invoices of one currency, or its sum could not be told.
    same = [invoice for invoice in about if invoice.currency == about[0].currency]
    # Of an invoice that was not issued before, all of it was promised.
    return sum((due.get(invoice.id, invoice.total) for invoice in same), ZERO)
