"""`arsync worker` and `arsync queue`, as people and programs see them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text, update
from tests.builders.processes import arsync_environment, arsync_process
from tests.builders.worker_process import Workplace, a_workplace

from arsync.cli import run_cli
from arsync.clock import SystemClock
from arsync.config import example_config
from arsync.errors import EXIT_DONE, EXIT_MISTAKE
from arsync.store import Store, open_store
from arsync.store.db.tables import schedules
from arsync.workers.queue_schema import open_queue

QUEUE = "arsync_queue_cli_test"


@pytest.fixture
def store(postgresql_store: str) -> Iterator[Store]:
    with open_store(postgresql_store, clock=SystemClock()) as opened:
        yield opened
        with opened.engine.begin() as db:
            db.exec_driver_sql(f"DROP SCHEMA IF EXISTS {QUEUE} CASCADE")


@pytest.fixture
def workplace(
    store: Store, postgresql_store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Workplace:
    place = a_workplace(tmp_path, postgresql_store, QUEUE)
    monkeypatch.setenv("ARSYNC_CONFIG", str(tmp_path / "config.toml"))
    return place


@pytest.mark.parametrize("command", ["worker", "queue"])
def test_sqlite_has_no_workers_and_says_so(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "config.toml").write_text(example_config({("tokens", "keyring"): "off"}))
    monkeypatch.setenv("ARSYNC_CONFIG", str(tmp_path / "config.toml"))
    assert run_cli([command]) == EXIT_MISTAKE
    message = capsys.readouterr().err
    assert "workers need the store in PostgreSQL" in message
    assert "`arsync run`" in message


def test_without_the_engine_one_sentence_says_so(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['procrastinate'] = None\n"
        "from arsync.cli import main; main(['worker'])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=arsync_environment(tmp_path),
    )
    assert ended.returncode == EXIT_MISTAKE
    assert "pip install 'arsync[workers]'" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_the_queue_shows_what_is_late_and_who_works(
    workplace: Workplace, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    workplace.add_ledgers(3)
    numbers = [store.connections.get(f"client-00{number}").id for number in (1, 2, 3)]
    with store.engine.begin() as db:
        due = {"every_seconds": 900, "next_at": text("now() - interval '2 hours'")}
        db.execute(update(schedules).values(wanted_at=None, wanted_why="", **due))
    store.schedules.want([numbers[2]], "a webhook")
    # Before any worker has made the queue there is something to see already.
    assert run_cli(["queue"]) == EXIT_DONE
    shown = capsys.readouterr().out
    assert "2 ledgers late, 0 running; 0 ledgers wait" in shown
    assert "No worker is running: `arsync worker` starts one." in shown

    tables = open_queue(store, QUEUE)
    with tables.write() as db:
        db.execute(text("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())"))
        db.execute(
            text(
                "INSERT INTO procrastinate_workers (last_heartbeat)"
                " VALUES (now() - interval '5 minutes')"
            )
        )
        db.execute(
            text(
                "INSERT INTO arsync_workers (worker_id, host, pid, threads, version)"
                " VALUES (1, 'north', 4711, 10, '1.0')"
            )
        )
        job = (
            "INSERT INTO procrastinate_jobs (queue_name, task_name, priority, args)"
            " VALUES ('ledgers', 'sync', :priority, jsonb_build_object('connection_id', "
            "CAST(:ledger AS integer)))"
        )
        db.execute(text(job), {"priority": 10, "ledger": numbers[0]})
        db.execute(text("SELECT procrastinate_fetch_job_v2(NULL, 1)"))
        db.execute(text(job), {"priority": 10, "ledger": numbers[2]})
    store.schedules.begin(numbers[0])
    assert run_cli(["queue", "--json"]) == EXIT_DONE
    status = json.loads(capsys.readouterr().out)
    assert [(late["connection"], late["reason"]) for late in status["late"]] == [
        ("client-002", "routine")
    ]
    [running] = status["running"]
    assert (running["connection"], running["worker"]) == ("client-001", 1)
    assert running["since"] is not None
    assert (status["waiting"], status["awaited"]) == (1, 1)
    assert [
        (worker["host"], worker["process"], worker["silent"], worker["running"])
        for worker in status["workers"]
    ] == [("north", 4711, False, 1), ("", None, True, 0)]
    assert run_cli(["queue"]) == EXIT_DONE
    shown = capsys.readouterr().out
    assert "1 ledger late, 1 running; 1 ledger waits, 1 of them wanted" in shown
    assert "client-002" in shown
    assert "4711" in shown
    assert "silent" in shown


def test_a_worker_tells_its_connections_and_stops(workplace: Workplace) -> None:
    process = arsync_process(workplace.folder, "worker", "--threads", "3", "--json")
    assert process.stderr is not None
    try:
        told = process.stderr.readline()
        process.terminate()
        out, rest = process.communicate(timeout=60)
    finally:
        process.kill()
    assert "3 threads: at most 17 database connections" in told
    assert process.returncode == EXIT_DONE
    assert out == ""
    assert "Stopped." in rest
