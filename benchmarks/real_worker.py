"""One worker of ten threads with both connectors, on ledgers of the sandbox over HTTP."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
from sqlalchemy import text

import arsync_rulebooks
from arsync.application.connections.connecting import add_connections
from arsync.application.organisation.container import Container
from arsync.application.organisation.oauth_authorisation import authorise
from arsync.application.permissions import SCHEDULE, person_at_the_shell
from arsync.application.runs.scheduling import want_sync
from arsync.clock import SystemClock
from arsync.config import load_config
from arsync.demo.world import World, config_text, free_port, sandbox
from benchmarks.measure import MEGABYTE
from benchmarks.report import Row, Section
from benchmarks.store_rate import fresh_postgresql

THREADS = 10
LEDGERS_PER_PLATFORM = 10
CONTACTS, INVOICES = 100, 500
"""Of each ledger."""
SCHEMA = "arsync_queue_real"
PEAK_MB_MAX = 300
SERVED_SECONDS_MAX = 600.0
QUIET_ROUNDS = 3


class Measured(NamedTuple):
    """What a worker took."""

    first_mb: float
    """At its peak, after every ledger was pulled in full."""
    peak_mb: float
    """At its peak, after quiet runs as well."""
    quiet_cpu_milliseconds: float
    """Of the processor, for each quiet run."""


def real_worker(server: str, folder: Path) -> Section:
    """Measure a worker that pulls ledgers of both platforms, and then meets nothing new."""
    count = 2 * LEDGERS_PER_PLATFORM
    section = Section(f"{count} ledgers of both platforms by a worker of {THREADS} threads", "")
    folder.mkdir(parents=True)
    measured = _measured(server, folder)
    section.add(
        Row(
            "memory at its peak, first pulls",
            f"{measured.first_mb:.0f} MB",
            aim=f"at most {PEAK_MB_MAX} MB",
            met=measured.first_mb <= PEAK_MB_MAX,
        )
    )
    section.add(
        Row(
            "memory at its peak, quiet runs as well",
            f"{measured.peak_mb:.0f} MB",
            aim=f"at most {PEAK_MB_MAX} MB",
            met=measured.peak_mb <= PEAK_MB_MAX,
        )
    )
    section.add(
        Row("processor of the worker for a quiet run", f"{measured.quiet_cpu_milliseconds:.0f} ms")
    )
    section.notes.append(
        f"the sandbox over HTTP; each ledger has {INVOICES} invoices of {CONTACTS} customers"
    )
    return section


def _measured(server: str, folder: Path) -> Measured:
    names = [f"Client {number} Ltd" for number in range(1, LEDGERS_PER_PLATFORM + 1)]
    with (
        fresh_postgresql(server) as url,
        sandbox(
            folder,
            start=SystemClock().now(),
            seed=1,
            contacts=CONTACTS,
            invoices=INVOICES,
            keep=False,
            organisations=names,
        ) as world,
        _installation(folder, world, url) as container,
    ):
        try:
            for platform in ("xero", "quickbooks"):
                _connect(container, world, platform, names)
            with _worker(folder) as process:
                _until_served(container)
                first_mb = _peak_mb(process)
                began = _cpu_seconds(process)
                for _ in range(QUIET_ROUNDS):
                    want_sync(SCHEDULE, container)
                    _until_served(container)
                cpu = _cpu_seconds(process) - began
                runs = QUIET_ROUNDS * 2 * len(names)
                return Measured(first_mb, _peak_mb(process), 1_000 * cpu / runs)
        finally:
            with container.store.engine.begin() as db:
                db.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")


@contextmanager
def _installation(folder: Path, world: World, url: str) -> Iterator[Container]:
    (folder / "rules").mkdir()
    (folder / "rules" / "standard.yaml").write_text(arsync_rulebooks.text("standard"))
    besides = {
        ("store", "url"): url,
        ("workers", "schema"): SCHEMA,
        # No ledger is to be due a second time meanwhile.
        ("runs", "every"): "24h",
    }
    file = folder / "config.toml"
    file.write_text(config_text(world, via_port=free_port(), besides=besides))
    with Container(load_config(file, {})) as container:
        yield container


def _connect(container: Container, world: World, platform: str, names: list[str]) -> None:
    """Connect all organisations; at QuickBooks by a consent for each."""
    for chosen in [",".join(names)] if platform == "xero" else names:
        world.post("/_sandbox/settings", {"consent_organisations": chosen})
        grant = authorise(
            container.authoriser(platform),
            redirect_url=container.config.get(platform, "redirect_url"),
            say=lambda _: None,
            open_browser=world.give_consent,
        )
        organisations = [(each, f"{platform}-{each.id}"[:40]) for each in grant.organisations]
        add_connections(person_at_the_shell(), container, platform, grant, organisations)


@contextmanager
def _worker(folder: Path) -> Iterator[psutil.Process]:
    arsync = Path(sys.executable).parent / "arsync"
    config = folder / "config.toml"
    words: list[str | Path] = [arsync, "worker", "--threads", str(THREADS), "--config", config]
    with (folder / "worker.log").open("w") as log:
        process = subprocess.Popen(words, stdout=log, stderr=log)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def _until_served(container: Container) -> None:
    query = text("""
        SELECT count(*) FROM schedules
         WHERE wanted_at IS NOT NULL OR started_at IS NOT NULL OR next_at <= now()
    """)
    ends = time.monotonic() + SERVED_SECONDS_MAX
    waiting = 1
    while waiting:
        assert time.monotonic() < ends, "the worker does not come to an end"
        time.sleep(0.2)
        with container.store.engine.connect() as db:
            waiting = db.scalar(query) or 0


def _peak_mb(process: psutil.Process) -> float:
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / MEGABYTE


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)
