"""A letter as plain data, ready to be set: every text is for people, nothing is computed later."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct

LEFT: Literal["left"] = "left"
RIGHT: Literal["right"] = "right"


class LetterRow(Struct, frozen=True):
    """One row of a table."""

    cells: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    """Short lines below the first cell: a reference, a disputed part."""
    link: str = ""
    """What the first cell leads to; empty: nowhere."""


class LetterSum(Struct, frozen=True):
    """One line below a table; its amount stands in the table's last column."""

    label: str
    amount: str
    strong: bool = False


class LetterTable(Struct, frozen=True):
    """A table whose head comes again on each page."""

    head: tuple[str, ...]
    alignment: tuple[Literal["left", "right"], ...]
    """One for each column. The first column takes the room that the others leave."""
    rows: tuple[LetterRow, ...] = ()
    sums: tuple[LetterSum, ...] = ()
    title: str = ""
    """Above the table; empty: none."""
    narrow: tuple[int, ...] = ()
    """The columns of short figures under long heads, which break."""
    is_even: bool = False
    """All columns are of one width."""


class LabelledLine(Struct, frozen=True):
    """A label and what it names: `Customer number`, `10482`."""

    label: str
    text: str


class LetterDocument(Struct, frozen=True, kw_only=True):
    """Everything that stands on a letter's pages."""

    moment: datetime
    """The document's own, in its metadata: the same letter at the same moment is the same file."""
    language: str
    """`en`, `de`: for screen readers, and where words are broken."""
    sender: str
    sender_lines: tuple[str, ...] = ()
    """The sender's address, line by line."""
    recipient: tuple[str, ...] = ()
    """Name and address, as they show in the envelope's window."""
    date: str = ""
    """At the top of further pages; on the first it is among the references."""
    references: tuple[LabelledLine, ...] = ()
    """The day, the customer number, the notice number, who writes and how to reach them."""
    title: str
    """What the file is called where files are listed: the message's subject."""
    subject: str
    greeting: str = ""
    opening: tuple[str, ...] = ()
    """Paragraphs; a line break inside one is kept."""
    tables: tuple[LetterTable, ...] = ()
    payment_title: str = ""
    payment: tuple[LabelledLine, ...] = ()
    """The bank account to pay into, and what to quote."""
    payment_link: str = ""
    payment_link_label: str = ""
    closing: tuple[str, ...] = ()
    enclosed: str = ""
    """What goes along, in words."""
    regards: str = ""
    signature: tuple[str, ...] = ()
    footer: str = ""
    page_words: str = "{page} / {pages}"
    """`Page {page} of {pages}` in the letter's language."""
    logo: bytes = b""
    """PNG, JPEG or SVG, as `checked_logo` let it through."""
    colour: str = "#1f2933"
    paper: Literal["a4", "us-letter"] = "a4"
    address_window: Literal["left", "right"] = "left"


def paragraphs_of(text: str, *, keeps_lines: bool = False) -> tuple[str, ...]:
    """Return the paragraphs of a text: running text flows.

    Args:
        text: paragraphs with an empty line between two.
        keeps_lines: somebody may have broken lines on purpose; a list and an address stay as they
            are.
    """
    blocks = re.split(r"\n[ \t\r]*\n", text)
    return tuple(
        _flowing(block.strip("\n").split("\n"), keeps_lines=keeps_lines)
        for block in blocks
        if block.strip()
    )


_SHORT_LINE_CHARACTERS = 60
"""Where all lines of a paragraph are shorter, somebody broke them on purpose: an address."""


def _flowing(lines: Sequence[str], *, keeps_lines: bool) -> str:
    # Not at blanks where no line may break: those inside amounts.
    plain = [re.sub(r"[ \t\r\f\v]+", " ", line).strip(" ") for line in lines]
    listed = any(line.startswith(("- ", "  ")) for line in lines)
    short = all(len(line) < _SHORT_LINE_CHARACTERS for line in lines)
    return ("\n" if keeps_lines and (listed or short) else " ").join(filter(None, plain))
