"""What a reader without amounts is shown of a sentence."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal

import pytest

from arsync.web.desk.reader_locale import ReaderLocale, without_sums


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GBP 1,250.00 of INV-12", "– of INV-12"),
        ("JPY 61,000 due", "– due"),
        ("over the limit of GBP 5,000.", "over the limit of –."),
        ("EUR\N{NO-BREAK SPACE}3.50 and £1,250", "– and –"),
        ("INV 20260 of 2026-11-30, 40 days", "INV 20260 of 2026-11-30, 40 days"),
    ],
)
def test_sums_in_a_sentence_are_left_out(text: str, shown: str) -> None:
    assert without_sums(text) == shown


def test_a_language_has_its_name() -> None:
    words = ReaderLocale.of("en-GB", zone=UTC, shows_amounts=True)
    assert words.language("de") == "German"
    assert words.language("qqq") == "qqq"


def test_money_has_the_decimals_of_its_currency() -> None:
    words = ReaderLocale.of("en-GB", zone=UTC, shows_amounts=True)
    assert words.plain_money(Decimal("1234.5"), "GBP") == "1,234.50"
    assert words.plain_money(Decimal("1234.5"), "JPY") == "1,234"
    assert words.money(Decimal(4401038), "JPY", "GBP") == "JPY\N{NO-BREAK SPACE}4,401,038"
    assert words.money(Decimal("7.1234"), "EUR", "GBP") == "EUR\N{NO-BREAK SPACE}7.1234"
    # Not a document's amount: a figure that was added up to six places.
    assert words.money(Decimal("1367.569127"), "GBP", "GBP") == "£1,367.57"
