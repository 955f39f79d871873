"""Withdrawing a promise: one that was recorded by mistake, or that the customer takes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from arsync.application.agreements.promises import debt_named
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import Recorded, name_line, reason_line, words_of_promise
from arsync.core.actions import ActionKind, ActionState
from arsync.core.actions.reversal import undo_action
from arsync.core.ledger.agreements.promises import BROKEN, OPEN, JudgedPromise
from arsync.errors import UserMistake
from arsync.store.models import ActionRow

_NOT_LEFT = frozenset({ActionState.PLANNED, ActionState.AWAITING_APPROVAL, ActionState.APPROVED})
_ON_ITS_WAY = frozenset({ActionState.SENDING, ActionState.SENT, ActionState.UNKNOWN})


class StandingPromise(NamedTuple):
    """A promise that can be withdrawn."""

    organisation: OrganisationContext
    contact_id: str
    judged: JudgedPromise
    words: str
    """`the promise of GBP 100.00 by 2026-12-01`."""
    numbers: tuple[str, ...]
    """Of what is owed of its invoices."""


def standing_promise(
    actor: Actor,
    container: Container,
    names: Sequence[str],
    *,
    number: int | None = None,
    connection: Chosen = None,
) -> StandingPromise:
    """Return the open or broken promise that is meant.

    Args:
        actor: who asks.
        container: holds the ledgers.
        names: invoices of one customer, or the customer.
        number: the promise's own, where there are several; None: the only one.
        connection: where; None: wherever the first name is found.

    Raises:
        UserMistake: there is none, there are several, or the accounting system tells of it.
    """
    permit(actor, Permission.AGREE, only_looks=True)
    organisation, debt = debt_named(container, names, connection)
    about = frozenset(invoice.id for invoice in debt.invoices)
    standing = [
        judged
        for judged in debt.view.judged_promises
        if judged.state in {OPEN, BROKEN}
        and not about.isdisjoint(judged.promise.invoice_ids)
        and number in {None, judged.promise.number}
    ]
    named = " and ".join(names)
    if not standing:
        raise UserMistake(f"{named} has no promise that stands.\n    hint: `arsync promise`")
    stated = [judged for judged in standing if not judged.promise.by_platform]
    if not stated:
        raise UserMistake(
            f"that promise was entered in {organisation.label}: it ends here when it ends there."
        )
    if len(stated) > 1:
        raise UserMistake(
            f"{named} has {len(stated)} promises."
            "\n    hint: name an invoice of the one that is meant"
        )
    owed = debt.view.owed_by_id
    invoices = [owed[id_] for id_ in stated[0].promise.invoice_ids if id_ in owed]
    currency = (invoices or debt.invoices)[0].currency
    numbers = tuple(invoice.number or invoice.id for invoice in invoices)
    words = words_of_promise(stated[0], currency)
    return StandingPromise(organisation, debt.contact.id, stated[0], words, numbers)


def withdraw_promise(
    actor: Actor,
    container: Container,
    names: Sequence[str],
    *,
    number: int | None = None,
    reason: str = "",
    connection: Chosen = None,
) -> Recorded:
    """Withdraw a promise: what it was about is asked for again, and what it replaced stands again.

    What was noted of it in the accounting system is put back by the next run.

    Raises:
        UserMistake: see `standing_promise`; or its note is just on its way.
    """
    permit(actor, Permission.AGREE)
    standing = standing_promise(actor, container, names, number=number, connection=connection)
    organisation, promised = standing.organisation, standing.judged.promise
    note = _note_of(standing)
    if note is not None and note.state in _ON_ITS_WAY:
        raise UserMistake(
            "its note is on its way to the books: withdraw it once the next run has seen it there."
        )
    person = name_line(actor.name)
    words = f"the promise is withdrawn by {person}" + (
        f": {line}" if (line := reason_line(reason)) else ""
    )
    # The note first: whoever is interrupted in between finds the promise, and can say it again.
    put_back = _put_back(standing, note, person, words)
    if not organisation.store.promises.withdraw(organisation.id, promised.number):
        raise UserMistake("that promise was withdrawn or replaced meanwhile.")
    about = ", ".join(standing.numbers)
    message = f"{standing.words.capitalize()} withdrawn. {about} is asked for again."
    if put_back is not None:
        message += " The next run puts back what was noted in the accounting system."
    return Recorded(put_back, message)


def _note_of(standing: StandingPromise) -> ActionRow | None:
    rows = standing.organisation.store.actions.list(
        standing.organisation.id, kinds={ActionKind.PROMISE}, contact_id=standing.contact_id
    )
    ending = f" promise {standing.judged.promise.number}"
    return next((row for row in rows if row.action.subject.endswith(ending)), None)


def _put_back(
    standing: StandingPromise, note: ActionRow | None, who: str, words: str
) -> ActionRow | None:
    """Take the note back, or have it undone; returns the undoing, where there is one."""
    organisation = standing.organisation
    store, now = organisation.store, organisation.clock.now()
    if note is None:
        return None
    if note.state in _NOT_LEFT:
        store.actions.change(
            note.key, ActionState.WITHDRAWN, who=who, why=words, now=now, from_state=note.state
        )
    if note.state is not ActionState.CONFIRMED or organisation.observes:
        return None
    undoing = undo_action(
        note.action, generation=note.generation, done_on=note.sent_on, who=who, reason=words
    )
    (row,) = store.decisions.ask_undo(organisation.id, [undoing], who=who, why=words, now=now)
    return row
