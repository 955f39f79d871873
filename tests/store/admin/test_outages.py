"""A platform out of reach is left alone for a while, and never for years."""

from __future__ import annotations

from datetime import timedelta

from arsync.clock import SetClock
from arsync.store import Store
from arsync.store.admin.outages import FAILURES_MAX, PAUSE_SECONDS
from arsync.store.models import ConnectionRow


def failed(store: Store, connection: ConnectionRow, times: int = FAILURES_MAX) -> None:
    for _ in range(times):
        store.outages.failed(connection.id, "it is away")


def test_after_some_failures_there_is_a_pause(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    failed(store, connection, FAILURES_MAX - 1)
    outage = store.outages.get(connection.id)
    assert outage is not None
    assert outage.retry_at is None
    failed(store, connection, 1)
    outage = store.outages.get(connection.id)
    assert outage is not None
    assert outage.retry_at == clock.now() + timedelta(seconds=PAUSE_SECONDS)
    store.outages.over(connection.id)
    assert store.outages.get(connection.id) is None


def test_a_pause_noted_years_ahead_is_over(
    store: Store, connection: ConnectionRow, clock: SetClock
) -> None:
    now = clock.now()
    clock.advance(timedelta(days=4 * 365))
    failed(store, connection)
    clock.moment = now
    outage = store.outages.get(connection.id)
    assert outage is not None
    assert outage.retry_at == now
