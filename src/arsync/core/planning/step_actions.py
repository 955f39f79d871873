"""Step actions: a due step as the action it becomes, with its note and details."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from arsync.core.actions import Action, ActionKind, Because, InvoiceRef, Via, step_subject
from arsync.core.ledger.business_days import days_in_words
from arsync.core.ledger.money import ZERO, minor_digits, rounded, shown
from arsync.core.ledger.records import Invoice
from arsync.core.ledger.sanitising import file_name
from arsync.core.planning.assessment import Party
from arsync.core.planning.planning_context import Planning, cited
from arsync.core.rulebook.model import Step, StepKind, WithoutEmail


class DueStep(NamedTuple):
    """A step that one invoice is due and nothing stops."""

    invoice: Invoice
    step: Step
    episode: int
    reason: Because
    by_hand: bool = False
    """An old debt that a person starts."""
    no_address: bool = False

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
        )

    @property
    def subject(self) -> str:
        """Return what tells this step of this invoice from every other."""
        return step_subject(self.invoice.id, self.step.day)


def acts_as(planning: Planning, one: DueStep) -> ActionKind | None:
    """Return what the step becomes; None when there is no way to take it."""
    if one.no_address:
        if planning.assessor.rulebook.sending.without_email is WithoutEmail.TASK:
            return ActionKind.TASK
        return None
    return _KINDS[one.step.kind]


_KINDS: Mapping[StepKind, ActionKind] = {
    StepKind.EMAIL: ActionKind.REMINDER,
    StepKind.TASK: ActionKind.TASK,
    StepKind.LETTER: ActionKind.LETTER,
    StepKind.LATE_FEE: ActionKind.LATE_FEE,
}


def fee_of(planning: Planning, party: Party, one: DueStep) -> Decimal | None:
    """Return the late fee in the invoice's currency; None without an exchange rate."""
    invoice, step = one.invoice, one.step
    if step.fee_percent is not None:
        return rounded(invoice.amount_due * step.fee_percent / 100, invoice.currency)
    assert step.fee_amount is not None, "a late fee is an amount or a percentage"
    if invoice.currency == planning.assessor.rulebook.currency:
        return step.fee_amount
    unit = party.seat.books.converter.rate(invoice.currency, invoice.rate)
    return None if not unit else rounded(step.fee_amount / unit, invoice.currency)


def step_intent(planning: Planning, party: Party, one: DueStep) -> Action:
    """Return one step as an action without its words: enough for its key."""
    contact = party.seat.contact
    return Action(
        kind=acts_as(planning, one) or ActionKind.REMINDER,
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=one.reason,
        subject=one.subject,
        episode=one.episode,
    )


def step_action(
    planning: Planning,
    party: Party,
    together: list[DueStep],
    *,
    others_waiting: int = 0,
) -> Action:
    """Make one action of one or more steps of one contact; the oldest invoice leads."""
    lead = together[0]
    highest = max(together, key=lambda one: one.step.day)
    kind = acts_as(planning, lead) or ActionKind.REMINDER
    sending = planning.assessor.rulebook.sending
    reaches_customer = kind in {ActionKind.REMINDER, ActionKind.LETTER}
    contact = party.seat.contact
    leaving = planning.places.leaving(contact, party.customer) if reaches_customer else None
    details = _details(planning, party, kind, together, highest)
    if leaving is not None and leaving.waits_for:
        details["waits_for"] = leaving.waits_for
    return Action(
        kind=kind,
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=highest.reason,
        invoices=tuple(one.ref for one in together),
        subject=lead.subject,
        episode=lead.episode,
        step=highest.step.text,
        via=Via(sending.via) if kind is ActionKind.REMINDER else Via.PLATFORM,
        needs_approval=any(one.step.needs_approval or one.by_hand for one in together),
        not_before=leaving.not_before if leaving else None,
        moment=f"{contact.id} {leaving.not_before.date()}" if leaving else "",
        note=_note(kind, together, highest, others_waiting),
        details=details,
    )


def _details(
    planning: Planning,
    party: Party,
    kind: ActionKind,
    together: list[DueStep],
    highest: DueStep,
) -> dict[str, str]:
    step, invoice = highest.step, together[0].invoice
    language = planning.places.language(party.seat.contact, party.customer)
    if kind is ActionKind.REMINDER:
        return {
            "cadence": highest.reason.rule,
            "language": language,
            "to": _addresses(party, invoice),
        }
    if kind is ActionKind.TASK:
        task = step.text
        if highest.no_address:
            task = f"There is no email address: send the {step.text} another way"
        return {"cadence": highest.reason.rule, "task": task, "assign_to": step.assign_to}
    if kind is ActionKind.LETTER:
        name = file_name(f"{step.text} {invoice.number or invoice.id}", ".pdf")
        return {
            "cadence": highest.reason.rule,
            "letter": step.text,
            "file_name": name,
            "language": language,
        }
    fee = fee_of(planning, party, together[0])
    assert fee is not None, "a fee without a rate is held back"
    digits = minor_digits(invoice.currency)
    return {
        "cadence": highest.reason.rule,
        "amount": f"{fee:.{digits}f}",
        "currency": invoice.currency,
        "description": f"Late fee for invoice {invoice.number or invoice.id}",
    }


def _addresses(party: Party, invoice: Invoice) -> str:
    contact = party.seat.contact
    first = invoice.email or contact.email
    return ", ".join(dict.fromkeys(one for one in (first, *contact.more_emails) if one))


_VERBS = {
    ActionKind.REMINDER: "{} sent by email",
    ActionKind.LETTER: "{} attached as a letter",
    ActionKind.TASK: "Task opened: {}",
    ActionKind.LATE_FEE: "{} billed",
}


def _note(kind: ActionKind, together: list[DueStep], highest: DueStep, others_waiting: int) -> str:
    text = highest.step.text
    said = _VERBS[kind].format(text[:1].upper() + text[1:])
    if len(together) == 1:
        days = highest.reason.facts["days_overdue"]
        until = highest.reason.facts.get("days_until_due", 0)
        when = f"{days_in_words(days)} overdue" if days else f"due in {days_in_words(until)}"
        if not days and not until:
            when = "due today"
        owed = shown(highest.invoice.amount_due, highest.invoice.currency)
        body = f"{when}, {owed} due"
    else:
        sums: dict[str, Decimal] = {}
        for due_step in together:
            sums[due_step.invoice.currency] = (
                sums.get(due_step.invoice.currency, ZERO) + due_step.invoice.amount_due
            )
        owed = " and ".join(shown(amount, currency) for currency, amount in sums.items())
        body = f"{len(together)} invoices, {owed} due in all"
    waiting = f"; {others_waiting} more wait for the next message" if others_waiting else ""
    return f"{said}: {body}{waiting} ({cited(highest.reason)})."
