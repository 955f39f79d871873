"""The cost of a process: seconds, processor seconds, peak memory."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
OUT = ROOT / "benchmarks" / "out"
"""Everything that a run leaves: git does not see it."""

TIMER = ROOT / "benchmarks" / "timer.py"
MEGABYTE = 1024 * 1024


class Failed(Exception):
    """A measured process ended badly; the message quotes what it said last."""


class Cost(NamedTuple):
    """What one process took, from its start to its end."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def cost_of(command: Sequence[str | Path], *, log: Path, codes: Sequence[int] = (0,)) -> Cost:
    """Run a command to its end and return its cost.

    Args:
        command: what to run, without arsync's variables in its environment.
        log: gets its standard error; its standard output goes beside it, as `.out`.
        codes: exit codes that mean success.

    Raises:
        Failed: another exit code.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("ARSYNC_")}
    # An installed arsync starts from bytecode.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    words = [sys.executable, "-I", "-S", TIMER, log, *command]
    done = subprocess.run(
        [str(word) for word in words], check=True, capture_output=True, text=True, env=env, cwd=ROOT
    )
    figures = json.loads(done.stdout)
    code = figures.pop("code")
    if code not in codes:
        last_lines = log.read_text(errors="replace").strip().splitlines()[-8:]
        raise Failed(f"{' '.join(map(str, command))} ended with {code}:\n" + "\n".join(last_lines))
    return Cost(**figures)


def machine() -> str:
    """Return what the figures depend on, in one line."""
    return (
        f"{_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}"
    )


def versions() -> str:
    """Return the versions of what does the work."""
    import sqlite3

    names = ("msgspec", "requests", "SQLAlchemy", "psycopg")
    listed = [f"{name} {version(name)}" for name in names]
    return ", ".join([f"arsync {version('arsync')}", *listed, f"SQLite {sqlite3.sqlite_version}"])


def busy() -> float:
    """Return how many processes wanted a processor over the last minute."""
    return os.getloadavg()[0]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"
