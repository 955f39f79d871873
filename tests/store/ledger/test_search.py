"""What is called so is found by its beginning, by the indexes of both databases."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import text
from tests.builders.records import an_invoice

from arsync.connector_sdk import Page
from arsync.core.ledger.records import Contact, RecordKind
from arsync.store import Store
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


def fill(store: Store, connection: ConnectionRow) -> None:
    people = (
        Contact("c1", "Émile & Söhne"),
        Contact("c2", "acme 100%"),
        Contact("c3", "Acme_Two"),
        Contact("c4", "The Acme", "archived"),
        Contact("c5", "Acme gone", "deleted"),
    )
    invoices = (
        an_invoice("i1", number="INV-0001"),
        an_invoice("i2", number="inv-0002"),
        an_invoice("i3", number="X-INV-1"),
    )
    for kind, records in ((RecordKind.CONTACTS, people), (RecordKind.INVOICES, invoices)):
        store.ledger.apply(connection.id, Page(kind, records, "next"), NOW)


def test_a_beginning_is_found_in_usual_capitals(store: Store, connection: ConnectionRow) -> None:
    fill(store, connection)

    def names(sought: str, *, anywhere: bool = False) -> set[str]:
        rows = store.ledger.find_customers([connection.id], sought, 10, anywhere=anywhere)
        return {row.name for row in rows}

    assert names("acme") == {"acme 100%", "Acme_Two"}
    assert names("ACME_") == {"Acme_Two"}
    assert names("Acme_") == {"Acme_Two"}
    assert names("émile") == {"Émile & Söhne"}
    assert names("%") == set()
    assert names("acme", anywhere=True) == {"acme 100%", "Acme_Two", "The Acme"}
    assert names("0%", anywhere=True) == {"acme 100%"}


def test_an_invoice_is_found_by_its_number(store: Store, connection: ConnectionRow) -> None:
    fill(store, connection)
    found_rows = store.ledger.find_invoices([connection.id], "inv-00", 10)
    assert {row.number for row in found_rows} == {"INV-0001", "inv-0002"}
    assert {row.contact_name for row in found_rows} == {"Émile & Söhne"}
    assert store.ledger.find_invoices([connection.id + 1], "inv-00", 10) == []
    assert store.ledger.find_actions([connection.id], "abcd", 10) == []


def test_the_search_looks_into_an_index(store: Store, connection: ConnectionRow) -> None:
    fill(store, connection)
    if store.engine.dialect.name != "sqlite":
        return
    with store.engine.connect() as db:
        plan = db.execute(
            text(
                "EXPLAIN QUERY PLAN SELECT id FROM invoices WHERE connection_id + 0 = 1"
                " AND number >= 'I' AND number < 'J'"
            )
        ).all()
    assert "ix_invoices_number_connection_id" in str(plan)
