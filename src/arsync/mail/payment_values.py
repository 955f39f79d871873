"""How a customer can pay, as a letter says it: bank details, a link, and what to quote."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from arsync.core.ledger.money import ZERO, rounded
from arsync.mail.language import Language
from arsync.mail.letter_facts import SenderDetails
from arsync.mail.web_links import filled_link

REFERENCE_CHARACTERS_MAX = 140
"""What a SEPA transfer has room for; a longer list of numbers is cut at a number."""


class BankLine(NamedTuple):
    """One line of the bank details."""

    label: str
    """In the letter's language."""
    value: str


class AskedFor(NamedTuple):
    """What a letter asks for on one invoice."""

    number: str
    amount: Decimal
    currency: str


def payment_values(
    asked: Sequence[AskedFor],
    sender: SenderDetails,
    *,
    holder: str,
    customer_number: str,
    spoken: Language,
    country: str = "",
) -> dict[str, Any]:
    """Return the bank details, the payment link and the payment reference of a letter.

    Args:
        asked: the invoices.
        sender: the settings.
        holder: the organisation, whose account it is where the settings name nobody.
        customer_number: the customer's; empty where it has none.
        spoken: the letters' language.
        country: the organisation's, ISO 3166: whose banks have a number with a name of its own.
    """
    reference = payment_reference([line.number for line in asked], customer_number)
    bank = sender.bank
    values = {
        "holder": bank.holder or holder,
        "name": bank.name,
        "iban": bank.iban,
        "bic": bank.bic,
        "sort_code": bank.sort_code,
        "account_number": bank.account_number,
    }
    lines = {**values, "reference": reference} if bank.is_set else {}
    return {
        "bank": values if bank.is_set else {},
        "bank_lines": tuple(
            BankLine(_label(name, spoken, country), value) for name, value in lines.items() if value
        ),
        "payment_reference": reference,
        "payment_link": _link(asked, sender.payment_link, customer_number),
    }


_BANK_NUMBERS = {"AU": "BSB", "CA": "Transit number", "US": "Routing number"}
"""By country, what the number of a bank is called there, in whatever language; else a sort code."""


def _label(name: str, spoken: Language, country: str) -> str:
    if name == "sort_code" and country in _BANK_NUMBERS:
        return _BANK_NUMBERS[country]
    return spoken.words[_LABELS.get(name, name)]


_LABELS = {"holder": "account_holder", "name": "bank", "reference": "payment_reference"}
"""Whose word in a language's table has another name."""


def payment_reference(numbers: Sequence[str], customer_number: str) -> str:
    """Return what the customer quotes when paying: what the bookkeeper finds the invoices by."""
    if len(numbers) != 1 and customer_number:
        return customer_number
    reference = ""
    for number in numbers:
        longer = f"{reference}, {number}" if reference else number
        if len(longer) > REFERENCE_CHARACTERS_MAX:
            break
        reference = longer
    return reference


def _link(asked: Sequence[AskedFor], link: str, customer_number: str) -> str:
    """Return the link for a whole letter; empty where it would have to name several invoices."""
    several = len(asked) != 1
    if several and "{invoice}" in link:
        return ""
    if "{amount}" in link and len({line.currency for line in asked}) != 1:
        return ""
    total = sum((line.amount for line in asked), ZERO)
    currency = asked[0].currency if asked else ""
    return _filled(
        link, AskedFor("" if several else asked[0].number, total, currency), customer_number
    )


def pay_links(asked: Sequence[AskedFor], link: str, customer_number: str) -> tuple[str, ...]:
    """Return where each of several invoices is paid; empty where the letter's own link does."""
    if len(asked) < 2 or "{invoice}" not in link:
        return ("",) * len(asked)
    return tuple(_filled(link, line, customer_number) for line in asked)


def _filled(link: str, asked: AskedFor, customer_number: str) -> str:
    amount = f"{rounded(asked.amount, asked.currency):f}" if asked.currency else ""
    values = {"invoice": asked.number, "customer_number": customer_number, "amount": amount}
    return filled_link(link, values)
