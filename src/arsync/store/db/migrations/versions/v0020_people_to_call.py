"""Telephone numbers and names of people to speak to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.db.column_types import Phones, Texts

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    """Make the columns; they fill when the connector reads the contacts in full again."""
    for name, kind in (("people", Texts()), ("phones", Phones())):
        op.add_column("contacts", sa.Column(name, kind, server_default="", nullable=False))
