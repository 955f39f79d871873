"""The tables of policy in the making: drafts of rulebooks, and what trying them showed."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text

from arsync.store.db.column_types import Moment
from arsync.store.db.tables import metadata

rules_drafts = Table(
    "rules_drafts",
    metadata,
    # One at a time: two people who write at once work on the same draft.
    Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
    # The live text that it was begun from and the text itself, each a packed `RulesText`.
    Column("base", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    Column("saved_by", Text, nullable=False),
    Column("saved_at", Moment, nullable=False),
)
"""Rulebooks that somebody writes; nobody goes by them."""


def _requests(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("connection_id", Integer, ForeignKey("connections.id"), primary_key=True),
        # Of what was looked at: another text is another request.
        Column("draft_hash", Text, nullable=False),
        Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
        Column("who", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("asked_at", Moment, nullable=False),
    )


live_requests = _requests("live_requests")
"""The first of two people who put a draft live."""

push_requests = _requests("push_requests")
"""The first of two people who push the same text."""

tries = Table(
    "tries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("connection_id", Integer, ForeignKey("connections.id"), nullable=False),
    Column("kind", Text, nullable=False),
    # How it is played, as JSON.
    Column("settings", Text, nullable=False),
    Column("title", Text, nullable=False, server_default=""),
    # The draft that is tried, packed, and what tells it from others; NULL: the live rulebook.
    Column("rules", LargeBinary),
    Column("rules_hash", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    # The process that plays it. It says again and again that it is alive: one that was killed
    # cannot say that it is dead.
    Column("worker", Text, nullable=False),
    Column("beat_at", Moment, nullable=False),
    Column("ended_at", Moment),
    Column("customers_done", Integer, nullable=False, server_default="0"),
    Column("customers", Integer, nullable=False, server_default="0"),
    Column("problem", Text, nullable=False, server_default=""),
    # JSON, packed.
    Column("result", LargeBinary),
    Index(None, "connection_id", "id"),
)
"""Rulebooks that are played on a ledger, outside of any request."""
