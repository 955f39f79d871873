"""Bills: what the organisation owes to a supplier that may be a customer as well.

They are shown beside what a customer owes, and never taken off it: whether two debts may be set off
is a matter of agreement and law, and a person's decision.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

BILL_PROBLEM = "bills"
"""The kind of a bill that could not be read, where problems are listed."""


class Bill(NamedTuple):
    """A supplier's bill on which something is still owed."""

    id: str
    supplier_id: str
    supplier_name: str
    number: str
    """The supplier's own."""
    issued_on: date | None
    due_on: date | None
    """None, as the day of issue: it cannot be read."""
    currency: str
    rate: Decimal | None
    """Units of the base currency for one unit; None: the platform recorded none."""
    amount_due: Decimal | None
    """None: it cannot be read, as the list of problems says."""
    company_name: str = ""
    """The supplier's registered name, where the platform has one beside the other."""
    email: str = ""
    contact_id: str = ""
    """The customer of the same record, where the platform keeps one record for both."""


class SupplierBill(NamedTuple):
    """A bill of a supplier that is, or may be, one of the customers."""

    contact_id: str
    """The customer."""
    bill: Bill
    is_certain: bool = True
    """False: names or addresses are the same, and nobody has said that it is the same party."""
