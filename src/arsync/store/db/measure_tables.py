"""The tables of measures: what was known on each day, and which goals were missed."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Date, ForeignKey, Integer, Table, Text

from arsync.store.db.column_types import Id, Moment
from arsync.store.db.tables import metadata

measure_snapshots = Table(
    "measure_snapshots",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("day", Date, primary_key=True),
    Column("currency", Text, primary_key=True),
    # Converted from all currencies.
    Column("in_base", Boolean, primary_key=True),
    # Added up later from the documents, for a day on which nobody looked; false: by a run of the
    # day itself, from what was known then.
    Column("recomputed", Boolean, nullable=False),
    # `Figures`, as JSON.
    Column("figures", Text, nullable=False),
    Column("taken_at", Moment, nullable=False),
)
"""The measures of a whole ledger, by day and currency."""

goal_misses = Table(
    "goal_misses",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    Column("measure", Text, primary_key=True),
    # Its first day.
    Column("month", Date, primary_key=True),
    Column("missed_on", Date, nullable=False),
    # Decimal digits, as texts: SQLite would make floats of them.
    Column("figure", Text, nullable=False),
    Column("goal", Text, nullable=False),
    # The day of the mail that told of it; NULL: none has.
    Column("told_on", Date),
)
"""Goals that were missed: one row for each month and goal."""

trial_arms = Table(
    "trial_arms",
    metadata,
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    # The name of the cadence that is tried.
    Column("trial", Text, primary_key=True),
    # The debtor: a parent with all its children, or a contact alone.
    Column("contact_id", Id, primary_key=True),
    # Whether it gets the cadence that is tried, in place of its own.
    Column("is_tried", Boolean, nullable=False),
    Column("since", Date, nullable=False),
)
"""To which half of a trial each customer belongs, from its first day in the trial."""
