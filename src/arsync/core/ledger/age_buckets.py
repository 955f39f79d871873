"""Ages of debts: the bands of days past the due date in which they are reported."""

from __future__ import annotations

from datetime import date

BUCKETS = ("current", "1-30", "31-60", "61-90", "90+")
"""Days past the due date. `current` is what is not yet past it."""


def bucket_of(due_on: date, today: date) -> int:
    """Return which of `BUCKETS` a due date falls into."""
    days = (today - due_on).days
    # Due today is current. Bands have 30 days, as aged debt is reported everywhere.
    return 0 if days <= 0 else min(4, 1 + (days - 1) // 30)
