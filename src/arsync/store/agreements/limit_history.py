"""The history of credit limits: one row for each time that a debtor's limit changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from sqlalchemy import func, insert, select

from arsync.clock import Clock
from arsync.core.planning.plan import LimitOfDay, Plan
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import limit_history
from arsync.store.models import LimitRow

DEBTORS_AT_ONCE = 1_000
"""How many debtors' limits are compared with the latest ones at a time."""

_COLUMNS = [limit_history.c[name] for name in LimitRow._fields]


class LimitHistory:
    """Credit limits, by connection. A rebuild of the copy keeps them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Work on this database."""
        self._database = database
        self._clock = clock

    def record(self, connection_id: int, plan: Plan, who: str) -> int:
        """Keep the limits of a plan that are not those of before, and return how many.

        A debtor who never had a limit, and has none, needs no row.

        Args:
            connection_id: whose debtors.
            plan: of the whole ledger.
            who: on whose behalf it was made.
        """
        changed = 0
        for limits in _in_parts(plan.limits):
            latest = self._latest(connection_id, [limit.contact_id for limit in limits])
            rows = [
                {
                    **limit._asdict(),
                    "connection_id": connection_id,
                    "since": plan.as_of,
                    "rulebook_hash": plan.rulebook_hash,
                    "recorded_by": who,
                    "recorded_at": self._clock.now(),
                }
                for limit in limits
                if _is_new(limit, latest.get(limit.contact_id))
            ]
            if rows:
                with self._database.write() as db:
                    db.execute(insert(limit_history), rows)
            changed += len(rows)
        return changed

    def of(self, connection_id: int, contact_ids: Sequence[str]) -> list[LimitRow]:
        """Return the limits of some contacts, newest first."""
        columns = limit_history.c
        with self._database.read() as db:
            query = (
                select(*_COLUMNS)
                .where(
                    columns.connection_id == connection_id,
                    one_of(db, columns.contact_id, contact_ids),
                )
                .order_by(columns.id.desc())
            )
            return [LimitRow(*row) for row in db.execute(query)]

    def _latest(self, connection_id: int, contact_ids: Sequence[str]) -> dict[str, LimitRow]:
        columns = limit_history.c
        with self._database.read() as db:
            newest = (
                select(func.max(columns.id))
                .where(
                    columns.connection_id == connection_id,
                    one_of(db, columns.contact_id, contact_ids),
                )
                .group_by(columns.contact_id)
            )
            query = select(columns.contact_id, *_COLUMNS).where(columns.id.in_(newest))
            return {row[0]: LimitRow(*row[1:]) for row in db.execute(query)}


def _in_parts(limits: Iterable[LimitOfDay]) -> Iterator[list[LimitOfDay]]:
    coming = iter(limits)
    while limits_read := list(islice(coming, DEBTORS_AT_ONCE)):
        yield limits_read


def _is_new(limit: LimitOfDay, latest: LimitRow | None) -> bool:
    """Return whether a limit differs from the latest one; another line of a file is no change."""
    if latest is None:
        return bool(limit.rule)
    return (limit.amount, limit.is_unlimited, limit.until, limit.rule) != (
        latest.amount,
        latest.is_unlimited,
        latest.until,
        latest.rule,
    )
