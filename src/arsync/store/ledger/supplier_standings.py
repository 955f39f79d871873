"""Suppliers with what stands open with them and what is known of them, as rules ask for it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, or_, select

from arsync.core.ledger.agreements.credit_applications import (
    ApplicationState,
    CreditDatum,
    CreditStanding,
)
from arsync.core.ledger.payables import Payable, Supplier
from arsync.core.ledger.records import HeldSince
from arsync.core.ledger.supplier_standing import SupplierStanding, party_id
from arsync.core.rulebook.model import folded
from arsync.store.db.bulk import one_of
from arsync.store.db.credit_tables import credit_applications
from arsync.store.db.database import Database
from arsync.store.db.payable_tables import bill_cursors, suppliers
from arsync.store.db.tables import contacts, held_conditions
from arsync.store.ledger.credit_standings import data_said
from arsync.store.ledger.payables import read_payables


class Suppliers:
    """The table `suppliers`, with what stands open with them and what is known of them."""

    def __init__(self, database: Database) -> None:
        """Work on this database."""
        self._database = database

    def standings(self, connection_id: int) -> list[SupplierStanding] | None:
        """See `read_supplier_standings`."""
        with self._database.read() as db:
            return read_supplier_standings(db, connection_id)


def read_supplier_standings(db: Connection, connection_id: int) -> list[SupplierStanding] | None:
    """Return every supplier, by id, those without a name too; None until all was read once."""
    here = bill_cursors.c.connection_id == connection_id
    if db.scalar(select(bill_cursors.c.completed_at).where(here)) is None:
        return None
    columns = suppliers.c
    query = select(suppliers).where(columns.connection_id == connection_id).order_by(columns.id)
    rows = db.execute(query).all()
    payables: dict[str, list[Payable]] = defaultdict(list)
    for payable in read_payables(db, connection_id):
        payables[payable.supplier.id].append(payable)
    groups = _groups(db, connection_id, [row.own_contact_id for row in rows if row.own_contact_id])
    readings_by_id = _said(db, connection_id, rows)
    held = _held(db, connection_id, [party_id(row.id) for row in rows])
    return [
        SupplierStanding(
            Supplier(row.id, row.name, row.company_name, row.email, row.own_contact_id),
            row.contact_id,
            groups.get(row.own_contact_id, ()),
            tuple(payables[row.id]),
            CreditStanding(row.id, ApplicationState.NONE, readings=tuple(readings_by_id[row.id]))
            if row.id in readings_by_id
            else None,
            held.get(party_id(row.id), {}),
        )
        for row in rows
    ]


def _groups(
    db: Connection, connection_id: int, contact_ids: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    columns = contacts.c
    query = select(columns.id, columns.groups).where(
        columns.connection_id == connection_id, one_of(db, columns.id, contact_ids)
    )
    return {row.id: tuple(row.groups) for row in db.execute(query)} if contact_ids else {}


def _said(db: Connection, connection_id: int, rows: Sequence[Any]) -> dict[str, list[CreditDatum]]:
    """Return what sources said of suppliers, by id: of applications in their names, or theirs."""
    by_contact: dict[str, list[str]] = defaultdict(list)
    by_name: dict[str, list[str]] = defaultdict(list)
    for row in rows:
        for contact_id in {row.own_contact_id, row.contact_id} - {""}:
            by_contact[contact_id].append(row.id)
        for name in {row.name, row.company_name} - {""}:
            by_name[folded(name)].append(row.id)
    columns = credit_applications.c
    query = select(columns.id, columns.contact_id, columns.folded_name).where(
        columns.connection_id == connection_id,
        or_(
            one_of(db, columns.contact_id, sorted(by_contact)),
            one_of(db, columns.folded_name, sorted(by_name)),
        ),
    )
    about: Mapping[int, set[str]] = {
        row.id: {*by_contact[row.contact_id], *by_name[row.folded_name]}
        for row in db.execute(query.order_by(columns.id))
    }
    readings_by_id: dict[str, list[CreditDatum]] = defaultdict(list)
    for number, readings in data_said(db, {number: str(number) for number in about}, None).items():
        for supplier_id in about[int(number)]:
            readings_by_id[supplier_id] += readings
    return dict(readings_by_id)


def _held(
    db: Connection, connection_id: int, subjects: Sequence[str]
) -> dict[str, dict[str, HeldSince]]:
    columns = held_conditions.c
    query = select(columns.condition, columns.subject, columns.since, columns.unsure_since).where(
        columns.connection_id == connection_id, one_of(db, columns.subject, subjects)
    )
    held: dict[str, dict[str, HeldSince]] = defaultdict(dict)
    for row in db.execute(query):
        held[row.subject][row.condition] = HeldSince(row.since, row.unsure_since)
    return held
