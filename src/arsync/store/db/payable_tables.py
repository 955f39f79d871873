"""The tables of payables: read for rulebooks that ask what is owed to suppliers."""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, Table, Text

from arsync.store.db.column_types import Amount, Id, Moment, Rate
from arsync.store.db.tables import metadata

suppliers = Table(
    "suppliers",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("id", Id, primary_key=True),
    # Empty: only payables that could not be read name it. Without an id they name nobody.
    Column("name", Text, nullable=False),
    Column("company_name", Text, nullable=False),
    Column("email", Text, nullable=False),
    # The customer of the same record; empty where the platform keeps two.
    Column("own_contact_id", Id, nullable=False),
    # The customer that is the same party: of the same record, or because the rulebook says so.
    Column("contact_id", Id, nullable=False),
    # A customer with the supplier's name or address, of whom nobody has said so.
    Column("likely_contact_id", Id, nullable=False),
    Index(None, "connection_id", "contact_id"),
    Index(None, "connection_id", "likely_contact_id"),
)
"""Whose bills and credits were read; one whose last bill is paid stays."""

payables = Table(
    "payables",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("id", Id, primary_key=True),
    # Empty: not even that could be read.
    Column("supplier_id", Id, nullable=False),
    Column("number", Text, nullable=False),
    Column("issued_on", Date),
    Column("due_on", Date),
    Column("currency", Text, nullable=False),
    Column("rate", Rate),
    # NULL: it could not be read, for the reason in `problem`, or the platform does not say.
    Column("amount", Amount),
    # Which kind of credit; NULL: a bill.
    Column("credit", Text),
    Column("problem", Text, nullable=False),
    # The whole reading that showed it last.
    Column("whole", Text, nullable=False),
    Index(None, "connection_id", "supplier_id"),
)
"""Bills on which something is owed, and credits of which something is left; the others leave."""

bill_cursors = Table(
    "bill_cursors",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("cursor", Text, nullable=False),
    # NULL: no reading was completed yet.
    Column("completed_at", Moment),
)
"""How far the payables of each connection are read."""
