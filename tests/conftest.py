"""The summary line of the torture tests; it is printed by whoever collects their reports."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from pathlib import Path
from typing import Any

JSON_VARIABLE = "ARSYNC_TORTURE_JSON"
"""Names a file that the numbers are written to."""


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many schedules, cases and mutations were tried."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    seconds: dict[str, float] = defaultdict(float)
    for report in terminalreporter.stats.get("passed", []) + terminalreporter.stats.get(
        "failed", []
    ):
        for name, value in report.user_properties:
            if name == "torture" and report.when == "call":
                what, *numbers = value
                counts[what] = [a + b for a, b in zip(counts[what], numbers, strict=True)]
                seconds[what] += report.duration
    if not counts:
        return
    terminalreporter.section("torture")
    for what, (tried, unknown, left_out) in sorted(counts.items()):
        rest = f", {left_out:,} left out when the time was over" if left_out else ""
        asked = f", {unknown:,} settled by a person" if unknown else ""
        terminalreporter.write_line(f"{what}: {tried:,} tried{asked}{rest}, {seconds[what]:.0f} s")
    total = sum(tried for tried, _, _ in counts.values())
    terminalreporter.write_line(f"{total:,} schedules and cases in all")
    if JSON_VARIABLE in os.environ:
        rows = {
            what: {"tried": tried, "settled_by_a_person": unknown, "left_out": left_out,
                   "seconds": round(seconds[what])}
            for what, (tried, unknown, left_out) in sorted(counts.items())
        }  # fmt: skip
        Path(os.environ[JSON_VARIABLE]).write_text(json.dumps(rows, indent=2) + "\n")
