"""`/`: the page that somebody's role begins with."""

from __future__ import annotations

from urllib.parse import quote

from werkzeug.wrappers import Response

from arsync.application.permissions import Permission, Role
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()

BEGINS_WITH = {
    Role.OWNER: "today",
    Role.CONTROLLER: "worklist",
    Role.ACCOUNTANT: "rules",
    Role.READER: "today",
}


@routes.page("/", None)
def first(visit: Visit) -> Response:
    """Go on to where this person begins."""
    rows = visit.connections()
    if len(rows) != 1:
        # Whoever may not connect is told what is theirs: nothing yet.
        return visit.see("/clients" if rows or not visit.may(Permission.CONNECT) else "/connect")
    assert visit.person is not None
    actor = visit.person.actor_on(rows[0])
    assert actor is not None, "it is one of theirs"
    return visit.see(f"/c/{quote(rows[0].name, safe='')}/{BEGINS_WITH[actor.role]}")
