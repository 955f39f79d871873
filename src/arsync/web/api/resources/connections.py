"""Connections: where they stand, how far they may go, stopping and starting."""

from __future__ import annotations

from datetime import datetime
from operator import attrgetter

from msgspec import Struct

from arsync.application.connections.connecting import set_mode
from arsync.application.connections.connection_changes import start_again, stop_everything
from arsync.application.organisation.app_limits import calls_left_today
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.overview.status import status
from arsync.application.permissions import Permission
from arsync.application.result_views import ConnectionView, StatusView, connection_view, status_view
from arsync.application.runs.scheduling import WantedSync, want_sync
from arsync.store.models import ConnectionRow, Mode
from arsync.web.api.operations import NoBody, Operations, Paged, PageQuery, Reason, page_by_key
from arsync.web.caller import Caller

operations = Operations("connections")


class ModeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """How far a connection may go by itself."""

    mode: Mode


class StopBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Why everything stops."""

    reason: Reason


class StandView(Struct, frozen=True):
    """Whether anything may leave a connection."""

    connection: str
    mode: Mode
    stopped: bool
    stopped_at: datetime | None
    stopped_by: str
    stopped_why: str


class SyncWanted(Struct, frozen=True):
    """That a sync is asked for, or why it is not."""

    syncs: tuple[WantedSync, ...]


@operations.read("/connections", None)
def list_connections(caller: Caller, query: PageQuery) -> Paged[ConnectionView]:
    """List the connections that are yours, by name."""

    def view(row: ConnectionRow) -> ConnectionView:
        return connection_view(OrganisationContext(caller.container, row))

    return page_by_key(caller.connections(), query, view, attrgetter("name"))


@operations.read("/connections/{connection}")
def get_connection(caller: Caller) -> ConnectionView:
    """Get a connection."""
    organisation = caller.organisation
    calls = calls_left_today(caller.actor, caller.container, [organisation])
    return connection_view(organisation, calls.get(organisation.name))


@operations.read("/connections/{connection}/status")
def get_status(caller: Caller) -> StatusView:
    """Get where a connection stands."""
    return status_view(status(caller.actor, caller.organisation))


@operations.read("/connections/{connection}/stand")
def get_stand(caller: Caller) -> StandView:
    """Get whether anything may leave a connection."""
    return _stand(caller.organisation)


@operations.act("/connections/{connection}/mode", Permission.CONNECT, audited="changed the mode")
def change_mode(caller: Caller, body: ModeBody) -> StandView:
    """Change how far a connection may go by itself."""
    before = caller.organisation.mode
    caller.log_words = f"{before} -> {body.mode}"
    return _stand(set_mode(caller.actor, caller.organisation, body.mode))


@operations.act("/connections/{connection}/stop", Permission.STOP, audited="stopped everything")
def stop(caller: Caller, body: StopBody) -> StandView:
    """Stop everything: nothing leaves until an owner starts it again."""
    stop_everything(caller.actor, caller.organisation, body.reason)
    caller.log_words = body.reason
    return _stand(caller.organisation.refreshed())


@operations.act("/connections/{connection}/start", Permission.START, audited="started again")
def start(caller: Caller, body: NoBody) -> StandView:
    """Let things leave again, as far as the mode goes."""
    start_again(caller.actor, caller.organisation)
    return _stand(caller.organisation.refreshed())


@operations.act("/connections/{connection}/sync", Permission.RUN, audited="asked for a sync")
def sync_now(caller: Caller, body: NoBody) -> SyncWanted:
    """Ask for a sync as soon as a process is free for it."""
    return SyncWanted(tuple(want_sync(caller.actor, caller.container, caller.organisation.name)))


def _stand(organisation: OrganisationContext) -> StandView:
    row = organisation.connection
    stopped = row.stopped
    return StandView(
        row.name,
        row.mode,
        stopped is not None,
        stopped.at if stopped else None,
        stopped.by if stopped else "",
        stopped.reason if stopped else "",
    )
