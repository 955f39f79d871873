"""Payables: what is settled leaves, what is unreadable is not counted as nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

from tests.builders.records import a_contact

from arsync.connector_sdk import BillsPage, Page
from arsync.core.ledger.payables import Payable, Supplier
from arsync.core.ledger.records import DocumentProblem, RecordKind
from arsync.store import Store
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, tzinfo=UTC)
OCTOBER = date(2026, 10, 1)


def a_bill(bill_id: str, supplier_id: str = "v1", name: str = "Northwind", **also: str) -> Payable:
    supplier = Supplier(supplier_id, name, **also)
    return Payable(bill_id, supplier, "", OCTOBER, OCTOBER, "GBP", Decimal(1), Decimal(5))


def bills_of(store: Store, connection: ConnectionRow, contact_id: str) -> list[tuple[str, bool]]:
    (account,) = store.ledger.accounts(connection.id, [contact_id])
    return sorted((payable.payable.id, payable.is_certain) for payable in account.payables or ())


def test_a_whole_reading_settles_what_it_missed(store: Store, connection: ConnectionRow) -> None:
    contact = a_contact("c1", "Acme")
    store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, [contact], "1", complete=True), NOW)
    read = store.payables
    read.apply(connection.id, BillsPage([a_bill("b1"), a_bill("b2")], "1", whole="monday"))
    assert next(store.ledger.accounts(connection.id)).payables is None, "not read whole yet"
    read.apply(connection.id, BillsPage([], "2", whole="monday", complete=True))
    read.bind(connection.id, {"northwind": "c1"})
    assert bills_of(store, connection, "c1") == [("b1", True), ("b2", True)]
    read.apply(connection.id, BillsPage([], "3", settled=["b1"], complete=True))
    assert bills_of(store, connection, "c1") == [("b2", True)]
    read.apply(connection.id, BillsPage([a_bill("b3")], "4", whole="tuesday", complete=True))
    read.bind(connection.id, {"northwind": "c1"})
    assert bills_of(store, connection, "c1") == [("b3", True)]
    assert read.cursor(connection.id) == "4"


def test_likeness_binds_one_customer_or_none(store: Store, connection: ConnectionRow) -> None:
    people = [a_contact("c1", "Acme"), a_contact("c2", "Twin"), a_contact("c3", "Twin")]
    page = Page(RecordKind.CONTACTS, people, "1", complete=True)
    store.ledger.apply(connection.id, page, NOW)
    bills = [
        a_bill("b1", "v1", "A", company_name="Acme"),
        a_bill("b2", "v2", "Twin (supplier)", company_name="Twin"),
    ]
    store.payables.apply(connection.id, BillsPage(bills, "1", whole="w", complete=True))
    store.payables.bind(connection.id, {})
    assert bills_of(store, connection, "c1") == [("b1", False)]
    assert bills_of(store, connection, "c2") == []
    (likely,) = store.payables.likely_parties(connection.id, at_most=5)
    assert (likely.supplier_name, likely.contact_name) == ("A", "Acme")


def test_an_unreadable_bill_has_no_amount(store: Store, connection: ConnectionRow) -> None:
    page = Page(RecordKind.CONTACTS, [a_contact("c1", "Acme")], "1", complete=True)
    store.ledger.apply(connection.id, page, NOW)
    odd = DocumentProblem("bills", "b9", "S-9", "DueDate is missing", "v1")
    bills = BillsPage([a_bill("b1")], "1", problems=(odd,), whole="w", complete=True)
    store.payables.apply(connection.id, bills)
    store.payables.bind(connection.id, {"v1": "c1"})
    (account,) = store.ledger.accounts(connection.id, ["c1"])
    amounts = {to.payable.id: to.payable.amount for to in account.payables or ()}
    assert amounts == {"b1": Decimal(5), "b9": None}


def test_a_bill_of_nobody_is_not_nothing(store: Store, connection: ConnectionRow) -> None:
    odd = DocumentProblem("bills", "b9", "S-9", "Contact is missing")
    bills = BillsPage([a_bill("b1")], "1", problems=(odd,), whole="w", complete=True)
    store.payables.apply(connection.id, bills)
    amounts = {
        payable.id: payable.amount
        for standing in store.suppliers.standings(connection.id) or ()
        for payable in standing.payables
    }
    assert amounts == {"b1": Decimal(5), "b9": None}


def test_an_unreadable_bill_keeps_its_supplier(store: Store, connection: ConnectionRow) -> None:
    """It has no name to go by: the supplier's other bills say whose it is, run after run."""
    page = Page(RecordKind.CONTACTS, [a_contact("c1", "Acme")], "1", complete=True)
    store.ledger.apply(connection.id, page, NOW)
    odd = DocumentProblem("bills", "b9", "S-9", "DueDate is missing", "v1")
    bills = BillsPage([a_bill("b1")], "1", problems=(odd,), whole="w", complete=True)
    store.payables.apply(connection.id, bills)
    for _ in range(2):
        store.payables.bind(connection.id, {"northwind": "c1"})
        assert bills_of(store, connection, "c1") == [("b1", True), ("b9", True)]


def test_an_unreadable_bill_of_one_record_is_unknown(
    store: Store, connection: ConnectionRow
) -> None:
    """Where a contact is customer and supplier, it is known whose the bill is."""
    page = Page(RecordKind.CONTACTS, [a_contact("c1", "Acme")], "1", complete=True)
    store.ledger.apply(connection.id, page, NOW)
    odd = DocumentProblem("bills", "b9", "S-9", "DueDate is missing", "c1")
    bills = BillsPage([], "1", problems=(odd,), complete=True, suppliers_are_contacts=True)
    store.payables.apply(connection.id, bills)
    store.payables.bind(connection.id, {})
    assert bills_of(store, connection, "c1") == [("b9", True)]
