"""Grace: the days after an agreed one in which money still comes in time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from arsync.core.ledger.business_days import Calendar

InTimeUntil = Callable[[date], date]
"""The last day on which money that was agreed for a day comes in time."""

GRACE_DAYS = 3
"""So many business days a bank takes, unless the rulebook says otherwise."""

GRACE_DAYS_MAX = 60
"""The longest grace, in days."""

NO_HOLIDAYS = Calendar(frozenset(range(5)), lambda _: False)
"""Monday to Friday, where no public holidays are known."""


class Grace(NamedTuple):
    """So many days that money may come after the agreed one."""

    days: int = GRACE_DAYS
    in_business_days: bool = True

    def last_day(self, agreed_on: date, calendar: Calendar = NO_HOLIDAYS) -> date:
        """Return the last day on which the money comes in time; the agreed day without a grace."""
        if not self.in_business_days:
            return agreed_on + timedelta(self.days)
        day = agreed_on
        for _ in range(self.days):
            day = calendar.next_open(day + timedelta(1))
        return day


USUAL_GRACE = Grace()
