"""The monthly statements of a ledger as PDF: letters a second, and memory that stays flat."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import Cost, cost_of
from benchmarks.report import Row, Section
from benchmarks.sections import FLAT_MAX, SMALL, Scale, filled

PROCESSES = 2
TIMES_AS_LONG_MAX = 1.25
"""What one of many may take of the processor, against one of few: it must not grow with them."""

PEAK_MB_MAX = 400
INVOICES_OF_A_CUSTOMER = 10


class _Printed(NamedTuple):
    """What it took to print so many statements."""

    letters: int
    seconds: float
    costs: tuple[Cost, ...]
    """Of each process."""

    @property
    def rate(self) -> float:
        """Return how many a second."""
        return self.letters / self.seconds

    @property
    def cpu_milliseconds(self) -> float:
        """Return the processor's time for one."""
        return 1_000 * sum(cost.cpu_seconds for cost in self.costs) / self.letters

    @property
    def peak_mb(self) -> float:
        """Return the most memory that a process occupied."""
        return max(cost.peak_mb for cost in self.costs)


def statements(scale: Scale, folder: Path) -> Sequence[Section]:
    """Print the statements of all customers with two processes, of some with one."""
    count, few = scale.contacts, scale.contacts // SMALL
    home = folder / "statements"
    filled(home, scale.contacts, scale.contacts * INVOICES_OF_A_CUSTOMER)
    section = Section(f"{count:,} statements of account", f"{few:,} by one process")
    small = _print(home, folder / "few", few, processes=1)
    large = _print(home, folder / "many", count, processes=PROCESSES)
    faster, flat = large.rate / small.rate, large.peak_mb / small.peak_mb
    longer = large.cpu_milliseconds / small.cpu_milliseconds
    rates = (f"{large.rate:.1f}", f"{small.rate:.1f}", f"{faster:.2f}")
    section.add(Row(f"statements a second, {PROCESSES} processes", *rates))
    section.add(
        Row(
            "processor milliseconds of one",
            f"{large.cpu_milliseconds:.0f}",
            f"{small.cpu_milliseconds:.0f}",
            f"{longer:.2f}",
            f"at most {TIMES_AS_LONG_MAX} times",
            longer <= TIMES_AS_LONG_MAX if scale.judged else None,
        )
    )
    section.add(Row("seconds", f"{large.seconds:.0f}", f"{small.seconds:.0f}"))
    section.add(
        Row(
            "peak MB of a process",
            f"{large.peak_mb:.0f}",
            f"{small.peak_mb:.0f}",
            f"{flat:.2f}",
            f"under {PEAK_MB_MAX}, flat",
            large.peak_mb < PEAK_MB_MAX and flat < FLAT_MAX,
        )
    )
    section.notes.append(
        f"{INVOICES_OF_A_CUSTOMER} open invoices to a customer; from the store to a file: read, "
        "the statement of the day, its text, mail and page, tagged PDF/A. A process each for half "
        "of the customers, as two workers would."
    )
    return [section]


def _print(home: Path, folder: Path, count: int, *, processes: int) -> _Printed:
    def share(number: int) -> Cost:
        words = [home, folder, number, processes, count]
        return cost_of(
            [sys.executable, "-m", "benchmarks.print_statements", *map(str, words)],
            log=home / f"print-{number}.log",
        )

    began = time.monotonic()
    with ThreadPoolExecutor(processes) as pool:
        costs = tuple(pool.map(share, range(processes)))
    seconds = time.monotonic() - began
    made = len(list(folder.glob("*.pdf")))
    assert made == count, f"{made:,} of {count:,} were printed"
    return _Printed(count, seconds, costs)
