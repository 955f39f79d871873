"""python-quickbooks, unmodified, drives the sandbox."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import (
    AuthorizationException,
    ObjectNotFoundException,
    QuickbooksException,
    ValidationException,
)
from quickbooks.objects import Attachable, CreditMemo, Customer, Invoice, Payment, Term
from quickbooks.objects.base import AttachableRef, LinkedTxn, Ref
from quickbooks.objects.company_info import CompanyInfo
from quickbooks.objects.detailline import SalesItemLine, SalesItemLineDetail
from quickbooks.objects.payment import PaymentLine
from quickbooks.objects.preferences import Preferences

from .conftest import BASIC, REDIRECT


@pytest.fixture
def auth(company: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """intuit-oauth, pointed at the sandbox by its discovery document."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    discovery = f"{company.sandbox.url}/.well-known/openid_configuration"
    return AuthClient(*BASIC, REDIRECT, environment=discovery)


@pytest.fixture
def qb(company: Any, auth: Any) -> Any:
    class Here(QuickBooks):  # type: ignore[misc]
        sandbox_api_url_v3 = api_url_v3 = f"{company.sandbox.url}/v3"

    auth.access_token = company.tokens["access_token"]
    auth.refresh_token = company.tokens["refresh_token"]
    return Here(
        auth_client=auth,
        refresh_token=auth.refresh_token,
        company_id=company.realm,
        minorversion=75,
        use_decimal=True,
    )


def an_invoice(customer: Any, amount: int = 100) -> Any:
    line = SalesItemLine()
    line.Amount = amount
    line.SalesItemLineDetail = SalesItemLineDetail()
    line.SalesItemLineDetail.ItemRef = Ref()
    line.SalesItemLineDetail.ItemRef.value = "1"
    invoice = Invoice()
    invoice.CustomerRef = customer.to_ref()
    invoice.Line.append(line)
    return invoice


def a_customer(qb: Any, name: str = "Acme & O'Brien") -> Any:
    customer = Customer()
    customer.DisplayName = name
    return customer.save(qb=qb)


def test_intuits_own_oauth_client_gets_refreshes_and_revokes_tokens(
    company: Any, auth: Any
) -> None:
    url = auth.get_authorization_url([Scopes.ACCOUNTING])
    assert url.startswith(f"{company.sandbox.url}/connect/oauth2?")
    auth.get_bearer_token(company.consent()["code"], realm_id=company.realm)
    assert auth.expires_in == 3600
    assert auth.x_refresh_token_expires_in == 8726400
    before = auth.access_token
    auth.refresh()
    assert auth.access_token != before
    assert auth.revoke(token=auth.refresh_token)


def test_it_saves_reads_and_queries(qb: Any) -> None:
    customer = a_customer(qb)
    saved = an_invoice(customer).save(qb=qb, request_id="r-1")
    read = Invoice.get(saved.Id, qb=qb)
    assert (read.TotalAmt, read.Balance, read.SyncToken) == (Decimal("100.00"), 100, "0")
    assert Customer.filter(DisplayName="Acme & O'Brien", Active=True, qb=qb)[0].Id == customer.Id
    select = "SELECT * FROM Invoice WHERE Balance > '0' ORDERBY Id STARTPOSITION 1 MAXRESULTS 1000"
    assert [row.Id for row in Invoice.query(select, qb=qb)] == [saved.Id]
    invoices = Invoice.where(
        "Balance > '0'", order_by="Id", start_position=1, max_results=10, qb=qb
    )
    assert len(invoices) == 1
    assert Customer.count(qb=qb) == 1
    assert len(Term.all(qb=qb)) == 4
    assert Customer.choose([customer.Id, "99"], field="Id", qb=qb)[0].Id == customer.Id


def test_its_full_save_wipes_fields_it_does_not_know(qb: Any) -> None:
    customer = a_customer(qb)
    customer.Notes = "Pays late"
    customer.GivenName = "Ann"
    customer.save(qb=qb)
    again = Customer.get(customer.Id, qb=qb)
    assert (again.Notes, again.GivenName, again.SyncToken) == ("Pays late", "Ann", "1")
    invoice = Invoice.get(an_invoice(customer).save(qb=qb).Id, qb=qb)
    invoice.PrivateNote = "called"
    assert invoice.save(qb=qb).PrivateNote == "called"


def test_a_tap_reads_all_it_asks_for(company: Any) -> None:
    """The calls of tap-quickbooks: pages by change, years of deletions, profit and loss."""
    acme = company.customer()
    company.invoice(acme["Id"], "22.00")
    counts = {"Invoice": 1, "Customer": 1, "JournalEntry": 0, "TaxCode": 2, "Bill": 0}
    for entity, count in counts.items():
        select = (
            f"SELECT * FROM {entity} WHERE Metadata.LastUpdatedTime >= '2020-01-01T00:00:00-08:00'"
            " ORDERBY Metadata.LastUpdatedTime ASC STARTPOSITION 1 MAXRESULTS 200"
        )
        assert len(company.query(select).get(entity, [])) == count
    company.change("invoice", company.invoice(acme["Id"]), PrivateNote="x")
    deleted = "Account,Bill,Budget,Customer,Deposit,Invoice,JournalEntry,Purchase,Vendor"
    assert len(company.cdc(deleted, "2020-01-01T00:00:00+00:00")) == len(deleted.split(","))
    earned = company.get("reports/ProfitAndLoss", start_date="2026-05-01", end_date="2026-06-30")
    assert earned.json()["Header"]["StartPeriod"] == "2026-05-01"


def test_it_pays_and_applies_credits(qb: Any) -> None:
    customer = a_customer(qb)
    invoice = an_invoice(customer).save(qb=qb)
    line, link = PaymentLine(), LinkedTxn()
    link.TxnId, link.TxnType, line.Amount = invoice.Id, "Invoice", 40
    line.LinkedTxn.append(link)
    payment = Payment()
    payment.CustomerRef, payment.TotalAmt = customer.to_ref(), 40
    payment.Line.append(line)
    paid = payment.save(qb=qb)
    assert Invoice.get(invoice.Id, qb=qb).Balance == 60
    Payment.get(paid.Id, qb=qb).void(qb=qb)
    assert Payment.get(paid.Id, qb=qb).TotalAmt == 0
    assert Invoice.get(invoice.Id, qb=qb).Balance == 100


def test_it_sends_voids_deletes_and_prints(company: Any, qb: Any) -> None:
    invoice = an_invoice(a_customer(qb)).save(qb=qb)
    invoice.send(qb=qb, send_to="ceo+x@acme.example")
    assert company.sandbox.mailbox.emails[0].to == ["ceo+x@acme.example"]
    read = Invoice.get(invoice.Id, qb=qb)
    assert read.email_sent
    assert read.BillEmail.Address == "ceo+x@acme.example"
    assert read.download_pdf(qb=qb).startswith(b"%PDF")
    voided = read.void(qb=qb)["Invoice"]
    assert voided["PrivateNote"] == "Voided"
    Invoice.get(invoice.Id, qb=qb).delete(qb=qb)
    with pytest.raises(ObjectNotFoundException) as gone:
        Invoice.get(invoice.Id, qb=qb)
    assert gone.value.error_code == 610


def test_it_sees_changes_and_tombstones(qb: Any) -> None:
    customer = a_customer(qb)
    kept, lost = (an_invoice(customer).save(qb=qb) for _ in range(2))
    Invoice.get(lost.Id, qb=qb).delete(qb=qb)
    changes = change_data_capture([Invoice, Customer, CreditMemo], "2026-06-01T00:00:00Z", qb=qb)
    by_id = {row.Id: row for row in changes.Invoice}
    assert by_id[lost.Id].status == "Deleted"
    assert by_id[kept.Id].TotalAmt == 100
    assert changes.Customer[0].DisplayName == customer.DisplayName
    assert not hasattr(changes, "CreditMemo")


def test_it_writes_in_batches(qb: Any) -> None:
    new = [Customer() for _ in range(35)]
    for number, customer in enumerate(new):
        customer.DisplayName = f"C{number}"
    new[5].DisplayName = "C4"
    done = batch_create(new, qb=qb)
    assert (len(done.successes), len(done.faults)) == (34, 1)
    assert done.faults[0].Error[0].code == "6240"
    for customer in done.successes:
        customer.Notes = "in a batch"
    assert len(batch_update(done.successes, qb=qb).successes) == 34
    invoices = [an_invoice(done.successes[0]).save(qb=qb) for _ in range(2)]
    assert not batch_delete(invoices, qb=qb).faults


def test_it_attaches_notes_and_files(company: Any, qb: Any) -> None:
    invoice = an_invoice(a_customer(qb)).save(qb=qb)
    ref = AttachableRef()
    ref.EntityRef, ref.IncludeOnSend = invoice.to_ref(), False
    note = Attachable()
    note.Note = "Called"
    note.AttachableRef.append(ref)
    assert note.save(qb=qb).Id
    file = Attachable()
    file.FileName, file.ContentType, file._FileBytes = "a.txt", "text/plain", b"hello"
    file.AttachableRef.append(ref)
    saved = file.save(qb=qb)
    assert company.book.api.attachments.files[saved.Id] == b"hello"
    assert company.book.state()["attachments"][0]["id"] == invoice.Id


def test_it_reads_the_company_reports_and_preferences(qb: Any) -> None:
    company = CompanyInfo.get(qb.company_id, qb=qb)
    assert company.CompanyName == "Craig's Landscaping"
    assert Preferences.get(qb=qb).CurrencyPrefs.HomeCurrency.value == "USD"
    assert qb.get_report("AgedReceivables")["Header"]["ReportName"] == "AgedReceivables"


def test_its_exceptions_are_those_measured(company: Any, qb: Any) -> None:
    customer = a_customer(qb)
    with pytest.raises(QuickbooksException) as duplicate:
        a_customer(qb)
    assert duplicate.value.error_code == 6240
    with pytest.raises(ValidationException) as query:
        Invoice.query("SELECT * FROM Custmoer", qb=qb)
    assert query.value.error_code == 4001
    customer.SyncToken = "9"
    with pytest.raises(QuickbooksException) as stale:
        customer.save(qb=qb)
    assert stale.value.error_code == 5010
    company.book.disconnect()
    with pytest.raises(AuthorizationException):
        Customer.all(qb=qb)
