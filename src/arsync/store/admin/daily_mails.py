"""The daily mails to the owners: one a day for each address, whoever runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from arsync.clock import Clock
from arsync.errors import RetryLater
from arsync.store.db.database import Database
from arsync.store.db.locks import Locks
from arsync.store.db.tables import daily_mails
from arsync.store.models import DailyMailRow

RETRY_SECONDS = 1_800
"""After a mail that surely did not leave, or a look that found nothing to say: so long until the
next one."""

_COLUMNS = daily_mails.c
_ROW = [_COLUMNS[name] for name in DailyMailRow._fields]


class DailyMails:
    """What became of each day's mail.

    A mail is marked as leaving before the mail server is called. Who dies before that leaves a day
    on which nothing was said, and the next run says it; who dies after it may have said it, and it
    is not said again.
    """

    def __init__(self, database: Database, clock: Clock, locks: Locks) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock
        self._locks = locks

    def is_due(self, day: date, address: str) -> bool:
        """Return whether an address's mail of the day is still to be made, or to be tried again."""
        row = self.of(day, address)
        if row is None:
            return True
        if row.leaving_at is not None or row.told_at is not None:
            return False
        return self._clock.now() - row.tried_at >= timedelta(seconds=RETRY_SECONDS)

    @contextmanager
    def telling(self, day: date, address: str) -> Iterator[bool]:
        """Hold the right to mail an owner; yields False where there is nothing left to say.

        Another process has said it, or is about to: one at a time, whatever the addresses.
        """
        with ExitStack() as lock:
            try:
                busy = "it is being made."
                lock.enter_context(self._locks.held("daily-mail", wait_seconds=0.0, busy=busy))
            except RetryLater:
                yield False
                return
            yield self.is_due(day, address)

    def of(self, day: date, address: str) -> DailyMailRow | None:
        """Return what is known of an address's mail of a day.

        What older versions mailed bears no address, and went to whoever there was.
        """
        query = (
            select(*_ROW)
            .where(_COLUMNS.day == day, _COLUMNS.address.in_([address, ""]))
            .order_by(_COLUMNS.address.desc())
            .limit(1)
        )
        with self._database.read() as db:
            row = db.execute(query).one_or_none()
        return None if row is None else DailyMailRow(*row)

    def last(self) -> list[DailyMailRow]:
        """Return those of the newest day, by address."""
        newest = select(func.max(_COLUMNS.day)).scalar_subquery()
        query = select(*_ROW).where(_COLUMNS.day == newest).order_by(_COLUMNS.address)
        with self._database.read() as db:
            return [DailyMailRow(*row) for row in db.execute(query)]

    def leaves(self, day: date, address: str) -> None:
        """Note that it leaves now: from here on it is never said a second time."""
        self._keep(day, address, leaving_at=self._clock.now())

    def told(self, day: date, address: str) -> None:
        """Note that the mail server took it, or may have."""
        self._keep(day, address, told_at=self._clock.now(), failure="")

    def nothing_to_say(self, day: date, address: str) -> None:
        """Note that there was nothing to say; it is looked at again after `RETRY_SECONDS`."""
        self._keep(day, address, failure="")

    def failed(self, day: date, address: str, why: str) -> None:
        """Note that it surely did not leave, and why."""
        self._keep(day, address, leaving_at=None, failure=why)

    def _keep(self, day: date, address: str, **values: Any) -> None:
        values["tried_at"] = self._clock.now()
        row = (_COLUMNS.day == day) & (_COLUMNS.address == address)
        with self._database.write() as db:
            changed = db.execute(update(daily_mails).where(row).values(values))
            if not changed.rowcount:
                db.execute(insert(daily_mails).values(day=day, address=address, **values))
