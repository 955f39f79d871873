"""Xero's own client for Node, unmodified, signs in, reads and writes."""

from __future__ import annotations

from collections.abc import Callable

from tests.builders.node import run_client

from arsync_sandbox.books import organisations_named
from arsync_sandbox.server import Sandbox

CALLS_MIN = 70


def test_xero_node_runs_on_the_sandbox(start_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = start_sandbox(
        platforms=("xero",),
        organisations=organisations_named(("Sandbox Trading Ltd", "Quay Ltd")),
        settings={"limits": False},
    )
    sandbox.generate(contacts=8, invoices=80)
    calls = run_client(
        sandbox,
        "xero_node.cjs",
        packages={"xero-node": "20.0.0"},
        hosts=r"^(api|identity|login)\.xero\.com$",
    )
    assert [call for call in calls if not call["ok"]] == []
    assert len(calls) >= CALLS_MIN
