"""`demo --practice`: many ledgers, served by the loop, or by two workers of which one is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text
from tests.builders.ledgers import one_of_each
from tests.builders.world import World

from arsync.cli import run_cli
from arsync.demo.reconcile import LedgerSide, compare
from arsync_sandbox.platform import SandboxEmail

LEDGERS = 4


def play(folder: Path, capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """Play a practice for a day; returns what it ends with."""
    command = ["demo", "--practice", str(LEDGERS), "--folder", str(folder), "--days", "1", "--json"]
    assert run_cli([*command, *words]) == 0
    # The sandbox prints the secret of its own example: nobody's, but the search would find it.
    (folder / "sandbox.log").unlink()
    return json.loads(capsys.readouterr().out)


def assert_in_order(outcome: Any) -> None:
    """Every ledger agrees with the sandbox's books, and what was to happen did."""
    assert outcome["agrees"]
    assert [side["differences"] for side in outcome["sides"]] == [[]] * LEDGERS
    assert [side["doubled"] for side in outcome["sides"]] == [0] * LEDGERS
    assert all(side["stored"]["invoices"] for side in outcome["sides"])
    assert sum(outcome["messages"].values()) > 0
    assert outcome["overview"]["totals"]["needs"]["paused"] == 1
    assert outcome["overview"]["connections"][0]["name"] == "quickbooks-02"
    assert (outcome["burst"]["changes"], outcome["burst"]["ledgers_wanted"]) == (3, 3)
    # The first runs of all; a day and a burst of those that are not paused.
    assert sum(outcome["runs"].values()) >= LEDGERS + 2 * (LEDGERS - 1)


@pytest.fixture
def empty_database(postgresql_store: str) -> Iterator[str]:
    """The URL of an empty schema; the queue that comes beside it is dropped at the end."""
    yield postgresql_store
    engine = create_engine(postgresql_store)
    with engine.begin() as db:
        schema = db.scalar(text("SELECT current_schema()"))
        db.execute(text(f"DROP SCHEMA IF EXISTS {schema}_queue CASCADE"))
    engine.dispose()


@pytest.mark.timeout(180)
def test_the_loop_serves_a_practice_on_sqlite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcome = play(tmp_path, capsys)
    assert_in_order(outcome)
    assert list(outcome["runs"]) == ["the loop"]


@pytest.mark.timeout(240)
def test_a_worker_serves_the_practice_of_a_killed_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], empty_database: str
) -> None:
    outcome = play(tmp_path, capsys, "--store", empty_database)
    assert_in_order(outcome)
    killed = outcome["killed"]
    assert killed["at_work_on"]
    (survivor,) = {"worker 1", "worker 2"} - {killed["server"]}
    assert outcome["runs"][survivor] >= LEDGERS - 1
    # It holds connections now.
    command = ["demo", "--practice", "4", "--folder", str(tmp_path), "--store", empty_database]
    assert run_cli(command) == 2
    assert "holds 4 connections already (quickbooks-01, ...)" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["xero", "quickbooks"])
def test_its_comparison_finds_what_differs(world: World, name: str) -> None:
    def side() -> LedgerSide:
        state = world.control.get("state", platform=name)
        return compare(world.app.store, name, state, world.folder / "post")

    one_of_each(world, name)
    world.app.approve(connection=name)
    world.sync_until_quiet(name)
    assert (side().differences, side().doubled) == ([], 0)
    # Somebody sends the invoice again, and somebody pays: the store knows of neither.
    paid, emailed = world.invoice_id(name, "INV-0003"), world.control.get("state")["emails"][0]
    world.sandbox.send_email(SandboxEmail(**emailed | {"at": world.clock.now()}))
    on = world.clock.now().date().isoformat()
    world.control.person(name, "pay", invoice_id=paid, amount="10.00", on=on)
    money, emails = side().differences
    assert money.startswith("amount due of contact ")
    assert emails == f"invoice {emailed['invoice_id']}: 2 emails there, 1 here"
    assert side().doubled == 1
