"""The first of two approvals, where an amount is above what one person may approve."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, delete, insert, select

from arsync.clock import Clock
from arsync.core.actions import ActionState
from arsync.store.actions.action_rows import StateChange, add_events, locked_row, move
from arsync.store.db.database import Database
from arsync.store.db.people_tables import first_approvals
from arsync.store.db.tables import actions


class FirstApproval(NamedTuple):
    """Somebody approved what needs two."""

    user_id: int
    name: str
    at: datetime
    digest: str
    """Of what they saw."""


class SecondApproval(StrEnum):
    """What an approval by somebody with a limit came to."""

    FIRST = "the first of two"
    COMPLETED = "the second of two"
    REPEATED = "given already"
    TOO_LATE = "decided already"


class FirstApprovals:
    """The table `first_approvals`.

    A first approval counts while the action still waits as it did then: it ends with any change of
    the action's state, and with another digest.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def standing(self, connection_id: int) -> dict[str, FirstApproval]:
        """Return the first approvals that stand in a connection, by the actions' keys."""
        return self._standing(actions.c.connection_id == connection_id)

    def of(self, keys: Sequence[str]) -> dict[str, FirstApproval]:
        """Return the first approvals that stand, by the actions' keys."""
        return self._standing(first_approvals.c.action_key.in_(keys))

    def _standing(self, mine: ColumnElement[bool]) -> dict[str, FirstApproval]:
        columns = first_approvals.c
        with self._database.read() as db:
            query = (
                select(columns.action_key, columns.user_id, columns.who, columns.at, columns.digest)
                .join(actions, actions.c.key == columns.action_key)
                .where(
                    mine,
                    actions.c.state == ActionState.AWAITING_APPROVAL.value,
                    columns.at >= actions.c.changed_at,
                )
            )
            return {row[0]: FirstApproval(*row[1:]) for row in db.execute(query)}

    def approve(
        self,
        key: str,
        *,
        user_id: int,
        who: str,
        digest: str,
        why: str,
        not_before: datetime | None = None,
    ) -> SecondApproval:
        """Take an approval by somebody who may not approve alone, in one transaction.

        The first one is kept; the second one, of somebody else about the same, approves.

        Args:
            key: the whole key.
            user_id: who approves.
            who: their name.
            digest: of what they saw.
            why: the reason of the change, as its event says it.
            not_before: when it is approved: not to leave before this moment.
        """
        waits = ActionState.AWAITING_APPROVAL
        with self._database.write() as db:
            # Held until the end: two people at once are one after the other here.
            row = locked_row(db, key)
            if row.state != waits.value:
                return SecondApproval.TOO_LATE
            first, now = _standing(db, row, digest), self._clock.now()
            if first is None:
                _forget(db, key)
                values = {"action_key": key, "user_id": user_id, "who": who, "at": now}
                db.execute(insert(first_approvals).values(**values, digest=digest))
                add_events(db, [(key, now, who, waits, waits, "approved as the first of two")])
                return SecondApproval.FIRST
            if first.user_id == user_id:
                return SecondApproval.REPEATED
            _forget(db, key)
            both = f"{why} and {first.name}"
            moved = {} if not_before is None else {"not_before": not_before}
            move(db, key, StateChange(waits, ActionState.APPROVED, who, both, now), **moved)
            return SecondApproval.COMPLETED

    def take_back(self, key: str, *, user_id: int, who: str) -> bool:
        """Take somebody's first approval back; False: none of theirs stands."""
        columns, waits = first_approvals.c, ActionState.AWAITING_APPROVAL
        with self._database.write() as db:
            row = locked_row(db, key)
            mine = delete(first_approvals).where(
                columns.action_key == key, columns.user_id == user_id
            )
            if not db.execute(mine).rowcount or row.state != waits.value:
                return False
            add_events(
                db, [(key, self._clock.now(), who, waits, waits, "the first approval taken back")]
            )
            return True


def _standing(db: Connection, row: Any, digest: str) -> FirstApproval | None:
    columns = first_approvals.c
    query = select(columns.user_id, columns.who, columns.at, columns.digest).where(
        columns.action_key == row.key,
        columns.digest == digest,
        columns.at >= row.changed_at,
    )
    first = db.execute(query).one_or_none()
    return None if first is None else FirstApproval(*first)


def _forget(db: Connection, key: str) -> None:
    db.execute(delete(first_approvals).where(first_approvals.c.action_key == key))
