"""`/c/<connection>/connection`: who is connected, how far it is read, and ending it."""

from __future__ import annotations

from werkzeug.wrappers import Response

from arsync.application.connections.connecting import disconnect
from arsync.application.desk.connection_card import connection_card
from arsync.application.permissions import Permission
from arsync.application.runs.scheduling import want_sync
from arsync.translation import gettext
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()


@routes.page("/c/<connection>/connection", Permission.READ)
def show(visit: Visit) -> Response:
    """Show the connection."""
    card = connection_card(visit.actor, visit.organisation)
    return visit.page("connection.html", card=card, today=visit.today)


@routes.act("/c/<connection>/connection/sync", Permission.RUN, audited="asked for a sync")
def read_now(visit: Visit) -> Response:
    """Ask for a sync as soon as a process is free."""
    wishes = want_sync(visit.actor, visit.container, visit.organisation.name)
    if not wishes:
        return visit.see(
            visit.address("connection"), gettext("Nothing serves it: it has no schedule yet.")
        )
    wish = wishes[0]
    waits = gettext(" It waits: %(waits_for)s", waits_for=wish.waits_for) if wish.waits_for else ""
    return visit.see(
        visit.address("connection"),
        gettext(
            "It is read as soon as a process is free (%(served_by)s).%(waits)s",
            served_by=wish.served_by,
            waits=waits,
        ),
    )


@routes.page("/c/<connection>/connection/end", Permission.CONNECT)
def ask_end(visit: Visit) -> Response:
    """Ask whether the connection is to end, and say what that means."""
    return _end_page(visit)


@routes.act("/c/<connection>/connection/end", Permission.CONNECT, audited="disconnected")
def end(visit: Visit) -> Response:
    """End the connection, once its name was typed."""
    books = visit.organisation.connection.organisation.name
    if visit.request.form.get("name", "").strip().casefold() != books.casefold():
        visit.field_errors["name"] = gettext(
            "Type %(books)s, so that no other one is meant.", books=books
        )
        return _end_page(visit, 422)
    visit.about = books
    return visit.see("/", disconnect(visit.actor, visit.organisation))


def _end_page(visit: Visit, status: int = 200) -> Response:
    card = connection_card(visit.actor, visit.organisation)
    return visit.page(
        "disconnect.html", status, card=card, typed=visit.request.form.get("name", "")
    )
