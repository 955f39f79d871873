"""What a letter can say besides invoices: a hold, a limit, an agency, a payment, an applicant."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from arsync.core.ledger.sanitising import cleaned
from arsync.mail.language import Language

ABOUT = (
    "held_since",
    "limit_before",
    "limit_after",
    "agency",
    "amount_paid",
    "paid_on",
    "applicant",
    "reference_kind",
    "limit_asked",
    "consented_on",
    "asked_on",
)
"""What a letter about the account, or to a reference, can be told; each is empty in all others."""


def account_values(about: Mapping[str, Any], spoken: Language) -> dict[str, str]:
    """Return what a letter about the account was told, ready for people.

    Args:
        about: by name, a text, a day, or an amount and its currency.
        spoken: the letters' language.

    Raises:
        KeyError: a name that no letter knows: that is a mistake in the code that told it.
    """
    unknown = sorted(set(about) - set(ABOUT))
    if unknown:
        raise KeyError(f"no letter says {', '.join(unknown)}")
    return {name: _shown(about.get(name), spoken) for name in ABOUT}


def _shown(value: Any, spoken: Language) -> str:
    if value is None:
        return ""
    if isinstance(value, date):
        return spoken.day(value)
    if isinstance(value, tuple):
        amount, currency = value
        return spoken.amount(amount, currency)
    return cleaned(str(value))
