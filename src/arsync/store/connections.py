"""Connections: the organisations arsync may work for, and how far."""

from __future__ import annotations

from collections.abc import Mapping

from arsync.core.records import Organisation
from arsync.store.values import ConnectionRow, ConnectionState, Mode


class Connections:
    """The table of connections."""

    def add(
        self,
        name: str,
        *,
        platform: str,
        organisation: Organisation,
        mode: str = Mode.OBSERVE,
        grant_id: int | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> ConnectionRow:
        """Add a connection.

        An organisation that was removed before comes back with its history: the same id, the same
        name when it ever acted (its name is part of its actions' keys), an empty cursor.

        Raises:
            UserMistake: the name is taken, or the organisation is connected already.
        """
        raise NotImplementedError

    def get(self, name: str) -> ConnectionRow:
        """Return one connection.

        Raises:
            UserMistake: there is none of this name; with a guess at what was meant.
        """
        raise NotImplementedError

    def by_id(self, connection_id: int) -> ConnectionRow:
        """Return one connection by its number, also a removed one."""
        raise NotImplementedError

    def by_organisation(self, platform: str, organisation_id: str) -> ConnectionRow | None:
        """Return the connection to an organisation, if there is one."""
        raise NotImplementedError

    def all(self) -> list[ConnectionRow]:
        """Return every connection, by name."""
        raise NotImplementedError

    def set_mode(self, name: str, mode: str) -> ConnectionRow:
        """Change how far it may go; leaving `observe` for the first time sets `taken_over_on`."""
        raise NotImplementedError

    def set_state(self, connection_id: int, state: ConnectionState) -> None:
        """Remember whether its consent stands."""
        raise NotImplementedError

    def attach(self, connection_id: int, grant_id: int) -> None:
        """Put it under a consent: it is connected again. A grant that opens nothing any more goes."""
        raise NotImplementedError

    def rename(self, name: str, new_name: str) -> ConnectionRow:
        """Rename a connection that never acted.

        Raises:
            UserMistake: it has acted (its name is part of the keys that keep things from being
                done twice), or the new name is taken.
        """
        raise NotImplementedError

    def remove(self, name: str) -> None:
        """Remove it: its ledger, cursor and token go; its actions, events and promises stay."""
        raise NotImplementedError
