"""Money: exact decimals, rounded and shown as their currency is."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

from arsync.errors import UserMistake

ZERO = Decimal(0)

DECIMAL_PLACES_MAX = 4
"""Amounts are kept to ten-thousandths, which is what Xero's `unitdp=4` can hold."""

AMOUNT_MAX = Decimal(10) ** 14
"""Larger amounts do not fit the store's 64-bit count of ten-thousandths and are refused as odd."""

# ISO 4217's decimals, as invoices show them. A table of its own, since the core imports no Babel:
# a test compares it with CLDR, which for some currencies counts what is paid in cash instead.
_NO_MINOR_UNIT = frozenset(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split()
)
_THREE_DIGITS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
# Units of account that follow an index of prices or wages: Chile's UF, Uruguay's UP.
_FOUR_DIGITS = frozenset({"CLF", "UYW"})

_DIGITS = {
    **dict.fromkeys(_NO_MINOR_UNIT, 0),
    **dict.fromkeys(_THREE_DIGITS, 3),
    **dict.fromkeys(_FOUR_DIGITS, 4),
}


def minor_digits(currency: str) -> int:
    """Return how many decimals the currency is written with (ISO 4217), 2 when not known."""
    return _DIGITS.get(currency, 2)


_UNITS = tuple(Decimal(1).scaleb(-digits) for digits in range(DECIMAL_PLACES_MAX + 1))
"""The minor unit by how many decimals it has."""


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's minor unit, as both platforms do."""
    return amount.quantize(_UNITS[minor_digits(currency)], ROUND_HALF_UP)


def shown(amount: Decimal, currency: str) -> str:
    """Format for people: `GBP 1,940.00`."""
    return f"{currency} {bare(amount, currency)}".strip()


def bare(amount: Decimal, currency: str) -> str:
    """Format for people where the currency stands elsewhere: `1,940.00`, of yen `1,940`."""
    return f"{rounded(amount, currency):,f}"


def plain(amount: Decimal) -> str:
    """Format for JSON and CSV: a decimal string, at least two decimals, never an exponent."""
    text = str(amount)
    if text[-3:-2] == ".":
        return text  # two decimals already, as nearly all are; an exponent would stand there
    if amount == amount.to_integral_value() or amount == amount.quantize(_UNITS[2]):
        return format(amount.quantize(_UNITS[2]), "f")
    return format(amount.normalize(), "f")


def typed_amount(text: str) -> Decimal:
    """Read an amount as people write it: `1500`, `1,500.00`.

    Raises:
        UserMistake: it is not an amount above zero.
    """
    amount = Decimal(text.strip().replace(",", "")) if _TYPED.fullmatch(text.strip()) else ZERO
    if amount <= 0:
        raise UserMistake(f"{text!r} is not an amount. Write 1500 or 1,500.00.")
    return amount


_TYPED = re.compile(r"([0-9]{1,12}|[0-9]{1,3}(,[0-9]{3}){1,4})(\.[0-9]{1,2})?")
