"""One supplier with all that rules about suppliers ask for."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.account_view import Converter
from arsync.core.ledger.agreements.credit_applications import CreditStanding
from arsync.core.ledger.payable_sums import PayableSums, payable_sums
from arsync.core.ledger.payables import Payable, Supplier
from arsync.core.ledger.records import HeldSince

PARTY = "supplier "
"""Begins the id of a supplier where other ids are customers': no customer's id has a blank."""


def party_id(supplier_id: str) -> str:
    """Return a supplier's id where customers' stand too: among actions, and what holds of whom."""
    return f"{PARTY}{supplier_id}"


def is_supplier(contact_id: str) -> bool:
    """Return whether an id among customers' is a supplier's."""
    return contact_id.startswith(PARTY)


class SupplierStanding(NamedTuple):
    """A supplier, what stands open with it, and what is known of it."""

    supplier: Supplier
    contact_id: str
    """The customer that is the same party; empty: none is known to be."""
    groups: tuple[str, ...] = ()
    """Of the contact that it is, where the platform keeps one record for both."""
    payables: tuple[Payable, ...] = ()
    credit: CreditStanding | None = None
    """What sources said of it; None: nothing."""
    held_since: dict[str, HeldSince] = {}  # noqa: RUF012 - a shared empty default
    """By the identity of an alert, since when it stands."""


class SupplierOnDay:
    """A supplier on one day, as facts are computed from it."""

    def __init__(
        self,
        standing: SupplierStanding,
        today: date,
        converter: Converter,
        all_payable: Decimal | None,
    ) -> None:
        """Look at a supplier.

        Args:
            standing: it.
            today: the day.
            converter: into the rulebook's currency.
            all_payable: what is open on the bills of all suppliers; None: unknown.
        """
        self.standing = standing
        self.today = today
        self.all_payable = all_payable
        self.sums: PayableSums = payable_sums(standing.payables, converter)
        bills = [payable for payable in standing.payables if payable.credit is None]
        self.is_dated = all(bill.due_on is not None for bill in bills)
        """Whether it is known of each bill when it falls due."""
        overdue = [bill for bill in bills if bill.due_on is not None and bill.due_on < today]
        self.overdue: PayableSums = payable_sums(overdue, converter)

    @property
    def oldest_days_overdue(self) -> int:
        """Return for how many days the oldest bill is overdue; 0: none is."""
        oldest = self.overdue.oldest_due_on
        return 0 if oldest is None else (self.today - oldest).days
