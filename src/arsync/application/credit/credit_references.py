"""References of applicants, asked by letter: sent by the outbox, reminded once, taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from arsync.application.credit.credit_applications import Applicant, numbered
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, is_permitted, permit
from arsync.application.persons_words import name_line
from arsync.core.actions import Action, ActionState, Because, Via
from arsync.core.credit.reference_letters import (
    ASKED_FOR,
    LetterWish,
    payload_of_reference,
    reference_letter,
    waits,
    why_gone,
    why_not_asked,
)
from arsync.core.ledger.agreements.credit_applications import CreditReference
from arsync.core.rulebook.model import folded
from arsync.errors import UserMistake
from arsync.mail import language
from arsync.outbox import WHO
from arsync.store.agreements.credit_references import LetterToKeep
from arsync.store.models import ActionRow, Mode


class ReferenceAsked(NamedTuple):
    """A letter to a reference, and what becomes of it."""

    row: ActionRow
    message: str


def ask_reference(
    actor: Actor,
    container: Container,
    number: int,
    name: str,
    *,
    spoken: str = "",
    connection: Chosen = None,
) -> ReferenceAsked:
    """Have a reference asked by letter with the next run.

    Where the actor may not approve, the letter waits for somebody who may.

    Args:
        actor: asks.
        container: holds the ledgers.
        number: the application's.
        name: the reference's.
        spoken: the language of the letter; empty: that of the rulebook.
        connection: only this connection's.

    Raises:
        UserMistake: there is no such application or reference, the applicant did not agree, there
            is no address or no way for mail, it was asked already, or the connection observes.
    """
    permit(actor, Permission.APPLY_FOR_CREDIT)
    applicant = numbered(container, number, connection)
    organisation, application, _ = applicant
    reference = _named(applicant, name)
    if problem := why_not_asked(application, reference):
        raise UserMistake(f"not asked: {problem}.")
    if organisation.observes:
        raise UserMistake(f"{organisation.name} only observes: nobody is written to.")
    ways = organisation.sends.ways
    if ways is not None and Via.SMTP not in ways:
        raise UserMistake("[smtp] is not set up: a reference is asked by email.")
    if spoken:
        language(spoken)
    person, approves = name_line(actor.name), is_permitted(actor, Permission.APPROVE)
    letter = reference_letter(
        application,
        reference,
        LetterWish(
            organisation.name,
            spoken or organisation.rulebook.sending.language,
            Because("", 0, ASKED_FOR),
        ),
    )
    row = organisation.store.credit_references.ask(
        organisation.id,
        reference,
        LetterToKeep(
            letter,
            ActionState.APPROVED if approves else ActionState.AWAITING_APPROVAL,
            person,
            "asked for" if approves else f"asked for by {person}, who may not approve letters",
        ),
    )
    then = "the letter leaves with the next run" if approves else "the letter waits for approval"
    return ReferenceAsked(row, f"{reference.name}, {reference.email}: {then}.")


def take_reference_back(
    actor: Actor, container: Container, number: int, name: str, *, connection: Chosen = None
) -> str:
    """Take a letter back that has not left, or else the answer that was recorded.

    Args:
        actor: takes it back.
        container: holds the ledgers.
        number: the application's.
        name: the reference's.
        connection: only this connection's.

    Raises:
        UserMistake: there is neither.
    """
    permit(actor, Permission.APPLY_FOR_CREDIT)
    applicant = numbered(container, number, connection)
    organisation, reference = applicant.organisation, _named(applicant, name)
    for key, state, becomes in (
        # Withdrawn, the reminder would be due again with the next run.
        (reference.reminder_key, reference.reminder_state, ActionState.REJECTED),
        (reference.letter_key, reference.letter_state, ActionState.WITHDRAWN),
    ):
        if waits(state):
            organisation.store.actions.change(
                key,
                becomes,
                who=name_line(actor.name),
                why="taken back",
                now=organisation.clock.now(),
                from_state=ActionState(state),
            )
            return f"{reference.name}: the letter is taken back."
    if reference.answer is None:
        recall = " What has left cannot be recalled." if reference.letter_key else ""
        raise UserMistake(f"{reference.name}: nothing waits, and nothing was answered.{recall}")
    unanswered = CreditReference(
        reference.number,
        reference.kind,
        reference.name,
        reference.email,
        reference.asked_on,
    )
    store = organisation.store.credit_references
    store.answer(unanswered, who=name_line(actor.name))
    return f"{reference.name}: the answer is taken back."


def remind_references(organisation: OrganisationContext) -> int:
    """Put the reminders of today into the outbox, as the rulebook asks; return how many.

    Each reference is reminded once. Where everything waits for approval, so do they.
    """
    rules = organisation.rulebook.credit_references
    ways = organisation.sends.ways
    if rules.remind_days is None or organisation.observes:
        return 0
    if ways is not None and Via.SMTP not in ways:
        return 0
    store, asked_until = organisation.store, organisation.today - timedelta(rules.remind_days)
    due = store.credit_references.to_remind(organisation.id, asked_until)
    if not due:
        return 0
    numbers = sorted({application for application, _ in due})
    due_references = {reference_number for _, reference_number in due}
    to_remind = [
        (application, reference)
        for application in store.credit.numbered(organisation.id, numbers).values()
        for reference in application.references
        if reference.number in due_references
    ]
    keys = [reference.letter_key for _, reference in to_remind]
    letters = {row.key: row.action for row in store.actions.rows(keys)}
    all_wait = organisation.mode == Mode.APPROVE
    state = ActionState.AWAITING_APPROVAL if all_wait else ActionState.APPROVED
    place = rules.place
    reminded = 0
    for application, reference in to_remind:
        first = payload_of_reference(letters[reference.letter_key])
        wish = LetterWish(
            organisation.name,
            first.language,
            Because(place.file, place.line, "credit_references"),
            is_reminder=True,
        )
        letter = reference_letter(application, reference, wish)
        reason = f"asked on {reference.asked_on}, and not answered yet"
        try:
            store.credit_references.ask(
                organisation.id,
                reference,
                LetterToKeep(letter, state, WHO, reason, is_reminder=True),
            )
        except UserMistake:
            # Somebody asked it, or took it back, at this moment: the next run looks again.
            continue
        reminded += 1
    return reminded


def reference_gone(organisation: OrganisationContext, action: Action) -> str:
    """Return why a letter to a reference is not sent any more; empty: its reason stands."""
    number = payload_of_reference(action).application
    application = organisation.store.credit.numbered(organisation.id, [number]).get(number)
    if application is None:
        return "there is no such application any more"
    decisions = organisation.store.credit.decisions(organisation.id, [number])
    return why_gone(action, application, is_decided=any(row.stands for row in decisions))


def _named(applicant: Applicant, name: str) -> CreditReference:
    folded_name = folded(name_line(name))
    for reference in applicant.application.references:
        if folded(reference.name) == folded_name:
            return reference
    names = ", ".join(each.name for each in applicant.application.references) or "none yet"
    number = applicant.application.number
    raise UserMistake(
        f"application {number} names no reference {name!r}. It names: {names}."
        f'\n    hint: arsync credit reference {number} "{name_line(name)}" --email ADDRESS'
    )
