"""Both platforms tell the same addresses and numbers, without a call for each customer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arsync.connector_sdk import Connector, Record
from arsync.core.ledger.records import Contact, DocumentStatus, Invoice, Organisation
from arsync_sandbox.generate import NOBODY_TO_CALL, generate

CONTACTS = 60


def generated(*benches: Any) -> None:
    """Load one ledger into each."""
    rows = generate(
        seed=1,
        contacts=CONTACTS,
        invoices=120,
        today=benches[0].now().date(),
        currency="GBP",
        country="GB",
    )
    for bench in benches:
        with bench.sandbox.lock:
            bench.book.load_contacts(rows.contacts)
            bench.book.load_invoices(rows.invoices)


def records(connector: Connector) -> Iterator[Record]:
    for page in connector.pull(None):
        assert page.problems == ()
        yield from page.records


def test_both_platforms_say_where_a_customer_is(xero: Any, quickbooks: Any) -> None:
    generated(xero, quickbooks)
    ours, theirs = (
        {row.name: row for row in records(bench.connector()) if isinstance(row, Contact)}
        for bench in (xero, quickbooks)
    )
    assert {name: row.address for name, row in ours.items()} == {
        name: row.address for name, row in theirs.items()
    }
    without = [row for row in ours.values() if not row.address]
    assert len(without) == CONTACTS // NOBODY_TO_CALL
    assert len({row.customer_number for row in ours.values()}) == CONTACTS
    assert {row.customer_number for row in theirs.values()} == {""}, "QuickBooks has no such field"
    lines = {row.country: row.address for row in ours.values() if row.address}
    assert lines["GB"][-1][-3].isdigit(), "a British postcode stands last"
    assert lines["DE"][-1][:5].isdigit(), "a German one before the town"


def test_both_platforms_tell_the_order_number(xero: Any, quickbooks: Any) -> None:
    generated(xero, quickbooks)
    ours, theirs = (
        {
            row.number: row
            for row in records(bench.connector())
            if isinstance(row, Invoice) and row.status == DocumentStatus.OPEN
        }
        for bench in (xero, quickbooks)
    )
    told = {number: row.reference for number, row in ours.items()}
    assert {number: row.purchase_order for number, row in theirs.items()} == told
    assert any(told.values())
    assert not any(row.purchase_order for row in ours.values())
    assert not any(row.reference for row in theirs.values())


def test_both_platforms_say_who_the_sender_is(xero: Any, quickbooks: Any) -> None:
    ours, theirs = (bench.connector().organisation() for bench in (xero, quickbooks))
    assert isinstance(ours, Organisation)
    assert ours.address == theirs.address == ("1 High Street", "London", "EC1A 1BB")
    assert ours.phone == theirs.phone == "+44 20 7946 0999"
    assert ours.legal_name == theirs.legal_name == "Sandbox Trading Ltd"
    assert (ours.email, theirs.email) == ("", "accounts@sandbox.example")
    assert (ours.tax_number, theirs.tax_number) == ("GB 999 9999 73", "")
    assert (ours.registration_number, theirs.registration_number) == ("00000000", "")


def test_addresses_cost_no_calls(xero: Any, quickbooks: Any) -> None:
    """A ledger of sixty customers is read in as many calls as one of a single customer."""
    for bench in (xero, quickbooks):
        bench.add_contact("Ridgeway University", "accounts@ridgeway.example")

    def calls_of_a_pull(bench: Any) -> int:
        before = bench.calls()
        list(bench.connector().pull(None))
        return int(bench.calls() - before)

    counts = [calls_of_a_pull(bench) for bench in (xero, quickbooks)]
    generated(xero, quickbooks)
    assert [calls_of_a_pull(bench) for bench in (xero, quickbooks)] == counts
