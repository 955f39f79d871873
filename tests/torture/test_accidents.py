"""A process dies at any point, and again at any point: each thing stands exactly once."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from arsync_sandbox.platform import SandboxSetting
from arsync_sandbox.quickbooks.switches import SWITCHES as QUICKBOOKS_SETTINGS
from arsync_sandbox.xero.settings import SETTINGS as XERO_SETTINGS

from . import profile
from .accidents import DEATH, FAULTS, MAIL_FAULTS, Accidents, Schedule, Tally, can_fork
from .checks import same_as
from .conftest import Count, MakeWorld
from .scenarios import SCENARIOS, Scenario
from .world import Point

pytestmark = [
    pytest.mark.skipif(not can_fork, reason="a process is copied by fork, as Linux has it"),
    pytest.mark.timeout(600 if not profile.LONG else 36_000),
]

PLATFORMS = ("xero", "quickbooks")
OLD_MINUTES = 3 * 24 * 60.0
PAUSES = (10.0, 0.0, OLD_MINUTES)
"""Until the next process starts: the platforms' memory of keys has ended, still lasts, is old."""

Switches = Mapping[str, Any]

each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
each_platform = pytest.mark.parametrize("name", PLATFORMS)


def rather_at_changes(_: str, point: Point) -> float:
    """Have a write go wrong more often than a read: of those there are many more."""
    return 4.0 if point.is_leaving and not profile.LONG else 1.0


NEAR_AN_EFFECT = ("UPDATE actions", "INSERT notices")
"""Commits right before something leaves: a death there may lose or double it."""

OF_ACTIONS = "INSERT action_events"
"""A commit that only says what an action has come to."""


def rather_near_an_effect(_: str, point: Point) -> float:
    """Die most often where something leaves or has just left, and less often over the copy.

    What is saved of the ledger, its cursor, balances and the schedule is read or written again by
    the next run. The long profile dies everywhere.
    """
    if profile.LONG or point.kind != "commit" or point.what in NEAR_AN_EFFECT:
        return 1.0
    return 0.6 if point.what == OF_ACTIONS else 0.2


def rather_a_death(accident: str, point: Point) -> float:
    """Die more often than each single fault happens, and most often when a write has just stood."""
    if accident == DEATH:
        return 60.0 if point.kind == "answer" else 6.0
    return rather_at_changes(accident, point)


_REFERENCES: dict[tuple[str, str], dict[str, int]] = {}
"""What stands after a life without accidents, by platform and scenario."""


def reference(make_world: MakeWorld, name: str, scenario: Scenario) -> dict[str, int]:
    """Return what stands after a life without accidents; it is lived once in each process."""
    key = (name, scenario.name)
    if key not in _REFERENCES:
        random.seed(profile.SEED)
        with make_world(name) as world:
            scenario.prepare(world)
            scenario.work(world)
            world.run_until_quiet()
            _REFERENCES[key] = world.stands()
        assert _REFERENCES[key], "the scenario writes nothing"
    return _REFERENCES[key]


def suffer(
    make_world: MakeWorld,
    folder: Path,
    name: str,
    scenario: Scenario,
    schedule: Schedule,
    switches: Switches = MappingProxyType({}),
    *,
    by_schedule: bool = False,
) -> Tally:
    """Do a scenario's work with the accidents of a schedule, each time against the reference."""
    check = same_as(reference(make_world, name, scenario))
    random.seed(profile.SEED)
    with make_world(name, switches=switches) as world:
        scenario.prepare(world)
        world.by_schedule = by_schedule
        world.points = 0
        accidents = Accidents(world, folder, schedule, check, again=scenario.again)
        tally = accidents.of(scenario.work)
        world.run_until_quiet()
        check(world)
    return tally


@each_scenario
@each_platform
def test_effects_happen_once_with_death_at_any_point(
    make_world: MakeWorld, folder: Path, count: Count, name: str, scenario: Scenario
) -> None:
    share = 1.0 if profile.LONG else scenario.share
    schedule = Schedule(
        (share,),
        all_points=profile.LONG,
        jobs=profile.JOBS,
        pause_minutes=PAUSES,
        likely=rather_near_an_effect,
    )
    tally = suffer(make_world, folder, name, scenario, schedule)
    count(f"one death, {name}, {scenario.name}", tally)


SCHEDULE_WRITES = ("UPDATE schedules", "INSERT runs", "UPDATE runs")
"""What a run notes of its begin and end."""


def at_begin_and_end(_: str, point: Point) -> float:
    """Die where a run begins and ends: the schedule has to tell from that what is due."""
    return 1.0 if profile.LONG or point.what in SCHEDULE_WRITES else 0.05


@each_platform
def test_effects_happen_once_by_schedule_despite_a_death(
    make_world: MakeWorld, folder: Path, count: Count, name: str
) -> None:
    """The next process serves the ledger once the schedule says so, without a wait for a person."""
    schedule = Schedule(
        (1.0 if profile.LONG else 0.5,),
        seed="schedule",
        jobs=profile.JOBS,
        pause_minutes=(0.0, OLD_MINUTES),
        likely=at_begin_and_end,
    )
    tally = suffer(make_world, folder, name, SCENARIOS[0], schedule, by_schedule=True)
    assert tally.schedules
    count(f"one death by schedule, {name}", tally)


@each_scenario
@each_platform
def test_effects_happen_once_with_death_at_any_two_points(
    make_world: MakeWorld, folder: Path, count: Count, name: str, scenario: Scenario
) -> None:
    share = (1.0, 1.0) if profile.LONG else (0.025, 0.1)
    schedule = Schedule(
        share, seed=2, jobs=profile.JOBS, pause_minutes=PAUSES, ends_at=profile.ends_at(0.05)
    )
    tally = suffer(make_world, folder, name, scenario, schedule)
    count(f"two deaths, {name}, {scenario.name}", tally)


@each_scenario
@each_platform
def test_each_effect_stands_once_whatever_request_goes_wrong(
    make_world: MakeWorld, folder: Path, count: Count, name: str, scenario: Scenario
) -> None:
    schedule = Schedule(
        (1.0 if profile.LONG else 0.02,),
        jobs=profile.JOBS,
        ends_at=profile.ends_at(0.08),
        accidents=tuple(FAULTS),
        likely=rather_at_changes,
    )
    tally = suffer(make_world, folder, name, scenario, schedule)
    count(f"one request gone wrong, {name}, {scenario.name}", tally)


@each_platform
def test_each_letter_leaves_once_whatever_the_mail_server_does(
    make_world: MakeWorld, folder: Path, count: Count, name: str
) -> None:
    (scenario,) = (scenario for scenario in SCENARIOS if scenario.name == "letters by mail")
    # The mail server is the same for both platforms; only the note about a letter differs.
    share = 1.0 if profile.LONG or name == "xero" else 0.3
    schedule = Schedule((share,), jobs=profile.JOBS, accidents=tuple(MAIL_FAULTS))
    tally = suffer(make_world, folder, name, scenario, schedule)
    count(f"a letter gone wrong, {name}", tally)


@each_scenario
@each_platform
def test_effects_happen_once_despite_bad_requests_and_deaths(
    make_world: MakeWorld, folder: Path, count: Count, name: str, scenario: Scenario
) -> None:
    share = (0.3, 0.3) if profile.LONG else (0.0015, 0.004)
    schedule = Schedule(
        share,
        seed=3,
        jobs=profile.JOBS,
        pause_minutes=PAUSES,
        ends_at=profile.ends_at(0.05),
        accidents=(DEATH, *FAULTS, *MAIL_FAULTS),
    )
    tally = suffer(make_world, folder, name, scenario, schedule)
    count(f"a request gone wrong and a death, {name}, {scenario.name}", tally)


OTHER_ANSWERS: Mapping[str, tuple[Any, ...]] = {
    "quickbooks_cdc_cap": ("entity",),
    "quickbooks_cdc_rows_max": (2,),
    "quickbooks_requestid_days": (2,),
    "quickbooks_throttle_body": ("lower", "html", "empty"),
    "quickbooks_batch_meter": ("items",),
    "quickbooks_private_note_max": (1000,),
    "quickbooks_customer_notes_max": (1000,),
    "quickbooks_note_max": (1000,),
    "xero_note_chars_max": (250,),
}
"""Of switches that are not yes or no."""
NOTHING_LEAVES = {"xero_reminders_enabled", "xero_key_store_down"}
"""While these are on, nothing is written at all; other tests hold that."""
OF_REPETITIONS = (
    "requestid",
    "refresh",
    "send",
    "sync_token",
    "email",
    "modified_since",
    "bumps_updated",
)
"""Parts of the names of the switches on which depends what a second attempt does or finds."""


def variants() -> Iterator[tuple[str, str, Any]]:
    """Yield platform, switch and each answer but the usual one; in CI those of repetitions."""
    settings: dict[str, tuple[SandboxSetting, ...]] = {
        "xero": XERO_SETTINGS,
        "quickbooks": QUICKBOOKS_SETTINGS,
    }
    for name, rows in settings.items():
        for row in rows:
            others = OTHER_ANSWERS.get(row.name, ())
            if isinstance(row.default, bool) and row.name not in NOTHING_LEAVES:
                others = (not row.default,)
            if profile.LONG or any(word in row.name for word in OF_REPETITIONS):
                yield from ((name, row.name, answer) for answer in others)


@pytest.mark.parametrize(("name", "switch", "answer"), list(variants()))
def test_effects_happen_once_whatever_nobody_could_verify(
    make_world: MakeWorld, folder: Path, count: Count, name: str, switch: str, answer: Any
) -> None:
    """What stands is the same; and the pauses are longer than the memory of one that forgets."""
    # A key that is forgotten harms only after the pauses that are long enough.
    in_ci = 0.01 if switch == "quickbooks_requestid_days" else 0.0025
    schedule = Schedule(
        (0.02 if profile.LONG else in_ci,),
        seed=switch,
        jobs=profile.JOBS,
        pause_minutes=(OLD_MINUTES, 0.0),
        ends_at=profile.ends_at(0.01),
        accidents=(DEATH, *FAULTS),
        likely=rather_a_death,
    )
    tally = suffer(make_world, folder, name, SCENARIOS[0], schedule, {switch: answer})
    count(f"what nobody could verify, {name}, {switch} {answer}", tally)
