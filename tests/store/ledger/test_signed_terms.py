"""Signatures come from the log and from applications; what was taken back counts for nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from arsync.connector_sdk import Page
from arsync.core.ledger.agreements.credit_applications import CreditApplication, SignedTerms
from arsync.core.ledger.records import Contact, LogKind, RecordKind
from arsync.store import Store
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
EARLY, LATE = date(2026, 9, 1), date(2026, 11, 1)


@pytest.fixture
def customer(store: Store, connection: ConnectionRow) -> str:
    contacts = Page(RecordKind.CONTACTS, (Contact("c1", "One"),), "x")
    store.ledger.apply(connection.id, contacts, NOW)
    return "c1"


def log(store: Store, connection: ConnectionRow, kind: LogKind, day: date) -> int:
    entry = store.log.add(connection.id, "c1", kind=kind, happened_on=day, text="x", who="Ann")
    return entry.id


def signed(
    store: Store, connection: ConnectionRow, done_before: datetime | None = None
) -> dict[str, date]:
    (account,) = store.ledger.accounts(connection.id, ["c1"], done_before=done_before)
    assert [account] == list(store.ledger.accounts(connection.id, None, done_before=done_before))
    return account.terms_signed


@pytest.mark.usefixtures("customer")
def test_the_first_signature_counts(store: Store, connection: ConnectionRow) -> None:
    assert signed(store, connection) == {}
    log(store, connection, LogKind.CALL, EARLY - timedelta(9))
    assert signed(store, connection) == {}
    log(store, connection, LogKind.TERMS_SIGNED, LATE)
    number = log(store, connection, LogKind.TERMS_SIGNED, EARLY)
    assert signed(store, connection) == {"c1": EARLY}
    assert signed(store, connection, NOW - timedelta(365)) == {}
    store.log.take_back(connection.id, number, who="Ann", why="another one", note_key="")
    assert signed(store, connection) == {"c1": LATE}


@pytest.mark.usefixtures("customer")
def test_an_applications_signature_counts(store: Store, connection: ConnectionRow) -> None:
    terms = SignedTerms("terms.pdf", "0" * 64, EARLY, "2026")
    application = CreditApplication(0, "One", EARLY, contact_id="c1", signed=terms)
    store.credit.add(connection.id, application._replace(signed=None), who="Ann")
    assert signed(store, connection) == {}
    store.credit.add(connection.id, application, who="Ann")
    assert signed(store, connection) == {"c1": EARLY}
