"""How a letter that a person asks for leaves: on the word of who may approve, or it waits."""

from __future__ import annotations

from typing import NamedTuple

from arsync.application.decisions.approvals import approve
from arsync.application.decisions.personal_lines import checked_line, put_personal_line
from arsync.application.letters.statements import CustomerStatement, SentBy, statement_letter
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, is_permitted, permit
from arsync.application.persons_words import Recorded, name_line
from arsync.core.actions import Action, ActionState
from arsync.store.models import ActionRow
from arsync.translation import saying


class PersonsLetter(NamedTuple):
    """A letter as a person asks for it."""

    action: Action
    line: str = ""
    """What stands above its text; of who may approve alone."""


def ask_to_leave(
    actor: Actor, organisation: OrganisationContext, letter: PersonsLetter
) -> Recorded:
    """Have a letter leave with the next run; without the right to approve it waits for somebody.

    So does what is above the person's own limit, and what the rulebook leaves to a role.

    Raises:
        UserMistake: it has left already, or its line is none.
    """
    permit(actor, Permission.PREPARE)
    container, line = organisation.container, checked_line(organisation, *letter)
    row = organisation.store.decisions.ask(
        organisation.id,
        letter.action,
        who=name_line(actor.name),
        why="asked for",
        now=organisation.clock.now(),
        state=ActionState.AWAITING_APPROVAL,
    )
    if not is_permitted(actor, Permission.APPROVE):
        return Recorded(row, _said(row))
    if line:
        put_personal_line(actor, container, row.key, line)
    # What the rulebook leaves to a role is looked at by itself.
    if not row.action.approvers:
        (listed,) = approve(actor, container, [row.key])
        row = listed.row
    return Recorded(row, _said(row))


def send_statement(actor: Actor, shown: CustomerStatement, sent_by: SentBy) -> Recorded:
    """Have a statement sent to its customer by the next run, once on a day.

    Args:
        actor: who asks for it: that is its approval, where the actor may approve.
        shown: what is sent; it is made anew when it leaves.
        sent_by: in which language and way.

    Raises:
        UserMistake: nothing leaves while the connection observes, the way is not set up, the
            customer cannot be written to, or it was asked for today.
    """
    permit(actor, Permission.PREPARE)
    action = statement_letter(shown, sent_by, name_line(actor.name))
    return ask_to_leave(actor, shown.organisation, PersonsLetter(action))


def _said(row: ActionRow) -> str:
    names = {"customer": row.action.contact_name, "letter": row.action.step}
    if row.state is ActionState.APPROVED:
        return saying("%(customer)s: %(letter)s leaves with the next run.", **names)
    return saying("%(customer)s: %(letter)s waits for approval.", **names)
