"""What a setting's value must be besides a text: addresses, bank details, pictures, places to fill.

Wrong ones are refused when they are read: a wrong IBAN in a letter is money that goes astray.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Collection, Mapping
from email.utils import parseaddr
from pathlib import Path
from urllib.parse import urlsplit

from arsync.core.ledger.bank_account import iban_problem
from arsync.core.ledger.mail_addresses import is_address

LOGO_BYTES_MAX = 1_000_000
"""A larger picture would stand in every letter."""

SVG_HEAD_BYTES = 1_000
"""An SVG says so within its first bytes."""

PAYMENT_LINK_PLACES = ("invoice", "customer_number", "amount")
NOTICE_NUMBER_PLACES = ("year", "number")

Check = Callable[[str, Path], str]
"""Takes a value and the folder that paths are relative to; returns what is wrong, or nothing."""


def wrong_value(section: str, key: str, value: str, folder: Path) -> str:
    """Return what is wrong with a setting's text, as it follows its name; empty: nothing."""
    check = _CHECKS.get((section, key))
    # An empty setting is one that is not set.
    return check(value, folder) if check is not None and value else ""


def _iban(value: str, _: Path) -> str:
    if not iban_problem(value):
        return ""
    return (
        f" is {value!r}, which is no IBAN: its form or its check digits are wrong."
        "\n    hint: copy it from a statement of the bank; without an IBAN use sort_code and"
        " account_number"
    )


def _bic(value: str, _: Path) -> str:
    if re.fullmatch(r"[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?", value):
        return ""
    return f" is {value!r}; a BIC has 8 or 11 capital letters and digits.\n    hint: DEUTDEFF500"


def _sender(value: str, _: Path) -> str:
    if is_address(parseaddr(" ".join(value.split()))[1]):
        return ""
    return (
        f" is {value!r}; it must hold a mail address."
        '\n    hint: sender = "Accounts <accounts@example.com>"'
    )


def _address(value: str, _: Path) -> str:
    if is_address(value.strip()):
        return ""
    return f" is {value!r}; it must be a mail address.\n    hint: accounts@example.com"


def _selector(value: str, _: Path) -> str:
    if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?", value):
        return ""
    return f" is {value!r}; it must be a name of DNS.\n    hint: s1, or google, as published"


def _payment_link(value: str, _: Path) -> str:
    link = urlsplit(value)
    if link.scheme not in {"https", "http"} or not link.netloc:
        hint = '"https://pay.example.com/{invoice}"'
        return f" is {value!r}; it must begin with https://.\n    hint: payment_link = {hint}"
    return _places(value, PAYMENT_LINK_PLACES)


def _notice_number(value: str, _: Path) -> str:
    wrong = _places(value, NOTICE_NUMBER_PLACES)
    if not wrong and "{number}" not in value:
        return f' is {value!r} and lacks {{number}}.\n    hint: notice_number = "N-{{number}}"'
    return wrong


def _places(value: str, known: Collection[str]) -> str:
    """Return which places to fill are unknown, or written so that nothing could fill them."""
    names = ", ".join(f"{{{name}}}" for name in known)
    try:
        fields = list(string.Formatter().parse(value))
    except ValueError:
        return f" is {value!r}: a brace is not closed.\n    hint: filled in are {names}"
    for _, name, form, conversion in fields:
        if name is not None and (name not in known or form or conversion):
            return f" is {value!r}; {{{name}}} is not known.\n    hint: filled in are {names}"
    return ""


def _logo(value: str, folder: Path) -> str:
    file = folder / Path(value).expanduser()
    try:
        size = file.stat().st_size
        with file.open("rb") as picture:
            head = picture.read(SVG_HEAD_BYTES)
    except OSError as error:
        return f": {file} cannot be read: {error.strerror}.\n    hint: a PNG, JPEG or SVG file"
    if size > LOGO_BYTES_MAX:
        return (
            f": {file} has {size:,} bytes; at most {LOGO_BYTES_MAX:,} are taken."
            "\n    hint: save it smaller, 600 dots wide are plenty"
        )
    if not (head.startswith((b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff")) or b"<svg" in head):
        return f": {file} is no picture that letters can bear.\n    hint: a PNG, JPEG or SVG file"
    return ""


def _posted_to(value: str, _: Path) -> str:
    address = urlsplit(value)
    here = address.hostname in {"localhost", "127.0.0.1", "::1"}
    if address.hostname and (address.scheme == "https" or (address.scheme == "http" and here)):
        return ""
    return (
        f" is {value!r}; it must begin with https://."
        '\n    hint: webhook = "https://example.com/alerts"'
    )


_CHECKS: Mapping[tuple[str, str], Check] = {
    ("runs", "notify"): _address,
    ("smtp", "sender"): _sender,
    ("smtp", "reply_to"): _sender,
    ("smtp", "copy_to"): _address,
    ("smtp", "dkim_selector"): _selector,
    ("letters", "email"): _address,
    ("letters", "iban"): _iban,
    ("letters", "bic"): _bic,
    ("letters", "payment_link"): _payment_link,
    ("letters", "notice_number"): _notice_number,
    ("letters", "logo"): _logo,
    ("alerts", "webhook"): _posted_to,
}
