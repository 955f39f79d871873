"""The tables of people: who may sign in, as what, from where, and what they did.

Secrets are never in them: a password is a hash of argon2, a session, a link and a token of the API
are the SHA-256 of 32 random bytes, and the secret of a second factor is encrypted as tokens are.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    false,
    true,
)

from arsync.store.db.column_types import Amount, Moment
from arsync.store.db.tables import metadata

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, server_default=""),
    # In small letters: an address names one person however it is typed.
    Column("email", Text, nullable=False, unique=True),
    # Empty: signs in by the identity provider alone, or was invited and has chosen none yet.
    Column("password_hash", Text, nullable=False, server_default=""),
    Column("totp_key", LargeBinary),
    # The time step of the last code: one code opens one session.
    Column("totp_step", BigInteger, nullable=False, server_default="0"),
    # As the identity provider names them; empty: not by one.
    Column("oidc_subject", Text, nullable=False, server_default=""),
    Column("locale", Text, nullable=False, server_default=""),
    Column("theme", Text, nullable=False, server_default="auto"),
    Column("shortcuts", Text, nullable=False, server_default="on"),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
)
"""People who may sign in."""

user_roles = Table(
    "user_roles",
    metadata,
    Column("user_id", Integer, ForeignKey("users.id"), primary_key=True),
    # `all`, `connection` with its number, or `label` with the label.
    Column("scope", Text, primary_key=True),
    Column("scope_value", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("sees_amounts", Boolean, nullable=False, server_default=true()),
    # In the organisation's currency; NULL: no limit.
    Column("approves_up_to", Amount),
)
"""What somebody is, and to which connections."""

sign_in_tries = Table(
    "sign_in_tries",
    metadata,
    # Of the address that was typed or of the network it came from, hashed: who mistypes a password
    # into the field of the address must not find it kept here.
    Column("key", Text, primary_key=True),
    Column("failed", Integer, nullable=False),
    Column("began_at", Moment, nullable=False),
)
"""Failed tries to sign in, by whom and from where."""

web_sessions = Table(
    "web_sessions",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("agent", Text, nullable=False, server_default=""),
    Column("address", Text, nullable=False, server_default=""),
    # A password was right, and the second factor is still asked for.
    Column("half_open", Boolean, nullable=False, server_default=false()),
    # What the next page says, once: "Recorded."
    Column("message", Text, nullable=False, server_default=""),
)
"""Signed-in browsers; a row that is gone is signed out."""

one_time_links = Table(
    "one_time_links",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("user_id", Integer, ForeignKey("users.id")),
    Column("made_by", Text, nullable=False, server_default=""),
    # What an attempt to connect needs when the browser comes back: state and verifier, encrypted.
    Column("kept", LargeBinary),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)
"""Links that open once: the first owner, an invitation, a new password, an authorisation."""

api_tokens = Table(
    "api_tokens",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("token_hash", Text, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment),
    Column("last_used_at", Moment),
    Column("revoked_at", Moment),
)
"""By which programs act for a person; never more than the person may."""

audit_log = Table(
    "audit_log",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False, index=True),
    Column("who", Text, nullable=False),
    # desk, api, command line, schedule
    Column("source", Text, nullable=False),
    Column("address", Text, nullable=False, server_default=""),
    Column("connection_id", Integer, ForeignKey("connections.id")),
    # The use case, as the table of permissions names it or more closely: "approve actions".
    Column("what", Text, nullable=False),
    # A customer, an action's key, a person.
    Column("about", Text, nullable=False, server_default=""),
    Column("words", Text, nullable=False, server_default=""),
    Column("rules_hash", Text, nullable=False, server_default=""),
    Index(None, "connection_id", "at"),
)
"""What people changed, and from where. Nothing in it is ever edited."""

form_answers = Table(
    "form_answers",
    metadata,
    Column("user_id", Integer, ForeignKey("users.id"), primary_key=True),
    Column("form_id", Text, primary_key=True),
    # Of what was sent: another content under the same number is another form.
    Column("digest", Text, nullable=False),
    Column("begun_at", Moment, nullable=False),
    # Where the browser was sent; empty while it is being answered.
    Column("location", Text, nullable=False, server_default=""),
    Column("message", Text, nullable=False, server_default=""),
    Index(None, "begun_at"),
)
"""Answers to forms: a second click gets the first one's."""

first_approvals = Table(
    "first_approvals",
    metadata,
    Column("action_key", Text, ForeignKey("actions.key"), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    # Of what was seen: an action whose amount changed since needs two again.
    Column("digest", Text, nullable=False),
)
"""The first of two approvals, where an amount is above what one person may approve."""

__all__ = [
    "api_tokens",
    "audit_log",
    "first_approvals",
    "form_answers",
    "one_time_links",
    "sign_in_tries",
    "user_roles",
    "users",
    "web_sessions",
]
