"""What is owed is not guessed: doubts stay with whom they concern, history with its invoice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from tests.builders.actions import an_action, an_invoice_ref
from tests.builders.records import an_invoice
from tests.store.conftest import asked

from arsync.connector_sdk import Page, Record
from arsync.core.actions import Action, ActionState, Because, step_subject
from arsync.core.ledger.agreements.promises import judged_promises
from arsync.core.ledger.records import (
    Account,
    Contact,
    DocumentProblem,
    RecordKind,
    SentStep,
)
from arsync.store import Store
from arsync.store.agreements.promises import MadePromise
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)


def put(store: Store, connection: ConnectionRow, kind: RecordKind, *records: Record) -> None:
    store.ledger.apply(connection.id, Page(kind, records, "x"), NOW)


def account(store: Store, connection: ConnectionRow, contact: str) -> Account:
    (account,) = store.ledger.accounts(connection.id, [contact])
    return account


@pytest.fixture
def two(store: Store, connection: ConnectionRow) -> tuple[Store, ConnectionRow]:
    """A store of two contacts, each with an invoice."""
    put(store, connection, RecordKind.CONTACTS, Contact("c1", "Ada"), Contact("c2", "Bob"))
    put(store, connection, RecordKind.INVOICES, an_invoice("i1", "c1"), an_invoice("i2", "c2"))
    return store, connection


def odd(store: Store, connection: ConnectionRow, kind: RecordKind, **whose: Any) -> None:
    problem = DocumentProblem(kind.value, "p1", "PAY-1", "unknown Status 'LOST'")
    problem = replace(problem, **whose)
    store.ledger.apply(connection.id, Page(kind, (), "x", (problem,)), NOW)


@pytest.mark.parametrize("whose", [{"contact_id": "c1"}, {"invoice_ids": ("i1", "i9")}])
@pytest.mark.parametrize("kind", [RecordKind.PAYMENTS, RecordKind.CREDITS])
def test_unreadable_money_casts_doubt_on_its_customer_only(
    two: tuple[Store, ConnectionRow], kind: RecordKind, whose: dict[str, Any]
) -> None:
    store, connection = two
    odd(store, connection, kind, **whose)
    (doubt,) = account(store, connection, "c1").doubts
    assert "PAY-1" in doubt
    assert "unknown Status 'LOST'" in doubt
    assert account(store, connection, "c2").doubts == ()
    assert store.ledger.unplaced_money(connection.id) == []


def test_unreadable_money_naming_nobody_blocks_nobody(
    two: tuple[Store, ConnectionRow],
) -> None:
    store, connection = two
    odd(store, connection, RecordKind.PAYMENTS)
    assert account(store, connection, "c1").doubts == ()
    (reported,) = store.ledger.unplaced_money(connection.id)
    assert "does not say whose it is" in reported


@pytest.mark.parametrize("whose", [{"id": "i1"}, {"id": "i9", "contact_id": "c1"}])
@pytest.mark.parametrize("keyed", [True, False])
def test_an_unreadable_invoice_is_named_at_its_customer(
    two: tuple[Store, ConnectionRow], whose: dict[str, Any], keyed: bool
) -> None:
    store, connection = two
    odd(store, connection, RecordKind.INVOICES, number="INV-9", **whose)
    read = store.ledger.accounts(connection.id, ["c1", "c2"] if keyed else None)
    assert {account.contacts[0].id: account.unreadable for account in read} == {
        "c1": ("INV-9",),
        "c2": (),
    }


@pytest.mark.parametrize(
    ("kind", "whose"),
    [(RecordKind.INVOICES, {"id": "i1"}), (RecordKind.PAYMENTS, {"contact_id": "c1"})],
)
def test_no_promise_is_judged_on_what_cannot_be_read(
    two: tuple[Store, ConnectionRow], kind: RecordKind, whose: dict[str, Any]
) -> None:
    store, connection = two
    store.promises.record(connection.id, MadePromise(["i1"], TODAY, TODAY), who="Jane")

    def states() -> list[str]:
        (account,) = store.ledger.accounts(connection.id, ["c1"])
        return [judged.state for judged in judged_promises(account, TODAY + timedelta(9))]

    odd(store, connection, kind, **whose)
    assert "broken" not in states()
    store.ledger.apply(connection.id, Page(kind, (), "x", gone=("p1",)), NOW)
    if kind is RecordKind.PAYMENTS:
        assert states() == ["broken"]


def test_a_doubt_ends_when_the_document_can_be_read(two: tuple[Store, ConnectionRow]) -> None:
    store, connection = two
    odd(store, connection, RecordKind.PAYMENTS, contact_id="c1")
    store.ledger.apply(connection.id, Page(RecordKind.PAYMENTS, (), "x", gone=("p1",)), NOW)
    assert account(store, connection, "c1").doubts == ()


def reminded(
    store: Store, connection: ConnectionRow, end: ActionState = ActionState.SENT
) -> Action:
    action = an_action(
        contact_name="Ada",
        because=Because("rules.yaml", 3, "Polite"),
        invoices=tuple(an_invoice_ref(id_, step="first reminder", day=1) for id_ in ("i1", "i3")),
        subject=step_subject("i1", 1),
        step="first reminder",
        batch_id="m",
    )
    asked(store, connection.id, action, who="test", why="test", now=NOW)
    assert store.claims.claim_next(connection.id, now=NOW, lease_seconds=60)
    store.actions.change(action.key, end, who="test", why="test", now=NOW)
    return action


def test_an_invoices_steps_follow_it_to_another_contact(
    two: tuple[Store, ConnectionRow],
) -> None:
    store, connection = two
    key = reminded(store, connection).key
    put(store, connection, RecordKind.INVOICES, an_invoice("i1", "c2"))
    sent_step = SentStep("i1", 1, "Polite", 1, "first reminder", TODAY, "m", message=key)
    # Only what was said about this invoice: the other one stayed.
    assert account(store, connection, "c2").sent == (sent_step,)
    # All at once as well as one by one.
    every = {
        account.contacts[0].id: account.sent for account in store.ledger.accounts(connection.id)
    }
    assert every["c2"] == (sent_step,)
    put(store, connection, RecordKind.INVOICES, an_invoice("i1", "c1"))
    assert [step.invoice_id for step in account(store, connection, "c1").sent] == ["i1", "i3"]
    assert account(store, connection, "c2").sent == ()


def test_a_step_counts_once_within_a_family(
    two: tuple[Store, ConnectionRow],
) -> None:
    store, connection = two
    put(store, connection, RecordKind.CONTACTS, Contact("c2", "Bob", parent_id="c1"))
    reminded(store, connection)
    put(store, connection, RecordKind.INVOICES, an_invoice("i1", "c2"))
    assert [step.invoice_id for step in account(store, connection, "c2").sent] == ["i1", "i3"]


def test_a_refused_step_stays_refused_under_another_contact(
    two: tuple[Store, ConnectionRow],
) -> None:
    store, connection = two
    action = reminded(store, connection, ActionState.REJECTED)
    put(store, connection, RecordKind.INVOICES, an_invoice("i1", "c2"))
    there = replace(action, contact_id="c2", contact_name="Bob")
    assert account(store, connection, "c2").sent == ()
    assert account(store, connection, "c2").done_keys == {there.key}
