"""The store: SQLite by default, PostgreSQL by URL."""

from __future__ import annotations

from types import TracebackType

from sqlalchemy import Engine

from arsync.clock import Clock
from arsync.store.actions import Actions
from arsync.store.connections import Connections
from arsync.store.keys import Keys
from arsync.store.ledger import Ledger
from arsync.store.people import People
from arsync.store.runs import Runs
from arsync.store.tokens import Tokens

__all__ = [
    "Actions",
    "Connections",
    "Keys",
    "Ledger",
    "People",
    "Runs",
    "Store",
    "Tokens",
    "open_store",
]


class Store:
    """An open store. Every method is its own transaction, and is safe from several threads."""

    engine: Engine
    connections: Connections
    tokens: Tokens
    ledger: Ledger
    actions: Actions
    people: People
    runs: Runs

    def close(self) -> None:
        """Give back every database connection."""
        raise NotImplementedError

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def open_store(url: str, *, clock: Clock, keys: Keys | None = None) -> Store:
    """Open the store, and bring its tables up to date under a lock.

    Args:
        url: `sqlite:///file` or `postgresql+psycopg://user@host/database`.
        clock: where "now" comes from.
        keys: what encrypts tokens; without it, tokens can be neither saved nor loaded.

    Raises:
        UserMistake: it cannot be reached or written, is of a newer version, or the disk is full.
    """
    raise NotImplementedError
