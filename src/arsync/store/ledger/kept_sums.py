"""Sums of whole ledgers, kept until a run may have changed what they are of.

To add up 100,000 invoices takes a tenth of a second, and pages ask for it at each click. Only runs
change the copy of a ledger, one at a time for each connection: between two of them its sums stay.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping
from typing import Generic, TypeVar

from sqlalchemy import Connection, select

from arsync.store.db.tables import connections, cursors, runs

Sums = TypeVar("Sums")

LEDGERS_MAX = 50_000
"""So many ledgers' sums are kept in one process; beyond them all are added up anew."""


class KeptSums(Generic[Sums]):
    """What was added up of each connection, and after which run."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._kept: dict[int, tuple[Hashable, Sums]] = {}

    def get(
        self,
        states: Mapping[int, Hashable | None],
        add_up: Callable[[Collection[int]], Mapping[int, Sums]],
    ) -> dict[int, Sums]:
        """Return the sums of connections.

        Args:
            states: how each ledger stands, see `ledger_states`, and what else its sums are of.
            add_up: adds up those of some connections; one that owes nothing may be left out.
        """
        kept = self._kept
        unchanged = {
            number: kept[number][1]
            for number, state in states.items()
            if state is not None and number in kept and kept[number][0] == state
        }
        lacking = [number for number in states if number not in unchanged]
        if not lacking:
            return unchanged
        added = add_up(lacking)
        for number, sums in added.items():
            if states[number] is not None and len(kept) < LEDGERS_MAX:
                kept[number] = states[number], sums
        return unchanged | dict(added)


def ledger_states(db: Connection, connection_id: int | None = None) -> dict[int, Hashable | None]:
    """Return what differs before and after each run of a connection, by its number.

    None: a run is going on and may change the ledger meanwhile, or there was none yet.

    Args:
        db: in the transaction in which the sums are read.
        connection_id: of this one; None: of all.
    """
    older = runs.alias()
    # For each connection one look into the index: its runs of years are not read.
    newest = (
        select(older.c.id)
        .where(older.c.connection_id == connections.c.id)
        .order_by(older.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(connections.c.id, runs.c.id.label("run"), runs.c.finished_at, cursors.c.completed_at)
        .select_from(connections)
        .outerjoin(runs, runs.c.id == newest)
        .outerjoin(cursors, cursors.c.connection_id == connections.c.id)
        .where(connections.c.removed_at.is_(None))
    )
    if connection_id is not None:
        query = query.where(connections.c.id == connection_id)
    return {
        row.id: None if row.finished_at is None else (row.run, row.finished_at, row.completed_at)
        for row in db.execute(query)
    }
