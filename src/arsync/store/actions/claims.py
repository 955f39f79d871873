"""Claiming actions: whose turn it is, and what becomes of a claim whose process died."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, and_, func, not_, or_, select

from arsync.core.actions import ActionKind, ActionState, Via
from arsync.store.actions.action_rows import action_row, locked_row, move
from arsync.store.actions.queries import leaves_by
from arsync.store.db.database import Database
from arsync.store.db.tables import actions, connections
from arsync.store.models import ActionRow

LEASE_SECONDS_MAX = 3_600
"""An attempt that lasts longer than an hour is not going on any more."""

_LATE = "no outcome within the lease: it must be looked up"
_ARSYNC = "arsync"


class ActionClaims:
    """Takes actions from the outbox's table, each for one process."""

    _database: Database

    def claim_next(
        self,
        connection_id: int,
        *,
        now: datetime,
        lease_seconds: int,
        kinds: Collection[ActionKind] | None = None,
        reminders_by: Collection[Via] = frozenset(Via),
        keys: Collection[str] | None = None,
        today: date | None = None,
    ) -> ActionRow | None:
        """Take the next approved action whose time has come: `approved -> sending`, with a lease.

        Two processes never get the same one. Leases that ran out become `unknown` first.

        Args:
            connection_id: whose.
            now: the moment.
            lease_seconds: after this long without an outcome it counts as unknown.
            kinds: only these; None for all.
            reminders_by: reminders that leave in another way are passed over.
            keys: only these; None for all.
            today: the organisation's day, when it is not simply `now` in its time zone.
        """
        assert 0 < lease_seconds <= LEASE_SECONDS_MAX, "a lease has an end"
        ours = actions.c
        query = (
            select(ours.key)
            .where(
                ours.connection_id == connection_id,
                ours.state == ActionState.APPROVED.value,
                or_(ours.not_before.is_(None), ours.not_before <= now),
            )
            .order_by(ours.position, ours.created_at, ours.key)
            .limit(1)
            # PostgreSQL passes over what others are just taking; SQLite has one writer at a time.
            .with_for_update(skip_locked=True)
        )
        if kinds is not None:
            query = query.where(ours.kind.in_([kind.value for kind in kinds]))
        for via in set(Via) - set(reminders_by):
            query = query.where(not_(and_(ours.kind == ActionKind.REMINDER.value, leaves_by(via))))
        if keys is not None:
            query = query.where(ours.key.in_(keys))
        with self._database.write() as connection:
            _end_leases(connection, connection_id, now=now, all_of_them=False)
            key = connection.scalar(query)
            if key is None:
                return None
            move(
                connection,
                key,
                ActionState.APPROVED,
                ActionState.SENDING,
                who=_ARSYNC,
                why="its turn",
                now=now,
                attempts=ours.attempts + 1,
                first_sent_at=func.coalesce(ours.first_sent_at, now),
                sent_on=today or _today(connection, connection_id, now),
                lease_until=now + timedelta(seconds=lease_seconds),
            )
            return action_row(locked_row(connection, key))

    def end_leases(self, connection_id: int, *, now: datetime, all_of_them: bool = False) -> int:
        """Turn `sending` whose lease ran out into `unknown`, and return how many.

        `all_of_them` is for a process that holds the run lock: whoever claimed them is dead.
        """
        with self._database.write() as connection:
            return _end_leases(connection, connection_id, now=now, all_of_them=all_of_them)


def _end_leases(
    connection: Connection, connection_id: int, *, now: datetime, all_of_them: bool
) -> int:
    ours = actions.c
    query = select(ours.key).where(
        ours.connection_id == connection_id, ours.state == ActionState.SENDING.value
    )
    if not all_of_them:
        query = query.where(ours.lease_until < now)
    keys = connection.scalars(query.with_for_update(skip_locked=True)).all()
    for key in keys:
        move(
            connection,
            key,
            ActionState.SENDING,
            ActionState.UNKNOWN,
            who=_ARSYNC,
            why=_LATE,
            now=now,
        )
    return len(keys)


def _today(connection: Connection, connection_id: int, now: datetime) -> date:
    zone = connection.scalar(
        select(connections.c.time_zone).where(connections.c.id == connection_id)
    )
    return now.astimezone(ZoneInfo(zone or "UTC")).date()
