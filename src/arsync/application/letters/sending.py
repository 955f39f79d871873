"""A letter about the account that a person has sent: once for its occasion, and only if true."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from arsync.application.customers.name_search import contact_named, invoice_numbered
from arsync.application.letters.asking import PersonsLetter, ask_to_leave, send_statement
from arsync.application.letters.made_up import in_language
from arsync.application.letters.statements import SentBy, statement
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import Recorded, name_line
from arsync.core.actions import ActionState, Via
from arsync.core.ledger.records import Invoice
from arsync.core.planning.asked_letters import (
    WishedLetter,
    asked_letter,
    texts_to_ask_for,
)
from arsync.core.planning.customer_statement import payer_of
from arsync.core.planning.untrue_letters import Untrue
from arsync.core.rulebook.model import REFERENCE_LETTERS, STATEMENT_OF_ACCOUNT
from arsync.errors import UserMistake
from arsync.mail import language
from arsync.mail.own_texts import text_name
from arsync.store.models import ActionRow


class LetterToSend(NamedTuple):
    """What a person has sent, to whom, and how."""

    name: str
    """Of the text."""
    customer: str
    """A name or an id."""
    invoice: str = ""
    """The number of the one that it is about; empty: of none, or of what comes last."""
    via: str = ""
    """Empty: as the rulebook sends it."""
    language: str = ""
    """Empty: the customer's."""
    line: str = ""
    """What stands above its text, in the person's own words."""
    plan_id: int | None = None
    """The number of the payment plan that it is about; None: the customer has one."""


def letters_to_send(organisation: OrganisationContext) -> tuple[str, ...]:
    """Return the names of the letters that a person can have sent to a customer."""
    return STATEMENT_OF_ACCOUNT, *texts_to_ask_for(organisation.rulebook)


def send_letter(
    actor: Actor, container: Container, wanted: LetterToSend, connection: Chosen = None
) -> Recorded:
    """Have a letter about the account leave with the next run, once for its occasion.

    The word of who may approve is its approval; what is above their own limit, what the rulebook
    leaves to a role, and what others ask for waits for approval.

    Raises:
        UserMistake: a person cannot have this text sent, it would not be true, it left before, it
            has no way to the customer, or the connection observes.
    """
    permit(actor, Permission.PREPARE)
    if wanted.line:
        permit(actor, Permission.APPROVE)
    name = text_name(wanted.name)
    if name == STATEMENT_OF_ACCOUNT:
        shown = statement(actor, container, wanted.customer, connection=connection)
        if wanted.line:
            raise UserMistake("a statement of account takes no personal line.")
        return send_statement(actor, shown, SentBy(wanted.language, wanted.via or Via.SMTP))
    organisation, contact = contact_named(container, wanted.customer, connection)
    _refuse_other_texts(organisation, name)
    if organisation.observes:
        raise UserMistake(f"{organisation.name} only observes: nothing is sent.")
    account = next(organisation.store.ledger.accounts(organisation.id, [contact.id]), None)
    if account is None:
        raise UserMistake(f"{contact.name} has no account: `arsync pull` reads the ledger.")
    if wanted.language:
        language(wanted.language)
    person = name_line(actor.name)
    invoice = _invoice(container, organisation, wanted.invoice)
    wish = WishedLetter(name, invoice, wanted.via, wanted.plan_id)
    payer = payer_of(account, contact.id)
    letter = asked_letter(organisation.planning(), account, payer, wish, person)
    if isinstance(letter, Untrue):
        hint = f"\n    hint: {letter.hint}" if letter.hint else ""
        raise UserMistake(f"not sent: {letter.reason}.{hint}")
    _refuse_again(name, list(organisation.store.actions.rows(letter.keys)))
    action = in_language(letter.action, wanted.language)
    return ask_to_leave(actor, organisation, PersonsLetter(action, wanted.line))


def _refuse_other_texts(organisation: OrganisationContext, name: str) -> None:
    """Refuse a text that no person sends, and say what sends it."""
    known = letters_to_send(organisation)
    if name in known:
        return
    if name in REFERENCE_LETTERS:
        raise UserMistake(f"{name!r} goes to a reference: `arsync credit ask NUMBER NAME`.")
    if organisation.rules.letters.has(name):
        raise UserMistake(
            f"{name!r} leaves by its cadence alone, so that no step is taken"
            f" twice.\n    hint: by hand go {', '.join(known)}"
        )
    raise UserMistake(
        f"there is no letter {name!r}. By hand go {', '.join(known)}."
        "\n    hint: `arsync letters list`"
    )


def _invoice(
    container: Container, organisation: OrganisationContext, number: str
) -> Invoice | None:
    return invoice_numbered(container, number, organisation.name)[1] if number else None


def _refuse_again(name: str, rows: Sequence[ActionRow]) -> None:
    """Refuse a letter that left for the same occasion, or is under way."""
    for row in rows:
        key = row.key[:12]
        if row.state in {ActionState.SENT, ActionState.CONFIRMED}:
            raise UserMistake(
                f"not sent: {name} was already sent on {row.sent_on}, and leaves once for one"
                f" occasion.\n    hint: `arsync why {key}`"
            )
        if row.state in {ActionState.PLANNED, ActionState.AWAITING_APPROVAL}:
            raise UserMistake(
                f"{name} waits for approval already.\n    hint: `arsync approve {key}`"
            )
        if row.state is ActionState.REJECTED:
            raise UserMistake(
                f"not sent: {name} was refused: {row.reason}."
                f"\n    hint: `arsync refuse {key} --take-back --why REASON`"
            )
        if row.state is not ActionState.WITHDRAWN:
            raise UserMistake(f"{name} is on its way already.\n    hint: `arsync why {key}`")
