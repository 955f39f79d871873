"""In simulated time no limit is exceeded, nobody starves, and an outage leaves nobody behind."""

from __future__ import annotations

import pytest
from benchmarks.scale.__main__ import figures
from benchmarks.scale.assumptions import Practice
from benchmarks.scale.books import by_size, gini, quantiles
from benchmarks.scale.simulation import Simulation
from benchmarks.scale.strict_platform import PLATFORM_MINUTE_MAX

TIGHT = Practice(
    ledgers=120, workers=1, threads=8, hours=0.5, every_seconds=300, app_calls_per_minute=100
)
"""Routine calls alone want 84 a minute of the application, so that its limit binds at times."""
HARD = Practice(ledgers=90, workers=3, threads=2, hours=2.0, outage=(9.5, 10.0), worker_lost_at=9.2)


@pytest.fixture(scope="module")
def tight() -> Simulation:
    simulation = Simulation(TIGHT, begins_hour=9.0)
    simulation.play()
    return simulation


@pytest.fixture(scope="module")
def hard() -> Simulation:
    simulation = Simulation(HARD, begins_hour=9.0)
    simulation.play()
    return simulation


def test_the_applications_minute_is_never_exceeded(tight: Simulation) -> None:
    peak = tight.platforms["xero"].app_peak()
    assert 0.8 * TIGHT.app_calls_per_minute < peak <= TIGHT.app_calls_per_minute
    assert tight.books.waited_for_room > 0


@pytest.mark.parametrize("platform", ["xero", "quickbooks"])
def test_no_organisations_minute_is_exceeded(tight: Simulation, platform: str) -> None:
    limit = PLATFORM_MINUTE_MAX["organisation"][platform]
    assert 0 < tight.platforms[platform].organisation_peak <= limit


def test_a_busy_ledger_starves_no_other(tight: Simulation) -> None:
    gaps = quantiles([ledger.longest_gap for ledger in tight.ledgers if ledger.platform == "xero"])
    assert gaps["max"] < 4 * TIGHT.every_seconds
    assert gaps["max"] < 3 * gaps["p50"]
    small, large = by_size(tight.ledgers)
    assert min(ledger.runs for ledger in small) >= max(ledger.runs for ledger in large) / 2


def test_everybody_is_served_after_an_outage(hard: Simulation) -> None:
    assert HARD.outage is not None
    over = HARD.outage[1] * 3_600
    assert min(ledger.good_at for ledger in hard.ledgers) > over
    assert all(ledger.failures == 0 for ledger in hard.ledgers)
    assert hard.books.late_by_hour[-1]


def test_a_lost_workers_ledgers_are_taken_over(hard: Simulation) -> None:
    assert hard.books.rescued > 0
    for ledger in hard.ledgers:
        if ledger.platform == "quickbooks":
            assert ledger.longest_gap < 2 * HARD.every_seconds + 120


def test_a_simulation_repeats_itself() -> None:
    short = HARD._replace(hours=0.5)
    first, second = Simulation(short, begins_hour=9.0), Simulation(short, begins_hour=9.0)
    first.play()
    second.play()
    assert figures(first) == figures(second)


def test_figures_of_lateness_are_what_they_say() -> None:
    assert quantiles([float(n) for n in range(101)])["p95"] == 95.0
    assert gini([1.0, 1.0, 1.0]) == 0.0
    assert gini([0.0, 0.0, 3.0]) == pytest.approx(0.667, abs=0.001)
