"""A second scheduler, or a person's word, at any point of a run; deaths on PostgreSQL as well."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text
from tests.builders.driver import App
from tests.builders.ledgers import once, one_of_each
from tests.builders.stores import new_store

from arsync.application.results import RunResult
from arsync.core.actions import ActionKind, ActionState

from . import profile
from .accidents import TOKEN_CALLS, Accidents, Schedule, Tally, can_fork
from .checks import audit_is_whole, nothing_twice, once_with_its_mail, same_as
from .conftest import Count, MakeWorld
from .turns import Turns
from .world import Point, WatchedWorld

pytestmark = pytest.mark.timeout(600 if not profile.LONG else 36_000)

each_platform = pytest.mark.parametrize("name", ["xero", "quickbooks"])
DEATHS_ON_POSTGRESQL = 4


@each_platform
def test_a_second_scheduler_is_turned_away_at_any_point(
    make_world: MakeWorld, count: Count, name: str, store_url: str
) -> None:
    tally = Tally()
    with make_world(name, store_url=store_url) as world:
        one_of_each(world, name)
        second = world.new_app()

        def other_starts(point: Point) -> None:
            if point.lasting and tally.schedules < 400:
                world.at_point = None
                (result,) = second.sync(name)
                assert "another run" in result.stopped or not world.is_running
                tally.schedules += 1
                world.at_point = other_starts

        world.at_point = other_starts
        world.run_until_quiet()
        world.at_point = None
        second.close()
        same_as(once_with_its_mail(name))(world)
    count(f"a second scheduler, {name}, {'PostgreSQL' if store_url else 'SQLite'}", tally)


STORIES = 60 if profile.LONG else 2
ROUNDS = 8
"""Runs of each of the two; then a scheduler alone sees to the rest."""
ROUND_MINUTES = (0.0, 5.0, 15.0)
STAND_STILL_MINUTES = (0.0, 10.0, 3 * 24 * 60.0)
"""How long a process stands still in the middle of its run: also longer than a claim lasts."""
STAND_STILL_POINTS_MAX = 100


class TwoSchedulers:
    """Two applications on one store, of which one works at a time, in an order given by a seed.

    Both serve what is due by the schedule, as `arsync run` and the workers do.
    """

    def __init__(self, world: WatchedWorld, seed: int, take_lock_away: Callable[[], int]) -> None:
        """Begin with a world in which there is something to do.

        Args:
            world: its application is the first scheduler; the second is made here.
            seed: gives the order.
            take_lock_away: takes the run lock from whoever holds it; says from how many.
        """
        self.world = world
        self.chance = random.Random(f"two/{seed}")
        self.turns = Turns(self.chance)
        self.results: list[RunResult] = []
        self.wishes: list[datetime] = []
        """When runs were wanted."""
        self.losses = 0
        self._take_lock_away = take_lock_away
        self._stands_still = self.chance.sample(STAND_STILL_MINUTES, len(STAND_STILL_MINUTES))
        self._points_left = self.chance.randrange(1, STAND_STILL_POINTS_MAX)
        self._renews_token = False

    def play(self) -> None:
        """Let both run to their end."""
        second = self.world.new_app()
        self.world.at_point = self._at_point
        try:
            self.turns.play(self._scheduler(self.world.app), self._scheduler(second))
        finally:
            self.world.at_point = None
            second.close()

    def _scheduler(self, app: App) -> Callable[[], None]:
        def run() -> None:
            for _ in range(ROUNDS):
                self.wishes.append(self.world.clock.now())
                app.store.schedules.want([self.world.mine().id], "a webhook came")
                result = app.sync_if_due(self.world.name)
                self.results += [] if result is None else [result]
                self.world.advance(minutes=self.chance.choice(ROUND_MINUTES))
                self.turns.hand_over()

        return run

    def _at_point(self, point: Point) -> None:
        # Others wait, in real time, from the note that a renewal begins until after it is saved.
        if point.kind == "before":
            self._renews_token = point.what.endswith(TOKEN_CALLS)
        elif point.what == "UPDATE grants":
            self._renews_token = True
        self._points_left -= 1
        if self._renews_token:
            return
        if self._stands_still and self._points_left <= 0 and not point.is_leaving:
            self._points_left = self.chance.randrange(1, STAND_STILL_POINTS_MAX)
            self.losses += self._take_lock_away()
            self.world.advance(minutes=self._stands_still.pop())
            self.turns.hand_over()
        else:
            self.turns.point()


@contextmanager
def a_store(server: str) -> Iterator[tuple[str, Callable[[], int]]]:
    """Make an empty store; yields its URL, and what takes its locks away from who holds them.

    Without a server that is nothing: a lock on a file goes with its process alone.
    """
    if not server:
        yield "", lambda: 0
        return
    with new_store(server) as url:
        name = {"application_name": f"arsync-{secrets.token_hex(6)}"}
        own_url = make_url(url).update_query_dict(name).render_as_string(hide_password=False)
        admin = create_engine(url, isolation_level="AUTOCOMMIT")
        ended = text(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_locks JOIN pg_stat_activity"
            " USING (pid) WHERE locktype = 'advisory' AND application_name = :application_name"
        )

        def take_lock_away() -> int:
            with admin.connect() as connection:
                return int(connection.execute(ended, name).scalar_one())

        try:
            yield own_url, take_lock_away
        finally:
            admin.dispose()


@each_platform
def test_two_schedulers_in_turn_do_each_thing_once(
    make_world: MakeWorld, count: Count, name: str, server: str
) -> None:
    """On PostgreSQL the server also takes the lock of the one that is working away."""
    tally = Tally()
    lost = handed_over = 0
    for seed in range(profile.SEED, profile.SEED + STORIES):
        random.seed(seed)
        with a_store(server) as (url, take_lock_away), make_world(name, store_url=url) as world:
            one_of_each(world, name)
            two = TwoSchedulers(world, seed, take_lock_away)
            two.play()
            # A process that stands still for an hour twice in one request takes its consent for
            # lost; the schedule then waits for a person.
            tally.reconnected += world.reconnect_as_a_person()
            world.by_schedule = True
            world.run()
            world.by_schedule = False
            world.run_until_quiet()
            is_served(world, max(two.wishes))
            tally.schedules += 1
            tally.unknown += bool(world.settle_as_a_person())
            same_as(once_with_its_mail(name))(world)
            broke = [
                problem
                for result in two.results
                for problem in result.problems
                if "internal" in problem
            ]
            assert not broke, f"story {seed}: {broke}"
            lost += two.losses
            handed_over += two.turns.handed_over
    assert handed_over > STORIES * ROUNDS
    assert bool(lost) == bool(server)
    count(f"two schedulers in turn, {name}, {'PostgreSQL' if server else 'SQLite'}", tally)


def is_served(world: WatchedWorld, wished_at: datetime) -> None:
    """A run has begun after the last wish, and has ended; nothing is wanted any more."""
    schedule = world.app.store.schedules.get(world.mine().id)
    assert schedule is not None
    assert (schedule.started_at, schedule.wanted_at) == (None, None)
    (latest,) = world.app.store.runs.latest(world.mine().id, rows_max=1)
    assert latest.started_at >= wished_at


class Killed(BaseException):
    """The process dies here: nothing may catch it."""


@each_platform
def test_each_effect_stands_once_on_postgresql_too(
    make_world: MakeWorld, count: Count, name: str, store_url: str
) -> None:
    """By an exception that nothing may catch; after it whatever still runs reaches nothing."""
    if not store_url and not profile.LONG:
        pytest.skip("SQLite dies at every point by fork")
    tally = Tally()
    chance = random.Random(profile.SEED)
    with make_world(name, store_url=store_url) as world:
        one_of_each(world, name)
        world.tells_before_commit = True
        # One life after the other, each dying some points after its birth, until all is done.
        while tally.schedules < (200 if profile.LONG else DEATHS_ON_POSTGRESQL * 3):
            die_after(world, chance.randrange(1, 60))
            dead = world.app
            world.at_point = None
            dead.store.engine.dispose()
            world.app = world.new_app()
            world.advance(minutes=chance.choice((0, 3, 10)))
            tally.schedules += 1
        world.run_until_quiet()
        world.reconnect_as_a_person()
        tally.unknown += bool(world.settle_as_a_person())
        same_as(once_with_its_mail(name))(world)
    count(f"deaths one after the other, {name}, {'PostgreSQL' if store_url else 'SQLite'}", tally)


def die_after(world: WatchedWorld, points: int) -> None:
    remaining = points

    def die(_: Point) -> None:
        nonlocal remaining
        remaining -= 1
        if remaining <= 0:
            raise Killed

    world.at_point = die
    with suppress(Killed):
        world.run()


PROMISED = "INV-0001"


@pytest.mark.skipif(not can_fork, reason="a process is copied by fork, as Linux has it")
@each_platform
def test_a_promise_during_a_run_stops_unsent_emails(
    make_world: MakeWorld, folder: Path, count: Count, name: str
) -> None:
    with make_world(name) as world:
        one_of_each(world, name)
        begun: list[bool] = []

        def promise(one: WatchedWorld) -> None:
            rows = [
                row
                for row in one.my_rows()
                if row.action.kind is ActionKind.REMINDER
                and row.action.invoices[0].number == PROMISED
            ]
            begun.append(any(row.state in BEGUN for row in rows))
            day = one.clock.now().date() + timedelta(days=9)
            one.app.promise(PROMISED, day, connection=name, who="Jane")

        def check(one: WatchedWorld) -> None:
            nothing_twice(one)
            audit_is_whole(one)
            emails = one.stands().get(f"email about {PROMISED}", 0)
            assert emails <= 1
            assert not emails or not begun or begun[0], "an email about a promised invoice left"

        schedule = Schedule(
            (1.0 if profile.LONG else 0.1,),
            all_points=profile.LONG,
            jobs=profile.JOBS,
            accidents=("promise",),
        )
        accidents = Accidents(world, folder, schedule, check, words={"promise": promise})
        tally = accidents.of(WatchedWorld.run_until_quiet)
    count(f"a person's word during a run, {name}", tally)


@pytest.mark.skipif(not can_fork, reason="a process is copied by fork, as Linux has it")
@each_platform
def test_a_new_mode_mid_run_stops_what_is_unsent(
    make_world: MakeWorld, folder: Path, count: Count, name: str
) -> None:
    with make_world(name) as world:
        one_of_each(world, name)
        begun: list[set[str]] = []

        def started(one: WatchedWorld) -> set[str]:
            return {row.key for row in one.my_rows(*BEGUN) if not row.by_person}

        def ask_me(one: WatchedWorld) -> None:
            begun.append(started(one))
            one.app.set_mode(name, "approve")

        def check(one: WatchedWorld) -> None:
            if begun:
                assert started(one) <= begun[0], "something left that a person was to approve"
                one.app.approve(connection=name, who="Jane")
                one.run_until_quiet()
            assert dict(one.standing(name)) == once(name)
            nothing_twice(one)
            audit_is_whole(one)

        schedule = Schedule(
            (1.0 if profile.LONG else 0.1,),
            all_points=profile.LONG,
            jobs=profile.JOBS,
            accidents=("approve",),
        )
        accidents = Accidents(world, folder, schedule, check, words={"approve": ask_me})
        tally = accidents.of(WatchedWorld.run_until_quiet)
        check(world)
    count(f"a new mode during a run, {name}", tally)


BEGUN = frozenset(
    {
        ActionState.SENDING,
        ActionState.SENT,
        ActionState.CONFIRMED,
        ActionState.UNKNOWN,
    }
)
