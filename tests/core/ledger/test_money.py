"""Money: rounded and shown as its currency is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from arsync.core.ledger.money import plain, rounded, shown


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("1940", "GBP", "GBP 1,940.00"),
        ("0.005", "GBP", "GBP 0.01"),
        ("1.5", "JPY", "JPY 2"),
        ("1.2345", "KWD", "KWD 1.235"),
        ("-5", "EUR", "EUR -5.00"),
    ],
)
def test_money_is_shown_with_its_currency(amount: str, currency: str, words: str) -> None:
    assert shown(Decimal(amount), currency) == words


@pytest.mark.parametrize(
    ("amount", "text"), [("5", "5.00"), ("1E+3", "1000.00"), ("1.2345", "1.2345"), ("0", "0.00")]
)
def test_money_in_json_is_plain(amount: str, text: str) -> None:
    assert plain(Decimal(amount)) == text


def test_half_a_minor_unit_is_rounded_up() -> None:
    assert rounded(Decimal("1.005"), "GBP") == Decimal("1.01")
