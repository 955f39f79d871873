"""The platform's own balances of contacts, each with the moment at which it was read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from arsync.core.ledger.records import OwnBalance
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import own_balances as table


def save_balances(
    db: Connection, connection_id: int, balances: Iterable[OwnBalance], now: datetime
) -> None:
    """Keep the newest figure of each contact."""
    newest = {balance.contact_id: balance for balance in balances}
    rows = [
        {"connection_id": connection_id, **balance._asdict(), "seen_at": now}
        for balance in newest.values()
    ]
    if not rows:
        return
    make = sqlite if db.dialect.name == "sqlite" else postgresql
    statement = make.insert(table)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=list(table.primary_key.columns),
            set_={
                column.name: statement.excluded[column.name]
                for column in table.columns
                if not column.primary_key
            },
        ),
        rows,
    )


def drop_balances(db: Connection, connection_id: int, contact_ids: Sequence[str]) -> None:
    """Forget figures that are older than the documents of their contacts."""
    if contact_ids:
        here = table.c.connection_id == connection_id
        db.execute(delete(table).where(here, one_of(db, table.c.contact_id, contact_ids)))


def read_balances(
    db: Connection, connection_id: int, contact_ids: Sequence[str] | None = None
) -> dict[str, tuple[OwnBalance, datetime]]:
    """Return the platform's figure of each contact, or of these, and when it was read."""
    columns = table.c
    query = select(
        columns.contact_id, columns.amount, columns.less_credits, columns.in_base, columns.seen_at
    ).where(columns.connection_id == connection_id)
    if contact_ids is not None:
        query = query.where(one_of(db, columns.contact_id, contact_ids))
    return {row[0]: (OwnBalance(*row[:-1]), row[-1]) for row in db.execute(query)}
