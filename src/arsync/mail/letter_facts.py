"""What a letter is told besides its action and the customer's records."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, NamedTuple

from arsync.config.typed_settings import LettersSettings
from arsync.core.ledger.bank_account import grouped_iban
from arsync.core.ledger.late_payment_law import LatePayment
from arsync.core.ledger.sanitising import cleaned
from arsync.core.ledger.statement_of_account import StatementOfAccount
from arsync.mail.colours import INK

ADDRESS_LINES_MAX = 8
"""An address of more lines is cut: it has to fit an envelope's window."""

LOGO_IN_HTML = "cid:logo"
"""Stands in a letter's HTML for the logo, until it is put in: it is larger than any letter."""

_NO_LINKS: Mapping[str, str] = MappingProxyType({})
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class BankDetails(NamedTuple):
    """The account on which money is to come, as letters show it; empty where it is not set."""

    holder: str = ""
    """Empty: the organisation."""
    name: str = ""
    """The bank's."""
    iban: str = ""
    """In groups of four."""
    bic: str = ""
    sort_code: str = ""
    account_number: str = ""

    @property
    def is_set(self) -> bool:
        """Return whether a customer could pay with it."""
        return bool(self.iban or self.account_number)


class SenderDetails(NamedTuple):
    """What the settings say of the sender; what is empty is as the accounting system says it."""

    address: tuple[str, ...] = ()
    phone: str = ""
    email: str = ""
    signed_by: str = ""
    bank: BankDetails = BankDetails()
    payment_link: str = ""
    """With placeholders."""
    colour: str = INK
    """Of headings, lines and links."""
    logo_size: tuple[int, int] = (0, 0)
    """Its width and height in a mail, in pixels; zeros: there is none."""


class EarlierLetter(NamedTuple):
    """A letter that the customer got before."""

    name: str
    """Of its text."""
    day: date
    """The organisation's day on which it left."""
    via: str = ""


class LetterFacts(NamedTuple):
    """All that a letter can say and that neither its action nor the customer's records tell."""

    links: Mapping[str, str] = _NO_LINKS
    """The customer's online view by invoice id, where the record has none."""
    law: LatePayment | None = None
    """What the law gives for late payment, from the rulebook."""
    sender: SenderDetails = SenderDetails()
    earlier_letters: tuple[EarlierLetter, ...] = ()
    """What this customer got, the oldest first; a letter names only those about its invoices."""
    answers_to: str = ""
    """The address to which the customer answers; empty: none is set."""
    personal_line: str = ""
    """What a person put above this one letter's text; empty: nothing."""
    notice_number: str = ""
    """The running number of a formal letter; empty: it bears none."""
    attachments: tuple[str, ...] = ()
    """What goes along, of `invoice`, `letter`, `statement`: what is not there is not enclosed."""
    online_instead: tuple[str, ...] = ()
    """The numbers of invoices that were to go along, do not fit, and can be seen by their link."""
    terms: tuple[str, ...] = ()
    """What happens when somebody pays late, a sentence each, in the letter's language."""
    statement: StatementOfAccount | None = None
    about: Mapping[str, Any] = _NOTHING
    """Of a letter about the account, by the names of `account_values.ABOUT`: texts, days, and
    pairs of an amount and its currency."""


def sender_details(settings: LettersSettings, logo_size: tuple[int, int] = (0, 0)) -> SenderDetails:
    """Return what `[letters]` says of the sender."""
    return SenderDetails(
        address=address_lines(settings.address),
        phone=cleaned(settings.phone),
        email=cleaned(settings.email),
        signed_by=cleaned(settings.signed_by),
        bank=BankDetails(
            holder=cleaned(settings.account_name),
            name=cleaned(settings.bank),
            iban=grouped_iban(settings.iban),
            bic=cleaned(settings.bic),
            sort_code=cleaned(settings.sort_code),
            account_number=cleaned(settings.account_number),
        ),
        payment_link=cleaned(settings.payment_link),
        colour=settings.colour,
        logo_size=logo_size,
    )


def address_lines(text: str) -> tuple[str, ...]:
    """Return the lines of an address; a semicolon ends one too, where a line break cannot stand."""
    return clean_lines(re.split(r"[\r\n;]+", text))


def clean_lines(lines: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Return the lines of an address that say something, fit for a letter."""
    return tuple(filter(None, map(cleaned, lines)))[:ADDRESS_LINES_MAX]
