"""What a customer reads: days and amounts as business letters of each language write them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal

from arsync.mail import language, languages

MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "en": "January February March April May June July August September October November December",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre"
    " diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre"
    " dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
DAYS = {
    "de": ("1. {}", "22. {}", " 2026"),
    "en": ("1 {}", "22 {}", " 2026"),
    "es": ("1 de {}", "22 de {}", " de 2026"),
    "fr": ("1er {}", "22 {}", " 2026"),
    "it": ("1º {}", "22 {}", " 2026"),
    "nl": ("1 {}", "22 {}", " 2026"),
}

AMOUNTS = [
    ("0", "EUR", "0.00"),
    ("0.005", "EUR", "0.01"),
    ("-12.5", "GBP", "-12.50"),
    ("999.995", "EUR", "1,000.00"),
    ("1940", "EUR", "1,940.00"),
    ("1234567.895", "USD", "1,234,567.90"),
    ("99999999999999.9999", "EUR", "100,000,000,000,000.00"),
    ("1234.5", "JPY", "1,235"),
    ("250000", "HUF", "250,000.00"),
    ("1234.5675", "KWD", "1,234.568"),
]
"""Amount, currency, and how English writes the number."""

SIGNS = {
    "de": (".", ","),
    "en": (",", "."),
    "es": (".", ","),
    "fr": ("\u00a0", ","),
    "it": (".", ","),
    "nl": (".", ","),
}
"""Between thousands, and before the decimals."""


@pytest.mark.parametrize("code", languages())
def test_each_month_is_written_as_the_language_writes_it(code: str) -> None:
    first, later, year = DAYS[code]
    spoken = language(code)
    for number, month in enumerate(MONTHS[code].split(), start=1):
        assert spoken.day(date(2026, number, 1)) == first.format(month) + year
        assert spoken.day(date(2026, number, 22)) == later.format(month) + year


@pytest.mark.parametrize("code", languages())
@pytest.mark.parametrize(("amount", "currency", "english"), AMOUNTS)
def test_each_amount_is_written_as_the_language_writes_it(
    code: str, amount: str, currency: str, english: str
) -> None:
    group, decimal = SIGNS[code]
    number = english.translate(str.maketrans(",.", group + decimal))
    expected = f"{currency} {number}" if code == "en" else f"{number}\u00a0{currency}"
    assert language(code).amount(Decimal(amount), currency) == expected


def test_an_amount_without_a_currency_is_a_number_alone() -> None:
    assert language("de").amount(Decimal(1940), "") == "1.940,00"


def test_where_letters_depart_from_cldr_it_is_known() -> None:
    """If CLDR comes to write these as letters do, the exception in the code can go."""
    day = date(2026, 3, 1)
    assert format_date(day, "long", "fr") == "1 mars 2026", "French wants 1er"
    assert format_date(day, "long", "it") == "1 marzo 2026", "Italian wants 1º"
    assert format_decimal(1940, locale="fr") == "1\u202f940", "the PDF's font has no such space"
    for code in languages():
        assert format_date(day, "long", language(code).locale).startswith("1")
