"""What changes with how far a connection may go, told before it does."""

from __future__ import annotations

from typing import NamedTuple

from arsync.application.connections.connection_changes import change_connections
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.config.mode_words import both_words
from arsync.core.actions import ActionState
from arsync.store.models import ConnectionChange, Mode
from arsync.translation import gettext


class ModeChange(NamedTuple):
    """A change of the mode before it happens."""

    before: Mode
    after: Mode
    waiting: int
    """Decisions that wait for a person."""
    approved: int
    """Actions that are approved and have not left."""
    planned: int
    """Actions of the last plan; 0: none was kept."""
    has_rulebook: bool
    """Whether the rulebook can be read: without, nothing is planned in any mode."""


def mode_change(actor: Actor, organisation: OrganisationContext, after: Mode) -> ModeChange:
    """Return what a change of the mode would change; nothing is changed."""
    permit(actor, Permission.CONNECT)
    store = organisation.store
    counts = store.actions.counts(organisation.id)
    last = store.last_plans.get(organisation.id)
    return ModeChange(
        organisation.connection.mode,
        after,
        store.waiting.decisions(organisation.id),
        counts.get(ActionState.APPROVED, 0),
        sum(1 for _ in last.actions) if last else 0,
        organisation.rules.rulebook is not None and not organisation.misfits,
    )


def change_mode(actor: Actor, organisation: OrganisationContext, after: Mode) -> str:
    """Change how far a connection may go, and return what it does now, as a sentence."""
    permit(actor, Permission.CONNECT)
    before = organisation.connection.mode
    change_connections(actor, [organisation], ConnectionChange(mode=after))
    if before is after:
        return gettext("Unchanged: %(both_words)s.", both_words=both_words(after))
    return gettext(
        "Changed: %(both_words)s. Before: %(both_words_2)s.",
        both_words=both_words(after),
        both_words_2=both_words(before),
    )
