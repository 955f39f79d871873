"""procrastinate's side of a worker: how it reaches the queue, and the one kind of job."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.jobs import DeleteJobCondition
from procrastinate.worker import Worker

from arsync.store.db.database import (
    CONNECT_SECONDS_MAX,
    KEEPALIVE_COUNT,
    KEEPALIVE_IDLE_SECONDS,
    KEEPALIVE_INTERVAL_SECONDS,
    Database,
)
from arsync.workers.connection_budget import QUEUE_POOL_MAX
from arsync.workers.queue_turns import QUEUE, TASK, Times

UNANSWERED_SECONDS_MAX = 30
"""A server that acknowledges nothing for so long is taken for gone."""

Serve = Callable[[int, int], None]
"""Runs a job: takes its number and the connection's."""


def queue_app(database: Database, schema: str, serve: Serve) -> App:
    """Return procrastinate, working in the queue's schema; connects to nothing yet."""
    app = App(
        connector=PsycopgConnector(
            kwargs=_connect_arguments(database, schema), min_size=1, max_size=QUEUE_POOL_MAX
        )
    )

    # A plain function: it runs in a thread, because a run waits for its platform nearly always.
    @app.task(name=TASK, queue=QUEUE, pass_context=True)
    def _sync(context: JobContext, connection_id: int) -> None:
        assert context.job.id is not None
        serve(context.job.id, connection_id)

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


def _connect_arguments(database: Database, schema: str) -> dict[str, Any]:
    """Return what the store's engine connects with, and the queue's schema."""
    _, arguments = database.engine.dialect.create_connect_args(database.url)
    options = f"{arguments.get('options', '')} -c search_path={schema}"
    # A network that is cut says nothing: without these a worker would wait for its server for ever.
    return {
        **arguments,
        "options": options.strip(),
        "connect_timeout": CONNECT_SECONDS_MAX,
        "keepalives_idle": KEEPALIVE_IDLE_SECONDS,
        "keepalives_interval": KEEPALIVE_INTERVAL_SECONDS,
        "keepalives_count": KEEPALIVE_COUNT,
        "tcp_user_timeout": UNANSWERED_SECONDS_MAX * 1_000,
    }
