"""What a whole ledger is due by day, held to the sum of all its documents as they stood then."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.trials.test_day_skipping import TODAY, random_account

from arsync.core.analytics.concentration import concentrations
from arsync.core.ledger.as_of import as_it_stood
from arsync.core.ledger.ledger_due import LedgerDue, due_in_the_past
from arsync.core.ledger.records import Account, PaymentStatus, is_owed

FIRST, LAST = TODAY - timedelta(90), TODAY
DAYS = [FIRST + timedelta(number) for number in range(91)]


def counted(accounts: Sequence[Account], day: date) -> Decimal | None:
    """Return what a ledger was due on a day, document by document."""
    due = Decimal(0)
    for account in accounts:
        for invoice in as_it_stood(account, day, zone=UTC).invoices:
            if is_owed(invoice) and invoice.currency != "GBP" and not invoice.rate:
                return None
            if is_owed(invoice):
                due += invoice.amount_due * (invoice.rate or 1)
    return due


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_each_day_is_the_sum_of_its_documents(seed: int) -> None:
    dice = random.Random(seed)
    accounts = [random_account(dice) for _ in range(4)]
    ledger_due = due_in_the_past(accounts, FIRST, LAST, zone=UTC, base="GBP")
    sums = {day: counted(accounts, day) for day in DAYS}
    assert {day: ledger_due.on(day) for day in DAYS} == sums
    changes = list(ledger_due.changes_after(FIRST, LAST + timedelta(1)))
    others = [day for before, day in pairwise(DAYS) if sums[before] != sums[day]]
    assert set(others) <= set(changes)
    assert ledger_due.on(FIRST - timedelta(1)) is None


def without_unapplied_cash(account: Account) -> Account:
    """Return an account whose money was matched as it came, with a rate for all invoices."""
    issued = {invoice.id: invoice.issued_on for invoice in account.invoices}
    return account._replace(
        invoices=tuple(
            invoice._replace(rate=invoice.rate or Decimal("0.75")) for invoice in account.invoices
        ),
        payments=tuple(
            payment._replace(paid_on=payment.allocations[0].allocated_on)
            for payment in account.payments
            if payment.status == PaymentStatus.ACTIVE
            # A deposit is unapplied until its invoice is issued.
            if payment.allocations[0].allocated_on
            >= issued.get(payment.allocations[0].invoice_id, date.min)
        ),
        credits=(),
        doubts=(),
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_it_is_what_the_concentration_report_owes(seed: int) -> None:
    dice = random.Random(seed)
    # The report takes unapplied cash off, and the share does not: here there is none.
    accounts = [without_unapplied_cash(random_account(dice)) for _ in range(4)]
    ledger_due = due_in_the_past(accounts, FIRST, LAST, zone=UTC, base="GBP")
    for day in DAYS[::10]:
        rows = concentrations(accounts, day, zone=UTC, base_currency="GBP")
        assert ledger_due.on(day) == (rows[-1].owed if rows else 0)


def test_days_that_were_counted_elsewhere_are_told() -> None:
    other = TODAY + timedelta(5)
    ledger_due = LedgerDue.told({TODAY: Decimal(5), other: None})
    assert (ledger_due.on(TODAY), ledger_due.on(other)) == (Decimal(5), None)
    ledger_due = LedgerDue.told({other: Decimal(7), TODAY: None})
    assert (ledger_due.on(TODAY), ledger_due.on(other)) == (None, Decimal(7))
