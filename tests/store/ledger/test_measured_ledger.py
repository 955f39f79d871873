"""What is measured of few documents and sums is what is measured of all documents."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from tests.builders.records import a_contact, a_credit, a_payment, an_invoice

from arsync.connector_sdk import Page
from arsync.core.analytics.measure_sums import MeasuringWindow
from arsync.core.analytics.measures import Figures, Measuring
from arsync.core.ledger.records import Account, Allocation, DocumentProblem, RecordKind
from arsync.store import Store
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
WINDOWS = [
    MeasuringWindow(TODAY - timedelta(days=70), 30),
    MeasuringWindow(TODAY - timedelta(days=20), 90),
    MeasuringWindow(TODAY, 90),
]
SINCE = min(window.before for window in WINDOWS)
RATES = {"GBP": None, "USD": Decimal("0.8"), "NOK": None}


def a_day(random: Random, most: int) -> date:
    return TODAY - timedelta(days=random.randint(-5, most))


def drawn(random: Random, number: int) -> dict[RecordKind, list[Any]]:
    """Return one invoice of a customer with all that happened to it, odd or not."""
    name, contact = f"i{number}", f"c{number % 9}"
    issued = a_day(random, 500)
    total = random.randint(1, 900)
    currency = random.choice(["GBP", "GBP", "GBP", "USD", "NOK"])
    rated: dict[str, Any] = {"currency": currency, "rate": RATES[currency]}
    paid = random.choice([0, 0, total, total, total, random.randint(1, total)])
    on = min(TODAY, issued + timedelta(days=random.randint(0, 200)))
    # The day of matching is another one than that of the money where a platform says so.
    matched_on = min(TODAY, on + timedelta(days=random.choice([0, 0, 0, 40])))
    moment = datetime.combine(matched_on, NOW.time(), UTC)
    status = "open" if paid < total else "paid"
    gone = paid == 0 and random.random() < 0.3
    invoice = an_invoice(
        name,
        contact,
        number=name.upper(),
        issued_on=issued,
        due_on=issued + timedelta(days=random.randint(0, 60)),
        total=total,
        amount_due=total - paid,
        status=random.choice(["voided", "deleted", "draft"]) if gone else status,
        # QuickBooks does not report it.
        paid_on=on if paid == total and random.random() < 0.5 else None,
        updated_at=datetime.combine(a_day(random, 300), NOW.time(), UTC) if gone else moment,
        expected_on=TODAY if random.random() < 0.05 else None,
        **rated,
    )
    records: dict[RecordKind, list[Any]] = {RecordKind.INVOICES: [invoice]}
    if paid:
        allocation = (Allocation(name, Decimal(paid), matched_on),)
        if random.random() < 0.2:
            credit = a_credit(
                f"cr{number}",
                contact,
                issued_on=on,
                total=paid,
                unallocated=0,
                status="paid",
                allocations=allocation,
                updated_at=moment,
                **rated,
            )
            records[RecordKind.CREDITS] = [credit]
        else:
            payment = a_payment(
                f"p{number}",
                contact,
                paid_on=on,
                amount=paid,
                allocations=allocation,
                updated_at=moment,
                **rated,
            )
            records[RecordKind.PAYMENTS] = [payment]
    elif random.random() < 0.3 and not gone:
        # Money that was taken back: it had paid the invoice until then.
        undone = datetime.combine(a_day(random, 100), NOW.time(), UTC)
        allocation = (Allocation(name, Decimal(total), on),)
        payment = a_payment(
            f"p{number}",
            contact,
            paid_on=on,
            amount=total,
            status="voided",
            allocations=allocation,
            updated_at=undone,
            **rated,
        )
        records[RecordKind.PAYMENTS] = [payment]
    return records


def fill(store: Store, connection: ConnectionRow, random: Random) -> None:
    pages: dict[RecordKind, list[Any]] = {
        RecordKind.CONTACTS: [
            a_contact(f"c{n}", f"Customer {n}", parent_id="c0" if n in {1, 2} else "")
            for n in range(9)
        ],
        RecordKind.INVOICES: [],
        RecordKind.PAYMENTS: [],
        RecordKind.CREDITS: [],
    }
    for number in range(120):
        for kind, records in drawn(random, number).items():
            pages[kind] += records
    for kind, all_records in pages.items():
        store.ledger.apply(connection.id, Page(kind, tuple(all_records), "x"), NOW)


def figures_of_all(store: Store, connection: ConnectionRow) -> list[Figures]:
    measuring = Measuring(WINDOWS, zone=UTC, base_currency="GBP")
    for account in store.ledger.accounts(connection.id):
        measuring.add(account)
    return measuring.figures()


def figures_of_few(store: Store, connection: ConnectionRow) -> list[Figures]:
    measuring = Measuring(WINDOWS, zone=UTC, base_currency="GBP")
    for part in store.ledger.measured(connection.id, SINCE, "GBP"):
        if isinstance(part, Account):
            measuring.add(part)
        else:
            measuring.add_sold(*part)
    return measuring.figures()


@pytest.mark.parametrize("seed", range(12))
def test_few_documents_give_the_figures_of_all(
    store: Store, connection: ConnectionRow, seed: int
) -> None:
    fill(store, connection, Random(seed))
    few = figures_of_few(store, connection)
    assert few == figures_of_all(store, connection)
    assert len(few) > 6


def test_what_was_settled_long_ago_is_not_read(store: Store, connection: ConnectionRow) -> None:
    old = datetime(2024, 1, 1, tzinfo=UTC)
    settled = [
        an_invoice(
            f"i{n}", f"c{n % 5}", issued_on=date(2023, 9, 1), total=100, amount_due=0
        )._replace(status="paid", paid_on=date(2023, 10, 1), updated_at=old)
        for n in range(50)
    ]
    contacts = tuple(a_contact(f"c{n}") for n in range(5))
    store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, contacts, "x"), NOW)
    store.ledger.apply(connection.id, Page(RecordKind.INVOICES, tuple(settled), "x"), NOW)
    (older,) = store.ledger.measured(connection.id, SINCE, "GBP")
    assert older == ("GBP", None, date(2023, 9, 1), Decimal(5_000))


def test_what_cannot_be_read_counts_nowhere(store: Store, connection: ConnectionRow) -> None:
    fill(store, connection, Random(3))
    problem = DocumentProblem("invoices", "i7", "I7", "unreadable", contact_id="c7")
    page = Page(RecordKind.INVOICES, (), "x", problems=(problem,))
    store.ledger.apply(connection.id, page, NOW)
    assert figures_of_few(store, connection) == figures_of_all(store, connection)
