"""Calls of the last minute by when they left, counted without looking at each of them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

MINUTE_SECONDS = 60.0
APART_SECONDS = 1.0
"""Calls that left so recently are kept apart: some platforms count the calls of a second."""

Moment = tuple[float, int]
"""When calls left at the latest, in seconds, and how many they were."""

_AT = itemgetter(0)


class CallWindow:
    """Moments in order, with their total."""

    __slots__ = ("_joined", "_moments", "_total")

    def __init__(self, moments: Iterable[Sequence[float]] = ()) -> None:
        """Begin with these moments, in any order."""
        rows = [(float(at), int(calls)) for at, calls in moments]
        self._moments: list[Moment] = sorted(rows, key=_AT)
        self._total = sum(calls for _, calls in self._moments)
        self._joined = 0
        """So many of the first were joined by second already."""

    def __iter__(self) -> Iterator[Moment]:
        """Go through the moments, the oldest first."""
        return iter(self._moments)

    def __eq__(self, other: object) -> bool:
        """Compare the moments."""
        return isinstance(other, CallWindow) and self._moments == other._moments

    __hash__ = None  # type: ignore[assignment]

    def add(self, at: float, calls: int) -> None:
        """Note calls that left at a moment; most come in order."""
        moments = self._moments
        if moments and at < moments[-1][0]:
            place = bisect_right(moments, at, key=_AT)
            moments.insert(place, (at, calls))
            self._joined = min(self._joined, place)
        else:
            moments.append((at, calls))
        self._total += calls

    def forget(self, now: float, latest: float) -> None:
        """Drop what left more than a minute ago, and join the calls of a second.

        Args:
            now: seconds on the window's clock.
            latest: no moment is later; one that is was noted before the clock was set back.
        """
        moments = self._moments
        ahead = 0
        while moments and moments[-1][0] > latest:
            ahead += moments.pop()[1]
        if ahead:
            moments.append((latest, ahead))
            self._joined = min(self._joined, len(moments) - 1)
        gone = 0
        while gone < len(moments) and moments[gone][0] <= now - MINUTE_SECONDS:
            self._total -= moments[gone][1]
            gone += 1
        if gone:
            del moments[:gone]
            self._joined = max(0, self._joined - gone)
        self._join(now)

    def _join(self, now: float) -> None:
        moments, joined = self._moments, self._joined
        while joined < len(moments) and now - moments[joined][0] > APART_SECONDS:
            at, calls = moments[joined]
            if joined and int(at) == int(moments[joined - 1][0]):
                # One entry a second, at the later moment: neither leaves a window too early.
                moments[joined - 1] = (at, moments[joined - 1][1] + calls)
                del moments[joined]
            else:
                joined += 1
        self._joined = joined

    def within(self, since: float) -> int:
        """Return how many calls left after a moment."""
        moments = self._moments
        if not moments or moments[0][0] > since:
            return self._total
        if moments[-1][0] <= since:
            return 0
        first = bisect_right(moments, since, key=_AT)
        return sum(calls for _, calls in moments[first:])
