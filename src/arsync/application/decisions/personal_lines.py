"""A personal line above the text of one letter, added by whoever may approve it.

The text and the amounts stay as the rulebook and the books say: whoever wants them otherwise
refuses the letter and writes by hand.
"""

from __future__ import annotations

from arsync.application.decisions.approvals import WAITING
from arsync.application.decisions.choosing import standing_row
from arsync.application.organisation.container import Container
from arsync.application.organisation.letter_making import shows_personal_line
from arsync.application.organisation.organisation_context import (
    OrganisationContext,
    organisation_by_id,
)
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.persons_words import name_line
from arsync.core.actions import Action, is_our_letter
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.core.ledger.sanitising import cleaned
from arsync.errors import Overtaken, UserMistake
from arsync.store.models import ActionRow

PERSONAL_LINE_CHARACTERS_MAX = 200
"""So long a line may be: a sentence, not a second letter."""


def put_personal_line(actor: Actor, container: Container, key: str, text: str) -> ActionRow:
    """Put a line above the text of a letter that waits; empty takes it away.

    Raises:
        UserMistake: there is no such letter, no text of ours leaves with it, or the line is too
            long. Overtaken: it waits no more.
    """
    permit(actor, Permission.APPROVE)
    row = standing_row(container, key, WAITING)
    organisation = organisation_by_id(container, row.connection_id)
    line = checked_line(organisation, row.action, text)
    person, now = name_line(actor.name), container.clock.now()
    if not container.store.personal_lines.put(row.key, line, who=person, now=now):
        raise Overtaken(f"action {row.key[:12]} was decided meanwhile: nothing was done.")
    return container.store.actions.get(row.key)


def checked_line(organisation: OrganisationContext, action: Action, text: str) -> str:
    """Return a personal line as it is kept.

    Raises:
        UserMistake: it is too long, or none can go along with the action.
    """
    line = cleaned(text)
    if line and (reason := no_line_because(organisation, action)):
        raise UserMistake(reason)
    if len(line) > PERSONAL_LINE_CHARACTERS_MAX:
        raise UserMistake(
            f"a personal line of {len(line):,} characters is too long;"
            f" {PERSONAL_LINE_CHARACTERS_MAX} fit."
        )
    return line


def no_line_because(organisation: OrganisationContext, action: Action) -> str:
    """Return why no personal line can go along with an action; empty: one can."""
    if action.kind not in MESSAGE_KINDS:
        return "only a letter takes a personal line."
    if not is_our_letter(action):
        return (
            f"{organisation.label} sends this email in its own words: no line of ours can go along."
        )
    try:
        shows = shows_personal_line(action)
    except UserMistake as mistake:
        return str(mistake)
    return "" if shows else "this way carries a short text only: no personal line fits."
