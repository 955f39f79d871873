"""`demo --practice`: many ledgers, served by the loop, or by two workers of which one is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from arsync.cli import run_cli

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
def empty_database(postgresql_schema: str) -> Iterator[str]:
    """The URL of an empty schema; the queue that comes beside it is dropped at the end."""
    yield postgresql_schema
    engine = create_engine(postgresql_schema)
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
