"""Payment terms against a policy: what they mean for a due date, and whether two are the same."""

from __future__ import annotations

from datetime import date

import pytest

from arsync.core.ledger.payment_terms import TermsKind
from arsync.core.ledger.terms_policy import due_by_terms, same_terms, terms_of


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ("14 days", date(2026, 2, 13)),
        ("cash on delivery", date(2026, 1, 30)),
        ("Net 30", date(2026, 3, 1)),
        ("10 days after the end of the month", date(2026, 2, 10)),
        ("day 31 of the current month", date(2026, 1, 31)),
        ("day 30 of the following month", date(2026, 2, 28)),
        ("Key accounts", None),
    ],
)
def test_terms_say_when_an_invoice_is_due(words: str, due: date | None) -> None:
    term = terms_of(words)
    assert term is not None
    assert due_by_terms(date(2026, 1, 30), term) == due


def test_the_following_month_may_be_of_next_year() -> None:
    term = terms_of("day 20 of the following month")
    assert term is not None
    assert due_by_terms(date(2026, 12, 5), term) == date(2027, 1, 20)


@pytest.mark.parametrize(
    ("books", "policy", "same"),
    [
        ("30 days after the invoice date", "30 days", True),
        ("30 days after the invoice date", "14 days", False),
        ("10 days after the end of the invoice month", "10 days after the end of the month", True),
        ("Net 30", "30 days", True),
        ("Due on receipt", "cash on delivery", True),
        ("Key accounts", "KEY ACCOUNTS", True),
        ("Key accounts", "Others", False),
        ("Key accounts", "30 days", None),
        ("", "30 days", None),
    ],
)
def test_terms_of_books_and_policy_are_compared(books: str, policy: str, same: bool | None) -> None:
    term = terms_of(policy)
    assert term is not None
    assert same_terms(books, term) is same


def test_an_unreadable_number_says_nothing() -> None:
    assert terms_of("0 days") is None
    assert terms_of("14 days") == (TermsKind.AFTER_INVOICE, 14, "")
