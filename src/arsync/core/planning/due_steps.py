"""Due steps: which steps one contact's invoices are due, and what stops the others."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from arsync.core.actions import Because
from arsync.core.ledger.account_view import AccountView
from arsync.core.ledger.agreements.disputes import awaits_credit, dispute_reason
from arsync.core.ledger.agreements.promises import ENTERED_THERE, OPEN
from arsync.core.ledger.business_days import days_in_words
from arsync.core.ledger.money import ZERO, plain, shown
from arsync.core.ledger.records import Account, Invoice, SentStep, TaskRecord
from arsync.core.planning.assessment import Assessment, Assessor, DunnedParty
from arsync.core.planning.cadence_steps import Due, cadence_for, cadence_of, next_step
from arsync.core.planning.plan import HeldBack
from arsync.core.planning.plan_coverage import plan_stop
from arsync.core.planning.plan_decisions import Decisions, held, holding_back
from arsync.core.planning.planning_context import Planning, because
from arsync.core.planning.step_actions import DueStep, reopened_step, step_key
from arsync.core.planning.taking_over import PASSING, is_old, passed_over
from arsync.core.planning.ways import address_lacking, not_set_up, way_of
from arsync.core.rulebook.conditions import Answer
from arsync.core.rulebook.model import MESSAGE_STEPS, Cadence, Step, TakeOverKind


def due_steps(
    planning: Planning, assessment: Assessment, party: DunnedParty, cadences: Sequence[Cadence]
) -> tuple[list[DueStep], Decisions]:
    """Return the steps due today, the oldest due date first, and what stops the others.

    Args:
        planning: of the day.
        assessment: of the account.
        party: the contact that is reminded.
        cadences: its own, at least one; of each invoice the first that is for it counts.
    """
    rounds = {cadence.name: _Round(planning, assessment, party, cadence) for cadence in cadences}
    first = rounds[cadences[0].name]
    # Most customers are in one cadence, which is for all their invoices.
    is_for_all = not cadences[0].is_about_promises
    ready: list[DueStep] = []
    stopped: list[HeldBack] = []
    for invoice in first.open_invoices():
        step: DueStep | HeldBack | None = None
        if is_for_all:
            step = first.step_of(invoice)
        elif cadence := cadence_of(cadences, assessment.account_view, invoice):
            step = rounds[cadence.name].step_of(invoice)
        elif invoice.due_on < planning.today:
            reason = f"no cadence matches: in {cadences[0].name!r} are only broken promises"
            step = held(party, reason, invoice=invoice)
        if isinstance(step, DueStep):
            ready.append(step)
        elif step is not None:
            stopped.append(step)
    return ready, holding_back(*stopped)


class _Round:
    """One look through the open invoices of one contact, in one cadence."""

    def __init__(
        self, planning: Planning, assessment: Assessment, party: DunnedParty, cadence: Cadence
    ) -> None:
        self.planning = planning
        self.assessment = assessment
        self.party = party
        self.cadence = cadence
        self.account = assessment.account
        self.closed = assessment.account.closed_tasks
        # Nothing was ever started for most contacts of a first plan: no key has to be computed.
        self.has_history = bool(self.account.done_keys or planning.done)
        self.today = planning.today
        self.take_over = planning.assessor.rulebook.take_over
        self.passes_steps = self.take_over.kind in PASSING
        self.first_steps = None if self.passes_steps else planning.first_steps.get(cadence.name)
        self.with_own_course = self.account.fees
        if self.account.first_seen:
            self.with_own_course |= entered_late(self.account)
        account_view = assessment.account_view
        self.sent = account_view.sent
        self.has_agreements = account_view.has_agreements
        covered = party.view.covered if account_view.cash else ()
        self.covered = frozenset(invoice.id for invoice in covered)

    def open_invoices(self) -> list[Invoice]:
        """Return what is owed net, and what cash covers, the oldest due date first."""
        view = self.party.view
        if not self.covered:
            return view.owed
        both = [*view.owed, *view.covered]
        return sorted(both, key=lambda invoice: (invoice.due_on, invoice.number, invoice.id))

    def step_of(self, invoice: Invoice) -> DueStep | HeldBack | None:
        """Return the step that one invoice is due today, or what stops it; None: it is not due."""
        today = self.today
        taken_steps = self.sent.get(invoice.id, ())
        due = self.next_step(invoice, taken_steps)
        is_due = due is not None and due.on <= today
        # Between two steps as well: the plan says why an overdue invoice is not chased.
        if self.has_agreements and (is_due or invoice.due_on < today):
            on_promise = due is not None and reminds_of_promise(due.step)
            agreed = agreed_stop(self.assessment, invoice, today, on_promise=on_promise)
            if agreed:
                return self.hold_back(invoice, *agreed)
            invoice = self.assessment.account_view.as_asked_for(invoice)
        if due is None or not is_due:
            return None if due is None else self.waits_since_seen(invoice, due)
        return self.stop(invoice, taken_steps) or self.not_refused(invoice, due, taken_steps)

    def waits_since_seen(self, invoice: Invoice, due: Due) -> HeldBack | None:
        """Return that an invoice waits which was overdue when it was first seen, if so."""
        if due.seen_on is None:
            return None
        days = days_in_words(self.cadence.days_after_seen)
        reason = f"it was overdue when it was first seen on {due.seen_on}: reminders wait {days}"
        return self.hold_back(invoice, reason, due.on)

    def kept_by_step(self, invoice: Invoice, due: Due) -> HeldBack | None:
        """Return that a step waits for a task before it, or for what is unknown, if so."""
        if due.waits_for is not None:
            return self.hold_back(invoice, waiting_words(due.waits_for))
        if due.is_unsure and due.step.when is not None:
            unknown = self.planning.assessor.unknowns(due.step.when, self.party, invoice)
            rule = because(due.step.place, self.cadence.name)
            reason = f"possibly not for it: {due.step.text}: {unknown}"
            return held(self.party, reason, invoice=invoice, because=rule)
        return None

    def next_step(self, invoice: Invoice, taken_steps: Sequence[SentStep]) -> Due | None:
        """Return what comes next; where nothing was taken, that is mostly one for each due date."""
        if self.first_steps is None or taken_steps or invoice.id in self.with_own_course:
            return self.step_after(invoice, taken_steps)
        return self.first_steps[invoice.due_on]

    def step_after(
        self, invoice: Invoice, taken_steps: Sequence[SentStep], refused: Collection[int] = ()
    ) -> Due | None:
        """Return what comes after the steps that were taken, or refused, of one invoice."""
        cadence = cadence_for(self.cadence, invoice.id, self.account)

        def asks(step: Step) -> Answer:
            return is_for(self.planning.assessor, step, self.party, invoice)

        passed = passed_over(
            self.take_over,
            cadence,
            invoice,
            self.account,
            today=self.today,
            taken_steps=taken_steps,
            asks=asks,
        )
        return next_step(
            cadence,
            invoice,
            today=self.today,
            taken_steps=taken_steps,
            refused={*refused, *passed},
            tasks=self.account.tasks,
            broken_on=self.assessment.account_view.broken_on(invoice.id),
            seen_on=self.account.first_seen.get(invoice.id),
            asks=asks,
        )

    def hold_back(self, invoice: Invoice, reason: str, next_date: date | None = None) -> HeldBack:
        """Hold back one invoice."""
        return held(self.party, reason, invoice=invoice, next_date=next_date)

    @cached_property
    def evidence(self) -> dict[str, Any]:
        """Return why the contact is in this cadence: the same for all its invoices."""
        return self.planning.assessor.evidence(self.cadence.when, self.party)

    def stop(self, invoice: Invoice, taken_steps: Sequence[SentStep]) -> HeldBack | None:
        """Return what stops a step that is due; None when it may go."""
        # The plan names the first thing that stops a step, so these are in the order in which a
        # person would ask: is it owed, is it to be chased, is it time.
        if invoice.id in self.covered:
            return self.hold_back(invoice, covered_words(self.assessment.account_view, invoice))
        skipped = self.skipped(invoice)
        if skipped:
            return skipped
        start = None if taken_steps else self.starts_on(invoice)
        if start is not None and start > self.today:
            days = self.take_over.days
            reason = f"take_over: old debts start spread over {days} business days"
            return self.hold_back(invoice, reason, start)
        return None

    def skipped(self, invoice: Invoice) -> HeldBack | None:
        """Return that the cadence skips it, if so. Unknown skips as well: it protects."""
        skip, assessor = self.cadence.skip_invoices_when, self.planning.assessor
        if skip is None:
            return None
        answer = skip.test(self.party.row, assessor.invoice_row(self.party, invoice))
        if answer is False:
            return None
        if answer:
            reason = f"skipped: {assessor.words(skip, self.party, invoice)}"
        else:
            reason = f"possibly to be skipped: {assessor.unknowns(skip, self.party, invoice)}"
        evidence = assessor.evidence(skip, self.party, invoice)
        rule = because(self.cadence.place, self.cadence.name, evidence)
        return held(self.party, reason, invoice=invoice, because=rule)

    def is_old(self, invoice: Invoice) -> bool:
        """Return whether it was overdue before the connection was taken over."""
        return is_old(self.account, invoice, self.today)

    def starts_on(self, invoice: Invoice) -> date | None:
        """Return the day on which an old debt starts when they are spread."""
        if self.take_over.kind is not TakeOverKind.SPREAD or not self.is_old(invoice):
            return None
        # By contact, so that one customer's old debts start together. Not `hash()`: for a text it
        # is another number in each process, and the debts would start on another day in each plan.
        share = zlib.crc32(self.party.view.contact.id.encode()) % self.take_over.days
        return self.planning.calendar.after(self.account.taken_over_on or self.today, share)

    def not_refused(
        self, invoice: Invoice, due: Due, taken_steps: Sequence[SentStep]
    ) -> DueStep | HeldBack:
        """Return the step, or the one after it when it was refused for good."""
        if not self.has_history and not due.is_unsure:
            return self.due_step(invoice, due.step, is_first=not taken_steps)
        refused: set[int] = set()
        following: Due | None = due
        while following is not None and following.on <= self.today:
            kept = self.kept_by_step(invoice, following)
            if kept is not None:
                return kept
            ready = self.due_step(invoice, following.step, is_first=not taken_steps)
            if not self.planning.is_done(
                step_key(self.planning, self.party, ready), self.account.done_keys
            ):
                return ready
            # A refusal is about one step. The cadence continues with the next, once that is due.
            refused.add(following.position)
            following = self.step_after(invoice, taken_steps, refused)
        reason = "the step was refused" + ("" if following else ", and it was the last")
        return self.hold_back(invoice, reason, following.on if following else None)

    def with_way(self, due_step: DueStep) -> DueStep:
        """Return a step with the way that its message takes, and what there is not for it."""
        invoice, step = due_step.invoice, due_step.step
        has_email = bool(invoice.email or self.party.view.email())
        via = way_of(self.planning, step, has_email=has_email)
        return due_step._replace(
            via=via,
            lacks=address_lacking(self.party, via, has_email=has_email),
            no_way=not_set_up(self.planning, step, via),
        )

    def due_step(self, invoice: Invoice, step: Step, *, is_first: bool) -> DueStep:
        """Return a step with its reason."""
        days = (self.today - invoice.due_on).days
        facts: dict[str, Any] = {
            "days_overdue": max(0, days),
            "amount_due": plain(invoice.amount_due),
            "currency": invoice.currency,
            **self.evidence,
        }
        account_view = self.assessment.account_view
        document_due = disputed = None
        if self.has_agreements or account_view.cash:
            document_due = account_view.document_due(invoice)
            disputed = account_view.in_dispute.get(invoice.id)
        if document_due is not None:
            facts["document_amount_due"] = plain(document_due)
        if disputed is not None:
            facts["disputed_amount"] = plain(disputed)
        if days <= 0:
            facts["days_until_due"] = -days
        by_hand = self.take_over.kind is TakeOverKind.BY_HAND
        if is_first and self.passes_steps and self.is_old(invoice):
            facts["take_over"] = self.take_over.text
        due_step = DueStep(
            invoice,
            step,
            self.account.episodes.get(invoice.id, 1),
            Because(step.place.file, step.place.line, self.cadence.name, facts),
            # A person starts an old debt; after that, its reminders are like any other's.
            by_hand and is_first and self.is_old(invoice),
            document_due=document_due,
            disputed=disputed,
        )
        if step.kind in MESSAGE_STEPS:
            due_step = self.with_way(due_step)
        if not self.closed:
            return due_step
        return reopened_step(self.planning, self.party, due_step, self.closed)


def entered_late(account: Account) -> frozenset[str]:
    """Return the invoices that were overdue when they were first seen."""
    first_seen = account.first_seen
    return frozenset(
        invoice.id
        for invoice in account.invoices
        if invoice.id in first_seen and invoice.due_on < first_seen[invoice.id]
    )


def waiting_words(task: TaskRecord) -> str:
    """Return that a step waits for the task of one before it."""
    text = task.steps[0].step if task.steps else task.rule
    return f"waits until it is done: {text}, opened on {task.opened_on}"


def is_for(assessor: Assessor, step: Step, party: DunnedParty, invoice: Invoice) -> Answer:
    """Return whether a step is for an invoice, by the step's own condition."""
    if step.when is None:
        return True
    return step.when.test(party.row, assessor.invoice_row(party, invoice))


def reminds_of_promise(step: Step) -> bool:
    """Return whether a step is about a promise that falls due: the promise does not stop it."""
    return step.when is not None and any(
        field.name == "days_until_promise" for field in step.when.fields
    )


def agreed_stop(
    assessment: Assessment, invoice: Invoice, today: date, *, on_promise: bool = False
) -> tuple[str, date | None] | None:
    """Return what was agreed that stops reminders, and when it ends.

    A placement with an agency, a payment plan, a dispute, a promise.

    Args:
        assessment: of the account.
        invoice: about which it is.
        today: the day.
        on_promise: what is asked for reminds of a promise: that one does not stop it.
    """
    # Whatever the cadence says: a customer who disputes an invoice, or has promised to pay it, is
    # not to be chased for it. Of an invoice that is disputed in part, the rest is chased.
    account_view = assessment.account_view
    placement = account_view.placed(invoice.id) if account_view.placements else None
    if placement is not None:
        return f"placed with {placement.agency} since {placement.placed_on}", None
    if account_view.set_aside and (stop := plan_stop(account_view, invoice)):
        return stop
    if account_view.disputes and account_view.nothing_is_asked(invoice.id):
        dispute = account_view.disputes[invoice.id]
        return dispute_words(account_view, invoice), dispute.settled_on
    if account_view.promises and not on_promise:
        judged = account_view.promises.get(invoice.id)
        if judged is not None and judged.state == OPEN and today <= judged.silent_until:
            source = f" ({ENTERED_THERE})" if judged.promise.by_platform else ""
            words = f"promise_to_pay open until {judged.promise.promised_on}{source}"
            # Money that was paid in time has some days to come into the books.
            return words, judged.silent_until + timedelta(1)
    return None


def dispute_words(account_view: AccountView, invoice: Invoice) -> str:
    """Return the open dispute about an invoice in words."""
    dispute = account_view.disputes[invoice.id]
    amount = ""
    if account_view.dispute_state(invoice.id) == "part":
        disputed = account_view.disputed_amounts.get(invoice.id, ZERO)
        amount = f" about {shown(disputed, invoice.currency)}"
    waits = ", a credit is agreed" if awaits_credit(dispute) else ""
    return f"dispute{amount} open since {dispute.opened_on} ({dispute_reason(dispute)}){waits}"


CASH_NAMED_MAX = 3
"""How many credits and payments are named where they cover an invoice."""


def covered_words(account_view: AccountView, invoice: Invoice) -> str:
    """Return what covers an invoice in full, in words."""
    cash_used = [cover.cash for cover in account_view.cash_covers[invoice.id]]
    if cash_used[-1].currency != invoice.currency:
        return "covered by unapplied cash in other currencies"
    total = shown(sum((cash.amount for cash in cash_used), ZERO), invoice.currency)
    named = ", ".join(cash.words for cash in cash_used[:CASH_NAMED_MAX])
    more = f" and {len(cash_used) - CASH_NAMED_MAX} more" if len(cash_used) > CASH_NAMED_MAX else ""
    return f"covered by unapplied cash of {total} ({named}{more})"
