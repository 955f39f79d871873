"""Pulling from Xero: budgets, sweeps, and what its change feed does not tell."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from arsync.connector_sdk import Page
from arsync.core.ledger.credit_kinds import CreditKind
from arsync.core.ledger.records import (
    Contact,
    ContactStatus,
    Credit,
    DocumentStatus,
    Invoice,
    OpenBalance,
    Organisation,
    RecordKind,
)
from arsync.errors import Rejected
from arsync_sandbox.server import Sandbox
from arsync_xero.cursor import Cursor
from arsync_xero.feed import SWEEP_AFTER, read_cursor


def pull(bench: Any, cursor: str | None = None) -> list[Page]:
    return list(bench.connector().pull(cursor))


def one_invoice(bench: Any, amount: str = "100.00") -> tuple[str, str]:
    contact = bench.add_contact("Ridgeway University", "accounts@ridgeway.example")
    day = bench.now().date()
    return contact, bench.add_invoice(contact, Decimal(amount), day, day + timedelta(days=30))


def test_thousands_of_invoices_cost_a_call_for_each_thousand(xero: Any) -> None:
    contact, _ = one_invoice(xero)
    xero.add_invoices(contact, 2_000)
    before = xero.calls()
    pages = pull(xero)
    assert xero.calls() - before <= 3 + 1 + 10 - 2, "3 of invoices, 1 of contacts, 10 for the rest"
    assert xero.calls() - before == 10
    rows = [row.id for page in pages for row in page.records if page.kind == RecordKind.INVOICES]
    assert len(rows) == len(set(rows)) == 2_001


def test_a_quiet_pull_is_seven_calls(xero: Any) -> None:
    one_invoice(xero)
    cursor = pull(xero)[-1].cursor
    xero.advance(timedelta(hours=1))
    cursor = pull(xero, cursor)[-1].cursor
    before = xero.calls()
    assert not [row for page in pull(xero, cursor) for row in page.records]
    assert xero.calls() - before == 7


def test_once_a_day_the_open_invoices_are_swept(xero: Any) -> None:
    contact, invoice = one_invoice(xero)
    voided = xero.add_invoice(contact, Decimal("5.00"), xero.now().date(), xero.now().date())
    xero.pay(voided, Decimal("5.00"))
    cursor = pull(xero)[-1].cursor
    xero.advance(SWEEP_AFTER - timedelta(minutes=5))
    early = pull(xero, cursor)
    assert not [page for page in early if page.sweep]
    xero.advance(timedelta(minutes=10))
    pages = pull(xero, early[-1].cursor)
    (swept,) = [page for page in pages if page.open_balances]
    assert swept.open_balances == (OpenBalance(invoice, Decimal("100.00"), date(2026, 12, 20)),)
    assert swept.sweep_ends
    assert swept.complete
    assert swept.records == []
    assert [page.kind for page in pages if page.sweep and not page.open_balances] == [
        RecordKind.CONTACTS
    ]
    again = pull(xero, pages[-1].cursor)
    assert not [page for page in again if page.sweep], "and only once"


def test_the_sweep_sees_what_the_feed_does_not_tell(xero: Any) -> None:
    _, invoice = one_invoice(xero)
    xero.pay(invoice, Decimal("40.00"))
    cursor = pull(xero)[-1].cursor
    xero.advance(timedelta(days=1))
    cursor = pull(xero, cursor)[-1].cursor
    xero.advance(timedelta(hours=1))
    xero.book.set_due_date(invoice, date(2027, 3, 1))
    quiet = pull(xero, cursor)
    assert not [row for page in quiet for row in page.records if page.kind == RecordKind.INVOICES]
    xero.advance(timedelta(days=1))
    balances = [
        open_balance for page in pull(xero, quiet[-1].cursor) for open_balance in page.open_balances
    ]
    assert balances == [OpenBalance(invoice, Decimal("60.00"), date(2027, 3, 1))]


def test_archived_and_merged_contacts_are_told(xero: Any) -> None:
    contact, _ = one_invoice(xero)
    old = xero.add_contact("Old Ltd", "old@example.com")
    gone = xero.add_contact("Gone Ltd", "gone@example.com")
    xero.book.merge(old, contact)
    xero.book.archive(gone)
    contacts = {
        row.id: row for page in pull(xero) for row in page.records if isinstance(row, Contact)
    }
    assert contacts[old].status == ContactStatus.MERGED
    assert contacts[old].merged_into == contact
    assert contacts[gone].status == ContactStatus.ARCHIVED


def test_credits_and_unapplied_cash_arrive_with_their_remainder(xero: Any) -> None:
    contact, invoice = one_invoice(xero)
    xero.book.credit(contact, Decimal("30.00"), invoice)
    xero.book.prepay(contact, Decimal("12.00"))
    credits_ = [row for page in pull(xero) for row in page.records if isinstance(row, Credit)]
    by_kind = {row.kind: row for row in credits_}
    assert by_kind[CreditKind.CREDIT_NOTE].unallocated == 0
    assert by_kind[CreditKind.CREDIT_NOTE].allocations[0].invoice_id == invoice
    assert by_kind[CreditKind.PREPAYMENT].unallocated == Decimal("12.00")
    read = xero.connector().read(RecordKind.CREDITS, [row.id for row in credits_])
    assert sorted(read.records) == sorted(credits_)
    lost = "00000000-0000-4000-8000-000000000000"
    assert xero.connector().read(RecordKind.CREDITS, [lost]).gone == (lost,)


def test_a_voided_and_a_deleted_invoice_are_told(xero: Any) -> None:
    contact, invoice = one_invoice(xero)
    day = xero.now().date()
    draft = xero.add_invoice(contact, Decimal("9.00"), day, day)
    cursor = pull(xero)[-1].cursor
    xero.advance(timedelta(hours=1))
    xero.book.void(invoice)
    xero.book.ledger.invoices.rows[draft].status = "DRAFT"
    xero.book.delete_invoice(draft)
    pages = pull(xero, cursor)
    rows = {row.id: row for page in pages for row in page.records if isinstance(row, Invoice)}
    assert rows[invoice].status == DocumentStatus.VOIDED
    assert rows[draft].status == DocumentStatus.DELETED


def test_odd_documents_are_named_and_the_page_continues(sandbox: Sandbox, xero: Any) -> None:
    contact, _ = one_invoice(xero)
    xero.add_invoices(contact, 60)
    sandbox.change_settings({"xero_odd_documents": True})
    pages = [page for page in pull(xero) if page.kind == RecordKind.INVOICES]
    problems = [problem for page in pages for problem in page.problems]
    rows = [row for page in pages for row in page.records]
    assert problems
    assert all(problem.id and problem.message for problem in problems)
    assert len(rows) + len(problems) == 61


def test_xeros_own_reminders_are_noticed(sandbox: Sandbox, xero: Any) -> None:
    sandbox.change_settings({"xero_reminders_enabled": True})
    assert xero.connector().organisation().own_reminders is True
    (row,) = [row for page in pull(xero) for row in page.records if isinstance(row, Organisation)]
    assert row.own_reminders is True
    sandbox.change_settings({"xero_reminders_enabled": False})
    assert xero.connector().organisation().own_reminders is False


def test_more_than_xero_lists_is_refused_in_its_words(sandbox: Sandbox, xero: Any) -> None:
    contact, _ = one_invoice(xero)
    xero.add_invoices(contact, 5)
    sandbox.change_settings({"xero_high_volume_rows": 3})
    with pytest.raises(Rejected, match="alone are more than it lists at once"):
        pull(xero)


def test_an_invoice_has_a_link_for_its_customer(xero: Any) -> None:
    _, invoice = one_invoice(xero)
    assert xero.connector().invoice_link(invoice).startswith("https://")
    assert xero.connector().invoice_link("00000000-0000-4000-8000-000000000000") == ""


def test_many_ids_are_read_in_few_calls(xero: Any) -> None:
    contact, _ = one_invoice(xero)
    xero.add_invoices(contact, 90)
    ids = [row["id"] for row in xero.state()["invoices"]]
    before = xero.calls()
    page = xero.connector().read(RecordKind.INVOICES, ids)
    assert len(page.records) == 91
    assert xero.calls() - before == 3 + 1, "40 ids a call, and the organisation's currency"


def test_contacts_read_without_addresses_are_read_again(xero: Any) -> None:
    contact, _ = one_invoice(xero)
    cursor = pull(xero)[-1].cursor
    xero.advance(timedelta(hours=1))
    cursor = pull(xero, cursor)[-1].cursor
    assert not [row for page in pull(xero, cursor) for row in page.records]
    before = json.loads(cursor)
    again = pull(xero, json.dumps({**before, "version": 2, "home": ""}))
    kinds = {page.kind for page in again if page.records}
    assert kinds == {RecordKind.ORGANISATION, RecordKind.CONTACTS}
    assert contact in {row.id for page in again for row in page.records}
    after = json.loads(again[-1].cursor)
    assert (after["version"], after["home"]) == (3, "GB")


def test_a_pull_under_way_goes_on_from_its_beginning() -> None:
    text = '{"version": 2, "stage": "invoices", "page": 3, "since": "2026-11-20", "base": "GBP"}'
    assert read_cursor(text) == Cursor(since="2026-11-20", base="GBP")


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{",
        "[]",
        '{"version": 99, "stage": "invoices"}',
        '{"stage": "elsewhere"}',
        '{"stage": "open balances"}',
        '{"stage": 7}',
    ],
)
def test_a_cursor_that_cannot_be_read_begins_anew(text: str | None) -> None:
    assert read_cursor(text) == Cursor()
