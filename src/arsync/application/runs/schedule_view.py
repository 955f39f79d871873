"""When a connection runs next, and what stands in the way."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.store.models import Paused


class ScheduleView(NamedTuple):
    """When a connection runs next."""

    next_at: datetime | None
    """Its next run in the routine; None: it has no place, for it was removed."""
    wanted_at: datetime | None
    """Since when a run is wanted before that; None: none is."""
    wanted_why: str
    paused: Paused | None
    """Who paused it and why; None: nobody did."""


def schedule_of(actor: Actor, organisation: OrganisationContext) -> ScheduleView:
    """Return when a connection runs next, and what stands in the way."""
    permit(actor, Permission.READ)
    row = organisation.store.schedules.get(organisation.id)
    paused = organisation.connection.paused
    if row is None:
        return ScheduleView(None, None, "", paused)
    next_at = max(row.next_at, row.not_before or row.next_at)
    wanted_why = row.wanted_why if row.wanted_at else ""
    return ScheduleView(next_at, row.wanted_at, wanted_why, paused)
