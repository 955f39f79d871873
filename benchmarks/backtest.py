"""A year of daily runs over 100,000 invoices, with and without the days on which nothing changes.

`python -m benchmarks.backtest [--invoices N] [--share N] [--rulebook NAME]`. Planning every day of
every customer takes long, so it is done for every so many customers (`--share 1`: for all), and the
ratio compares the same customers in turns. Accounts are made one at a time: memory stays flat.
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

import arsync_rulebooks
from arsync.core.backtest import Backtests, backtest
from arsync.core.records import Account, Allocation, Contact, Invoice, Organisation, Payment
from arsync.core.rulebook import Rulebook, read_rulebook
from arsync.core.trial import Trial

TODAY = date(2026, 11, 20)
FIRST = TODAY - timedelta(365)
INVOICES_EACH = 10
"""Of one customer; one month and a bit apart, over the year and before it."""
OFFERS = frozenset({"credit hold", "payment terms", "email by the accounting system",
                    "attachment", "late fee", "contact groups"})  # fmt: skip


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
            f"i{number}-{position}", contact.id, f"INV-{number}-{position}",
            "paid" if is_paid else "open", issued, due, "GBP", Decimal(1), total,
            Decimal(0) if is_paid else total, paid_on=paid if is_paid else None,
        )  # fmt: skip
        invoices.append(invoice)
        if is_paid:
            part = Allocation(invoice.id, total, paid)
            payments.append(Payment(f"p{number}-{position}", contact.id, "active", paid, "GBP",
                                    Decimal(1), total, Decimal(0), (part,)))  # fmt: skip
    return Account((contact,), tuple(invoices), tuple(payments))


def accounts(count: int, step: int = 1) -> Iterator[Account]:
    """Yield every so many of the customers."""
    return (an_account(number) for number in range(0, count, step))


def run(rulebook: Rulebook, count: int, step: int, *, every_day: bool) -> tuple[float, Backtests]:
    """Return the seconds of a year's backtest, and what it found."""
    organisation = Organisation("o1", "Benchmark", "GBP", time_zone="Europe/London")
    trial = Trial("benchmark", organisation, OFFERS, lambda _: lambda _: False)
    began = time.process_time()
    found = backtest(
        accounts(count, step), trial, [rulebook], first=FIRST, last=TODAY - timedelta(1),
        today=TODAY, every_day=every_day,
    )  # fmt: skip
    return time.process_time() - began, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--invoices", type=int, default=100_000)
    parser.add_argument("--share", type=int, default=50, help="every day for one in so many")
    parser.add_argument("--rulebook", default="standard", choices=arsync_rulebooks.names())
    wanted = parser.parse_args()
    text = arsync_rulebooks.text(wanted.rulebook)
    rulebook, problems = read_rulebook([(f"{wanted.rulebook}.yaml", text)])
    if rulebook is None:
        print(*problems, sep="\n")
        return 2
    count = wanted.invoices // INVOICES_EACH
    seconds, whole = run(rulebook, count, 1, every_day=False)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    short, left_out = run(rulebook, count, wanted.share, every_day=False)
    long, all_days = run(rulebook, count, wanted.share, every_day=True)
    same = [one.as_json() for one in left_out.results] == [
        one.as_json() for one in all_days.results
    ]
    result = whole.results[0]
    planned = result.evaluated / (count * 365)
    print(f"{count:,} customers, {count * INVOICES_EACH:,} invoices, 365 days, {wanted.rulebook}")
    print(f"  with days left out: {seconds:,.1f} s of CPU, {result.evaluated:,} days planned "
          f"({planned:.1%}), {sum(result.tally.totals.values()):,} actions, "
          f"peak {peak / 1024:,.0f} MB")  # fmt: skip
    print(f"  every day, for one customer in {wanted.share}: {long:,.1f} s; "
          f"with days left out {short:,.1f} s")  # fmt: skip
    print(f"  ratio: {long / short:.1f} times faster; the same result: {'yes' if same else 'NO'}")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
