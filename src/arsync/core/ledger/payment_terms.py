"""Payment terms as a rulebook says them: `cash on delivery`, `14 days`, or a name."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple

CASH = "cash on delivery"

DAYS_MAX = 999
"""The longest payment terms in days; QuickBooks takes no longer ones."""

MONTH_DAY_MAX = 31


class TermsKind(StrEnum):
    """From when payment terms count."""

    AFTER_INVOICE = "days after the invoice"
    AFTER_MONTH = "days after the end of the month"
    CURRENT_MONTH = "day of the current month"
    FOLLOWING_MONTH = "day of the following month"
    NAMED = "a name of the accounting system"


class PaymentTerm(NamedTuple):
    """Payment terms, read."""

    kind: TermsKind
    days: int = 0
    """Days, or the day of the month."""
    name: str = ""
    """As the accounting system calls it, where only a name is given."""


_FORMS = (
    (TermsKind.AFTER_INVOICE, re.compile(r"(\d{1,3}) days?"), 1, DAYS_MAX),
    (
        TermsKind.AFTER_MONTH,
        re.compile(r"(\d{1,3}) days? after the end of the month"),
        1,
        MONTH_DAY_MAX,
    ),
    (
        TermsKind.CURRENT_MONTH,
        re.compile(r"day (\d{1,3}) of the current month"),
        1,
        MONTH_DAY_MAX,
    ),
    (
        TermsKind.FOLLOWING_MONTH,
        re.compile(r"day (\d{1,3}) of the following month"),
        1,
        MONTH_DAY_MAX,
    ),
)


def read_terms(text: str) -> PaymentTerm | None:
    """Return payment terms; None when a form is right and its number is not."""
    words = " ".join(text.split()).casefold()
    # An empty text is what earlier versions kept: they knew no other terms.
    if words in {"", CASH}:
        return PaymentTerm(TermsKind.AFTER_INVOICE)
    for kind, pattern, least, most in _FORMS:
        if match := pattern.fullmatch(words):
            days = int(match[1])
            return PaymentTerm(kind, days) if least <= days <= most else None
    return PaymentTerm(TermsKind.NAMED, name=" ".join(text.split()))


def terms_in_force(text: str) -> PaymentTerm:
    """Return payment terms that a rulebook was checked for."""
    terms = read_terms(text)
    assert terms is not None, f"a rulebook was read with the terms {text!r}"
    return terms
