"""What is owed to a supplier, and what it owes back: two sums, and their difference."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.account_view import Converter, summed
from arsync.core.ledger.money import shown
from arsync.core.ledger.payables import Payable


class PayableSums(NamedTuple):
    """What stands open with one supplier, in one currency. None: unknown."""

    bills: Decimal | None
    """What is owed on its bills."""
    credits: Decimal | None
    """What is left of its credit notes, and of what it was paid too early or too much."""
    bill_count: int
    credit_count: int
    oldest_due_on: date | None

    @property
    def net(self) -> Decimal | None:
        """Return what is owed after all; below 0 where the supplier owes more."""
        if self.bills is None or self.credits is None:
            return None
        return self.bills - self.credits

    def in_words(self, currency: str) -> str:
        """Return both sums and their difference: `GBP 40.00 on 2 open bills`; empty: nothing."""
        phrases = []
        if self.bill_count:
            bills = "1 open bill" if self.bill_count == 1 else f"{self.bill_count:,} open bills"
            due = f", the oldest due {self.oldest_due_on}" if self.oldest_due_on else ""
            phrases.append(f"{_amount(self.bills, currency)} on {bills}{due}")
        if self.credit_count:
            owed_back = "1 credit" if self.credit_count == 1 else f"{self.credit_count:,} credits"
            phrases.append(f"{_amount(self.credits, currency)} left of {owed_back} of theirs")
            phrases.append(f"{_amount(self.net, currency)} after these")
        return "; ".join(phrases)


def payable_sums(payables: Iterable[Payable], converter: Converter) -> PayableSums:
    """Return what stands open with a supplier, in the converter's currency."""
    bills: list[Payable] = []
    owed_back: list[Payable] = []
    for payable in payables:
        (bills if payable.credit is None else owed_back).append(payable)
    days = [bill.due_on for bill in bills if bill.due_on is not None]
    return PayableSums(
        summed(_converted(bill, converter) for bill in bills),
        summed(_converted(credit, converter) for credit in owed_back),
        len(bills),
        len(owed_back),
        min(days, default=None),
    )


def _converted(payable: Payable, converter: Converter) -> Decimal | None:
    if payable.amount is None:
        return None
    noun = "bill" if payable.credit is None else "credit"
    name = f"{noun} {payable.number or payable.id}"
    return converter.amount(payable.amount, payable.currency, payable.rate, name)


def _amount(amount: Decimal | None, currency: str) -> str:
    return "an unknown sum" if amount is None else shown(amount, currency)
