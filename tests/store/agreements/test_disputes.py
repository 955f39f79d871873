"""Disputes are what customers said; a person settles them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.builders.records import a_contact, an_invoice

from arsync.connector_sdk import Page
from arsync.core.ledger.records import Dispute, Invoice, RecordKind
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.agreements.disputes import DisputedInvoice
from arsync.store.models import ConnectionRow, DisputeTerms

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = NOW.date()
FRIDAY = date(2026, 11, 27)
PART = DisputeTerms("two short", Decimal("40.50"), "4", "Ann", "the delivery note")


def billed(store: Store, connection: ConnectionRow) -> Invoice:
    invoice = an_invoice("i1", total=100, amount_due=90)
    for kind, record in ((RecordKind.CONTACTS, a_contact()), (RecordKind.INVOICES, invoice)):
        store.ledger.apply(connection.id, Page(kind, (record,), ""), NOW)
    return invoice


def as_read(store: Store, connection: ConnectionRow) -> tuple[Dispute, ...]:
    [account] = store.ledger.accounts(connection.id, ["c1"])
    return account.disputes


def test_a_dispute_is_open_until_it_is_settled(store: Store, connection: ConnectionRow) -> None:
    disputes, invoice = store.disputes, an_invoice("i1")
    short, late = DisputeTerms("two short"), DisputeTerms("late")
    disputes.record(connection.id, invoice, short, opened_on=TODAY, who="Ann")
    with pytest.raises(UserMistake, match="in dispute already, since 2026-11-22: two short"):
        disputes.record(connection.id, invoice, late, opened_on=TODAY, who="Ben")
    settled = disputes.settle(connection.id, "i1", settled_on=FRIDAY, who="Ben", outcome="dropped")
    assert (settled.settled_on, settled.settled_by) == (FRIDAY, "Ben")
    with pytest.raises(UserMistake, match="is not in dispute"):
        disputes.settle(connection.id, "i1", settled_on=FRIDAY, who="Ben")
    disputes.record(connection.id, invoice, late, opened_on=FRIDAY, who="Ann")
    assert [dispute.reason for dispute in disputes.recorded(connection.id, "i1")] == [
        "two short",
        "late",
    ]
    assert [row.reason for row in disputes.open_ones(connection.id)] == ["late"]
    assert disputes.recorded(connection.id, "i2") == []


def test_each_word_of_a_dispute_is_read_back(store: Store, connection: ConnectionRow) -> None:
    invoice = billed(store, connection)
    row = store.disputes.record(connection.id, invoice, PART, opened_on=TODAY, who="Jo")
    expected = Dispute(
        "i1",
        TODAY,
        "two short",
        amount=Decimal("40.50"),
        code="4",
        owner="Ann",
        needs="the delivery note",
        due_then=Decimal(90),
        total_then=Decimal(100),
        number=row.id,
    )
    assert as_read(store, connection) == (expected,) == (row.record,)


def test_a_change_takes_an_agreed_credit_back(store: Store, connection: ConnectionRow) -> None:
    invoice, disputes = billed(store, connection), store.disputes
    disputes.record(connection.id, invoice, PART, opened_on=TODAY, who="Jo")
    agreed = disputes.agree_credit(connection.id, "i1", agreed_on=FRIDAY, who="Jo", note="half")
    assert (agreed.outcome, agreed.credit_agreed_on, agreed.settled_on) == (
        "credited",
        FRIDAY,
        None,
    )
    changed = disputes.change(connection.id, "i1", PART._replace(amount=None), who="Jo")
    assert (changed.changes, changed.outcome, changed.credit_agreed_on) == (1, "", None)
    assert [dispute.amount for dispute in as_read(store, connection)] == [None]
    with pytest.raises(UserMistake, match="is not in dispute"):
        disputes.change(connection.id, "i2", PART, who="Jo")


def test_disputes_of_before_are_about_all_of_it(store: Store, connection: ConnectionRow) -> None:
    billed(store, connection)
    with store._database.write() as db:
        db.exec_driver_sql(
            "INSERT INTO disputes (connection_id, invoice_id, opened_on, reason, recorded_by,"
            f" recorded_at) VALUES ({connection.id}, 'i1', '2026-11-22', 'late', 'Jo',"
            " '2026-11-22T09:00:00+00:00')"
        )
    [dispute] = as_read(store, connection)
    assert dispute == Dispute("i1", TODAY, "late", number=dispute.number)


def test_several_are_recorded_all_or_none(store: Store, connection: ConnectionRow) -> None:
    first, second = an_invoice("i1"), an_invoice("i2")
    whole = DisputeTerms("two short")
    disputed = [DisputedInvoice(first, whole), DisputedInvoice(second, whole)]
    store.disputes.record(connection.id, second, whole, opened_on=TODAY, who="Ann")
    with pytest.raises(UserMistake, match="in dispute already"):
        store.disputes.record_together(connection.id, disputed, opened_on=TODAY, who="Ben")
    assert [row.invoice_id for row in store.disputes.recorded(connection.id)] == ["i2"]
    store.disputes.settle(connection.id, "i2", settled_on=TODAY, who="Ann")
    rows = store.disputes.record_together(connection.id, disputed, opened_on=TODAY, who="Ben")
    assert [row.invoice_id for row in rows] == ["i1", "i2"]
