"""What is due by the schedule, and what is wanted sooner."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from arsync.application.connections.connection_changes import paused_words
from arsync.application.connections.outage_text import outage_words
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext, organisations
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import RunResult
from arsync.application.runs.pulling import UNWATCHED, RunWatch
from arsync.application.runs.runs import sync
from arsync.clock import in_words
from arsync.store.models import ConnectionState


def sync_if_due(
    actor: Actor, organisation: OrganisationContext, watch: RunWatch = UNWATCHED
) -> RunResult | None:
    """Sync one connection if the schedule asks for it, without a wait for its run lock.

    Whoever takes from the schedule calls this, in whatever process: the lock and a second look at
    the schedule under it see to it that a ledger is served once.

    Returns:
        None: another process has served it meanwhile, or it may not run any more. With `elsewhere`
        another run of it is at work just now.
    """
    permit(actor, Permission.RUN)
    result = sync(actor, organisation, watch, if_due=True)
    return None if result.not_due else result


class WantedSync(Struct, frozen=True):
    """That a run of a connection is wanted, and who will do it."""

    connection: str
    wanted_at: datetime
    """Since when: an earlier wish that no run has taken yet is kept."""
    wanted_why: str
    waits_for: str
    """What stands in the way, in words; empty: nothing."""
    served_by: str
    """The commands that take from the schedule of this store; one of them has to be running."""


def want_sync(actor: Actor, container: Container, chosen: Chosen = None) -> list[WantedSync]:
    """Ask for a sync of connections as soon as a process is free for them; does nothing else.

    Args:
        actor: who asks.
        container: the installation.
        chosen: which connections; None: all.

    Raises:
        UserMistake: there is none of that name, or none at all.
    """
    permit(actor, Permission.RUN)
    contexts = organisations(container, chosen)
    schedules = container.store.schedules
    schedules.want([organisation.id for organisation in contexts], f"{actor.name} asked for it")
    is_sqlite = container.store.engine.dialect.name == "sqlite"
    served_by = "arsync run" if is_sqlite else "arsync run, arsync worker"
    wishes = []
    for organisation in contexts:
        row = schedules.get(organisation.id)
        if row is not None and row.wanted_at is not None:
            waits_for = _obstacle(organisation, row.not_before)
            wish = WantedSync(
                organisation.name, row.wanted_at, row.wanted_why, waits_for, served_by
            )
            wishes.append(wish)
    return wishes


def _obstacle(organisation: OrganisationContext, not_before: datetime | None) -> str:
    """Return why the schedule leaves a connection alone; empty: it does not."""
    connection, now = organisation.connection, organisation.clock.now()
    if connection.paused is not None:
        return f"{paused_words(organisation)}."
    if connection.state is ConnectionState.NEEDS_RECONNECT:
        return f"its authorisation has ended: `arsync connect {connection.platform}`."
    outage = organisation.outage()
    if outage is not None and outage.retry_at is not None and outage.retry_at > now:
        return outage_words(organisation, outage)
    if not_before is not None and not_before > now:
        until = in_words(not_before, organisation.zone)
        return f"{organisation.label} has no calls left before {until}."
    return ""
