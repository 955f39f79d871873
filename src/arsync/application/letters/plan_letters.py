"""The letters of today's plan, each as it would leave now."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from msgspec import Struct

from arsync.application.decisions import plans
from arsync.application.letters.letter_preview import shown_as_it_leaves
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import LetterShown
from arsync.core.actions import Action
from arsync.core.actions.notices import bears_number, text_of
from arsync.core.actions.registry import MESSAGE_KINDS
from arsync.errors import ArsyncError

LETTERS_SHOWN_MAX = 50
"""So many letters of one connection are shown together, unless all are asked for."""


class PlannedLetter(Struct, frozen=True):
    """One letter of a plan."""

    connection: str
    key: str
    text: str
    customer: str
    letter: LetterShown


def letters_of_plan(
    actor: Actor, organisation: OrganisationContext, most: int | None = None
) -> Iterator[PlannedLetter]:
    """Yield the letters that the plan of now has, in the order in which they would leave.

    Args:
        actor: who asks.
        organisation: whose plan.
        most: so many at most; None: all.
    """
    permit(actor, Permission.READ)
    plan = plans.plan(actor, organisation)
    messages = (action for action in plan.actions if action.kind in MESSAGE_KINDS)
    notices = 0
    for action in islice(messages, most):
        yield PlannedLetter(
            organisation.name,
            action.key,
            text_of(action),
            action.contact_name,
            _shown(organisation, action, notices),
        )
        notices += _takes_number(organisation, action)


def _takes_number(organisation: OrganisationContext, action: Action) -> bool:
    """Return whether a letter will be given a number that no other has yet."""
    if not bears_number(action):
        return False
    return not organisation.store.letters.numbers(organisation.id, [action.key])


def _shown(organisation: OrganisationContext, action: Action, notices: int) -> LetterShown:
    account = next(organisation.store.ledger.accounts(organisation.id, [action.contact_id]), None)
    if account is None:
        return LetterShown("", remarks=(f"{action.contact_name} is no longer a customer.",))
    try:
        return shown_as_it_leaves(organisation, action, account, notices_before=notices)
    except ArsyncError as error:
        return LetterShown("", remarks=(f"It cannot leave as things stand: {error}",))
