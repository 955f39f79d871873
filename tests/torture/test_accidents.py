"""A process dies at any point, and again at any point: each thing stands exactly once."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from . import profile
from .accidents import DEATH, FAULTS, Accidents, Schedule, Tally, can_fork
from .checks import same_as
from .conftest import Count, MakeWorld
from .scenarios import SCENARIOS, Scenario

pytestmark = [
    pytest.mark.skipif(not can_fork, reason="a process is copied by fork, as Linux has it"),
    pytest.mark.timeout(600 if not profile.LONG else 36_000),
]

PLATFORMS = ("xero", "quickbooks")
PAUSES = (10.0, 0.0, 3 * 24 * 60.0)
"""Until the next process starts: the platforms' memory of keys has ended, still lasts, is old."""

WITHOUT_MAIL = tuple(one for one in SCENARIOS if one.name != "letters by mail")
"""A mail server is a thread, which a copy of the process leaves behind; a new process gets one."""

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
each_platform = pytest.mark.parametrize("name", PLATFORMS)


def reference(make_world: MakeWorld, name: str, scenario: Scenario) -> dict[str, int]:
    """Return what stands after a life without accidents; all of it is there once it is needed."""
    random.seed(profile.SEED)
    with make_world(name) as world:
        scenario.prepare(world)
        scenario.work(world)
        world.run_until_quiet()
        stands = world.stands()
    assert stands, "the scenario writes nothing"
    return stands


def die(
    make_world: MakeWorld, folder: Path, name: str, scenario: Scenario, schedule: Schedule
) -> Tally:
    """Die as scheduled while a scenario's work is done, each time against the reference."""
    check = same_as(reference(make_world, name, scenario))
    random.seed(profile.SEED)
    with make_world(name) as world:
        scenario.prepare(world)
        world.points = 0
        deaths = Accidents(world, folder, schedule, check, again=scenario.again)
        tally = deaths.of(scenario.work)
        world.run_until_quiet()
        check(world)
    return tally


@each_scenario
@each_platform
def test_each_effect_stands_once_whatever_point_the_process_dies_at(
    make_world: MakeWorld, folder: Path, count: Count, name: str, scenario: Scenario
) -> None:
    share = 1.0 if profile.LONG else scenario.share
    schedule = Schedule((share,), all_points=profile.LONG, jobs=profile.JOBS, pause_minutes=PAUSES)
    tally = die(make_world, folder, name, scenario, schedule)
    count(f"one death, {name}, {scenario.name}", tally)


@each_scenario
@each_platform
def test_each_effect_stands_once_whatever_pair_of_points_it_dies_at(
    make_world: MakeWorld, folder: Path, count: Count, name: str, scenario: Scenario
) -> None:
    share = (1.0, 1.0) if profile.LONG else (0.02, 0.08)
    schedule = Schedule(
        share, seed=2, jobs=profile.JOBS, pause_minutes=PAUSES, ends_at=profile.ends_at(0.05)
    )
    tally = die(make_world, folder, name, scenario, schedule)
    count(f"two deaths, {name}, {scenario.name}", tally)


@pytest.mark.parametrize("scenario", WITHOUT_MAIL, ids=lambda one: one.name)
@each_platform
def test_each_effect_stands_once_whatever_request_goes_wrong(
    make_world: MakeWorld, folder: Path, count: Count, name: str, scenario: Scenario
) -> None:
    schedule = Schedule(
        (1.0 if profile.LONG else 0.01,),
        jobs=profile.JOBS,
        accidents=tuple(FAULTS),
        ends_at=profile.ends_at(0.08),
    )
    tally = die(make_world, folder, name, scenario, schedule)
    count(f"one request gone wrong, {name}, {scenario.name}", tally)


@pytest.mark.parametrize("scenario", WITHOUT_MAIL, ids=lambda one: one.name)
@each_platform
def test_each_effect_stands_once_when_requests_go_wrong_and_processes_die(
    make_world: MakeWorld, folder: Path, count: Count, name: str, scenario: Scenario
) -> None:
    share = (0.3, 0.3) if profile.LONG else (0.002, 0.005)
    schedule = Schedule(
        share, seed=3, jobs=profile.JOBS, pause_minutes=PAUSES, ends_at=profile.ends_at(0.05),
        accidents=(DEATH, *FAULTS),
    )  # fmt: skip
    tally = die(make_world, folder, name, scenario, schedule)
    count(f"a request gone wrong and a death, {name}, {scenario.name}", tally)
