"""Actions and what became of them. Changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import (
    OrganisationContext,
    organisation_by_id,
    organisations,
)
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import ActionHistory, Listed
from arsync.core.actions import ActionKind, ActionState
from arsync.core.actions.notices import as_written, bears_number
from arsync.core.ledger.records import Contact, Invoice
from arsync.store.models import ActionRow

CUSTOMER_ACTIONS_MAX = 200
"""`why` shows so many actions of one customer, the newest."""


class ActionFilter(NamedTuple):
    """Which actions are listed; None leaves a matter open."""

    states: Collection[ActionState] | None = None
    kinds: Collection[ActionKind] | None = None
    rows_max: int = 10_000


def actions(
    actor: Actor,
    container: Container,
    connection: Chosen = None,
    wanted_actions: ActionFilter | None = None,
) -> list[Listed]:
    """Return actions of one connection, or all, and what became of them."""
    permit(actor, Permission.READ)
    choice = wanted_actions or ActionFilter()
    return [
        Listed(organisation.name, row)
        for organisation in organisations(container, connection)
        for row in container.store.actions.list(
            organisation.id, states=choice.states, kinds=choice.kinds, rows_max=choice.rows_max
        )
    ]


def action_history(
    actor: Actor, container: Container, key: str
) -> tuple[OrganisationContext, ActionHistory]:
    """Return one action with its events, by its key or enough of the beginning.

    Raises:
        UserMistake: the key names none, or several.
    """
    permit(actor, Permission.READ)
    row = container.store.actions.get(key)
    organisation = organisation_by_id(container, row.connection_id)
    return organisation, _with_events(organisation, row)


def customer_history(
    organisation: OrganisationContext, contact: Contact, invoice: Invoice | None
) -> tuple[ActionHistory, ...]:
    """Return the actions about a customer, or one of its invoices, the newest first."""
    rows = organisation.store.actions.list(
        organisation.id, contact_id=contact.id, rows_max=CUSTOMER_ACTIONS_MAX
    )
    about = [
        row
        for row in rows
        if invoice is None or any(ref.id == invoice.id for ref in row.action.invoices)
    ]
    about.sort(key=lambda row: row.changed_at, reverse=True)
    return tuple(_with_events(organisation, row) for row in about)


def _with_events(organisation: OrganisationContext, row: ActionRow) -> ActionHistory:
    events = tuple(organisation.store.actions.events(row.key))
    return ActionHistory(Listed(organisation.name, row), events, _notice_number(organisation, row))


def _notice_number(organisation: OrganisationContext, row: ActionRow) -> str:
    if not bears_number(row.action):
        return ""
    number = organisation.store.letters.numbers(organisation.id, [row.key]).get(row.key)
    if number is None:
        return ""
    return as_written(number, organisation.config.letters.notice_number)


def listed_by_name(container: Container, rows: Sequence[ActionRow]) -> list[Listed]:
    """Return actions of any connections with their connections' names."""
    names = {row.id: row.name for row in container.store.connections.all()}
    return [Listed(names.get(row.connection_id, ""), row) for row in rows]
