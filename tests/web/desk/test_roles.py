"""Who may open what: every route of the desk with everybody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.builders.desk import DeskDriver, a_desk
from tests.builders.every_route import (
    Visitor,
    Visitors,
    address_of,
    may_be_missing,
    opened,
    visitors,
)

from arsync.application.permissions import ROLES
from arsync.web.desk.pages import every_route
from arsync.web.desk.routing import Route

READS = [route for route in every_route() if route.method == "GET"]
FORMS = [route for route in every_route() if route.method != "GET"]


def named(route: Route) -> str:
    return f"{route.method} {route.rule}"


@pytest.fixture(scope="module")
def read_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DeskDriver, Visitors]]:
    """A desk that is only looked at."""
    with a_desk(tmp_path_factory.mktemp("roles")) as desk:
        yield desk, visitors(desk)


@pytest.mark.parametrize("route", READS, ids=named)
def test_a_page_opens_for_whom_it_may(read_desk: tuple[DeskDriver, Visitors], route: Route) -> None:
    check(*read_desk, route)


@pytest.mark.parametrize("route", FORMS, ids=named)
def test_a_form_is_taken_from_whom_it_may(desk: DeskDriver, route: Route) -> None:
    check(desk, visitors(desk), route)


def check(desk: DeskDriver, people: Visitors, route: Route) -> None:
    """Open a route as everybody: those who may not come first, as they change nothing."""
    address = address_of(route, desk, people.spare)
    if not route.public:
        nobody = opened(desk.nobody(), route, address)
        assert nobody.status_code == (303 if route.method == "GET" else 401)
        stranger = opened(people.other.browser, route, address).status_code
        if "<connection>" in route.rule:
            assert stranger == 404, "whether there is such a connection is not told"
        elif not may(route, people.other):
            assert stranger == 403
    for visitor in sorted(people.of_the_ledger, key=lambda each: may(route, each)):
        status = opened(visitor.browser, route, address).status_code
        words = f"{visitor.name} ({visitor.role}) got {status}"
        assert status < 500, words
        if may(route, visitor):
            assert status not in {401, 403}, words
            assert status != 404 or may_be_missing(route), words
        else:
            assert status == 403, words


def may(route: Route, visitor: Visitor) -> bool:
    """Return what the table says."""
    if route.public:
        return True
    if route.amounts and not visitor.sees_amounts:
        return False
    return route.permission is None or visitor.role in ROLES[route.permission]
