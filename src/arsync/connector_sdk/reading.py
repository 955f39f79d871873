"""Help for turning a platform's documents into records: missing and odd fields are named.

A connector's `records` take each field through these functions. A field that cannot be taken as it
is raises `UnusableField`, and the document becomes a `DocumentProblem`: never a default, never a
guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from msgspec.structs import replace

from arsync.connector_sdk.contract import INVOICE_PDF_BYTES_MAX, PlatformNote
from arsync.core.ledger.business_days import is_in_range
from arsync.core.ledger.money import AMOUNT_MAX, DECIMAL_PLACES_MAX
from arsync.core.ledger.records import DocumentProblem, Phone, RecordKind
from arsync.core.ledger.sanitising import ID_CHARACTERS_MAX, cleaned, is_id, one_line
from arsync.errors import Rejected, RetryLater

CODE_LETTERS = 3
"""Of a currency (ISO 4217)."""

NO_CURRENCIES = frozenset({"XTS", "XXX"})
"""ISO 4217's codes for tests and for no currency at all: no debt is in them."""

_SMALLEST = Decimal(1).scaleb(-DECIMAL_PLACES_MAX)

T = TypeVar("T")


class UnusableField(Exception):
    """A field that cannot be taken. Carries the reason to where the document is named."""


def required(value: T | None, name: str) -> T:
    """Return a value that is required: neither absent nor an empty text."""
    if value is None or value == "":
        raise UnusableField(f"{name} is missing")
    return value


def record_id(text: str | None, name: str) -> str:
    """Return an id that is required."""
    return optional_id(required(text, name), name)


def optional_id(text: str, name: str) -> str:
    """Return an id that may stand in an address and in a query, or an empty one."""
    # An id goes into paths and selects: one that could end them early is refused here.
    if text and not is_id(text):
        raise UnusableField(f"{name} is no id: {text[:ID_CHARACTERS_MAX]!r}")
    return text


PHONES_MAX = 6
"""So many telephone numbers of a contact are kept; Xero has five kinds, QuickBooks four."""
PEOPLE_MAX = 6
"""So many names of people of a contact are kept: the main one and Xero's five further ones."""
PHONE_CHARACTERS_MAX = 100
"""A longer number is left out: a part of it would reach somebody else. Xero's has 82 at most."""
PERSON_CHARACTERS_MAX = 200
"""A longer name of a person is left out."""


def phone(kind: str, *parts: str | None, country_code: str | None = None) -> Phone | None:
    """Return a telephone number of its parts; None when there is none, or no usable one.

    Args:
        kind: see `Phone.kind`.
        parts: of the number, in their order.
        country_code: of the country, which is dialled after a plus sign (ITU-T E.123).
    """
    code = cleaned(country_code or "")
    if code.isdecimal() and not code.startswith("00"):
        code = f"+{code}"
    local = [text for text in (cleaned(piece or "") for piece in parts) if text]
    number = " ".join([code, *local] if code else local)
    if not local or len(number) > PHONE_CHARACTERS_MAX:
        return None
    return Phone(number, kind)


def phones(numbers: Iterable[Phone | None]) -> tuple[Phone, ...]:
    """Return the numbers that there are, each once, in their order."""
    by_number = {number.number: number for number in reversed([*filter(None, numbers)])}
    return tuple(reversed(by_number.values()))[:PHONES_MAX]


def people(names: Iterable[tuple[str | None, str | None]]) -> tuple[str, ...]:
    """Return people's names, each once, in their order, of their first and last names."""
    full = (cleaned(f"{first or ''} {last or ''}") for first, last in names)
    return tuple(
        dict.fromkeys(name for name in full if name and len(name) <= PERSON_CHARACTERS_MAX)
    )[:PEOPLE_MAX]


def is_money(amount: Decimal) -> bool:
    """Say whether an amount can be kept exactly: finite, in bounds, without too many decimals."""
    return amount.is_finite() and abs(amount) < AMOUNT_MAX and not amount % _SMALLEST


def money(amount: Decimal | None, name: str) -> Decimal:
    """Return an amount that is required, exactly as it was sent."""
    amount = required(amount, name)
    if is_money(amount):
        return amount
    if not amount.is_finite() or abs(amount) >= AMOUNT_MAX:
        raise UnusableField(f"{name} is out of range: {amount}")
    # Rounded, it would no longer be what the platform says is owed.
    raise UnusableField(f"{name} has more than {DECIMAL_PLACES_MAX} decimals: {amount}")


def one_of(word: str | None, meanings: Mapping[str, T], name: str) -> T:
    """Return the meaning of a platform's word; the meaning of an unknown word is not guessed."""
    # A new status read as "open" would send letters, read as "paid" would forget a debt.
    word = required(word, name)
    if word not in meanings:
        raise UnusableField(f"unknown {name} {word!r}")
    return meanings[word]


# A ledger has few different days and many documents.
@lru_cache(maxsize=4096)
def iso_day(text: str) -> date | None:
    """Return the day of a text in ISO form; None for any other text."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def day(text: str | None, name: str) -> date:
    """Return a day that is required, from its ISO form."""
    parsed = iso_day(required(text, name))
    if parsed is None:
        raise UnusableField(f"{name} is not a day: {text!r}")
    return in_range(parsed, name)


def in_range(parsed: date, name: str) -> date:
    """Return a day that decides what is due, if it can be meant."""
    # Taken as it is, 0001-01-01 would be chased as two thousand years overdue.
    if not is_in_range(parsed):
        raise UnusableField(f"{name} is out of range: {parsed.isoformat()}")
    return parsed


def with_worth(outcome: T, amount: Decimal | None, currency: str | None) -> T:
    """Return what became of a document; of a problem, with what totals lack without it.

    Args:
        outcome: the record, or the problem.
        amount: what is due on the document, or left of it, as it was sent.
        currency: its code, as it was sent.
    """
    if not isinstance(outcome, DocumentProblem) or amount is None or not is_money(amount):
        return outcome
    code = one_line(currency or "")
    return replace(outcome, amount=amount, currency=code if len(code) == CODE_LETTERS else "")


def document_problem(
    kind: RecordKind | str,
    document_id: str | None,
    number: str | None,
    message: str,
    whose: tuple[str, tuple[str, ...]] = ("", ()),
) -> DocumentProblem:
    """Name a document that cannot be taken, for people.

    Args:
        kind: the kind of record that it would have become.
        document_id: its id at the platform, if it has one.
        number: its number or name, for people.
        message: the reason.
        whose: the contact it belongs to, and the invoices that it names.
    """
    contact_id, invoice_ids = whose
    return DocumentProblem(
        str(kind),
        one_line(document_id or ""),
        one_line(number or ""),
        one_line(message),
        one_line(contact_id),
        invoice_ids,
    )


_PDF_BEGINS = b"%PDF-"
_PDF_ENDS = b"%%EOF"
_PDF_END_BYTES = 1024
"""Within so many bytes of its end a PDF says that it ends (ISO 32000, annex H)."""


def whole_pdf(body: bytes, label: str) -> bytes:
    """Return a platform's PDF of an invoice if it is one, whole and of a size that can be sent.

    Args:
        body: the platform's answer.
        label: the platform's name.

    Raises:
        Rejected: it is too large. RetryLater: it is no PDF, or not all of one.
    """
    if not body.startswith(_PDF_BEGINS):
        raise RetryLater(f"{label} answered with no PDF when it was asked for an invoice's.")
    if _PDF_ENDS not in body[-_PDF_END_BYTES:]:
        raise RetryLater(f"{label} answered with a part of an invoice's PDF.")
    if len(body) > INVOICE_PDF_BYTES_MAX:
        raise Rejected(
            f"{label}'s PDF of the invoice has {len(body):,} bytes;"
            f" no more than {INVOICE_PDF_BYTES_MAX:,} can be sent."
        )
    return body


NOTE_TEXT_MAX = 4_000
"""A longer note is shown cut off."""

_MARKER = re.compile(r"\[arsync:([0-9a-f]{16})\]")


def platform_note(text: str, at: datetime | None, by: str, invoice_id: str) -> PlatformNote:
    """Return a note as it is shown: on one line, its marker taken out as its key."""
    marker = _MARKER.search(text)
    key = marker.group(1) if marker else ""
    line = cleaned(_MARKER.sub("", text))
    if len(line) > NOTE_TEXT_MAX:
        line = line[: NOTE_TEXT_MAX - 1].rstrip() + "…"
    return PlatformNote(line, at, cleaned(by), invoice_id, key)
