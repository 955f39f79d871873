"""Letters to references: banks and suppliers who are asked about an applicant for credit.

Nobody is asked unless the applicant agreed to it, and each is asked once and reminded once.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from arsync.core.actions import (
    Action,
    ActionState,
    Because,
    ReferenceLetterPayload,
    Via,
    payload_of,
)
from arsync.core.ledger.agreements.credit_applications import CreditApplication, CreditReference
from arsync.core.ledger.enclosures import Enclosure
from arsync.core.ledger.records import Account, Contact, ContactStatus
from arsync.core.rulebook.model import REFERENCE_REMINDER, REFERENCE_REQUEST

ASKED_FOR = "reference asked for"
"""What history names as the rule of a letter that a person sends."""

LETTERS_MAX = 10
"""So many letters are ever meant for one reference, with those that were withdrawn."""

WAITS = frozenset({ActionState.PLANNED, ActionState.AWAITING_APPROVAL, ActionState.APPROVED})
_GONE = frozenset({ActionState.WITHDRAWN, ActionState.REJECTED})


class LetterWish(NamedTuple):
    """Which letter a reference is to get, and why."""

    connection: str
    language: str
    because: Because
    is_reminder: bool = False


def payload_of_reference(action: Action) -> ReferenceLetterPayload:
    """Return what only letters to references have."""
    return payload_of(action, ReferenceLetterPayload)


def waits(state: str) -> bool:
    """Return whether a letter of this state has still to leave, and can be taken back."""
    return state in WAITS


def why_not_asked(application: CreditApplication, reference: CreditReference) -> str:
    """Return why a reference cannot be asked by letter now; empty: it can."""
    if reference.answer is not None:
        return f"{reference.name} has answered: {reference.answer}"
    if not reference.email:
        return f"{reference.name} has no address: --email"
    if application.consented_on is None:
        return (
            f"{application.name} has not agreed that its references are asked: record the day"
            " with --consented-on"
        )
    if reference.letter_state and reference.letter_state not in _GONE:
        on = f" on {reference.asked_on}" if reference.asked_on else ""
        return f"{reference.name} was asked by letter{on} (it is {reference.letter_state})"
    if reference.letters >= LETTERS_MAX:
        return f"{reference.name} was to be asked {reference.letters} times: call it instead"
    return ""


def why_gone(action: Action, application: CreditApplication, *, is_decided: bool) -> str:
    """Return why a letter that waited is not sent any more; empty: its reason stands.

    Args:
        action: the letter.
        application: as it stands now.
        is_decided: whether a decision about it stands.
    """
    payload = payload_of_reference(action)
    reference = next(
        (each for each in application.references if each.number == payload.reference), None
    )
    if reference is None:
        return f"{payload.addressee or 'the reference'} is no reference any more"
    if reference.answer is not None:
        return f"{reference.name} has answered: {reference.answer}"
    if is_decided:
        return f"the application of {application.name} is decided"
    if application.consented_on is None:
        return f"{application.name} does not agree any more that its references are asked"
    if reference.email != payload.to:
        return f"{reference.name} has another address now: ask it again"
    return ""


def reference_letter(
    application: CreditApplication, reference: CreditReference, wish: LetterWish
) -> Action:
    """Return the letter that asks a reference about an applicant, or reminds it."""
    text = REFERENCE_REMINDER if wish.is_reminder else REFERENCE_REQUEST
    asks = "Reminded" if wish.is_reminder else "Asked"
    return Action(
        payload=ReferenceLetterPayload(
            letter=text,
            language=wish.language,
            to=reference.email,
            attach=(Enclosure.LETTER.value,),
            application=application.number,
            reference=reference.number,
            addressee=reference.name,
            reference_kind=reference.kind.value,
            limit_asked=application.limit_asked,
            currency=application.currency if application.limit_asked is not None else "",
            consented_on=application.consented_on,
            asked_on=reference.asked_on if wish.is_reminder else None,
        ),
        connection=wish.connection,
        contact_id=application.contact_id,
        contact_name=application.name,
        because=wish.because,
        # A letter that was taken back is another than the one that leaves after it.
        subject=f"reference {reference.number} letter {reference.letters + 1}",
        step=text,
        via=Via.SMTP,
        note=f"{asks} by email: {reference.name}, a {reference.kind} reference"
        f" of {application.name}.",
    )


def addressee_of(action: Action) -> Account:
    """Return whom a letter is written to, as the records that letters are made of."""
    payload = payload_of_reference(action)
    contact = Contact(action.contact_id, payload.addressee, ContactStatus.ACTIVE, email=payload.to)
    return Account((contact,))


def said_to_reference(payload: ReferenceLetterPayload, applicant: str) -> dict[str, object]:
    """Return what the letter tells of, by the names that texts know."""
    limit: tuple[Decimal, str] | None = None
    if payload.limit_asked is not None:
        limit = (payload.limit_asked, payload.currency)
    values = {
        "applicant": applicant or None,
        "reference_kind": payload.reference_kind or None,
        "limit_asked": limit,
        "consented_on": payload.consented_on,
        "asked_on": payload.asked_on,
    }
    return {name: value for name, value in values.items() if value is not None}
