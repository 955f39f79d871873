"""Tokens: encrypted at rest, saved before use, refreshed by one process at a time."""

from __future__ import annotations

from collections.abc import Callable

from arsync.connector import Token


class Tokens:
    """The grants. One consent can open several organisations: their connections share a grant."""

    def create(self, platform: str, token: Token) -> int:
        """Save a new consent's token and return the grant's id."""
        raise NotImplementedError

    def save(self, grant_id: int, token: Token) -> None:
        """Replace the grant's token."""
        raise NotImplementedError

    def load(self, grant_id: int) -> Token:
        """Return the grant's token.

        Raises:
            NeedsReconnect: there is none. UserMistake: the key that encrypted it is missing.
        """
        raise NotImplementedError

    def refreshed(self, grant_id: int, stale: Token, refresh: Callable[[Token], Token]) -> Token:
        """Return a token newer than `stale`, refreshing it unless somebody else just did.

        One process at a time: a second one waits, then finds the new token. The new token is
        saved before it is returned.

        Raises:
            NeedsReconnect: from `refresh`; every connection of the grant is marked so.
            RetryLater: from `refresh`, or another process took too long over it.
        """
        raise NotImplementedError

    def reencrypt(self) -> int:
        """Encrypt every token with the newest key, and return how many."""
        raise NotImplementedError
