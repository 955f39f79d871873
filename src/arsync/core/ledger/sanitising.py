"""Texts from outside: names, numbers and messages that somebody else wrote.

A customer can be called anything. A line break in a name would forge a line of a log, an ESC would
command the terminal it is shown on, and U+202E would show `fdp.exe` as `exe.pdf`. So whatever comes
from outside to be shown is made one line of printable characters, once, where it comes in.
"""

from __future__ import annotations

import re

ID_CHARACTERS_MAX = 100
"""A longer id is refused as odd."""

# An id becomes part of an address or a query, where `../` or a quote would lead elsewhere.
_ID = re.compile(rf"[A-Za-z0-9_:-]{{1,{ID_CHARACTERS_MAX}}}")


def one_line(text: str) -> str:
    """Return a text as one line of printable characters; a text that is that already, as it is.

    Control characters, line breaks, marks that turn the direction of writing and blanks other than
    the plain one become a blank; blanks beside each other become one.
    """
    # Nearly every text is clean already, and a large pull has hundreds of thousands.
    return text if text.isprintable() else cleaned(text)


def cleaned(text: str) -> str:
    """Return a text as one line of printable characters, without blanks at its ends."""
    if text.isprintable():
        return " ".join(text.split())
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def is_id(text: str) -> bool:
    """Return whether a platform's id is safe in an address or a query: letters, digits, `_:-`."""
    return _ID.fullmatch(text) is not None


FILE_NAME_CHARACTERS_MAX = 100
"""A longer file name is cut, before its ending."""

# Windows and Xero forbid these in the name of an attachment; brackets would have to be encoded.
_NOT_IN_FILE_NAMES = re.compile(r'[<>:"/\\|?*+\[\]]')


def file_name(stem: str, ending: str) -> str:
    """Return a file name that is one name everywhere: no folder, no drive, no hidden file.

    Args:
        stem: any text; an invoice's number is whatever somebody typed.
        ending: with its dot, `.pdf`.
    """
    plain = _NOT_IN_FILE_NAMES.sub("-", cleaned(stem))
    room = FILE_NAME_CHARACTERS_MAX - len(ending)
    return (plain.strip(". ")[:room].rstrip(". ") or "file") + ending


_FORMULA_STARTS = frozenset("=+-@\uff1d\uff0b\uff0d\uff20")
"""Spreadsheets that work in Chinese or Japanese take the full-width signs as well."""

_BREAKS = frozenset("\t\r\n")


def no_formula(text: str) -> str:
    """Return a text for a cell of a CSV file: what a spreadsheet would calculate gets a `'`."""
    # Blanks, tabs and line breaks in front do not keep every spreadsheet from calculating.
    begins = text.lstrip()[:1]
    return f"'{text}" if begins in _FORMULA_STARTS or text[:1] in _BREAKS else text
