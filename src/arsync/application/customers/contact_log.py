"""The log of a customer: what people did and heard, kept, and noted in the accounting system."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial
from typing import NamedTuple

from msgspec import Struct

from arsync.application.customers.name_search import contact_named, invoice_numbered
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import (
    contact_name,
    invoice_ref,
    name_line,
    no_note,
    note_leaves,
    reason_line,
)
from arsync.core.actions import Action, Because, NotePayload
from arsync.core.ledger.records import Contact, ContactStatus, Invoice, LogKind
from arsync.core.planning.plan_views import ActionView, action_view
from arsync.errors import UserMistake
from arsync.store.models import LogRow
from arsync.translation import SaidText, saying

LOG_DAYS_BACK_MAX = 3_660
"""What happened more than ten years ago is a slip of a key."""


class LogEntry(NamedTuple):
    """What happened with a customer."""

    text: str
    kind: LogKind = LogKind.NOTE
    happened_on: date | None = None
    """None: today."""
    invoice: str = ""
    """The number of the invoice it is about; empty: about the customer."""


class Logged(Struct, frozen=True):
    """What was logged, or taken back."""

    number: int
    connection: str
    contact: str
    kind: LogKind
    happened_on: date
    text: str
    message: str
    note: ActionView | None
    """What is written into the accounting system; None when nothing is."""


def log(
    actor: Actor,
    container: Container,
    customer: str,
    entry: LogEntry,
    *,
    connection: Chosen = None,
) -> Logged:
    """Log what happened, and have it noted in the accounting system by the next run.

    Raises:
        UserMistake: there is no such customer or invoice, the text is empty or too long, or the day
            is to come or more than ten years ago.
    """
    permit(actor, Permission.LOG)
    organisation, contact = contact_named(container, customer, connection)
    text = reason_line(entry.text)
    if not text:
        raise UserMistake('say what happened: arsync log CUSTOMER "Spoke to Jane."')
    day = entry.happened_on or organisation.today
    _refuse_day(day, organisation.today)
    invoice = _invoice_of(container, organisation, contact, entry.invoice)
    writable = not organisation.observes and contact.status == ContactStatus.ACTIVE
    note_of = partial(_note, organisation.name, contact, invoice)
    row = organisation.store.log.add(
        organisation.id,
        contact.id,
        kind=entry.kind,
        happened_on=day,
        text=text,
        who=name_line(actor.name),
        invoice_id=invoice.id if invoice else "",
        noted_by=note_of if writable else None,
    )
    message = saying(
        "Logged as number %(number)s: %(customer)s, %(kind)s on %(day)s.",
        number=row.id,
        customer=contact.name,
        kind=saying(row.kind),
        day=day,
    )
    if not organisation.observes and not writable:
        message = message.then(
            saying(
                "%(customer)s is %(status)s: no note is written about it.",
                customer=contact.name,
                status=contact.status,
            )
        )
    if entry.kind is LogKind.COMPLAINT:
        message = message.then(
            saying(
                "It stops no reminder: `arsync dispute INVOICE --reason TEXT` does, while it is "
                "open."
            )
        )
    return _logged(organisation, contact, row, message, note_of(row) if writable else None)


def take_back_entry(
    actor: Actor,
    container: Container,
    customer: str,
    number: int,
    *,
    reason: str,
    connection: Chosen = None,
) -> Logged:
    """Take an entry of the log back. A note that has left stays, and a second one says so.

    Raises:
        UserMistake: there is no such entry about the customer, it was taken back already, or no
            reason is given.
    """
    permit(actor, Permission.LOG)
    organisation, contact = contact_named(container, customer, connection)
    line = reason_line(reason)
    if not line:
        raise UserMistake("taking an entry back needs a reason: --why TEXT.")
    store = organisation.store
    before = store.log.entry(organisation.id, number)
    if before.contact_id != contact.id:
        raise UserMistake(f"entry {number} of the log is not about {contact.name}.")
    invoice = None
    if before.invoice_id:
        invoice = store.ledger.invoice(organisation.id, before.invoice_id)
    note_of = partial(_note, organisation.name, contact, invoice)
    row = store.log.take_back(
        organisation.id,
        number,
        who=name_line(actor.name),
        why=line,
        note_key=note_of(before).key,
        noted_by=None if organisation.observes else note_of,
    )
    message = saying("Entry %(number)s is taken back: %(why)s.", number=number, why=line)
    return _logged(organisation, contact, row, message, note_of(row))


def _logged(
    organisation: OrganisationContext,
    contact: Contact,
    row: LogRow,
    message: SaidText,
    note: Action | None,
) -> Logged:
    view = None
    if note is not None and (kept := next(organisation.store.actions.rows([note.key]), None)):
        view = action_view(kept.action, kept.state)
        message = message.then(note_leaves())
    elif organisation.observes:
        message = message.then(no_note(organisation))
    return Logged(
        row.id,
        organisation.name,
        contact_name(organisation, contact.id),
        row.kind,
        row.happened_on,
        row.text,
        message,
        view,
    )


def _refuse_day(day: date, today: date) -> None:
    if day > today:
        raise UserMistake(f"{day} is to come: the log is for what has happened.")
    if day < today - timedelta(days=LOG_DAYS_BACK_MAX):
        raise UserMistake(f"{day} is more than ten years ago.\n    hint: check the year")


def _invoice_of(
    container: Container, organisation: OrganisationContext, contact: Contact, number: str
) -> Invoice | None:
    if not number:
        return None
    _, invoice = invoice_numbered(container, number, organisation.name)
    if invoice.contact_id != contact.id:
        owner = contact_name(organisation, invoice.contact_id)
        raise UserMistake(f"{number} is an invoice of {owner}, not of {contact.name}.")
    return invoice


def _note(connection: str, contact: Contact, invoice: Invoice | None, row: LogRow) -> Action:
    """Return the note about an entry, or about its being taken back."""
    head = f"{row.kind.capitalize()} on {row.happened_on.isoformat()}"
    note = f"{head}: {row.text} Logged by {row.recorded_by}."
    if row.taken_back_at is not None:
        note = f"{head} was logged by mistake, says {row.taken_back_by}: {row.taken_back_why}"
    return Action(
        payload=NotePayload(),
        connection=connection,
        contact_id=contact.id,
        contact_name=contact.name,
        because=Because("", 0, "log"),
        invoices=(invoice_ref(invoice),) if invoice else (),
        subject=f"log {row.id}{' taken back' if row.taken_back_at else ''}",
        note=note,
    )
