"""How far the mailboxes were read, and why one could not be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sqlalchemy import insert, select, update

from arsync.clock import Clock
from arsync.errors import RetryLater
from arsync.store.db.database import Database
from arsync.store.db.locks import Locks
from arsync.store.db.tables import mailbox_positions
from arsync.store.models import MailboxPosition

_COLUMNS = mailbox_positions.c
_ROW = [_COLUMNS[name] for name in MailboxPosition._fields]


class Mailboxes:
    """The position in each mailbox, as its server numbers the messages.

    A mailbox is named by a text that tells it from others without a word of it. Several connections
    may have one: it is read once for all of them.
    """

    def __init__(self, database: Database, clock: Clock, locks: Locks) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock
        self._locks = locks

    @contextmanager
    def reading(self, mailbox: str) -> Iterator[bool]:
        """Hold the right to read a mailbox; yields False while another process reads it."""
        with ExitStack() as lock:
            try:
                busy = "another process reads the mailbox."
                held = self._locks.held(f"mailbox-{mailbox}", wait_seconds=0.0, busy=busy)
                lock.enter_context(held)
            except RetryLater:
                yield False
                return
            yield True

    def position(self, mailbox: str) -> MailboxPosition | None:
        """Return how far a mailbox was read; None: never."""
        with self._database.read() as db:
            row = db.execute(select(*_ROW).where(_COLUMNS.mailbox == mailbox)).one_or_none()
        return None if row is None else MailboxPosition(*row)

    def read_to(self, mailbox: str, uid_validity: int, last_uid: int) -> None:
        """Note that a mailbox was read to a message."""
        self._keep(mailbox, uid_validity=uid_validity, last_uid=last_uid, failure="")

    def failed(self, mailbox: str, why: str) -> None:
        """Note why a mailbox could not be read; the position stays."""
        self._keep(mailbox, failure=why)

    def _keep(self, mailbox: str, **values: Any) -> None:
        values["read_at"] = self._clock.now()
        mine = _COLUMNS.mailbox == mailbox
        with self._database.write() as db:
            if not db.execute(update(mailbox_positions).where(mine).values(values)).rowcount:
                nothing_read = {"uid_validity": 0, "last_uid": 0}
                row = {"mailbox": mailbox, **nothing_read, **values}
                db.execute(insert(mailbox_positions).values(row))
