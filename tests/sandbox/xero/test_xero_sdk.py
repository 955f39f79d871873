"""The official SDK, unmodified, drives the sandbox: what it cannot read would be ours to mend."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

ACME = "11111111-1111-4111-8111-111111111111"
BETA = "22222222-2222-4222-8222-222222222222"
OPEN = "aaaaaaaa-0000-4000-8000-000000000001"
LATE = "aaaaaaaa-0000-4000-8000-000000000002"
DRAFT = "aaaaaaaa-0000-4000-8000-000000000004"


@pytest.fixture
def api(xero: Any) -> Iterator[Any]:
    """xero-python's AccountingApi with a token of the sandbox."""
    from xero_python.accounting import AccountingApi
    from xero_python.api_client import ApiClient, Configuration
    from xero_python.api_client.oauth2 import OAuth2Token

    token = {
        "access_token": xero.session.headers["Authorization"].removeprefix("Bearer "),
        "expires_in": 1800,
        "token_type": "Bearer",
        "scope": ["accounting.invoices"],
        "refresh_token": "unused",
    }
    pair = OAuth2Token(client_id="sandbox-custom-connection", client_secret="unused")
    client = ApiClient(Configuration(oauth2_token=pair), pool_threads=1)
    client.oauth2_token_getter(lambda: token)
    client.oauth2_token_saver(lambda _token: None)
    client.configuration.oauth2_token = pair
    yield AccountingApi(client, base_url=f"{xero.url}/api.xro/2.0")
    client.rest_client.pool_manager.clear()
    with warnings.catch_warnings():
        # Closing sockets is left to the collector by the SDK.
        warnings.simplefilter("ignore", ResourceWarning)
        del client
        gc.collect()


def test_the_sdk_reads_invoices(xero: Any, api: Any) -> None:
    invoices = api.get_invoices(
        xero.tenant,
        datetime(2026, 3, 1, tzinfo=UTC),
        'Type=="ACCREC" AND AmountDue>0',
        "UpdatedDateUTC ASC",
        page=1,
        page_size=1000,
        unitdp=4,
        summary_only=False,
        include_archived=True,
        _request_timeout=10,
    )
    rows = {row.invoice_number: row for row in invoices.invoices}
    assert set(rows) == {"S-1", "S-2", "S-4"}
    assert rows["S-1"].amount_due == Decimal("100.10")
    assert rows["S-1"].due_date == date(2026, 3, 3)
    assert rows["S-1"].contact.name == "Acme Ltd"
    assert invoices.pagination.item_count == 3
    invoice = api.get_invoice(xero.tenant, LATE, _request_timeout=10).invoices[0]
    assert invoice.contact.email_address == "ap@acme.example"
    brief = api.get_invoices(xero.tenant, page=1, summary_only=True, _request_timeout=10)
    assert len(brief.invoices) == 4


def test_the_sdk_writes_invoices(xero: Any, api: Any) -> None:
    from xero_python.accounting import Contact, Invoice, Invoices, LineItem

    line = LineItem(
        description="Late fee",
        quantity=Decimal(1),
        unit_amount=Decimal("25.50"),
        account_code="200",
    )
    fee = Invoice(
        type="ACCREC",
        contact=Contact(contact_id=ACME),
        date=date(2026, 3, 1),
        due_date=date(2026, 3, 31),
        line_items=[line],
        reference="fee",
        status="DRAFT",
    )
    invoice = api.create_invoices(
        xero.tenant, Invoices(invoices=[fee]), False, 4, "key-1", _request_timeout=10
    ).invoices[0]
    assert (invoice.invoice_number, invoice.total) == ("INV-0001", Decimal("25.50"))
    again = api.create_invoices(
        xero.tenant, Invoices(invoices=[fee]), False, 4, "key-1", _request_timeout=10
    ).invoices[0]
    assert again.invoice_id == invoice.invoice_id
    change = Invoices(invoices=[Invoice(invoice_id=OPEN, expected_payment_date=date(2026, 3, 20))])
    after = api.update_invoice(xero.tenant, OPEN, change, _request_timeout=10).invoices[0]
    assert after.expected_payment_date == date(2026, 3, 20)
    both = api.update_or_create_invoices(
        xero.tenant,
        Invoices(invoices=[Invoice(invoice_id=OPEN, reference="x"), Invoice(invoice_id=ACME)]),
        summarize_errors=False,
        _request_timeout=10,
    ).invoices
    assert [row.status_attribute_string for row in both] == ["OK", "ERROR"]


def test_the_sdk_sees_refusals_as_its_own_errors(xero: Any, api: Any) -> None:
    from xero_python.accounting import Contact, Contacts
    from xero_python.exceptions import AccountingBadRequestException, NotFoundException

    with pytest.raises(AccountingBadRequestException) as refused:
        api.create_contacts(
            xero.tenant, Contacts(contacts=[Contact(name="Acme Ltd")]), _request_timeout=10
        )
    assert refused.value.reason.startswith("The contact name Acme Ltd is already assigned")
    with pytest.raises(NotFoundException):
        api.get_invoice(xero.tenant, ACME, _request_timeout=10)


def test_the_sdk_reads_and_writes_contacts_and_groups(xero: Any, api: Any) -> None:
    from xero_python.accounting import (
        Bill,
        Contact,
        ContactGroup,
        ContactGroups,
        Contacts,
        PaymentTerm,
        PaymentTermType,
    )

    contacts = api.get_contacts(xero.tenant, page=1, include_archived=True, _request_timeout=10)
    contact = next(row for row in contacts.contacts if row.contact_id == ACME)
    assert contact.payment_terms.sales.day == 30
    assert contact.balances.accounts_receivable.outstanding == Decimal("350.10")
    terms = PaymentTerm(sales=Bill(day=0, type=PaymentTermType.DAYSAFTERBILLDATE))
    change = Contacts(contacts=[Contact(contact_id=ACME, payment_terms=terms)])
    after = api.update_or_create_contacts(
        xero.tenant, change, summarize_errors=False, _request_timeout=10
    )
    assert after.contacts[0].payment_terms.sales.day == 0
    created = api.create_contact_group(
        xero.tenant,
        ContactGroups(contact_groups=[ContactGroup(name="On hold (arsync)")]),
        _request_timeout=10,
    )
    id_ = created.contact_groups[0].contact_group_id
    members = Contacts(contacts=[Contact(contact_id=ACME), Contact(contact_id=BETA)])
    api.create_contact_group_contacts(xero.tenant, id_, members, _request_timeout=10)
    api.delete_contact_group_contact(xero.tenant, id_, BETA, _request_timeout=10)
    group = api.get_contact_group(xero.tenant, id_, _request_timeout=10).contact_groups[0]
    assert [row.contact_id for row in group.contacts] == [ACME]


def test_the_sdk_pays_credits_and_reads_money(xero: Any, api: Any) -> None:
    from xero_python.accounting import (
        Account,
        Contact,
        CreditNote,
        CreditNotes,
        Invoice,
        LineItem,
        Payment,
        PaymentDelete,
        Payments,
    )

    payment = Payment(
        invoice=Invoice(invoice_id=LATE),
        account=Account(code="970"),
        date=date(2026, 3, 2),
        amount=Decimal(50),
    )
    payment_made = api.create_payments(
        xero.tenant, Payments(payments=[payment]), _request_timeout=10
    ).payments[0]
    assert payment_made.status == "AUTHORISED"
    listed = api.get_payments(xero.tenant, page=1, page_size=1000, _request_timeout=10)
    assert listed.payments[0].invoice.invoice_id == LATE
    gone = api.delete_payment(
        xero.tenant, payment_made.payment_id, PaymentDelete(status="DELETED"), _request_timeout=10
    )
    assert gone.payments[0].status == "DELETED"
    note = CreditNote(
        type="ACCRECCREDIT",
        status="AUTHORISED",
        contact=Contact(contact_id=ACME),
        line_items=[LineItem(description="x", unit_amount=Decimal(30), account_code="200")],
    )
    api.create_credit_notes(xero.tenant, CreditNotes(credit_notes=[note]), _request_timeout=10)
    notes = api.get_credit_notes(xero.tenant, page=1, _request_timeout=10).credit_notes
    assert notes[0].remaining_credit == Decimal(30)
    xero.book.prepay(ACME, Decimal(5))
    assert len(api.get_prepayments(xero.tenant, page=1, _request_timeout=10).prepayments) == 1
    assert api.get_overpayments(xero.tenant, page=1, _request_timeout=10).overpayments == []


def test_the_sdk_notes_emails_and_attaches(xero: Any, api: Any) -> None:
    from xero_python.accounting import HistoryRecord, HistoryRecords, RequestEmpty

    records = HistoryRecords(history_records=[HistoryRecord(details="called [arsync:1]")])
    api.create_invoice_history(xero.tenant, LATE, records, _request_timeout=10)
    api.create_contact_history(xero.tenant, ACME, records, _request_timeout=10)
    rows = api.get_invoice_history(xero.tenant, LATE, _request_timeout=10).history_records
    assert rows[0].details == "called [arsync:1]"
    assert api.email_invoice(xero.tenant, LATE, RequestEmpty(), _request_timeout=10) is None
    attachments = api.create_invoice_attachment_by_file_name(
        xero.tenant, LATE, "letter.pdf", b"%PDF-1.4", True, _request_timeout=10
    )
    assert attachments.attachments[0].content_length == 8
    online = api.get_online_invoice(xero.tenant, LATE, _request_timeout=10).online_invoices[0]
    assert online.online_invoice_url.startswith("https://")


def test_the_sdk_reads_what_the_organisation_is(xero: Any, api: Any) -> None:
    owner = api.get_organisations(xero.tenant, _request_timeout=10).organisations[0]
    assert (owner.base_currency.value, owner.timezone.value) == ("GBP", "GMTSTANDARDTIME")
    actions = api.get_organisation_actions(xero.tenant, _request_timeout=10).actions
    assert any(row.name == "CreateDraftInvoice" and row.status == "ALLOWED" for row in actions)
    themes = api.get_branding_themes(xero.tenant, _request_timeout=10).branding_themes
    assert themes[0].name == "Standard"
    reminders = api.get_invoice_reminders(xero.tenant, _request_timeout=10).invoice_reminders
    assert reminders[0].enabled is False
    assert len(api.get_contact_groups(xero.tenant, _request_timeout=10).contact_groups) == 1
    repeating = api.get_repeating_invoices(xero.tenant, _request_timeout=10)
    assert repeating.repeating_invoices == []


def test_the_sdk_refreshes_and_revokes_tokens_of_the_sandbox(
    xero: Any, api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from xero_python.api_client.oauth2 import TokenApi
    from xero_python.exceptions import HTTPStatusException

    monkeypatch.setattr(TokenApi, "refresh_token_url", f"{xero.url}/connect/token")
    monkeypatch.setattr(TokenApi, "revoke_token_url", f"{xero.url}/connect/revocation")
    pair = ("sandbox-web-app", "sandbox-web-secret")
    query = {
        "response_type": "code",
        "client_id": pair[0],
        "redirect_uri": "http://localhost:9/callback",
        "scope": "offline_access accounting.invoices",
        "sandbox_consent": "allow",
    }
    url = f"{xero.url}/identity/connect/authorize"
    back = requests.get(url, params=query, allow_redirects=False, timeout=10)
    code = parse_qs(urlsplit(back.headers["Location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code}
    form["redirect_uri"] = query["redirect_uri"]
    first = requests.post(f"{xero.url}/connect/token", data=form, auth=pair, timeout=10).json()
    tokens = TokenApi(api.api_client, *pair)
    second = tokens.refresh_token(first["refresh_token"], first["scope"].split())
    assert second["refresh_token"] != first["refresh_token"]
    token_keys = {"access_token", "scope", "expires_in", "token_type", "refresh_token", "id_token"}
    assert set(second) <= token_keys
    assert tokens.revoke_token(second["refresh_token"]) == 200
    with pytest.raises(HTTPStatusException):
        tokens.refresh_token(second["refresh_token"], [])
