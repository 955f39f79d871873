"""A difference is traced to the documents that our copy counts, and the suspicious one named."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from tests.builders.records import a_contact, a_credit, an_invoice

from arsync.core.analytics.tie_out import ContactBalance, TieOut, tie_out
from arsync.core.analytics.tie_out_documents import (
    DOCUMENTS_LISTED_MAX,
    NOT_TAKEN_OFF,
    traced,
    traced_contacts,
    traced_in_words,
)
from arsync.core.ledger.records import Account, DocumentProblem

TODAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def report_of(here: str, there: str, *problems: DocumentProblem, in_hand: str = "0") -> TieOut:
    balance = ContactBalance(
        "c1",
        "Ada",
        "GBP",
        Decimal(150),
        Decimal(0),
        Decimal(in_hand),
        Decimal(here),
        Decimal(there),
        "",
        NOON,
    )
    return tie_out([balance], problems, as_of=TODAY, platform="Xero", pulled_at=NOON)


def an_account(*, credit: str = "") -> Account:
    invoices = tuple(
        an_invoice(number, "c1", total=Decimal(amount), issued_on=TODAY, due_on=TODAY)
        for number, amount in (("i1", "100"), ("i2", "50"))
    )
    in_hand = (a_credit("k1", "c1", unallocated=Decimal(credit)),) if credit else ()
    return Account((a_contact("c1", "Ada"),), invoices, credits=in_hand)


def test_documents_add_up_and_name_the_suspect() -> None:
    report = report_of("150", "100")
    assert traced_contacts(report) == ["c1"]
    (row,) = traced(report, [an_account()], [])
    assert sum(document.amount or 0 for document in row.documents if document.is_counted) == 150
    (line,) = row.first_to_look_at
    assert "(GBP 50.00) is the whole difference: it may be paid or voided at Xero" in line
    assert traced_in_words("Xero", row)[0].startswith("our copy GBP 150.00, Xero GBP 100.00: ")


def test_money_in_hand_counts_where_it_is_taken_off() -> None:
    (row,) = traced(report_of("120", "150", in_hand="30"), [an_account(credit="30")], [])
    counted = [document.amount for document in row.documents if document.is_counted]
    assert sorted(amount or 0 for amount in counted) == [-30, 50, 100]
    assert "it may be used, refunded or voided at Xero" in row.first_to_look_at[0]
    (row,) = traced(report_of("150", "155", in_hand="30"), [an_account(credit="30")], [])
    assert [document.note for document in row.documents if not document.is_counted] == [
        NOT_TAKEN_OFF
    ]


def test_what_could_not_be_read_is_a_document_too() -> None:
    problem = DocumentProblem(
        "invoices", "i9", "INV-9", "DueDate is missing", "c1", (), Decimal(20), "GBP"
    )
    (row,) = traced(report_of("150", "170", problem), [an_account()], [problem])
    (unread,) = [document for document in row.documents if not document.is_counted]
    assert (unread.number, unread.amount, unread.dated) == ("INV-9", Decimal(20), None)
    assert "it counts at Xero, and not here" in row.first_to_look_at[0]


def test_what_ties_is_not_traced() -> None:
    assert traced(report_of("150", "150"), [an_account()], []) == ()


def test_the_largest_documents_are_listed() -> None:
    invoices = tuple(
        an_invoice(f"i{number}", "c1", total=Decimal(number), issued_on=TODAY, due_on=TODAY)
        for number in range(1, DOCUMENTS_LISTED_MAX + 3)
    )
    account = Account((a_contact("c1", "Ada"),), invoices)
    (row,) = traced(report_of("150", "100"), [account], [])
    assert (len(row.documents), row.documents_left_out) == (DOCUMENTS_LISTED_MAX, 2)
    assert row.documents[0].amount == DOCUMENTS_LISTED_MAX + 2
