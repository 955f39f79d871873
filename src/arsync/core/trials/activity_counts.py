"""Tallies: a rulebook's actions, counted by day, by customer, and against the safety limits."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

from msgspec import Struct

from arsync.core.actions import Action
from arsync.core.actions.registry import KINDS
from arsync.core.planning.plan_views import NamedView, RulebookView, rulebook_view
from arsync.core.rulebook.model import Rulebook, Safety

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


class Peak(NamedTuple):
    """The busiest day of one kind, against the limit of `safety`."""

    name: str
    highest: int
    on: date | None
    """The first day with the highest count; None when there is none at all."""
    limit: int
    days_over: int
    """On how many days the limit would stop everything until a person looks."""


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


class PeakView(Struct, frozen=True):
    """The JSON view of the busiest day of one kind."""

    of: str
    peak: int
    on: date | None
    safety_limit: int
    days_over: int


class ActivityView(Struct, frozen=True, kw_only=True):
    """The JSON view of one rulebook's activity.

    The kinds of action name what is counted, so a day and a customer are mappings.
    """

    rulebook: RulebookView
    totals: Mapping[str, int]
    approvals: int
    customers_touched: int
    peaks: tuple[PeakView, ...]
    days: tuple[Mapping[str, date | int], ...]
    touched_most: tuple[Mapping[str, NamedView | int], ...]


def activity_view(
    activity: ActivityCounts, rulebook: Rulebook, first: date, last: date
) -> ActivityView:
    """Return the JSON view of one rulebook's activity from the first day to the last."""
    return ActivityView(
        rulebook=rulebook_view(rulebook),
        totals=by_word(activity.totals),
        approvals=activity.approvals,
        customers_touched=activity.customers,
        peaks=tuple(
            PeakView(_word(peak.name), peak.highest, peak.on, peak.limit, peak.days_over)
            for peak in activity.peaks(rulebook.safety)
        ),
        days=tuple(
            {"day": day, **by_word(dict(zip(COLUMNS, counts, strict=True)))}
            for day, counts in activity.by_day(first, last)
        ),
        touched_most=tuple(
            {
                "contact": NamedView(touched.contact_id, touched.contact_name),
                **by_word(dict(zip(COLUMNS, touched.counts, strict=True))),
            }
            for touched in activity.most()
        ),
    )


def by_word(counts: Mapping[str, int]) -> dict[str, int]:
    """Return all that is counted, zeros included: `late fees` as `late_fees`."""
    return {_word(name): counts.get(name, 0) for name in COLUMNS}


def _word(name: str) -> str:
    return name.replace(" ", "_")
