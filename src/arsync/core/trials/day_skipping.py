"""Interesting days: the next day on which a rulebook can do anything about one account.

A day without an event leaves the documents as they were, and what was done is done. So something
new is done only when an answer changes (`answer_validity`), when a step falls due, when a gap
or a waiting time is over. An answer about a share of the ledger changes with other customers' days
too: those are looked through for the first on which it is another, not planned one by one. Too many
days only cost time; one too few would be wrong: a property test holds what is left out to the plan
of every day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, timedelta, tzinfo

from arsync.core.actions import Action, ActionKind, Via
from arsync.core.actions.effects import steps_taken
from arsync.core.actions.registry import STEP_KINDS
from arsync.core.ledger.agreements.disputes import is_standing
from arsync.core.ledger.as_of import event_days
from arsync.core.ledger.ledger_due import LedgerDue
from arsync.core.ledger.records import Account, ContactStatus, Invoice, SentStep
from arsync.core.planning.assessment import Assessment, DunnedParty
from arsync.core.planning.cadence_steps import Due, cadence_for, cadence_of, lapses, next_step
from arsync.core.planning.dispute_planner import deadlines
from arsync.core.planning.due_steps import is_for
from arsync.core.planning.message_room import last_moment
from arsync.core.planning.planning_context import pause_words
from arsync.core.planning.statement_days import next_statement_day
from arsync.core.planning.taking_over import passed_over
from arsync.core.rulebook.conditions import Condition
from arsync.core.rulebook.facts.field import OwnActions
from arsync.core.rulebook.facts.movement import DAY, NEVER, days_later
from arsync.core.rulebook.model import HOLD_LIFTED, HOLD_PLACED, Cadence, Rulebook, Step, StepKind
from arsync.core.trials.answer_validity import AnswerValidity, Look, validity_of
from arsync.core.trials.letter_days import HOLD_KINDS, LetterDays
from arsync.core.trials.trial import Treatment, TrialDay


class InterestingDays:
    """The days that one rulebook finds interesting."""

    def __init__(
        self,
        rulebook: Rulebook,
        day: Callable[[date], TrialDay],
        last: date,
        ledger: LedgerDue | None = None,
    ) -> None:
        """Find what in the rulebook moves by itself.

        Args:
            rulebook: what is tried.
            day: the rulebook on a day.
            last: nobody asks about later days.
            ledger: what the whole ledger is due on each day; None: nobody counted.
        """
        self._ledger = ledger
        self._day = day
        self._last = last
        self._moves_daily = bool(rulebook.discounts)
        self._letters = LetterDays(rulebook, ledger)
        self._statement_days = tuple(rule.on for rule in rulebook.statements)
        self._tells_of_holds = bool({HOLD_PLACED, HOLD_LIFTED} & rulebook.account_letters())
        self._via = rulebook.sending.via
        self._gap = timedelta(rulebook.sending.days_between_messages)
        limits = _moving(rule.when for rule in rulebook.credit_limits)
        holds = _moving(rule.when for rule in rulebook.credit_holds)
        alone = _moving(rule.when for rule in rulebook.leave_alone)
        cadences = _moving(rule.when for rule in rulebook.reminders)
        self._of_debtor = [*alone, *limits, *holds]
        self._of_contact = [*alone, *cadences]
        self._of_contact += _moving(rule.when for rule in rulebook.statements)
        self._of_contact += _moving([rulebook.announcements.when])
        self._of_invoice = _moving(
            reminder.skip_invoices_when
            for reminder in rulebook.reminders
            if reminder.skip_invoices_when
        )
        self._of_invoice += _moving(
            step.when
            for reminder in rulebook.reminders
            for step in reminder.steps
            if step.when is not None and step.repeat == 1
        )
        opening = [rule.when for rule in rulebook.follow_ups]
        opening += [rule.when for rule in rulebook.alerts]
        for when in opening:
            of_invoices = any(field.of == "invoice" for field in when.fields)
            (self._of_invoice if of_invoices else self._of_contact).extend(_moving([when]))
        self._of_invoice.extend(_moving(rule.when for rule in rulebook.placements))
        self._of_invoice.extend(_moving(rule.when for rule in rulebook.write_offs))
        # Since when a condition holds is seen on its first day, whatever stands beside it.
        for _, when in rulebook.conditions():
            for span in when.spans:
                lasting = validity_of(span)
                if lasting is None:
                    continue
                if span.scope == "invoice":
                    self._of_invoice.append(lasting)
                else:
                    self._of_debtor.append(lasting)
                    self._of_contact.append(lasting)
        changed_by = {
            field.changed_by for _, when in rulebook.conditions() for field in when.fields
        }
        self._asks_messages = OwnActions.MESSAGES in changed_by
        self._asks_holds = OwnActions.HOLDS in changed_by

    def after(self, treatment: Treatment, done: Sequence[Action], today: date, event: date) -> date:
        """Return the first later day on which anything new can be done.

        Args:
            treatment: of the day.
            done: what of it was done on the day.
            today: the day.
            event: the next day on which something happens to the account's documents.
        """
        tomorrow = today + DAY
        # Whether a rule gives a discount is not watched.
        if self._moves_daily or self._letters.come_tomorrow(done):
            return tomorrow
        # A customer is told of a hold on the day after it was placed or lifted.
        if self._tells_of_holds and any(action.kind in HOLD_KINDS for action in done):
            return tomorrow
        # What waited for a task, or is to be opened anew, comes with the next plan.
        if treatment.ended_tasks:
            return tomorrow
        # A condition about messages or holds changes its answer through today's own actions.
        if self._is_asked_for(done):
            return tomorrow
        # Everything is asked again on the day of the next event, so later days do not matter.
        earliest = event
        for days in (
            self._waiting(treatment, today),
            self._pauses(treatment.assessment),
            _lapsing_tasks(treatment.assessment.account, done, today),
            self._answers(treatment.assessment, today, event),
            self._steps(treatment.assessment, done, today),
            self._deadlines(treatment.assessment, today),
            self._statements(today),
            self._letters.days(self._day(today).assessor, treatment.assessment, today, event),
        ):
            for day in days:
                if day <= tomorrow:
                    return tomorrow
                earliest = min(earliest, day)
        return earliest

    def _is_asked_for(self, done: Sequence[Action]) -> bool:
        """Return whether a condition asks for what was done, which changes from tomorrow on."""
        for action in done:
            if self._asks_holds and action.kind in HOLD_KINDS:
                return True
            if action.kind is ActionKind.PLACEMENT:
                return True
            if self._asks_messages and (
                action.kind in STEP_KINDS or action.kind is ActionKind.TASK
            ):
                return True
        return False

    def _waiting(self, treatment: Treatment, today: date) -> Iterator[date]:
        """Yield the days that what was planned or held back waits for."""
        for held in treatment.held_back:
            if held.next_date is not None and held.next_date > today:
                yield held.next_date
        for action in treatment.actions:
            if action.not_before is not None and action.not_before.date() > today:
                yield action.not_before.date()

    def _pauses(self, assessment: Assessment) -> Iterator[date]:
        """Yield the days after a customer's pause, and after what a person decided of its hold."""
        decision = assessment.account.hold_decision
        if decision is not None and decision.until is not None:
            yield days_later(decision.until, 1)
        for party in (assessment.root, *assessment.parties):
            pause = pause_words(party)
            if pause is not None:
                yield pause.next_date

    def _statements(self, today: date) -> Iterator[date]:
        """Yield the next days of statements."""
        calendar = self._day(today).assessor.calendar
        for on in self._statement_days:
            yield next_statement_day(on, today, calendar)

    def _deadlines(self, assessment: Assessment, today: date) -> Iterator[date]:
        """Yield the days on which a dispute has waited too long for its answer."""
        assessor = self._day(today).assessor
        rules = assessor.rulebook.disputes
        disputes = assessment.account_view.disputes if rules is not None else {}
        for dispute in disputes.values():
            if rules is not None and is_standing(dispute, today):
                yield from (day for day in deadlines(rules, dispute, assessor) if day > today)

    def _answers(self, assessment: Assessment, today: date, event: date) -> Iterator[date]:
        """Yield the days on which each answer may change."""
        root = assessment.root
        if self._of_debtor:
            look = Look(root.view, root.row, None, None, today, event, self._ledger)
            for validity in self._of_debtor:
                yield validity.until(look)
        for party in assessment.parties:
            if self._of_contact:
                look = Look(party.view, party.row, None, None, today, event, self._ledger)
                for validity in self._of_contact:
                    yield validity.until(look)
            if self._of_invoice:
                yield from self._answers_about_invoices(party, today, event)

    def _answers_about_invoices(
        self, party: DunnedParty, today: date, event: date
    ) -> Iterator[date]:
        assessor = self._day(today).assessor
        for invoice in party.view.owed:
            row = assessor.invoice_row(party, invoice)
            look = Look(party.view, party.row, invoice, row, today, event, self._ledger)
            for validity in self._of_invoice:
                yield validity.until(look)

    def _steps(self, assessment: Assessment, done: Sequence[Action], today: date) -> Iterator[date]:
        """Yield the days on which the next steps can be taken, after those of today."""
        taken_steps: dict[str, list[SentStep]] = {}
        for action in done:
            for step in steps_taken(action, today):
                taken_steps.setdefault(step.invoice_id, []).append(step)
        assessor, sent = self._day(today).assessor, assessment.account_view.sent
        for party in assessment.parties:
            if party.left_alone is not None or party.paused_by is not None:
                continue
            if party.view.contact.status != ContactStatus.ACTIVE:
                continue  # an answer has to change first, or the contact
            cadences = assessor.cadences(party)[0] if party.view.owed else []
            if not cadences:
                continue
            free_on = self._free_on(assessment, party, done, today)
            for invoice in party.view.owed:
                so_far = [*sent.get(invoice.id, ()), *taken_steps.get(invoice.id, ())]
                cadence = cadence_of(cadences, assessment.account_view, invoice)
                if cadence is None:
                    continue  # until a promise is broken, which is an event
                fitting = cadence_for(cadence, invoice.id, assessment.account)
                yield self._next(party, fitting, invoice, so_far, free_on, today)

    def _free_on(
        self, assessment: Assessment, party: DunnedParty, done: Sequence[Action], today: date
    ) -> date:
        """Return the first day on which the contact may hear from us again."""
        contact = party.view.contact.id
        # Today's actions are not in the account yet.
        if any(action.batch_id and action.contact_id == contact for action in done):
            return today + self._gap
        last = last_moment(assessment, party)
        return today if last is None else last + self._gap

    def _next(
        self,
        party: DunnedParty,
        cadence: Cadence,
        invoice: Invoice,
        taken_steps: Sequence[SentStep],
        free_on: date,
        today: date,
    ) -> date:
        """Return the day on which an invoice's next step leaves; never: it is due already.

        What keeps a step that is due has its own day: an answer, an event, or what it waits for.
        """
        assessor = self._day(today).assessor
        passed = passed_over(
            assessor.rulebook.take_over,
            cadence,
            invoice,
            party.view.account_view.account,
            today=today,
            taken_steps=taken_steps,
            asks=lambda step: is_for(assessor, step, party, invoice),
        )

        def next_on(day: date) -> Due | None:
            return next_step(
                cadence,
                invoice,
                today=day,
                taken_steps=taken_steps,
                refused=passed,
                tasks=party.view.account_view.account.tasks,
                broken_on=party.view.account_view.broken_on(invoice.id),
                seen_on=party.view.account_view.account.first_seen.get(invoice.id),
                # What a condition says is only known of today.
                asks=(lambda step: is_for(assessor, step, party, invoice))
                if day == today
                else None,
            )

        due = next_on(today)
        if due is not None and due.waits_for is not None:
            return NEVER  # until the task is done, which is an event
        if due is not None and due.step.when is not None and due.on > today:
            return due.on  # whether it is passed over is seen on its day, whenever it would leave
        if due is not None and lapses(due.step, invoice):
            on = due.on if due.on > today else NEVER
            if on < invoice.due_on:
                on = self._leaves_on(party, invoice, due.step, on, free_on)
            if on < invoice.due_on:
                return on
            # It lapses on the due date, and the one after it counts.
            due = next_on(invoice.due_on)
            if due is not None and due.step.when is not None and due.on > today:
                return due.on
        if due is None or due.on <= today:
            return NEVER
        return self._leaves_on(party, invoice, due.step, due.on, free_on)

    def _leaves_on(
        self, party: DunnedParty, invoice: Invoice, step: Step, on: date, free_on: date
    ) -> date:
        """Return the day on which a step that is due on a day leaves at the earliest."""
        # A letter, a text message or a way of the step's own may have no address or no settings:
        # it becomes a task. So may what is disputed in part. A task waits for no free day.
        is_message = (
            step.kind is StepKind.EMAIL
            and not step.via
            and self._via in {Via.PLATFORM, Via.SMTP}
            and bool(invoice.email or party.view.email())
        )
        if not is_message or invoice.id in party.view.account_view.in_dispute:
            return on
        on = max(on, free_on)
        return on if on > self._last else self._day(on).leaves_on(party)


def _lapsing_tasks(account: Account, done: Sequence[Action], today: date) -> Iterator[date]:
    """Yield the days on which tasks of steps end, and the next step may go.

    Those of steps before the due date end on it; one whose invoice went a step further today ends
    with the next plan.
    """
    steps = [step for task in account.tasks if task.done_on is None for step in task.steps]
    open_for = {step.invoice_id for step in steps}
    if open_for and any(
        step.invoice_id in open_for for action in done for step in steps_taken(action, today)
    ):
        yield today + DAY
    steps += [
        step
        for action in done
        if action.kind is ActionKind.TASK
        for step in steps_taken(action, today)
    ]
    ids = {step.invoice_id for step in steps}
    if ids:
        yield from (
            invoice.due_on
            for invoice in account.invoices
            if invoice.id in ids and invoice.due_on > today
        )


def days_of_events(
    account: Account,
    first: date,
    last: date,
    zone: tzinfo,
) -> list[date]:
    """Return the days from first to last, in order, on which an account changes.

    Args:
        account: with all that ever happened to it, as the ledger knows it on its last day.
        first: earlier days are left out.
        last: later days are left out.
        zone: the organisation's.
    """
    days = set(event_days(account, zone))
    return sorted(day for day in days if first <= day <= last)


def _moving(conditions: Iterable[Condition]) -> list[AnswerValidity]:
    validities = (validity_of(condition.tree) for condition in conditions)
    return [validity for validity in validities if validity is not None]
