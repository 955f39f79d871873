"""Tables that the core keeps, since it imports no Babel, hold against the data of CLDR."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from babel.core import Locale, get_global
from babel.localedata import locale_identifiers
from babel.numbers import get_currency_precision, list_currencies

from arsync.core.ledger.countries import _ALPHA_2, _BY_NAME
from arsync.core.ledger.money import minor_digits, shown

PAID_WITHOUT_DECIMALS = frozenset(
    "AFN ALL COP HUF IDR IRR KPW LAK LBP MGA MMK SOS SYP YER SLL STD MRO".split()
)
"""ISO 4217 gives them two decimals, and invoices show them; CLDR counts what is paid in cash."""

NOT_IN_USE = frozenset("ADP BYR ESP ITL LUF MGF TMM TRL ZMK ZWD".split())
"""Withdrawn from ISO 4217; CLDR goes by their last days. Two decimals lose nothing."""


@pytest.mark.parametrize("currency", sorted(list_currencies()))
def test_each_currency_has_the_decimals_of_cldr(currency: str) -> None:
    ours, cldr = minor_digits(currency), get_currency_precision(currency)
    if currency in PAID_WITHOUT_DECIMALS | NOT_IN_USE:
        assert (ours, cldr) == (2, 0)
    elif currency == "IQD":  # thousandths by ISO 4217, none in cash
        assert (ours, cldr) == (3, 0)
    else:
        assert ours == cldr


def test_each_code_of_three_letters_is_cldrs() -> None:
    cldr = {code: stands_for[0] for code, stands_for in get_global("territory_aliases").items()}
    assert {code: cldr.get(code) for code in _ALPHA_2} == _ALPHA_2


def test_each_country_of_cldr_has_its_codes() -> None:
    no_countries = {
        *("EU", "EZ", "UN", "ZZ", "XA", "XB", "QO"),  # unions, unknown, tests, outlying Oceania
        *("AC", "TA", "CP", "CQ", "DG", "EA", "IC"),  # parts of countries
    }
    named = {str(code) for code in Locale("en").territories if re.fullmatch("[A-Z]{2}", str(code))}
    assert named - no_countries == set(_ALPHA_2.values())


def test_no_name_means_another_country_in_any_language() -> None:
    meanings: dict[str, set[str]] = {}
    for language in {identifier.partition("_")[0] for identifier in locale_identifiers()}:
        for code, name in Locale.parse(language).territories.items():
            if code.isalpha():
                meanings.setdefault(name.casefold(), set()).add(code)
    wrong = {
        name: meanings[name]
        for name, code in _BY_NAME.items()
        if name in meanings and meanings[name] != {code}
    }
    assert wrong == {}


def test_each_named_country_is_known_by_its_english_name() -> None:
    english = Locale("en").territories
    unknown = {code for code in _BY_NAME.values() if _BY_NAME.get(english[code].casefold()) != code}
    assert unknown == {"HK"}, "CLDR's `Hong Kong SAR China` stands in no address"


@pytest.mark.parametrize(("currency", "text"), [("CLF", "CLF 38.2745"), ("UYW", "UYW 38.2745")])
def test_units_of_account_keep_four_decimals(currency: str, text: str) -> None:
    assert minor_digits(currency) == 4
    assert shown(Decimal("38.27451"), currency) == text
