"""How long `arsync rules check` takes for a rulebook of 200 rules: the whole process, and its part.

python -m benchmarks.check [--rules 200] [--rounds 5]
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from arsync.core.rulebook import read_rulebook, rulebook_warnings

READ_MS_MAX = 100


def rulebook(rules: int) -> str:
    """Return a rulebook of so many rules: limits, holds and cadences by group."""
    groups = "".join(f"  G{number}: {{contact_group: g{number}}}\n" for number in range(50))
    limits = "".join(
        f"  - name: L{number}\n    when:\n      group: G{number % 50}\n"
        f"      balance: {{at_least: {number}}}\n    limit: {number * 10 + 10}\n"
        for number in range(rules // 2)
    )
    holds = "".join(
        f"  - name: H{number}\n    when:\n      group: G{number % 50}\n"
        f"      oldest_days_overdue: {{at_least: {number}}}\n    unless: {{promise_to_pay: open}}\n"
        for number in range(rules * 3 // 10)
    )
    cadences = "".join(
        f"  - name: C{number}\n    when: {{group: G{number % 50}, tag: t{number}}}\n    steps:\n"
        "      - {day: 1, email: first reminder}\n      - {day: 14, email: second reminder}\n"
        "      - {day: 30, email: final notice, approval: required}\n"
        for number in range(rules - rules // 2 - rules * 3 // 10)
    )
    return (
        f"version: 1\ncurrency: GBP\ngroups:\n{groups}credit_limits:\n{limits}"
        f"credit_holds:\n{holds}reminders:\n{cadences}"
    )


class Taken(NamedTuple):
    """Medians in milliseconds of processor time."""

    inner: float
    """Reading, and looking for warnings."""
    whole: float
    """The whole command."""
    bare: float
    """Python with what the command imports from others."""


def measured(rules: int, rounds: int) -> Taken:
    """Check a rulebook of so many rules."""
    text = rulebook(rules)
    inner: list[float] = []
    for _ in range(rounds):
        start = time.process_time()
        book, problems = read_rulebook([("r.yaml", text)])
        assert book is not None, problems
        rulebook_warnings(book)
        inner.append((time.process_time() - start) * 1000)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "r.yaml").write_text(text)
        bare = _processes(["-c", "import click, yaml"], folder, rounds)
        words = ["-c", "from arsync.cli import main; main()", "rules", "check", "r.yaml"]
        whole = _processes(words, folder, rounds)
    return Taken(statistics.median(inner), whole, bare)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.check", description=__doc__)
    parser.add_argument("--rules", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    figures = measured(options.rules, options.rounds)
    missed = "" if figures.inner < READ_MS_MAX else "   MISSED"
    print(f"{options.rules} rules, processor time")
    print(
        f"read and look for warnings  {figures.inner:6.0f} ms  aim below {READ_MS_MAX} ms{missed}"
    )
    print(f"the whole command           {figures.whole:6.0f} ms")
    print(f"Python with click and yaml  {figures.bare:6.0f} ms")


def _processes(words: list[str], folder: str, rounds: int) -> float:
    took = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *words], cwd=folder, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        took.append(spent * 1000)
    return statistics.median(took)


if __name__ == "__main__":
    main()
