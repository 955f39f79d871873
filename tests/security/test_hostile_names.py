"""What somebody else typed is shown as text: it commands no terminal, no log, no spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arsync.application.reports.ageing_report import AgeingTable, as_csv
from arsync.core.analytics.ageing import Ageing, AgeingRow
from arsync.core.ledger.age_buckets import BUCKETS
from arsync.core.ledger.sanitising import (
    FILE_NAME_CHARACTERS_MAX,
    cleaned,
    file_name,
    is_id,
    one_line,
)
from arsync.mail.web_links import is_web_link
from arsync_quickbooks.documents import decode_row
from arsync_quickbooks.read_client import BY_NAME
from arsync_quickbooks.records import BookSettings, ReferenceNames
from arsync_sandbox.platform import ContactRow, InvoiceRow
from arsync_sandbox.server import Sandbox
from arsync_sandbox.timeline import LoadedRows
from arsync_xero.documents import CONTACTS, INVOICES
from arsync_xero.records import to_contact, to_invoice

from ..cli.conftest import TODAY, Shell, connect  # noqa: TID252 - tests are no installed package

HOSTILE = "A\x1b[2J\x1b]0;x\x07\r\nERROR all is lost\u202ecod\u2028\x9b31m"
"""Clears a screen, names a window, forges a line of a log, turns the writing round."""

SAFE = "A [2J ]0;x ERROR all is lost cod 31m"


def texts_of(record: Any) -> Iterator[str]:
    """Yield every text of a record but people's own notes, which have lines."""
    for name in getattr(record, "_fields", None) or record.__struct_fields__:
        value = getattr(record, name)
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and name != "note":
                yield text


def xero_contact() -> Any:
    document = {
        "ContactID": "c-1",
        "Name": HOSTILE,
        "ContactStatus": "ACTIVE",
        "FirstName": HOSTILE,
        "EmailAddress": HOSTILE,
        "DefaultCurrency": HOSTILE,
        "ContactGroups": [{"ContactGroupID": "g-1", "Name": HOSTILE}],
        "ContactPersons": [{"EmailAddress": HOSTILE, "IncludeInEmails": True}],
        "PaymentTerms": {"Sales": {"Day": 5, "Type": HOSTILE}},
        "Addresses": [{"AddressType": "POBOX", "Country": HOSTILE}],
    }
    return to_contact(CONTACTS.rows(json.dumps({"Contacts": [document]}).encode()).documents[0])


def xero_invoice(**odd: Any) -> Any:
    document = {
        "Type": "ACCREC",
        "InvoiceID": "i-1",
        "InvoiceNumber": HOSTILE,
        "Reference": HOSTILE,
        "Status": "AUTHORISED",
        "Contact": {"ContactID": "c-1"},
        "Date": "/Date(1539993600000)/",
        "DueDate": "/Date(1539993600000)/",
        "CurrencyCode": "GBP",
        "Total": 1,
        "AmountDue": 1,
    }
    body = json.dumps({"Invoices": [document | odd]}).encode()
    return to_invoice(INVOICES.rows(body).documents[0], "GBP")


def quickbooks(entity: str, document: dict[str, Any]) -> Any:
    kind = BY_NAME[entity]
    context: Any = ReferenceNames({"1": HOSTILE}, {"1": HOSTILE}) if entity == "Customer" else BOOKS
    return kind.convert(decode_row(json.dumps(document).encode(), kind.document), context)


BOOKS = BookSettings("USD", multicurrency=True)
CUSTOMER = {
    "Id": "1",
    "DisplayName": HOSTILE,
    "GivenName": HOSTILE,
    "Notes": "two\nlines",
    "PrimaryEmailAddr": {"Address": HOSTILE},
    "CustomerTypeRef": {"value": "1"},
    "SalesTermRef": {"value": "1"},
    "CurrencyRef": {"value": HOSTILE},
}
INVOICE = {
    "Id": "2",
    "DocNumber": HOSTILE,
    "CustomerRef": {"value": "1"},
    "TxnDate": "2026-11-01",
    "DueDate": "2026-11-02",
    "TotalAmt": 1,
    "Balance": 1,
    "CurrencyRef": {"value": "USD"},
    "BillEmail": {"Address": HOSTILE},
    "InvoiceLink": HOSTILE,
}
PAYMENT = {
    "Id": "3",
    "CustomerRef": {"value": "1"},
    "TxnDate": "2026-11-01",
    "TotalAmt": 1,
    "UnappliedAmt": 1,
    "PaymentRefNum": HOSTILE,
    "CurrencyRef": {"value": "USD"},
}


@pytest.mark.parametrize(
    "record",
    [
        xero_contact(),
        xero_invoice(),
        xero_invoice(Status=HOSTILE),
        INVOICES.rows(
            json.dumps({"Invoices": [{"InvoiceNumber": HOSTILE, "Status": 5}]}).encode()
        ).problems[0],
        quickbooks("Customer", CUSTOMER),
        quickbooks("Invoice", INVOICE),
        quickbooks("Invoice", INVOICE | {"Balance": HOSTILE}),
        quickbooks("Invoice", INVOICE | {"DueDate": HOSTILE}),
        quickbooks("Payment", PAYMENT),
    ],
    ids=lambda record: type(record).__name__,
)
def test_no_text_of_a_record_holds_a_control_character(record: Any) -> None:
    texts = list(texts_of(record))
    assert any("A [2J" in text for text in texts)
    assert [text for text in texts if not text.isprintable()] == []


def test_notes_of_people_keep_their_lines() -> None:
    assert quickbooks("Customer", CUSTOMER).note == "two\nlines"


def test_a_single_line_text_is_left_unchanged() -> None:
    for text in ("", "Müller & Söhne GmbH", " 株式会社  ", "\u05d0\u05d1", "\U0001f600"):
        assert one_line(text) is text
    assert one_line(HOSTILE) == cleaned(HOSTILE) == SAFE


@pytest.mark.parametrize("odd", ["../../Invoices", "1' OR Id > '0", "a b", "é", "x" * 101, "a\n"])
def test_an_id_that_could_lead_elsewhere_is_no_id(odd: str) -> None:
    assert not is_id(odd)
    assert "is no id" in xero_invoice(InvoiceID=odd).message
    assert "is no id" in xero_invoice(Contact={"ContactID": odd}).message
    assert "is no id" in quickbooks("Invoice", INVOICE | {"Id": odd}).message
    assert "is no id" in quickbooks("Customer", CUSTOMER | {"ParentRef": {"value": odd}}).message


@pytest.mark.parametrize(
    ("number", "name"),
    [
        ("INV-1", "INV-1.pdf"),
        ("../../etc/passwd", "-..-etc-passwd.pdf"),
        ("C:\\x\\y", "C--x-y.pdf"),
        (".hidden", "hidden.pdf"),
        ("...", "file.pdf"),
        ("a\x00b\r\nc", "a b c.pdf"),
        ("con\u202efdp.exe", "con fdp.exe.pdf"),
        ("x" * 300, "x" * (FILE_NAME_CHARACTERS_MAX - 4) + ".pdf"),
    ],
)
def test_a_letters_file_name_leads_to_no_other_folder(number: str, name: str) -> None:
    assert file_name(number, ".pdf") == name


@pytest.mark.parametrize(
    ("link", "may"),
    [
        ("https://in.xero.com/abc?d=1", True),
        ("http://127.0.0.1:8484/i/1", True),
        ("http://in.xero.com/abc", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://localhost@evil.example/", False),
        ("https://in.xero.com@evil.example/", False),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
        ("https://", False),
        ("https://a/\r\nBcc: x", False),
        ("https://a/<script>", False),
        ("https://[half", False),
        ("https://a/" + "x" * 3_000, False),
    ],
)
def test_only_a_web_link_stands_in_a_letter(link: str, may: bool) -> None:
    assert is_web_link(link) is may


@pytest.fixture
def hostile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Shell]:
    """Xero connected, with a customer and an invoice that are called so."""
    monkeypatch.chdir(tmp_path)
    contact = ContactRow(id="h", name=HOSTILE, email="h@example.com")
    formula = ContactRow(id="f", name='\uff1dHYPERLINK("x")', email="f@example.com")
    invoices = [
        InvoiceRow(
            id=f"i-{contact_row.id}",
            number=f"1{contact_row.name}",
            contact_id=contact_row.id,
            currency="GBP",
            issued_on=TODAY - timedelta(days=40),
            due_on=TODAY - timedelta(days=20),
            total=Decimal(600),
        )
        for contact_row in (contact, formula)
    ]
    sandbox = Sandbox(settings={"limits": False, "debtors": False, "consent": "allow"})
    sandbox.load(LoadedRows([contact, formula], invoices, []))
    sandbox.start()
    connect(tmp_path, sandbox, "xero")
    yield Shell(tmp_path, capsys)
    sandbox.stop()


def test_no_command_lets_a_name_command_the_terminal(hostile: Shell) -> None:
    results = [
        hostile("plan"),
        hostile("plan", "--json"),
        hostile("why", "i-h"),
        hostile("status"),
        hostile("report", "ageing"),
        hostile("report", "ageing", "--format", "html"),
        hostile("pull", "-v"),
    ]
    assert SAFE in results[0].out
    assert SAFE in results[4].out
    for one_said in results:
        for line in (one_said.out + one_said.err).splitlines():
            assert line.isprintable(), line


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t=", "\r", "\n", " =", "\uff1d", "\u3000\uff0b"]
)
def test_a_csv_holds_no_formula_for_any_name(start: str) -> None:
    row = AgeingRow("c", f"{start}1+1", "GBP", (Decimal(1),) * len(BUCKETS))
    report = Ageing(TODAY, "GBP", (row,), (), row, ())
    (line,) = csv.DictReader(io.StringIO(as_csv([AgeingTable("x", "o", report)]), newline=""))
    assert line["contact"] == f"'{start}1+1"


def test_a_report_is_private_and_without_formulas(hostile: Shell) -> None:
    for form in ("json", "html", "csv"):
        hostile("report", "ageing", "--format", form, "--output", f"ageing.{form}")
        assert (hostile.folder / f"ageing.{form}").stat().st_mode & 0o777 == 0o600
    with (hostile.folder / "ageing.csv").open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    assert {row["contact"] for row in rows} == {SAFE, '\'\uff1dHYPERLINK("x")'}
