"""Values of reports as JSON holds them: no place is lost, and nothing else is changed."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from msgspec import Struct

from arsync.application.json_values import scalar_text, six_places


class Figure(Struct, frozen=True):
    amount: Decimal
    on: date
    parts: tuple[Decimal | None, ...] = ()


def test_decimals_are_texts_with_six_places() -> None:
    figure = Figure(Decimal("1E+3"), date(2026, 11, 30), (Decimal("0.1234567"), None))
    assert six_places({"figure": figure, "held": 3, "known": False}) == {
        "figure": {
            "amount": "1000.000000",
            "on": date(2026, 11, 30),
            "parts": ["0.123457", None],
        },
        "held": 3,
        "known": False,
    }


def test_money_is_plain() -> None:
    assert scalar_text(Decimal("1E+2")) == "100.00"
    assert scalar_text(date(2026, 11, 30)) == "2026-11-30"
