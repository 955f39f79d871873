"""Payables: bills of suppliers and what suppliers owe back, of suppliers that may be customers too.

They are shown beside what a customer owes, and never taken off it: whether two debts may be set off
is a matter of agreement and law, and a person's decision.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.credit_kinds import CreditKind

BILL_PROBLEM = "bills"
"""The kind of a bill that could not be read, where problems are listed."""

SUPPLIER_CREDIT_PROBLEM = "supplier credits"
"""The same of a supplier's credit."""


class Supplier(NamedTuple):
    """Somebody whose bills the organisation pays."""

    id: str
    name: str
    """Empty: only payables that could not be read name it, which need not say whose they are."""
    company_name: str = ""
    """The registered name, where the platform has one beside the other."""
    email: str = ""
    contact_id: str = ""
    """The customer of the same record, where the platform keeps one record for both."""


class Payable(NamedTuple):
    """A supplier's bill on which something is owed, or a credit of which something is left."""

    id: str
    supplier: Supplier
    number: str
    """The supplier's own."""
    issued_on: date | None
    """None, as the due day: it cannot be read."""
    due_on: date | None
    """Of a bill; a credit falls due on no day."""
    currency: str
    rate: Decimal | None
    """Units of the base currency for one unit; None: the platform recorded none."""
    amount: Decimal | None
    """What is owed on a bill, or left of a credit: never below 0. None: it cannot be read, as the
    list of problems says, or the platform does not say what is left."""
    credit: CreditKind | None = None
    """None: it is a bill."""


class PayableTo(NamedTuple):
    """A payable to a supplier that is, or may be, one of the customers."""

    contact_id: str
    """The customer."""
    payable: Payable
    is_certain: bool = True
    """False: names or addresses are the same, and nobody has said that it is the same party."""
