"""Lists longer than Xero gives at once (error 51) are read in parts, by the documents' dates."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from arsync.connector_sdk import Page
from arsync.core.ledger.records import RecordKind
from arsync.errors import Rejected
from arsync_sandbox.server import Sandbox
from arsync_xero.cursor import Cursor, fewer_days, later_days
from arsync_xero.feed import read_cursor

ROWS_MAX = 12


@pytest.fixture
def long_lists(sandbox: Sandbox, xero: Any) -> dict[str, set[str]]:
    """Three times as many of each as Xero gives at once; returns the ids by kind."""
    contacts = [xero.add_contact(f"Customer {n}", f"c{n}@x.example") for n in range(ROWS_MAX * 3)]
    invoices = set()
    for number, contact in enumerate(contacts):
        day = date(2021, 3, 1) + timedelta(days=number * 53)
        invoices.add(xero.add_invoice(contact, Decimal(number + 1), day, day + timedelta(30)))
    for number, invoice in enumerate(invoices):
        with sandbox.lock:
            xero.book.pay(invoice, Decimal("0.50"), date(2024, 1, 1) + timedelta(days=number))
    sandbox.change_settings({"xero_high_volume_rows": ROWS_MAX})
    payments = {row["id"] for row in xero.state()["payments"]}
    return {"contacts": set(contacts), "invoices": invoices, "payments": payments}


def pull(bench: Any, cursor: str | None = None) -> list[Page]:
    return list(bench.connector().pull(cursor))


def ids(pages: list[Page], kind: RecordKind) -> list[str]:
    return [row.id for page in pages if page.kind == kind for row in page.records]


def test_a_list_beyond_xeros_cap_is_read_whole(xero: Any, long_lists: dict[str, set[str]]) -> None:
    before = xero.calls()
    pages = pull(xero)
    for kind in (RecordKind.INVOICES, RecordKind.PAYMENTS):
        listed = ids(pages, kind)
        assert set(listed) == long_lists[kind.value]
        assert len(listed) == len(set(listed))
    assert pages[-1].complete
    assert xero.calls() - before < 60, "halving is quick"
    # Each kind is one sweep over all its parts, which ends with the last.
    for kind in (RecordKind.INVOICES, RecordKind.PAYMENTS):
        swept = [page for page in pages if page.kind == kind]
        assert len({page.sweep for page in swept}) == 1
        assert [page.sweep_ends for page in swept] == [False] * (len(swept) - 1) + [True]


@pytest.mark.parametrize("pages_done", [1, 2, 4, 7, 10, 13])
def test_a_pull_in_parts_resumes_where_it_was_interrupted(
    xero: Any, long_lists: dict[str, set[str]], pages_done: int
) -> None:
    pages: list[Page] = []
    for page in xero.connector().pull(None):
        pages.append(page)
        if len(pages) == pages_done:
            break
    pages += pull(xero, pages[-1].cursor)
    assert set(ids(pages, RecordKind.INVOICES)) == long_lists["invoices"]
    assert set(ids(pages, RecordKind.PAYMENTS)) == long_lists["payments"]


def test_too_many_contacts_do_not_stop_the_pull(xero: Any, long_lists: dict[str, set[str]]) -> None:
    pages = pull(xero)
    assert ids(pages, RecordKind.CONTACTS) == []
    (swept,) = [page for page in pages if page.kind == RecordKind.CONTACTS]
    assert swept.sweep, "so those that are stored already are read again by their ids"
    assert swept.sweep_ends


def test_changes_among_too_many_contacts_are_read_normally(
    xero: Any, long_lists: dict[str, set[str]]
) -> None:
    cursor = pull(xero)[-1].cursor
    later = msgspec.structs.replace(read_cursor(cursor), since="2026-11-20T12:00:00").text()
    (changed, *_) = long_lists["contacts"]
    xero.advance(timedelta(days=2))
    xero.rename(changed, "Renamed Ltd")
    # Also on the day of a sweep, which would read them all.
    pages = pull(xero, later)
    assert ids(pages, RecordKind.CONTACTS) == [changed]
    assert not [page for page in pages if page.kind == RecordKind.CONTACTS and page.sweep]


def test_the_daily_open_invoice_sweep_is_split_too(
    xero: Any, long_lists: dict[str, set[str]]
) -> None:
    cursor = pull(xero)[-1].cursor
    xero.advance(timedelta(days=2))
    pages = pull(xero, cursor)
    balances = [open_balance.invoice_id for page in pages for open_balance in page.open_balances]
    assert set(balances) == long_lists["invoices"] - {
        row["id"] for row in xero.state()["invoices"] if row["status"] == "PAID"
    }
    assert pages[-1].sweep_ends


def test_a_part_that_shrank_during_reading_is_reread(
    xero: Any, long_lists: dict[str, set[str]]
) -> None:
    """What moves up into the place of a document whose date was changed would not be seen."""
    count = len(long_lists["invoices"])
    cursor = Cursor(
        stage="invoices",
        page=2,
        dated_before="2020-01-01",
        document_count=count,
        start="2026-11-20T09:00:00",
        sweeping=True,
        base="GBP",
    )
    before = xero.calls()
    first = next(iter(xero.connector().pull(cursor.text())))
    assert xero.calls() - before == 2, "page 2 shows fewer, so page 1 is read"
    assert read_cursor(first.cursor).dated_from == "2020-01-01"


def test_a_day_beyond_xeros_cap_is_refused_and_named(sandbox: Sandbox, xero: Any) -> None:
    contact = xero.add_contact("Ridgeway", "a@x.example")
    xero.add_invoices(contact, 5)
    sandbox.change_settings({"xero_high_volume_rows": 3})
    with pytest.raises(Rejected, match="the invoices dated 2026-11-20 alone are more than"):
        pull(xero)


def test_parts_halve_and_double_and_leave_no_day_out() -> None:
    whole = Cursor(stage="invoices", start="2026-11-20T09:00:00", page=7, document_count=3)
    half = fewer_days(whole)
    assert (half.dated_from, half.page, half.document_count) == ("", 1, 0)
    quarter = fewer_days(half)
    assert quarter.dated_before < half.dated_before
    following = later_days(quarter)
    assert following.dated_from == quarter.dated_before
    last = msgspec.structs.replace(whole, dated_from="2020-01-01", dated_before="2026-01-01")
    assert later_days(last).dated_before == "", "the last part has no end"
