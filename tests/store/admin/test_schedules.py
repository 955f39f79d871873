"""What is due stands in the store: it survives restarts, deaths and clocks that jump."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from arsync.clock import SetClock
from arsync.connector_sdk import Token
from arsync.core.ledger.records import Organisation
from arsync.store import Store, open_store
from arsync.store.admin.outages import FAILURES_MAX, PAUSE_SECONDS_MAX
from arsync.store.admin.schedules import (
    CUT_SHORT,
    INTERRUPTED_SECONDS,
    NOT_BEFORE_SECONDS_MAX,
    UNREACHED_SECONDS,
    WANTED_WHY_CHARACTERS_MAX,
    next_place,
    offset_seconds,
)
from arsync.store.models import ConnectionRow, ConnectionState

PACE = 900
A_PACE = timedelta(seconds=PACE)


@pytest.fixture
def scheduled(store: Store, connection: ConnectionRow) -> ConnectionRow:
    """A connection that has run once, and waits for its next place."""
    store.schedules.keep(PACE)
    run(store, connection)
    return connection


def another(store: Store, number: int) -> ConnectionRow:
    organisation = Organisation(f"o-{number}", f"Number {number}", "GBP")
    return store.connections.add(f"number-{number}", platform="xero", organisation=organisation)


def run(store: Store, connection: ConnectionRow) -> None:
    store.schedules.served(connection.id, store.schedules.begin(connection.id))


def due(store: Store) -> list[int]:
    return [ledger.connection_id for ledger in store.schedules.due()]


def next_at(store: Store, connection: ConnectionRow) -> datetime:
    schedule = store.schedules.get(connection.id)
    assert schedule is not None
    return schedule.next_at


def test_places_are_spread_over_the_pace() -> None:
    offsets = [offset_seconds(number, PACE) for number in range(1, 5_001)]
    tenths = [
        sum(tenth <= 10 * offset / PACE < tenth + 1 for offset in offsets) for tenth in range(10)
    ]
    assert sum(tenths) == 5_000
    assert max(tenths) < 600


def test_a_place_comes_once_in_every_pace() -> None:
    moment = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
    first = next_place(7, PACE, moment)
    assert moment < first <= moment + A_PACE
    assert next_place(7, PACE, first - timedelta(microseconds=1)) == first
    assert next_place(7, PACE, first) == first + A_PACE


def test_a_new_connection_is_due_at_once(store: Store, connection: ConnectionRow) -> None:
    (ledger,) = store.schedules.due()
    assert (ledger.connection_id, ledger.wanted_why) == (connection.id, "it is new")


def test_a_restart_makes_nothing_due(
    store: Store, scheduled: ConnectionRow, store_url: str, clock: SetClock
) -> None:
    before = next_at(store, scheduled)
    with open_store(store_url, clock=clock) as again:
        again.schedules.keep(PACE)
        assert again.schedules.due() == []
        assert next_at(again, scheduled) == before


def test_what_is_overdue_stays_so_at_another_pace(
    store: Store, scheduled: ConnectionRow, clock: SetClock
) -> None:
    clock.advance(A_PACE)
    store.schedules.keep(60)
    assert due(store) == [scheduled.id]
    run(store, scheduled)
    assert next_at(store, scheduled) <= clock.now() + timedelta(seconds=60)


def test_two_paces_do_not_undo_each_other(
    store: Store, scheduled: ConnectionRow, store_url: str, clock: SetClock
) -> None:
    with open_store(store_url, clock=clock) as started_later:
        started_later.schedules.keep(60)
        store.schedules.keep(PACE)
        run(store, scheduled)
    assert next_at(store, scheduled) <= clock.now() + timedelta(seconds=60)


def test_a_wish_comes_before_the_routine(
    store: Store, scheduled: ConnectionRow, clock: SetClock
) -> None:
    others = [another(store, number) for number in range(3)]
    store.schedules.keep(PACE)
    for connection in others:
        run(store, connection)
    clock.advance(2 * A_PACE)
    assert len(due(store)) == 4
    last = due(store)[-1]
    store.schedules.want([last], "an invoice was paid")
    clock.advance(timedelta(seconds=1))
    store.schedules.want([last], "another one was paid")
    assert due(store)[0] == last
    (ledger,) = store.schedules.due(rows_max=1)
    assert ledger.wanted_at == clock.now() - timedelta(seconds=1)
    assert ledger.wanted_why == "an invoice was paid"
    assert due(store)[1:] == [x.connection_id for x in store.schedules.due(besides=[last])]
    assert [x.connection_id for x in store.schedules.due(connection_ids=[last])] == [last]


def test_a_wish_during_a_run_gives_one_more(store: Store, scheduled: ConnectionRow) -> None:
    began = store.schedules.begin(scheduled.id)
    for _ in range(3):
        store.schedules.want([scheduled.id], "x" * 1_000)
    store.schedules.served(scheduled.id, began)
    (ledger,) = store.schedules.due()
    assert ledger.wanted_why == "x" * WANTED_WHY_CHARACTERS_MAX
    run(store, scheduled)
    assert due(store) == []


def test_a_run_that_died_is_due_with_its_wish(
    store: Store, scheduled: ConnectionRow, clock: SetClock
) -> None:
    store.schedules.want([scheduled.id], "a person asked")
    began = store.schedules.begin(scheduled.id)
    clock.advance(timedelta(seconds=INTERRUPTED_SECONDS - 1))
    assert due(store) == []
    clock.advance(timedelta(seconds=1))
    (ledger,) = store.schedules.due()
    assert (ledger.wanted_at, ledger.wanted_why) == (began, "a person asked")
    again = store.schedules.begin_if_due(scheduled.id)
    assert again is not None, "whoever has the lock knows that it died"
    store.schedules.served(scheduled.id, again)
    assert due(store) == []
    assert store.schedules.get(scheduled.id) == (
        PACE,
        next_at(store, scheduled),
        None,
        "",
        None,
        None,
    )


def test_a_run_that_lost_its_lock_ends_no_other(
    store: Store, scheduled: ConnectionRow, clock: SetClock
) -> None:
    lost = store.schedules.begin(scheduled.id)
    clock.advance(timedelta(seconds=INTERRUPTED_SECONDS))
    began = store.schedules.begin(scheduled.id)
    store.schedules.served(scheduled.id, lost)
    schedule = store.schedules.get(scheduled.id)
    assert schedule is not None
    assert schedule.started_at == began


def test_a_run_begins_by_the_schedule_only_while_due(
    store: Store, scheduled: ConnectionRow, clock: SetClock
) -> None:
    before = store.schedules.get(scheduled.id)
    assert store.schedules.begin_if_due(scheduled.id) is None
    assert store.schedules.get(scheduled.id) == before
    clock.advance(A_PACE)
    assert store.schedules.begin_if_due(scheduled.id) == clock.now()
    schedule = store.schedules.get(scheduled.id)
    assert schedule is not None
    assert (schedule.started_at, schedule.wanted_at) == (clock.now(), None)


def test_an_outage_of_one_holds_up_no_other(
    store: Store, scheduled: ConnectionRow, clock: SetClock
) -> None:
    other = another(store, 2)
    for _ in range(FAILURES_MAX):
        store.outages.failed(scheduled.id, "it is away")
    assert due(store) == [other.id]
    assert store.schedules.begin_if_due(other.id) == clock.now()


def test_a_pace_given_meanwhile_places_the_next_run(
    store: Store, scheduled: ConnectionRow, clock: SetClock
) -> None:
    clock.advance(A_PACE)
    began = store.schedules.begin(scheduled.id)
    with open_store(store.url, clock=clock) as another_process:
        another_process.schedules.keep(24 * 3600)
    store.schedules.served(scheduled.id, began)
    assert next_at(store, scheduled) == next_place(scheduled.id, 24 * 3600, clock.now())


def test_what_was_cut_short_is_wanted_at_once(store: Store, scheduled: ConnectionRow) -> None:
    began = store.schedules.begin(scheduled.id)
    store.schedules.served(scheduled.id, began, cut_short=True)
    assert [ledger.wanted_why for ledger in store.schedules.due()] == [CUT_SHORT]
    began = store.schedules.begin(scheduled.id)
    store.schedules.want([scheduled.id], "a hook came")
    store.schedules.served(scheduled.id, began, cut_short=True)
    assert [ledger.wanted_why for ledger in store.schedules.due()] == ["a hook came"]


def test_a_platform_out_of_reach_is_tried_again_soon(
    store: Store, scheduled: ConnectionRow, clock: SetClock
) -> None:
    store.schedules.keep(24 * 3600)
    began = store.schedules.begin(scheduled.id)
    store.schedules.served(scheduled.id, began, unreached=True)
    assert next_at(store, scheduled) <= clock.now() + timedelta(seconds=UNREACHED_SECONDS)


def used_up(store: Store, scheduled: ConnectionRow) -> Callable[[], object]:
    began, until = store.schedules.begin(scheduled.id), store._clock.now() + timedelta(days=9)
    store.schedules.served(scheduled.id, began, not_before=until)
    return lambda: store._clock.advance(timedelta(seconds=NOT_BEFORE_SECONDS_MAX))  # type: ignore[attr-defined]


def away(store: Store, scheduled: ConnectionRow) -> Callable[[], object]:
    for _ in range(FAILURES_MAX):
        store.outages.failed(scheduled.id, "it is away")
    return lambda: store.outages.over(scheduled.id)


def away_for_years(store: Store, scheduled: ConnectionRow) -> Callable[[], object]:
    for _ in range(FAILURES_MAX + 9):
        store.outages.failed(scheduled.id, "it is away")
    return lambda: store._clock.advance(timedelta(seconds=-PAUSE_SECONDS_MAX - 1))  # type: ignore[attr-defined]


def paused(store: Store, scheduled: ConnectionRow) -> Callable[[], object]:
    store.connections.pause([scheduled.id], who="Rita", why="year end")
    return lambda: store.connections.resume([scheduled.id])


def unauthorised(store: Store, scheduled: ConnectionRow) -> Callable[[], object]:
    store.connections.set_state(scheduled.id, ConnectionState.NEEDS_RECONNECT)
    return lambda: store.connections.set_state(scheduled.id, ConnectionState.CONNECTED)


@pytest.mark.parametrize("leave_alone", [used_up, away, away_for_years, paused, unauthorised])
def test_a_wish_waits_for_what_is_left_alone(
    store: Store,
    scheduled: ConnectionRow,
    leave_alone: Callable[[Store, ConnectionRow], Callable[[], object]],
) -> None:
    end = leave_alone(store, scheduled)
    store.schedules.want([scheduled.id], "a hook came")
    assert store.schedules.due() == []
    assert store.schedules.begin_if_due(scheduled.id) is None
    end()
    assert due(store) == [scheduled.id]
    assert store.schedules.begin_if_due(scheduled.id)


def test_a_removed_connection_leaves_nothing_behind(
    store: Store, scheduled: ConnectionRow, clock: SetClock
) -> None:
    began = store.schedules.begin(scheduled.id)
    store.connections.remove(scheduled.name)
    store.schedules.served(scheduled.id, began)
    clock.advance(A_PACE)
    assert (due(store), store.schedules.get(scheduled.id)) == ([], None)
    again = store.connections.add("acme", platform="xero", organisation=scheduled.organisation)
    assert due(store) == [again.id] == [scheduled.id]


def test_a_new_authorisation_makes_it_due_at_once(store: Store, scheduled: ConnectionRow) -> None:
    used_up(store, scheduled)
    unauthorised(store, scheduled)
    grant = store.tokens.create("xero", Token("access", "refresh", store._clock.now()))
    store.connections.attach(scheduled.id, grant)
    (ledger,) = store.schedules.due()
    assert ledger.wanted_why == "it was authorised again"


def test_a_clock_that_was_ahead_delays_nothing(
    store: Store, scheduled: ConnectionRow, store_url: str, clock: SetClock
) -> None:
    now = clock.now()
    clock.advance(timedelta(days=400))
    run(store, scheduled)
    clock.moment = now
    store.schedules.keep(PACE)
    assert next_at(store, scheduled) <= now + A_PACE
    clock.advance(timedelta(days=400))
    began = store.schedules.begin(scheduled.id)
    clock.moment = now
    assert due(store) == [scheduled.id], "its start lies ahead: who is free looks at its lock"
    store.schedules.served(scheduled.id, began)
    assert next_at(store, scheduled) <= now + A_PACE


def test_the_next_moment_is_known(store: Store, scheduled: ConnectionRow, clock: SetClock) -> None:
    assert store.schedules.next_due_at() == next_at(store, scheduled)
    assert store.schedules.next_due_at([scheduled.id + 1]) is None
    clock.moment = next_at(store, scheduled)
    assert due(store) == [scheduled.id]
    store.schedules.begin(scheduled.id)
    assert (due(store), store.schedules.next_due_at()) == ([], None)
