"""The latest change of each debtor's credit limit, as accounts are read with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, select

from arsync.core.ledger.records import LimitChange
from arsync.store.db.bulk import as_parameter, one_of_given
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
    query = _limits_of_several(is_past=before is not None, is_sqlite=db.dialect.name == "sqlite")
    parameters = {
        "of_connection": connection_id,
        "of_contacts": as_parameter(db, contact_ids),
        "before": before,
    }
    latest: dict[str, Decimal | None] = {}
    changes: dict[str, LimitChange] = {}
    for contact_id, since, amount in db.execute(query, parameters):
        earlier = latest.get(contact_id)
        if contact_id in latest and amount != earlier:
            changes.pop(contact_id, None)
            # From no amount to one, or the other way, nothing can be said in a letter.
            if amount is not None and earlier is not None:
                changes[contact_id] = LimitChange(contact_id, since, earlier, amount)
        latest[contact_id] = amount
    return changes


# Made once: it is asked before each message, and making the statement takes longer than running it.
@cache
def _limits_of_several(*, is_past: bool, is_sqlite: bool) -> Select[Any]:
    columns = limit_history.c
    here = columns.connection_id == bindparam("of_connection")
    # Most debtors have one limit for ever, and are not read.
    several = (
        select(columns.contact_id)
        .where(here, one_of_given(columns.contact_id, "of_contacts", is_sqlite=is_sqlite))
        .group_by(columns.contact_id)
        .having(func.count() > 1)
    )
    query = (
        select(columns.contact_id, columns.since, columns.amount)
        .where(here, columns.contact_id.in_(several))
        .order_by(columns.id)
    )
    return query.where(columns.recorded_at < bindparam("before")) if is_past else query
