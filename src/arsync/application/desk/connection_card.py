"""What one connection is: who granted it, what was read, what comes next. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from arsync.application.connections.connection_changes import paused_words
from arsync.application.connections.outage_text import outage_words
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.core.actions import ActionState
from arsync.store.models import ConnectionState
from arsync.store.people.audit_log import AuditFilter

CONNECTED = "connected"
"""What the audit log says of whoever granted it on the desk."""


class ConnectionCard(NamedTuple):
    """One connection."""

    name: str
    books: str
    label: str
    currency: str
    time_zone: str
    needs_consent: bool
    """Its authorisation has ended."""
    connected_at: datetime
    granted_by: str
    """Empty: on the command line, or before the log began."""
    granted_at: datetime | None
    pulled_at: datetime | None
    """When it was last read whole."""
    last_run_at: datetime | None
    last_outcome: str
    last_message: str
    next_at: datetime | None
    """Its next place in the routine; None: nothing serves it here."""
    wanted_at: datetime | None
    trouble: str
    """Why it is not read just now; empty: it is."""
    calls_left: int | None
    """Of the day; None: the platform limits no day."""
    labels: tuple[str, ...]
    own_settings: tuple[str, ...]
    records: Mapping[str, int]
    """How much of each kind is kept."""
    waiting: int
    """Decisions that wait for a person."""
    approved: int
    """Actions that are on their way, which would stay unsent."""


def connection_card(actor: Actor, organisation: OrganisationContext) -> ConnectionCard:
    """Return what one connection is."""
    permit(actor, Permission.READ)
    store, row = organisation.store, organisation.connection
    granted = store.audit.page(AuditFilter(connection_ids=[row.id], what=CONNECTED), 1)
    run = store.runs.last(row.id, besides="plan")
    schedule = store.schedules.get(row.id)
    outage = store.outages.get(row.id)
    days = organisation.container.calls_left_today(row.platform, [row.organisation_id])
    day_left = days.get(row.organisation_id)
    counts = store.actions.counts(row.id)
    trouble = paused_words(organisation)
    if not trouble and outage is not None:
        trouble = outage_words(organisation, outage)
    return ConnectionCard(
        name=row.name,
        books=row.organisation.name,
        label=organisation.label,
        currency=row.organisation.base_currency,
        time_zone=organisation.time_zone or "UTC",
        needs_consent=row.state is ConnectionState.NEEDS_RECONNECT,
        connected_at=row.created_at,
        granted_by=granted[0].who if granted else "",
        granted_at=granted[0].at if granted else None,
        pulled_at=store.ledger.pulled_at(row.id),
        last_run_at=run.started_at if run else None,
        last_outcome=run.outcome if run else "",
        last_message=run.message if run else "",
        next_at=schedule.next_at if schedule else None,
        wanted_at=schedule.wanted_at if schedule else None,
        trouble=trouble,
        calls_left=day_left.calls if day_left else None,
        labels=row.labels,
        own_settings=organisation.own_settings,
        records={kind.value: count for kind, count in store.ledger.counts(row.id).items()},
        waiting=organisation.decisions_waiting,
        approved=counts.get(ActionState.APPROVED, 0),
    )
