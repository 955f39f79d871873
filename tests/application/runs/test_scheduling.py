"""A ledger is served once, by whichever process has its lock, and only while it is due."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.builders.books import NOW, Books, Killed

from arsync.application.connections import connecting
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import SCHEDULE, Actor, Role
from arsync.application.runs.pulling import RunWatch, pull_ledger
from arsync.application.runs.recorded_run import RecordedRun
from arsync.application.runs.runs import sync
from arsync.application.runs.schedule_view import ScheduleView, schedule_of
from arsync.application.runs.scheduling import WantedSync, sync_if_due, want_sync
from arsync.clock import SetClock
from arsync.errors import NeedsReconnect, RetryLater, UserMistake
from arsync.store.admin.outages import FAILURES_MAX
from arsync.store.admin.schedules import INTERRUPTED_SECONDS, UNAUTHORISED_SECONDS
from arsync.store.models import ConnectionState

PACE = 900


@pytest.fixture
def organisation(container: Container) -> OrganisationContext:
    (context,) = connecting.connections(SCHEDULE, container)
    container.store.schedules.keep(PACE)
    return context


@pytest.fixture
def clock(container: Container) -> SetClock:
    assert isinstance(container.clock, SetClock)
    return container.clock


def schedule(organisation: OrganisationContext) -> ScheduleView:
    return schedule_of(SCHEDULE, organisation)


def runs(organisation: OrganisationContext) -> int:
    return len(organisation.store.runs.latest(organisation.id))


def test_a_ledger_is_served_once(organisation: OrganisationContext, clock: SetClock) -> None:
    result = sync_if_due(SCHEDULE, organisation)
    assert result is not None
    assert result.run_id is not None
    assert sync_if_due(SCHEDULE, organisation) is None
    assert runs(organisation) == 1
    next_at = schedule(organisation).next_at
    assert next_at is not None
    assert clock.now() < next_at <= clock.now() + timedelta(seconds=PACE)


def test_a_sync_by_hand_counts_as_well(organisation: OrganisationContext) -> None:
    assert schedule(organisation).wanted_why == "it is new"
    pull_ledger(SCHEDULE, organisation)
    assert schedule(organisation).wanted_at is not None
    sync(SCHEDULE, organisation)
    assert schedule(organisation).wanted_at is None
    assert sync_if_due(SCHEDULE, organisation) is None


def test_a_run_elsewhere_is_not_waited_for(organisation: OrganisationContext) -> None:
    organisation.container.lock_wait_seconds = 600.0
    with RecordedRun(organisation, "sync") as run:
        run.begin()
        organisation.store.schedules.want([organisation.id], "a hook came")
        result = sync_if_due(SCHEDULE, organisation)
    assert result is not None
    assert (result.elsewhere, result.run_id, result.failed) == (True, None, False)
    assert schedule(organisation).wanted_why == "a hook came"
    assert sync_if_due(SCHEDULE, organisation) is not None
    assert runs(organisation) == 2


@pytest.mark.parametrize(
    "error", [UserMistake("no rulebook"), RetryLater("away"), ZeroDivisionError()], ids=repr
)
def test_a_run_that_failed_has_had_its_turn(
    organisation: OrganisationContext, books: Books, error: Exception
) -> None:
    def fails(_: str) -> None:
        raise error

    books.before_call = fails
    result = sync_if_due(SCHEDULE, organisation)
    assert result is not None
    assert result.broke
    assert sync_if_due(SCHEDULE, organisation) is None
    assert schedule(organisation).wanted_at is None


def test_a_run_cut_short_is_wanted_at_once(organisation: OrganisationContext, books: Books) -> None:
    cut = sync_if_due(SCHEDULE, organisation, RunWatch(stop=lambda: len(books.calls) > 1))
    assert cut is not None
    assert cut.cut_short
    assert schedule(organisation).wanted_why == "it is new"
    result = sync_if_due(SCHEDULE, organisation)
    assert result is not None
    assert not result.cut_short


def test_a_run_that_died_keeps_its_wish(
    organisation: OrganisationContext, books: Books, clock: SetClock
) -> None:
    def dies(_: str) -> None:
        raise Killed

    books.before_call = dies
    with pytest.raises(Killed):
        sync_if_due(SCHEDULE, organisation)
    books.before_call = lambda _: None
    assert organisation.store.schedules.due() == []
    clock.advance(timedelta(seconds=INTERRUPTED_SECONDS))
    (ledger,) = organisation.store.schedules.due()
    assert ledger.wanted_why == "it is new"
    assert sync_if_due(SCHEDULE, organisation) is not None
    assert organisation.store.schedules.due() == []


def test_a_day_without_calls_costs_no_run(
    organisation: OrganisationContext, books: Books, clock: SetClock
) -> None:
    def used_up(_: str) -> None:
        raise RetryLater("today's calls are used up.", after_seconds=5 * 3600)

    books.before_call = used_up
    result = sync_if_due(SCHEDULE, organisation)
    assert result is not None
    assert result.waits_until == NOW + timedelta(hours=5) == schedule(organisation).next_at
    organisation.store.schedules.want([organisation.id], "a hook came")
    books.before_call = lambda _: None
    clock.advance(timedelta(hours=4))
    assert sync_if_due(SCHEDULE, organisation) is None
    assert runs(organisation) == 1
    clock.advance(timedelta(hours=1))
    assert sync_if_due(SCHEDULE, organisation) is not None


@pytest.mark.parametrize("reason", ["away", "paused", "unauthorised"])
def test_what_is_left_alone_costs_no_run(
    organisation: OrganisationContext, books: Books, reason: str
) -> None:
    store = organisation.store
    if reason == "away":
        for _ in range(FAILURES_MAX):
            store.outages.failed(organisation.id, "it is away")
    elif reason == "paused":
        store.connections.pause([organisation.id], who="Rita", why="year end")
    else:

        def refuses(_: str) -> None:
            raise NeedsReconnect("expired")

        books.before_call = refuses
        sync(SCHEDULE, organisation)
        books.calls.clear()
    before = runs(organisation)
    assert sync_if_due(SCHEDULE, organisation) is None
    assert (runs(organisation), books.calls) == (before, [])


def test_an_authorisation_refused_by_mistake_heals(
    organisation: OrganisationContext, books: Books, clock: SetClock
) -> None:
    def refuses(_: str) -> None:
        raise NeedsReconnect("expired")

    books.before_call = refuses
    sync(SCHEDULE, organisation)
    books.before_call = lambda _: None
    clock.advance(timedelta(seconds=UNAUTHORISED_SECONDS - 1))
    assert sync_if_due(SCHEDULE, organisation) is None
    clock.advance(timedelta(seconds=1))
    assert sync_if_due(SCHEDULE, organisation.refreshed()) is not None
    assert organisation.refreshed().connection.state == ConnectionState.CONNECTED


def test_the_schedule_shows_a_pause(organisation: OrganisationContext) -> None:
    organisation.store.connections.pause([organisation.id], who="Rita", why="year end")
    paused = schedule(organisation.refreshed()).paused
    assert paused is not None
    assert (paused.by, paused.reason) == ("Rita", "year end")


def test_a_wish_says_who_will_serve_it(
    container: Container, organisation: OrganisationContext
) -> None:
    sync(SCHEDULE, organisation)
    (wish,) = want_sync(Actor("Olga", Role.OWNER), container)
    assert wish == WantedSync("books", NOW, "Olga asked for it", "", "arsync run")
    (again,) = want_sync(SCHEDULE, container, "books")
    assert again == wish, "the first wish is kept"
    assert [ledger.connection_id for ledger in container.store.schedules.due()] == [organisation.id]


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("paused", "paused since 2026-11-20 by Rita: year end."),
        ("unauthorised", "its authorisation has ended: `arsync connect books`."),
        ("away", "was not reached 3 times in a row"),
        ("used up", "Books has no calls left before 2026-11-20 11:00"),
    ],
)
def test_a_wish_says_what_stands_in_its_way(
    container: Container, organisation: OrganisationContext, reason: str, words: str
) -> None:
    store = container.store
    if reason == "paused":
        store.connections.pause([organisation.id], who="Rita", why="year end")
    elif reason == "unauthorised":
        store.connections.set_state(organisation.id, ConnectionState.NEEDS_RECONNECT)
    elif reason == "away":
        for _ in range(FAILURES_MAX):
            store.outages.failed(organisation.id, "it is away")
    else:
        began = store.schedules.begin(organisation.id)
        store.schedules.served(organisation.id, began, not_before=NOW + timedelta(hours=1))
    (wish,) = want_sync(SCHEDULE, container)
    assert words in wish.waits_for
