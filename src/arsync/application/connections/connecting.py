"""Connecting organisations, and how far each connection may go."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import tzinfo

from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.connector_sdk import Grant, OrganisationRef
from arsync.core.ledger.records import Organisation
from arsync.errors import NeedsReconnect, RetryLater, UserMistake
from arsync.store.models import ConnectionRow

_DEVELOPER_SITES = {"xero": "developer.xero.com", "quickbooks": "developer.intuit.com"}


def connections(
    actor: Actor, container: Container, chosen: Chosen = None
) -> list[OrganisationContext]:
    """Return the chosen connections' organisations, or all.

    Raises:
        UserMistake: there is none of a name, none that fits a pattern, or none at all.
    """
    permit(actor, Permission.READ)
    return organisations(container, chosen)


def zones(actor: Actor, container: Container) -> dict[str, tzinfo]:
    """Return, by connection, the clock on which moments are shown to people."""
    permit(actor, Permission.READ)
    return {organisation.name: organisation.zone for organisation in organisations(container)}


def check_ready_to_connect(actor: Actor, container: Container, platform: str) -> None:
    """Make sure that an authorisation can be asked for and kept, before it is asked for.

    Raises:
        UserMistake: the platform's client id is missing, or the store cannot be opened.
    """
    permit(actor, Permission.CONNECT, only_looks=True)
    label = container.platform(platform).label
    if not container.config.get(platform, "client_id"):
        where = container.config.file or "config.toml"
        raise UserMistake(
            f"[{platform}] client_id is empty in {where}.\n"
            f"    hint: create an app at {_DEVELOPER_SITES.get(platform, label)} "
            "and put its client id there; `arsync init` creates the file"
        )
    # A store that cannot be opened is told now: a person who has just authorised would have to
    # do it again.
    _ = container.store


def add_connections(
    actor: Actor,
    container: Container,
    platform: str,
    grant: Grant,
    chosen: Sequence[tuple[OrganisationRef, str]],
    *,
    mode: str = "",
) -> list[OrganisationContext]:
    """Save an authorisation and connect organisations by it; known ones are reconnected.

    Args:
        actor: who connects them.
        container: keeps them.
        platform: the platform's name.
        grant: what the authorisation gave.
        chosen: organisations, each with the name its connection gets (empty: made from its own).
        mode: of new ones; empty: that of the config.

    Raises:
        UserMistake: a name is taken, or a connection that is known has acted and keeps its name.
    """
    permit(actor, Permission.CONNECT)
    store = container.store
    grant_id = store.tokens.create(platform, grant.token)
    rows: list[ConnectionRow] = []
    for ref, name in chosen:
        connected = store.connections.by_organisation(platform, ref.id)
        if connected is not None:
            # The same connection: its history, mode and agreements must survive a reconnect.
            store.connections.attach(connected.id, grant_id)
            if name and name != connected.name:
                # Said after it is connected: a person who has authorised must not have to again.
                store.connections.rename(connected.name, name)
            rows.append(store.connections.by_id(connected.id))
            continue
        with container.connector(platform, ref.id, grant_id) as connector:
            # Read before it is saved: without currency and time zone nothing could be planned.
            organisation = connector.organisation()
        rows.append(
            store.connections.add(
                name or _free_name(container, organisation),
                platform=platform,
                organisation=organisation,
                # By default it only observes: a person sees a plan before anything is written.
                mode=mode or container.config.runs.mode,
                grant_id=grant_id,
            )
        )
    return [OrganisationContext(container, row) for row in rows]


def _free_name(container: Container, organisation: Organisation) -> str:
    names = {row.name for row in container.store.connections.all()}
    name = connection_name(organisation.name)
    if name not in names:
        return name
    numbered = (f"{name}-{number}" for number in range(2, len(names) + 3))
    return next(candidate for candidate in numbered if candidate not in names)


def connection_name(text: str) -> str:
    """Return a connection's name made from an organisation's: `Acme (UK) Ltd` is `acme-uk-ltd`."""
    return "-".join(re.findall(r"[a-z0-9]+", text.lower()))[:40] or "connection"


def disconnect(actor: Actor, organisation: OrganisationContext) -> str:
    """Withdraw a connection's authorisation and remove it; returns what happened, in words.

    It is withdrawn at the platform only when no other connection needs it.
    """
    permit(actor, Permission.CONNECT)
    store, row = organisation.store, organisation.connection
    sharing = [
        connection.name
        for connection in store.connections.all()
        if connection.grant_id == row.grant_id and connection.id != row.id
    ]
    message = f"{row.name} is disconnected; its actions and promises are kept."
    if row.grant_id is not None and not sharing:
        try:
            token = store.tokens.load(row.grant_id)
            organisation.container.authoriser(row.platform).revoke(token)
        except (RetryLater, NeedsReconnect) as error:
            message += f" The platform could not be notified: {error}"
    elif sharing:
        message += f" The authorisation remains: {', '.join(sharing)} needs it."
    # Removed in any case: a platform that is away must not keep the owner connected.
    store.connections.remove(row.name)
    return message


def set_mode(actor: Actor, organisation: OrganisationContext, mode: str) -> OrganisationContext:
    """Change how far a connection may go: observe, approve, auto."""
    permit(actor, Permission.CONNECT)
    row = organisation.store.connections.set_mode(organisation.name, mode)
    return OrganisationContext(organisation.container, row)


def set_own_reminders(
    actor: Actor, organisation: OrganisationContext, *, on: bool
) -> OrganisationContext:
    """Remember what a person says of the platform's own reminders, if it does not report this."""
    permit(actor, Permission.CONNECT)
    row = organisation.store.connections.set_own_reminders(organisation.name, on=on)
    return OrganisationContext(organisation.container, row)
