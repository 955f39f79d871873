"""Play the day and the what-ifs, and write docs/scale.json: `python -m benchmarks.scale`."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.measure import machine
from benchmarks.scale.assumptions import HOUR, PLATFORMS, STATEMENTS, Practice
from benchmarks.scale.books import by_size, gini, quantiles
from benchmarks.scale.simulation import Simulation

FILE = Path(__file__).resolve().parents[2] / "docs" / "scale.json"
DAY = Practice(outage=(10.0, 12.0), worker_lost_at=14.0)
MORNING = 9.0
"""The what-ifs are half an hour from here: letters leave, and changes are reported."""
WHAT_IFS = {
    "as above": Practice(hours=0.5),
    "10 workers": Practice(hours=0.5, workers=10),
    "5 workers": Practice(hours=0.5, workers=5),
    "every 5 minutes": Practice(hours=0.5, every_seconds=300),
    "every hour": Practice(hours=0.5, every_seconds=3_600),
    "without webhooks": Practice(hours=0.5, webhooks=False),
}
STATEMENTS_OF_A_BLOCK = 4
"""Of the transaction that reserves calls: two counts are read and written."""


def figures(simulation: Simulation) -> dict[str, Any]:
    """Return what the page shows of a simulation that has been played."""
    books, practice = simulation.books, simulation.practice
    seconds = practice.hours * HOUR
    small, large = by_size(simulation.ledgers)
    everything = [late for lates in books.late.values() for late in lates]
    statements = sum(
        ledger.runs * STATEMENTS[ledger.platform] for ledger in simulation.ledgers
    ) + STATEMENTS_OF_A_BLOCK * sum(books.count_transactions.values())
    return {
        "runs": books.runs,
        "webhooks": books.webhooks,
        "rescued": books.rescued,
        "calls": {name: platform.calls for name, platform in simulation.platforms.items()},
        "app_minute_peak": {
            name: platform.app_peak() for name, platform in simulation.platforms.items()
        },
        "organisation_minute_peak": {
            name: platform.organisation_peak for name, platform in simulation.platforms.items()
        },
        "organisation_day_peak": {
            name: max(
                (ledger.calls_today for ledger in simulation.ledgers if ledger.platform == name),
                default=0,
            )
            for name in PLATFORMS
        },
        "late": {name: quantiles(lates) for name, lates in books.late.items()},
        "late_all": quantiles(everything),
        "late_by_hour": [quantiles(lates)["p99"] for lates in books.late_by_hour],
        "late_small": quantiles([late for ledger in small for late in _mean_late(ledger)]),
        "late_large": quantiles([late for ledger in large for late in _mean_late(ledger)]),
        "gini": gini([late for ledger in simulation.ledgers for late in _mean_late(ledger)]),
        "without_a_good_run": {
            name: quantiles(
                [ledger.longest_gap for ledger in simulation.ledgers if ledger.platform == name]
            )
            for name in PLATFORMS
        },
        "threads": practice.workers * practice.threads,
        "threads_busy": round(books.threads_busy(), 1),
        "threads_busy_peak": books.running_peak,
        "jobs_waiting_peak": books.waiting_peak,
        "processor_share": round(
            sum(worker.processor_seconds for worker in simulation.workers)
            / (seconds * practice.workers),
            3,
        ),
        "statements_a_second": round(statements / seconds),
        "app_row_a_second": round(books.count_transactions["xero"] / seconds, 1),
        "app_row_a_second_peak": round(max(books.app_row_by_minute) / 60, 1),
        "refused_by_platform": {
            name: platform.refused() for name, platform in simulation.platforms.items()
        },
        "waits": dict(books.waits),
    }


def _mean_late(ledger: Any) -> list[float]:
    return [ledger.late_sum / ledger.runs] if ledger.runs else []


def played(practice: Practice, begins_hour: float = 0.0) -> dict[str, Any]:
    """Play a practice and return its figures."""
    began = time.process_time()
    simulation = Simulation(practice, begins_hour)
    # Nothing here refers to itself: the collector would go through all ledgers for nothing.
    gc.disable()
    simulation.play()
    gc.enable()
    shown = figures(simulation)
    shown["processor_seconds_of_the_simulation"] = round(time.process_time() - began)
    return shown


def main() -> None:
    """Play all, one after the other, and write the file; a name plays only that."""
    kept: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {}
    names = sys.argv[1:] or ["day", *WHAT_IFS]
    for name in names:
        shown = played(DAY) if name == "day" else played(WHAT_IFS[name], MORNING)
        kept.setdefault("played", {})[name] = shown
        kept["machine"] = machine()
        kept["practice"] = _practice(DAY)
        FILE.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        print(name, shown["late_all"], flush=True)


def _practice(practice: Practice) -> Mapping[str, Any]:
    return practice._asdict()


if __name__ == "__main__":
    main()
