"""Placements, as accounts are read with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from arsync.core.ledger.records import Placement
from arsync.store.agreements.placements import debts_of
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import placed_debts, placements

Recorded = Mapping[str, Placement]
"""What people recorded of placements, by key."""


def read_placements(
    db: Connection, connection_id: int, invoice_ids: Sequence[str], before: datetime | None
) -> Recorded:
    """Return the placements that hold any of these invoices; `before`: as it was known then."""
    columns, debts = placements.c, placed_debts.c
    query = (
        select(
            columns.key,
            columns.agency,
            columns.placed_on,
            columns.ended_on,
            columns.ended_as,
            columns.ended_at,
        )
        .join(
            placed_debts,
            (debts.connection_id == columns.connection_id) & (debts.key == columns.key),
        )
        .where(columns.connection_id == connection_id, one_of(db, debts.invoice_id, invoice_ids))
        .distinct()
        .order_by(columns.placed_on, columns.key)
    )
    if before is not None:
        query = query.where(columns.recorded_at < before)
    rows = db.execute(query).all()
    by_key = debts_of(db, connection_id, [row.key for row in rows])
    recorded: dict[str, Placement] = {}
    for row in rows:
        is_over = row.ended_at is not None and (before is None or row.ended_at < before)
        recorded[row.key] = Placement(
            row.key,
            row.agency,
            row.placed_on,
            by_key.get(row.key, ()),
            row.ended_on if is_over else None,
            row.ended_as if is_over else "",
        )
    return recorded


def merged(
    recorded: Recorded, from_actions: Iterable[Placement], invoice_ids: Iterable[str]
) -> tuple[Placement, ...]:
    """Return the placements of one account: what was recorded counts before what was done.

    Args:
        recorded: of any number of accounts.
        from_actions: those that its actions made.
        invoice_ids: of the account.
    """
    mine = set(invoice_ids)
    by_key = {placement.key: placement for placement in from_actions} | {
        key: placement
        for key, placement in recorded.items()
        if any(debt.invoice_id in mine for debt in placement.debts)
    }
    return tuple(
        sorted(by_key.values(), key=lambda placement: (placement.placed_on, placement.key))
    )
