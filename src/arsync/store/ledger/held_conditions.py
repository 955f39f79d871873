"""Since when conditions have held, as accounts are read with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from arsync.core.ledger.held_since import family_subject
from arsync.core.ledger.records import Account, HeldSince
from arsync.store.db.bulk import one_of
from arsync.store.db.tables import held_conditions

EVERYBODY = ""
"""In place of a subject: since when the condition is looked at at all."""


class HeldStates(NamedTuple):
    """What is known of some contacts and invoices."""

    by_subject: dict[str, dict[str, HeldSince]]
    watched: frozenset[str]

    def about(self, account: Account) -> Account:
        """Return the account with what is known of it."""
        if not self.watched:
            return account
        subjects = {family_subject(account), *(contact.id for contact in account.contacts)}
        subjects.update(invoice.id for invoice in account.invoices)
        return account._replace(
            held_since={
                (condition, subject): state
                for subject in subjects
                for condition, state in self.by_subject.get(subject, {}).items()
            },
            watched=self.watched,
        )


NOTHING_HELD = HeldStates({}, frozenset())


def read_held_conditions(
    db: Connection, connection_id: int, contact_ids: Sequence[str], invoice_ids: Sequence[str]
) -> HeldStates:
    """Return since when conditions have held for these contacts, their families and invoices."""
    columns = held_conditions.c
    families = [f"family {contact_id}" for contact_id in contact_ids]
    subjects = [EVERYBODY, *contact_ids, *families, *invoice_ids]
    query = select(columns.condition, columns.subject, columns.since, columns.unsure_since).where(
        columns.connection_id == connection_id, one_of(db, columns.subject, subjects)
    )
    by_subject: dict[str, dict[str, HeldSince]] = {}
    watched: set[str] = set()
    for row in db.execute(query):
        if row.subject == EVERYBODY:
            watched.add(row.condition)
        else:
            state = HeldSince(row.since, row.unsure_since)
            by_subject.setdefault(row.subject, {})[row.condition] = state
    return HeldStates(by_subject, frozenset(watched))
