"""The bar of a debt's age, as parts of a hundred; the table behind it has the sums."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from arsync.application.desk.customer_figures import Age
from arsync.translation import ReaderText

WIDTH = 1_000
"""In the units of the drawing."""

NAMES = {
    "current": ReaderText("Not due"),
    "1-30": ReaderText("1 – 30 days"),
    "31-60": "31 – 60",
    "61-90": "61 – 90",
    "90+": ReaderText("Over 90"),
}


class AgePiece(NamedTuple):
    """One piece of the bar."""

    name: str
    place: int
    """0 is not due, 4 the oldest."""
    amount: Decimal
    start: int
    width: int
    percent: int


def age_bar(ages: Sequence[Age]) -> tuple[AgePiece, ...]:
    """Return the pieces, the youngest first; nothing where nothing is owed."""
    total = sum((age.amount for age in ages), Decimal(0))
    if total <= 0:
        return ()
    pieces: list[AgePiece] = []
    so_far = Decimal(0)
    for place, age in enumerate(ages):
        start = int(so_far * WIDTH / total)
        so_far += age.amount
        width = int(so_far * WIDTH / total) - start
        share = int((age.amount * 100 / total).to_integral_value())
        pieces.append(AgePiece(NAMES[age.name], place, age.amount, start, width, share))
    return tuple(pieces)
