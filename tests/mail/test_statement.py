"""A statement as PDF: the same bytes each time, and every row of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.builders.pdf_pages import page_texts

from arsync.errors import UserMistake
from arsync.mail import Statement, statement_pdf

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
LINE = ("INV-1", "2026-07-18", "2026-08-17", "GBP 800.00")


def a_statement(rows: int = 1, customer: str = "Ridgeway Ltd") -> Statement:
    return Statement(
        "Statement of debts",
        "Example Ltd",
        customer,
        "As of 2026-11-20",
        ("Invoice", "Issued", "Due", "Claimed"),
        (LINE,) * rows,
        ("Claimed in all: GBP 800.00",),
    )


def test_the_same_statement_is_the_same_file() -> None:
    assert statement_pdf(a_statement(), now=NOW) == statement_pdf(a_statement(), now=NOW)


def test_many_debts_fill_several_pages() -> None:
    assert len(page_texts(statement_pdf(a_statement(1), now=NOW))) == 1
    pages = page_texts(statement_pdf(a_statement(90), now=NOW))
    assert len(pages) == 3
    assert sum(page.count("800.00") for page in pages) == 91


def test_a_name_that_no_font_has_is_refused() -> None:
    with pytest.raises(UserMistake, match="no font of this computer"):
        statement_pdf(a_statement(customer="李"), now=NOW, system_fonts=False)
