"""Since when customers have signed the terms of trade, as accounts are read with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import Connection, or_, select, union_all

from arsync.core.ledger.records import LogKind
from arsync.store.db.bulk import one_of
from arsync.store.db.credit_tables import credit_applications
from arsync.store.db.tables import contact_log


def read_signed_terms(
    db: Connection, connection_id: int, contact_ids: Sequence[str], before: datetime | None
) -> dict[str, date]:
    """Return the first day on which each contact signed, by its log or an application.

    Args:
        db: reads.
        connection_id: whose they are.
        contact_ids: which contacts.
        before: as it was known then; None: as it is known now.
    """
    entry, applied = contact_log.c, credit_applications.c
    logged = select(entry.contact_id, entry.happened_on.label("day")).where(
        entry.connection_id == connection_id,
        one_of(db, entry.contact_id, contact_ids),
        entry.kind == LogKind.TERMS_SIGNED.value,
    )
    in_application = select(applied.contact_id, applied.signed_on.label("day")).where(
        applied.connection_id == connection_id,
        one_of(db, applied.contact_id, contact_ids),
        applied.signed_on.is_not(None),
    )
    if before is None:
        logged = logged.where(entry.taken_back_at.is_(None))
    else:
        stood = or_(entry.taken_back_at.is_(None), entry.taken_back_at >= before)
        logged = logged.where(entry.recorded_at < before, stood)
        in_application = in_application.where(applied.recorded_at < before)
    days: dict[str, date] = {}
    for row in db.execute(union_all(logged, in_application)):
        days[row.contact_id] = min(row.day, days.get(row.contact_id, row.day))
    return days
