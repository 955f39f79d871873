"""The kinds of credit, of customers and of suppliers alike."""

from __future__ import annotations

from enum import StrEnum


class CreditKind(StrEnum):
    """What kind of unapplied cash a credit is."""

    CREDIT_NOTE = "credit note"
    PREPAYMENT = "prepayment"
    OVERPAYMENT = "overpayment"
