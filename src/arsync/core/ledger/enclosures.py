"""What can go along with a message, as a rulebook's `attach` and a payload name it."""

from __future__ import annotations

from enum import StrEnum


class Enclosure(StrEnum):
    """One kind of paper."""

    INVOICE = "invoice"
    """The platform's own PDF of each invoice."""
    LETTER = "letter"
    """Our letter as a PDF."""
    STATEMENT = "statement"
    """A statement of account."""
