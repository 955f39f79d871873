"""What a person says, as it is kept: on one clean line, with the note that goes to the books."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.core.actions import Action, InvoiceRef
from arsync.core.ledger.agreements.promises import JudgedPromise
from arsync.core.ledger.money import shown
from arsync.core.ledger.records import Invoice
from arsync.core.ledger.sanitising import cleaned
from arsync.core.planning.plan_views import ActionView, action_view
from arsync.errors import UserMistake
from arsync.store.models import ActionRow
from arsync.translation import SaidText, as_saying, saying

NAME_CHARACTERS_MAX = 100
REASON_CHARACTERS_MAX = 1_000


class Recorded(NamedTuple):
    """What was recorded, and what becomes of it."""

    row: ActionRow | None
    """The note's action; None when nothing goes to the accounting system."""
    message: str


class RecordedView(Struct, frozen=True):
    """The JSON view of a record that a person made."""

    message: str
    action: ActionView | None


def recorded_view(recorded: Recorded) -> RecordedView:
    """Return the JSON view of a record that a person made."""
    row = recorded.row
    return RecordedView(str(recorded.message), action_view(row.action, row.state) if row else None)


def recorded(organisation: OrganisationContext, message: str, note: Action) -> Recorded:
    """Say what was recorded, and what becomes of the note about it."""
    if organisation.observes:
        return Recorded(None, as_saying(message).then(no_note(organisation)))
    row = organisation.store.actions.get(note.key)
    return Recorded(row, as_saying(message).then(note_leaves()))


def note_leaves() -> SaidText:
    """Say when the note about something leaves."""
    return saying("The note goes to the accounting system with the next run.")


def no_note(organisation: OrganisationContext) -> SaidText:
    """Say that no note leaves, because nothing does."""
    name = organisation.name
    return saying("%(name)s only observes: no note goes to the accounting system.", name=name)


def contact_name(organisation: OrganisationContext, contact_id: str) -> str:
    """Return a customer's name; its id where the store does not have it."""
    try:
        return organisation.store.ledger.contact(organisation.id, contact_id).name
    except UserMistake:
        return contact_id


def invoice_ref(invoice: Invoice) -> InvoiceRef:
    """Return what a note is about."""
    return InvoiceRef(invoice.id, invoice.number, invoice.amount_due, invoice.currency)


def name_line(text: str) -> str:
    """Return a person's name as one clean line.

    Raises:
        UserMistake: it is too long.
    """
    return _one_line(text, NAME_CHARACTERS_MAX)


def reason_line(text: str) -> str:
    """Return a person's reason as one clean line.

    Raises:
        UserMistake: it is too long.
    """
    return _one_line(text, REASON_CHARACTERS_MAX)


def _one_line(text: str, characters_max: int) -> str:
    line = cleaned(text)
    if len(line) > characters_max:
        raise UserMistake(
            f"a text of {len(line):,} characters is too long; {characters_max:,} fit."
        )
    return line


def words_of_promise(judged: JudgedPromise, currency: str) -> str:
    """Return `the promise of GBP 100.00 by 2026-12-01`."""
    promise = judged.promise
    amount = "all that is due" if promise.amount is None else shown(promise.amount, currency)
    return f"the promise of {amount} by {promise.promised_on.isoformat()}"
