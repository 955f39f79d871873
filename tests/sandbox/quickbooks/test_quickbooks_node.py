"""node-quickbooks with intuit-oauth, both unmodified, sign in, read and write."""

from __future__ import annotations

from collections.abc import Callable

from tests.builders.node import run_client

from arsync_sandbox.platform import SandboxOrganisation
from arsync_sandbox.server import Sandbox

CALLS_MIN = 60


def test_node_quickbooks_runs_on_the_sandbox(start_sandbox: Callable[..., Sandbox]) -> None:
    sandbox = start_sandbox(
        platforms=("quickbooks",),
        organisations=[
            SandboxOrganisation(name="Craig's Landscaping", currency="USD", country="US")
        ],
        settings={"limits": False},
    )
    sandbox.generate(contacts=8, invoices=120)
    calls = run_client(
        sandbox,
        "node_quickbooks.cjs",
        packages={"node-quickbooks": "2.0.50", "intuit-oauth": "4.2.5"},
        hosts=r"\.intuit\.com$",
    )
    assert [call for call in calls if not call["ok"]] == []
    assert len(calls) >= CALLS_MIN
