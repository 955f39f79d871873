"""Documents that could not be read are named where totals are shown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from arsync.core.ledger.missing_documents import missing_from_totals, missing_in_words
from arsync.core.ledger.records import DocumentProblem


def a_problem(number: str, kind: str = "invoices", **fields: Any) -> DocumentProblem:
    return DocumentProblem(kind, f"id {number}", number, "DueDate is missing", **fields)


def test_a_line_counts_and_names_what_totals_lack() -> None:
    first = a_problem("INV-9", amount=Decimal(500), currency="GBP")
    assert missing_in_words([]) == ""
    assert missing_in_words([first]) == (
        "1 document is missing from these figures: INV-9 over GBP 500.00 (DueDate is missing)"
    )
    several = missing_in_words([first, *(a_problem(f"P{number}", "payments") for number in "123")])
    assert several.startswith("4 documents are missing from these figures: INV-9 over GBP 500.00")
    many = missing_in_words([a_problem(str(number)) for number in range(1234)])
    assert many.endswith(", 9 (DueDate is missing), and 1,224 more")


def test_what_is_worth_nothing_is_not_missing() -> None:
    problems = [
        a_problem("INV-1"),
        a_problem("INV-2", amount=Decimal(0)),
        a_problem("Customer", "contacts"),
    ]
    assert [problem.number for problem in missing_from_totals(problems)] == ["INV-1"]
