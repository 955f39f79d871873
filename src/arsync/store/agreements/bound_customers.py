"""Bound customers: which contact each entry of the rulebook's `customers` is about.

A rebuild of the copy keeps them: only the first run under a name can tell whom it meant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from sqlalchemy import delete, insert, select

from arsync.core.rulebook.customer_matching import ContactName, CustomerEntry
from arsync.store.db.bulk import one_of
from arsync.store.db.database import Database
from arsync.store.db.tables import contacts, customer_entries
from arsync.store.ledger.customer_entries import read_entries

CONTACTS_AT_ONCE = 5_000
"""How many contacts are read from the database at a time."""


class BoundCustomers:
    """The entries of `customers`, by connection."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def entries(self, connection_id: int) -> dict[str, CustomerEntry]:
        """Return what each entry is bound to, by its folded name."""
        with self._database.read() as db:
            return read_entries(db, connection_id)

    def contacts(self, connection_id: int) -> Iterator[ContactName]:
        """Yield every contact of the copy, as far as matching asks, by id."""
        columns = contacts.c
        query = (
            select(
                columns.id,
                columns.name,
                columns.status,
                columns.parent_id,
                columns.merged_into,
                columns.groups,
            )
            .where(columns.connection_id == connection_id)
            .order_by(columns.id)
        )
        with self._database.read() as db:
            rows = db.execution_options(yield_per=CONTACTS_AT_ONCE).execute(query)
            for row in rows:
                yield ContactName(*row)

    def save(
        self, connection_id: int, entries: Mapping[str, CustomerEntry], *, matched_on: date
    ) -> None:
        """Keep these entries and no others.

        An entry that is taken out of the rulebook is forgotten, so that its name is free again.
        """
        columns = customer_entries.c
        with self._database.write() as db:
            stored = read_entries(db, connection_id)
            gone = [name for name, entry in stored.items() if entries.get(name) != entry]
            changed = [
                {
                    "connection_id": connection_id,
                    "entry": name,
                    **entry._asdict(),
                    "matched_on": matched_on,
                }
                for name, entry in entries.items()
                if stored.get(name) != entry
            ]
            db.execute(
                delete(customer_entries).where(
                    columns.connection_id == connection_id, one_of(db, columns.entry, gone)
                )
            )
            if changed:
                db.execute(insert(customer_entries), changed)
