"""Nothing is lost: the copy can be made anew, a backup put back, a full disk got over."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from tests.builders.driver import App, examine_deeply
from tests.builders.ledgers import once, one_of_each
from tests.builders.world import PLATFORMS, START, World

from arsync.application.health.findings import WRONG
from arsync.config import example_config, load_config
from arsync.errors import EXIT_DONE, EXIT_MISTAKE


def wrong(app: App) -> list[str]:
    """Return what the deep examination finds wrong."""
    return [finding.message for finding in examine_deeply(app) if finding.verdict == WRONG]


def kept(world: World, name: str) -> dict[str, Any]:
    """Return what a rebuild must not touch."""
    store = world.app.store
    connection = store.connections.get(name)
    return {
        "actions": world.rows(name),
        "events": [store.actions.events(row.key) for row in world.rows(name)],
        "promises": store.promises.recorded(connection.id),
        "disputes": store.disputes.recorded(connection.id),
        "mode": connection.mode,
        "accounts": list(store.ledger.accounts(connection.id)),
    }


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_rebuild_recreates_the_copy_and_loses_nothing_else(world: World, name: str) -> None:
    one_of_each(world, name)
    world.sync_until_quiet(name)
    world.app.pull(name)
    before = kept(world, name)
    with world.app.store.engine.begin() as database:
        database.execute(text("UPDATE invoices SET amount_due = 1, number = 'SPOILT'"))
        database.execute(text("DELETE FROM contacts"))
    (result,) = world.app.rebuild(name)
    assert result.exit_code in {0, 3}, result.all_problems
    assert kept(world, name) == before
    since = world.control.last_request()
    world.sync_until_quiet(name)
    assert world.control.writes(since) == []
    assert world.standing(name) == once(name)


@pytest.mark.parametrize("name", PLATFORMS)
def test_an_interrupted_rebuild_keeps_a_whole_copy_and_resumes(world: World, name: str) -> None:
    one_of_each(world, name)
    world.sync_until_quiet(name)
    connection = world.connection(name)
    before = list(world.app.store.ledger.accounts(connection.id))
    # Too often for the attempts of one read.
    world.control.fault(path="nvoice" if name == "xero" else "query", status=503, times=50)
    (result,) = world.app.rebuild(name)
    assert result.broke
    assert list(world.app.store.ledger.accounts(connection.id)) == before
    world.control.no_more_faults()
    world.advance(hours=1)
    (pulled,) = world.app.pull(name)
    assert pulled.pulled is not None
    assert pulled.pulled.complete
    assert pulled.pulled.updated > 0  # written anew, although nothing changed
    assert wrong(world.app) == []


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_deep_examination_finds_differences_from_the_platforms_documents(
    world: World, name: str
) -> None:
    one_of_each(world, name)
    world.sync_until_quiet(name)
    world.app.pull(name)
    assert wrong(world.app) == []
    with world.app.store.engine.begin() as database:
        database.execute(text("UPDATE invoices SET amount_due = 1 WHERE number = 'INV-0001'"))
        database.execute(text("DELETE FROM invoices WHERE number = 'INV-0002'"))
    sentences = " ".join(wrong(world.app))
    assert "INV-0001: the copy differs in: amount due." in sentences
    assert "INV-0002: it is missing in the copy." in sentences
    world.app.rebuild(name)
    assert wrong(world.app) == []


@pytest.mark.parametrize("name", PLATFORMS)
def test_changes_since_the_last_pull_are_not_reported_wrong(world: World, name: str) -> None:
    one_of_each(world, name)
    world.app.pull(name)
    world.advance(minutes=10)
    invoice = world.invoice_id(name, "INV-0001")
    world.control.person(name, "pay", invoice_id=invoice, amount="40", on=START.date())
    world.advance(minutes=10)
    assert wrong(world.app) == []


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_restored_store_sends_nothing_before_a_person_looked(
    world: World, name: str, tmp_path: Path
) -> None:
    one_of_each(world, name)
    world.app.store.back_up(tmp_path / "backup.db")
    world.sync_until_quiet(name)  # all of this is not in the backup
    since = world.control.last_request()
    with restored(world, tmp_path) as app:
        for _ in range(3):
            list(app.sync(name))
            world.advance(hours=1)
        assert world.control.writes(since) == []
        assert world.standing(name) == once(name)
        assert [row.mode for row in app.connections()] == ["observe"]


@contextmanager
def restored(world: World, folder: Path) -> Iterator[App]:
    """Put the backup into a new store, and begin with it."""
    values = {
        (section, key): world.config.get(section, key)
        for section in ("runs", "tokens", "xero", "quickbooks")
        for key in world.config.section(section)
    }
    file = world.folder / "restored" / "config.toml"
    file.parent.mkdir()
    values["store", "url"] = f"sqlite:///{folder / 'restored.db'}"
    values["rules", "folder"] = str(world.folder / "rules")
    file.write_text(example_config(values), encoding="utf-8")
    with App(load_config(file, {}), clock=world.clock) as app:
        assert app.store.restore(folder / "backup.db")
        yield app


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_disk_filling_mid_run_loses_and_doubles_nothing(world: World, name: str) -> None:
    """The disk is full for every write in turn; with room again, everything exists once."""
    one_of_each(world, name)
    engine = world.app.store.engine
    spoilt = 0
    for pages_more in range(0, 12, 2):

        def no_more_pages(driver: sqlite3.Connection, *_: object, more: int = pages_more) -> None:
            (pages,) = driver.execute("PRAGMA page_count").fetchone()
            (free,) = driver.execute("PRAGMA freelist_count").fetchone()
            limit = pages - free + more
            driver.execute(f"PRAGMA max_page_count={max(limit, pages)}")

        event.listen(engine, "checkout", no_more_pages)
        result = world.app.sync(name)
        for run_result in result:
            full = [problem for problem in run_result.all_problems if "disk is full" in problem]
            # One line that says so, and no other.
            assert run_result.all_problems == full[:1]
            assert run_result.exit_code == (EXIT_MISTAKE if full else EXIT_DONE)
            spoilt += bool(full)
        event.remove(engine, "checkout", no_more_pages)
        engine.dispose()
        world.advance(hours=1)
    assert spoilt, "the disk was never full"
    world.sync_until_quiet(name)
    assert world.standing(name) == once(name)
    assert list(world.app.store.faults(world.connection(name).id)) == []
