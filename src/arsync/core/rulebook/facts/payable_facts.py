"""What is owed to a customer that is a supplier too: shown beside what it owes, never taken off."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.account_view import ContactView, summed
from arsync.core.ledger.money import shown
from arsync.core.ledger.payables import SupplierBill
from arsync.core.rulebook.facts.field import FROM_0, FactKind, Field, Value
from arsync.core.rulebook.facts.movement import STILL


class OwedToThem(NamedTuple):
    """What is owed to one customer as a supplier."""

    amount: Decimal | None
    """None: a bill cannot be read, or a rate is missing."""
    currency: str
    bill_count: int
    oldest_due_on: date | None
    likely_suppliers: tuple[str, ...]
    """Suppliers that may be the same party, of whom nobody has said so: not in the amount."""

    @property
    def words(self) -> str:
        """Return it as one line."""
        sentences = []
        if self.bill_count:
            bills = "1 open bill" if self.bill_count == 1 else f"{self.bill_count:,} open bills"
            amount = "unknown" if self.amount is None else shown(self.amount, self.currency)
            due = f", the oldest due {self.oldest_due_on}" if self.oldest_due_on else ""
            sentences.append(f"{amount} on {bills}{due}; never taken off what the customer owes")
        sentences += [
            f"the supplier {name!r} may be the same party: write it under suppliers: of the"
            " customer's entry if it is"
            for name in self.likely_suppliers
        ]
        return "; ".join(sentences)


def owed_to_them(view: ContactView) -> OwedToThem | None:
    """Return what is owed to a contact; None: nothing, or bills are not read."""
    payables = view.account_view.account.payables or ()
    own = [payable for payable in payables if view.counts(payable.contact_id)]
    if not own:
        return None
    certain = [payable for payable in own if payable.is_certain]
    days = [payable.bill.due_on for payable in certain if payable.bill.due_on is not None]
    likely = {payable.bill.supplier_name for payable in own if not payable.is_certain}
    return OwedToThem(
        _sum(view, certain),
        view.account_view.currency,
        len(certain),
        min(days, default=None),
        tuple(sorted(likely)),
    )


def payable_to_them(view: ContactView) -> Value:
    """Return what is owed to the contact as a supplier; None while that is not certain."""
    payables = view.account_view.account.payables
    if payables is None:
        return None
    own = [payable for payable in payables if view.counts(payable.contact_id)]
    # Nobody has said that they are the same party, so no rule may rest on it.
    if any(not payable.is_certain for payable in own):
        return None
    return _sum(view, own)


def _sum(view: ContactView, payables: list[SupplierBill]) -> Decimal | None:
    converter = view.account_view.converter
    bills = [payable.bill for payable in payables]
    return summed(
        None
        if bill.amount_due is None
        else converter.amount(
            bill.amount_due, bill.currency, bill.rate, f"bill {bill.number or bill.id}"
        )
        for bill in bills
    )


CONTACT_PAYABLES: tuple[Field, ...] = (
    Field(
        "payable_to_them",
        "contact",
        FactKind.AMOUNT,
        "what you owe to the customer as a supplier: the sum of its open bills; never taken off"
        " what it owes",
        "open bills",
        payable_to_them,
        phrase="{} owed to it as a supplier",
        bounds=FROM_0,
        moves=STILL,
        unknown="bills are not read, a supplier may be the same party and nobody has said so, a"
        " bill cannot be read, or no exchange rate was recorded",
        example="{more_than: 0}",
    ),
)
