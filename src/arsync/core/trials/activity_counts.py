"""Tallies: a rulebook's actions, counted by day, by customer, and against the safety limits."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any, NamedTuple

from arsync.core.actions import Action
from arsync.core.actions.registry import KINDS
from arsync.core.rulebook.model import Safety

CUSTOMERS_KEPT_MAX = 20
"""How many customers are named: those with the most actions."""

COUNTED = {kind: row.counted_as for kind, row in KINDS.items() if row.counted_as}
"""The name under which each kind is counted. Terms are counted with their hold."""

COLUMNS = tuple(COUNTED.values())

_LIMITS = {
    row.counted_as: row.safety_limit
    for row in KINDS.values()
    if row.counted_as and row.safety_limit
}


class Touched(NamedTuple):
    """One customer, and how often it is touched."""

    contact_id: str
    contact_name: str
    counts: tuple[int, ...]
    """In the order of `COLUMNS`."""

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        counts = {_word(name): n for name, n in zip(COLUMNS, self.counts, strict=True)}
        return {"contact": {"id": self.contact_id, "name": self.contact_name}, **counts}


class Peak(NamedTuple):
    """The busiest day of one kind, against the limit of `safety`."""

    name: str
    highest: int
    on: date | None
    """The first day with the highest count; None when there is none at all."""
    limit: int
    days_over: int
    """On how many days the limit would stop everything until a person looks."""

    def as_json(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "of": _word(self.name),
            "peak": self.highest,
            "on": self.on.isoformat() if self.on else None,
            "safety_limit": self.limit,
            "days_over": self.days_over,
        }


class ActivityCounts:
    """Counts while accounts stream through. As large as the days, however many the accounts."""

    def __init__(self) -> None:
        """Start empty."""
        self.days: dict[date, Counter[str]] = {}
        self.totals: Counter[str] = Counter()
        self.approvals = 0
        """How many of the actions ask a person first."""
        self.customers = 0
        """How many customers are touched at all."""
        self._most: list[tuple[tuple[int, ...], str, Touched]] = []

    def add(self, done: Iterable[tuple[date, Action]]) -> None:
        """Count everything done to one account."""
        by_contact: dict[str, tuple[str, Counter[str]]] = {}
        for day, action in done:
            name = COUNTED.get(action.kind)
            if name is None:
                continue
            self.days.setdefault(day, Counter())[name] += 1
            self.totals[name] += 1
            self.approvals += action.needs_approval
            _, counts = by_contact.setdefault(action.contact_id, (action.contact_name, Counter()))
            counts[name] += 1
        for contact_id, (contact_name, counts) in by_contact.items():
            touched = Touched(contact_id, contact_name, tuple(counts[column] for column in COLUMNS))
            self._remember(touched, counts)

    def _remember(self, touched: Touched, counts: Counter[str]) -> None:
        self.customers += 1
        reached = counts["messages"] + counts["letters"]
        weight = (reached, counts["holds"], counts["tasks"], counts["late fees"])
        # The id breaks ties, so that the same ledger always names the same customers.
        entry = (weight, touched.contact_id, touched)
        if len(self._most) < CUSTOMERS_KEPT_MAX:
            # A heap of the few that are shown: a ledger may have a million customers.
            heapq.heappush(self._most, entry)
        else:
            heapq.heappushpop(self._most, entry)

    def most(self) -> list[Touched]:
        """Return the customers touched most, the most first."""
        ordered = sorted(self._most, key=lambda entry: entry[1])
        return [entry for _, _, entry in sorted(ordered, key=lambda entry: entry[0], reverse=True)]

    def peaks(self, safety: Safety) -> list[Peak]:
        """Return the busiest days against the limits."""
        peaks = []
        for name, field in _LIMITS.items():
            limit: int = getattr(safety, field)
            counts = {day: counted[name] for day, counted in self.days.items() if counted[name]}
            most = max(counts.values(), default=0)
            on = min((day for day, count in counts.items() if count == most), default=None)
            over = sum(count > limit for count in counts.values())
            peaks.append(Peak(name, most, on, limit, over))
        return peaks

    def by_day(self, first: date, last: date) -> list[tuple[date, tuple[int, ...]]]:
        """Return every day's counts, in the order of `COLUMNS`, days of rest included."""
        none: Counter[str] = Counter()
        return [
            (day, tuple(self.days.get(day, none)[name] for name in COLUMNS))
            for ahead in range((last - first).days + 1)
            for day in [first + timedelta(ahead)]
        ]

    def as_json(self, first: date, last: date, safety: Safety) -> dict[str, Any]:
        """Return everything for JSON."""
        return {
            "totals": {_word(name): self.totals[name] for name in COLUMNS},
            "approvals": self.approvals,
            "customers_touched": self.customers,
            "peaks": [peak.as_json() for peak in self.peaks(safety)],
            "days": [
                {
                    "day": day.isoformat(),
                    **{_word(name): n for name, n in zip(COLUMNS, counts, strict=True)},
                }
                for day, counts in self.by_day(first, last)
            ],
            "touched_most": [touched.as_json() for touched in self.most()],
        }


def _word(name: str) -> str:
    return name.replace(" ", "_")
