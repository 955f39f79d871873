"""Whoever asks something of the desk, by a page or by the API, and as what they act.

What holds for both stands here: whose connection it is, what they may, the answer to what was sent
twice, and the line in the audit log.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from flask import Request
from werkzeug.exceptions import NotFound

from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import OrganisationContext
from arsync.application.people.audit import note
from arsync.application.people.persons import Person
from arsync.application.permissions import (
    Actor,
    NotPermitted,
    Permission,
    Role,
    is_permitted,
    permit,
)
from arsync.errors import UserMistake
from arsync.store.models import ConnectionRow
from arsync.store.people.audit_log import AuditEntry
from arsync.store.people.form_answers import FormAnswer

TWICE_SECONDS_MAX = 20.0
"""So long what is sent twice waits for the first one's answer."""

TWICE_LOOK_SECONDS = 0.05


@dataclass
class Caller:
    """Somebody who asks, and what a view needs of it."""

    container: Container
    request: Request
    person: Person | None = field(default=None, kw_only=True)
    """Who is signed in; None: nobody."""
    at_hand: Actor | None = field(default=None, kw_only=True)
    organisation_at_hand: OrganisationContext | None = field(default=None, kw_only=True)
    own_connections: list[ConnectionRow] | None = field(default=None, kw_only=True)
    """The connections that are theirs, once they were read."""
    about: str = field(default="", kw_only=True)
    """What the audit log names; a view sets it."""
    log_words: str = field(default="", kw_only=True)
    """What the audit log adds; a view sets it. Without it, the message."""
    message: str = field(default="", kw_only=True)
    """What was done, in a sentence."""

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
        """Return whether the actor may, for what is offered."""
        return self.at_hand is not None and is_permitted(self.at_hand, permission)

    def connections(self) -> list[ConnectionRow]:
        """Return the connections that are theirs, by name."""
        person = self.person
        if person is None:
            return []
        if self.own_connections is None:
            # Read once for a request: its menu, its clock and its view ask for them, too.
            rows = self.container.store.connections.all()
            self.own_connections = [row for row in rows if person.actor_on(row) is not None]
        return self.own_connections

    def has_several_connections(self) -> bool:
        """Return whether there is another one to choose."""
        if self.person is None:
            return False
        if self.own_connections is None and self.person.actor() is not None:
            # Theirs are all there are: a practice of thousands is not read for a line of the menu.
            return self.container.store.connections.has_several()
        return len(self.connections()) > 1

    def one_of_each_zone(self) -> list[ConnectionRow]:
        """Return a connection of theirs of each time zone, at most two."""
        person = self.person
        if self.own_connections is None and person is not None and person.actor() is not None:
            return self.container.store.connections.one_of_each_zone(2)
        by_zone = {row.organisation.time_zone: row for row in self.connections()}
        return list(by_zone.values())[:2]

    def enter(self, connection: str, permission: Permission | None, *, amounts: bool) -> None:
        """Find as what somebody acts here.

        Args:
            connection: its name; empty: the address names none.
            permission: what is asked of them; None: nothing.
            amounts: whether they have to see amounts.

        Raises:
            NotFound: the connection is none of theirs, or there is none.
            NotPermitted: their role does not allow it.
        """
        assert self.person is not None
        if connection:
            row = self.container.store.connections.named(connection)
            self.at_hand = None if row is None else self.person.actor_on(row)
            if row is None or self.at_hand is None:
                # Whether there is one of that name is not for others to know.
                raise NotFound(f"there is no connection {connection!r} of yours.")
            self.organisation_at_hand = OrganisationContext(self.container, row)
        else:
            self.at_hand = self.person.actor() or _nobody_here(self.person)
        if permission is not None:
            permit(self.actor, permission)
        if amounts and not self.actor.sees_amounts:
            raise NotPermitted(f"{self.actor.name} may not see amounts.\n    hint: ask an owner")

    def audit(self, source: str, what: str) -> None:
        """Write a line of the audit log about this request."""
        organisation = self.organisation_at_hand
        note(
            self.container,
            AuditEntry(
                who=self.at_hand.name if self.at_hand else "nobody",
                source=source,
                what=what,
                about=self.about,
                words=self.log_words or self.message,
                connection_id=organisation.id if organisation else None,
                address=self.request.remote_addr or "",
            ),
        )

    def answered_before(self, form_id: str, digest: str) -> FormAnswer | None:
        """Return the answer to what was sent before; None: it is sent for the first time.

        While another request is at the first one, its answer is waited for.

        Raises:
            UserMistake: it was sent with other content.
        """
        assert self.person is not None
        forms, user_id = self.container.store.forms, self.person.user.id
        until = time.monotonic() + TWICE_SECONDS_MAX
        while True:
            earlier = forms.begin(user_id, form_id, digest)
            if earlier is None:
                return None
            if earlier.digest != digest:
                raise UserMistake("this was sent already, with other content: nothing was done.")
            if earlier.location or time.monotonic() > until:
                return earlier
            time.sleep(TWICE_LOOK_SECONDS)


def _nobody_here(person: Person) -> Actor:
    """Return somebody who is something to single connections, as they stand before all of them."""
    return Actor(
        person.user.name or person.user.email,
        Role.READER,
        sees_amounts=False,
        user_id=person.user.id,
    )
