"""Run the benchmarks: `python -m benchmarks [--quick] [--only SECTION [--replace]]...`."""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.customer import customer
from benchmarks.desk import desk
from benchmarks.judging import backtesting, checking, evaluating
from benchmarks.measure import busy
from benchmarks.measuring import measuring
from benchmarks.report import Section, replace_in_docs, show, write_docs
from benchmarks.schedules import ticks
from benchmarks.sections import Scale, planning, pulling, start, storing
from benchmarks.statements import statements
from benchmarks.workers import workers

FULL = Scale(contacts=10_000, invoices=100_000, rounds=3, judged=True)
QUICK = Scale(contacts=1_000, invoices=10_000, rounds=1, judged=False)

SECTIONS: dict[str, Callable[[Scale, Path], Sequence[Section]]] = {
    "start": start,
    "storing": storing,
    "schedules": ticks,
    "customer": customer,
    "planning": planning,
    "statements": statements,
    "measures": measuring,
    "desk": desk,
    "check": checking,
    "evaluate": evaluating,
    "backtest": backtesting,
    "workers": workers,
    "xero": lambda scale, folder: pulling("xero", scale, folder),
    "quickbooks": lambda scale, folder: pulling("quickbooks", scale, folder),
}


def main() -> None:
    """Measure, show, write. A missed aim is shown and no failure: it may be the machine's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the ledger; writes nothing"
    )
    parser.add_argument("--only", action="append", choices=SECTIONS, help="writes nothing")
    parser.add_argument(
        "--replace", action="store_true", help="with --only: put these sections into the page"
    )
    options = parser.parse_args()
    scale = QUICK if options.quick else FULL
    began = time.monotonic()
    loads = [busy()]
    sections: list[Section] = []
    folder = Path(tempfile.mkdtemp(prefix="arsync-bench-"))
    try:
        for name in options.only or SECTIONS:
            for section in SECTIONS[name](scale, folder):
                show(section)
                sections.append(section)
            loads.append(busy())
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    minutes = (time.monotonic() - began) / 60
    print(f"{minutes:.1f} minutes")
    on_average = sum(loads) / len(loads)
    if options.only and options.replace and not options.quick:
        replace_in_docs(sections, busy=on_average)
    elif not (options.quick or options.only):
        write_docs(sections, busy=on_average, minutes=minutes)


if __name__ == "__main__":
    main()
