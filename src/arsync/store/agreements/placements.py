"""Placements with agencies and lawyers, as people record them. A rebuild of the copy keeps them.

A placement that a rule proposed is known from its action alone, until a person says something about
it: from then on it stands here whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection, insert, select, update

from arsync.clock import Clock
from arsync.core.actions import Action
from arsync.core.ledger.records import PlacedDebt, Placement
from arsync.store.actions.action_rows import RECORDED, add_asked
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import placed_debts, placements
from arsync.store.models import PlacementRow

_COLUMNS = placements.c
_STORED = [_COLUMNS[name] for name in PlacementRow._fields if name != "debts"]


class PlacementEnd(NamedTuple):
    """How a person ended a placement."""

    ended_as: str
    """`recalled` or `returned`."""
    ended_on: date
    reason: str = ""


class Placements:
    """Placements, by connection."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def place(
        self,
        connection_id: int,
        contact_id: str,
        placement: Placement,
        *,
        who: str,
        note: Action | None = None,
    ) -> PlacementRow:
        """Record a placement, and add the action that notes it, in one transaction."""
        with self._database.write() as db:
            self._keep(db, connection_id, contact_id, placement, who)
            self._note(db, connection_id, note, who)
            return _row(db, connection_id, placement.key)

    def end(
        self,
        connection_id: int,
        contact_id: str,
        placement: Placement,
        end: PlacementEnd,
        *,
        who: str,
        noted_by: Callable[[PlacementRow], Action] | None = None,
    ) -> PlacementRow:
        """Record that a placement is over, and add the action that `noted_by` makes of it."""
        with self._database.write() as db:
            self._keep(db, connection_id, contact_id, placement, who)
            db.execute(
                update(placements)
                .where(_COLUMNS.connection_id == connection_id, _COLUMNS.key == placement.key)
                .values(
                    ended_on=end.ended_on,
                    ended_as=end.ended_as,
                    ended_why=end.reason,
                    ended_by=who,
                    ended_at=self._clock.now(),
                )
            )
            row = _row(db, connection_id, placement.key)
            self._note(db, connection_id, noted_by and noted_by(row), who)
            return row

    def cost(
        self,
        connection_id: int,
        contact_id: str,
        placement: Placement,
        cost: tuple[Decimal, str],
        *,
        who: str,
    ) -> PlacementRow:
        """Record what a placement has cost so far: an amount and its currency."""
        with self._database.write() as db:
            self._keep(db, connection_id, contact_id, placement, who)
            db.execute(
                update(placements)
                .where(_COLUMNS.connection_id == connection_id, _COLUMNS.key == placement.key)
                .values(cost=cost[0], currency=cost[1])
            )
            return _row(db, connection_id, placement.key)

    def rows(
        self, connection_id: int, contact_ids: Sequence[str] | None = None
    ) -> list[PlacementRow]:
        """Return what is recorded, oldest first; with `contact_ids`, of these contacts alone."""
        with self._database.read() as db:
            return rows_of(db, connection_id, contact_ids)

    def _keep(
        self, db: Connection, connection_id: int, contact_id: str, placement: Placement, who: str
    ) -> None:
        """Insert a placement that does not stand here yet."""
        same_key = select(_COLUMNS.key).where(
            _COLUMNS.connection_id == connection_id, _COLUMNS.key == placement.key
        )
        if db.scalar(same_key) is not None:
            return
        db.execute(
            insert(placements).values(
                connection_id=connection_id,
                key=placement.key,
                contact_id=contact_id,
                agency=placement.agency,
                placed_on=placement.placed_on,
                recorded_by=who,
                recorded_at=self._clock.now(),
            )
        )
        db.execute(
            insert(placed_debts),
            [
                {"connection_id": connection_id, "key": placement.key, **debt._asdict()}
                for debt in placement.debts
            ],
        )

    def _note(self, db: Connection, connection_id: int, action: Action | None, who: str) -> None:
        if action is not None:
            now = self._clock.now()
            add_asked(db, connection_id, action, who=who, why=RECORDED, now=now)


def _row(db: Connection, connection_id: int, key: str) -> PlacementRow:
    query = select(*_STORED).where(_COLUMNS.connection_id == connection_id, _COLUMNS.key == key)
    stored = db.execute(query).one()
    return _placement_row(stored, debts_of(db, connection_id, [key]))


def rows_of(
    db: Connection, connection_id: int, contact_ids: Sequence[str] | None = None
) -> list[PlacementRow]:
    """Return what is recorded of placements, oldest first."""
    query = select(*_STORED).where(_COLUMNS.connection_id == connection_id)
    if contact_ids is not None:
        query = query.where(one_of(db, _COLUMNS.contact_id, contact_ids))
    stored = db.execute(query.order_by(_COLUMNS.placed_on, _COLUMNS.key)).all()
    debts = debts_of(db, connection_id, [row.key for row in stored])
    return [_placement_row(row, debts) for row in stored]


def _placement_row(stored: Any, debts: Mapping[str, tuple[PlacedDebt, ...]]) -> PlacementRow:
    return PlacementRow._make((*stored, debts.get(stored.key, ())))


def debts_of(
    db: Connection, connection_id: int, keys: Sequence[str]
) -> dict[str, tuple[PlacedDebt, ...]]:
    """Return the debts of some placements, by key."""
    columns = placed_debts.c
    query = (
        select(columns.key, columns.invoice_id, columns.amount, columns.currency)
        .where(columns.connection_id == connection_id, one_of(db, columns.key, keys))
        .order_by(columns.key, columns.invoice_id)
    )
    debts: dict[str, list[PlacedDebt]] = defaultdict(list)
    for debt in db.execute(query):
        debts[debt.key].append(PlacedDebt(debt.invoice_id, debt.amount, debt.currency))
    return {key: tuple(placed) for key, placed in debts.items()}
