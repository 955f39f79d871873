"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from arsync.store.column_types import Allocations, Amount, Id, Moment, Rate, TextMap, Texts

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make every table."""


gentle
standard
strict
