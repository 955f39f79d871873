"""A thread of the desk that plays what was asked for: one at a time, while pages are answered."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Iterator
from queue import SimpleQueue

import msgspec

from arsync.application.container import Container
from arsync.application.desk.tries import play
from arsync.application.organisation_context import OrganisationContext
from arsync.application.permissions import Actor, Role
from arsync.core.ledger.records import Account, RecordKind
from arsync.errors import ArsyncError
from arsync.store.policy.tries import TryRow, TryState

BEAT_SECONDS = 1.0
"""How often it says how far it is, and looks whether it is still wanted."""

PAUSE_SECONDS = 0.0005
"""After each customer others come first: pages are answered by the same processor."""

STOP_SECONDS_MAX = 10.0

_LOG = logging.getLogger(__name__)


class NotWantedAnyMore(Exception):
    """It was cancelled, or the process ends."""


class TryRunner:
    """Plays what was asked for at this desk. The thread begins with the first try."""

    def __init__(self, container: Container) -> None:
        """Play for this installation, until its container is closed."""
        self._container = container
        self._numbers: SimpleQueue[tuple[int, int] | None] = SimpleQueue()
        self._ending = threading.Event()
        self._guard = threading.Lock()
        self._thread: threading.Thread | None = None
        self.worker = secrets.token_hex(8)
        """By which its tries know it."""

    def start(self, connection_id: int, number: int) -> None:
        """Play a try when those before it have ended."""
        with self._guard:
            if self._thread is None:
                self._thread = threading.Thread(target=self._play_all, name="tries", daemon=True)
                self._thread.start()
                self._container.at_close.callback(self.stop)
        self._numbers.put((connection_id, number))

    def wait_for(self, connection_id: int, number: int, seconds: float) -> bool:
        """Wait a little for a try to end; return whether it has."""
        until = time.monotonic() + seconds
        while True:
            row = self._container.store.tries.get(connection_id, number)
            if row is None or not row.is_open:
                return True
            if time.monotonic() >= until:
                return False
            time.sleep(0.05)

    def stop(self) -> None:
        """End with the process: what has not been played stays, and says so."""
        self._ending.set()
        self._numbers.put(None)
        if self._thread is not None:
            self._thread.join(STOP_SECONDS_MAX)
            self._container.store.tries.interrupt(self.worker)

    def _play_all(self) -> None:
        while True:
            numbers = self._numbers.get()
            if numbers is None or self._ending.is_set():
                return
            try:
                self._play(*numbers)
            except Exception:  # noqa: BLE001 - the thread serves what comes later, too
                _LOG.exception("a try ended unexpectedly")

    def _play(self, connection_id: int, number: int) -> None:
        tries = self._container.store.tries
        row = tries.get(connection_id, number)
        if row is None or not tries.begin(number):
            return
        try:
            result = self._result(row)
        except NotWantedAnyMore:
            tries.end(number, TryState.INTERRUPTED)
        except ArsyncError as error:
            tries.end(number, TryState.FAILED, problem=str(error))
        except Exception:
            tries.end(number, TryState.FAILED, problem="arsync itself failed; its log says how.")
            raise
        else:
            tries.end(number, TryState.DONE, result=result)

    def _result(self, row: TryRow) -> bytes:
        store = self._container.store
        organisation = OrganisationContext(
            self._container, store.connections.by_id(row.connection_id)
        )
        in_all = store.ledger.counts(organisation.id)[RecordKind.CONTACTS]

        def watch(accounts: Iterator[Account]) -> Iterator[Account]:
            said_at = time.monotonic()
            store.tries.beat(self.worker, row.id, 0, in_all)
            for count, account in enumerate(accounts, start=1):
                yield account
                if self._ending.wait(PAUSE_SECONDS):
                    raise NotWantedAnyMore
                if time.monotonic() - said_at >= BEAT_SECONDS:
                    said_at = time.monotonic()
                    if not store.tries.beat(self.worker, row.id, count, in_all):
                        raise NotWantedAnyMore

        actor = Actor(row.asked_by, Role.READER)
        return msgspec.json.encode(play(actor, organisation, row, watch))
