"""An event asks for one run, once, of a ledger that may run."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.event import listen

from arsync.clock import SetClock
from arsync.core.ledger.records import Organisation
from arsync.store import Store
from arsync.store.admin.schedules import WISH_SETTLE_SECONDS
from arsync.store.admin.webhooks import (
    COUNTS_KEPT_DAYS,
    ReceivedDelivery,
    ReceivedEvent,
    WebhookOutcome,
)
from arsync.store.db.tables import schedules, webhook_events
from arsync.store.models import ConnectionRow

KEPT = timedelta(days=1)
SETTLE = timedelta(seconds=WISH_SETTLE_SECONDS)
STATEMENTS_MAX = 12
"""Of one transaction, its beginning among them; a batch of rows is one."""


@pytest.fixture
def ledger(store: Store, connection: ConnectionRow) -> ConnectionRow:
    """A connection of which no run is wanted."""
    store.schedules.keep(900)
    store.schedules.begin(connection.id)
    return connection


def delivery(
    events: Iterable[str], now: datetime, *, organisation: str = "org-1", platform: str = "xero"
) -> ReceivedDelivery:
    received = tuple(ReceivedEvent(organisation, f"{platform}-{event}") for event in events)
    return ReceivedDelivery(platform, received, now + KEPT, "a webhook of Xero")


def wanted_at(store: Store, connection_id: int) -> datetime | None:
    query = select(schedules.c.wanted_at).where(schedules.c.connection_id == connection_id)
    with store._database.read() as db:
        moment: datetime | None = db.scalar(query)
    return moment


def known_events(store: Store) -> int:
    with store._database.read() as db:
        return db.scalar(select(func.count()).select_from(webhook_events)) or 0


def another(store: Store, name: str) -> ConnectionRow:
    organisation = Organisation(f"org-{name}", name, "GBP")
    row = store.connections.add(name, platform="xero", organisation=organisation)
    store.schedules.keep(900)
    store.schedules.begin(row.id)
    return row


def test_an_event_asks_for_a_run_once(store: Store, ledger: ConnectionRow, clock: SetClock) -> None:
    first = delivery(["a"], clock.now())
    assert store.webhooks.record([first], {}) == [WebhookOutcome.WISHED]
    assert wanted_at(store, ledger.id) == clock.now() + SETTLE
    store.schedules.begin(ledger.id)
    clock.advance(timedelta(hours=1))
    assert store.webhooks.record([first], {}) == [WebhookOutcome.REPEATED]
    assert wanted_at(store, ledger.id) is None
    assert store.webhooks.record([delivery(["a", "b"], clock.now())], {}) == ["asked for a run"]
    assert wanted_at(store, ledger.id) == clock.now() + SETTLE


def test_a_burst_is_one_wish_by_its_first_event(
    store: Store, ledger: ConnectionRow, clock: SetClock
) -> None:
    began = clock.now()
    for number in range(3):
        events = [f"{number}-{event}" for event in range(400)]
        store.webhooks.record([delivery(events, clock.now())] * 2, {})
        clock.advance(timedelta(seconds=3))
    assert wanted_at(store, ledger.id) == began + SETTLE
    assert known_events(store) == 1_200
    counts = {row.outcome: row.deliveries for row in store.webhooks.counts(began.date())}
    assert counts == {WebhookOutcome.WISHED: 3, WebhookOutcome.REPEATED: 3}


def test_ten_thousand_events_take_few_statements(
    store: Store, ledger: ConnectionRow, clock: SetClock
) -> None:
    other, statements = another(store, "other"), []
    ids = ledger.organisation_id, other.organisation_id
    events = [ReceivedEvent(ids[number % 2], f"e-{number}") for number in range(10_000)]
    burst = ReceivedDelivery("xero", events, clock.now() + KEPT, "a webhook of Xero")
    listen(store.engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    assert store.webhooks.record([burst], {}) == [WebhookOutcome.WISHED]
    assert len(statements) <= STATEMENTS_MAX
    assert wanted_at(store, ledger.id) == wanted_at(store, other.id) == clock.now() + SETTLE


def test_who_may_not_run_is_asked_for_nothing(
    store: Store, ledger: ConnectionRow, clock: SetClock
) -> None:
    removed, paused = another(store, "removed"), another(store, "paused")
    store.connections.remove("removed")
    store.connections.pause([paused.id], who="Ann", why="audit")
    unknown, of_quickbooks, *others = store.webhooks.record(
        [
            delivery(["a"], clock.now(), organisation="org-x"),
            delivery(["a"], clock.now(), platform="quickbooks"),
            delivery(["a"], clock.now(), organisation=removed.organisation_id),
            delivery(["a"], clock.now(), organisation=paused.organisation_id),
        ],
        {},
    )
    assert unknown == of_quickbooks == WebhookOutcome.NO_CONNECTION
    assert others == [WebhookOutcome.NO_CONNECTION, WebhookOutcome.PAUSED]
    assert wanted_at(store, paused.id) is wanted_at(store, ledger.id) is None
    assert known_events(store) == 0


def test_a_wish_that_stands_is_moved_forward_only(
    store: Store, ledger: ConnectionRow, clock: SetClock
) -> None:
    store.webhooks.record([delivery(["a"], clock.now())], {})
    store.schedules.want([ledger.id], "a person asked")
    assert wanted_at(store, ledger.id) == clock.now()
    store.webhooks.record([delivery(["b"], clock.now())], {})
    assert wanted_at(store, ledger.id) == clock.now()


def test_a_run_waits_until_a_burst_has_settled(
    store: Store, ledger: ConnectionRow, clock: SetClock
) -> None:
    store.schedules.served(ledger.id, clock.now(), not_before=None)
    store.webhooks.record([delivery(["a"], clock.now())], {})
    assert (store.schedules.due(), store.schedules.begin_if_due(ledger.id)) == ([], None)
    clock.advance(SETTLE)
    (due,) = store.schedules.due()
    assert due.wanted_why == "a webhook of Xero"
    began = store.schedules.begin_if_due(ledger.id)
    assert began == clock.now()


def test_a_wish_of_a_clock_ahead_waits_for_nothing(
    store: Store, ledger: ConnectionRow, clock: SetClock
) -> None:
    store.schedules.served(ledger.id, clock.now(), not_before=None)
    store.webhooks.record([delivery(["a"], clock.now())], {})
    clock.advance(-timedelta(hours=1))
    assert store.schedules.begin_if_due(ledger.id) == clock.now()


def test_an_event_during_a_run_wants_one_more(
    store: Store, ledger: ConnectionRow, clock: SetClock
) -> None:
    began = clock.now()
    for event in "abc":
        clock.advance(timedelta(seconds=2))
        store.webhooks.record([delivery([event], clock.now())], {})
    store.schedules.served(ledger.id, began)
    clock.advance(SETTLE)
    assert [due.connection_id for due in store.schedules.due()] == [ledger.id]
    began = store.schedules.begin(ledger.id)
    store.schedules.served(ledger.id, began)
    assert store.schedules.due() == []


def test_what_no_platform_repeats_is_forgotten(
    store: Store, ledger: ConnectionRow, clock: SetClock
) -> None:
    store.webhooks.record([delivery(["a", "b"], clock.now())], {})
    clock.advance(KEPT + timedelta(seconds=1))
    store.webhooks.record([delivery(["c"], clock.now())], {})
    assert known_events(store) == 1
    clock.advance(timedelta(days=COUNTS_KEPT_DAYS + 1))
    store.webhooks.record([], {("xero", WebhookOutcome.EMPTY): 1})
    (count,) = store.webhooks.counts(date.min)
    assert (count.outcome, count.deliveries) == (WebhookOutcome.EMPTY, 1)


def test_a_forged_delivery_is_no_sign_of_life(store: Store, clock: SetClock) -> None:
    store.webhooks.record([], {("xero", WebhookOutcome.EMPTY): 2})
    came = clock.now()
    clock.advance(timedelta(minutes=5))
    store.webhooks.record([], {("xero", WebhookOutcome.BAD_SIGNATURE): 7})
    assert store.webhooks.last_at() == {"xero": came}
    counts = {row.outcome: row.deliveries for row in store.webhooks.counts(came.date())}
    assert counts == {WebhookOutcome.EMPTY: 2, WebhookOutcome.BAD_SIGNATURE: 7}
