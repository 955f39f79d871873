"""When each connection is due: the one list that the loop and the workers take from.

Each connection has places in the routine, one in every pace, offset by a hash of its number: the
offset spreads thousands of ledgers over the pace and survives a restart. Something may want a run
sooner: a webhook, a person, a new connection.

    begin    takes the wish and notes the start     a wish that comes later stays: one more run
    served   notes the end and the next place       a run that died never comes here

A run that died is told by its start without an end; the run lock tells it from one that goes on.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, insert, or_, select, update

from arsync.clock import Clock
from arsync.store.db.database import Database
from arsync.store.db.tables import connections, outages, schedules
from arsync.store.models import ConnectionState, DueLedger

INTERRUPTED_SECONDS = 60.0
"""A run that began so long ago and has not ended may have died: whoever is free looks at its
lock."""

UNREACHED_SECONDS = 300.0
"""A connection that could not reach its platform is tried again this soon, however slow the pace: a
token whose renewal was lost has to be renewed again while the platform still takes the old one."""

WANTED_WHY_CHARACTERS_MAX = 200

_COLUMNS = schedules.c


def offset_seconds(connection_id: int, every_seconds: int) -> int:
    """Return where inside each pace a connection's place is, in seconds from 0 to the pace."""
    digest = hashlib.sha256(f"schedule|{connection_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % every_seconds


def next_place(connection_id: int, every_seconds: int, after: datetime) -> datetime:
    """Return a connection's first place in the routine after a moment."""
    offset = offset_seconds(connection_id, every_seconds)
    paces = math.floor((after.timestamp() - offset) / every_seconds) + 1
    return datetime.fromtimestamp(offset + paces * every_seconds, UTC)


class Schedules:
    """The table of schedules."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def keep(self, every_seconds: int) -> None:
        """Give each connection a schedule of this pace.

        A new one is wanted at once. With another pace than before, each goes to its next place.
        """
        now = self._clock.now()
        live = select(connections.c.id, _COLUMNS.every_seconds).where(
            connections.c.removed_at.is_(None)
        )
        query = live.outerjoin(schedules, _COLUMNS.connection_id == connections.c.id)
        with self._database.read() as db:
            paces = {row.id: row.every_seconds for row in db.execute(query)}
        changed = {number: pace for number, pace in paces.items() if pace != every_seconds}
        if not changed:
            return
        with self._database.write() as db:
            for number, pace in sorted(changed.items()):
                place = next_place(number, every_seconds, now)
                values: dict[str, Any] = {"every_seconds": every_seconds, "next_at": place}
                if pace is not None:
                    db.execute(update(schedules).where(_is(number)).values(values))
                elif not db.scalar(select(exists().where(_is(number)))):
                    values |= {"wanted_at": now, "wanted_why": "scheduled for the first time"}
                    db.execute(insert(schedules).values(connection_id=number, **values))

    def due(
        self,
        *,
        rows_max: int | None = None,
        connection_ids: Collection[int] | None = None,
    ) -> list[DueLedger]:
        """Return what is due now: the wanted first, then what is longest overdue.

        Left alone are the paused and removed ones, those whose authorisation has ended, and those
        whose platform is away.

        Args:
            rows_max: at most so many.
            connection_ids: only of these.
        """
        now = self._clock.now()
        died = now - timedelta(seconds=INTERRUPTED_SECONDS)
        query = _live(now).where(
            or_(
                _COLUMNS.wanted_at.is_not(None),
                and_(_COLUMNS.started_at.is_(None), _COLUMNS.next_at <= now),
                _COLUMNS.started_at <= died,
            )
        )
        if connection_ids is not None:
            query = query.where(_COLUMNS.connection_id.in_(connection_ids))
        order = _COLUMNS.wanted_at.is_(None), func.coalesce(_COLUMNS.wanted_at, _COLUMNS.next_at)
        query = query.order_by(*order, _COLUMNS.connection_id)
        with self._database.read() as db:
            return [DueLedger(*row) for row in db.execute(query.limit(rows_max))]

    def next_due_at(self) -> datetime | None:
        """Return when the next place in the routine is; None: nothing is scheduled."""
        now = self._clock.now()
        waiting = _live(now).where(_COLUMNS.started_at.is_(None))
        with self._database.read() as db:
            moment: datetime | None = db.scalar(
                waiting.with_only_columns(func.min(_COLUMNS.next_at))
            )
        return moment

    def want(self, connection_ids: Collection[int], why: str) -> None:
        """Ask for a run as soon as one can be; of several wishes before it, the first is kept."""
        wish = {
            "wanted_at": func.coalesce(_COLUMNS.wanted_at, self._clock.now()),
            "wanted_why": why[:WANTED_WHY_CHARACTERS_MAX],
        }
        with self._database.write() as db:
            these = _COLUMNS.connection_id.in_(connection_ids)
            db.execute(update(schedules).where(these).values(wish))

    def begin(self, connection_id: int) -> None:
        """Note, under the run lock, that a run begins; it takes every wish that has come."""
        begun = {"started_at": self._clock.now(), "wanted_at": None, "wanted_why": ""}
        with self._database.write() as db:
            db.execute(update(schedules).where(_is(connection_id)).values(begun))

    def served(
        self,
        connection_id: int,
        *,
        unreached: bool = False,
        not_before: datetime | None = None,
    ) -> None:
        """Note, under the run lock, that the run has ended, and when the next one is due.

        Args:
            connection_id: whose.
            unreached: the platform could not be reached.
            not_before: until when the platform is to be left alone.
        """
        query = select(_COLUMNS.every_seconds, _COLUMNS.started_at).where(_is(connection_id))
        with self._database.write() as db:
            row = db.execute(query).one_or_none()
            if row is None:
                return
            began = row.started_at or self._clock.now()
            place = next_place(connection_id, row.every_seconds, began)
            if unreached:
                place = min(place, began + timedelta(seconds=UNREACHED_SECONDS))
            if not_before is not None:
                place = max(place, not_before)
            ended = {"started_at": None, "next_at": place}
            db.execute(update(schedules).where(_is(connection_id)).values(ended))


def _is(connection_id: int) -> ColumnElement[bool]:
    return _COLUMNS.connection_id == connection_id


def _live(now: datetime) -> Select[Any]:
    """Select the schedules of connections that may run."""
    columns = [_COLUMNS[name] for name in DueLedger._fields]
    away = exists().where(
        outages.c.connection_id == _COLUMNS.connection_id, outages.c.retry_at > now
    )
    return (
        select(*columns)
        .join(connections, connections.c.id == _COLUMNS.connection_id)
        .where(
            connections.c.removed_at.is_(None),
            connections.c.paused_at.is_(None),
            connections.c.state == ConnectionState.CONNECTED.value,
            ~away,
        )
    )
