"""A statement of debts as PDF: whose they are, a table, and what they come to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from arsync.mail.pdf import FONT_FILES, font_for


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


TEXT_COLUMNS = 3


def statement_pdf(
    statement: Statement, *, now: datetime, fonts: Sequence[Path] = FONT_FILES
) -> bytes:
    """Return a statement as a PDF; the same statement at the same moment gives the same bytes.

    Args:
        statement: what it says.
        now: the document's moment.
        fonts: where to look for fonts.

    Raises:
        UserMistake: a text needs a font that the computer lacks.
    """
    from fpdf import (
        FPDF,
        FontFace,
    )  # a third of a second: only a process that prints should wait for it

    pdf = FPDF(format="A4")
    pdf.set_creation_date(now)
    pdf.set_margin(20)
    pdf.set_auto_page_break(True, margin=20)
    pdf.set_title(statement.title)
    pdf.set_author(statement.sender)
    pdf.set_creator("arsync")
    pdf.add_page()
    head = (statement.sender, statement.customer, statement.dated, statement.title)
    cells = tuple(cell for row in (statement.columns, *statement.rows) for cell in row)
    closing = (*statement.totals, *statement.remarks)
    family, written = font_for(pdf, (*head, *cells, *closing), fonts)
    for text, size, gap in zip(written[:4], (15, 11, 11, 13), (6, 1, 6, 4), strict=True):
        pdf.set_font(family, size=size)
        pdf.multi_cell(0, 6, text, align="L", new_x="LMARGIN", new_y="NEXT")
        pdf.ln(gap)
    pdf.set_font(family, size=9)
    width = len(statement.columns)
    table_cells = written[len(head) : len(head) + len(cells)]
    align = ("LEFT",) * TEXT_COLUMNS + ("RIGHT",) * (width - TEXT_COLUMNS)
    # The head comes again on each page; bold would need another font file.
    with pdf.table(
        text_align=align,
        line_height=6,
        borders_layout="HORIZONTAL_LINES",
        headings_style=FontFace(fill_color=(235, 235, 235)),
    ) as table:
        for first in range(0, len(table_cells), width):
            line = table.row()
            for cell in table_cells[first : first + width]:
                line.cell(cell)
    pdf.ln(4)
    count = len(statement.totals)
    for index, text in enumerate(written[len(head) + len(cells) :]):
        pdf.set_font(family, size=11 if index < count else 9)
        pdf.multi_cell(0, 6, text, align="L", new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())
