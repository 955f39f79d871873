"""Step actions: a due step as the action it becomes, with its note and details."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from msgspec.structs import replace

from arsync.core.actions import (
    Action,
    ActionKind,
    Because,
    InvoiceRef,
    LateFeePayload,
    LetterPayload,
    Payload,
    ReminderPayload,
    TaskPayload,
    Via,
    action_key,
    reopened_subject,
    step_subject,
)
from arsync.core.actions.message_words import as_step, sent_words
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.ledger.business_days import days_in_words
from arsync.core.ledger.money import ZERO, minor_digits, rounded, shown
from arsync.core.ledger.records import Invoice
from arsync.core.ledger.sanitising import file_name
from arsync.core.ledger.undeliverable_addresses import (
    cannot_be_reached,
    of_contact,
    phone_words,
)
from arsync.core.planning.assessment import DunnedParty
from arsync.core.planning.planning_context import Planning, cited
from arsync.core.planning.ways import EMAIL_ADDRESS, envelope_of
from arsync.core.rulebook.model import Step, StepKind, WithoutEmail
from arsync.core.rulebook.roles import APPROVAL, NOT_ASKED, AskedApproval, all_asked


class DueStep(NamedTuple):
    """A step that one invoice is due and nothing stops."""

    invoice: Invoice
    """With what is asked for as its amount due."""
    step: Step
    episode: int
    reason: Because
    by_hand: bool = False
    """An old debt that a person starts."""
    via: str = ""
    """By which way its message leaves; empty: it has none, or no way is set up."""
    lacks: str = ""
    """What address its customer lacks for it: `email address`; empty: none."""
    no_way: str = ""
    """Why its own way leads nowhere, in words; empty where it leads somewhere."""
    document_due: Decimal | None = None
    """What is due on the invoice itself, where that is more."""
    disputed: Decimal | None = None
    """What of it is disputed and not asked for now; None: nothing."""
    times_closed: int = 0
    """How often its task closed itself before."""

    @property
    def ref(self) -> InvoiceRef:
        """Return the invoice as actions name it."""
        invoice = self.invoice
        overdue = self.reason.facts.get("days_overdue", 0)
        return InvoiceRef(
            invoice.id,
            invoice.number,
            invoice.amount_due,
            invoice.currency,
            self.episode,
            self.step.text,
            self.step.day,
            overdue,
            self.document_due,
            self.step.slot,
            self.disputed,
        )

    @property
    def subject(self) -> str:
        """Return the text that distinguishes this step of this invoice from every other."""
        alone = step_subject(self.invoice.id, self.step.day, self.step.slot)
        return reopened_subject(alone, self.times_closed)


def asks_for_too_much(due_step: DueStep) -> bool:
    """Return whether the accounting system's own email would ask for what is disputed.

    It shows the whole invoice, and no word of arsync's can be added.
    """
    if not due_step.disputed or due_step.step.kind is not StepKind.EMAIL:
        return False
    return due_step.via == Via.PLATFORM


def acts_as(planning: Planning, due_step: DueStep) -> ActionKind | None:
    """Return what the step becomes; None when there is no way to take it."""
    if due_step.no_way:
        return ActionKind.TASK
    if due_step.lacks:
        if planning.assessor.rulebook.sending.without_email is WithoutEmail.TASK:
            return ActionKind.TASK
        return None
    if asks_for_too_much(due_step):
        return ActionKind.TASK
    return _KINDS[due_step.step.kind]


_KINDS: Mapping[StepKind, ActionKind] = {
    StepKind.EMAIL: ActionKind.REMINDER,
    StepKind.CALL: ActionKind.TASK,
    StepKind.TASK: ActionKind.TASK,
    StepKind.LETTER: ActionKind.LETTER,
    StepKind.LATE_FEE: ActionKind.LATE_FEE,
}


def fee_of(planning: Planning, party: DunnedParty, due_step: DueStep) -> Decimal | None:
    """Return the late fee in the invoice's currency; None without an exchange rate.

    A percentage is of the net amount due, and no fee is larger than that.
    """
    fee = _fee_by_rule(planning, party, due_step)
    return None if fee is None else min(fee, due_step.invoice.amount_due)


def _fee_by_rule(planning: Planning, party: DunnedParty, due_step: DueStep) -> Decimal | None:
    invoice, step = due_step.invoice, due_step.step
    if step.fee_percent is not None:
        # A percentage is in the invoice's own currency and needs no rate.
        return rounded(invoice.amount_due * step.fee_percent / 100, invoice.currency)
    assert step.fee_amount is not None, "a late fee is an amount or a percentage"
    if invoice.currency == planning.assessor.rulebook.currency:
        return step.fee_amount
    unit = party.view.account_view.converter.rate(invoice.currency, invoice.rate)
    return None if not unit else rounded(step.fee_amount / unit, invoice.currency)


def step_key(planning: Planning, party: DunnedParty, due_step: DueStep) -> str:
    """Return the key of the action that the step becomes, without its words."""
    return action_key(
        acts_as(planning, due_step) or ActionKind.REMINDER,
        planning.connection,
        party.view.contact.id,
        due_step.reason.rule,
        due_step.subject,
        due_step.episode,
    )


def reopened_step(
    planning: Planning, party: DunnedParty, due_step: DueStep, closed: frozenset[str]
) -> DueStep:
    """Return the step as the next task of its kind, after those that closed themselves."""
    while closed and step_key(planning, party, due_step) in closed:
        due_step = due_step._replace(times_closed=due_step.times_closed + 1)
    return due_step


def step_action(
    planning: Planning,
    party: DunnedParty,
    together: list[DueStep],
    *,
    others_waiting: int = 0,
) -> Action:
    """Make one action of one or more steps of one contact; the oldest invoice leads."""
    # The letter has the text of the highest step, and the key of the oldest invoice: one that falls
    # due later does not make it another action.
    lead = together[0]
    highest = max(together, key=lambda due_step: due_step.step.day)
    kind = acts_as(planning, lead) or ActionKind.REMINDER
    # Tasks and fees are written into the accounting system alone.
    via = highest.via if kind in MESSAGE_KINDS else Via.PLATFORM
    reaches_customer = kind in MESSAGE_KINDS
    contact = party.view.contact
    # Tasks and fees reach no customer, so they wait for no business day.
    leaving = planning.places.leaving(contact, party.customer) if reaches_customer else None
    waits_for = leaving.waits_for if leaving is not None else ""
    waits = _approval_asked(planning, party, together)
    return Action(
        payload=_payload(planning, party, kind, together, highest, waits_for=waits_for, via=via),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=highest.reason,
        invoices=tuple(_ref_in(due_step, highest.reason.rule) for due_step in together),
        subject=lead.subject,
        episode=lead.episode,
        step=highest.step.text,
        via=via,
        needs_approval=waits.needed,
        approvers=waits.roles,
        not_before=leaving.not_before if leaving else None,
        # All that leaves to a contact on a day is one moment, even if planned in several runs.
        batch_id=f"{contact.id} {leaving.not_before.date()}" if leaving else "",
        note=_note(planning, kind, together, highest, others_waiting, via),
    )


def _ref_in(due_step: DueStep, cadence: str) -> InvoiceRef:
    """Return the invoice of a step as a message of a cadence names it."""
    own, ref = due_step.reason.rule, due_step.ref
    return ref if own == cadence else replace(ref, cadence=own)


def _approval_asked(
    planning: Planning, party: DunnedParty, together: list[DueStep]
) -> AskedApproval:
    """Return the approval that steps wait for, by the sum that they ask for or bill."""
    # One step that needs approval is enough: a letter cannot leave in part.
    if not any(due_step.by_hand or due_step.step.approval.required for due_step in together):
        return NOT_ASKED
    approvals = [APPROVAL if due_step.by_hand else due_step.step.approval for due_step in together]
    account_view = party.view.account_view
    if together[0].step.kind is StepKind.LATE_FEE:
        fee, invoice = fee_of(planning, party, together[0]), together[0].invoice
        number = invoice.number or invoice.id
        amount = fee and account_view.converter.amount(fee, invoice.currency, invoice.rate, number)
    else:
        amount = account_view.total_due([due_step.invoice for due_step in together])
    return all_asked(approvals, amount)


def _payload(
    planning: Planning,
    party: DunnedParty,
    kind: ActionKind,
    together: list[DueStep],
    highest: DueStep,
    *,
    waits_for: str,
    via: str,
) -> Payload:
    step, invoice, cadence = highest.step, together[0].invoice, highest.reason.rule
    language = planning.places.language(party.view.contact, party.customer)
    if kind is ActionKind.REMINDER:
        platform = planning.platform_label if via == Via.PLATFORM else ""
        envelope = envelope_of(planning, party, invoice, step, via)
        return ReminderPayload(
            cadence, language, waits_for=waits_for, platform=platform, **envelope._asdict()
        )
    if kind is ActionKind.TASK:
        task = step.text
        if highest.no_way:
            task = f"Send the text {step.text!r} another way: {highest.no_way}"
        elif highest.lacks:
            task = f"{_lacking(party, highest.lacks)}: send the {step.text} another way"
        elif asks_for_too_much(highest):
            task = f"Ask for what is not disputed: send the {step.text} another way"
        is_call = step.kind is StepKind.CALL
        return TaskPayload(task, step.assign_to, cadence, is_call, step.script)
    if kind is ActionKind.LETTER:
        name = file_name(f"{step.text} {invoice.number or invoice.id}", ".pdf")
        envelope = envelope_of(planning, party, invoice, step, via)
        return LetterPayload(
            cadence,
            language,
            waits_for=waits_for,
            letter=step.text,
            file_name=name,
            **envelope._asdict(),
        )
    fee = fee_of(planning, party, together[0])
    assert fee is not None, "a fee without a rate is held back"
    return LateFeePayload(
        # `40` in the rulebook is 40.00 on the invoice and in the note.
        amount=fee.quantize(Decimal(1).scaleb(-minor_digits(invoice.currency))),
        currency=invoice.currency,
        description=f"Late fee for invoice {invoice.number or invoice.id}",
        cadence=cadence,
        is_draft=planning.offers_drafts,
    )


def _lacking(party: DunnedParty, lacks: str) -> str:
    """Return why nothing can be sent, with the phone where an address is known to be wrong."""
    contact = party.view.contact
    undeliverable = of_contact(party.view.account_view.account, contact.id)
    if not undeliverable or lacks != EMAIL_ADDRESS:
        return f"There is no {lacks}"
    return f"{'; '.join(map(cannot_be_reached, undeliverable))}{phone_words(contact)}"


def _note(
    planning: Planning,
    kind: ActionKind,
    together: list[DueStep],
    highest: DueStep,
    others_waiting: int,
    via: str,
) -> str:
    done = sent_words(kind, highest.step.text, via, planning.platform_label)
    if len(together) == 1:
        days = highest.reason.facts["days_overdue"]
        until = highest.reason.facts.get("days_until_due", 0)
        when = f"{days_in_words(days)} overdue" if days else f"due in {days_in_words(until)}"
        if not days and not until:
            when = "due today"
        owed = shown(highest.invoice.amount_due, highest.invoice.currency)
        body = f"{when}, {owed} due{_taken_off(together)}"
    else:
        # By currency: a sum of pounds and euros means nothing.
        sums: dict[str, Decimal] = {}
        for due_step in together:
            sums[due_step.invoice.currency] = (
                sums.get(due_step.invoice.currency, ZERO) + due_step.invoice.amount_due
            )
        owed = " and ".join(shown(amount, currency) for currency, amount in sums.items())
        body = f"{len(together)} invoices, {owed} due in all{_taken_off(together)}"
    waiting = f"; {others_waiting} more wait for the next message" if others_waiting else ""
    step = as_step(kind, highest.step.text, via)
    return f"{done}: {body}{waiting} ({cited(highest.reason)}){step}."


def _taken_off(together: list[DueStep]) -> str:
    """Return what is taken off: unapplied cash, and what is disputed; empty when nothing is."""
    cash: dict[str, Decimal] = {}
    disputed: dict[str, Decimal] = {}
    for due_step in together:
        if due_step.document_due is not None:
            currency, due = due_step.invoice.currency, due_step.invoice.amount_due
            aside = due_step.disputed or ZERO
            cash[currency] = cash.get(currency, ZERO) + due_step.document_due - due - aside
            disputed[currency] = disputed.get(currency, ZERO) + aside
    if not cash:
        return ""
    words = [
        f"{total} {what}"
        for sums, what in ((cash, "of unapplied cash"), (disputed, "that is disputed"))
        if (total := " and ".join(shown(sums[name], name) for name in sums if sums[name]))
    ]
    return f" after {' and '.join(words)}" if words else ""
