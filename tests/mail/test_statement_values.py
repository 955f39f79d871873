"""A statement of account in the words of each language."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from arsync.core.ledger.age_buckets import BUCKETS
from arsync.core.ledger.statement_of_account import LineKind, StatementKind, StatementLine
from arsync.mail.language import language, languages
from arsync.mail.statement_values import band_word, sample_statement, statement_values

DAY = date(2026, 11, 22)


def test_open_items_are_ready_for_people() -> None:
    values = statement_values(sample_statement(DAY), language("en"))
    assert (values["kind"], values["since"], values["until"]) == (
        "open items",
        "",
        "22 November 2026",
    )
    [section] = values["sections"]
    first, second = section.lines
    assert (first.kind, first.number, first.reference, first.balance, first.overdue) == (
        "Invoice",
        "INV-1",
        "PO 77",
        "GBP 1,940.00",
        "14 days overdue",
    )
    assert first.remark == "of this disputed and not asked for now: GBP 200.00"
    assert (second.overdue, second.remark, second.days_overdue) == ("", "", 0)
    [credit] = section.credits
    assert (credit.kind, credit.balance, credit.due_date) == (
        "Credit note",
        "GBP -440.00",
        "",
    )
    assert (section.closing_balance, section.overdue, section.not_due, section.in_credit) == (
        "GBP 2,360.00",
        "GBP 1,500.00",
        "GBP 860.00",
        False,
    )


def test_an_activity_has_its_first_day_and_balances() -> None:
    values = statement_values(sample_statement(DAY, StatementKind.ACTIVITY), language("de"))
    assert (values["since"], values["until"]) == ("1. November 2026", "22. November 2026")
    [section] = values["sections"]
    assert section.opening_balance == "2.440,00\u00a0EUR".replace("EUR", "GBP")
    assert section.lines[-1].balance == section.closing_balance


@pytest.mark.parametrize("code", languages())
def test_each_language_names_each_kind_and_age(code: str) -> None:
    spoken = language(code)
    sample = sample_statement(DAY)
    [section] = sample.sections
    for kind in LineKind:
        line = StatementLine(DAY, kind, "", Decimal(1), Decimal(1), placed_with="Example & Co")
        shown = sample._replace(sections=(section._replace(lines=(line,)),))
        [entry] = statement_values(shown, spoken)["sections"][0].lines
        assert entry.kind
        assert "Example & Co" in entry.remark
    bands = [band_word(position, spoken) for position in range(len(BUCKETS))]
    assert len(set(bands)) == len(BUCKETS)
    assert "1\u201330" in bands[1]
    assert "90" in bands[-1]


def test_without_a_statement_there_are_no_values() -> None:
    assert not statement_values(None, language("en"))
