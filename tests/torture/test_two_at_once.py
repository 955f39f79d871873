"""A second scheduler, or a person's word, at any point of a run; deaths on PostgreSQL as well."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from tests.acceptance.conftest import ONCE, one_of_each

from arsync.core.actions import ActionKind, ActionState

from . import profile
from .accidents import Accidents, Schedule, Tally, can_fork
from .checks import audit_is_whole, nothing_twice, same_as
from .conftest import Count, MakeWorld
from .world import Point, World

pytestmark = pytest.mark.timeout(600 if not profile.LONG else 36_000)

each_platform = pytest.mark.parametrize("name", ["xero", "quickbooks"])
DEATHS_ON_POSTGRESQL = 4


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of an empty store; empty for SQLite's file in the world's folder."""
    if request.param == "sqlite":
        yield ""
        return
    yield request.getfixturevalue("postgresql_schema")


@each_platform
def test_a_second_scheduler_at_each_point_of_a_run_is_turned_away(
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
        same_as(ONCE)(world)
    count(f"a second scheduler, {name}, {'PostgreSQL' if store_url else 'SQLite'}", tally)


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
        same_as(ONCE)(world)
    count(f"deaths one after the other, {name}, {'PostgreSQL' if store_url else 'SQLite'}", tally)


def die_after(world: World, points: int) -> None:
    left = points

    def die(_: Point) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            raise Killed

    world.at_point = die
    with suppress(Killed):
        world.run()


PROMISED = "INV-0001"


@pytest.mark.skipif(not can_fork, reason="a process is copied by fork, as Linux has it")
@each_platform
def test_a_promise_recorded_at_any_point_of_a_run_stops_the_email_that_has_not_begun(
    make_world: MakeWorld, folder: Path, count: Count, name: str
) -> None:
    with make_world(name) as world:
        one_of_each(world, name)
        begun: list[bool] = []

        def promise(one: World) -> None:
            rows = [row for row in one.my_rows() if row.action.kind is ActionKind.REMINDER
                    and row.action.invoices[0].number == PROMISED]  # fmt: skip
            begun.append(any(row.state in BEGUN for row in rows))
            day = one.clock.now().date() + timedelta(days=9)
            one.app.promise(PROMISED, day, connection=name, who="Jane")

        def check(one: World) -> None:
            nothing_twice(one)
            audit_is_whole(one)
            emails = one.stands().get(f"email about {PROMISED}", 0)
            assert emails <= 1
            assert not emails or not begun or begun[0], "an email about a promised invoice left"

        schedule = Schedule(
            (1.0 if profile.LONG else 0.15,), all_points=profile.LONG, jobs=profile.JOBS,
            accidents=("promise",),
        )  # fmt: skip
        accidents = Accidents(world, folder, schedule, check, words={"promise": promise})
        tally = accidents.of(World.run_until_quiet)
    count(f"a person's word during a run, {name}", tally)


BEGUN = frozenset({
    ActionState.SENDING, ActionState.SENT, ActionState.CONFIRMED, ActionState.UNKNOWN,
})  # fmt: skip
