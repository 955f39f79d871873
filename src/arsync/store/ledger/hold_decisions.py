"""Holds and releases by hand, as accounts are read with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, or_, select

from arsync.core.ledger.records import HoldDecision
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import hold_decisions

Decided = tuple[int, HoldDecision]
"""A decision and its number: a higher one is newer."""


def read_hold_decisions(
    db: Connection, connection_id: int, contact_ids: Sequence[str], before: datetime | None
) -> dict[str, Decided]:
    """Return the decision about each contact that was not ended; `before`: as it was known then."""
    columns = hold_decisions.c
    query = select(
        columns.contact_id,
        columns.id,
        columns.is_hold,
        columns.reason,
        columns.decided_by,
        columns.made_on,
        columns.until,
    ).where(columns.connection_id == connection_id, one_of(db, columns.contact_id, contact_ids))
    if before is None:
        query = query.where(columns.ended_at.is_(None))
    else:
        query = query.where(
            columns.decided_at < before,
            or_(columns.ended_at.is_(None), columns.ended_at >= before),
        )
    rows = db.execute(query.order_by(columns.id))
    return {row[0]: (row[1], HoldDecision(*row[2:])) for row in rows}


def newest_of(decisions: Mapping[str, Decided], contact_ids: Iterable[str]) -> HoldDecision | None:
    """Return the newest decision about any contact of a family: it is one debtor."""
    decided_of_family = [
        decisions[contact_id] for contact_id in contact_ids if contact_id in decisions
    ]
    return max(decided_of_family, key=lambda decided: decided[0])[1] if decided_of_family else None
