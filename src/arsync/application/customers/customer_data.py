"""Personal data: exporting and forgetting one customer, and what is older than it may get."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from arsync.application.customers.name_search import contact_named
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.store.admin.privacy import Forgotten


def export_contact(
    actor: Actor, container: Container, contact_name: str, *, connection: Chosen = None
) -> dict[str, Any]:
    """Return everything held of one customer, for JSON."""
    permit(actor, Permission.EXPORT_CUSTOMER)
    organisation, contact = contact_named(container, contact_name, connection)
    held = container.store.privacy.export(organisation.id, contact.id)
    return {"connection": organisation.name, **held}


def forget_contact(
    actor: Actor, container: Container, contact_name: str, *, connection: Chosen = None
) -> Forgotten:
    """Make what arsync recorded about one customer nameless; who asked for it is remembered.

    Raises:
        UserMistake: it still owes, or something about it is still going on.
        RetryLater: a run of the connection is at work.
    """
    permit(actor, Permission.FORGET_CUSTOMER)
    organisation, contact = contact_named(container, contact_name, connection)
    runs = container.store.runs
    # A run that is at work would write the name again.
    with runs.lock(organisation.id, wait_seconds=container.lock_wait_seconds):
        forgotten = container.store.privacy.forget(organisation.id, contact.id)
        number = runs.start(organisation.id, "forget")
        # By id: who had a name removed stays on record, without the name.
        message = f"contact {contact.id}, asked by {actor.name}"
        runs.finish(number, outcome="done", message=message)
    return forgotten


def forget_expired(actor: Actor, organisation: OrganisationContext) -> None:
    """Make nameless what ended longer ago than `[store] keep_days`."""
    permit(actor, Permission.RUN)
    days = organisation.container.config.keep_days
    if days:
        before = organisation.clock.now() - timedelta(days=days)
        organisation.store.privacy.expire(organisation.id, before)
