"""How far arsync may go by itself."""

from __future__ import annotations

from werkzeug.wrappers import Response

from arsync.application.desk.mode_change import ModeChange, change_mode, mode_change
from arsync.application.permissions import Permission
from arsync.store.models import Mode
from arsync.translation import gettext
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()


@routes.page("/c/<connection>/mode", Permission.READ)
def ask(visit: Visit) -> Response:
    """Show the three modes; with one chosen, what would change."""
    chosen = visit.request.args.get("mode", "")
    if chosen in set(Mode) and visit.may(Permission.CONNECT):
        change = mode_change(visit.actor, visit.organisation, Mode(chosen))
        return _page(visit, change)
    return _page(visit, None)


@routes.act("/c/<connection>/mode", Permission.CONNECT, audited="changed the mode")
def change(visit: Visit) -> Response:
    """Change it."""
    chosen = visit.request.form.get("mode", "")
    if chosen not in set(Mode):
        visit.field_errors["mode"] = gettext("Choose one of the three.")
        return _page(visit, None, 422)
    message = change_mode(visit.actor, visit.organisation, Mode(chosen))
    return visit.see(visit.address("today"), message)


def _page(visit: Visit, change: ModeChange | None, status: int = 200) -> Response:
    return visit.page("mode.html", status, asked=change, mode=visit.organisation.connection.mode)
