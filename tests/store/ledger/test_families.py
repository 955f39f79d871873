"""One customer read by keys alone is the one that the whole ledger shows."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random

import pytest
from tests.builders import records

from arsync.connector_sdk import Page, Record
from arsync.core.ledger.records import (
    Account,
    Allocation,
    Contact,
    Credit,
    Difference,
    DocumentProblem,
    Invoice,
    Payment,
    RecordKind,
)
from arsync.core.rulebook.customer_matching import CustomerEntry
from arsync.store import Store
from arsync.store.agreements.promises import MadePromise
from arsync.store.models import ConnectionRow, DisputeTerms

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)
CONTACTS = [f"c{number:02}" for number in range(30)]
INVOICES = [f"i{number:02}" for number in range(60)]


def put(
    store: Store,
    connection: ConnectionRow,
    kind: RecordKind,
    *records: Record,
    problems: tuple[DocumentProblem, ...] = (),
) -> None:
    store.ledger.apply(connection.id, Page(kind, records, "x", problems=problems), NOW)


def an_invoice(random: Random, invoice_id: str) -> Invoice:
    owed = Decimal(random.choice([0, 100]))
    return Invoice(
        invoice_id,
        random.choice(CONTACTS),
        invoice_id.upper(),
        "open" if owed else "paid",
        date(2026, 9, 1),
        date(2026, 10, random.randint(1, 28)),
        "GBP",
        None,
        Decimal(100),
        owed,
    )


def a_payment(random: Random, payment_id: str) -> Payment:
    allocation = Allocation(random.choice(INVOICES), Decimal(50), TODAY)
    owner, amount = random.choice(CONTACTS), Decimal(50)
    return Payment(
        payment_id, owner, "active", TODAY, "GBP", None, amount, Decimal(0), (allocation,)
    )


def a_credit(random: Random, credit_id: str) -> Credit:
    owner, amount = random.choice(CONTACTS), Decimal(9)
    return Credit(credit_id, owner, "credit note", "", "open", TODAY, "GBP", None, amount, amount)


def a_contact(random: Random, contact_id: str) -> Contact:
    """A contact that often has a parent, or was merged, maybe into one that is not stored."""
    others = [*CONTACTS, "nowhere", "", "", ""]
    merged_into = random.choice(others) if random.random() < 0.2 else ""
    return Contact(
        contact_id,
        contact_id.upper(),
        email=random.choice(["", "", "a@example.com", f"{contact_id}@example.com"]),
        parent_id=random.choice(others),
        merged_into=merged_into,
    )


def a_problem(random: Random, kind: RecordKind, problem_id: str) -> DocumentProblem:
    money = kind in {RecordKind.PAYMENTS, RecordKind.CREDITS}
    named = tuple(random.sample(INVOICES, random.randint(0, 2))) if money else ()
    contact_id = random.choice([*CONTACTS, ""]) if money else ""
    return DocumentProblem(kind.value, problem_id, "", "it is odd", contact_id, named)


def fill(store: Store, connection: ConnectionRow, seed: int) -> None:
    """Put a ledger with every oddity into the store."""
    random = Random(seed)
    stored, unknown = CONTACTS[:25], CONTACTS[25:28]
    put(store, connection, RecordKind.CONTACTS, *(a_contact(random, key) for key in stored))
    # Twice, so that some invoices move from one contact to another.
    for _ in range(2):
        invoices = [an_invoice(random, key) for key in INVOICES]
        put(store, connection, RecordKind.INVOICES, *invoices)
    put(store, connection, RecordKind.PAYMENTS, *(a_payment(random, f"p{n}") for n in range(9)))
    put(store, connection, RecordKind.CREDITS, *(a_credit(random, f"k{n}") for n in range(9)))
    for kind, ids in (
        (RecordKind.CONTACTS, unknown),
        (RecordKind.INVOICES, random.sample(INVOICES, 3)),
        (RecordKind.PAYMENTS, ["p-odd1", "p-odd2", "p-odd3"]),
        (RecordKind.CREDITS, ["k-odd"]),
    ):
        odd = tuple(a_problem(random, kind, problem_id) for problem_id in ids)
        put(store, connection, kind, problems=odd)
    differing = random.choice(stored)
    difference = Difference(differing, differing.upper(), Decimal(3), Decimal(4), "GBP", Decimal(1))
    store.ledger.save_differences(connection.id, [differing], [difference], NOW)
    for invoice_id in random.sample(INVOICES, 9):
        promise = MadePromise([invoice_id], TODAY, TODAY)
        store.promises.record(connection.id, promise, who="Ann")
    entries = {
        f"entry {n}": CustomerEntry(random.choice(stored), random.choice([*stored, "nowhere", ""]))
        for n in range(random.choice([0, 6]))
    }
    named = {stored[0]: CustomerEntry(stored[1])} if entries else {}
    store.customers.save(connection.id, entries | named, matched_on=TODAY)
    for invoice_id in random.sample(INVOICES, 5):
        disputed, terms = records.an_invoice(invoice_id), DisputeTerms("?")
        store.disputes.record(connection.id, disputed, terms, opened_on=TODAY, who="Ann")


def debtor_of(accounts: list[Account], contact_id: str) -> list[Account]:
    return [
        account
        for account in accounts
        if contact_id in {contact.id for contact in account.contacts}
    ]


@pytest.mark.parametrize("seed", range(8))
def test_one_customer_is_as_in_the_whole(
    store: Store, connection: ConnectionRow, seed: int
) -> None:
    fill(store, connection, seed)
    whole = list(store.ledger.accounts(connection.id))
    assert len({contact.id for account in whole for contact in account.contacts}) >= 25
    for contact_id in [*CONTACTS, "nowhere"]:
        keyed = list(store.ledger.accounts(connection.id, [contact_id]))
        assert keyed == debtor_of(whole, contact_id), contact_id
    # Several at once, whose families are read together.
    assert list(store.ledger.accounts(connection.id, CONTACTS)) == whole
