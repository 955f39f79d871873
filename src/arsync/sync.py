"""Pulling: from a connector's pages to the store, without loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from arsync.clock import Clock
from arsync.connector import Connector
from arsync.core.records import DocumentProblem
from arsync.store import Store
from arsync.store.values import ConnectionRow


class Progress(NamedTuple):
    """How far a pull is, after each page."""

    kind: str
    pages: int
    records: int


class PullResult(NamedTuple):
    """What a pull did. Numbers count records, but `pages`."""

    pages: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    gone: int = 0
    read_again: int = 0
    """Records that a sweep found different and that were read one by one."""
    problems: tuple[DocumentProblem, ...] = ()
    """Documents of this pull that could not be understood."""
    complete: bool = False
    """True when the last page was reached."""


def pull(
    store: Store,
    connection: ConnectionRow,
    connector: Connector,
    clock: Clock,
    *,
    progress: Callable[[Progress], None] | None = None,
) -> PullResult:
    """Bring the store's copy of one organisation up to date.

    Each page is stored with its cursor, so a pull that is cut short goes on where it stopped.

    Raises:
        RetryLater, NeedsReconnect: from the connector; what was stored so far, and its cursor, stay.
    """
    raise NotImplementedError
