"""Payment terms as a rulebook says them."""

from __future__ import annotations

import pytest

from arsync.core.ledger.payment_terms import PaymentTerm, TermsKind, read_terms


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("cash on delivery", PaymentTerm(TermsKind.AFTER_INVOICE, 0)),
        ("", PaymentTerm(TermsKind.AFTER_INVOICE, 0)),
        ("14 days", PaymentTerm(TermsKind.AFTER_INVOICE, 14)),
        ("1  Day", PaymentTerm(TermsKind.AFTER_INVOICE, 1)),
        ("10 days after the end of the month", PaymentTerm(TermsKind.AFTER_MONTH, 10)),
        ("day 28 of the current month", PaymentTerm(TermsKind.CURRENT_MONTH, 28)),
        ("day 20 of the following month", PaymentTerm(TermsKind.FOLLOWING_MONTH, 20)),
        ("Net 15", PaymentTerm(TermsKind.NAMED, name="Net 15")),
        ("0 days", None),
        ("day 32 of the current month", None),
    ],
)
def test_terms_are_read_from_words(text: str, term: PaymentTerm | None) -> None:
    assert read_terms(text) == term
