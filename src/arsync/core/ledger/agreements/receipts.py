"""Money that came in, by the day on which it was paid: agreements are judged by it.

Each kind of agreement takes its money from a `Receipts` of its own, in which every amount is given
away once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, DocumentStatus, Invoice, PaymentStatus, is_owed
from arsync.core.ledger.unapplied_cash import cash_in_hand, payers


class MoneyIn(NamedTuple):
    """Money of one day, in the currency of the invoice that it is for."""

    paid_on: date
    amount: Decimal


class PaidBetween(NamedTuple):
    """The days whose money counts."""

    since: date = date.min
    before: date | None = None
    """The first day that does not count any more; None: all do."""

    def holds(self, day: date) -> bool:
        """Return whether a day counts."""
        return self.since <= day and (self.before is None or day < self.before)


class Taken(NamedTuple):
    """What was taken for an agreement."""

    amount: Decimal
    last_on: date | None
    """The day on which the last of it was paid."""
    covered: tuple[str, ...]
    """Ids of the invoices for which unapplied cash was taken."""


class _Takeable(NamedTuple):
    """A receipt that can be taken."""

    receipts: list[MoneyIn]
    number: int
    limit: Decimal
    """How much of it can be taken."""
    invoice_id: str
    is_cash: bool = False

    @property
    def receipt(self) -> MoneyIn:
        return self.receipts[self.number]


class Receipts:
    """All that one account paid; what was taken of it is not there for others."""

    def __init__(self, account: Account, *, with_cash: bool = True) -> None:
        """Collect the receipts, the oldest first.

        Args:
            account: whose.
            with_cash: whether unapplied cash counts, of the same payer and in the same currency.
        """
        self._invoices = {invoice.id: invoice for invoice in account.invoices}
        self._matched: dict[str, list[MoneyIn]] = defaultdict(list)
        for invoice_id, receipt in _matched(account):
            self._matched[invoice_id].append(receipt)
        for receipts in self._matched.values():
            receipts.sort()
        self._payer = payers(account.contacts) if len(account.contacts) > 1 else {}
        self._cash: dict[tuple[str, str], list[MoneyIn]] = defaultdict(list)
        for money in cash_in_hand(account) if with_cash else ():
            payer = self._payer.get(money.contact_id, money.contact_id)
            self._cash[payer, money.currency].append(MoneyIn(money.dated, money.amount))
        self._covered: dict[str, Decimal] = {}

    def remaining(self, invoice_id: str) -> Decimal:
        """Return what is due on an invoice, less the unapplied cash that was taken for it."""
        invoice = self._invoices.get(invoice_id)
        due = invoice.amount_due if invoice is not None and is_owed(invoice) else ZERO
        return max(ZERO, due - self._covered.get(invoice_id, ZERO))

    def matched_later(self, invoice_ids: Iterable[str], day: date) -> Decimal:
        """Return what was paid on the invoices on a day or later, and is not taken yet."""
        return sum(
            (
                receipt.amount
                for invoice_id in invoice_ids
                for receipt in self._matched.get(invoice_id, ())
                if receipt.paid_on >= day
            ),
            ZERO,
        )

    def spare_cash(self, invoice_ids: Sequence[str]) -> Decimal:
        """Return the unapplied cash that is left when the payers' other invoices are covered."""
        pools = {self._payer_of(self._invoices[invoice_id]) for invoice_id in invoice_ids}
        cash = sum((receipt.amount for pool in pools for receipt in self._cash.get(pool, ())), ZERO)
        if not cash:
            return ZERO
        others = (
            self.remaining(invoice.id)
            for invoice in self._invoices.values()
            if invoice.id not in invoice_ids and self._payer_of(invoice) in pools
        )
        return max(ZERO, cash - sum(others, ZERO))

    def take_cash(self, invoice_ids: Sequence[str], window: PaidBetween, most: Decimal) -> Taken:
        """Take unapplied cash alone for what remains due on the invoices."""
        return self._take(partial(self._in_hand, invoice_ids, window), most)

    def take(
        self, invoice_ids: Sequence[str], window: PaidBetween, most: Decimal | None = None
    ) -> Taken:
        """Take what was paid on the invoices, and unapplied cash for what remains due on them.

        Args:
            invoice_ids: the invoices, in the order in which unapplied cash is for them.
            window: the days whose money counts.
            most: how much at most, the oldest money first; None: all of it.
        """

        def places() -> Iterator[_Takeable]:
            yield from self._on_invoices(invoice_ids, window)
            yield from self._in_hand(invoice_ids, window)

        return self._take(places, most)

    def _take(self, places: Callable[[], Iterator[_Takeable]], most: Decimal | None) -> Taken:
        days: list[date] = []
        amount, covered = ZERO, dict[str, None]()
        while most is None or amount < most:
            oldest = min(places(), key=lambda place: place.receipt.paid_on, default=None)
            if oldest is None:
                break
            limit = oldest.limit if most is None else min(oldest.limit, most - amount)
            receipt = _take(oldest.receipts, oldest.number, limit)
            days.append(receipt.paid_on)
            amount += receipt.amount
            if oldest.is_cash:
                invoice_id = oldest.invoice_id
                covered[invoice_id] = None
                self._covered[invoice_id] = self._covered.get(invoice_id, ZERO) + receipt.amount
        return Taken(amount, max(days, default=None), tuple(covered))

    def _on_invoices(self, invoice_ids: Iterable[str], window: PaidBetween) -> Iterator[_Takeable]:
        """Yield the oldest receipt on each invoice that counts."""
        for invoice_id in invoice_ids:
            receipts = self._matched.get(invoice_id, [])
            index = _first(receipts, window)
            if index is not None:
                yield _Takeable(receipts, index, receipts[index].amount, invoice_id)

    def _in_hand(self, invoice_ids: Iterable[str], window: PaidBetween) -> Iterator[_Takeable]:
        """Yield the oldest unapplied cash for each invoice on which something remains due."""
        for invoice_id in invoice_ids if self._cash else ():
            remaining = self.remaining(invoice_id)
            pool = self._pool(self._invoices[invoice_id]) if remaining > 0 else []
            index = _first(pool, window)
            if index is not None:
                limit = min(remaining, pool[index].amount)
                yield _Takeable(pool, index, limit, invoice_id, is_cash=True)

    def _pool(self, invoice: Invoice) -> list[MoneyIn]:
        return self._cash.get(self._payer_of(invoice), [])

    def _payer_of(self, invoice: Invoice) -> tuple[str, str]:
        """Return who pays an invoice, and in which currency."""
        return self._payer.get(invoice.contact_id, invoice.contact_id), invoice.currency


def _first(receipts: Sequence[MoneyIn], window: PaidBetween) -> int | None:
    """Return the place of the oldest receipt that counts."""
    return next((n for n, receipt in enumerate(receipts) if window.holds(receipt.paid_on)), None)


def _take(receipts: list[MoneyIn], index: int, most: Decimal) -> MoneyIn:
    receipt = receipts[index]
    if most >= receipt.amount:
        return receipts.pop(index)
    receipts[index] = receipt._replace(amount=receipt.amount - most)
    return receipt._replace(amount=most)


def _matched(account: Account) -> Iterator[tuple[str, MoneyIn]]:
    """Yield what was paid on invoices, by the day on which the customer paid it."""
    explained: set[str] = set()
    for payment in account.payments:
        if payment.status != PaymentStatus.ACTIVE:
            continue
        # QuickBooks applies a credit memo by a payment of zero: that part is no money that came.
        money = payment.amount - payment.unallocated
        for allocation in payment.allocations:
            explained.add(allocation.invoice_id)
            amount = min(allocation.amount, money)
            if amount > 0:
                money -= amount
                yield allocation.invoice_id, MoneyIn(payment.paid_on, amount)
    for credit in account.credits:
        if credit.status in {DocumentStatus.VOIDED, DocumentStatus.DELETED}:
            continue
        for allocation in credit.allocations:
            explained.add(allocation.invoice_id)
            # A credit note lowers what is owed, and is no payment; nor is what was paid back.
            if credit.kind != CreditKind.CREDIT_NOTE and not allocation.is_refund:
                yield allocation.invoice_id, MoneyIn(credit.issued_on, allocation.amount)
    for invoice in account.invoices:
        # Paid, and the books do not say by what: by the day that they do give.
        paid = invoice.status == DocumentStatus.PAID and invoice.id not in explained
        if paid and invoice.paid_on is not None and invoice.total > 0:
            yield invoice.id, MoneyIn(invoice.paid_on, invoice.total)
