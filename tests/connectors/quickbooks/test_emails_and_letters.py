"""One reminder is one email by QuickBooks, whatever gets lost on the way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.builders.actions import an_action, an_invoice_ref

from arsync.connector_sdk import Write
from arsync.errors import OutcomeUnknown, Rejected
from arsync_quickbooks.documents import DeliveryInfo, InvoiceDoc
from arsync_quickbooks.emails_and_letters import ADDRESS_CHARACTERS_MAX, sent_since

ISSUED = date(2026, 10, 1)


@pytest.fixture
def debtor(quickbooks: Any) -> str:
    return str(quickbooks.add_contact("Acme Ltd", "ap@acme.example"))


def invoice_to(bench: Any, debtor: str) -> str:
    return str(bench.add_invoice(debtor, Decimal(100), ISSUED, ISSUED + timedelta(days=30)))


def reminder(
    bench: Any, debtor: str, invoice: str, details: Mapping[str, str] | None = None
) -> Write:
    action = an_action(
        details=details,
        contact_id=debtor,
        contact_name="Acme Ltd",
        invoices=(an_invoice_ref(invoice, number="INV-1"),),
        subject=f"{invoice} day 14",
    )
    before = bench.connector().prepare(action)
    return Write(action, action.key, before=before, text="Second reminder.")


def without_email(
    bench: Any,
    debtor: str,
    invoice: str,
    *,
    on_invoice: Mapping[str, Any] | None = None,
    on_customer: Mapping[str, Any] | None = None,
) -> None:
    """Take the addresses away, or put others, as a person at the platform does."""
    ledger = bench.book.ledger
    with bench.sandbox.lock:
        document = ledger.get("Invoice", invoice)
        document.pop("BillEmail", None)
        ledger.change("Invoice", {**document, **(on_invoice or {})})
        contact = ledger.get("Customer", debtor)
        contact.pop("PrimaryEmailAddr", None)
        ledger.change("Customer", {**contact, **(on_customer or {})})


def test_the_invoices_own_address_is_used_unchanged(quickbooks: Any, debtor: str) -> None:
    invoice = invoice_to(quickbooks, debtor)
    write = reminder(quickbooks, debtor, invoice, {"to": "somebody@else.example"})
    receipt = quickbooks.connector().perform(write)
    (email,) = quickbooks.state()["emails"]
    assert email["to"] == ["ap@acme.example"]
    assert receipt.reference == invoice
    assert quickbooks.connector().find(write) is not None


@pytest.mark.parametrize(
    ("details", "customer", "to"),
    [
        ({"to": "given@acme.example"}, {}, "given@acme.example"),
        ({}, {"PrimaryEmailAddr": {"Address": "own@acme.example"}}, "own@acme.example"),
    ],
)
def test_an_invoice_without_address_uses_a_customer_address(
    quickbooks: Any, debtor: str, details: dict[str, str], customer: dict[str, Any], to: str
) -> None:
    invoice = invoice_to(quickbooks, debtor)
    without_email(quickbooks, debtor, invoice, on_customer=customer)
    quickbooks.connector().perform(reminder(quickbooks, debtor, invoice, details))
    assert [email["to"] for email in quickbooks.state()["emails"]] == [[to]]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("", "has no email address"),
        ("ap at acme", "is no address"),
        ("ap@acme.example, nobody", "'nobody', the email of INV-1, is no address"),
        (f"{'x' * ADDRESS_CHARACTERS_MAX}@acme.example", "longer than 100 characters"),
    ],
)
def test_what_quickbooks_would_silently_not_send_is_refused(
    quickbooks: Any, debtor: str, address: str, says: str
) -> None:
    invoice = invoice_to(quickbooks, debtor)
    email = {"BillEmail": {"Address": address}} if address else {}
    without_email(quickbooks, debtor, invoice, on_invoice=email)
    with pytest.raises(Rejected, match=says):
        quickbooks.connector().perform(reminder(quickbooks, debtor, invoice))
    assert not quickbooks.state()["emails"]
    assert not quickbooks.state()["history"]


@pytest.mark.parametrize("status", [429, 403, 400])
def test_an_email_whose_note_failed_is_not_sent_again(
    quickbooks: Any, debtor: str, status: int
) -> None:
    invoice = invoice_to(quickbooks, debtor)
    write = reminder(quickbooks, debtor, invoice)
    quickbooks.sandbox.faults.add({"path": "/attachable", "method": "POST", "status": status})
    with pytest.raises(OutcomeUnknown, match="in part"):
        quickbooks.connector().perform(write)
    quickbooks.advance(timedelta(days=2))
    assert quickbooks.connector().find(write) is not None, "the email has left, noted or not"
    quickbooks.connector().perform(write._replace(generation=2))
    assert len(quickbooks.state()["emails"]) == 1
    assert len(quickbooks.state()["history"]) == 1


def test_a_second_reminder_is_a_second_email(quickbooks: Any, debtor: str) -> None:
    invoice = invoice_to(quickbooks, debtor)
    first = reminder(quickbooks, debtor, invoice)
    quickbooks.connector().perform(first)
    quickbooks.advance(timedelta(days=14))
    second = reminder(quickbooks, debtor, invoice)._replace(key="2" * 32)
    assert quickbooks.connector().find(second) is None
    quickbooks.connector().perform(second)
    assert len(quickbooks.state()["emails"]) == 2


def test_an_email_quickbooks_reports_failed_is_a_refusal(quickbooks: Any, debtor: str) -> None:
    invoice = invoice_to(quickbooks, debtor)
    body = {
        "Invoice": {
            "Id": invoice,
            "EmailStatus": "NeedToSend",
            "DeliveryInfo": {"DeliveryType": "Email", "DeliveryErrorType": "Missing Info"},
        }
    }
    quickbooks.sandbox.faults.add({"path": "/send", "status": 200, "body": body})
    with pytest.raises(Rejected, match="Missing Info"):
        quickbooks.connector().perform(reminder(quickbooks, debtor, invoice))
    assert not quickbooks.state()["history"]


def test_a_deleted_invoice_cannot_tell_whether_it_was_sent(quickbooks: Any, debtor: str) -> None:
    invoice = invoice_to(quickbooks, debtor)
    write = reminder(quickbooks, debtor, invoice)
    with quickbooks.sandbox.lock:
        quickbooks.book.ledger.drop("Invoice", invoice)
    with pytest.raises(OutcomeUnknown, match="does not report"):
        quickbooks.connector().find(write)
    with pytest.raises(Rejected, match="any more"):
        quickbooks.connector().perform(write)


AT_TEN, AT_NOON = "2026-11-20T10:00:00-08:00", "2026-11-20T12:00:00-08:00"


@pytest.mark.parametrize(
    ("status", "delivered", "before", "answer"),
    [
        ("EmailSent", AT_NOON, {"delivery_time": "", "email_status": "NotSet"}, True),
        ("EmailSent", AT_NOON, {"delivery_time": AT_TEN, "email_status": "EmailSent"}, True),
        ("EmailSent", AT_TEN, {"delivery_time": AT_TEN, "email_status": "EmailSent"}, False),
        ("EmailSent", "", {"delivery_time": "", "email_status": "NotSet"}, True),
        ("EmailSent", "", {"delivery_time": "", "email_status": "EmailSent"}, None),
        ("NeedToSend", "", {"delivery_time": "", "email_status": "NotSet"}, None),
        ("NotSet", "", {"delivery_time": "", "email_status": "NotSet"}, False),
        ("NotSet", "", {}, False),
        ("NeedToSend", "", {}, None),
        ("EmailSent", AT_NOON, {}, None),
        ("EmailSent", AT_NOON, {"started_at": "2026-11-20T19:59:00+00:00"}, True),
        ("EmailSent", AT_TEN, {"started_at": "2026-11-20T19:59:00+00:00"}, False),
    ],
)
def test_sending_is_reported_only_where_it_is_certain(
    status: str, delivered: str, before: dict[str, str], answer: bool | None
) -> None:
    invoice = InvoiceDoc(email_status=status, delivery_info=DeliveryInfo(delivery_time=delivered))
    assert sent_since(invoice, before) is answer
