"""Counts over all connections, for monitoring: by a few statements, within a time limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    Text,
    and_,
    case,
    cast,
    column,
    distinct,
    func,
    select,
    table,
)

from arsync.clock import Clock
from arsync.connector_sdk.call_window import MINUTE_SECONDS
from arsync.connector_sdk.rate_window import CallCount
from arsync.core.actions import ActionState, Via
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.store.actions.action_queries import is_message_by
from arsync.store.actions.waiting import is_decision_that_waits
from arsync.store.admin.standings import (
    OF_SCHEDULES,
    UNFINISHED_STATES,
    is_open_task,
    is_over_safety,
    scheduled_ledger,
)
from arsync.store.db.database import Database
from arsync.store.db.tables import (
    actions,
    connections,
    outages,
    paces,
    runs,
    schedules,
    webhook_counts,
)
from arsync.store.models import (
    AppCalls,
    Measured,
    QueueCounts,
    RunCount,
    ScheduledLedger,
    WebhookDeliveries,
)

RUNS_SINCE = (("1h", timedelta(hours=1)), ("24h", timedelta(days=1)))
"""The windows in which runs are counted."""

MESSAGES_SINCE = timedelta(days=1)

WORKER_SILENT_SECONDS = 30.0
"""A worker gives a sign of life every ten seconds; one without for so long is silent."""

_ID = connections.c.id
_LIVE = connections.c.removed_at.is_(None)


class Measures:
    """Counts for monitoring."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def read(self, seconds_max: float, queue_schema: str) -> Measured:
        """Return all counts as of one moment.

        Args:
            seconds_max: the longest that one statement may take.
            queue_schema: the schema of the workers' queue, if there is one.

        Raises:
            RetryLater: it takes longer, or the database is away.
        """
        now = self._clock.now()
        with self._database.read(seconds_max=seconds_max) as db:
            return Measured(
                ledgers=_ledgers(db),
                runs=tuple(_runs(db, now)),
                actions=_actions(db),
                decisions=db.scalar(_count_of(is_decision_that_waits())) or 0,
                over_safety=_over_safety(db),
                open_tasks=db.scalar(_count_of(is_open_task())) or 0,
                messages=_messages(db, now),
                webhooks=tuple(_webhooks(db)),
                calls=_calls(db, now.timestamp()),
                queue=None if self._database.is_sqlite else _queue(db, queue_schema),
            )


def _ledgers(db: Connection) -> tuple[ScheduledLedger, ...]:
    query = (
        select(_ID, connections.c.state, connections.c.paused_at, outages.c.retry_at, *OF_SCHEDULES)
        .outerjoin(schedules, schedules.c.connection_id == _ID)
        .outerjoin(outages, outages.c.connection_id == _ID)
        .where(_LIVE)
        .order_by(_ID)
    )
    return tuple(map(scheduled_ledger, db.execute(query)))


def _runs(db: Connection, now: datetime) -> Iterator[RunCount]:
    """Count the runs that began in each window, by how they ended."""
    columns = runs.c
    longest = now - max(length for _, length in RUNS_SINCE)
    sums = [
        func.sum(case((columns.started_at >= now - length, 1), else_=0)) for _, length in RUNS_SINCE
    ]
    # From each connection into its latest runs: an outer join keeps SQLite to that way.
    query = (
        select(columns.outcome, *sums)
        .select_from(connections)
        .outerjoin(
            runs,
            and_(
                columns.connection_id == _ID,
                columns.started_at >= longest,
                columns.kind != "plan",
            ),
        )
        .group_by(columns.outcome)
        .order_by(columns.outcome)
    )
    for outcome, *counts in db.execute(query):
        if outcome is not None:
            for (window, _), count in zip(RUNS_SINCE, counts, strict=True):
                yield RunCount(window, outcome, int(count))


def _actions(db: Connection) -> Mapping[ActionState, int]:
    unfinished = actions.c.state.in_([state.value for state in UNFINISHED_STATES])
    query = _actions_where(unfinished, actions.c.state, func.count()).group_by(actions.c.state)
    counts = {state: count for state, count in db.execute(query) if state is not None}
    return {state: counts.get(state.value, 0) for state in UNFINISHED_STATES}


def _over_safety(db: Connection) -> int:
    awaiting = actions.c.state == ActionState.AWAITING_APPROVAL.value
    waiting = func.count(distinct(actions.c.connection_id))
    return db.scalar(_actions_where(and_(awaiting, is_over_safety()), waiting)) or 0


def _messages(db: Connection, now: datetime) -> Mapping[str, int]:
    """Count the messages that left since a day ago, by their way."""
    since = now - MESSAGES_SINCE
    columns = actions.c
    ways = {via.value: is_message_by(via) for via in Via}
    # The day bounds what the index gives: it is the organisation's, so one more is read.
    departed = and_(
        columns.kind.in_([kind.value for kind in MESSAGE_KINDS]),
        columns.sent_on >= (since - timedelta(days=1)).date(),
        columns.first_sent_at >= since,
        columns.state.in_([ActionState.SENT.value, ActionState.CONFIRMED.value]),
    )
    sums = [func.sum(case((is_its_way, 1), else_=0)) for is_its_way in ways.values()]
    counts = db.execute(_actions_where(departed, func.count(columns.key), *sums)).one()
    by_way = {way: int(count or 0) for way, count in zip(ways, counts[1:], strict=True)}
    # Installed channels have names of their own.
    return {**by_way, "other": counts[0] - sum(by_way.values())}


def _count_of(condition: Any) -> Select[Any]:
    return _actions_where(condition, func.count(actions.c.key))


def _actions_where(condition: Any, *figures: Any) -> Select[Any]:
    return (
        select(*figures)
        .select_from(connections)
        .outerjoin(actions, and_(actions.c.connection_id == _ID, condition))
        .where(_LIVE)
    )


def _webhooks(db: Connection) -> Iterator[WebhookDeliveries]:
    columns = webhook_counts.c
    query = (
        select(columns.platform, columns.outcome, func.sum(columns.deliveries))
        .group_by(columns.platform, columns.outcome)
        .order_by(columns.platform, columns.outcome)
    )
    for platform, outcome, deliveries in db.execute(query):
        yield WebhookDeliveries(platform, outcome, int(deliveries))


def _calls(db: Connection, now: float) -> Mapping[str, AppCalls]:
    """Return what is known of the calls of each app, by the name under which it is counted."""
    apps: dict[str, AppCalls] = {}
    for name, tally in db.execute(select(paces.c.name, paces.c.tally)):
        platform, client, *organisation = name.split("|", 2)
        app_name = f"{platform}|{client}"
        app, count = apps.get(app_name, AppCalls()), CallCount.from_text(tally)
        if organisation:
            rest_of_day = count.left_of_day(now)
            known_before = app.fewest_left_of_day
            if rest_of_day is not None and (known_before is None or rest_of_day < known_before):
                app = app._replace(fewest_left_of_day=rest_of_day)
        else:
            count.read(0, now)
            minute = count.calls_within(MINUTE_SECONDS, now)
            app = app._replace(last_minute=minute, reads=count.reads)
        apps[app_name] = app
    return apps


def _queue(db: Connection, schema: str) -> QueueCounts | None:
    """Count workers and jobs in the tables of procrastinate; None: no worker has made them."""
    workers = table("procrastinate_workers", column("last_heartbeat"), schema=schema)
    jobs = table("procrastinate_jobs", column("status"), schema=schema)
    if db.scalar(select(func.to_regclass(str(workers.fullname)))) is None:
        return None
    # By the server's clock, by which the workers are told apart too.
    is_silent = workers.c.last_heartbeat < func.now() - func.make_interval(
        0, 0, 0, 0, 0, 0, WORKER_SILENT_SECONDS
    )
    silent = db.scalar(select(func.count()).select_from(workers).where(is_silent)) or 0
    every_worker = db.scalar(select(func.count()).select_from(workers)) or 0
    status = cast(jobs.c.status, Text)
    query = select(status, func.count()).where(status.in_(["todo", "doing"])).group_by(status)
    counts = {row[0]: row[1] for row in db.execute(query)}
    return QueueCounts(every_worker - silent, silent, counts.get("todo", 0), counts.get("doing", 0))
