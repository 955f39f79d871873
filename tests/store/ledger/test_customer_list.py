"""The list of customers: the order of both databases, whom it shows, and its portions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.builders.records import a_payment, an_invoice

from arsync.connector_sdk import Page, Record
from arsync.core.ledger.records import Contact, RecordKind
from arsync.store import Store
from arsync.store.ledger.customer_list import After, CustomersShown, ListedCustomer, ListOf
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
LATE, COMING = date(2026, 11, 1), date(2026, 12, 1)


def apply(store: Store, connection: ConnectionRow, kind: RecordKind, *records: Record) -> None:
    store.ledger.apply(connection.id, Page(kind, records, "next"), NOW)


def listed(
    store: Store,
    connection: ConnectionRow,
    chosen: ListOf = ListOf(),  # noqa: B008 - a frozen value
    after: After | None = None,
    rows_max: int = 10,
) -> list[ListedCustomer]:
    return store.ledger.listed_customers(
        connection.id, chosen, today=TODAY, base="GBP", after=after, rows_max=rows_max
    )


@pytest.fixture
def filled(store: Store, connection: ConnectionRow) -> ConnectionRow:
    people = (
        Contact("c1", "beta Ltd"),
        Contact("c2", "Alpha"),
        Contact("c3", "Gamma", parent_id="c4", bill_to_parent=True),
        Contact("c4", "Delta"),
        Contact("c5", "Epsilon 100%"),
        Contact("c6", "Zeta", "archived"),
    )
    apply(store, connection, RecordKind.CONTACTS, *people)
    owed = (
        ("i1", "c1", LATE, "100.00", "GBP", None),
        ("i2", "c2", LATE, "100.00", "EUR", Decimal("1.5")),
        ("i3", "c3", LATE, "900.00", "GBP", None),
        ("i4", "c5", COMING, "20.00", "GBP", None),
    )
    invoices = (
        an_invoice(
            id_,
            contact,
            due_on=due,
            amount_due=Decimal(amount),
            total=Decimal(amount),
            currency=currency,
            rate=rate,
            issued_on=date(2026, 10, 1),
        )
        for id_, contact, due, amount, currency, rate in owed
    )
    apply(store, connection, RecordKind.INVOICES, *invoices)
    cash = a_payment("p1", "c4", amount=Decimal(30), unallocated=Decimal(30), currency="GBP")
    apply(store, connection, RecordKind.PAYMENTS, cash)
    return connection


def test_worst_first_in_the_currency_of_the_books(store: Store, filled: ConnectionRow) -> None:
    rows = listed(store, filled)
    # A child's bills are its parent's, whose unapplied cash pays them.
    assert [(row.contact_id, row.overdue_cents) for row in rows] == [
        ("c4", 87_000),
        ("c2", 15_000),
        ("c1", 10_000),
        ("c5", 0),
    ]


@pytest.mark.parametrize(
    ("shows", "ids"),
    [
        (CustomersShown.OVERDUE, ["c4", "c2", "c1"]),
        (CustomersShown.ALL, ["c4", "c2", "c1", "c3", "c5"]),
        (CustomersShown.HELD, []),
        (CustomersShown.AGREED, []),
        (CustomersShown.WAITING, []),
    ],
)
def test_each_choice_shows_its_customers(
    store: Store, filled: ConnectionRow, shows: CustomersShown, ids: list[str]
) -> None:
    assert [row.contact_id for row in listed(store, filled, ListOf(shows))] == ids


def test_a_name_is_found_in_any_case(store: Store, filled: ConnectionRow) -> None:
    rows = listed(store, filled, ListOf(CustomersShown.ALL, "BETA"))
    assert [row.name for row in rows] == ["beta Ltd"]
    assert [row.name for row in listed(store, filled, ListOf(CustomersShown.ALL, "0%"))] == [
        "Epsilon 100%"
    ]


@pytest.mark.parametrize("by_name", [False, True])
def test_portions_show_everybody_once(store: Store, filled: ConnectionRow, by_name: bool) -> None:
    chosen = ListOf(CustomersShown.ALL, by_name=by_name)
    seen, after = list[str](), None
    while rows := listed(store, filled, chosen, after, rows_max=2):
        seen += [row.contact_id for row in rows]
        last = rows[-1]
        after = After(last.sort_name if by_name else str(last.overdue_cents), last.contact_id)
    assert seen == [row.contact_id for row in listed(store, filled, chosen)]
    assert len(set(seen)) == 5


def test_some_customers_are_ranked(store: Store, filled: ConnectionRow) -> None:
    ranked = store.ledger.ranked_customers(
        filled.id, ["c1", "c5", "c2"], today=TODAY, base="GBP", rows_max=2
    )
    assert ranked == ["c2", "c1"]
