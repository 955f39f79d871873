"""procrastinate's side of a worker: how it reaches the queue, and the one kind of job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.jobs import DeleteJobCondition
from procrastinate.worker import Worker
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from arsync.store.db.database import (
    CONNECT_SECONDS_MAX,
    KEEPALIVE_COUNT,
    KEEPALIVE_IDLE_SECONDS,
    KEEPALIVE_INTERVAL_SECONDS,
    Database,
    speaks,
)
from arsync.workers.connection_budget import QUEUE_POOL_MAX
from arsync.workers.queue_turns import QUEUE, TASK, Times

UNANSWERED_SECONDS_MAX = 30
"""A server that acknowledges nothing for so long is taken for gone."""

_SETTINGS = {
    # What the queue forgets in a power cut of the server costs a second look: its jobs are made of
    # the schedule, which knows what was served.
    "synchronous_commit": "off",
    # A job is looked for in the order of one index. By its own count the server may take a queue
    # of thousands, filled just now, for empty, and read and sort all of it for each job.
    "enable_seqscan": "off",
    "enable_sort": "off",
    "plan_cache_mode": "force_generic_plan",
}

Serve = Callable[[int, int], None]
"""Runs a job: takes its number and the connection's."""


def queue_app(database: Database, schema: str, serve: Serve) -> App:
    """Return procrastinate, working in the queue's schema; connects to nothing yet."""
    app = App(
        connector=PsycopgConnector(
            kwargs=_connect_arguments(database, schema),
            configure=_each_statement_alone,
            pool_factory=_pool,
            min_size=1,
            max_size=QUEUE_POOL_MAX,
        )
    )

    # In a thread, because a run waits for its platform nearly always.
    @app.task(name=TASK, queue=QUEUE, pass_context=True)
    async def _sync(context: JobContext, connection_id: int) -> None:
        assert context.job.id is not None
        await asyncio.to_thread(serve, context.job.id, connection_id)

    return app


def queue_worker(app: App, threads: int, times: Times) -> Worker:
    """Return procrastinate's worker; it leaves signals alone and deletes jobs that have ended."""
    return Worker(
        app,
        queues=[QUEUE],
        name=None,
        concurrency=threads,
        fetch_job_polling_interval=times.fetch,
        delete_jobs=DeleteJobCondition.ALWAYS,
        install_signal_handlers=False,
        update_heartbeat_interval=times.heartbeat,
        stalled_worker_timeout=times.heartbeat_limit,
    )


def _pool(**arguments: Any) -> AsyncConnectionPool:
    return AsyncConnectionPool(**(arguments | {"check": _ensure_alive}))


async def _ensure_alive(connection: AsyncConnection) -> None:
    """Ask a session only if its socket has something to say; the sign of life uses each often."""
    if speaks(connection):
        await AsyncConnectionPool.check_connection(connection)


async def _each_statement_alone(connection: AsyncConnection) -> None:
    """Ask the server once for a statement: all that procrastinate asks is a single one."""
    await connection.set_autocommit(True)


def _connect_arguments(database: Database, schema: str) -> dict[str, Any]:
    """Return what the store's engine connects with, and the queue's schema."""
    _, arguments = database.engine.dialect.create_connect_args(database.url)
    settings = {"search_path": schema} | _SETTINGS
    words = [arguments.get("options", ""), *(f"-c {name}={settings[name]}" for name in settings)]
    # A network that is cut says nothing: without these a worker would wait for its server for ever.
    return {
        **arguments,
        "options": " ".join(words).strip(),
        "connect_timeout": CONNECT_SECONDS_MAX,
        "keepalives_idle": KEEPALIVE_IDLE_SECONDS,
        "keepalives_interval": KEEPALIVE_INTERVAL_SECONDS,
        "keepalives_count": KEEPALIVE_COUNT,
        "tcp_user_timeout": UNANSWERED_SECONDS_MAX * 1_000,
    }
