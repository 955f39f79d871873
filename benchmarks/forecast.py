"""How wrong the forecast of cash is out of sample, against the naive ones.

`python -m benchmarks.forecast [--config FILE] [--large N]`. The ledgers: the demo's, at its start;
one whose customers have habits, drawn as real ones have; two companies' real books, where they are
at hand; and, with `--config`, those of an installation (a played demo's, for one). `--large N` also
times a ledger of N invoices. An error is the sum of |expected - paid| over what was paid.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.core.trials.test_real_ledgers import quickbooks, xero

from arsync.application.connections import connecting
from arsync.application.organisation.container import Container
from arsync.application.permissions import SCHEDULE
from arsync.config import load_config
from arsync.core.analytics.forecast import LedgerForecast, forecast
from arsync.core.ledger.records import Account, Allocation, Contact, Invoice, Payment
from arsync.demo.play import CONTACTS, INVOICES, SEED
from arsync_sandbox.generate import generate

TODAY = date(2026, 11, 30)

HABIT_CONTACTS, HABIT_INVOICES = 100, 2_500
HABIT_DAYS = 730
NEVER_PAID_SHARE = 0.02


class Books(NamedTuple):
    """A ledger on a day."""

    name: str
    currency: str
    today: date
    accounts: Iterable[Account]


class _Bill(NamedTuple):
    contact_id: str
    number: int
    issued_on: date
    due_on: date
    currency: str
    total: Decimal
    paid_on: date | None


def main() -> None:
    """Print the errors of each ledger."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, help="the installation whose ledgers are forecast")
    parser.add_argument("--large", type=int, help="also time a ledger of so many invoices")
    options = parser.parse_args()
    for books in (*_drawn(), *_real()):
        _measure(books)
    if options.config:
        with Container(load_config(options.config, {})) as container:
            for organisation in connecting.connections(SCHEDULE, container):
                base_currency = organisation.connection.organisation.base_currency
                accounts = organisation.store.ledger.accounts(organisation.id)
                name = f"{organisation.name} of {options.config.parent.name}"
                _measure(Books(name, base_currency, organisation.today, accounts))
    if options.large:
        _measure(_habits(options.large // 25, options.large))


def _drawn() -> Iterator[Books]:
    yield _demo()
    yield _habits(HABIT_CONTACTS, HABIT_INVOICES)


def _real() -> Iterator[Books]:
    for name, read in (("real books, Xero", xero), ("real books, QuickBooks", quickbooks)):
        try:
            ledger = read()
        except pytest.skip.Exception as skipped:
            _say(f"{name}: {skipped}")
            continue
        yield Books(name, ledger.currency, ledger.today, ledger.accounts)


def _measure(books: Books) -> None:
    began = time.perf_counter()
    result = forecast(books.accounts, books.today, zone=UTC, base_currency=books.currency)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _say(
        f"\n{books.name}: {result.paid_invoices:,} paid invoices, "
        f"{seconds:.1f} s, peak of the process {peak:.0f} MB"
    )
    if not result.by_habit:
        _say("  too few paid invoices: due dates")
        return
    for line in _lines(result):
        _say(f"  {line}")


def _lines(result: LedgerForecast) -> Iterator[str]:
    yield f"{'':4} {'origins':>7} {'weekly':>21} {'four weeks':>28} {'bands held':>41}"
    yield (
        f"{'':4} {'':7} {'own':>6} {'due':>6} {'average':>7} {'':1} {'own':>6} {'due':>6} "
        f"{'average':>7} {'week 1':>12} {'four weeks':>12} {'13 weeks':>12}"
    )
    for row in result.currencies:
        errors = row.errors
        figures = (
            errors.weekly,
            errors.weekly_by_due_date,
            errors.weekly_by_average,
            errors.four_weeks,
            errors.four_weeks_by_due_date,
            errors.four_weeks_by_average,
        )
        cells = ["-" if figure is None else f"{figure:.3f}" for figure in figures]
        held = [
            "-" if week.band is None else f"{week.band.held} of {week.band.checked}"
            for week in (row.weeks[0], row.four_weeks, row.all_weeks)
        ]
        bands = " ".join(f"{cell:>12}" for cell in held)
        verdict = {True: "beats both", False: "does not beat both", None: "not known"}
        yield (
            f"{row.currency:4} {errors.origins:>7} {cells[0]:>6} {cells[1]:>6} {cells[2]:>7} "
            f"{'':1} {cells[3]:>6} {cells[4]:>6} {cells[5]:>7} {bands}   "
            f"{verdict[errors.beats_both]}"
        )


def _demo() -> Books:
    """Return the ledger that the demo begins with."""
    rows = generate(
        seed=SEED,
        contacts=CONTACTS,
        invoices=INVOICES,
        today=TODAY,
        currency="GBP",
        country="GB",
    )
    paid: dict[str, date] = {}
    for payment in rows.payments:
        paid[payment.invoice_id] = max(payment.paid_on, paid.get(payment.invoice_id, date.min))
    bills = [
        _Bill(
            invoice.contact_id,
            number,
            invoice.issued_on,
            invoice.due_on or invoice.issued_on,
            invoice.currency,
            invoice.total,
            paid.get(invoice.id),
        )
        for number, invoice in enumerate(rows.invoices)
        if invoice.status == "open"
    ]
    return Books("the demo's ledger", "GBP", TODAY, _accounts(bills))


def _habits(contacts: int, invoices: int) -> Books:
    """Return a ledger whose customers pay about as late as they always do, on 30 days."""
    dice = random.Random(contacts)
    late = [dice.gauss(4, 9) for _ in range(contacts)]
    bills = []
    for number in range(invoices):
        customer = dice.randrange(contacts)
        issued_on = TODAY - timedelta(dice.randrange(HABIT_DAYS))
        due_on = issued_on + timedelta(30)
        days = max(-29, round(dice.gauss(late[customer], 6)))
        paid_on = due_on + timedelta(days)
        # Nobody pays on a Sunday.
        paid_on += timedelta(paid_on.weekday() == 6)
        is_paid = paid_on <= TODAY and dice.random() > NEVER_PAID_SHARE
        total = Decimal(round(dice.lognormvariate(4, 0.7) * 100)) / 100
        paid = paid_on if is_paid else None
        bills.append(_Bill(f"c{customer}", number, issued_on, due_on, "GBP", total, paid))
    return Books(f"{contacts:,} customers with habits", "GBP", TODAY, _accounts(bills))


def _accounts(bills: Iterable[_Bill]) -> Iterator[Account]:
    by_contact: dict[str, list[_Bill]] = {}
    for bill in bills:
        by_contact.setdefault(bill.contact_id, []).append(bill)
    for contact_id, own in by_contact.items():
        invoices = tuple(
            Invoice(
                f"i{bill.number}",
                contact_id,
                f"INV-{bill.number}",
                "paid" if bill.paid_on else "open",
                bill.issued_on,
                bill.due_on,
                bill.currency,
                Decimal(1),
                bill.total,
                Decimal(0) if bill.paid_on else bill.total,
                paid_on=bill.paid_on,
            )
            for bill in own
        )
        payments = tuple(_payment(bill, bill.paid_on) for bill in own if bill.paid_on)
        yield Account((Contact(contact_id, contact_id),), invoices, payments)


def _payment(bill: _Bill, paid_on: date) -> Payment:
    return Payment(
        f"p{bill.number}",
        bill.contact_id,
        "active",
        paid_on,
        bill.currency,
        Decimal(1),
        bill.total,
        Decimal(0),
        (Allocation(f"i{bill.number}", bill.total, paid_on),),
    )


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    main()
