"""Stopping everything at once, and starting again."""

from __future__ import annotations

from werkzeug.wrappers import Response

from arsync.application.connections.connection_changes import start_again, stop_everything
from arsync.application.permissions import Permission
from arsync.core.actions import ActionState
from arsync.translation import gettext
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

REASON_CHARACTERS_MAX = 200


@routes.page("/c/<connection>/stop", Permission.STOP)
def ask_stop(visit: Visit) -> Response:
    """Ask whether everything is to stop, and say what that means."""
    return _stop_page(visit)


@routes.act("/c/<connection>/stop", Permission.STOP, audited="stopped everything")
def stop(visit: Visit) -> Response:
    """Stop everything."""
    reason = visit.request.form.get("reason", "").strip()[:REASON_CHARACTERS_MAX]
    if not reason:
        visit.field_errors["reason"] = gettext("Say why: everybody who signs in reads it.")
        return _stop_page(visit, 422)
    stop_everything(visit.actor, visit.organisation, reason)
    visit.log_words = reason
    return visit.see(visit.address("today"))


@routes.page("/c/<connection>/start", Permission.START)
def ask_start(visit: Visit) -> Response:
    """Show what leaves next, before anything may leave again."""
    waiting = _on_its_way(visit)
    return visit.page("start.html", stopped=visit.organisation.connection.stopped, counts=waiting)


@routes.act("/c/<connection>/start", Permission.START, audited="started again")
def start(visit: Visit) -> Response:
    """Let things leave again."""
    start_again(visit.actor, visit.organisation)
    return visit.see(visit.address("today"), gettext("Started again."))


def _stop_page(visit: Visit, status: int = 200) -> Response:
    return visit.page(
        "stop.html",
        status,
        counts=_on_its_way(visit),
        reason=visit.request.form.get("reason", ""),
    )


def _on_its_way(visit: Visit) -> dict[str, int]:
    counts = visit.container.store.actions.counts(visit.organisation.id)
    leaving = {
        state.value: counts.get(state, 0) for state in (ActionState.APPROVED, ActionState.SENDING)
    }
    return {"decisions": visit.organisation.decisions_waiting, **leaving}
