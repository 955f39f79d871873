"""Tries in the store: one process plays each, and says that it is alive."""

from __future__ import annotations

from datetime import timedelta

import pytest

from arsync.clock import SetClock
from arsync.core.rulebook.rules_text import RuleFile, RulesText
from arsync.errors import UserMistake
from arsync.store import Store
from arsync.store.models import ConnectionRow
from arsync.store.policy.tries import DEAD_AFTER, KEPT_MAX, OPEN_MAX, TryKind, TryRow, TryState

DRAFT = RulesText("rules", (RuleFile("standard.yaml", "version: 1"),))


def ask(store: Store, connection: ConnectionRow, rules: RulesText | None = None) -> int:
    return store.tries.add(
        connection.id,
        TryKind.BACKTEST,
        settings="{}",
        title="",
        rules=rules,
        who="Priya",
        worker="w",
    )


def state_of(store: Store, connection: ConnectionRow, number: int) -> TryState:
    return row_of(store, connection, number).state


def row_of(store: Store, connection: ConnectionRow, number: int) -> TryRow:
    row = store.tries.get(connection.id, number)
    assert row is not None
    return row


def test_a_try_runs_and_leaves_its_result(store: Store, connection: ConnectionRow) -> None:
    number = ask(store, connection, DRAFT)
    assert store.tries.rules(number) == DRAFT
    assert store.tries.begin(number)
    assert not store.tries.begin(number)
    assert store.tries.beat("w", number, 3, 10)
    row = row_of(store, connection, number)
    assert (row.customers_done, row.customers) == (3, 10)
    assert row.rules_hash == DRAFT.whole_hash
    store.tries.end(number, TryState.DONE, result=b'{"a": 1}')
    assert state_of(store, connection, number) is TryState.DONE
    assert store.tries.result(number) == b'{"a": 1}'


def test_a_cancelled_try_stays_cancelled(store: Store, connection: ConnectionRow) -> None:
    number = ask(store, connection)
    store.tries.begin(number)
    assert store.tries.cancel(connection.id, number)
    assert not store.tries.beat("w", number, 1, 2)
    store.tries.end(number, TryState.DONE, result=b"{}")
    assert state_of(store, connection, number) is TryState.CANCELLED
    assert not store.tries.cancel(connection.id, number)


def test_a_killed_process_leaves_its_tries_interrupted(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    running, waiting = ask(store, connection), ask(store, connection)
    store.tries.begin(running)
    clock.advance(DEAD_AFTER - timedelta(seconds=1))
    assert store.tries.beat("w", running, 0, 1)
    assert state_of(store, connection, waiting) is TryState.WAITING
    clock.advance(DEAD_AFTER + timedelta(seconds=1))
    assert state_of(store, connection, running) is TryState.INTERRUPTED
    assert state_of(store, connection, waiting) is TryState.INTERRUPTED
    ask(store, connection)
    assert not store.tries.cancel(connection.id, running)


def test_few_wait_and_few_are_kept(store: Store, connection: ConnectionRow) -> None:
    for _ in range(OPEN_MAX):
        ask(store, connection)
    with pytest.raises(UserMistake, match="wait already"):
        ask(store, connection)
    store.tries.interrupt("w")
    for _ in range(KEPT_MAX + 3):
        number = ask(store, connection)
        store.tries.begin(number)
        store.tries.end(number, TryState.FAILED, problem="x")
    rows = store.tries.list(connection.id, [TryKind.BACKTEST])
    assert len(rows) == KEPT_MAX
    assert rows[0].id == number


def test_tries_of_others_are_not_seen(store: Store, connection: ConnectionRow) -> None:
    number = ask(store, connection)
    assert store.tries.get(connection.id + 1, number) is None
    assert not store.tries.cancel(connection.id + 1, number)
