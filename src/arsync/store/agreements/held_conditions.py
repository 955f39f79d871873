"""Since when conditions of the rulebook have held. A rebuild of the copy keeps it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice

from sqlalchemy import Connection, delete, insert, select

from arsync.core.ledger.held_since import ConditionSeen
from arsync.core.ledger.records import HeldSince
from arsync.core.planning.plan import Plan
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import held_conditions
from arsync.store.ledger.held_conditions import EVERYBODY

CHANGES_AT_ONCE = 5_000
"""How many changes are written at a time."""

_COLUMNS = held_conditions.c


class HeldConditions:
    """What planning saw of conditions that are to have held for some time, by connection."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def keep(self, connection_id: int, changes: Sequence[ConditionSeen]) -> None:
        """Keep what a look at suppliers changed."""
        if changes:
            with self._database.write() as db:
                _keep(db, connection_id, changes)

    def save(self, connection_id: int, plan: Plan) -> None:
        """Keep what a plan of the whole ledger saw; what no rule asks about is forgotten."""
        with self._database.read() as db:
            watched = set(
                db.scalars(
                    select(_COLUMNS.condition).where(
                        _COLUMNS.connection_id == connection_id, _COLUMNS.subject == EVERYBODY
                    )
                )
            )
        new = set(plan.watched) - watched
        over = watched - set(plan.watched)
        if not (new or over or plan.seen):
            return
        with self._database.write() as db:
            db.execute(
                delete(held_conditions).where(
                    _COLUMNS.connection_id == connection_id,
                    one_of(db, _COLUMNS.condition, sorted(over)),
                )
            )
            beginnings = [
                _row(connection_id, condition, EVERYBODY, HeldSince(plan.as_of))
                for condition in sorted(new)
            ]
            if beginnings:
                db.execute(insert(held_conditions), beginnings)
            changes = iter(plan.seen)
            while some := list(islice(changes, CHANGES_AT_ONCE)):
                _keep(db, connection_id, some)


def _keep(db: Connection, connection_id: int, changes: Sequence[ConditionSeen]) -> None:
    by_condition: dict[str, list[ConditionSeen]] = defaultdict(list)
    for change in changes:
        by_condition[change.condition].append(change)
    for condition, its_changes in by_condition.items():
        db.execute(
            delete(held_conditions).where(
                _COLUMNS.connection_id == connection_id,
                _COLUMNS.condition == condition,
                one_of(db, _COLUMNS.subject, [change.subject for change in its_changes]),
            )
        )
    rows = [
        _row(connection_id, change.condition, change.subject, change.state)
        for change in changes
        if change.state is not None
    ]
    if rows:
        db.execute(insert(held_conditions), rows)


def _row(connection_id: int, condition: str, subject: str, state: HeldSince) -> dict[str, object]:
    return {
        "connection_id": connection_id,
        "condition": condition,
        "subject": subject,
        "since": state.since,
        "unsure_since": state.unsure_since,
    }
