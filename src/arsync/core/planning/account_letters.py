"""Letters about the account as values: what is due to a contact, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from arsync.core.actions import (
    AccountLetterPayload,
    Action,
    ActionKind,
    InvoiceRef,
    LetterOccasion,
    StatementAsked,
    Via,
    action_key,
)
from arsync.core.actions.message_words import sent_words
from arsync.core.ledger.account_view import days_overdue
from arsync.core.ledger.records import Invoice
from arsync.core.planning.assessment import DunnedParty
from arsync.core.planning.planning_context import Planning, because, cited
from arsync.core.planning.ways import account_envelope, address_lacking, missing_way
from arsync.core.rulebook.model import Place
from arsync.core.rulebook.roles import NO_APPROVAL, Approval, any_asked

DAYS_LATE_MAX = 10
"""So many days after its day a letter about the account still leaves: nobody is thanked later."""

ASKED_FOR = "letter asked for"
"""What a letter has as its rule that a person sends and no rule does."""

ONE_EACH = 1
"""The episode of a letter: what it is about tells it apart."""


class LetterDue(NamedTuple):
    """A letter about the account that a contact is due."""

    text: str
    rule: str
    place: Place
    subject: str
    """What tells it apart from every other letter of its rule to the contact."""
    facts: Mapping[str, Any] = {}
    via: str = ""
    """As the rule says it; empty: as `sending` does, or by mail."""
    attach: tuple[str, ...] = ()
    approval: Approval = NO_APPROVAL
    amount: Decimal | None = None
    """What its approval may ask for, in the rulebook's currency."""
    invoices: tuple[Invoice, ...] = ()
    statement: StatementAsked | None = None
    occasion: LetterOccasion | None = None
    stop: str = ""
    """Why this letter does not leave; empty where nothing of its own keeps it."""
    until: date | None = None
    """The day on which that may end."""


def key_of(planning: Planning, party: DunnedParty, letter: LetterDue) -> str:
    """Return the key of a letter's action."""
    contact_id = party.view.contact.id
    return action_key(
        ActionKind.ACCOUNT_LETTER,
        planning.connection,
        contact_id,
        letter.rule,
        letter.subject,
        ONE_EACH,
    )


def asked_by_person(letter: LetterDue) -> LetterDue:
    """Return a letter as a person asks for it where no rule sends it."""
    return letter._replace(rule=ASKED_FOR)


def way_of(planning: Planning, letter: LetterDue) -> str:
    """Return the way by which a letter leaves: one that carries words of ours."""
    usual = planning.assessor.rulebook.sending.via
    return letter.via or (Via.SMTP if usual == Via.PLATFORM else usual)


def no_way(planning: Planning, party: DunnedParty, letter: LetterDue) -> str:
    """Return why a letter has no way to the contact; empty where it has one."""
    via = way_of(planning, letter)
    missing = missing_way(planning, via)
    if missing:
        return missing
    lacking = address_lacking(party, via, has_email=bool(party.view.email()))
    return f"no {lacking}" if lacking else ""


def is_in_time(day: date, today: date) -> bool:
    """Return whether a letter whose day it was may leave still."""
    return day <= today <= day + timedelta(DAYS_LATE_MAX)


def letter_action(planning: Planning, party: DunnedParty, letter: LetterDue) -> Action:
    """Return a letter as the action that it becomes."""
    contact, via = party.view.contact, way_of(planning, letter)
    leaving = planning.places.leaving(contact, party.customer)
    reason = because(letter.place, letter.rule, letter.facts)
    approval = any_asked([letter.approval], letter.amount)
    envelope = account_envelope(planning, party, via, letter.attach)
    return Action(
        payload=AccountLetterPayload(
            letter=letter.text,
            language=planning.places.language(contact, party.customer),
            to=envelope.to,
            cc=envelope.cc,
            copy_to=envelope.copy_to,
            sender=envelope.sender,
            waits_for=leaving.waits_for,
            attach=envelope.attach,
            statement=letter.statement,
            occasion=letter.occasion,
        ),
        connection=planning.connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=reason,
        invoices=tuple(_ref(planning, party, invoice) for invoice in letter.invoices),
        subject=letter.subject,
        episode=ONE_EACH,
        step=letter.text,
        via=via,
        needs_approval=approval.needed,
        approvers=approval.roles,
        not_before=leaving.not_before,
        batch_id=f"{contact.id} {leaving.not_before.date()}",
        note=f"{sent_words(ActionKind.ACCOUNT_LETTER, letter.text, via)} ({cited(reason)}).",
    )


def _ref(planning: Planning, party: DunnedParty, invoice: Invoice) -> InvoiceRef:
    view = party.view.account_view
    is_owed = invoice.id in view.owed_by_id
    return InvoiceRef(
        invoice.id,
        invoice.number,
        invoice.amount_due,
        invoice.currency,
        days_overdue=days_overdue(invoice, planning.today),
        document_amount_due=view.document_due(invoice) if is_owed else None,
        disputed=view.in_dispute.get(invoice.id) if is_owed else None,
    )
