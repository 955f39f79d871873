"""How figures are rounded: the same books give the same figures, whatever a process has set."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

PRECISION = Context(prec=28, rounding=ROUND_HALF_EVEN)
"""In which products and quotients are computed."""

_SIX_PLACES = Decimal("0.000001")


def to_six_places(amount: Decimal) -> Decimal:
    """Return a figure as it is given."""
    return amount.quantize(_SIX_PLACES, ROUND_HALF_EVEN)
