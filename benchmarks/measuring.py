"""All measures of one day of a large ledger, against plain SQL that reads its rows."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.measure import Cost, cost_of
from benchmarks.report import Row, Section
from benchmarks.sections import ARSYNC, Scale, run_module

TIMES_THE_SCALE = 10
"""Measures are asked of whole ledgers of years: of ten times as many invoices as elsewhere."""

TIMES_READING_MAX = 3.0
PEAK_MB_MAX = 500
ROUNDS = 3
"""Both take turns, and the best of each counts: what else the computer does falls on both."""


def measuring(scale: Scale, folder: Path) -> Sequence[Section]:
    """Measure `arsync report measures` of one day, and of a year of months."""
    contacts, count = scale.contacts * TIMES_THE_SCALE, scale.invoices * TIMES_THE_SCALE
    home = folder / "measuring"
    run_module("settled_ledger", str(home), str(contacts), str(count))
    section = Section(
        f"All measures of one day: {count:,} invoices of {contacts:,} customers", "plain SQL"
    )
    report = [*ARSYNC, "report", "measures", "--json", "--config", home / "config.toml"]
    script = Path(__file__).parent / "plain_reading.py"
    plain: list[str | Path] = [sys.executable, script, home / "arsync.db"]
    own: list[Cost] = []
    reading: list[Cost] = []
    for _ in range(ROUNDS):
        reading.append(cost_of(plain, log=folder / "plain.log"))
        own.append(cost_of(report, log=folder / "measures.log"))
    months = cost_of([*report, "--by", "month"], log=folder / "months.log")
    best, least = (min(costs, key=lambda cost: cost.cpu_seconds) for costs in (own, reading))
    ratio = best.cpu_seconds / least.cpu_seconds
    peak = max(cost.peak_mb for cost in own)
    section.add(
        Row(
            "processor seconds",
            f"{best.cpu_seconds:.1f}",
            f"{least.cpu_seconds:.1f}",
            f"{ratio:.2f}",
            f"at most {TIMES_READING_MAX:.0f} times",
            ratio <= TIMES_READING_MAX if scale.judged else None,
        )
    )
    section.add(
        Row(
            "seconds",
            f"{min(cost.seconds for cost in own):.1f}",
            f"{min(cost.seconds for cost in reading):.1f}",
        )
    )
    section.add(
        Row(
            "peak MB",
            f"{peak:.0f}",
            f"{least.peak_mb:.0f}",
            "",
            f"under {PEAK_MB_MAX}",
            peak < PEAK_MB_MAX,
        )
    )
    section.add(Row("thirteen ends of months: processor seconds", f"{months.cpu_seconds:.1f}"))
    section.add(Row("thirteen ends of months: peak MB", f"{months.peak_mb:.0f}"))
    (table,) = json.loads((folder / "measures.out").read_text())
    settled = sum(row["invoices_settled"] for row in table["rows"] if not row["in_base"])
    still_open = sum(row["invoices_open"] for row in table["rows"] if not row["in_base"])
    section.notes.append(
        "Plain SQL: a cursor over the columns that measures are made of, of every invoice, payment "
        f"and credit note, which does nothing with them. {still_open:,} invoices are open, "
        f"{settled:,} were settled in the 90 days; two currencies. On SQLite; both as processes, "
        "their start included."
    )
    return [section]
