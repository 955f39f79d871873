"""The store in memory and the real one, held to what the outbox relies on."""

from __future__ import annotations

import pytest
from tests.builders.memory_store import MemoryStore
from tests.outbox.store_contract import NOW, StoreBench, StoreContract
from tests.store.conftest import asked

from arsync.core.actions import Action
from arsync.core.ledger.records import Organisation
from arsync.core.planning.plan import Plan, SafetyVerdict
from arsync.store import Store
from arsync.store.models import ConnectionState, Mode


class MemoryBench:
    """The store in memory."""

    connection_id = 1
    other_connection_id = 2

    def __init__(self) -> None:
        self.store = MemoryStore()

    def approve(self, *actions: Action, connection_id: int | None = None) -> None:
        self.store.approve(connection_id or self.connection_id, *actions, now=NOW)

    def ask(self, action: Action) -> None:
        self.store.approve(self.connection_id, action, now=NOW, asked_by="Jane")

    def observe(self) -> None:
        self.store.connections.modes[self.connection_id] = Mode.OBSERVE

    def connection_state(self) -> ConnectionState:
        return self.store.connections.states[self.connection_id]


class RealBench:
    """The real store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.connection_id, self.other_connection_id = (
            store.connections.add(
                name,
                platform="xero",
                organisation=Organisation(name, name, "GBP"),
                mode=Mode.AUTO,
            ).id
            for name in ("acme", "other")
        )

    def approve(self, *actions: Action, connection_id: int | None = None) -> None:
        plan = Plan("acme", NOW.date(), (), "abc", actions, (), SafetyVerdict(exceeded=False))
        connection_id = connection_id or self.connection_id
        self.store.actions.save_plan(connection_id, plan, mode=Mode.AUTO, now=NOW)

    def ask(self, action: Action) -> None:
        asked(self.store, self.connection_id, action, who="Jane", why="by hand", now=NOW)

    def observe(self) -> None:
        self.store.connections.set_mode("acme", Mode.OBSERVE)

    def connection_state(self) -> ConnectionState:
        return self.store.connections.by_id(self.connection_id).state


class TestMemoryStore(StoreContract):
    """The fake of the unit tests is none that nobody checks."""

    @pytest.fixture
    def bench(self) -> StoreBench:
        return MemoryBench()


class TestRealStore(StoreContract):
    """On SQLite, and on PostgreSQL where there is one."""

    @pytest.fixture
    def bench(self, store: Store) -> StoreBench:
        return RealBench(store)
