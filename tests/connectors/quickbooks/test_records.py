"""QuickBooks documents become records or problems, one file for each odd case."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arsync.core.ledger.money import AMOUNT_MAX, DECIMAL_PLACES_MAX
from arsync.core.ledger.records import (
    Allocation,
    DocumentProblem,
    Organisation,
    Payment,
    Phone,
    RecordKind,
)
from arsync_quickbooks.documents import (
    CompanyInfoDoc,
    InvoiceDoc,
    MalformedRow,
    PreferencesDoc,
    TermDoc,
    decode_row,
    rows,
)
from arsync_quickbooks.read_client import BY_NAME
from arsync_quickbooks.records import (
    BookSettings,
    ReferenceNames,
    is_due_after,
    moment,
    term_in_words,
    to_invoice,
    to_organisation,
)

CASES = Path(__file__).parent / "documents"
USD = BookSettings("USD", multicurrency=False)


def converted(file: Path) -> tuple[dict[str, Any], Any]:
    case = json.loads(file.read_bytes(), parse_float=str)
    whole = json.dumps(json.loads(file.read_bytes())["document"]).encode()
    entity = BY_NAME[case["entity"]]
    context: Any = BookSettings(**case["books"])
    if case["entity"] == "Customer":
        context = ReferenceNames(**case.get("names", {}))
    return case, entity.convert(decode_row(whole, entity.document), context)


def plain(value: Any) -> Any:
    match value:
        case Decimal():
            return format(value.normalize(), "f")
        case date() | datetime():
            return value.isoformat()
        case Allocation():
            return [value.invoice_id, plain(value.amount), plain(value.allocated_on)]
        case Phone():
            return str(value)
        case tuple():
            return [plain(element) for element in value]
        case _:
            return value


@pytest.mark.parametrize("file", sorted(CASES.glob("*.json")), ids=lambda file: file.stem)
def test_each_document_becomes_what_its_file_says(file: Path) -> None:
    case, result = converted(file)
    if "problem" in case:
        assert isinstance(result, DocumentProblem)
        assert case["problem"] in result.message
        assert result.kind == BY_NAME[case["entity"]].kind
        assert result.id == case["document"]["Id"]
        assert result.number == case["document"].get("DocNumber", "")
    else:
        assert not isinstance(result, DocumentProblem), result
        shown = {name: plain(getattr(result, name)) for name in case["record"]}
        assert shown == case["record"]


def test_an_odd_row_does_not_cost_the_page() -> None:
    page = (
        b'[{"Id":"1","DocNumber":"A","TotalAmt":1,"Balance":1},'
        b'{"Id":"2","DocNumber":"B","TotalAmt":{"much":1}},7,'
        b'{"Id":"3","DocNumber":"C","TotalAmt":3,"Balance":3}]'
    )
    documents = list(rows(page, InvoiceDoc))
    assert [row.id for row in documents] == ["1", "2", "", "3"]
    assert [isinstance(row, MalformedRow) for row in documents] == [False, True, True, False]
    problem = to_invoice(documents[1], USD)
    assert isinstance(problem, DocumentProblem)
    assert (problem.kind, problem.id, problem.number) == (RecordKind.INVOICES, "2", "B")


def test_money_never_passes_through_a_float() -> None:
    document = decode_row(b'{"TotalAmt":0.1,"Balance":1234567890123.4567}', InvoiceDoc)
    assert isinstance(document, InvoiceDoc)
    assert (document.total_amt, document.balance) == (Decimal("0.1"), Decimal("1234567890123.4567"))


def test_amounts_reach_the_limit_and_no_further() -> None:
    text = (CASES / "invoice_partly_paid.json").read_text()
    base = json.loads(text)["document"]

    def with_balance(balance: Decimal) -> Any:
        whole = json.dumps({**base, "Balance": str(balance)}).encode()
        return to_invoice(decode_row(whole, InvoiceDoc), USD)

    largest = AMOUNT_MAX - Decimal(1).scaleb(-DECIMAL_PLACES_MAX)
    assert with_balance(largest).amount_due == largest
    assert isinstance(with_balance(AMOUNT_MAX), DocumentProblem)


def test_applied_credits_and_payments_explain_the_amount_due() -> None:
    """Invoice 71 of the recorded company: 205 = 105 by cheque and 100 by credit memo 73."""
    credit, cheque = (
        converted(CASES / f"{name}.json")[1]
        for name in ("payment_that_applies_a_credit", "payment_applied")
    )
    assert isinstance(credit, Payment)
    assert isinstance(cheque, Payment)
    assert credit.amount == 0
    applied = [
        allocation.amount for allocation in credit.allocations if allocation.invoice_id == "71"
    ]
    assert sum(applied, Decimal(105)) == 205


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01"])
def test_a_day_nobody_can_mean_is_no_due_date(day: str) -> None:
    base = json.loads((CASES / "invoice_partly_paid.json").read_text())["document"]
    whole = json.dumps({**base, "DueDate": day}).encode()
    problem = to_invoice(decode_row(whole, InvoiceDoc), USD)
    assert isinstance(problem, DocumentProblem)
    assert problem.message == f"DueDate is out of range: {day}"


def test_a_company_that_tells_no_time_zone_has_none() -> None:
    preferences = PreferencesDoc()
    for shown, kept in (
        (None, ""),
        ("America/New_York", "America/New_York"),
        ("PST8PDT or so", ""),
    ):
        company = CompanyInfoDoc(company_name="Acme", country="GBR", default_time_zone=shown)
        organisation = to_organisation(
            company,
            preferences,
            realm_id="123",
            is_demo=False,
            known_time_zones=frozenset({"America/New_York"}),
        )
        assert (organisation.id, organisation.name) == ("123", "Acme")
        assert organisation.time_zone == kept
        assert organisation.country == "GB"


def test_a_company_says_where_customers_write_to() -> None:
    def company(**fields: Any) -> Organisation:
        whole = json.dumps({"CompanyName": "Acme", "Country": "USA", **fields}).encode()
        document = decode_row(whole, CompanyInfoDoc)
        assert isinstance(document, CompanyInfoDoc)
        return to_organisation(
            document,
            PreferencesDoc(),
            realm_id="123",
            is_demo=False,
            known_time_zones=frozenset(),
        )

    legal = {"Line1": "1 Legal St", "City": "Anytown"}
    place = {"Line1": "2 Main St", "City": "Anytown", "CountrySubDivisionCode": "NY"}
    place["PostalCode"] = "10101"
    told = company(
        LegalName="Acme Inc.",
        LegalAddr=legal,
        CompanyAddr={"Country": "USA"},
        CustomerCommunicationAddr=place,
        PrimaryPhone={"FreeFormNumber": "(212) 555-0100"},
        Email={"Address": "office@acme.example"},
        CustomerCommunicationEmailAddr={"Address": "accounts@acme.example"},
        EmployerId="91-1234567",
    )
    assert told.legal_name == "Acme Inc."
    assert told.address == ("2 Main St", "Anytown, NY 10101")
    assert told.phone == "(212) 555-0100"
    assert told.email == "accounts@acme.example"
    assert (told.tax_number, told.registration_number) == ("", "")
    bare = company(LegalAddr=legal, Email={"Address": "office@acme.example"})
    assert (bare.address, bare.email) == (("1 Legal St", "Anytown"), "office@acme.example")
    assert company()[9:] == ("", (), "", "", "", "")


def test_terms_are_told_in_words() -> None:
    assert term_in_words(TermDoc(name="Net 30", due_days=30)) == "30 days after the bill date"
    assert term_in_words(TermDoc(name="15th", day_of_month_due=15)) == "day 15 of the month"
    assert term_in_words(TermDoc(name="When you can")) == "When you can"


def test_only_active_zero_day_terms_are_cash_on_delivery() -> None:
    assert is_due_after(TermDoc(id="1", due_days=0, active=True), 0)
    assert not is_due_after(TermDoc(id="1", due_days=0, active=False), 0)
    assert not is_due_after(TermDoc(id="1", due_days=1, active=True), 0)
    assert not is_due_after(TermDoc(id="1", active=True), 0)


def test_a_moment_without_an_offset_is_none() -> None:
    assert moment("2026-05-05T02:12:08-07:00").isoformat() == "2026-05-05T09:12:08+00:00"
    with pytest.raises(ValueError, match="no offset"):
        moment("2026-05-05T02:12:08")
