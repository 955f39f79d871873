"""Outages: a platform that could not be reached is not called for a while, longer each time.

Only the scheduler skips it; a person's command always tries.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import overload

from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from arsync.clock import Clock
from arsync.store.db.database import Database
from arsync.store.db.tables import outages
from arsync.store.models import OutageRow

FAILURES_MAX = 3
"""After this many runs in a row that could not reach the platform, there are pauses."""
PAUSE_SECONDS = 300.0
"""The first pause; each further failure doubles it."""
PAUSE_SECONDS_MAX = 2 * 3600.0


# Made once: every run asks, and making the statement takes longer than running it.
_OUTAGE = select(outages).where(outages.c.connection_id == bindparam("of_connection"))


class Outages:
    """The table of connections whose platform could not be reached of late."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def get(self, connection_id: int) -> OutageRow | None:
        """Return the outage of a connection; None when its last run reached the platform."""
        with self._database.read() as db:
            row = db.execute(_OUTAGE, {"of_connection": connection_id}).one_or_none()
        if row is None:
            return None
        return as_it_counts(OutageRow._make(row), self._clock.now())

    def failed(self, connection_id: int, reason: str) -> OutageRow:
        """Note that a run could not reach the platform, and until when it is not called again."""
        query = select(outages.c.failures).where(outages.c.connection_id == connection_id)
        with self._database.write() as db:
            failures = (db.scalar(query) or 0) + 1
            now = self._clock.now()
            row = OutageRow(connection_id, failures, now, retry_at(failures, now), reason)
            make = sqlite if db.dialect.name == "sqlite" else postgresql
            # By place: a column keeps the name under which it was released.
            values = dict(zip(outages.c.keys(), row, strict=True))
            db.execute(
                make.insert(outages)
                .values(values)
                .on_conflict_do_update(index_elements=[outages.c.connection_id], set_=values)
            )
        return row

    def over(self, connection_id: int) -> None:
        """Forget the outage: the platform was reached."""
        with self._database.write() as db:
            db.execute(delete(outages).where(outages.c.connection_id == connection_id))


@overload
def as_it_counts(outage: OutageRow, now: datetime) -> OutageRow: ...
@overload
def as_it_counts(outage: None, now: datetime) -> None: ...
def as_it_counts(outage: OutageRow | None, now: datetime) -> OutageRow | None:
    """Return an outage as it counts now: no pause is longer than the longest."""
    latest = now + timedelta(seconds=PAUSE_SECONDS_MAX)
    if outage is not None and outage.retry_at is not None and outage.retry_at > latest:
        # Noted while this computer's clock was ahead.
        return outage._replace(retry_at=now)
    return outage


def retry_at(failures: int, now: datetime) -> datetime | None:
    """Return until when a platform is left alone after so many runs in a row; None: it is not."""
    if failures < FAILURES_MAX:
        return None
    # Bounded: two to the power of a thousand failures is no float any more.
    pause = PAUSE_SECONDS * 2.0 ** min(failures - FAILURES_MAX, 30)
    return now + timedelta(seconds=min(pause, PAUSE_SECONDS_MAX))
