"""What a pull costs, at a size that takes seconds; `benchmarks` measures a ledger of real size."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.builders.processes import arsync_environment
from tests.builders.world import CALL_SECONDS, LEDGER_PATHS, PLATFORMS, START, World

from arsync_sandbox.generate import generate

INVOICES = 5_000
PAGE_ROWS = 1_000
EXTRA_CALLS_MAX = 10
"""Calls of a full pull besides its full pages: tokens, the organisation, names, begun pages."""
UNCHANGED_CALLS_MAX = {"xero": 8, "quickbooks": 3}
PEAK_MB_MAX = 150
FLAT_MB_MAX = 15
"""By so much the peak may grow from one page of invoices to many."""
SEED = 3


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def fill(world: World, platform: str, invoices: int = INVOICES) -> None:
    """Give one platform a generated ledger, old enough that no pull reads it for its newness."""
    rows = generate(
        seed=SEED,
        contacts=invoices // 10,
        invoices=invoices,
        today=START.date(),
        currency="GBP",
        country="GB",
    )
    with world.sandbox.lock:
        world.sandbox.timeline.load(rows, [platform])
    world.advance(minutes=10)


def pull(world: World, platform: str, **options: Any) -> int:
    """Pull, and return how many calls it took."""
    before = world.control.last_request()
    (result,) = world.app.pull(platform, **options)
    assert not result.all_problems
    return len(world.control.journal(before))


def there(world: World, platform: str) -> dict[str, tuple[str, Decimal, str]]:
    """Return status, amount due and due day of every sales invoice in the platform's ledger."""
    words = {"AUTHORISED": "open", "SUBMITTED": "draft"}
    return {
        row["id"]: (
            words.get(row["status"], row["status"].lower()),
            Decimal(row["amount_due"]),
            # A draft may have no due date: it counts nowhere, and is kept with its own date.
            row["due_on"] or row["issued_on"],
        )
        for row in world.control.state(platform)["invoices"]
        if row["status"] != "DELETED"
    }


def here(world: World) -> list[tuple[str, tuple[str, Decimal, str]]]:
    """Return the same of every invoice in the store, as its rows are."""
    with closing(sqlite3.connect(world.folder / "arsync.db")) as connection:
        rows = connection.execute(
            "SELECT id, status, amount_due, due_on FROM invoices WHERE status != 'deleted'"
        ).fetchall()
    return [(row[0], (row[1], Decimal(row[2]) / 10_000, row[3])) for row in rows]


def test_a_full_pull_takes_few_calls_per_thousand_rows(world: World, platform: str) -> None:
    fill(world, platform)
    world.connect(platform, mode="observe")
    calls = pull(world, platform)
    connection = world.connection(platform)
    counts = world.app.store.ledger.counts(connection.id).values()
    assert sum(counts) > INVOICES
    assert calls <= sum(-(-count // PAGE_ROWS) for count in counts) + EXTRA_CALLS_MAX
    assert dict(here(world)) == there(world, platform)


def test_a_pull_without_changes_takes_a_handful_of_calls(world: World, platform: str) -> None:
    fill(world, platform, invoices=500)
    world.connect(platform, mode="observe")
    pull(world, platform)
    for hours in (1, 1, 1):
        world.advance(hours=hours)
        assert answered_calls_of_a_pull(world, platform) <= UNCHANGED_CALLS_MAX[platform]


def test_a_daily_pull_finds_changes_that_feeds_leave_out(world: World, platform: str) -> None:
    fill(world, platform, invoices=500)
    world.connect(platform, mode="observe")
    pull(world, platform)
    world.advance(hours=25)
    # Xero's sweep is one call more for each page of open invoices: here there is one.
    sweeps = {"xero": 1, "quickbooks": 0}
    calls = answered_calls_of_a_pull(world, platform)
    assert calls <= UNCHANGED_CALLS_MAX[platform] + sweeps[platform]
    world.advance(hours=1)
    assert answered_calls_of_a_pull(world, platform) <= UNCHANGED_CALLS_MAX[platform]


def answered_calls_of_a_pull(world: World, platform: str) -> int:
    """Pull, and return how many calls for the ledger were answered.

    A call with an expired token is refused here: the clock that was moved is not the computer's, by
    which tokens are renewed before they expire.
    """
    before = world.control.last_request()
    pull(world, platform)
    return sum(
        row["status"] == 200 and row["path"].startswith(LEDGER_PATHS)
        for row in world.control.journal(before)
    )


def test_edits_made_while_paging_are_neither_lost_nor_doubled(world: World, platform: str) -> None:
    fill(world, platform)
    world.connect(platform, mode="observe")
    edits = people_at_work(world, platform)
    done: list[str] = []
    pull(world, platform, progress=lambda _: done.extend(next(edits)() for _ in range(6)))
    assert len(done) > 6 * 8, "the pull had too few pages for a test of this"
    world.advance(minutes=10)
    pull(world, platform)
    rows = here(world)
    assert len(rows) == len({id_ for id_, _ in rows})
    assert dict(rows) == there(world, platform)


def people_at_work(world: World, platform: str) -> Iterator[Callable[[], str]]:
    """Yield edits, spread over the whole ledger, each of another open invoice."""
    control, today = world.control, START.date()
    owed = [
        row
        for row in control.state(platform)["invoices"]
        if row["status"].lower() in {"authorised", "open"} and row["amount_due"] == row["total"]
    ]
    edits: list[Callable[[dict[str, Any]], tuple[str, dict[str, Any]]]] = [
        lambda row: ("pay", {"amount": row["amount_due"], "on": today}),
        lambda _: ("pay", {"amount": "0.01", "on": today}),
        lambda _: ("void", {}),
        lambda _: ("set_due_date", {"on": today + timedelta(days=40)}),
        lambda _: ("delete_invoice", {}),
    ]
    # A step that shares no factor with the length visits every invoice, near and far in turns.
    order = [owed[place * 7_919 % len(owed)] for place in range(len(owed))]
    for count, row in enumerate(order, 1):
        if count % 6 == 0:
            arguments = {
                "contact_id": row["contact_id"],
                "amount": "12.34",
                "on": today,
                "due_on": today + timedelta(days=30),
            }
            do = "create_invoice"
        else:
            do, more = edits[count % 6 - 1](row)
            arguments = {"invoice_id": row["id"], **more}
            if do == "delete_invoice" and platform == "xero":
                do = "void"  # Xero deletes drafts only
        yield lambda do=do, given=arguments: str(  # type: ignore[misc]
            control.person(platform, do, **json.loads(json.dumps(given, default=str)))
        )


MEASURED = """
import re, sys
from pathlib import Path
from arsync.cli import main
try:
    main()
finally:
    peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())
    print(int(peak[1]) / 1024, file=sys.stderr)
"""
"""`arsync` that says at its end what it occupied at most, in megabytes."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells a peak")
def test_memory_is_flat_however_many_invoices(
    make_world: Callable[[], World], platform: str
) -> None:
    peaks = []
    for invoices in (PAGE_ROWS, INVOICES):
        world = make_world()
        fill(world, platform, invoices)
        world.connect(platform, mode="observe")
        world.app.close()
        done = subprocess.run(
            [sys.executable, "-c", MEASURED, "pull", "--json"],
            env=arsync_environment(world.folder),
            cwd=world.folder,
            capture_output=True,
            text=True,
            timeout=CALL_SECONDS,
            check=True,
        )
        assert json.loads(done.stdout)[0]["pulled"]["complete"]
        peaks.append(float(done.stderr.split()[-1]))
    assert max(peaks) < PEAK_MB_MAX
    assert peaks[1] - peaks[0] < FLAT_MB_MAX
