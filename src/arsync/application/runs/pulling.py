"""Pulling: one ledger's copy brought up to date, by itself or as the beginning of another run.

The first thing that a practice's many ledgers do. It imports no planner and no letters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from arsync.application.connections.own_reminders import OwnReminders
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import RunResult
from arsync.application.runs.recorded_run import RecordedRun, Stop, new_result
from arsync.connector_sdk import Connector
from arsync.core.ledger.agreements.disputes import awaits_credit
from arsync.errors import UserMistake
from arsync.store.models import ConnectionState
from arsync.sync.pull import Progress, pull
from arsync.telemetry import span

DOCUMENTS_NAMED_MAX = 20
"""A run names so many documents that could not be read; the status, in JSON, names all."""


class RunWatch(NamedTuple):
    """Who looks on while a run is at work."""

    progress: Callable[[Progress], None] | None = None
    """Is told of each page, from whichever thread reads it."""
    stop: Stop = lambda: False
    """Asked before each run and within; True ends it in good order."""


UNWATCHED = RunWatch()


def pull_ledger(
    actor: Actor, organisation: OrganisationContext, watch: RunWatch = UNWATCHED
) -> RunResult:
    """Bring the copy of one ledger up to date."""
    permit(actor, Permission.PULL)
    if watch.stop():
        return not_begun(organisation, "pull")
    with RecordedRun(organisation, "pull", stop=watch.stop) as run:
        run.begin()
        with organisation.open_connector(stop=watch.stop) as connector:
            update_copy(organisation, connector, run.result, watch)
            _update_payables(organisation, connector, run.result)
    return run.result


def rebuild_ledger(
    actor: Actor, organisation: OrganisationContext, watch: RunWatch = UNWATCHED
) -> RunResult:
    """Read every document of one ledger again and write it anew.

    Actions, promises, disputes and agreements are not part of the copy and stay. If it is
    interrupted, the next pull resumes it.
    """
    permit(actor, Permission.PULL)
    if watch.stop():
        return not_begun(organisation, "rebuild")
    with RecordedRun(organisation, "rebuild", stop=watch.stop) as run:
        run.begin()
        with organisation.open_connector(stop=watch.stop) as connector:
            began_at = organisation.clock.now()
            ledger = organisation.store.ledger
            ledger.start_over(organisation.id)
            update_copy(organisation, connector, run.result, watch)
            _update_payables(organisation, connector, run.result)
            # What is still unreadable has been reported again; half a rebuild proves nothing.
            if run.result.pulled is not None and run.result.pulled.complete:
                ledger.forget_problems(organisation.id, before=began_at)
    return run.result


def not_begun(organisation: OrganisationContext, kind: str) -> RunResult:
    """Return the result of a run that was asked to stop before it began."""
    result = new_result(organisation, kind)
    result.cut("not started: asked to stop")
    return result


@span("pull")
def update_copy(
    organisation: OrganisationContext, connector: Connector, result: RunResult, watch: RunWatch
) -> None:
    """Bring the copy of a ledger up to date, within a run; `result` gets what came of it."""
    store, connection, clock = organisation.store, organisation.connection, organisation.clock
    result.pulled = pull(
        store,
        connection,
        connector,
        clock,
        today=organisation.today,
        progress=watch.progress,
        stop=watch.stop,
    )
    unreadable = result.pulled.problems
    result.problems += [
        f"{problem.kind} {problem.number or problem.id}: {problem.message}"
        for problem in unreadable[:DOCUMENTS_NAMED_MAX]
    ]
    if len(unreadable) > DOCUMENTS_NAMED_MAX:
        more = len(unreadable) - DOCUMENTS_NAMED_MAX
        result.problems.append(f"{more:,} more documents could not be read: see `arsync status`")
    own_reminders = OwnReminders(organisation, connector)
    if own_reminders.on:
        # The plan is to show at once that they were switched off.
        own_reminders.ask()
    if not organisation.container.platform_clocks.untrusted(connection.platform):
        _settle_credited(organisation)
    if connection.state != ConnectionState.CONNECTED:
        store.connections.set_state(connection.id, ConnectionState.CONNECTED)


def _update_payables(
    organisation: OrganisationContext, connector: Connector, result: RunResult
) -> None:
    """Read bills too, where the rulebook asks for them.

    A pull needs no rulebook: without one that can be read, bills stay as they are.
    """
    from arsync.application.runs.bill_reading import read_bills

    try:
        _ = organisation.rulebook
    except UserMistake:
        return
    read_bills(organisation, connector, result)


def _settle_credited(organisation: OrganisationContext) -> None:
    """Settle disputes whose agreed credit has come; few ledgers have one that waits for it."""
    disputes = organisation.store.disputes.open_ones(organisation.id)
    if any(awaits_credit(dispute.record) for dispute in disputes):
        from arsync.application.agreements.disputes import settle_credited

        settle_credited(organisation)
