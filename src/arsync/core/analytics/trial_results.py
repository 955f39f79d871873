"""Two cadences side by side: how their customers paid, with intervals where there is enough.

The customers of a trial are split by a hash, whatever they do, so that what differs between the
halves is the cadence, or chance. Of each customer one invoice counts, the first that fell due since
the customer is in the trial: several of one customer say the same thing several times. It counts
for the half of its customer whether or not any message left for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, tzinfo
from decimal import Decimal
from typing import NamedTuple

from msgspec import Struct

from arsync.core.analytics.proportions import METHOD, newcombe, wilson
from arsync.core.analytics.step_outcomes import CASES_MIN, HORIZONS
from arsync.core.ledger.as_of import as_it_stood, with_paid_days
from arsync.core.ledger.records import Account, DocumentStatus


class TrialArm(NamedTuple):
    """To which half of a trial a customer belongs."""

    trial: str
    """The name of the cadence that is tried."""
    contact_id: str
    """The debtor: a parent with all its children, or a contact alone."""
    is_tried: bool
    """Whether it gets the cadence that is tried, in place of its own."""
    since: date


class TrialShare(Struct, frozen=True):
    """How many of one half paid, with an interval of 95 %; with six places."""

    customers: int
    paid: int
    percent: Decimal
    low: Decimal
    high: Decimal


class TrialWithin(Struct, frozen=True, kw_only=True):
    """How the halves paid within some days of the due date.

    None: not known; `why_unknown` says why.
    """

    days: int
    customers_own: int
    customers_tried: int
    own: TrialShare | None
    tried: TrialShare | None
    difference: Decimal | None
    """Tried less own, in percentage points."""
    low: Decimal | None
    high: Decimal | None
    why_unknown: str = ""


class TrialResult(Struct, frozen=True, kw_only=True):
    """A trial, and what came of it."""

    trial: str
    of: str
    """The cadence that it stands beside; empty: the rulebook does not say any more."""
    since: date
    """The day of the first customer."""
    method: str
    within: tuple[TrialWithin, ...]


class TrialResults:
    """Collects what came of trials, account by account."""

    def __init__(
        self,
        arms: Iterable[TrialArm],
        day: date,
        *,
        zone: tzinfo,
        beside: Mapping[str, str],
    ) -> None:
        """Begin with nothing.

        Args:
            arms: as they were recorded.
            day: nothing that happened later counts.
            zone: the organisation's.
            beside: by the name of a trial, the cadence that it stands beside.
        """
        self._day = day
        self._zone = zone
        self._beside = beside
        self._arms: dict[str, list[TrialArm]] = {}
        self._since: dict[str, date] = {}
        for arm in arms:
            if arm.since <= day:
                self._arms.setdefault(arm.contact_id, []).append(arm)
                self._since[arm.trial] = min(arm.since, self._since.get(arm.trial, arm.since))
        self._paid_after: dict[tuple[str, bool], list[tuple[int, int | None]]] = {}
        """By half: how long each customer's invoice was looked at, and after how long it was paid;
        both in days from its due date."""

    def add(self, account: Account) -> None:
        """Add an account, with all its documents, as it is now."""
        arms = self._arms.get(account.contacts[0].id, ())
        if not arms:
            return
        stood = as_it_stood(with_paid_days(account), self._day, zone=self._zone)
        for arm in arms:
            due = [
                invoice
                for invoice in stood.invoices
                if arm.since <= invoice.due_on <= self._day
                and invoice.status in {DocumentStatus.OPEN, DocumentStatus.PAID}
            ]
            if not due:
                continue
            first = min(due, key=lambda invoice: (invoice.due_on, invoice.id))
            paid = first.status == DocumentStatus.PAID and first.paid_on is not None
            after = (first.paid_on - first.due_on).days if paid and first.paid_on else None
            half = self._paid_after.setdefault((arm.trial, arm.is_tried), [])
            half.append(((self._day - first.due_on).days, after))

    def results(self) -> list[TrialResult]:
        """Return what came of each trial, by name."""
        return [
            TrialResult(
                trial=trial,
                of=self._beside.get(trial, ""),
                since=self._since[trial],
                method=METHOD,
                within=tuple(self._within(trial, days) for days in HORIZONS),
            )
            for trial in sorted(self._since)
        ]

    def _within(self, trial: str, days: int) -> TrialWithin:
        own, tried = (self._counted(trial, days, is_tried=is_tried) for is_tried in (False, True))
        few = min(own[1], tried[1])
        is_enough = few >= CASES_MIN
        difference = newcombe(*tried, *own) if is_enough else None
        too_few = f"{few} customers on one side were due for {days} days; {CASES_MIN} are needed"
        return TrialWithin(
            days=days,
            customers_own=own[1],
            customers_tried=tried[1],
            own=_share(*own) if is_enough else None,
            tried=_share(*tried) if is_enough else None,
            difference=difference.percent if difference else None,
            low=difference.low if difference else None,
            high=difference.high if difference else None,
            why_unknown="" if is_enough else too_few,
        )

    def _counted(self, trial: str, days: int, *, is_tried: bool) -> tuple[int, int]:
        """Return how many of a half paid within days, and how many there are."""
        half = self._paid_after.get((trial, is_tried), ())
        complete = [after for looked_at, after in half if looked_at >= days]
        return sum(after is not None and after <= days for after in complete), len(complete)


def _share(paid: int, customers: int) -> TrialShare:
    share = wilson(paid, customers)
    return TrialShare(customers, paid, share.percent, share.low, share.high)
