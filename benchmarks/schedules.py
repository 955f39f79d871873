"""A tick of the schedule: what is due of thousands of ledgers, on both databases.

    python -m benchmarks.schedules [--ledgers 5000]

PostgreSQL takes part when ARSYNC_TEST_POSTGRESQL names a database.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import insert

from arsync.clock import SetClock
from arsync.store import Store, open_store
from arsync.store.admin.schedules import next_place
from arsync.store.db.tables import connections, outages, schedules
from benchmarks.report import Row, Section, show
from benchmarks.sections import Scale
from benchmarks.store_rate import fresh_postgresql

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
LEDGERS = 5_000
PACE_SECONDS = 900
TICK_SECONDS = 15
TICK_MS_MAX = 50
ROUNDS = 41
FREE_THREADS = 10


class Tick(NamedTuple):
    """What one look at the schedule takes, in milliseconds, and what it finds."""

    database: str
    due: int
    every_due: float
    """All that is due, as the workers' tick reads it: the median of many."""
    first_due: float
    """As many as there are free threads, and when to look again, as `arsync run` reads it."""


def ticks(scale: Scale, folder: Path) -> Sequence[Section]:
    """Measure a tick of `LEDGERS` ledgers."""
    section = Section(f"A tick of {LEDGERS:,} schedules of 15 minutes, in milliseconds", "")
    for tick in measured(folder, LEDGERS):
        aim = f"at most {TICK_MS_MAX}"
        for what, milliseconds in (
            (f"{tick.database}, all {tick.due} that are due", tick.every_due),
            (f"{tick.database}, the first {FREE_THREADS} and the next moment", tick.first_due),
        ):
            is_met = milliseconds <= TICK_MS_MAX if scale.judged else None
            section.add(Row(what, f"{milliseconds:.1f}", "", "", aim, is_met))
    return [section]


def measured(folder: Path, ledgers: int) -> Iterator[Tick]:
    """Yield the figures of each database that is there."""
    clock = SetClock(NOW)
    with open_store(f"sqlite:///{folder / 'schedules.db'}", clock=clock) as store:
        yield _tick("SQLite", store, ledgers)
    with _postgresql() as url:
        if url:
            with open_store(url, clock=clock) as store:
                yield _tick("PostgreSQL", store, ledgers)


@contextmanager
def _postgresql() -> Iterator[str]:
    server = os.environ.get("ARSYNC_TEST_POSTGRESQL", "")
    if not server:
        yield ""
        return
    with fresh_postgresql(server) as url:
        yield url


def _tick(database: str, store: Store, ledgers: int) -> Tick:
    filled(store, ledgers)

    def look() -> None:
        store.schedules.due(rows_max=FREE_THREADS)
        store.schedules.next_due_at()

    due = len(store.schedules.due())
    return Tick(database, due, _median_ms(store.schedules.due), _median_ms(look))


def filled(store: Store, ledgers: int) -> None:
    """Put in ledgers that have all run, the last of them a tick ago; some platforms are away."""
    last_tick = NOW - timedelta(seconds=TICK_SECONDS)
    numbers = range(1, ledgers + 1)
    with store.engine.begin() as db:
        db.execute(insert(connections), [_connection(number) for number in numbers])
        db.execute(
            insert(schedules),
            [
                {
                    "connection_id": number,
                    "every_seconds": PACE_SECONDS,
                    "next_at": next_place(number, PACE_SECONDS, last_tick),
                }
                for number in numbers
            ],
        )
        away = {"failures": 3, "failed_at": NOW, "retry_at": NOW + timedelta(hours=1)}
        db.execute(insert(outages), [{"connection_id": number, **away} for number in numbers[::50]])


def _connection(number: int) -> dict[str, object]:
    return {
        "id": number,
        "name": f"client-{number}",
        "platform": ("xero", "quickbooks")[number % 2],
        "organisation_id": f"organisation-{number}",
        "organisation_name": f"Client {number} Ltd",
        "base_currency": "GBP",
        "mode": "auto",
        "state": "connected",
        "settings": {},
        "is_demo": False,
        "created_at": NOW,
    }


def _median_ms(look: Callable[[], object]) -> float:
    look()
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        look()
        times.append(1_000 * (time.perf_counter() - began))
    return statistics.median(times)


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.schedules", description=__doc__)
    parser.add_argument("--ledgers", type=int, default=LEDGERS)
    options = parser.parse_args()
    section = Section(f"A tick of {options.ledgers:,} schedules", "")
    with tempfile.TemporaryDirectory() as folder:
        for tick in measured(Path(folder), options.ledgers):
            section.add(Row(f"{tick.database}, all {tick.due}", f"{tick.every_due:.1f} ms"))
            section.add(Row(f"{tick.database}, the first", f"{tick.first_due:.1f} ms"))
    show(section)


if __name__ == "__main__":
    main()
