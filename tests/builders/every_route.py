"""Every route of the desk with its address filled from the tests' ledger."""

from __future__ import annotations

import re
from typing import NamedTuple
from zlib import crc32

from flask.testing import FlaskClient
from tests.builders.desk import SAME_ORIGIN, DeskDriver, add_everybody, add_person
from werkzeug.test import TestResponse

from arsync.application.permissions import Role
from arsync.core.actions import ActionKind
from arsync.store.people.users import CONNECTION, UserRow
from arsync.web.desk.routing import Route

PARAMETER = re.compile(r"<(?:\w+(?:\([^)]*\))?:)?(\w+)>")

HOSTILE_CUSTOMER = "c7"
"""The customer of the tests' ledger whose name wants to be more than text."""

MADE_UP = {
    "choice": "no-such-choice",
    "token": "no-such-token",
    "number": "1",
    "token_id": "1",
    "platform": "books",
    "draft": "1",
}
"""What no test of all routes can have: these addresses may answer that there is no such thing."""

BY_PLACE = {"/letters/<name>": "first reminder", "/measures/<name>": "overdue"}
"""Parameters that have one name and mean several things, by the address up to them."""

NEEDS_QUERY = frozenset({"/c/<connection>/rules/draft/file"})
"""Addresses that name nothing without what stands after the question mark."""


class Visitor(NamedTuple):
    """Somebody who opens every route, in one browser."""

    name: str
    role: Role
    browser: FlaskClient
    sees_amounts: bool = True


class Visitors(NamedTuple):
    """Who opens every route."""

    of_the_ledger: list[Visitor]
    other: Visitor
    """An owner of another connection, who is nobody to this one and to the installation."""
    spare: UserRow
    """Of whom the pages about a person are."""


def visitors(desk: DeskDriver) -> Visitors:
    """Add them to a desk."""
    container = desk.container
    blind = add_person(container, "Bo Dahl", Role.READER, sees_amounts=False)
    other = add_person(container, "Ann Berg", Role.OWNER, scope=CONNECTION, value="999")
    return Visitors(
        [
            *(
                Visitor(user.name, role, desk.signed_in(user))
                for role, user in add_everybody(container).items()
            ),
            Visitor(blind.name, Role.READER, desk.signed_in(blind), sees_amounts=False),
        ],
        Visitor(other.name, Role.READER, desk.signed_in(other), sees_amounts=False),
        add_person(container, "Sam Spare", Role.READER),
    )


def address_of(route: Route, desk: DeskDriver, spare: UserRow, customer: str = "c1") -> str:
    """Return a route's address; fails where nobody has said what a parameter may be."""
    rows = [each.row for each in desk.container.waiting("books")]
    about = [row for row in rows if row.action.contact_id == customer]
    letter = next(row for row in about if row.action.kind is ActionKind.REMINDER)
    values = MADE_UP | {
        "connection": "books",
        "customer": customer,
        "invoice": letter.action.invoices[0].id,
        "subject": customer,
        "key": letter.key,
        "task": letter.key,
        "user_id": str(spare.id),
        "month": "2026-10",
        "hash": letter.rulebook_hash,
        "version": letter.rulebook_hash,
    }
    path = route.rule
    for place, value in BY_PLACE.items():
        if place in path:
            path = path.replace(place, place.partition("<")[0] + value)
    unknown = set(PARAMETER.findall(path)) - set(values)
    assert not unknown, f"{route.rule}: say in {__file__} what {sorted(unknown)} may be"
    return PARAMETER.sub(lambda match: values[match[1]], path)


def opened(client: FlaskClient, route: Route, address: str) -> TestResponse:
    """Open a route as a browser does: with an empty form, where it takes one.

    Each path is asked from an address of its own: all routes as everybody are more requests than
    one address may make in a minute.
    """
    number = crc32(address.encode())
    where = {"REMOTE_ADDR": f"127.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
    if route.method == "GET":
        return client.get(address, environ_base=where)
    return client.post(address, data={}, headers=SAME_ORIGIN, environ_base=where)


def may_be_missing(route: Route) -> bool:
    """Return whether the address names what is not there."""
    made_up = set(PARAMETER.findall(route.rule)).intersection(MADE_UP)
    return bool(made_up) or route.rule in NEEDS_QUERY
