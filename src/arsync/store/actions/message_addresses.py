"""To which addresses messages went: one mailbox may be that of several customers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from arsync.core.actions import STARTED_STATES
from arsync.store.db.bulk import as_parameter, one_of, one_of_given
from arsync.store.db.tables import actions, message_addresses


class MessageTo(NamedTuple):
    """A message that may have reached an address."""

    key: str
    contact_id: str
    """Of whom it was about."""
    on: date


def keep_addresses(
    db: Connection, connection_id: int, key: str, addresses: Collection[str]
) -> None:
    """Keep to which addresses a message is about to leave, beside those of earlier attempts.

    Args:
        db: an open transaction.
        connection_id: of the action.
        key: of the action.
        addresses: as they are compared.
    """
    if not addresses:
        return
    dialect = sqlite if db.dialect.name == "sqlite" else postgresql
    rows = [
        {"connection_id": connection_id, "address": address, "key": key}
        for address in sorted(addresses)
    ]
    db.execute(dialect.insert(message_addresses).on_conflict_do_nothing(), rows)


def forget_addresses(db: Connection, keys: Collection[str]) -> None:
    """Forget to which addresses these messages went."""
    db.execute(delete(message_addresses).where(one_of(db, message_addresses.c.key, list(keys))))


def messages_to(
    db: Connection, connection_id: int, addresses: Sequence[str], before: datetime | None
) -> Mapping[str, Sequence[MessageTo]]:
    """Return by address the messages that may have reached it.

    Args:
        db: an open transaction.
        connection_id: whose messages.
        addresses: as they are compared.
        before: those whose first attempt was before this moment; None: all.
    """
    query = _reached(is_past=before is not None, is_sqlite=db.dialect.name == "sqlite")
    parameters = {
        "of_connection": connection_id,
        "of_addresses": as_parameter(db, addresses),
        "before": before,
    }
    reached: dict[str, list[MessageTo]] = defaultdict(list)
    for row in db.execute(query, parameters):
        reached[row.address].append(MessageTo(row.key, row.contact_id, row.sent_on))
    return reached


# Made once: it is asked before each message, and making the statement takes longer than running it.
@cache
def _reached(*, is_past: bool, is_sqlite: bool) -> Select[Any]:
    to, columns = message_addresses.c, actions.c
    query = (
        select(to.address, columns.key, columns.contact_id, columns.sent_on)
        .join(actions, columns.key == to.key)
        .where(
            to.connection_id == bindparam("of_connection"),
            one_of_given(to.address, "of_addresses", is_sqlite=is_sqlite),
            columns.state.in_([state.value for state in STARTED_STATES]),
            columns.sent_on.is_not(None),
        )
    )
    if is_past:
        # What was refused since then is left out: it reached nobody.
        first = columns.first_sent_at
        query = query.where(first < bindparam("before", type_=first.type))
    return query
