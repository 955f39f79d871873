"""What is due by the schedule, and what is wanted sooner."""

from __future__ import annotations

from arsync.application.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import RunResult
from arsync.application.runs import UNWATCHED, RunWatch, sync


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
