"""The change feed of the sandbox's QuickBooks, with its gaps: nothing is lost, little is asked."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from arsync.connector_sdk import Page
from arsync.core.ledger.records import Contact, Invoice, RecordKind

QUIET_CALLS_MAX = 3
BOTH = "Id, MetaData.CreateTime"
LATER = timedelta(minutes=15)


def pulled(bench: Any, cursor: str | None) -> list[Page]:
    return list(bench.connector().pull(cursor))


def cursor_of(bench: Any) -> str:
    return pulled(bench, None)[-1].cursor


def contact_of(bench: Any) -> str:
    return str(bench.add_contact("Ridgeway University", "accounts@ridgeway.example"))


def invoice_of(bench: Any, contact: str, amount: str = "100.00") -> str:
    today = bench.now().date()
    return str(bench.add_invoice(contact, Decimal(amount), today, today + timedelta(days=30)))


def delete(bench: Any, entity: str, object_id: str) -> None:
    """Delete as a person at the platform does."""
    transport = bench.transport()
    url = f"{bench.settings['api_url']}/v3/company/{bench.organisation_id}/{entity.lower()}"
    accept = {"Accept": "application/json", "Content-Type": "application/json"}
    document = json.loads(transport.request("GET", f"{url}/{object_id}", headers=accept).body)
    body = {"Id": object_id, "SyncToken": document[entity]["SyncToken"]}
    answer = transport.request(
        "POST",
        url,
        params={"operation": "delete"},
        headers=accept,
        body=json.dumps(body).encode(),
        changes=True,
    )
    assert answer.status == 200, answer.body


def company_calls(bench: Any) -> int:
    """Return the calls that were answered: after a day the token has to be renewed, too."""
    rows = bench.sandbox.journal.page()["requests"]
    return sum(row["path"].startswith("/v3/company/") and row["status"] == 200 for row in rows)


def of_kind(pages: list[Page], kind: RecordKind) -> dict[str, Any]:
    return {row.id: row for page in pages if page.kind == kind for row in page.records}


def gone(pages: list[Page]) -> set[str]:
    return {record_id for page in pages for record_id in page.gone}


def test_an_idle_pull_takes_one_call_and_three_daily(quickbooks: Any) -> None:
    contact = contact_of(quickbooks)
    invoice_of(quickbooks, contact)
    quickbooks.advance(LATER)
    cursor, counted, organisations = cursor_of(quickbooks), [], 0
    for step in (LATER, LATER, timedelta(days=1), LATER, timedelta(days=1), LATER):
        quickbooks.advance(step)
        before = company_calls(quickbooks)
        pages = pulled(quickbooks, cursor)
        counted.append(company_calls(quickbooks) - before)
        cursor = pages[-1].cursor
        organisations += len([page for page in pages if page.kind == RecordKind.ORGANISATION])
        assert pages[-1].complete
    assert max(counted) <= QUIET_CALLS_MAX
    assert counted.count(1) >= 2
    assert organisations == 2


def test_a_deleted_invoice_and_payment_are_gone(quickbooks: Any) -> None:
    contact = contact_of(quickbooks)
    deleted, kept = invoice_of(quickbooks, contact), invoice_of(quickbooks, contact)
    quickbooks.pay(kept, Decimal(30))
    quickbooks.advance(LATER)
    pages = pulled(quickbooks, None)
    (payment,) = of_kind(pages, RecordKind.PAYMENTS)
    quickbooks.advance(LATER)
    delete(quickbooks, "Invoice", deleted)
    delete(quickbooks, "Payment", payment)
    changes = pulled(quickbooks, pages[-1].cursor)
    assert {(page.kind, page.gone) for page in changes if page.gone} == {
        (RecordKind.INVOICES, (deleted,)),
        (RecordKind.PAYMENTS, (payment,)),
    }
    assert of_kind(changes, RecordKind.INVOICES)[kept].amount_due == 100


def test_what_the_feed_wrongly_calls_deleted_is_not_gone(quickbooks: Any) -> None:
    contact = contact_of(quickbooks)
    invoice = invoice_of(quickbooks, contact)
    quickbooks.advance(LATER)
    cursor = cursor_of(quickbooks)
    quickbooks.advance(LATER)
    quickbooks.sandbox.change_settings({"quickbooks_cdc_false_deleted": True})
    quickbooks.pay(invoice, Decimal(1))
    pages = pulled(quickbooks, cursor)
    assert not gone(pages)
    assert of_kind(pages, RecordKind.INVOICES)[invoice].amount_due == 99


@pytest.mark.parametrize("cap", ["total", "entity"])
def test_changes_beyond_the_feeds_limit_cause_a_full_read(quickbooks: Any, cap: str) -> None:
    quickbooks.sandbox.change_settings({"quickbooks_cdc_cap": cap})
    contact = contact_of(quickbooks)
    old = invoice_of(quickbooks, contact)
    quickbooks.advance(LATER)
    cursor = cursor_of(quickbooks)
    quickbooks.advance(LATER)
    delete(quickbooks, "Invoice", old)
    quickbooks.add_invoices(contact, 600)
    quickbooks.advance(timedelta(seconds=1))
    quickbooks.add_invoices(contact, 500)
    renamed = "Ridgeway University Press"
    quickbooks.rename(contact, renamed)
    quickbooks.advance(timedelta(seconds=2))
    pages = pulled(quickbooks, cursor)
    assert len(of_kind(pages, RecordKind.INVOICES)) == 1100
    assert of_kind(pages, RecordKind.CONTACTS)[contact].name == renamed
    sweeps = [page for page in pages if page.sweep]
    assert {page.kind for page in sweeps} == {RecordKind.INVOICES}
    assert [page.sweep_ends for page in sweeps] == [False, True]
    assert [page.complete for page in pages] == [False] * (len(pages) - 1) + [True]
    quickbooks.advance(LATER)
    assert not of_kind(pulled(quickbooks, pages[-1].cursor), RecordKind.INVOICES)


def test_many_changes_are_requested_kind_by_kind(quickbooks: Any) -> None:
    contact = contact_of(quickbooks)
    quickbooks.advance(LATER)
    cursor = cursor_of(quickbooks)
    quickbooks.advance(LATER)
    quickbooks.add_invoices(contact, 700)
    for invoice in [row["id"] for row in quickbooks.state()["invoices"]][:310]:
        quickbooks.pay(invoice, Decimal("0.01"))
    before = quickbooks.calls()
    pages = pulled(quickbooks, cursor)
    assert quickbooks.calls() - before <= 6
    assert len(of_kind(pages, RecordKind.INVOICES)) == 700
    assert len(of_kind(pages, RecordKind.PAYMENTS)) == 310
    assert not [page for page in pages if page.sweep]


def test_a_ledger_imported_just_before_connecting_is_read_once(quickbooks: Any) -> None:
    contact = contact_of(quickbooks)
    cursor_of(quickbooks)
    quickbooks.add_invoices(contact, 1100)
    quickbooks.advance(timedelta(seconds=30))
    cursor = cursor_of(quickbooks)
    for _ in range(3):
        quickbooks.advance(timedelta(minutes=2))
        before = quickbooks.calls()
        pages = pulled(quickbooks, cursor)
        cursor = pages[-1].cursor
        assert quickbooks.calls() - before <= QUIET_CALLS_MAX
        assert not of_kind(pages, RecordKind.INVOICES)


def test_a_watermark_before_the_feed_causes_a_full_read(quickbooks: Any) -> None:
    contact = contact_of(quickbooks)
    invoice, deleted = invoice_of(quickbooks, contact), invoice_of(quickbooks, contact)
    cursor = cursor_of(quickbooks)
    quickbooks.advance(LATER)
    delete(quickbooks, "Invoice", deleted)
    for days in (30, 45):
        quickbooks.advance(timedelta(days=days))
        pages = pulled(quickbooks, cursor)
        assert set(of_kind(pages, RecordKind.INVOICES)) == {invoice}
        swept = {page.kind for page in pages if page.sweep_ends}
        assert swept == set(RecordKind) - {RecordKind.ORGANISATION}
        assert pages[-1].complete


def test_a_resumed_full_read_keeps_its_first_watermark(quickbooks: Any) -> None:
    contact = contact_of(quickbooks)
    invoice = invoice_of(quickbooks, contact)
    quickbooks.advance(LATER)
    pages = pulled(quickbooks, None)
    middle = next(page for page in pages if page.kind == RecordKind.INVOICES)
    quickbooks.advance(LATER)
    quickbooks.pay(invoice, Decimal(60))
    later = pulled(quickbooks, middle.cursor)
    assert not of_kind(later, RecordKind.INVOICES)
    changes = of_kind(pulled(quickbooks, later[-1].cursor), RecordKind.INVOICES)
    assert changes[invoice].amount_due == 40


def test_a_renamed_customer_type_reaches_customers_within_a_day(quickbooks: Any) -> None:
    book = quickbooks.book
    book.load_documents(
        {
            "CustomerType": [{"Id": "77", "Name": "Key account"}],
            "Customer": [
                {"Id": "801", "DisplayName": "Acme", "CustomerTypeRef": {"value": "77"}},
                {"Id": "802", "DisplayName": "Brown"},
            ],
        }
    )
    pages = pulled(quickbooks, None)
    assert of_kind(pages, RecordKind.CONTACTS)["801"].groups == ("Key account",)
    book.load_documents({"CustomerType": [{"Id": "77", "Name": "Gold"}]})
    groups, cursor = set(), pages[-1].cursor
    for _ in range(3):
        quickbooks.advance(timedelta(days=1))
        pages = pulled(quickbooks, cursor)
        cursor = pages[-1].cursor
        contact = of_kind(pages, RecordKind.CONTACTS).get("801")
        if isinstance(contact, Contact):
            groups.add(contact.groups)
    assert ("Gold",) in groups


def test_a_new_customer_type_is_looked_up_when_named(quickbooks: Any) -> None:
    contact = contact_of(quickbooks)
    cursor = cursor_of(quickbooks)
    quickbooks.advance(LATER)
    quickbooks.book.load_documents({"CustomerType": [{"Id": "78", "Name": "Late payers"}]})
    contact = quickbooks.connector().read(RecordKind.CONTACTS, [contact]).records[0]
    body = {
        "Id": contact.id,
        "SyncToken": contact.version,
        "sparse": True,
        "CustomerTypeRef": {"value": "78"},
    }
    url = f"{quickbooks.settings['api_url']}/v3/company/{quickbooks.organisation_id}/customer"
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    answer = quickbooks.transport().request(
        "POST", url, headers=headers, body=json.dumps(body).encode(), changes=True
    )
    assert answer.status == 200
    before = quickbooks.calls()
    pages = pulled(quickbooks, cursor)
    assert of_kind(pages, RecordKind.CONTACTS)[contact.id].groups == ("Late payers",)
    assert quickbooks.calls() - before == 3


def test_many_records_are_read_afresh_by_one_query(quickbooks: Any) -> None:
    contact = contact_of(quickbooks)
    quickbooks.add_invoices(contact, 30)
    ids = [row["id"] for row in quickbooks.state()["invoices"]]
    connector = quickbooks.connector()
    connector.organisation()
    before = quickbooks.calls()
    page = connector.read(RecordKind.INVOICES, [*ids, "999999", "not an id"])
    assert quickbooks.calls() - before == 2
    assert {row.id for row in page.records if isinstance(row, Invoice)} == set(ids)
    assert page.gone == ("999999", "not an id")


def test_an_odd_document_is_named_and_others_are_read(quickbooks: Any) -> None:
    contact = contact_of(quickbooks)
    good = invoice_of(quickbooks, contact)
    odd = {
        "Id": "900",
        "DocNumber": "ODD-1",
        "TxnDate": "2026-11-01",
        "CustomerRef": {"value": contact},
        "TotalAmt": 5,
        "Balance": 5,
        "CurrencyRef": {"value": "QQQQ"},
    }
    quickbooks.book.load_documents({"Invoice": [odd]})
    pages = pulled(quickbooks, None)
    (problem,) = [problem for page in pages for problem in page.problems]
    assert (problem.kind, problem.id, problem.number) == (RecordKind.INVOICES, "900", "ODD-1")
    assert good in of_kind(pages, RecordKind.INVOICES)


@pytest.mark.parametrize(
    ("unsortable", "ignores"),
    [("", False), ("Id", False), ("Id", True), (BOTH, False), (BOTH, True)],
    ids=["sortable", "Id refused", "Id ignored", "both refused", "both ignored"],
)
def test_a_full_read_loses_nothing_in_any_order(
    quickbooks: Any, unsortable: str, ignores: bool
) -> None:
    quickbooks.sandbox.change_settings(
        {"quickbooks_unsortable": unsortable, "quickbooks_ignores_unsortable": ignores}
    )
    contact = contact_of(quickbooks)
    for _ in range(6):
        quickbooks.advance(timedelta(seconds=1))
        quickbooks.add_invoices(contact, 300)
    before = {row["id"] for row in quickbooks.state()["invoices"]}
    seen: list[str] = []
    for page in quickbooks.connector().pull(None):
        seen += [row.id for row in page.records if page.kind is RecordKind.INVOICES]
        quickbooks.advance(timedelta(seconds=1))
        for invoice in sorted(before)[:: len(before) // 5]:
            quickbooks.pay(invoice, Decimal("0.01"))
        quickbooks.add_invoices(contact, 3)
    assert len(seen) == len(set(seen))
    assert before <= set(seen)


@pytest.mark.parametrize("version", [3, 4])
def test_customers_read_without_addresses_are_read_again(quickbooks: Any, version: int) -> None:
    contact = contact_of(quickbooks)
    quickbooks.advance(LATER)
    cursor = json.loads(cursor_of(quickbooks))
    assert contact not in of_kind(pulled(quickbooks, json.dumps(cursor)), RecordKind.CONTACTS)
    cursor.pop("country")
    again = pulled(quickbooks, json.dumps(cursor | {"version": version}))
    assert contact in of_kind(again, RecordKind.CONTACTS)
    assert of_kind(again, RecordKind.ORGANISATION), "its address is filled at once, too"
    assert json.loads(again[-1].cursor)["country"] == "GB"
    assert again[-1].complete
    assert contact not in of_kind(pulled(quickbooks, again[-1].cursor), RecordKind.CONTACTS)
