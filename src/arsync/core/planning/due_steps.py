"""Due steps: which steps one contact's invoices are due, and what stops the others."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from arsync.core.actions import Because
from arsync.core.ledger.money import ZERO, plain, shown
from arsync.core.ledger.records import Invoice, SentStep
from arsync.core.planning.assessment import Assessment, Party
from arsync.core.planning.cadence_steps import Due, cadence_for, next_step
from arsync.core.planning.planning_context import Planning, because
from arsync.core.planning.step_actions import DueStep, step_key
from arsync.core.rulebook.model import Cadence, Step, StepKind, TakeOverKind


def due_steps(
    planning: Planning, assessment: Assessment, party: Party, cadence: Cadence
) -> list[DueStep]:
    """Return the steps due today, the oldest due date first; what stops the others is held back."""
    return _Round(planning, assessment, party, cadence).steps()


class _Round:
    """One look through the open invoices of one contact."""

    def __init__(
        self, planning: Planning, assessment: Assessment, party: Party, cadence: Cadence
    ) -> None:
        self.planning = planning
        self.assessment = assessment
        self.party = party
        self.cadence = cadence
        self.account = assessment.account
        self.today = planning.today
        self.take_over = planning.assessor.rulebook.take_over
        self.first_steps = planning.first_steps.setdefault(cadence.name, {})

    def steps(self) -> list[DueStep]:
        """Return the steps that nothing stops."""
        found: list[DueStep] = []
        today, books = self.today, self.assessment.books
        sent, agreed = books.sent, bool(books.disputes or books.promises)
        for invoice in self.party.seat.owed:
            stopped = agreed_stop(self.assessment, invoice, today) if agreed else None
            taken = sent.get(invoice.id, ())
            due = self.next_step(invoice, taken)
            is_due = due is not None and due.on <= today
            if stopped and (is_due or invoice.due_on < today):
                self.hold_back(invoice, *stopped)
            elif due is not None and is_due and self.may_go(invoice, taken):
                ready = self.not_refused(invoice, due, taken)
                if ready is not None:
                    found.append(ready)
        return found

    def next_step(self, invoice: Invoice, taken: Sequence[SentStep]) -> Due | None:
        """Return what comes next; where nothing was taken, that is one for each due date."""
        due_on = invoice.due_on
        if taken or invoice.id in self.account.fees:
            cadence = cadence_for(self.cadence, invoice.id, self.account)
            return next_step(cadence, due_on=due_on, today=self.today, taken=taken)
        if due_on not in self.first_steps:
            self.first_steps[due_on] = next_step(
                self.cadence, due_on=due_on, today=self.today, taken=()
            )
        return self.first_steps[due_on]

    def hold_back(self, invoice: Invoice, why: str, next_date: date | None = None) -> None:
        """Hold back one invoice."""
        self.planning.hold_back(self.party, why, invoice=invoice, next_date=next_date)

    @cached_property
    def covered(self) -> dict[str, str]:
        """Return the invoices that unallocated money covers."""
        return covered_by_credit(self.assessment) if self.assessment.books.in_hand() else {}

    @cached_property
    def evidence(self) -> dict[str, Any]:
        """Return why the contact is in this cadence: the same for all its invoices."""
        return self.planning.assessor.evidence(self.cadence.when, self.party)

    def may_go(self, invoice: Invoice, taken: Sequence[SentStep]) -> bool:
        """Return whether nothing stops a step that is due; otherwise hold it back."""
        if self.covered and invoice.id in self.covered:
            self.hold_back(invoice, self.covered[invoice.id])
            return False
        if self.is_skipped(invoice):
            return False
        start = None if taken else self.starts_on(invoice)
        if start is not None and start > self.today:
            days = self.take_over.days
            why = f"take_over: old debts start spread over {days} business days"
            self.hold_back(invoice, why, start)
            return False
        return True

    def is_skipped(self, invoice: Invoice) -> bool:
        """Return whether the cadence skips it. Unknown skips as well: it protects."""
        skip, assessor = self.cadence.skip_invoices_when, self.planning.assessor
        if skip is None:
            return False
        answer = skip.test(self.party.row, assessor.invoice_row(self.party, invoice))
        if answer is False:
            return False
        if answer:
            why = f"skipped: {assessor.words(skip, self.party, invoice)}"
        else:
            why = f"perhaps to be skipped: {assessor.unknowns(skip, self.party, invoice)}"
        evidence = assessor.evidence(skip, self.party, invoice)
        reason = because(self.cadence.place, self.cadence.name, evidence)
        self.planning.hold_back(self.party, why, invoice=invoice, because=reason)
        return True

    def is_old(self, invoice: Invoice) -> bool:
        """Return whether it was overdue before the connection was taken over."""
        return invoice.due_on < (self.account.taken_over_on or self.today)

    def starts_on(self, invoice: Invoice) -> date | None:
        """Return the day on which an old debt starts when they are spread."""
        if self.take_over.kind is not TakeOverKind.SPREAD or not self.is_old(invoice):
            return None
        share = zlib.crc32(self.party.seat.contact.id.encode()) % self.take_over.days
        return self.planning.calendar.after(self.account.taken_over_on or self.today, share)

    def not_refused(self, invoice: Invoice, due: Due, taken: Sequence[SentStep]) -> DueStep | None:
        """Return the step, or the one after it when it was refused for good."""
        if not self.account.done_keys and not self.planning.done:
            return self.due_step(invoice, due.step, is_first=not taken)
        refused: set[int] = set()
        following: Due | None = due
        while following is not None and following.on <= self.today:
            ready = self.due_step(invoice, following.step, is_first=not taken)
            if not self.planning.is_done(
                step_key(self.planning, self.party, ready), self.account.done_keys
            ):
                return ready
            refused.add(following.step.day)
            following = next_step(
                cadence_for(self.cadence, invoice.id, self.account),
                due_on=invoice.due_on,
                today=self.today,
                taken=taken,
                refused=refused,
            )
        why = "the step was refused" + ("" if following else ", and it was the last")
        self.hold_back(invoice, why, following.on if following else None)
        return None

    def due_step(self, invoice: Invoice, step: Step, *, is_first: bool) -> DueStep:
        """Return a step with its reason."""
        days = (self.today - invoice.due_on).days
        facts: dict[str, Any] = {
            "days_overdue": max(0, days),
            "amount_due": plain(invoice.amount_due),
            "currency": invoice.currency,
            **self.evidence,
        }
        if days <= 0:
            facts["days_until_due"] = -days
        by_hand = self.take_over.kind is TakeOverKind.BY_HAND
        return DueStep(
            invoice,
            step,
            self.account.episodes.get(invoice.id, 1),
            Because(step.place.file, step.place.line, self.cadence.name, facts),
            by_hand and is_first and self.is_old(invoice),
            step.kind is StepKind.EMAIL and not (invoice.email or self.party.seat.email()),
        )


def agreed_stop(
    assessment: Assessment, invoice: Invoice, today: date
) -> tuple[str, date | None] | None:
    """Return what was agreed that stops reminders, and when it ends: a dispute, a promise."""
    books = assessment.books
    if books.disputes and books.dispute_state(invoice.id) == "open":
        dispute = books.disputes[invoice.id]
        return f"dispute open since {dispute.opened_on} ({dispute.reason})", dispute.settled_on
    if books.promises:
        promise, state = books.promises.get(invoice.id, (None, "none"))
        if promise is not None and state == "open":
            until = promise.promised_on
            return f"promise_to_pay open until {until}", until + timedelta(1)
    return None


def covered_by_credit(assessment: Assessment) -> dict[str, str]:
    """Return the invoices that unallocated money covers, oldest first, each with the reason.

    Money in hand first counts for what can be chased: a disputed or promised invoice uses none up.
    """
    books = assessment.books
    pools: dict[str, Decimal] = {}
    for _, _, amount, currency, _ in books.in_hand():
        pools[currency] = pools.get(currency, ZERO) + amount
    totals = dict(pools)
    found: dict[str, str] = {}
    for invoice in books.owed:
        pool = pools.get(invoice.currency, ZERO)
        if pool <= 0 or agreed_stop(assessment, invoice, books.today):
            continue
        if pool >= invoice.amount_due:
            total = shown(totals[invoice.currency], invoice.currency)
            found[invoice.id] = f"covered by unallocated credit of {total}"
        pools[invoice.currency] = max(ZERO, pool - invoice.amount_due)
    if books.exposure is not None and books.exposure <= 0:
        # Other currencies count too, once everything together is covered.
        for invoice in books.owed:
            found.setdefault(invoice.id, "covered by unallocated credit in other currencies")
    return found
