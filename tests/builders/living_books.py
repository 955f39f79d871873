"""Books that live: each day something happens in them, as it happens at a platform."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.builders.records import a_credit, a_debtor, a_payment, an_invoice

from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, Allocation, Credit, Invoice, Payment

AUCKLAND = ZoneInfo("Pacific/Auckland")


class Books:
    """A ledger as a platform keeps it: each day's events change documents in place."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.invoices: dict[str, Invoice] = {}
        self.payments: dict[str, Payment] = {}
        self.credits: dict[str, Credit] = {}

    @property
    def account(self) -> Account:
        return a_debtor(
            *self.invoices.values(),
            payments=tuple(self.payments.values()),
            credits=tuple(self.credits.values()),
        )

    def live(self, day: date) -> None:
        self._chance.choice([self.issue, self.issue, self.pay, self.pay, self.credit])(day)
        if self._chance.random() < 0.75:
            self._chance.choice([self.apply, self.undo, self.void, self.refund])(day)

    def issue(self, day: date) -> None:
        name = f"i{len(self.invoices)}"
        # Some are entered with a day to come.
        issued_on = day + timedelta(self._chance.choice([0, 0, 0, 5, 30]))
        due_on = issued_on + timedelta(self._chance.choice([0, 14, 30]))
        total = self._chance.randrange(1, 2000)
        self.invoices[name] = an_invoice(name, issued_on=issued_on, due_on=due_on, total=total)

    def pay(self, day: date) -> None:
        # Some is paid before the day of its invoice: a deposit.
        ahead = self._chance.choice([0, 0, 0, 30])
        invoice = self._open(day + timedelta(ahead))
        if invoice is None:
            return
        part = self._part(invoice.amount_due)
        extra = Decimal(self._chance.choice([0, 0, 25]))
        name = f"p{len(self.payments)}"
        allocation = Allocation(invoice.id, part, day)
        self.payments[name] = a_payment(
            name, paid_on=day, amount=part + extra, unallocated=extra, allocations=(allocation,)
        )
        self._reduce(invoice, part, day)

    def credit(self, day: date) -> None:
        name = f"cr{len(self.credits)}"
        self.credits[name] = a_credit(name, issued_on=day, total=self._chance.randrange(1, 300))

    def apply(self, day: date) -> None:
        invoice = self._open(day)
        usable = [credit for credit in self.credits.values() if credit.unallocated > 0]
        if invoice is None or not usable:
            return
        credit = self._chance.choice(usable)
        part = self._part(min(invoice.amount_due, credit.unallocated))
        if self._chance.random() < 0.5:
            # As Xero says it: the credit names what it was applied to, and when.
            allocations = (*credit.allocations, Allocation(invoice.id, part, day))
            credit = credit._replace(allocations=allocations)
        else:
            # As QuickBooks says it: a payment of zero applies it, and the credit names nothing.
            name = f"p{len(self.payments)}"
            allocation = Allocation(invoice.id, part, day)
            self.payments[name] = a_payment(name, paid_on=day, amount=0, allocations=(allocation,))
        left = credit.unallocated - part
        status = "open" if left else "paid"
        self.credits[credit.id] = credit._replace(unallocated=left, status=status)
        self._reduce(invoice, part, day)

    def refund(self, day: date) -> None:
        """Pay back what is left of a credit, or some of it, as Xero says it."""
        usable = [credit for credit in self.credits.values() if credit.unallocated > 0]
        if usable:
            credit = self._chance.choice(usable)
            part = self._part(credit.unallocated)
            left = credit.unallocated - part
            self.credits[credit.id] = credit._replace(
                unallocated=left,
                status="open" if left else "paid",
                allocations=(*credit.allocations, Allocation("", part, day)),
            )

    def undo(self, day: date) -> None:
        """Delete a payment: its invoice is owed again."""
        alive = [
            payment
            for payment in self.payments.values()
            if payment.status == "active" and payment.amount > 0
        ]
        if not alive:
            return
        payment = self._chance.choice(alive)
        for allocation in payment.allocations:
            invoice = self.invoices[allocation.invoice_id]
            self.invoices[invoice.id] = invoice._replace(
                amount_due=invoice.amount_due + allocation.amount, status="open", paid_on=None
            )
        moment = self._some_time(day)
        self.payments[payment.id] = payment._replace(status="deleted", updated_at=moment)

    def void(self, day: date) -> None:
        """Void an invoice to which no money is matched any more."""
        untouched = [
            invoice
            for invoice in self.invoices.values()
            if invoice.status == "open" and invoice.amount_due == invoice.total
        ]
        if untouched:
            invoice = self._chance.choice(untouched)
            self.invoices[invoice.id] = invoice._replace(
                status="voided", amount_due=ZERO, updated_at=self._some_time(day)
            )

    def _some_time(self, day: date) -> datetime:
        # In New Zealand most of a working day is the day before in UTC.
        clock = time(self._chance.randrange(24), 30)
        return datetime.combine(day, clock, tzinfo=AUCKLAND).astimezone(UTC)

    def _open(self, day: date) -> Invoice | None:
        usable = [
            invoice
            for invoice in self.invoices.values()
            if invoice.status == "open" and invoice.issued_on <= day
        ]
        return self._chance.choice(usable) if usable else None

    def _part(self, amount: Decimal) -> Decimal:
        return self._chance.choice([amount, amount, max(Decimal(1), amount // 3)])

    def _reduce(self, invoice: Invoice, part: Decimal, day: date) -> None:
        left = invoice.amount_due - part
        paid_on = None if left else day
        self.invoices[invoice.id] = invoice._replace(
            amount_due=left, status="open" if left else "paid", paid_on=paid_on
        )
