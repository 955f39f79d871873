"""The latest change of each debtor's credit limit, as accounts are read with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Connection, func, select

from arsync.core.ledger.records import LimitChange
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import limit_history


def read_limit_changes(
    db: Connection, connection_id: int, contact_ids: Sequence[str], before: datetime | None
) -> dict[str, LimitChange]:
    """Return the last change of each contact's limit from one amount to another.

    Args:
        db: the database, in a transaction.
        connection_id: whose.
        contact_ids: of whom.
        before: as it was known just before this moment; None: as it is known now.
    """
    columns = limit_history.c
    mine = (columns.connection_id == connection_id, one_of(db, columns.contact_id, contact_ids))
    # Most debtors have one limit for ever, and are not read.
    several = (
        select(columns.contact_id)
        .where(*mine)
        .group_by(columns.contact_id)
        .having(func.count() > 1)
    )
    query = (
        select(columns.contact_id, columns.since, columns.amount)
        .where(columns.connection_id == connection_id, columns.contact_id.in_(several))
        .order_by(columns.id)
    )
    if before is not None:
        query = query.where(columns.recorded_at < before)
    latest: dict[str, Decimal | None] = {}
    changes: dict[str, LimitChange] = {}
    for contact_id, since, amount in db.execute(query):
        earlier = latest.get(contact_id)
        if contact_id in latest and amount != earlier:
            changes.pop(contact_id, None)
            # From no amount to one, or the other way, nothing can be said in a letter.
            if amount is not None and earlier is not None:
                changes[contact_id] = LimitChange(contact_id, since, earlier, amount)
        latest[contact_id] = amount
    return changes
