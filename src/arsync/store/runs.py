"""Runs: what was done when, and the lock that keeps a connection's runs from overlapping."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from arsync.store.values import RunRow


class Runs:
    """The table of runs, and the run lock."""

    def start(self, connection_id: int, kind: str) -> int:
        """Record that a run begins, and return its id."""
        raise NotImplementedError

    def finish(
        self,
        run_id: int,
        *,
        outcome: str,
        counts: Mapping[str, int] | None = None,
        message: str = "",
    ) -> None:
        """Record how it ended."""
        raise NotImplementedError

    def last(self, connection_id: int, kind: str | None = None) -> RunRow | None:
        """Return the latest run."""
        raise NotImplementedError

    def list(self, connection_id: int, *, rows_max: int = 100) -> list[RunRow]:
        """Return runs, latest first."""
        raise NotImplementedError

    def lock(
        self, connection_id: int, *, wait_seconds: float = 0.0
    ) -> AbstractContextManager[None]:
        """Hold the connection's run lock inside `with`.

        The lock belongs to the process: when it dies, kill -9 included, the lock is free at once.

        Raises:
            RetryLater: another run holds it, and did not let go within `wait_seconds`.
        """
        raise NotImplementedError
