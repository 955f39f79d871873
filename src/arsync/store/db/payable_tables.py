"""The tables of bills: read for rulebooks that ask what is owed to customers."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, Table, Text

from arsync.store.db.column_types import Amount, Id, Moment, Rate
from arsync.store.db.tables import metadata

open_bills = Table(
    "open_bills",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("id", Id, primary_key=True),
    # Empty: not even that could be read.
    Column("supplier_id", Id, nullable=False),
    Column("supplier_name", Text, nullable=False),
    Column("company_name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("number", Text, nullable=False),
    Column("issued_on", Date),
    Column("due_on", Date),
    Column("currency", Text, nullable=False),
    Column("rate", Rate),
    # NULL: the bill could not be read, for the reason in `problem`.
    Column("amount_due", Amount),
    Column("problem", Text, nullable=False),
    # The customer of the same record; empty where the platform keeps two.
    Column("own_contact_id", Id, nullable=False),
    # The customer that is the same party: of the same record, or because the rulebook says so.
    Column("contact_id", Id, nullable=False),
    # A customer with the supplier's name or address, of whom nobody has said so.
    Column("likely_contact_id", Id, nullable=False),
    # The whole reading that showed it last.
    Column("whole", Text, nullable=False),
    Index(None, "connection_id", "contact_id"),
    Index(None, "connection_id", "likely_contact_id"),
)
"""Suppliers' bills on which something is owed; a bill that is paid leaves."""

bill_cursors = Table(
    "bill_cursors",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("cursor", Text, nullable=False),
    # NULL: no reading was completed yet.
    Column("completed_at", Moment),
)
"""How far the bills of each connection are read."""
