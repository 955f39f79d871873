"""How values are written in JSON, on the command line and in the API alike."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from arsync.core.ledger.money import plain

KEPT_AS_THEY_ARE = (Decimal, date, datetime)
"""msgspec would write them another way: `1E+2`, and `Z` for `+00:00`."""


def scalar_text(value: Decimal | date | datetime) -> str:
    """Return money as a plain decimal, days and moments as ISO texts."""
    return plain(value) if isinstance(value, Decimal) else value.isoformat()
