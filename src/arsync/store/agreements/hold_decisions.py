"""Holds and releases by hand. A rebuild of the copy keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Connection, insert, select, update

from arsync.clock import Clock
from arsync.core.ledger.records import HoldDecision
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import contacts, hold_decisions
from arsync.store.models import HoldDecisionRow

_COLUMNS = hold_decisions.c
_ROW = [_COLUMNS[name] for name in HoldDecisionRow._fields]


class HoldDecisions:
    """What people decided about credit holds, by connection and debtor."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def decide(
        self, connection_id: int, contact_ids: Sequence[str], decision: HoldDecision
    ) -> None:
        """Keep a decision about a debtor; the one that stood before ends with it.

        Args:
            connection_id: whose debtor.
            contact_ids: its contacts, the debtor's own first.
            decision: what was decided.
        """
        contact_id = contact_ids[0]
        with self._database.write() as db:
            self._end(db, connection_id, contact_ids, decision.by, decision.words)
            db.execute(
                insert(hold_decisions).values(
                    connection_id=connection_id,
                    contact_id=contact_id,
                    is_hold=decision.is_hold,
                    reason=decision.reason,
                    made_on=decision.made_on,
                    until=decision.until,
                    decided_by=decision.by,
                    decided_at=self._clock.now(),
                )
            )

    def end(
        self,
        connection_id: int,
        contact_ids: Sequence[str],
        *,
        who: str,
        why: str,
        made_before: datetime | None = None,
    ) -> bool:
        """End what stands for a debtor, and return whether anything did.

        With `made_before`, only what was decided up to that moment.
        """
        with self._database.write() as db:
            return self._end(db, connection_id, contact_ids, who, why, made_before)

    def of(self, connection_id: int, contact_ids: Sequence[str]) -> list[HoldDecisionRow]:
        """Return every decision about some contacts, newest first."""
        with self._database.read() as db:
            query = select(*_ROW).where(
                _COLUMNS.connection_id == connection_id,
                one_of(db, _COLUMNS.contact_id, contact_ids),
            )
            return [HoldDecisionRow(*row) for row in db.execute(query.order_by(_COLUMNS.id.desc()))]

    def standing(self, connection_id: int, day: date) -> list[tuple[str, HoldDecision]]:
        """Return what stands on a day: the debtor's name, or its id, and the decision."""
        query = (
            select(contacts.c.name, *_ROW)
            .select_from(
                hold_decisions.outerjoin(
                    contacts,
                    (contacts.c.connection_id == _COLUMNS.connection_id)
                    & (contacts.c.id == _COLUMNS.contact_id),
                )
            )
            .where(_COLUMNS.connection_id == connection_id, _COLUMNS.ended_at.is_(None))
            .order_by(_COLUMNS.id)
        )
        with self._database.read() as db:
            rows = [(row[0], HoldDecisionRow(*row[1:])) for row in db.execute(query)]
        return [
            (name or row.contact_id, row.decision)
            for name, row in rows
            if row.decision.stands_on(day)
        ]

    def _end(
        self,
        db: Connection,
        connection_id: int,
        contact_ids: Sequence[str],
        who: str,
        why: str,
        made_before: datetime | None = None,
    ) -> bool:
        which: list[ColumnElement[bool]] = [
            _COLUMNS.connection_id == connection_id,
            one_of(db, _COLUMNS.contact_id, contact_ids),
            _COLUMNS.ended_at.is_(None),
        ]
        if made_before is not None:
            which.append(_COLUMNS.decided_at <= made_before)
        ended = db.execute(
            update(hold_decisions)
            .where(*which)
            .values(ended_by=who, ended_why=why, ended_at=self._clock.now())
        )
        return bool(ended.rowcount)
