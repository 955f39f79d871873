"""All connections at once: where each stands, by a fixed number of statements, however many.

What is asked of actions and runs goes from each connection into their indexes: what ended long ago
is not read, and a store of years answers as quickly as one of days.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    or_,
    select,
)

from arsync.clock import Clock
from arsync.core.actions import ActionKind, ActionState
from arsync.store.actions.action_queries import OPENED_STATES
from arsync.store.actions.plan_saving import OVER_SAFETY
from arsync.store.actions.serialisation import ALERT_IN_JSON
from arsync.store.actions.waiting import is_decision_that_waits
from arsync.store.admin.connections import connection_row
from arsync.store.admin.labels import labels_column
from arsync.store.admin.outages import as_it_counts
from arsync.store.db.column_types import sum_in_parts, whole_sum
from arsync.store.db.database import Database
from arsync.store.db.tables import (
    INVOICE_IS_OPEN,
    actions,
    connections,
    cursors,
    differences,
    invoices,
    outages,
    problems,
    runs,
    schedules,
)
from arsync.store.ledger.kept_sums import KeptSums, ledger_states
from arsync.store.models import (
    BriefRun,
    ConnectionState,
    LedgerStanding,
    OutageRow,
    OwedInvoices,
    ScheduledLedger,
    ScheduleRow,
)

NAMED_MAX = 100
"""Of so many connections invoices are asked for by their numbers; of more, those of all."""

UNFINISHED_STATES = (
    ActionState.AWAITING_APPROVAL,
    ActionState.APPROVED,
    ActionState.SENDING,
    ActionState.SENT,
    ActionState.UNKNOWN,
)
"""The states of an action that has not ended: the only ones that an overview counts."""

OF_SCHEDULES = tuple(schedules.c[name] for name in ScheduleRow._fields)
"""The columns of a schedule."""

_LIVE = connections.c.removed_at.is_(None)
_ID = connections.c.id


class Standings:
    """Questions about all connections, each answered for all of them at once."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock
        self._kept: KeptSums[tuple[OwedInvoices, ...]] = KeptSums()

    def read(self, earliest_day: date) -> list[LedgerStanding]:
        """Return where each connection stands, by name, as of one moment.

        Args:
            earliest_day: the earliest day that is today at any of them; invoices that are dated
                later are given by their day.
        """
        with self._database.read() as db:
            rows = db.execute(_connections()).all()
            last_runs = _last_runs(db)
            states, over_safety = _action_counts(db)
            decisions = _pairs(db, _actions(func.count(actions.c.key), is_decision_that_waits()))
            tasks = _tasks(db)
            of_ledgers = {
                number: None if state is None else (state, earliest_day)
                for number, state in ledger_states(db).items()
            }
            owed = self._kept.get(of_ledgers, lambda some: _owed(db, earliest_day, some))
            differing = _counts(db, differences)
            unreadable = _counts(db, problems)
        now = self._clock.now()
        return [
            LedgerStanding(
                connection=connection_row(row),
                pulled_at=row.completed_at,
                ledger=scheduled_ledger(row),
                outage=as_it_counts(_outage(row), now),
                last_run=last_runs.get(row.id),
                actions=states.get(row.id, {}),
                decisions=decisions.get(row.id, 0),
                over_safety=over_safety.get(row.id, 0),
                open_tasks=tasks.get(row.id, (0, 0))[0],
                open_alerts=tasks.get(row.id, (0, 0))[1],
                owed=owed.get(row.id, ()),
                differences=differing.get(row.id, 0),
                unreadable=unreadable.get(row.id, 0),
            )
            for row in rows
        ]


def _connections() -> Select[Any]:
    """Select each connection with its schedule, its outage and how far its copy is."""
    return (
        select(
            connections,
            labels_column,
            *OF_SCHEDULES,
            outages.c.failures,
            outages.c.failed_at,
            outages.c.retry_at,
            outages.c.why.label("outage_why"),
            cursors.c.completed_at,
        )
        .outerjoin(schedules, schedules.c.connection_id == _ID)
        .outerjoin(outages, outages.c.connection_id == _ID)
        .outerjoin(cursors, cursors.c.connection_id == _ID)
        .where(_LIVE)
        .order_by(connections.c.name)
    )


def scheduled_ledger(row: Any) -> ScheduledLedger:
    """Return a connection's schedule from a row that has `OF_SCHEDULES` and who it is."""
    columns = [getattr(row, name) for name in ScheduleRow._fields]
    return ScheduledLedger(
        connection_id=row.id,
        state=ConnectionState(row.state),
        is_paused=row.paused_at is not None,
        retry_at=row.retry_at,
        schedule=None if row.next_at is None else ScheduleRow(*columns),
    )


def _outage(row: Any) -> OutageRow | None:
    if row.failures is None:
        return None
    return OutageRow(row.id, row.failures, row.failed_at, row.retry_at, row.outage_why)


def _last_runs(db: Connection) -> dict[int, BriefRun]:
    """Return the last run of each that has ended; one that only planned is none."""
    older = runs.alias()
    newest = (
        select(older.c.id)
        .where(
            older.c.connection_id == _ID, older.c.kind != "plan", older.c.finished_at.is_not(None)
        )
        .order_by(older.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = [runs.c[name] for name in BriefRun._fields]
    query = select(_ID, *columns).select_from(connections).join(runs, runs.c.id == newest)
    return {row[0]: BriefRun(*row[1:]) for row in db.execute(query.where(_LIVE))}


def _action_counts(
    db: Connection,
) -> tuple[Mapping[int, Mapping[ActionState, int]], Mapping[int, int]]:
    """Return how many actions stand where, and how many wait because of a safety limit."""
    states: dict[int, dict[ActionState, int]] = defaultdict(dict)
    unfinished = actions.c.state.in_([state.value for state in UNFINISHED_STATES])
    for number, state, count in db.execute(_actions(func.count(), unfinished, actions.c.state)):
        if state is not None:
            states[number][ActionState(state)] = count
    awaiting = actions.c.state == ActionState.AWAITING_APPROVAL.value
    over = func.sum(case((is_over_safety(), 1), else_=0))
    over_safety = {number: int(count) for number, count in db.execute(_actions(over, awaiting))}
    return states, over_safety


def _actions(
    figure: ColumnElement[Any], condition: ColumnElement[bool], *by: ColumnElement[Any]
) -> Select[Any]:
    """Select a figure of some of each connection's actions.

    The join is an outer one because SQLite then goes from each connection into the index; without,
    it may read the index of all actions that there ever were.
    """
    return (
        select(_ID, *by, figure)
        .select_from(connections)
        .outerjoin(actions, and_(actions.c.connection_id == _ID, condition))
        .where(_LIVE)
        .group_by(_ID, *by)
    )


def is_over_safety() -> ColumnElement[bool]:
    """Return the condition that an action waits because the plan was over a safety limit."""
    return actions.c.reason.startswith(OVER_SAFETY, autoescape=True)


def _tasks(db: Connection) -> dict[int, tuple[int, int]]:
    """Return how many open tasks each connection has, and how many of them are alerts."""
    is_alert = case((actions.c.action.contains(ALERT_IN_JSON, autoescape=True), 1), else_=0)
    counted = (func.count(actions.c.key), func.coalesce(func.sum(is_alert), 0))
    query = _actions(counted[0], is_open_task()).add_columns(counted[1])
    return {number: (tasks, int(alerts)) for number, tasks, alerts in db.execute(query)}


def is_open_task() -> ColumnElement[bool]:
    """Return the condition that an action is a task that was opened and is not done."""
    columns = actions.c
    return and_(
        columns.kind == ActionKind.TASK.value,
        columns.state.in_([state.value for state in OPENED_STATES]),
        columns.done_at.is_(None),
        # Opened, though its note no longer shows at the platform.
        or_(columns.state != ActionState.UNKNOWN.value, columns.receipt_reference.is_not(None)),
    )


def _owed(
    db: Connection, earliest_day: date, connection_ids: Collection[int]
) -> Mapping[int, tuple[OwedInvoices, ...]]:
    """Return what each of some is owed by currency; what is dated after a day, by its day."""
    columns = invoices.c
    later = case((columns.issued_on > earliest_day, columns.issued_on), else_=None)
    dated = later.label("later")
    query = (
        select(columns.connection_id, columns.currency, dated, *sum_in_parts(columns.amount_due))
        .where(INVOICE_IS_OPEN, columns.amount_due > 0)
        # By its name: PostgreSQL takes the expression with its parameter for another one.
        .group_by(columns.connection_id, columns.currency, "later")
        .order_by(columns.connection_id, columns.currency)
    )
    if len(connection_ids) <= NAMED_MAX:
        query = query.where(columns.connection_id.in_(connection_ids))
    owed: dict[int, list[OwedInvoices]] = defaultdict(list)
    for number, currency, day, high, low in db.execute(query):
        owed[number].append(OwedInvoices(currency, day, whole_sum(high, low)))
    return {number: tuple(owed[number]) for number in connection_ids}


def _counts(db: Connection, table: Any) -> Mapping[int, int]:
    query = select(table.c.connection_id, func.count()).group_by(table.c.connection_id)
    return _pairs(db, query)


def _pairs(db: Connection, query: Select[Any]) -> Mapping[int, int]:
    return {row[0]: row[1] for row in db.execute(query)}
