"""Who had to wait for an application's minute of late, and what of it is kept for them. No I/O."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

CONTENDERS_MAX = 300
"""So many organisations are remembered as having waited. With more, a share is hardly more than a
run needs anyway."""

NEED_CALLS_MIN = 10
"""So many calls of the minute are kept for whoever had to wait: a run with nothing new takes 8."""

NEED_GROWTH = 2
"""Of what somebody called in the last minute, so many times are kept: it may want more."""


class Contender(NamedTuple):
    """An organisation that had to wait for the minute of its application."""

    since: float
    """Since when it waits; 0: it was served."""
    until: float
    """Until when it is remembered."""
    used: int
    """Its calls of the minute when it last asked."""


class Contenders:
    """Contenders by name, counted by when they began to wait and by what they used."""

    __slots__ = ("_ends_first", "_rows", "_since", "_used")

    def __init__(self, rows: Mapping[str, Sequence[Any]] | None = None) -> None:
        """Begin with these."""
        self._keep({name: Contender(*row) for name, row in (rows or {}).items()})

    def _keep(self, rows: dict[str, Contender]) -> None:
        self._rows = rows
        self._since = sorted(row.since for row in rows.values() if row.since > 0)
        self._used = Counter(row.used for row in rows.values())
        self._ends_first = min((row.until for row in rows.values()), default=math.inf)
        """Nobody is to be forgotten before."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._rows)

    def __eq__(self, other: object) -> bool:
        """Compare the rows."""
        return isinstance(other, Contenders) and self._rows == other._rows

    __hash__ = None  # type: ignore[assignment]

    def by_name(self) -> Mapping[str, Contender]:
        """Return all, as they are kept."""
        return self._rows

    def forget(self, now: float) -> None:
        """Forget those who have not asked for a while."""
        if now >= self._ends_first:
            self._keep({name: row for name, row in self._rows.items() if row.until > now})

    def pop(self, name: str) -> Contender | None:
        """Remove one, and return it; None: it is not among them."""
        row = self._rows.pop(name, None)
        if row is not None:
            if row.since > 0:
                del self._since[bisect_left(self._since, row.since)]
            self._used[row.used] -= 1
            if not self._used[row.used]:
                del self._used[row.used]
        return row

    def add(self, name: str, row: Contender) -> None:
        """Add one that is not among them, unless there are too many."""
        if len(self._rows) >= CONTENDERS_MAX:
            return
        self._rows[name] = row
        if row.since > 0:
            insort(self._since, row.since)
        self._used[row.used] += 1
        self._ends_first = min(self._ends_first, row.until)

    def before(self, since: float) -> int:
        """Return how many wait since before a moment."""
        return bisect_left(self._since, since)

    def kept(self, share: int) -> int:
        """Return how many calls are kept for all, of each at most a share."""
        return sum(count * _kept(used, share) for used, count in self._used.items())


@lru_cache(maxsize=4_096)
def _kept(used: int, share: int) -> int:
    """Return how many calls are kept for an organisation beside those that it has made."""
    return max(0, min(share, max(NEED_CALLS_MIN, NEED_GROWTH * used)) - used)
