"""Simulation: today's ledger played forward under a rulebook.

Nothing new is invoiced, everything planned is approved and done on its day, and debtors pay in one
of three ways. It shows the work and the mail that a policy makes, not what it collects.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from arsync.core.ledger.account_view import HISTORY_DAYS, AccountView
from arsync.core.ledger.agreements.promises import OPEN
from arsync.core.ledger.as_of import event_days
from arsync.core.ledger.ledger_due import LedgerDue
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import (
    Account,
    Allocation,
    DocumentStatus,
    Invoice,
    Payment,
    PaymentStatus,
)
from arsync.core.rulebook.facts.contact_figures import average
from arsync.core.rulebook.model import Rulebook
from arsync.core.trials.activity_counts import ActivityCounts
from arsync.core.trials.replay import Walker, taken_over
from arsync.core.trials.trial import Trial

DAYS_MAX = 3_660
"""How many days ahead a simulation may look."""


class Debtors(StrEnum):
    """How debtors pay in a simulation."""

    NEVER = "never"
    AS_BEFORE = "as before"
    """Each its own average of days late; those without a history the ledger's."""
    ON_PROMISE = "on promise"
    """What was promised or agreed, and what the platform expects on a day; nothing else."""


class Simulation(NamedTuple):
    """What a rulebook would do from the first day to the last."""

    first: date
    last: date
    debtors: Debtors
    rulebook: Rulebook
    tally: ActivityCounts
    payments: int
    """How many payments came in."""
    accounts: int
    usual_days_late: int | None
    """How late the whole ledger pays on average; None: nothing was paid in a year."""


class DuePayment(NamedTuple):
    """One payment that a debtor will make."""

    on: date
    invoice: Invoice
    amount: Decimal


def simulate(
    accounts: Iterable[Account],
    trial: Trial,
    rulebook: Rulebook,
    *,
    today: date,
    days: int,
    debtors: Debtors,
    usual_days_late: int | None = None,
    every_day: bool = False,
) -> Simulation:
    """Play a ledger forward; accounts stream through.

    Args:
        accounts: every debtor as it stands.
        trial: the connection.
        rulebook: what is tried.
        today: the first day.
        days: how many days, the first one included.
        debtors: how they pay.
        usual_days_late: of debtors without a history (see `usual_lateness`).
        every_day: plan every day, also those on which nothing can have changed.
    """
    last = last_day(today, days)
    walker = Walker(trial, rulebook, today, last, every_day=every_day)
    tally, payments, count = ActivityCounts(), 0, 0
    for account in accounts:
        count += 1
        began = taken_over(account, today)
        coming = _coming(account, trial, debtors, today, last, usual_days_late)
        payments += len(coming)
        ledger = _Forward(began, coming)
        # A second one runs ahead to the last day, because the walk needs the days of all events.
        whole = _Forward(began, coming).on(last)
        tally.add(
            (stop.day, action)
            for stop in walker.walk(began, whole, ledger.on)
            for action in stop.done
        )
    return Simulation(today, last, debtors, rulebook, tally, payments, count, usual_days_late)


def last_day(today: date, days: int) -> date:
    """Return the last of so many days, today being the first."""
    return today + timedelta(days - 1)


def _coming(
    account: Account,
    trial: Trial,
    debtors: Debtors,
    today: date,
    last: date,
    usual_days_late: int | None,
) -> list[DuePayment]:
    base = trial.organisation.base_currency
    due_payments = payments_of(account, debtors, today, usual_days_late, base=base)
    return [due_payment for due_payment in due_payments if due_payment.on <= last]


def ledger_due_ahead(
    accounts: Iterable[Account],
    trial: Trial,
    *,
    today: date,
    days: int,
    debtors: Debtors,
    usual_days_late: int | None = None,
) -> LedgerDue:
    """Return what the whole ledger is due on each day of a simulation; see `simulate`.

    Debtors pay by habit or promise, whatever a rulebook says to them: so it is known before.
    """
    last = last_day(today, days)
    ledger_due = LedgerDue(today, last, trial.organisation.base_currency)
    for account in accounts:
        coming = _coming(account, trial, debtors, today, last, usual_days_late)
        ledger = _Forward(account, coming)
        events = event_days(_Forward(account, coming).on(last), trial.zone)
        ledger_due.add(events, ledger.invoices_on)
    return ledger_due


def usual_lateness(accounts: Iterable[Account], today: date) -> int | None:
    """Return how many days late the whole ledger pays on average; None of no payments."""
    total = count = 0
    for account in accounts:
        for late in _lateness(account.invoices, today):
            total += late
            count += 1
    # Half up in whole numbers, as `average` rounds, without keeping a list of the whole ledger.
    return None if not count else (2 * total + count) // (2 * count)


def _lateness(invoices: Iterable[Invoice], today: date) -> list[int]:
    return [
        max(0, (invoice.paid_on - invoice.due_on).days)
        for invoice in invoices
        if invoice.paid_on is not None
        and invoice.status == DocumentStatus.PAID
        and invoice.total > 0
        and 0 <= (today - invoice.paid_on).days < HISTORY_DAYS
    ]


def payments_of(
    account: Account, debtors: Debtors, today: date, usual_days_late: int | None, *, base: str
) -> list[DuePayment]:
    """Return what one debtor pays after today, in the order of days; `base` is a currency."""
    # Net: what it has paid in advance, nobody pays again.
    view = AccountView(account, today, currency=base, base=base)
    owed = view.owed
    due_payments: list[DuePayment] = []
    if debtors is Debtors.AS_BEFORE:
        own = {
            contact.id: average(
                _lateness([x for x in account.invoices if x.contact_id == contact.id], today)
            )
            for contact in account.contacts
        }
        for invoice in owed:
            late = own.get(invoice.contact_id)
            late = usual_days_late if late is None else late
            if late is not None:
                due_payments.append(
                    DuePayment(_habit(invoice, late, today), invoice, invoice.amount_due)
                )
    elif debtors is Debtors.ON_PROMISE:
        due_payments = list(_promised(view))
        due_payments += _instalments(view)
    return sorted(due_payments, key=lambda candidate: (candidate.on, candidate.invoice.id))


def _habit(invoice: Invoice, late: int, today: date) -> date:
    on = invoice.due_on + timedelta(late)
    # Already later than ever: nobody knows when, so it is counted as if it fell due today.
    return on if on > today else today + timedelta(max(1, late))


def _instalments(view: AccountView) -> Iterator[DuePayment]:
    """Yield the instalments to come of plans that stand, each for the oldest invoices remaining."""
    remaining = dict(view.set_aside)
    for judged in view.payment_plans:
        for instalment in judged.instalments if judged.is_standing else ():
            amount = instalment.outstanding if instalment.due_on > view.today else ZERO
            for invoice_id in judged.plan.invoice_ids:
                used = min(amount, remaining.get(invoice_id, ZERO))
                if used > 0:
                    remaining[invoice_id] -= used
                    amount -= used
                    yield DuePayment(instalment.due_on, view.owed_by_id[invoice_id], used)


def _promised(view: AccountView) -> Iterator[DuePayment]:
    """Yield what is promised for days to come, each for its oldest invoices that are left."""
    owed = [invoice for invoice in view.owed if invoice.id not in view.set_aside]
    due = {invoice.id: invoice.amount_due for invoice in owed}
    promised: set[str] = set()
    for judged in view.judged_promises:
        promise = judged.promise
        if judged.state != OPEN or promise.promised_on <= view.today:
            continue
        to_come = judged.missing
        for invoice in (document for document in owed if document.id in promise.invoice_ids):
            promised.add(invoice.id)
            amount = due[invoice.id] if to_come is None else min(to_come, due[invoice.id])
            if amount > 0:
                due[invoice.id] -= amount
                to_come = None if to_come is None else to_come - amount
                yield DuePayment(promise.promised_on, invoice, amount)
    for invoice in owed:
        expected_on = invoice.expected_on
        if invoice.id not in promised and expected_on is not None and expected_on > view.today:
            yield DuePayment(expected_on, invoice, invoice.amount_due)


class _Forward:
    """One account while its payments come in."""

    def __init__(self, account: Account, payments: list[DuePayment]) -> None:
        self._account = account
        self._coming = payments
        self._paid = 0

    def on(self, day: date) -> Account:
        """Return the account at the end of a day; days are asked for in their order."""
        while self._paid < len(self._coming) and self._coming[self._paid].on <= day:
            self._account = paid(self._account, self._coming[self._paid])
            self._paid += 1
        return self._account

    def invoices_on(self, day: date) -> tuple[Invoice, ...]:
        """Return its invoices at the end of a day; see `on`."""
        return self.on(day).invoices


def paid(account: Account, payment: DuePayment) -> Account:
    """Return the account after a payment."""
    received = Payment(
        id=f"simulated {payment.invoice.id}",
        contact_id=payment.invoice.contact_id,
        status=PaymentStatus.ACTIVE,
        paid_on=payment.on,
        currency=payment.invoice.currency,
        rate=payment.invoice.rate,
        amount=payment.amount,
        unallocated=ZERO,
        allocations=(Allocation(payment.invoice.id, payment.amount, payment.on),),
    )
    return account._replace(
        invoices=tuple(
            _less(invoice, payment) if invoice.id == payment.invoice.id else invoice
            for invoice in account.invoices
        ),
        payments=(*account.payments, received),
    )


def _less(invoice: Invoice, payment: DuePayment) -> Invoice:
    amount = invoice.amount_due - payment.amount
    if amount > 0:
        return invoice._replace(amount_due=amount)
    return invoice._replace(amount_due=ZERO, status=DocumentStatus.PAID, paid_on=payment.on)
