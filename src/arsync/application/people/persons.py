"""A person who is signed in, and as what they act on each connection."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from arsync.application.permissions import Actor, Role
from arsync.store.models import ConnectionRow
from arsync.store.people.users import ALL, CONNECTION, LABEL, ScopedRole, UserRow

_BY_RIGHTS = (Role.READER, Role.ACCOUNTANT, Role.CONTROLLER, Role.OWNER)
"""From the fewest rights to the most; only to choose among several labels of one connection."""

_NEAREST = (CONNECTION, LABEL, ALL)


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
