"""`worker`, `queue`."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import click

from arsync.cli.common import (
    config_option,
    json_option,
    opened,
    print_table,
    say,
    verbose_option,
    word,
)
from arsync.cli.json_output import print_json
from arsync.errors import EXIT_DONE, UserMistake

if TYPE_CHECKING:
    from datetime import datetime

    from arsync.application.results import RunResult
    from arsync.workers.queue_status import QueueStatus

THREADS_MAX = 50
"""As [workers] threads has it."""

LINES_MAX = 50
"""For people; --json prints all."""


@click.command()
@click.option(
    "--threads",
    type=click.IntRange(1, THREADS_MAX),
    help="How many ledgers at the same time (default: from the config).",
)
@json_option
@verbose_option
@config_option
def worker(threads: int | None, as_json: bool, verbose: bool, config_file: Path | None) -> int:
    """Sync what is due, beside other workers on PostgreSQL.

    Start as many as you like, on as many machines: each ledger is synced by one of them at a time,
    what somebody waits for first. It runs until SIGTERM or Ctrl-C: runs in hand stop at their next
    safe step, and the exit code is 0; a second signal ends at once. Each run is printed as `run`
    prints it.
    """
    _refuse_without_engine()
    from arsync.application.permissions import SCHEDULE
    from arsync.application.result_views import run_view
    from arsync.cli.render import show_result
    from arsync.clock import in_words
    from arsync.workers.stop_signals import stop_on_signals
    from arsync.workers.worker import prepare_worker, run_worker

    def report(result: RunResult) -> None:
        if as_json:
            print_json(run_view(result), one_line=True)
        else:
            show_result(result, stamp=in_words(result.started_at, result.zone))

    with opened(config_file, verbose=verbose) as (_, container), stop_on_signals() as stop:
        threads = threads or container.config.workers.threads
        tables, connections = prepare_worker(SCHEDULE, container, threads)
        say(
            f"A worker with {word(threads, 'thread')}: at most {connections} database connections. "
            "Ctrl-C to stop."
        )
        run_worker(SCHEDULE, container, tables, threads=threads, stop=stop, report=report)
    say("Stopped.")
    return EXIT_DONE


@click.command()
@json_option
@config_option
def queue(as_json: bool, config_file: Path | None) -> int:
    """Show what is late, running and waiting, and the workers."""
    _refuse_without_engine()
    from arsync.workers.queue_status import queue_status

    with opened(config_file) as (actor, container):
        status = queue_status(actor, container)
    if as_json:
        print_json(status)
    else:
        _show(status)
    return EXIT_DONE


def _refuse_without_engine() -> None:
    if importlib.util.find_spec("procrastinate") is None:
        raise UserMistake(
            "workers need PostgreSQL and the engine of their queue. Install it: pip install "
            "'arsync[workers]'; without it, `arsync run` syncs all ledgers in one process."
        )


def _show(status: QueueStatus) -> None:
    waiting = word(status.waiting, "ledger waits", "ledgers wait")
    awaited = f", {status.awaited:,} of them wanted" if status.awaited else ""
    click.echo(
        f"{word(len(status.late), 'ledger')} late, {len(status.running):,} running; "
        f"{waiting}{awaited}; next due {_moment(status.next_due_at)}"
    )
    if status.late:
        rows = [[row.connection, _moment(row.due_at), row.reason] for row in status.late]
        _print_some("Late", ["connection", "due since", "why"], rows)
    if status.running:
        running = [
            [row.connection, _moment(row.since), "gone" if row.worker is None else str(row.worker)]
            for row in status.running
        ]
        _print_some("Running", ["connection", "since", "worker"], running)
    if not status.workers:
        click.echo("\nNo worker is running: `arsync worker` starts one.")
        return
    workers = [
        [
            str(row.number),
            row.host,
            "" if row.process is None else str(row.process),
            "" if row.threads is None else f"{row.running} of {row.threads}",
            f"{_seconds_before(row.heartbeat_at, status.as_of)} s ago"
            + (", silent" if row.silent else ""),
        ]
        for row in status.workers
    ]
    _print_some("Workers", ["worker", "host", "process", "busy", "sign of life"], workers)


def _print_some(title: str, columns: list[str], rows: list[list[str]]) -> None:
    click.echo()
    print_table(title, columns, rows[:LINES_MAX])
    if len(rows) > LINES_MAX:
        click.echo(f"and {len(rows) - LINES_MAX:,} more: --json lists all")


def _moment(moment: datetime | None) -> str:
    return "never" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _seconds_before(moment: datetime, now: datetime) -> int:
    return max(0, round((now - moment).total_seconds()))
