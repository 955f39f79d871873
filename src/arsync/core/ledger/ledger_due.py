"""What a whole ledger is due, day by day: one sum a day, whatever becomes of single customers."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, tzinfo
from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from arsync.core.ledger.as_of import documents_as_they_stood, event_days
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, Invoice, is_owed


class _Due(NamedTuple):
    """What is due on some documents, in the currency of the books."""

    amount: Decimal = ZERO
    unrated: int = 0
    """So many of them have no exchange rate: then the amount is not all of it."""

    def plus(self, other: _Due) -> _Due:
        return _Due(self.amount + other.amount, self.unrated + other.unrated)

    def less(self, other: _Due) -> _Due:
        return _Due(self.amount - other.amount, self.unrated - other.unrated)


_NOTHING = _Due()


class LedgerDue:
    """What is due on all open invoices of a ledger, on each day from a first to a last.

    Accounts are added one by one, and of each only the days on which its sum changes are kept: the
    size is that of the days, not of the ledger. No unapplied cash is taken off.
    """

    def __init__(self, first: date, last: date, base: str) -> None:
        """Begin with no account; `base` is the currency of the books."""
        self._first = first
        self._last = last
        self._base = base
        self._changes: dict[date, _Due] = {}
        self._summed: tuple[list[date], list[_Due]] | None = None

    @classmethod
    def told(cls, dues: Mapping[date, Decimal | None]) -> LedgerDue:
        """Return that of some days, counted elsewhere; None: a rate is missing."""
        ledger_due, before = cls(min(dues), max(dues), ""), _NOTHING
        for day, due in sorted(dues.items()):
            counted = _Due(ZERO, 1) if due is None else _Due(due)
            ledger_due._changes[day] = counted.less(before)
            before = counted
        return ledger_due

    def add(self, days: Iterable[date], documents_on: Callable[[date], Iterable[Invoice]]) -> None:
        """Add an account.

        Args:
            days: on which its documents change, in any order; others may be among them.
            documents_on: its invoices at the end of a day; asked for days in their order.
        """
        self._summed = None
        before = _NOTHING
        for day in (self._first, *sorted({day for day in days if self._first < day <= self._last})):
            due = self._sum(documents_on(day), day)
            if due != before:
                self._changes[day] = self._changes.get(day, _NOTHING).plus(due.less(before))
                before = due

    def _sum(self, invoices: Iterable[Invoice], day: date) -> _Due:
        amount, unrated = ZERO, 0
        for invoice in invoices:
            if not is_owed(invoice) or invoice.issued_on > day:
                continue
            if invoice.currency == self._base:
                amount += invoice.amount_due
            elif invoice.rate:
                amount += invoice.amount_due * invoice.rate
            else:
                unrated += 1
        return _Due(amount, unrated)

    def on(self, day: date) -> Decimal | None:
        """Return what is due at the end of a day, in the currency of the books.

        None where one of the invoices has no exchange rate, and on days that were not counted.
        """
        if not self._first <= day <= self._last:
            return None
        days, sums = self._sums()
        place = bisect_right(days, day)
        due = sums[place - 1] if place else _NOTHING
        return None if due.unrated else due.amount

    def changes_after(self, day: date, until: date) -> Iterator[date]:
        """Yield the later days before `until` on which another sum is due, the earliest first."""
        days, _ = self._sums()
        for place in range(bisect_right(days, day), len(days)):
            if days[place] >= until:
                return
            yield days[place]

    def _sums(self) -> tuple[list[date], list[_Due]]:
        if self._summed is None:
            # What one customer paid and another was invoiced on the same day may cancel out.
            days = sorted(day for day, due in self._changes.items() if due != _NOTHING)
            sums = accumulate((self._changes[day] for day in days), _Due.plus)
            self._summed = days, list(sums)
        return self._summed


def due_in_the_past(
    accounts: Iterable[Account], first: date, last: date, *, zone: tzinfo, base: str
) -> LedgerDue:
    """Return what a ledger was due at the end of each day, as its documents stood then.

    Args:
        accounts: every debtor with all its documents, as they are now; read once.
        first: the first day.
        last: the last day; today at the latest.
        zone: the organisation's; a void counts from its day there.
        base: the currency of the books.
    """
    ledger_due = LedgerDue(first, last, base)
    for account in accounts:
        if account.invoices:
            ledger_due.add(event_days(account, zone), _Rewound(account, zone).on)
    return ledger_due


class _Rewound(NamedTuple):
    """The invoices of an account as they stood."""

    account: Account
    zone: tzinfo

    def on(self, day: date) -> list[Invoice]:
        return documents_as_they_stood(self.account, day, zone=self.zone)[0]
