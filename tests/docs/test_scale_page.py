"""The page about scale shows what the simulated day wrote, and the day kept every limit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from benchmarks.scale.__main__ import figures
from benchmarks.scale.assumptions import Practice
from benchmarks.scale.simulation import Simulation
from benchmarks.scale.strict_platform import PLATFORM_MINUTE_MAX

from .conftest import GENERATOR, ROOT

SMALL = Practice(ledgers=40, workers=2, threads=2, hours=0.5, outage=(9.2, 9.3), worker_lost_at=9.4)


def small_day() -> dict[str, Any]:
    simulation = Simulation(SMALL, begins_hour=9.0)
    simulation.play()
    shown = figures(simulation) | {"processor_seconds_of_the_simulation": 1}
    return {
        "played": {"day": shown, "as above": shown},
        "practice": SMALL._asdict(),
        "machine": "M",
    }


def test_the_page_shows_the_figures_of_a_day() -> None:
    kept = small_day()
    # As the file has them.
    page = GENERATOR.scale_figures(json.loads(json.dumps(kept)))
    day = kept["played"]["day"]
    assert f"| calls | {day['calls']['xero']:,} | {day['calls']['quickbooks']:,} |" in page
    assert f"{day['runs']:,} runs" in page
    assert f"coefficient of the ledgers' lateness is {day['gini']:.2f}" in page
    assert "| calls that the platform refused | 0 | 0 |" in page


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(7.04, "7 s"), (99.6, "100 s"), (900.0, "15 min"), (12_090.0, "3 h 22 min")],
)
def test_times_are_written_as_people_say_them(seconds: float, words: str) -> None:
    assert GENERATOR.in_words(seconds) == words


def test_the_recorded_day_kept_every_limit() -> None:
    file = ROOT / "docs" / "scale.json"
    if not file.exists():
        pytest.skip("no day is recorded: `make scale`")
    day = json.loads(file.read_text(encoding="utf-8"))["played"]["day"]
    assert set(day["refused_by_platform"].values()) == {0}
    assert day["app_minute_peak"]["xero"] <= PLATFORM_MINUTE_MAX["app"]["xero"]
    for platform, most in PLATFORM_MINUTE_MAX["organisation"].items():
        assert day["organisation_minute_peak"][platform] <= most
