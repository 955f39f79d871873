"""The shipped rulebooks write to nobody often, on the ledger of the demo played for 90 days."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders.world import Control, World

import arsync_rulebooks
from arsync.application.connections import connecting
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.application.rules import trials
from arsync.core.trials.activity_counts import COLUMNS
from arsync.core.trials.simulation import Debtors
from arsync.demo.play import CONTACTS, INVOICES, SEED, START
from arsync_sandbox.server import Sandbox

OWNER = Actor("Olga", Role.OWNER)
DAYS = 90
MESSAGES_MAX = 8


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrganisationContext]:
    """The demo's ledger, read once, of a connection that observes."""
    settings = {"consent": "allow", "limits": False}
    with Sandbox(["xero"], start=START.date(), seed=SEED, settings=settings) as sandbox:
        sandbox.generate(contacts=CONTACTS, invoices=INVOICES)
        control = Control(sandbox.url)
        world = World(sandbox, control, tmp_path_factory.mktemp("demo") / "world")
        world.rules(arsync_rulebooks.text("standard"))
        world.move_to(START)
        world.connect("xero", mode="observe")
        world.app.pull("xero")
        (organisation,) = connecting.connections(OWNER, world.app, "xero")
        yield organisation
        world.close()
        control.close()


@pytest.mark.parametrize("name", ["standard", "gentle", "strict", "uk-standard", "uk-firm"])
def test_nobody_gets_more_than_eight_messages(
    ledger: OrganisationContext, tmp_path: Path, name: str
) -> None:
    rules = tmp_path / "r.yaml"
    rules.write_text(f"version: 1\nextends: {name}\ncurrency: GBP\n", encoding="utf-8")
    played = trials.simulation(
        OWNER, ledger, days=DAYS, debtors=Debtors.NEVER, rules=str(rules)
    ).simulation
    columns = [COLUMNS.index(name) for name in ("messages", "letters")]
    reached = [sum(touched.counts[at] for at in columns) for touched in played.tally.most()]
    assert played.tally.totals["messages"] > CONTACTS, "there is enough to write about"
    assert max(reached) <= MESSAGES_MAX
