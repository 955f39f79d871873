"""What of each open invoice comes by which way: by habit, by a word that was given, or not yet.

A promise and the instalments of a payment plan say a day; what is disputed is not counted on.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.promises import KEPT, OPEN
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Invoice


class Way(StrEnum):
    """What says when a part is to come."""

    HABIT = "habit"
    PROMISE = "promise"
    PLAN = "payment plan"
    DISPUTED = "disputed"


class OpenPart(NamedTuple):
    """A part of an open invoice, net of unapplied cash. Money is in `currency`."""

    invoice_id: str
    number: str
    contact_id: str
    currency: str
    issued_on: date
    due_on: date
    amount: Decimal
    rate: Decimal | None = None
    """Base-currency units for one unit of `currency`, as the platform recorded it."""
    way: Way = Way.HABIT
    said_on: date | None = None
    """The day that was promised or agreed."""
    until: date | None = None
    """The last day on which it comes as it was said."""


def open_parts(view: AccountView) -> Iterator[OpenPart]:
    """Yield what is owed net on the invoices of an account, in parts; they add up to it."""
    for invoice in view.owed:
        whole = OpenPart(
            invoice.id,
            invoice.number or invoice.id,
            invoice.contact_id,
            invoice.currency,
            invoice.issued_on,
            invoice.due_on,
            invoice.amount_due,
            invoice.rate,
        )
        if view.has_agreements:
            yield from _in_parts(view, invoice, whole)
        else:
            yield whole


def _in_parts(view: AccountView, invoice: Invoice, whole: OpenPart) -> Iterator[OpenPart]:
    remaining = invoice.amount_due
    expected = [*_disputed(view, invoice), *_planned(view, invoice), *_promised(view, invoice)]
    for way, amount, said_on, until in expected:
        counted = min(remaining, amount)
        if counted > 0:
            yield whole._replace(amount=counted, way=way, said_on=said_on, until=until)
            remaining -= counted
    if remaining > 0:
        yield whole._replace(amount=remaining)


_Said = tuple[Way, Decimal, date | None, date | None]


def _disputed(view: AccountView, invoice: Invoice) -> Iterator[_Said]:
    amount = view.in_dispute.get(invoice.id, ZERO)
    if amount:
        yield Way.DISPUTED, amount, None, None


def _planned(view: AccountView, invoice: Invoice) -> Iterator[_Said]:
    """Yield the parts of instalments that pay off an invoice; earlier invoices are paid first."""
    judged = view.plan_of.get(invoice.id)
    if judged is None or invoice.id not in view.set_aside:
        return
    before = ZERO
    for invoice_id in judged.plan.invoice_ids:
        if invoice_id == invoice.id:
            break
        before += view.set_aside.get(invoice_id, ZERO)
    remaining = view.set_aside[invoice.id]
    for instalment in judged.instalments:
        skipped = min(before, instalment.outstanding)
        before -= skipped
        amount = min(remaining, instalment.outstanding - skipped)
        remaining -= amount
        yield Way.PLAN, amount, instalment.due_on, instalment.in_time_until


def _promised(view: AccountView, invoice: Invoice) -> Iterator[_Said]:
    judged = view.promises.get(invoice.id)
    if judged is None or judged.state != OPEN:
        return
    amount = invoice.amount_due
    if judged.missing is not None:
        # Of a promised amount the oldest invoices are paid first.
        before = ZERO
        for invoice_id in judged.reaches:
            if invoice_id == invoice.id:
                break
            owed = view.owed_by_id.get(invoice_id)
            before += owed.amount_due if owed is not None else ZERO
        amount = max(ZERO, judged.missing - before)
    yield Way.PROMISE, amount, judged.promise.promised_on, judged.until


class WordsKept(NamedTuple):
    """How often one customer did as it had said, of what is decided by a day."""

    decided: int = 0
    kept: int = 0


def words_kept(view: AccountView) -> WordsKept:
    """Return how often an account kept its promises and its instalments."""
    if not view.has_agreements:
        return WordsKept()
    kept = [judged.state == KEPT for judged in view.judged_promises if judged.state != OPEN]
    kept += [
        not instalment.is_missed
        for judged in view.payment_plans
        for instalment in judged.instalments
        if instalment.in_time_until < view.today
    ]
    return WordsKept(len(kept), sum(kept))
