"""The peers from PyPI, each in a virtual environment of its own, against the same sandbox."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.ledger import PEER_APP, Ledger, Pulled
from benchmarks.measure import OUT, Failed, cost_of

HERE = Path(__file__).parent
EVERYTHING = "2000-01-01T00:00:00Z"


class Peer(NamedTuple):
    """A program that reads the same lists."""

    name: str
    requirements: tuple[str, ...]
    platforms: tuple[str, ...]
    does: str


TAP_XERO = Peer(
    "tap-xero 2.6.0", ("tap-xero==2.6.0", "six==1.17.0"), ("xero",), "parses and prints"
)
TAP_QUICKBOOKS = Peer(
    "tap-quickbooks 2.5.0", ("tap-quickbooks==2.5.0",), ("quickbooks",), "parses and prints"
)
DLT = Peer("dlt 1.31.0", ("dlt[sqlalchemy]==1.31.0",), ("xero", "quickbooks"), "stores as it comes")
PEERS = (TAP_XERO, TAP_QUICKBOOKS, DLT)

STREAMS = {
    "xero": {"contacts", "invoices", "credit_notes", "overpayments", "prepayments", "payments"},
    "quickbooks": {"customers", "invoices", "credit_memos", "payments", "customer_types", "terms"},
}
"""What arsync reads, in the taps' words."""


class LeftOut(Exception):
    """A peer cannot take part; the message says why."""


def python_of(peer: Peer) -> Path:
    """Return the interpreter of a peer's environment, made at first use.

    Raises:
        LeftOut: it cannot be installed.
    """
    folder = OUT / "venvs" / peer.name.replace(" ", "-")
    python = folder / "bin" / "python"
    stamp = folder / "installed"
    requirements = " ".join(peer.requirements)
    if stamp.exists() and stamp.read_text() == requirements:
        return python
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [
            str(python),
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            *peer.requirements,
        ],
    ):
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode:
            last_lines = (done.stderr or done.stdout).strip().splitlines()
            raise LeftOut(
                f"{requirements} cannot be installed: {last_lines[-1] if last_lines else 'no word'}"
            )
    stamp.write_text(requirements)
    return python


def run_peer(peer: Peer, ledger: Ledger, folder: Path) -> Pulled:
    """Let a peer read everything from a sandbox.

    Raises:
        LeftOut: it cannot be installed, or it failed; the message says how.
    """
    python = python_of(peer)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return _RUNS[peer](python, ledger, folder)
    except Failed as failure:
        lines = str(failure).splitlines()
        errors = [line for line in lines if "Error" in line or "Exception" in line]
        raise LeftOut(f"it failed: {(errors or lines)[-1][:200]}") from failure


def _tap(module: str, config: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    def run(python: Path, ledger: Ledger, folder: Path) -> Pulled:
        grant = ledger.peer_grant()
        own = {
            "start_date": EVERYTHING,
            "client_id": PEER_APP[0],
            "client_secret": PEER_APP[1],
            "refresh_token": grant["refresh_token"],
            **config(grant),
        }
        file = folder / "config.json"
        file.write_text(json.dumps(own))
        start: list[str | Path] = [
            python,
            HERE / "peer_reroute.py",
            ledger.url,
            f"{module}:main",
            "--config",
            file,
        ]
        log = folder / "discover.log"
        cost_of([*start, "--discover"], log=log)
        catalog = json.loads(log.with_suffix(".out").read_text())
        for stream in catalog["streams"]:
            chosen = stream["tap_stream_id"] in STREAMS[ledger.platform]
            for entry in stream["metadata"]:
                entry["metadata"]["selected"] = chosen
        chosen_file = folder / "catalog.json"
        chosen_file.write_text(json.dumps(catalog))
        with ledger.asked() as askeds:
            cost = cost_of([*start, "--catalog", chosen_file], log=folder / "sync.log")
        return Pulled(cost, askeds[0])

    return run


def _dlt(python: Path, ledger: Ledger, folder: Path) -> Pulled:
    grant = ledger.peer_grant()
    own = {
        "url": ledger.url,
        "platform": ledger.platform,
        "access_token": grant["access_token"],
        "organisation": grant["organisation"],
        "folder": str(folder.resolve()),
    }
    file = folder / "config.json"
    file.write_text(json.dumps(own))
    with ledger.asked() as askeds:
        cost = cost_of([python, HERE / "peer_dlt.py", file], log=folder / "dlt.log")
    return Pulled(cost, askeds[0])


_RUNS: dict[Peer, Callable[[Path, Ledger, Path], Pulled]] = {
    TAP_XERO: _tap(
        "tap_xero",
        lambda grant: {"tenant_id": grant["organisation"], "include_archived_contacts": "true"},
    ),
    TAP_QUICKBOOKS: _tap(
        "tap_quickbooks",
        lambda grant: {"realm_id": grant["organisation"], "user_agent": "arsync benchmarks"},
    ),
    DLT: _dlt,
}
