"""Countries: what people write into an address is a code, or stays what it is."""

from __future__ import annotations

import re

import pytest

from arsync.core.ledger.countries import _NAMES, alpha_2
from arsync.core.planning.customer_locale import LANGUAGES


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("USA", "US"),
        ("us", "US"),
        ("U.K.", "GB"),
        ("Ireland", "IE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("Deutschland", "DE"),
        ("  deutschland ", "DE"),
        ("ESPAÑA", "ES"),
        ("United\n Kingdom", "GB"),
        ("ÖSTERREICH", "AT"),
        ("The Netherlands", "NL"),
        ("uk", "GB"),
    ],
)
def test_codes_and_names_are_told_by_two_letters(text: str, code: str) -> None:
    assert alpha_2(text) == code


@pytest.mark.parametrize("text", ["", "Mars", "XX", "Georgia", "D", "Gemrany", "DE-BY", "none"])
def test_an_ambiguous_country_name_stays_as_written(text: str) -> None:
    assert alpha_2(text) == text


def test_each_name_stands_for_one_country_that_exists() -> None:
    names = [
        (name.strip().casefold(), line[:2])
        for line in _NAMES.replace(",\n    ", ", ").strip().splitlines()
        for name in line[4:].split(",")
    ]
    assert all(
        re.fullmatch("[A-Z]{2}", code) and alpha_2(code.lower()) == code for _, code in names
    )
    assert len({name for name, _ in names}) == len(names)
    assert all(alpha_2(name.upper()) == code for name, code in names)


def test_countries_with_a_language_exist() -> None:
    assert {alpha_2(code.lower()) for code in LANGUAGES} == set(LANGUAGES)
