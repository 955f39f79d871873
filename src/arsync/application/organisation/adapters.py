"""What joins layers that do not know each other: tokens from the store for `arsync.http`."""

from __future__ import annotations

from arsync.connector_sdk import Authoriser, Token
from arsync.errors import NeedsReconnect
from arsync.store.admin.tokens import Tokens


class StoredTokens:
    """The tokens of one grant, as `arsync.http` asks for them."""

    def __init__(self, tokens: Tokens, grant_id: int | None, authoriser: Authoriser) -> None:
        """Remember where the tokens are and who renews them.

        Args:
            tokens: the store's.
            grant_id: None when the connection was disconnected.
            authoriser: the platform's OAuth client.
        """
        self._tokens = tokens
        self._grant_id = grant_id
        self._authoriser = authoriser
        self._current: Token | None = None

    def current(self) -> Token:
        """Return the saved token, decrypted once."""
        if self._current is None:
            self._current = self._tokens.load(self._grant())
        return self._current

    def refreshed(self, stale: Token) -> Token:
        """Return a token newer than `stale`, saved before it is returned."""
        self._current = self._tokens.refreshed(self._grant(), stale, self._authoriser.refresh)
        return self._current

    def _grant(self) -> int:
        if self._grant_id is None:
            raise NeedsReconnect("the connection is not authorised. Run `arsync connect` again.")
        return self._grant_id
