"""Ages of debts: the bands of days in which they are reported."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from typing import NamedTuple

BUCKETS = ("current", "1-30", "31-60", "61-90", "90+")
"""Days past the due date. `current` is what is not yet past it."""

EDGES_MAX = 12
"""So many bands of one's own there can be, without the last one."""

EDGE_DAYS_MAX = 3_660


def bucket_of(due_on: date, today: date) -> int:
    """Return which of `BUCKETS` a due date falls into."""
    days = (today - due_on).days
    # Due today is current. Bands have 30 days, as aged debt is reported everywhere.
    return 0 if days <= 0 else min(4, 1 + (days - 1) // 30)


class AgeBands(NamedTuple):
    """Bands of days past the due date, or since the issue date."""

    edges: tuple[int, ...] = (30, 60, 90)
    """The last day of each band but the last, which has no end; rising."""
    by_issue_date: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the bands, the youngest first."""
        first = ("0" if self.by_issue_date else "1",)
        starts = (*first, *(str(edge + 1) for edge in self.edges[:-1]))
        named = (
            start if start == str(edge) else f"{start}-{edge}"
            for start, edge in zip(starts, self.edges, strict=True)
        )
        current = () if self.by_issue_date else ("current",)
        return (*current, *named, f"{self.edges[-1]}+")

    def place(self, issued_on: date, due_on: date, today: date) -> int:
        """Return which of the bands an invoice falls into."""
        days = (today - (issued_on if self.by_issue_date else due_on)).days
        if not self.by_issue_date and days <= 0:
            return 0
        band = sum(days > edge for edge in self.edges)
        return band if self.by_issue_date else band + 1


USUAL_BANDS = AgeBands()


def fault_of_edges(edges: Sequence[int]) -> str:
    """Return why numbers cannot be the last days of bands; empty: they can."""
    if not 1 <= len(edges) <= EDGES_MAX:
        return f"an ageing has 1 to {EDGES_MAX} bands of its own, not {len(edges)}"
    if edges[0] < 1 or edges[-1] > EDGE_DAYS_MAX:
        return f"a band ends after 1 to {EDGE_DAYS_MAX:,} days"
    if any(later <= earlier for earlier, later in pairwise(edges)):
        return "each band ends later than the one before it"
    return ""
