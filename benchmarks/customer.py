"""One customer costs one customer: reading ten invoices in a small and in a large ledger."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from statistics import median

from arsync.clock import SystemClock
from arsync.connector_sdk import Page
from arsync.core.ledger.records import (
    Allocation,
    Contact,
    Invoice,
    Organisation,
    Payment,
    RecordKind,
)
from arsync.store import Store, open_store
from benchmarks.report import Row, Section
from benchmarks.sections import PAGE, SMALL, Scale

INVOICES_OF_A_CUSTOMER = 10
CUSTOMERS_READ = 200
"""The time is the median of so many customers, chosen at random."""
ROUNDS = 3
"""Small and large take turns, so that what else the computer does falls on both."""
TIMES_AS_LONG_MAX = 1.5
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ISSUED, DUE, PAID = date(2026, 9, 1), date(2026, 10, 1), date(2026, 10, 5)
TOTAL, NOTHING = Decimal(100), Decimal(0)


def customer(scale: Scale, folder: Path) -> Sequence[Section]:
    """Measure one customer in a ledger of this scale and in a smaller one."""
    small, large = scale.invoices // SMALL, scale.invoices
    section = Section("One customer", f"with {small:,} invoices")
    questions: dict[str, Callable[[Store, int, str], object]] = {
        "everything about a customer": lambda store, connection_id, contact_id: list(
            store.ledger.accounts(connection_id, [contact_id])
        ),
        "its open invoices": lambda store, connection_id, contact_id: store.ledger.open_invoices(
            connection_id, contact_id
        ),
    }
    with (
        _ledger(folder / "small-customer.db", small) as few,
        _ledger(folder / "large-customer.db", large) as many,
    ):
        for what, question in questions.items():
            times: dict[int, list[float]] = {small: [], large: []}
            for _ in range(ROUNDS):
                times[small] += _times(few, small, question)
                times[large] += _times(many, large, question)
            usual = {invoices: median(seconds) for invoices, seconds in times.items()}
            ratio = usual[large] / usual[small]
            section.add(
                Row(
                    f"{what}, {INVOICES_OF_A_CUSTOMER} invoices of {large:,}",
                    f"{usual[large] * 1_000:.1f} ms",
                    f"{usual[small] * 1_000:.1f} ms",
                    f"{ratio:.2f}",
                    f"at most {TIMES_AS_LONG_MAX} times",
                    ratio <= TIMES_AS_LONG_MAX if scale.judged else None,
                )
            )
    section.notes.append(
        f"On SQLite, the median of {CUSTOMERS_READ} customers in {ROUNDS} rounds; the ledgers take "
        "turns."
    )
    return [section]


@contextmanager
def _ledger(file: Path, invoices: int) -> Iterator[tuple[Store, int]]:
    """Make a store whose every twentieth invoice is open, ten to a customer."""
    with open_store(f"sqlite:///{file}", clock=SystemClock()) as store:
        organisation = Organisation("org-1", "Acme", "GBP", "GB", "UTC")
        connection = store.connections.add("acme", platform="xero", organisation=organisation)
        contacts = invoices // INVOICES_OF_A_CUSTOMER
        for start in range(0, invoices, PAGE):
            numbers = range(start, min(invoices, start + PAGE))
            _store(
                store,
                connection.id,
                (RecordKind.CONTACTS, [_contact(n) for n in numbers if n < contacts]),
                (RecordKind.INVOICES, [_invoice(n, contacts) for n in numbers]),
                (RecordKind.PAYMENTS, [_payment(n, contacts) for n in numbers if n % 20]),
            )
        store.ledger.refresh_statistics()
        yield store, connection.id


def _store(
    store: Store,
    connection_id: int,
    *pages: tuple[RecordKind, Sequence[Contact | Invoice | Payment]],
) -> None:
    for kind, records in pages:
        store.ledger.apply(connection_id, Page(kind, tuple(records), "x"), NOW)


def _contact(number: int) -> Contact:
    parent_id = f"c{number - 1}" if number % 50 == 1 else ""
    return Contact(f"c{number}", f"Customer {number}", parent_id=parent_id)


def _invoice(number: int, contacts: int) -> Invoice:
    is_open = number % 20 == 0
    return Invoice(
        f"i{number}",
        f"c{number % contacts}",
        f"INV-{number}",
        "open" if is_open else "paid",
        ISSUED,
        DUE,
        "GBP",
        None,
        TOTAL,
        TOTAL if is_open else NOTHING,
    )


def _payment(number: int, contacts: int) -> Payment:
    allocation = Allocation(f"i{number}", TOTAL, PAID)
    owner = f"c{number % contacts}"
    return Payment(f"p{number}", owner, "active", PAID, "GBP", None, TOTAL, NOTHING, (allocation,))


def _times(
    ledger: tuple[Store, int], invoices: int, question: Callable[[Store, int, str], object]
) -> list[float]:
    store, connection_id = ledger
    contacts = invoices // INVOICES_OF_A_CUSTOMER
    seconds = []
    for number in Random(invoices).choices(range(contacts), k=CUSTOMERS_READ):
        began = time.perf_counter()
        question(store, connection_id, f"c{number}")
        seconds.append(time.perf_counter() - began)
    return seconds
