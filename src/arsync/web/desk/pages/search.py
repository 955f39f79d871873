"""The search: customers, invoices and actions, in one connection or in all of somebody's."""

from __future__ import annotations

from werkzeug.wrappers import Response

from arsync.application.desk.search import TEXT_CHARACTERS_MAX, search_everything
from arsync.application.permissions import Actor
from arsync.store.models import ConnectionRow
from arsync.web.desk.routing import Routes
from arsync.web.desk.visit import Visit

routes = Routes()


@routes.page("/c/<connection>/search")
def search_here(visit: Visit) -> Response:
    """Find something in this connection."""
    return _found(visit, [(visit.actor, visit.organisation.connection)])


@routes.page("/search", None)
def search_all(visit: Visit) -> Response:
    """Find something in all connections that are theirs."""
    assert visit.person is not None, "whoever is signed in"
    person = visit.person
    actors = [(person.actor_on(row), row) for row in visit.connections()]
    return _found(visit, [(actor, row) for actor, row in actors if actor is not None])


def _found(visit: Visit, actors: list[tuple[Actor, ConnectionRow]]) -> Response:
    text = visit.request.args.get("q", "").strip()[:TEXT_CHARACTERS_MAX]
    by_id = {row.id: (actor, row) for actor, row in actors}
    return visit.page(
        "search.html",
        text=text,
        result=search_everything(actors, visit.container, text),
        is_one=visit.organisation_at_hand is not None,
        bases={number: row.organisation.base_currency for number, (_, row) in by_id.items()},
        names={number: row.organisation.name for number, (_, row) in by_id.items()},
        sees={number: actor.sees_amounts for number, (actor, _) in by_id.items()},
    )
