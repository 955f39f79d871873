"""A person who is signed in, and as what they act on each connection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from arsync.application.organisation.container import Container
from arsync.application.permissions import Actor, Role
from arsync.errors import UserMistake
from arsync.store.models import ConnectionRow
from arsync.store.people.users import ALL, CONNECTION, LABEL, ScopedRole, UserRow

_BY_RIGHTS = (Role.READER, Role.ACCOUNTANT, Role.CONTROLLER, Role.OWNER)
"""From the fewest rights to the most; only to choose among several labels of one connection."""

_NEAREST = (CONNECTION, LABEL, ALL)


def person_of_address(container: Container, email: str) -> Actor:
    """Return as what somebody acts at a shell, where a command may touch every connection.

    It is what they are to all connections, as far as that is one thing; else they look, and see
    amounts only if they may everywhere.

    Raises:
        UserMistake: nobody has the address, they are disabled, or a connection is none of theirs.
    """
    user = container.store.users.by_email(email)
    if user is None or user.disabled_at is not None:
        raise UserMistake(
            f"nobody who may sign in has the address {email!r}.\n    hint: unset ARSYNC_USER"
        )
    person = Person(user)
    rows = container.store.connections.all()
    actors = [person.actor_on(row) for row in rows] or [person.actor()]
    known_actors = [actor for actor in actors if actor is not None]
    if len(known_actors) < len(actors):
        raise UserMistake(
            f"{user.email} is nothing to some connections, and a command may touch all of them."
            "\n    hint: the desk shows them those that are theirs"
        )
    first = known_actors[0]
    limits = [actor.approves_up_to for actor in known_actors if actor.approves_up_to is not None]
    return first._replace(
        role=first.role if len({actor.role for actor in known_actors}) == 1 else Role.READER,
        sees_amounts=all(actor.sees_amounts for actor in known_actors),
        approves_up_to=min(limits) if limits else None,
    )


class Person(NamedTuple):
    """Somebody who is signed in."""

    user: UserRow
    session: str = ""
    """The hash of the session's token; empty: a program with a token."""

    def actor(self) -> Actor | None:
        """Return who they are to the whole installation; None: nobody."""
        return self._as_actor(role for role in self.user.roles if role.scope == ALL)

    def actor_on(self, connection: ConnectionRow) -> Actor | None:
        """Return who they are to a connection; None: it is none of theirs.

        What is said of the connection itself counts before what is said of a label, and that before
        what is said of all. Of several labels the one with the most rights counts.
        """
        for scope in _NEAREST:
            actor = self._as_actor(
                role for role in self.user.roles if role.scope == scope and _fits(role, connection)
            )
            if actor is not None:
                return actor
        return None

    def roles_anywhere(self) -> frozenset[Role]:
        """Return what they are to anything at all."""
        return frozenset(Role(role.role) for role in self.user.roles)

    def _as_actor(self, roles: Iterable[ScopedRole]) -> Actor | None:
        strongest = max(roles, key=lambda role: _BY_RIGHTS.index(Role(role.role)), default=None)
        if strongest is None:
            return None
        return Actor(
            self.user.name or self.user.email,
            Role(strongest.role),
            sees_amounts=strongest.sees_amounts,
            approves_up_to=strongest.approves_up_to,
            user_id=self.user.id,
        )


def _fits(role: ScopedRole, connection: ConnectionRow) -> bool:
    if role.scope == CONNECTION:
        return role.value == str(connection.id)
    if role.scope == LABEL:
        labels = {label.casefold() for label in connection.labels}
        return role.value.casefold() in labels
    return True
