"""How values are written in JSON, on the command line and in the API alike."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from msgspec import to_builtins

from arsync.core.ledger.money import plain

KEPT_AS_THEY_ARE = (Decimal, date, datetime)
"""msgspec would write them another way: `1E+2`, and `Z` for `+00:00`."""


def scalar_text(value: Decimal | date | datetime) -> str:
    """Return money as a plain decimal, days and moments as ISO texts."""
    return plain(value) if isinstance(value, Decimal) else value.isoformat()


def six_places(value: Any) -> Any:
    """Return a report's value as JSON holds it: all decimals as texts with six places."""
    # As texts: a reader that takes numbers for floats must not lose a place.
    return _with_texts(to_builtins(value, builtin_types=KEPT_AS_THEY_ARE))


def _with_texts(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:.6f}"
    if isinstance(value, dict):
        return {name: _with_texts(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_with_texts(inner) for inner in value]
    return value
