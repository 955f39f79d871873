"""One request of somebody: who they are, as what they act, and how they are answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from typing import Any
from urllib.parse import quote, urlencode

from babel import Locale
from flask import Response, current_app, g

from arsync.application.desk.long_work import LongWork
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.web.caller import Caller
from arsync.web.desk.guard import safe_path
from arsync.web.desk.reader_locale import ReaderLocale, locale_named

LONG_WORK = "arsync.long work"
"""Under which an application knows what it works on beside its requests."""

FIGURES_WAIT_SECONDS = "arsync.figures wait seconds"
"""Under which it knows how long a page waits for figures."""


class FieldErrors(dict[str, str]):
    """What is wrong, by the name of the field; empty for a field that is right."""

    def __missing__(self, name: str) -> str:
        """Return that nothing is wrong."""
        return ""


@dataclass
class Visit(Caller):
    """One request of a browser: what every view needs of it."""

    renderer: Callable[[Visit, str, Mapping[str, Any]], str]
    """Makes a page of a template."""
    field_errors: FieldErrors = field(default_factory=FieldErrors)
    """What is wrong with which field; the page shows it there and in its summary."""
    zone_outside: tzinfo | None = None
    """The clock of what is shown outside of a connection, once it was looked for."""

    @property
    def long_work(self) -> LongWork:
        """Return what is worked on beside the requests of this application."""
        long_work: LongWork = current_app.extensions[LONG_WORK]
        return long_work

    def address(self, path: str = "", **query: Any) -> str:
        """Return an address below this connection's: `address("worklist")`."""
        base = f"/c/{quote(self.organisation.name, safe='')}"
        query_values = {
            key: value for key, value in query.items() if value is not None and value != ""
        }
        return f"{base}/{path}" + (
            f"?{urlencode(query_values, doseq=True)}" if query_values else ""
        )

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
    def zone(self) -> tzinfo:
        """Return the clock on which moments are shown.

        Outside a connection it is the one that all of theirs have, else UTC.
        """
        if self.organisation_at_hand is not None:
            return self.organisation_at_hand.zone
        if self.zone_outside is None:
            of_each = self.one_of_each_zone()
            self.zone_outside = (
                OrganisationContext(self.container, of_each[0]).zone if len(of_each) == 1 else UTC
            )
        return self.zone_outside

    @property
    def today(self) -> date:
        """Return the day on that clock."""
        return self.container.clock.now().astimezone(self.zone).date()

    @property
    def locale(self) -> Locale:
        """Return the locale that this person chose, else the browser's."""
        chosen = self.person.user.locale if self.person else ""
        return locale_named(chosen or self.request.accept_languages.best or "")

    @property
    def words(self) -> ReaderLocale:
        """Return how this person's locale writes money, days and numbers."""
        if "desk_words" not in g:
            shows = self.at_hand is None or self.at_hand.sees_amounts
            g.desk_words = ReaderLocale(self.locale, self.zone, shows)
        words: ReaderLocale = g.desk_words
        return words
