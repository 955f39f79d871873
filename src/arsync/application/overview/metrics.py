"""The figures that a monitoring system collects, by the one table of them. No name of a customer.

Each scrape asks the store anew, with a few statements over all connections: a figure says what is,
whichever process answers, and is right after a restart.
"""

from __future__ import annotations

import platform as python_platform
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from arsync import __version__
from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.runs.lateness import is_away, is_running, late_seconds, waited_seconds
from arsync.application.telling.owner_mail import daily_mail_failure
from arsync.errors import UserMistake
from arsync.store.models import ConnectionState, Measured, QueueCounts, ScheduledLedger

SCRAPE_SECONDS_MAX = 5.0
"""No statement of a scrape takes longer; a monitoring system waits ten seconds by itself."""

LATE_LEDGERS_MAX = 10
"""So many late ledgers are named by their number, the latest first: labels cost memory for ever."""


class Metric(NamedTuple):
    """One figure that is collected."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    is_counter: bool = False
    """It only grows, but for what was forgotten."""


class Sample(NamedTuple):
    """The value of a metric, for one set of labels."""

    metric: Metric
    value: float
    labels: tuple[str, ...] = ()


BUILD = Metric(
    "arsync_build_info", "The version of arsync and of Python; always 1.", ("version", "python")
)
LEDGERS = Metric(
    "arsync_ledgers",
    "Connections, each in one state: working, needs reconnect, paused (by a person), away (its"
    " platform cannot be reached).",
    ("state",),
)
DUE = Metric("arsync_ledgers_due", "Ledgers whose run is due and has not begun.")
RUNNING = Metric("arsync_ledgers_running", "Ledgers whose run is under way, or died in the middle.")
LATE = Metric(
    "arsync_ledgers_late",
    "Ledgers that wait too long for their run, or whose run is longer than their pace.",
)
LATEST = Metric("arsync_ledgers_latest_late_seconds", "How late the latest of them is; 0: none is.")
LATE_LEDGER = Metric(
    "arsync_ledger_late_seconds",
    f"How late a ledger is, of the {LATE_LEDGERS_MAX} latest, by the connection's number"
    " (`id` in `arsync status --all --json`).",
    ("connection_id",),
)
SAFETY = Metric(
    "arsync_ledgers_stopped_by_safety",
    "Ledgers whose plan waits because it is over a safety limit.",
)
RUNS = Metric(
    "arsync_runs",
    "Runs that began in the last hour (1h) or day (24h), by outcome; those that only planned are"
    " left out.",
    ("window", "outcome"),
)
ACTIONS = Metric("arsync_actions", "Actions that have not ended, by state.", ("state",))
APPROVALS = Metric(
    "arsync_approvals_waiting", "Decisions that wait for a person; a hold and its terms are one."
)
TASKS = Metric("arsync_tasks_open", "Tasks that are open.")
MESSAGES = Metric(
    "arsync_messages_sent",
    "Messages to customers that left in the last 24 hours, by way.",
    ("way",),
)
CALLS_MINUTE = Metric(
    "arsync_app_calls_left_minute",
    "Calls that a platform's app has left in this minute, over all its organisations.",
    ("platform",),
)
CALLS_DAY = Metric(
    "arsync_organisation_calls_left_day_min",
    "Calls that are left today to the organisation that has the fewest left.",
    ("platform",),
)
READS = Metric(
    "arsync_app_reads_month", "Calls of a platform's app that read, this month.", ("platform",)
)
READS_LEFT = Metric(
    "arsync_app_reads_left_month",
    "Calls that read which a platform's app has left this month, where they are metered.",
    ("platform",),
)
WEBHOOKS = Metric(
    "arsync_webhook_deliveries_total",
    "Deliveries of webhooks that came, by outcome.",
    ("platform", "outcome"),
    is_counter=True,
)
MAIL_FAILED = Metric(
    "arsync_daily_mail_failed", "1 when the last daily mail to an owner could not be sent."
)

WORKERS = Metric(
    "arsync_workers",
    "Workers: alive, or silent (without a sign of life for too long). Missing where there is no"
    " queue.",
    ("state",),
)
QUEUE = Metric(
    "arsync_queue_ledgers",
    "Ledgers in the workers' queue: waiting, or running. Missing where there is no queue.",
    ("state",),
)

METRICS = (
    BUILD,
    LEDGERS,
    DUE,
    RUNNING,
    LATE,
    LATEST,
    LATE_LEDGER,
    SAFETY,
    RUNS,
    ACTIONS,
    APPROVALS,
    TASKS,
    MESSAGES,
    CALLS_MINUTE,
    CALLS_DAY,
    READS,
    READS_LEFT,
    WEBHOOKS,
    MAIL_FAILED,
    WORKERS,
    QUEUE,
)
"""The table of them."""


def metrics(actor: Actor, container: Container) -> list[Sample]:
    """Return the value of every metric, as of one moment.

    Raises:
        RetryLater: the database is away, or takes too long.
    """
    permit(actor, Permission.READ)
    measured = container.store.measures.read(SCRAPE_SECONDS_MAX, container.config.workers.schema)
    now = container.clock.now()
    return [
        Sample(BUILD, 1, (__version__, python_platform.python_version())),
        *_ledgers(measured.ledgers, now),
        *_outbox(measured),
        *_calls(container, measured),
        *(
            Sample(WEBHOOKS, row.deliveries, (row.platform, row.outcome))
            for row in measured.webhooks
        ),
        Sample(MAIL_FAILED, bool(daily_mail_failure(container.store))),
        *_queue(measured.queue),
    ]


def _ledgers(ledgers: Sequence[ScheduledLedger], now: datetime) -> Iterator[Sample]:
    states = Counter(_state(ledger, now) for ledger in ledgers)
    for state in _STATES:
        yield Sample(LEDGERS, states[state], (state,))
    waiting = [ledger for ledger in ledgers if waited_seconds(ledger, now) > 0]
    running = sum(map(is_running, waiting))
    yield Sample(DUE, len(waiting) - running)
    yield Sample(RUNNING, running)
    late = {
        ledger.connection_id: seconds
        for ledger in waiting
        if (seconds := late_seconds(ledger, now)) > 0
    }
    latest = sorted(late.items(), key=lambda item: (-item[1], item[0]))
    yield Sample(LATE, len(late))
    yield Sample(LATEST, latest[0][1] if latest else 0)
    for number, seconds in latest[:LATE_LEDGERS_MAX]:
        yield Sample(LATE_LEDGER, seconds, (str(number),))


_STATES = ("working", "needs reconnect", "paused", "away")


def _state(ledger: ScheduledLedger, now: datetime) -> str:
    if ledger.state != ConnectionState.CONNECTED:
        return "needs reconnect"
    if ledger.is_paused:
        return "paused"
    return "away" if is_away(ledger, now) else "working"


def _outbox(measured: Measured) -> Iterator[Sample]:
    yield Sample(SAFETY, measured.over_safety)
    for counted in measured.runs:
        yield Sample(RUNS, counted.runs, (counted.window, counted.outcome))
    for state, count in measured.actions.items():
        yield Sample(ACTIONS, count, (state.value,))
    yield Sample(APPROVALS, measured.decisions)
    yield Sample(TASKS, measured.open_tasks)
    for way, count in measured.messages.items():
        yield Sample(MESSAGES, count, (way,))


def _queue(queue: QueueCounts | None) -> Iterator[Sample]:
    if queue is not None:
        yield Sample(WORKERS, queue.workers_alive, ("alive",))
        yield Sample(WORKERS, queue.workers_silent, ("silent",))
        yield Sample(QUEUE, queue.waiting, ("waiting",))
        yield Sample(QUEUE, queue.running, ("running",))


def _calls(container: Container, measured: Measured) -> Iterator[Sample]:
    """Yield what is left of the platforms' limits, of those that have been called."""
    for name, calls in measured.calls.items():
        platform = name.partition("|")[0]
        try:
            limits = container.rate_limits(platform)
        except UserMistake:
            continue  # its connector is not installed any more
        if name != container.application_name(platform):
            continue  # an app that was used before
        if limits.app_calls_per_minute:
            minute = limits.app_calls_per_minute - calls.last_minute
            yield Sample(CALLS_MINUTE, max(0, minute), (platform,))
        if limits.calls_per_day:
            fewest = calls.fewest_left_of_day
            day_left = limits.calls_per_day if fewest is None else fewest
            yield Sample(CALLS_DAY, day_left, (platform,))
        if limits.reads_per_month:
            yield Sample(READS, calls.reads, (platform,))
            yield Sample(READS_LEFT, max(0, limits.reads_per_month - calls.reads), (platform,))
