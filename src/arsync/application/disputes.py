"""Disputes, as people record them.

A person's word and the note about it are kept in one transaction: a process that dies between the
two would leave a dispute that the books never hear of.
"""

from __future__ import annotations

from functools import partial

from arsync.application.container import Container
from arsync.application.name_search import invoice_numbered
from arsync.application.organisation_context import Chosen, OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import (
    Recorded,
    contact_name,
    invoice_ref,
    name_line,
    reason_line,
    recorded,
)
from arsync.core.actions import Action, Because, DisputePayload
from arsync.core.ledger.agreements.disputes import SHOWN_BY_PLATFORM
from arsync.core.ledger.records import Invoice
from arsync.errors import UserMistake
from arsync.store.models import DisputeRow


def open_dispute(
    actor: Actor,
    container: Container,
    invoice_number: str,
    *,
    reason: str,
    connection: Chosen = None,
) -> Recorded:
    """Record a dispute about an invoice: it is not chased while that is open.

    Raises:
        UserMistake: there is no such invoice, no reason is given, or a dispute is open already.
    """
    permit(actor, Permission.AGREE)
    organisation, invoice = invoice_numbered(container, invoice_number, connection)
    line = reason_line(reason)
    if not line:
        raise UserMistake("a dispute needs a reason: --reason TEXT.")
    note_of = partial(
        _dispute_note, organisation.name, invoice, contact_name(organisation, invoice.contact_id)
    )
    row = container.store.disputes.record(
        organisation.id,
        invoice.id,
        opened_on=organisation.today,
        reason=line,
        who=name_line(actor.name),
        noted_by=None if organisation.observes else note_of,
    )
    message = f"Dispute about {invoice.number} recorded; no reminder is sent while it is open."
    return recorded(organisation, message, note_of(row))


def settle_dispute(
    actor: Actor, container: Container, invoice_number: str, *, connection: Chosen = None
) -> Recorded:
    """Record that a dispute is settled.

    Raises:
        UserMistake: there is no such invoice, or no dispute about it was recorded here.
    """
    permit(actor, Permission.AGREE)
    organisation, invoice = invoice_numbered(container, invoice_number, connection)
    # The next pull would show the platform's dispute again: it is settled there.
    _refuse_to_settle_platforms(organisation, invoice)
    note_of = partial(
        _dispute_note, organisation.name, invoice, contact_name(organisation, invoice.contact_id)
    )
    row = container.store.disputes.settle(
        organisation.id,
        invoice.id,
        settled_on=organisation.today,
        who=name_line(actor.name),
        noted_by=None if organisation.observes else note_of,
    )
    message = f"Dispute about {invoice.number} settled."
    if invoice.disputed_on is not None:
        message += f" {invoice.number} is not chased yet: {SHOWN_BY_PLATFORM}."
    return recorded(organisation, message, note_of(row))


def _refuse_to_settle_platforms(organisation: OrganisationContext, invoice: Invoice) -> None:
    """Refuse to settle a dispute that only the accounting system tells of."""
    rows = organisation.store.disputes.recorded(organisation.id, invoice.id)
    if invoice.disputed_on is not None and all(row.settled_on is not None for row in rows):
        raise UserMistake(
            f"no dispute is recorded about {invoice.number} here: {SHOWN_BY_PLATFORM}"
            f" since {invoice.disputed_on}.\n    hint: it ends here when it ends there"
        )


def _dispute_note(connection: str, invoice: Invoice, contact_name: str, row: DisputeRow) -> Action:
    settled = row.settled_on.isoformat() if row.settled_on else ""
    note = (
        f"Dispute about {invoice.number} settled on {settled}, recorded by {row.settled_by}."
        if settled
        else f"Dispute about {invoice.number}: {row.reason}. Recorded by {row.recorded_by}."
    )
    return Action(
        payload=DisputePayload(row.reason, row.settled_on),
        connection=connection,
        contact_id=invoice.contact_id,
        contact_name=contact_name,
        because=Because("", 0, "dispute"),
        invoices=(invoice_ref(invoice),),
        subject=f"{invoice.id} dispute {row.id} {'settled' if settled else 'opened'}",
        note=note,
    )
