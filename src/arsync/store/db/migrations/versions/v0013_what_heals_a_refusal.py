"""What heals a refusal."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the columns; refusals that stand already are final, as they were."""
    for name in ("heals_when", "heals_mark"):
        op.add_column("actions", sa.Column(name, sa.Text(), nullable=False, server_default=""))
