"""What Alembic runs: on the connection, and inside the transaction, that opened the store."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
