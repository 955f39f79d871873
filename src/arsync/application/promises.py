"""Promises to pay, as people record them.

A person's word and the note about it are kept in one transaction: a process that dies between the
two would leave a promise that the books never hear of.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import NamedTuple

from arsync.application.container import Container
from arsync.application.name_search import invoice_numbered
from arsync.application.organisation_context import Chosen
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import (
    Recorded,
    contact_name,
    invoice_ref,
    name_line,
    reason_line,
    recorded,
)
from arsync.core.actions import Action, Because, PromisePayload
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Invoice
from arsync.errors import UserMistake
from arsync.store.models import PromiseRow

PROMISE_DAYS_MAX = 366
"""A promise for a later day is a slip of a key: it would stop all reminders until then."""


class PromiseToPay(NamedTuple):
    """What a customer said."""

    promised_on: date
    """The day the money is to come."""
    amount: Decimal | None = None
    """None for all that is due."""
    note: str = ""
    """Anything to remember."""


def promise(
    actor: Actor,
    container: Container,
    invoice_number: str,
    promised: PromiseToPay,
    *,
    connection: Chosen = None,
) -> Recorded:
    """Record a promise to pay, and have it noted in the accounting system by the next run.

    Raises:
        UserMistake: there is no such invoice, the day is past or too far ahead, or the amount is
            not above zero or more than is due.
    """
    permit(actor, Permission.AGREE)
    organisation, invoice = invoice_numbered(container, invoice_number, connection)
    if (promised.promised_on - organisation.today).days > PROMISE_DAYS_MAX:
        raise UserMistake(
            f"{promised.promised_on.isoformat()} is more than {PROMISE_DAYS_MAX} days ahead: until"
            " then nobody would be reminded."
            "\n    hint: check the year; an agreement for longer is recorded again each year"
        )
    if promised.amount is not None and promised.amount > invoice.amount_due:
        due = shown(invoice.amount_due, invoice.currency)
        raise UserMistake(
            f"{invoice.number or invoice.id} is due {due}: a promise cannot be for more."
            "\n    hint: leave the amount out for all that is due"
        )
    note_of = partial(
        _promise_note, organisation.name, invoice, contact_name(organisation, invoice.contact_id)
    )
    row = container.store.promises.record(
        organisation.id,
        invoice.id,
        promised_on=promised.promised_on,
        made_on=organisation.today,
        who=name_line(actor.name),
        amount=promised.amount,
        note=reason_line(promised.note),
        noted_by=None if organisation.observes else note_of,
    )
    message = f"Promise to pay recorded: {_promise_words(row, invoice)}."
    return recorded(organisation, message, note_of(row))


def _promise_note(connection: str, invoice: Invoice, contact_name: str, row: PromiseRow) -> Action:
    return Action(
        payload=PromisePayload(row.promised_on, row.amount),
        connection=connection,
        contact_id=invoice.contact_id,
        contact_name=contact_name,
        because=Because("", 0, "promise to pay"),
        invoices=(invoice_ref(invoice),),
        subject=f"{invoice.id} promise {row.id}",
        note=f"Promise to pay {_promise_words(row, invoice)}, recorded by {row.recorded_by}."
        + (f" {row.note}" if row.note else ""),
    )


def _promise_words(row: PromiseRow, invoice: Invoice) -> str:
    amount = shown(row.amount, invoice.currency) if row.amount is not None else "all that is due"
    return f"{amount} of {invoice.number} by {row.promised_on.isoformat()}"
