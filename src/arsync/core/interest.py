"""Interesting days: the days on which a rulebook's answer about one account can change at all.

Between two of them, with nothing done in between, the plan of each day is the plan of the day
before. Too many days only cost time; one too few would be wrong, so every date that any condition,
step or pause rests on is counted, with the day after it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from arsync.core.books import HISTORY_DAYS
from arsync.core.conditions import Compare, Condition, leaves
from arsync.core.facts import Field
from arsync.core.records import Account, Invoice
from arsync.core.rulebook.model import Rulebook, folded
from arsync.core.stepping import cadence_for, next_step
from arsync.core.trial import Treatment

_BY_DUE = frozenset({"oldest_days_overdue", "days_overdue"})
_OVERDUE = frozenset(
    {"overdue_amount", "overdue_percent", "overdue_invoices", "statutory_compensation"}
)
_BY_SENT = frozenset({"days_since_last_reminder"})
_WINDOWED_PAID = frozenset({"average_days_to_pay", "average_days_late", "paid_on_time_percent"})
_COUNTERS = _BY_DUE | _BY_SENT | {
    "days_until_due",
    "days_since_issued",
    "customer_for_days",
    "days_since_last_payment",
    "days_on_hold",
    "days_until_review",
}  # fmt: skip
"""Facts that change by themselves every day."""

_STILL = frozenset(
    """
    balance overdue_amount overdue_percent unallocated_credit exposure credit_limit headroom
    over_limit_percent open_invoices overdue_invoices group contact_group tag contact country
    currency has_email on_hold agreed_limit insured_limit promise_to_pay broken_promises dispute
    highest_step_sent amount_due total partly_paid sent statutory_compensation
    """.split()
)
"""Facts that change only with documents, on due dates, and with what is done."""

_EVERY_DAY = frozenset({"statutory_interest"})
"""Facts that reach a sum on a day that no table tells beforehand."""

KNOWN = _STILL | _COUNTERS | _WINDOWED_PAID | _EVERY_DAY | {"sales_last_365_days"}
"""Facts of which it is known when they move; with any other no day is left out."""

DAY = timedelta(1)


class Interest:
    """What one rulebook finds interesting."""

    def __init__(self, rulebook: Rulebook) -> None:
        """Find every threshold that a day can reach."""
        self.rulebook = rulebook
        self.every_day = False
        """Two facts that both move are compared: no day can be left out."""
        thresholds: dict[str, set[int]] = {}
        asked: set[str] = set()
        for condition in _conditions(rulebook):
            for leaf in leaves(condition.tree):
                asked.add(leaf.field.name)
                if not isinstance(leaf, Compare):
                    continue
                if isinstance(leaf.operand, Field):
                    names = {leaf.field.name, leaf.operand.name}
                    asked |= names
                    self.every_day = self.every_day or not names.isdisjoint(_COUNTERS)
                elif leaf.field.name in _COUNTERS:
                    thresholds.setdefault(leaf.field.name, set()).add(_whole(leaf.operand))
        # A fact that this table does not know could move on any day.
        moves = not asked <= KNOWN or not asked.isdisjoint(_EVERY_DAY)
        self.every_day = self.every_day or moves
        self._thresholds = thresholds
        self._windowed = not asked.isdisjoint(_WINDOWED_PAID)
        self._sales = "sales_last_365_days" in asked
        until = {-days + more for days in self._of({"days_until_due"}) for more in (0, 1)}
        late = {days + more for days in self._of(_BY_DUE) for more in (0, 1)}
        overdue = set() if asked.isdisjoint(_OVERDUE) else {1}
        self._by_due = sorted(until | late | overdue)
        self._reviews = {
            folded(one.contact): one.review_on for one in rulebook.customers if one.review_on
        }

    def _of(self, names: Iterable[str]) -> set[int]:
        return {days for name in names for days in self._thresholds.get(name, ())}

    def of_ledger(self, account: Account, first: date, last: date) -> set[date]:
        """Return the days that rest on the account's documents, from first to last.

        Args:
            account: with all that ever happened to it, as the ledger knows it on its last day.
            first: earlier days are left out.
            last: later days are left out.
        """
        if self.every_day:
            return {first + timedelta(ahead) for ahead in range((last - first).days + 1)}
        found = {day for day in self._days(account) if first <= day <= last}
        found.add(first)
        return found

    def _days(self, account: Account) -> Iterator[date]:
        settled = settled_days(account)
        for invoice in account.invoices:
            yield from self._of_invoice(invoice, settled.get(invoice.id))
        yield from event_days(account)
        for promise in account.promises:
            yield promise.promised_on + DAY
        since = self._thresholds.get("customer_for_days", set())
        if since:
            for start in _starts(account):
                yield from _around(start, since)
        after = self._thresholds.get("days_since_last_payment", set())
        for payment in account.payments:
            yield from _around(payment.paid_on, after)
        if self._sales:
            issued = [one.issued_on for one in account.invoices]
            issued += [one.issued_on for one in account.credits]
            yield from (day + timedelta(HISTORY_DAYS) for day in issued)
        yield from self._of_reviews(account)

    def _of_invoice(self, invoice: Invoice, settled: date | None) -> Iterator[date]:
        for days in self._by_due:
            day = invoice.due_on + timedelta(days)
            if settled is None or day <= settled:
                yield day
        yield from _around(invoice.issued_on, self._thresholds.get("days_since_issued", ()))
        if self._windowed and invoice.paid_on is not None:
            yield invoice.paid_on + timedelta(HISTORY_DAYS)

    def _of_reviews(self, account: Account) -> Iterator[date]:
        before = self._thresholds.get("days_until_review", set())
        if not before or not self._reviews:
            return
        for contact in account.contacts:
            for key in (folded(contact.id), folded(contact.name)):
                if key in self._reviews:
                    yield from _around(self._reviews[key], {-days for days in before})

    def of_state(self, treatment: Treatment, today: date) -> Iterator[date]:
        """Yield the later days that rest on what was done before, and on what waits until when.

        Args:
            treatment: of a day on which nothing was done; otherwise the next day is interesting.
            today: the day.
        """
        for held in treatment.held_back:
            if held.next_date is not None:
                yield held.next_date
        for action in treatment.actions:
            if action.not_before is not None:
                yield action.not_before.date()
        books = treatment.assessment.books
        for invoice in books.owed:
            taken = books.sent.get(invoice.id, ())
            for any_cadence in self.rulebook.reminders:
                cadence = cadence_for(any_cadence, invoice.id, books.account)
                due = next_step(cadence, due_on=invoice.due_on, today=today, taken=taken)
                if due is not None:
                    yield due.on
                    if due.step.day < 0:
                        yield invoice.due_on  # it lapses, and the next one counts
        account = books.account
        since = self._of(_BY_SENT)
        if since:
            for moment in {one.on for one in account.sent if one.moment}:
                yield from _around(moment, since)
        if account.hold is not None:
            yield from _around(account.hold.since, self._thresholds.get("days_on_hold", ()))


def event_days(account: Account) -> Iterator[date]:
    """Yield the days on which something happened to the account's documents."""
    for invoice in account.invoices:
        yield invoice.issued_on
        if invoice.paid_on is not None:
            yield invoice.paid_on
        if invoice.updated_at is not None:
            yield invoice.updated_at.date()
    for payment in account.payments:
        yield payment.paid_on
        if payment.updated_at is not None:
            yield payment.updated_at.date()
        yield from (part.allocated_on for part in payment.allocations)
    for credit in account.credits:
        yield credit.issued_on
        if credit.updated_at is not None:
            yield credit.updated_at.date()
        yield from (part.allocated_on for part in credit.allocations)
    for promise in account.promises:
        yield promise.made_on
        yield promise.promised_on
    for dispute in account.disputes:
        yield dispute.opened_on
        if dispute.settled_on is not None:
            yield dispute.settled_on


def _starts(account: Account) -> set[date]:
    """Return the days since which each contact can count as a customer."""
    first: dict[str, date] = {}
    for invoice in account.invoices:
        known = first.get(invoice.contact_id, invoice.issued_on)
        first[invoice.contact_id] = min(known, invoice.issued_on)
    return {one.created_on for one in account.contacts if one.created_on} | set(first.values())


def settled_days(account: Account) -> dict[str, date]:
    """Return the last day that anything was matched to each invoice that is not owed any more."""
    last: dict[str, date] = {}
    parts = [part for one in account.payments for part in one.allocations]
    parts += [part for one in account.credits for part in one.allocations]
    for part in parts:
        last[part.invoice_id] = max(part.allocated_on, last.get(part.invoice_id, date.min))
    found: dict[str, date] = {}
    for invoice in account.invoices:
        if invoice.amount_due <= 0 and invoice.paid_on is not None:
            found[invoice.id] = max(invoice.paid_on, last.get(invoice.id, invoice.paid_on))
    return found


def _around(start: date, thresholds: Iterable[int]) -> Iterator[date]:
    """Yield the days on which a count from a day reaches each threshold, and the days after."""
    for days in thresholds:
        yield start + timedelta(days)
        yield start + timedelta(days + 1)


def _whole(operand: Decimal | int) -> int:
    return math.floor(operand)


def _conditions(rulebook: Rulebook) -> Iterator[Condition]:
    for rules in (
        rulebook.leave_alone,
        rulebook.credit_limits,
        rulebook.credit_holds,
        rulebook.reminders,
        rulebook.follow_ups,
    ):
        yield from (rule.when for rule in rules)
    for cadence in rulebook.reminders:
        if cadence.skip_invoices_when is not None:
            yield cadence.skip_invoices_when
