"""Promises to pay: whether each is open, kept or broken, and which one counts for an invoice.

A promise is judged anew from the books each time, by the days on which money was paid. So it is
judged the same whenever a payment was booked, and money that came keeps one promise alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

from arsync.core.ledger.agreements.grace import USUAL_GRACE, Grace, InTimeUntil
from arsync.core.ledger.agreements.receipts import PaidBetween, Receipts
from arsync.core.ledger.money import ZERO
from arsync.core.ledger.records import Account, PaymentPlan, Promise

ENTERED_THERE = "entered in the accounting system as expected payment date"
"""The source of a promise that was not recorded in arsync."""

OPEN = "open"
KEPT = "kept"
BROKEN = "broken"
OVER = "over"
"""It was broken, and its money came later, or a newer promise took its place."""


COUNTS_FOR_DAYS = 365
"""For so long a promise counts as broken, unless the rulebook says otherwise."""


class PromiseTerms(NamedTuple):
    """How a rulebook judges promises: its section `promises`."""

    grace: Grace = USUAL_GRACE
    """After the promised day, for money that is on its way to the bank and into the books."""
    broken_counts_for: int = COUNTS_FOR_DAYS
    """For so many days, from the one on which it was broken, a promise counts as broken."""


class JudgedPromise(NamedTuple):
    """A promise, and what became of it by a day."""

    promise: Promise
    state: str
    """`open`, `kept`, `broken` or `over`."""
    until: date
    """The last day on which money keeps it: the promised day and the days of grace."""
    broken_on: date | None = None
    """The first day on which it was broken, the one after `until`; also when it is over now."""
    reaches: tuple[str, ...] = ()
    """Ids of the invoices that what is still promised is for, the oldest first."""
    covered: tuple[str, ...] = ()
    """Ids of invoices for which unapplied cash keeps it."""
    missing: Decimal | None = None
    """How much of a promised amount is still to come; None: all that is due."""

    @property
    def silent_until(self) -> date:
        """Return the last day on which nobody is reminded of what is promised."""
        # What people enter in the accounting system is the day on which they begin to ask again.
        return self.promise.promised_on if self.promise.by_platform else self.until


def judged_promises(
    account: Account,
    today: date,
    in_time_until: InTimeUntil = USUAL_GRACE.last_day,
    *,
    with_cash: bool = True,
) -> tuple[JudgedPromise, ...]:
    """Judge all promises of an account, in the order of their promised days.

    Args:
        account: with its documents and money as they stood on the day.
        today: the day.
        in_time_until: the last day on which money that was promised for a day comes in time.
        with_cash: whether unapplied cash keeps a promise.
    """
    if not account.promises:
        return ()
    judge = _Judge(account, today, in_time_until, with_cash=with_cash)
    # Whoever was promised first is paid first, whatever each payment was meant for.
    return tuple(judge.judged(standing) for standing in sorted(judge.standing(), key=_by_day))


def counting_promises(judged: Iterable[JudgedPromise]) -> dict[str, JudgedPromise]:
    """Return, by invoice, the promise that counts: a broken one, else the next, else a kept one."""
    counting: dict[str, JudgedPromise] = {}
    for promise in sorted(judged, key=_by_weight):
        ids = promise.promise.invoice_ids if promise.state == KEPT else promise.reaches
        for invoice_id in ids if promise.state != OVER else ():
            counting.setdefault(invoice_id, promise)
    return counting


class _Standing(NamedTuple):
    """A promise that neither newer ones nor a payment plan replaced."""

    promise: Promise
    """About the invoices that newer promises left to it."""
    until: date
    renewed_on: date | None
    """The day on which a newer promise took its place, after it was broken."""


def _by_day(standing: _Standing) -> tuple[date, date, int, tuple[str, ...]]:
    promise = standing.promise
    return promise.promised_on, promise.made_on, promise.number, promise.invoice_ids


def _by_weight(judged: JudgedPromise) -> tuple[bool, int, int]:
    weight = {BROKEN: 0, OPEN: 1, KEPT: 2, OVER: 3}[judged.state]
    days = judged.until.toordinal()
    # Of several the next one counts while they are open, and afterwards the latest.
    # A day in the accounting system counts before all: it is there only when it is the newest word.
    return not judged.promise.by_platform, weight, days if judged.state == OPEN else -days


class _Settled(NamedTuple):
    """What came of a promise."""

    on: date | None
    """The day on which the last of its money was paid; None: some is still to come."""
    covered: tuple[str, ...] = ()
    missing: Decimal | None = None
    """How much of a promised amount is still to come; None: all that is due."""


class _Judge:
    """The books of one account, from which one promise after another takes its money."""

    def __init__(
        self,
        account: Account,
        today: date,
        in_time_until: InTimeUntil,
        *,
        with_cash: bool,
    ) -> None:
        self.account = account
        self.today = today
        self.ids = frozenset(invoice.id for invoice in account.invoices)
        self.receipts = Receipts(account, with_cash=with_cash)
        self.in_time_until = in_time_until

    def standing(self) -> Iterator[_Standing]:
        """Yield the promises that count, each about the invoices that newer ones left to it."""
        newer: dict[str, list[Promise]] = defaultdict(list)
        plans = [
            plan
            for plan in self.account.payment_plans
            if plan.made_on <= self.today
            and (plan.cancelled_on is None or plan.cancelled_on > self.today)
        ]
        # A day in the accounting system is there only when it is the newest word.
        in_order = sorted(
            self.account.promises,
            key=lambda promise: (promise.made_on, promise.by_platform, promise.number),
        )
        for promise in reversed(in_order):
            until = self.in_time_until(promise.promised_on)
            own = promise.invoice_ids
            later = [newer_promise for invoice_id in own for newer_promise in newer[invoice_id]]
            # Whoever agrees on instalments has another day for what was promised.
            later_plans = [plan for plan in plans if plan.made_on >= promise.made_on]
            newer_words: list[Promise | PaymentPlan] = [*later, *later_plans]
            replaced = {
                invoice_id
                for newer_word in newer_words
                if newer_word.made_on <= until
                for invoice_id in newer_word.invoice_ids
            }
            remaining_ids = tuple(invoice_id for invoice_id in own if invoice_id not in replaced)
            if remaining_ids:
                renewals = [
                    newer_promise.made_on
                    for invoice_id in remaining_ids
                    for newer_promise in newer[invoice_id]
                ]
                renewals += [
                    plan.made_on
                    for plan in later_plans
                    if not set(remaining_ids).isdisjoint(plan.invoice_ids)
                ]
                yield _Standing(
                    promise._replace(invoice_ids=remaining_ids), until, min(renewals, default=None)
                )
            # Nobody dates what is entered in the accounting system: it replaces none.
            if not promise.also and not promise.by_platform:
                for invoice_id in own:
                    newer[invoice_id].append(promise)

    def judged(self, standing: _Standing) -> JudgedPromise:
        """Judge one promise, and take what keeps it."""
        promise, until, renewed_on = standing
        if not self.ids.issuperset(promise.invoice_ids):
            return self._unread(promise, until)
        settled = self._settle(promise, renewed_on)
        reaches = self._reached(promise, settled.missing)
        if settled.on is not None and settled.on <= until:
            return JudgedPromise(promise, KEPT, until, None, reaches, settled.covered)
        # While it is uncertain what came, nobody can say that it did not.
        if self.today <= until or self.account.doubts:
            return JudgedPromise(promise, OPEN, until, None, reaches, missing=settled.missing)
        over = settled.on is not None or renewed_on is not None
        broken_on = until + timedelta(1)
        return JudgedPromise(promise, OVER if over else BROKEN, until, broken_on, reaches)

    def _unread(self, promise: Promise, until: date) -> JudgedPromise:
        """Judge a promise about an invoice that is not here, or cannot be read: as it was last."""
        ids = promise.invoice_ids
        if promise.kept is None:
            return JudgedPromise(promise, OPEN, until, None, ids)
        if promise.kept:
            return JudgedPromise(promise, KEPT, until, None, ids)
        return JudgedPromise(promise, BROKEN, until, until + timedelta(1), ids)

    def _settle(self, promise: Promise, renewed_on: date | None) -> _Settled:
        if promise.amount is None:
            return self._settle_all(promise, renewed_on)
        return self._settle_amount(promise, promise.amount, renewed_on)

    def _settle_all(self, promise: Promise, renewed_on: date | None) -> _Settled:
        """Take all that came for the invoices; it is settled when nothing remains due on them."""
        ids, receipts = promise.invoice_ids, self.receipts
        # With money that was here before nothing may be owed: what other invoices leave of it.
        before = PaidBetween(before=promise.made_on)
        early = receipts.take_cash(ids, before, receipts.spare_cash(ids))
        money = receipts.take(ids, PaidBetween(promise.made_on, renewed_on))
        missing = sum((receipts.remaining(invoice_id) for invoice_id in ids), ZERO)
        if renewed_on is not None:
            missing += receipts.matched_later(ids, renewed_on)
        on = (money.last_on or promise.made_on) if missing <= 0 else None
        return _Settled(on, (*early.covered, *money.covered))

    def _settle_amount(
        self, promise: Promise, amount: Decimal, renewed_on: date | None
    ) -> _Settled:
        """Take what came since the promise was made, up to its amount."""
        ids, receipts = promise.invoice_ids, self.receipts
        money = receipts.take(ids, PaidBetween(promise.made_on, renewed_on), amount)
        # No more can come than is due: what was credited or voided, nobody has to pay.
        still_due = sum((receipts.remaining(invoice_id) for invoice_id in ids), ZERO)
        if renewed_on is not None:
            still_due += receipts.matched_later(ids, renewed_on)
        missing = min(amount - money.amount, still_due)
        on = (money.last_on or promise.made_on) if missing <= 0 else None
        return _Settled(on, money.covered, missing)

    def _reached(self, promise: Promise, missing: Decimal | None) -> tuple[str, ...]:
        """Return the invoices that a promised amount is for, when the oldest are paid first."""
        if len(promise.invoice_ids) == 1:
            return promise.invoice_ids
        reached: list[str] = []
        for invoice_id in promise.invoice_ids:
            due = self.receipts.remaining(invoice_id)
            if due > 0 and (missing is None or missing > 0):
                reached.append(invoice_id)
                missing = None if missing is None else missing - due
        return tuple(reached)
