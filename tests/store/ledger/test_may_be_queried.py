"""Customers whose open invoices may be queried are found on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.builders.records import a_contact, an_invoice
from tests.store.conftest import NOW

from arsync.connector_sdk import Page
from arsync.core.ledger.records import RecordKind
from arsync.store import Store
from arsync.store.models import ConnectionRow

TODAY = NOW.date()


def an_open(name: str, ago: int, **values: Any) -> Any:
    issued_on = TODAY - timedelta(ago)
    fields = {
        "number": name.upper(),
        "issued_on": issued_on,
        "due_on": issued_on + timedelta(30),
        "rate": 1,
        "total": "10.00",
        "amount_due": "10.00",
        "reference": "PO",
    }
    return an_invoice(name, values.pop("contact", "c1"), **fields | values)


def apply(store: Store, connection: ConnectionRow, kind: RecordKind, *records: Any) -> None:
    store.ledger.apply(connection.id, Page(kind, records, "next"), NOW)


@pytest.mark.parametrize(
    ("odd", "found"),
    [
        ({"reference": ""}, ["c1"]),
        ({"reference": "", "purchase_order": "7"}, []),
        ({"sent": False}, ["c1"]),
        ({"sent": False, "status": "paid", "amount_due": "0"}, []),
        ({"reference": "", "status": "voided"}, []),
    ],
)
def test_who_has_one_that_is_unlike_the_others(
    store: Store, connection: ConnectionRow, odd: dict[str, Any], found: list[str]
) -> None:
    apply(store, connection, RecordKind.CONTACTS, a_contact("c1"), a_contact("c2"))
    usual = [an_open(f"u{ago}", ago) for ago in (90, 60, 30)]
    # Who never has a reference is not asked for one.
    never = [an_open(f"n{ago}", ago, contact="c2", reference="") for ago in (90, 60, 30, 9)]
    apply(store, connection, RecordKind.INVOICES, *usual, *never, an_open("i1", 9, **odd))
    assert list(store.ledger.may_be_queried(connection.id, TODAY, 500)) == found
    assert list(store.ledger.may_be_queried(connection.id, TODAY, 0)) == []
