"""What is measured, section by section."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.ledger import Ledger, Pulled, ledger
from benchmarks.measure import ROOT, Cost, Failed, cost_of
from benchmarks.peers import PEERS, TAP_XERO, LeftOut, Peer, run_peer
from benchmarks.report import Row, Section

ARSYNC: list[str | Path] = [Path(sys.executable).parent / "arsync"]
SMALL = 10
"""The smaller ledger, to see whether memory stays flat, has so many times fewer invoices."""

PEAK_MB_MAX = 150
FLAT_MAX = 1.25
"""The peak for ten times the invoices may be so many times as high, and still count as flat."""
TIMES_FASTER_MIN = 10
STORE_RATIO_MIN = 0.5
HELP_MS_MAX = 150
PAGE = 1_000
EXTRA_CALLS_MAX = 10
UNCHANGED_CALLS_MAX = {"xero": 8, "quickbooks": 3}
LABEL = {"xero": "Xero", "quickbooks": "QuickBooks"}
AGE = timedelta(minutes=10)
"""After so long a change is no longer within the overlap that every pull reads again."""


class Scale(NamedTuple):
    """How much is measured."""

    contacts: int
    invoices: int
    rounds: int
    judged: bool
    """Whether aims of speed are judged: in a small ledger, starting counts for most."""


# -- pulling ------------------------------------------------------------------------------------


def pulling(platform: str, scale: Scale, folder: Path) -> Sequence[Section]:
    """Measure pulls from one platform, and the peers on the same sandbox."""
    small = _small_pull(platform, scale, folder)
    own = Section(f"Pulling from {LABEL[platform]}", f"with {scale.invoices // SMALL:,} invoices")
    with ledger(folder, platform, contacts=scale.contacts, invoices=scale.invoices) as sandbox:
        sandbox.forward(AGE)
        lossless = _while_edited(sandbox, folder / f"{platform}-edited")
        sandbox.forward(AGE)
        home = folder / f"{platform}-full"
        connect(sandbox, home)
        full = pull(sandbox, home)
        rows = _counts(home)
        again = pull(sandbox, home)
        _own_figures(own, platform, full, small, again=again, rows=rows)
        own.add(lossless)
        compared = []
        for peer in PEERS:
            if platform in peer.platforms:
                section, full = _against(peer, sandbox, folder, full, judged=scale.judged)
                compared.append(section)
    return [own, *compared]


def connect(sandbox: Ledger, home: Path) -> None:
    """Connect a new store to the sandbox."""
    run_module("connect", sandbox.url, str(sandbox.smtp_port), str(home), sandbox.platform)


def pull(sandbox: Ledger, home: Path) -> Pulled:
    """Pull, as a process of its own."""
    with sandbox.asked() as askeds:
        cost = cost_of(
            [*ARSYNC, "pull", "--json", "--config", home / "config.toml"], log=home / "pull.log"
        )
    return Pulled(cost, askeds[0])


def _small_pull(platform: str, scale: Scale, folder: Path) -> Pulled:
    home = folder / f"{platform}-small"
    with ledger(
        folder, platform, contacts=scale.contacts // SMALL, invoices=scale.invoices // SMALL
    ) as sandbox:
        sandbox.forward(AGE)
        connect(sandbox, home)
        return pull(sandbox, home)


def _own_figures(
    section: Section,
    platform: str,
    full: Pulled,
    small: Pulled,
    *,
    again: Pulled,
    rows: dict[str, int],
) -> None:
    most = sum(-(-count // PAGE) for count in rows.values()) + EXTRA_CALLS_MAX
    quiet = UNCHANGED_CALLS_MAX[platform]
    flat = full.cost.peak_mb / small.cost.peak_mb
    total = sum(rows.values())
    mb = full.asked.bytes / 1e6
    section.add(
        Row(
            "calls",
            f"{full.asked.calls:,}",
            f"{small.asked.calls:,}",
            "",
            f"at most {most:,}",
            full.asked.calls <= most,
        )
    )
    section.add(Row("megabytes sent", f"{mb:,.1f}", f"{small.asked.bytes / 1e6:,.1f}"))
    section.add(Row("seconds", f"{full.cost.seconds:.1f}", f"{small.cost.seconds:.1f}"))
    section.add(
        Row("processor seconds", f"{full.cost.cpu_seconds:.1f}", f"{small.cost.cpu_seconds:.1f}")
    )
    section.add(
        Row(
            "peak MB",
            f"{full.cost.peak_mb:.0f}",
            f"{small.cost.peak_mb:.0f}",
            f"{flat:.2f}",
            f"under {PEAK_MB_MAX}, flat",
            full.cost.peak_mb < PEAK_MB_MAX and flat < FLAT_MAX,
        )
    )
    section.add(
        Row(
            "calls when nothing changed",
            f"{again.asked.calls}",
            "",
            "",
            f"at most {quiet}",
            again.asked.calls <= quiet,
        )
    )
    section.add(Row("seconds when nothing changed", f"{again.cost.seconds:.1f}"))
    section.notes.append(
        f"{total:,} records: "
        + ", ".join(f"{count:,} {kind}" for kind, count in rows.items())
        + f"; {total / full.cost.seconds:,.0f} a second."
    )
    section.notes.append(
        f"The sandbox took {full.asked.cpu_seconds:.1f} processor seconds to answer the full pull."
    )


def _while_edited(sandbox: Ledger, home: Path) -> Row:
    """Pull while people edit, pull once more, and compare every invoice."""
    connect(sandbox, home)
    people = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.edits", sandbox.url, sandbox.platform],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert people.stdin is not None
    assert people.stdout is not None
    try:
        people.stdout.readline()
        people.stdin.write("go\n")
        people.stdin.flush()
        pull(sandbox, home)
        output, _ = people.communicate(timeout=60)
    finally:
        people.kill()
        people.wait()
    pull(sandbox, home)
    compared = json.loads(
        run_module("compare", sandbox.url, sandbox.platform, str(home / "arsync.db"))
    )
    wrong = sum(compared[name] for name in ("lost", "doubled", "different", "payments_off"))
    words = (
        f"{compared['lost']} lost, {compared['doubled']} doubled, {compared['different']} different"
    )
    return Row(
        f"after {int(output.split()[-1]):,} edits during a pull", words, "", "", "none", wrong == 0
    )


def _against(
    peer: Peer, sandbox: Ledger, folder: Path, before: Pulled, *, judged: bool
) -> tuple[Section, Pulled]:
    """Compare with a peer; also returns a pull made after it.

    What else the computer does changes within minutes, so the peer is compared with the mean of a
    pull just before and one just after it.
    """
    platform, word = sandbox.platform, peer.name.split()[0]
    section = Section(f"Against {peer.name} on {LABEL[platform]}", peer.name)
    try:
        peer_cost = run_peer(peer, sandbox, folder / f"{platform}-{word}")
    except LeftOut as reason:
        section.notes.append(f"Left out: {reason}")
        return section, before
    home = folder / f"{platform}-after-{word}"
    connect(sandbox, home)
    after = pull(sandbox, home)
    means = [(first + second) / 2 for first, second in zip(before.cost, after.cost, strict=True)]
    pulled = Pulled(Cost(*means), after.asked)
    _compare(section, pulled, peer_cost, judged=judged and peer is TAP_XERO)
    section.notes.append(
        f"{peer.name} {peer.does}; arsync normalises and stores. The sandbox took "
        f"{peer_cost.asked.cpu_seconds:.1f} processor seconds for it, "
        f"{pulled.asked.cpu_seconds:.1f} for arsync."
    )
    return section, after


def _compare(section: Section, own: Pulled, peer_cost: Pulled, *, judged: bool) -> None:
    def row(what: str, mine: float, other: float, form: str) -> Row:
        return Row(what, format(mine, form), format(other, form), f"{other / mine:.1f}")

    faster = peer_cost.cost.seconds / own.cost.seconds
    seconds = row("seconds", own.cost.seconds, peer_cost.cost.seconds, ".1f")
    if judged:
        met = faster >= TIMES_FASTER_MIN
        seconds = seconds._replace(aim=f"{TIMES_FASTER_MIN} times faster", met=met)
    section.add(row("calls", own.asked.calls, peer_cost.asked.calls, ","))
    section.add(row("megabytes sent", own.asked.bytes / 1e6, peer_cost.asked.bytes / 1e6, ",.1f"))
    section.add(seconds)
    section.add(row("processor seconds", own.cost.cpu_seconds, peer_cost.cost.cpu_seconds, ".1f"))
    section.add(row("peak MB", own.cost.peak_mb, peer_cost.cost.peak_mb, ".0f"))


def _counts(home: Path) -> dict[str, int]:
    import sqlite3

    with sqlite3.connect(home / "arsync.db") as db:
        return {
            table: db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("contacts", "invoices", "payments", "credits")
        }


# -- storing, planning, starting ------------------------------------------------------------------


def storing(scale: Scale, _folder: Path) -> Sequence[Section]:
    """Compare the store with the raw drivers."""
    section = Section("Stored rows a second", "raw driver")
    words = ["--json", "--rows", str(scale.invoices), "--rounds", str(scale.rounds)]
    rates = [json.loads(line) for line in run_module("store_rate", *words).splitlines()]
    for rate in rates:
        ratio = rate["arsync"] / rate["driver"]
        section.add(
            Row(
                f"{rate['database']}, new",
                f"{rate['arsync']:,.0f}",
                f"{rate['driver']:,.0f}",
                f"{ratio:.2f}",
                f"at least {STORE_RATIO_MIN}",
                ratio >= STORE_RATIO_MIN if scale.judged else None,
            )
        )
        section.add(Row(f"{rate['database']}, unchanged", f"{rate['unchanged']:,.0f}"))
        section.add(Row(f"{rate['database']}, read with debtors", f"{rate['read']:,.0f}"))
    if len(rates) == 1:
        section.notes.append("PostgreSQL is left out: ARSYNC_TEST_POSTGRESQL names no database.")
    return [section]


def planning(scale: Scale, folder: Path) -> Sequence[Section]:
    """Measure a plan of a ledger in which every invoice is open."""
    section = Section(
        f"A plan of {scale.invoices:,} open invoices", f"{scale.invoices // SMALL:,} invoices"
    )
    costs = []
    for times in (1, SMALL):
        home = folder / f"plan-{times}"
        filled(home, scale.contacts // times, scale.invoices // times)
        command = [*ARSYNC, "plan", "--json", "--config", home / "config.toml"]
        # 3: the plan is over a safety limit, as it should be.
        costs.append(cost_of(command, log=home / "plan.log", codes=(0, 3)))
    large, small = costs
    section.add(Row("seconds", f"{large.seconds:.1f}", f"{small.seconds:.1f}"))
    section.add(Row("processor seconds", f"{large.cpu_seconds:.1f}", f"{small.cpu_seconds:.1f}"))
    section.add(Row("peak MB", f"{large.peak_mb:.0f}", f"{small.peak_mb:.0f}"))
    section.notes.append(
        "`arsync plan --json` with the standard rulebook: reads the store, computes the facts, "
        "assesses, plans, and prints every action with its evidence."
    )
    return [section]


def filled(home: Path, contacts: int, invoices: int) -> None:
    """Fill a store with open invoices."""
    run_module("fill", str(home), str(contacts), str(invoices))


def start(_scale: Scale, folder: Path) -> Sequence[Section]:
    """Measure how long the command takes to say anything."""
    section = Section("Starting", "python -c pass")
    rounds = 7
    of_help = [cost_of([*ARSYNC, "--help"], log=folder / "help.log") for _ in range(rounds)]
    bare = [cost_of([sys.executable, "-c", "pass"], log=folder / "bare.log") for _ in range(rounds)]
    best, least = (min(cost.seconds for cost in costs) * 1000 for costs in (of_help, bare))
    section.add(
        Row(
            "milliseconds of `arsync --help`",
            f"{best:.0f}",
            f"{least:.0f}",
            "",
            f"under {HELP_MS_MAX}",
            best < HELP_MS_MAX,
        )
    )
    return [section]


def run_module(module: str, *arguments: str) -> str:
    """Run a module of this folder and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=dict(os.environ),
    )
    if done.returncode:
        raise Failed(f"benchmarks.{module}: {done.stderr[-2000:]}")
    return done.stdout
