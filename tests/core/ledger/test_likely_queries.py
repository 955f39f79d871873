"""Invoices that will be queried, by what the customer's own invoices always had."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from tests.builders.records import an_invoice

from arsync.core.ledger.likely_queries import (
    earlier_ones,
    has_other_terms,
    lacks_reference,
    likely_queries,
)
from arsync.core.ledger.records import Invoice

TODAY = date(2026, 11, 20)


def invoice(name: str, ago: int, terms: int = 30, **values: Any) -> Invoice:
    issued_on = TODAY - timedelta(ago)
    fields = {
        "number": name,
        "issued_on": issued_on,
        "due_on": issued_on + timedelta(terms),
        "rate": 1,
        "total": "10.00",
        "amount_due": "10.00",
        "reference": "PO 1",
    }
    return an_invoice(name, values.pop("contact", "c1"), **fields | values)


USUAL = [invoice(f"u{ago}", ago) for ago in (300, 200, 100)]


def reasons(document: Invoice, *others: Invoice) -> list[str]:
    return list(likely_queries(document, [*others, document], TODAY))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (invoice("A", 10), []),
        (invoice("A", 10, reference=""), ["no reference, and all 3 of the year before it"]),
        (invoice("A", 10, reference="", purchase_order="PO 7"), []),
        (invoice("A", 10, terms=14), ["due after 14 days, and all 3 of the year before it"]),
        (invoice("A", 3, sent=False), ["it was not sent, 3 days after its issue"]),
        (invoice("A", 2, sent=False), []),
        (invoice("A", 10, sent=None), []),
        (
            invoice("A", 10, terms=14, reference="", sent=False),
            ["it was not sent", "no reference", "due after 14 days"],
        ),
        (invoice("A", 10, reference="", status="paid", amount_due="0"), []),
        (invoice("A", -1, reference=""), []),
    ],
)
def test_what_will_be_asked_is_told(document: Invoice, words: list[str]) -> None:
    told = reasons(document, *USUAL)
    assert len(told) == len(words)
    assert all(word in sentence for word, sentence in zip(words, told, strict=True))


@pytest.mark.parametrize(
    "others",
    [
        # Of two nobody can say what is usual; nor of another customer's, too old or voided ones.
        USUAL[:2],
        [*USUAL[:2], invoice("o", 100, contact="c2")],
        [*USUAL[:2], invoice("o", 400)],
        [*USUAL[:2], invoice("o", 100, status="voided")],
    ],
)
def test_with_too_few_nobody_can_say(others: list[Invoice]) -> None:
    document = invoice("A", 10, terms=14, reference="")
    assert reasons(document, *others) == []
    earlier = earlier_ones(document, others)
    assert lacks_reference(document, earlier) is None
    assert has_other_terms(document, earlier) is None


def test_who_differs_anyway_is_not_told_of() -> None:
    others = [*USUAL, invoice("o", 50, terms=41, reference="")]
    assert reasons(invoice("A", 10, terms=14, reference=""), *others) == []
