"""A statement of debts as PDF: whose they are, a table, and what they come to."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from arsync.mail.language import DEFAULT_LANGUAGE, language
from arsync.mail.typesetting import (
    LEFT,
    RIGHT,
    LetterDocument,
    LetterRow,
    LetterTable,
    in_window,
    typeset,
)


class Statement(NamedTuple):
    """What a statement says; every text is ready for people."""

    title: str
    sender: str
    customer: str
    dated: str
    columns: tuple[str, ...]
    """The heads of the table; the first three columns are texts, the others are amounts."""
    rows: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]
    """One line each, below the table."""
    remarks: tuple[str, ...] = ()
    sender_lines: tuple[str, ...] = ()
    """The sender's address."""
    customer_lines: tuple[str, ...] = ()
    """The customer's address."""


TEXT_COLUMNS = 3


def statement_pdf(statement: Statement, *, now: datetime, system_fonts: bool = True) -> bytes:
    """Return a statement as a PDF; the same statement at the same moment gives the same bytes.

    Args:
        statement: what it says.
        now: the document's moment.
        system_fonts: look for characters that arsync's fonts lack in those of this computer.

    Raises:
        UserMistake: a text needs a font that the computer lacks.
    """
    amounts = len(statement.columns) - TEXT_COLUMNS
    table = LetterTable(
        head=statement.columns,
        alignment=(LEFT,) * TEXT_COLUMNS + (RIGHT,) * amounts,
        rows=tuple(LetterRow(row) for row in statement.rows),
    )
    document = LetterDocument(
        moment=now,
        language=DEFAULT_LANGUAGE,
        sender=statement.sender,
        sender_lines=statement.sender_lines,
        recipient=in_window((statement.customer, *statement.customer_lines)),
        date=statement.dated,
        opening=(statement.dated,),
        title=f"{statement.title}: {statement.customer}",
        subject=statement.title,
        tables=(table,),
        closing=("\n".join(statement.totals), *statement.remarks),
        page_words=language(DEFAULT_LANGUAGE).words["page"],
    )
    return typeset(document, system_fonts=system_fonts)
