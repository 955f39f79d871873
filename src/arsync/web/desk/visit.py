"""One request of somebody: who they are, as what they act, and how they are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from flask import Request, Response, g

from arsync.application.container import Container
from arsync.application.organisation_context import OrganisationContext
from arsync.application.people.persons import Person
from arsync.application.permissions import Actor, NotPermitted, Permission, permit
from arsync.store.models import ConnectionRow
from arsync.web.desk.guard import safe_path
from arsync.web.desk.reader_locale import ReaderLocale


class FieldErrors(dict[str, str]):
    """What is wrong, by the name of the field; empty for a field that is right."""

    def __missing__(self, name: str) -> str:
        """Return that nothing is wrong."""
        return ""


@dataclass
class Visit:
    """One request of somebody: what every view needs of it."""

    container: Container
    request: Request
    renderer: Callable[[Visit, str, Mapping[str, Any]], str]
    """Makes a page of a template."""
    person: Person | None = None
    """Who is signed in; None: nobody, on a public page."""
    at_hand: Actor | None = None
    organisation_at_hand: OrganisationContext | None = None
    about: str = ""
    """What the audit log names; a view sets it."""
    said: str = ""
    """What the audit log adds; a view sets it. Without it, the message."""
    message: str = ""
    """What the next page says once."""
    field_errors: FieldErrors = field(default_factory=FieldErrors)
    """What is wrong with which field; the page shows it there and in its summary."""

    @property
    def actor(self) -> Actor:
        """Return as what they act here."""
        assert self.at_hand is not None, "a public page acts for nobody"
        return self.at_hand

    @property
    def organisation(self) -> OrganisationContext:
        """Return the organisation of the connection in the address."""
        assert self.organisation_at_hand is not None, "the address names no connection"
        return self.organisation_at_hand

    def may(self, permission: Permission) -> bool:
        """Return whether the actor may, for what a page offers."""
        if self.at_hand is None:
            return False
        try:
            permit(self.at_hand, permission)
        except NotPermitted:
            return False
        return True

    def connections(self) -> list[ConnectionRow]:
        """Return the connections that are theirs, by name."""
        if self.person is None:
            return []
        rows = self.container.store.connections.all()
        return [row for row in rows if self.person.actor_on(row) is not None]

    def address(self, path: str = "", **query: Any) -> str:
        """Return an address below this connection's: `address("worklist")`."""
        base = f"/c/{quote(self.organisation.name, safe='')}"
        asked = {key: value for key, value in query.items() if value not in {"", None}}
        return f"{base}/{path}" + (f"?{urlencode(asked, doseq=True)}" if asked else "")

    def page(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        return Response(self.renderer(self, template, values), status, mimetype="text/html")

    def see(self, path: str, message: str = "") -> Response:
        """Send the browser on to a page of the desk, which says the message once."""
        self.message = message
        if message and self.person is not None and self.person.session:
            self.container.store.sign_ins.say_once(self.person.session, message)
        response = Response("", 303)
        response.headers["Location"] = safe_path(path)
        return response

    def said_once(self) -> str:
        """Return what the last form had to say, and forget it."""
        if self.person is None or not self.person.session:
            return ""
        return self.container.store.sign_ins.said_once(self.person.session)

    @property
    def words(self) -> ReaderLocale:
        """Return how this person's locale writes money, days and numbers."""
        if "desk_words" not in g:
            locale = self.person.user.locale if self.person else ""
            shows = self.at_hand is None or self.at_hand.sees_amounts
            zone = self.organisation_at_hand.zone if self.organisation_at_hand else None
            g.desk_words = ReaderLocale.of(
                locale or self.request.accept_languages.best or "", zone=zone, shows_amounts=shows
            )
        words: ReaderLocale = g.desk_words
        return words
