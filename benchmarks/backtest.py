"""A year of daily runs over 100,000 invoices, with and without the days on which nothing changes.

`python -m benchmarks.backtest [--invoices N] [--share N] [--rulebook NAME ...]`. Planning every day
of every customer takes long, so it is done for every so many customers (`--share 1`: for all), and
the ratio compares the same customers in turns. Accounts are made one at a time: memory stays flat.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import arsync_rulebooks
from arsync.core.ledger.records import Account, Allocation, Contact, Invoice, Organisation, Payment
from arsync.core.rulebook import Rulebook, read_rulebook
from arsync.core.trials.backtest import Backtests, backtest, backtest_view
from arsync.core.trials.trial import Trial
from arsync.rules_source.folder import shipped

TODAY = date(2026, 11, 20)
DAYS = 365
FIRST = TODAY - timedelta(DAYS)
RULEBOOKS = ("standard", "uk-standard")
TURNS = 2
INVOICES_EACH = 10
"""Of one customer; one month and a bit apart, over the year and before it."""
OFFERS = frozenset(
    {
        "credit hold",
        "payment terms",
        "taking payment terms off",
        "email by the accounting system",
        "attachment",
        "late fee",
        "contact groups",
    }
)


def an_account(number: int) -> Account:
    """Make a customer who pays most invoices, some of them late, and some never."""
    dice = random.Random(number)
    late = dice.choice([-5, 0, 3, 10, 25, 60])
    contact = Contact(f"c{number}", f"Customer {number}", email=f"c{number}@example.com")
    invoices, payments = [], []
    for position in range(INVOICES_EACH):
        issued = TODAY - timedelta(40 * position + dice.randint(0, 39))
        due = issued + timedelta(30)
        total = Decimal(dice.randint(1, 400_000)) / 100
        paid = due + timedelta(max(-29, late + dice.randint(-4, 12)))
        is_paid = paid <= TODAY and dice.random() > 0.04
        invoice = Invoice(
            f"i{number}-{position}",
            contact.id,
            f"INV-{number}-{position}",
            "paid" if is_paid else "open",
            issued,
            due,
            "GBP",
            Decimal(1),
            total,
            Decimal(0) if is_paid else total,
            paid_on=paid if is_paid else None,
        )
        invoices.append(invoice)
        if is_paid:
            allocation = Allocation(invoice.id, total, paid)
            payments.append(
                Payment(
                    f"p{number}-{position}",
                    contact.id,
                    "active",
                    paid,
                    "GBP",
                    Decimal(1),
                    total,
                    Decimal(0),
                    (allocation,),
                )
            )
    return Account((contact,), tuple(invoices), tuple(payments))


def accounts(count: int, step: int = 1) -> Iterator[Account]:
    """Yield every so many of the customers."""
    return (an_account(number) for number in range(0, count, step))


def run(rulebook: Rulebook, count: int, step: int, *, every_day: bool) -> tuple[float, Backtests]:
    """Return the seconds of a year's backtest, and what it found."""
    organisation = Organisation("o1", "Benchmark", "GBP", time_zone="Europe/London")
    trial = Trial("benchmark", organisation, OFFERS, lambda _: lambda _: False)
    began = time.process_time()
    backtests = backtest(
        accounts(count, step),
        trial,
        [rulebook],
        first=FIRST,
        last=TODAY - timedelta(1),
        today=TODAY,
        every_day=every_day,
    )
    return time.process_time() - began, backtests


class Measured(NamedTuple):
    """One rulebook's year."""

    rulebook: str
    customers: int
    seconds: float
    """Of CPU, for all customers, with days left out."""
    plans: int
    """Made for all customers, with days left out."""
    actions: int
    compared: int
    """How many customers were also planned every day."""
    seconds_left_out: float
    seconds_every_day: float
    """For the compared customers: the better of two turns each."""
    plans_left_out: int
    plans_every_day: int
    same: bool
    """Whether both found exactly the same."""

    @property
    def plans_possible(self) -> int:
        """Of all customers, one a day."""
        return self.customers * DAYS

    @property
    def ratio(self) -> float:
        """How many times faster than planning every day."""
        return self.seconds_every_day / self.seconds_left_out


def measure(name: str, invoices: int, share: int) -> Measured:
    """Backtest a shipped rulebook for all customers, and every day for one in so many."""
    rulebook, problems = read_rulebook(
        [(f"{name}.yaml", arsync_rulebooks.text(name))], find=shipped
    )
    if rulebook is None:
        raise SystemExit("\n".join(map(str, problems)))
    count = invoices // INVOICES_EACH
    seconds, whole = run(rulebook, count, 1, every_day=False)
    short: list[float] = []
    long: list[float] = []
    for _ in range(TURNS):
        took, left_out = run(rulebook, count, share, every_day=False)
        short.append(took)
        took, all_days = run(rulebook, count, share, every_day=True)
        long.append(took)
    found, expected = left_out.results[0], all_days.results[0]
    return Measured(
        name,
        count,
        seconds,
        whole.results[0].evaluated,
        sum(whole.results[0].tally.totals.values()),
        left_out.accounts,
        min(short),
        min(long),
        found.evaluated,
        expected.evaluated,
        backtest_view(found) == backtest_view(expected),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=100_000)
    parser.add_argument("--share", type=int, default=50, help="every day for one in so many")
    parser.add_argument(
        "--rulebook",
        action="append",
        choices=arsync_rulebooks.names(),
        help="may be given more than once",
    )
    options = parser.parse_args()
    same = True
    for name in options.rulebook or RULEBOOKS:
        measured = measure(name, options.invoices, options.share)
        same = same and measured.same
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"{name}: {measured.customers:,} customers, "
            f"{measured.customers * INVOICES_EACH:,} invoices, {DAYS} days"
        )
        print(
            f"  with days left out: {measured.plans:,} plans made "
            f"of {measured.plans_possible:,} possible "
            f"({measured.plans / measured.plans_possible:.1%}), {measured.actions:,} actions, "
            f"{measured.seconds:,.1f} s of CPU, peak {peak / 1024:,.0f} MB"
        )
        print(
            f"  {measured.compared:,} customers also every day: "
            f"{measured.plans_every_day:,} plans, "
            f"{measured.seconds_every_day:,.2f} s of CPU; with days left out "
            f"{measured.plans_left_out:,} plans, {measured.seconds_left_out:,.2f} s"
        )
        print(
            f"  {measured.plans_every_day / measured.plans_left_out:.1f} times fewer plans, "
            f"{measured.ratio:.1f} times faster; "
            f"the same result: {'yes' if measured.same else 'NO'}"
        )
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
