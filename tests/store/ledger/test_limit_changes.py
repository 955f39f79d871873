"""The latest change of a debtor's limit, as its account is read with it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from arsync.connector_sdk import Page
from arsync.core.ledger.records import Contact, LimitChange, RecordKind
from arsync.core.planning.plan import LimitOfDay, Plan, SafetyVerdict
from arsync.store import Store
from arsync.store.models import ConnectionRow

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
TODAY = date(2026, 11, 22)


def keep(store: Store, connection: ConnectionRow, days: int, amount: str | None) -> None:
    """Record the limit of a day."""
    limit = LimitOfDay("c1", None if amount is None else Decimal(amount), rule=f"Rule {amount}")
    day = TODAY + timedelta(days)
    plan = Plan("acme", day, (), "", (), (), SafetyVerdict(exceeded=False), limits=(limit,))
    store.limits.record(connection.id, plan, "Jo")


def change_of(store: Store, connection: ConnectionRow) -> LimitChange | None:
    [account] = store.ledger.accounts(connection.id, ["c1"])
    assert [account] == list(store.ledger.accounts(connection.id, None))
    return account.limit_change


def test_the_latest_change_of_amount_counts(store: Store, connection: ConnectionRow) -> None:
    store.ledger.apply(connection.id, Page(RecordKind.CONTACTS, (Contact("c1", "One"),), "x"), NOW)
    keep(store, connection, 0, "900")
    assert change_of(store, connection) is None
    keep(store, connection, 3, "500")
    expected = LimitChange("c1", TODAY + timedelta(3), Decimal(900), Decimal(500))
    assert change_of(store, connection) == expected
    # From no amount to one there is nothing to say in a letter.
    keep(store, connection, 5, None)
    assert change_of(store, connection) is None
    keep(store, connection, 6, "700")
    assert change_of(store, connection) is None
    keep(store, connection, 7, "800")
    last = LimitChange("c1", TODAY + timedelta(7), Decimal(700), Decimal(800))
    assert change_of(store, connection) == last
