"""The tables of credit: applications, what was learnt about the applicants, and what was decided.

They are about businesses that may be no contact of any ledger yet, and a rebuild of the copy keeps
them.
"""

from __future__ import annotations

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, Table, Text

from arsync.store.db.column_types import Amount, Id, Moment
from arsync.store.db.tables import metadata


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, server_default="")


credit_applications = Table(
    "credit_applications",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    # Empty while the applicant is no contact of the ledger.
    Column("contact_id", Id, nullable=False, server_default=""),
    Column("name", Text, nullable=False),
    # The name as it is compared: a contact that comes to be called so is the applicant.
    Column("folded_name", Text, nullable=False),
    Column("applied_on", Date, nullable=False),
    _text("registration_number"),
    _text("vat_number"),
    _text("country"),
    Column("limit_asked", Amount),
    _text("currency"),
    _text("terms_asked"),
    Column("trading_since", Date),
    # A JSON list of name, role and email.
    Column("people", Text, nullable=False, server_default="[]"),
    _text("signed_file"),
    _text("signed_sha256"),
    Column("signed_on", Date),
    _text("signed_version"),
    # The day on which the applicant agreed that its references are asked.
    Column("consented_on", Date),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Index(None, "connection_id", "contact_id"),
    Index(None, "connection_id", "folded_name"),
)
"""Applications for credit; a business may have several, the latest is the one that counts."""

credit_references = Table(
    "credit_references",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("application_id", Integer, ForeignKey("credit_applications.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    _text("email"),
    Column("asked_on", Date),
    # NULL: nobody answered yet.
    Column("answer", Text),
    Column("answered_on", Date),
    Column("highest_credit", Amount),
    _text("words"),
    _text("known_for"),
    Column("limit_granted", Amount),
    _text("pays"),
    # The letters that ask it, by their keys in `actions`; empty: there is none.
    Column("letter_key", Id, nullable=False, server_default=""),
    Column("reminder_key", Id, nullable=False, server_default=""),
    # How many letters were ever meant for it, withdrawn ones too: each has a key of its own.
    Column("letters", Integer, nullable=False, server_default="0"),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Index(None, "application_id"),
)
"""Banks and suppliers who are asked about an applicant, and what they answered."""

credit_data = Table(
    "credit_data",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("application_id", Integer, ForeignKey("credit_applications.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("value", Text, nullable=False),
    # The adapter, or the source that a person or a file named.
    Column("source", Text, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Index(None, "application_id"),
)
"""What sources outside said, each of its day; nothing is overwritten."""

credit_decisions = Table(
    "credit_decisions",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("application_id", Integer, ForeignKey("credit_applications.id"), nullable=False),
    Column("outcome", Text, nullable=False),
    # `limit` is a word of SQL.
    Column("credit_limit", Amount),
    _text("currency"),
    Column("until", Date),
    Column("review_on", Date),
    _text("terms"),
    _text("rule"),
    _text("file"),
    Column("line", Integer, nullable=False, server_default="0"),
    # What it rested on, as JSON.
    Column("facts", Text, nullable=False, server_default="{}"),
    _text("reason"),
    Column("decided_on", Date, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", Moment, nullable=False),
    # The first of two people; empty: one was enough.
    _text("first_approved_by"),
    _text("ended_by"),
    _text("ended_why"),
    Column("ended_at", Moment),
    Index(None, "connection_id"),
    Index(None, "application_id"),
)
"""Decisions about applications; the latest that is not ended counts."""

credit_approvals = Table(
    "credit_approvals",
    metadata,
    Column("application_id", Integer, ForeignKey("credit_applications.id"), primary_key=True),
    # What was approved, in short: another limit or outcome is another decision.
    Column("digest", Text, nullable=False),
    Column("user_id", Integer, nullable=False),
    Column("approved_by", Text, nullable=False),
    Column("approved_at", Moment, nullable=False),
)
"""First approvals of two, above what somebody may decide alone."""
