"""Many connections at the same time, and again and again: none waits for another."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, as_completed, wait
from contextlib import contextmanager, suppress
from types import FrameType

from arsync.application.connection_changes import connections_to_run
from arsync.application.connection_choice import Chosen
from arsync.application.container import Container
from arsync.application.daily_mail import mail_of_the_day
from arsync.application.organisation_context import OrganisationContext, organisation_by_id
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import RunResult
from arsync.application.runs import UNWATCHED, RunWatch, sync
from arsync.errors import ArsyncError, StoreGone
from arsync.store.models import ConnectionRow

WAKE_SECONDS = 0.2
"""How soon a signal is noticed while runs are going on."""

UNREACHED_SECONDS = 300.0
"""A connection that could not reach its platform is tried again this soon, however slow the pace: a
token whose renewal was lost has to be renewed again while the platform still takes the old one."""

STORE_PAUSE_SECONDS = 1.0
"""After the store could not be used it is tried again so soon; each further failure doubles it."""
STORE_PAUSE_SECONDS_MAX = 60.0

STANDARD_ERROR = 2

_LOG = logging.getLogger(__name__)


def sync_all(
    actor: Actor,
    container: Container,
    connection: Chosen = None,
    watch: RunWatch = UNWATCHED,
    *,
    now: bool = False,
) -> Iterator[RunResult]:
    """Sync one connection, or all, several at a time; yields each result when it is there.

    Whoever asks for all leaves those alone that are paused.

    Args:
        actor: who asks for it, or the schedule.
        container: the installation; `[runs] parallel` says how many at a time.
        connection: only these.
        watch: looks on.
        now: also those that are left alone because their platform could not be reached.

    Raises:
        UserMistake: there is none of that name, or none at all.
    """
    permit(actor, Permission.RUN)
    contexts = connections_to_run(actor, container, connection).organisations
    if len(contexts) < 2:
        for organisation in contexts:
            yield sync(actor, organisation, watch, now=now)
        mail_of_the_day(container, stop=watch.stop)
        return
    # Threads, because a run waits for its platform nearly all the time; each holds its own lock.
    with _threads(container) as pool:
        running = [pool.submit(sync, actor, context, watch, now=now) for context in contexts]
        try:
            for future in as_completed(running):
                yield future.result()
        finally:
            for future in running:
                future.cancel()
    # After the last of them, so that the mail knows of all.
    mail_of_the_day(container, stop=watch.stop)


def run_forever(
    actor: Actor,
    container: Container,
    *,
    every_seconds: float,
    stop: threading.Event,
    names: Sequence[str] | None = None,
    report: Callable[[RunResult], None] = lambda _: None,
) -> int:
    """Sync all connections again and again, until `stop` is set; returns the number of rounds.

    A store that is away for a while is waited for.

    Args:
        actor: the schedule.
        container: the installation.
        every_seconds: the pace of each connection.
        stop: see `stop_on_signals`.
        names: only these connections.
        report: is told of each result, in the calling thread.

    Raises:
        StoreGone: the store was deleted or replaced meanwhile.
    """
    permit(actor, Permission.RUN)
    with _threads(container) as pool:
        return _Rounds(actor, container, pool, every_seconds, stop).run(names, report)


class _Rounds:
    """Each connection goes by its own pace, so that a slow one holds no other back.

    One that takes longer than the pace begins again at once. The list of connections is read again
    each round.
    """

    def __init__(
        self,
        actor: Actor,
        container: Container,
        pool: ThreadPoolExecutor,
        every_seconds: float,
        stop: threading.Event,
    ) -> None:
        self._actor = actor
        self._container = container
        self._pool = pool
        self._every_seconds = every_seconds
        self._stop = stop
        self._due: dict[int, float] = {}
        self._counts: dict[int, int] = {}
        self._tried_at: dict[int, float] = {}
        self._running: dict[Future[RunResult], int] = {}
        self._mailing: Future[bool] | None = None
        self._rows: list[ConnectionRow] = []
        self._list_at = 0.0
        self._store_away = ""
        self._store_pause = STORE_PAUSE_SECONDS

    def run(self, names: Sequence[str] | None, report: Callable[[RunResult], None]) -> int:
        """Go on until the stop, and return the number of rounds.

        Raises:
            StoreGone: the store was deleted or replaced: no later process would know what is done.
        """
        try:
            while not self._stop.is_set():
                try:
                    self._round(names, report)
                except StoreGone:
                    raise
                except ArsyncError as error:
                    # The database is away, or the disk is full: it comes back, or a signal comes.
                    self._wait_for_store(error)
        finally:
            for future in self._running:
                future.cancel()
            done, _ = wait(self._running)
            self._report(done, report)
            if self._mailing is not None:
                wait([self._mailing])
        return max(self._counts.values(), default=0)

    def _round(self, names: Sequence[str] | None, report: Callable[[RunResult], None]) -> None:
        """Start what is due, and wait for the next thing to happen."""
        now = time.monotonic()
        if now >= self._list_at:
            every_row = self._container.store.connections.all()
            self._rows = [row for row in every_row if not names or row.name in names]
            self._list_at = now + self._every_seconds
            self._store_is_back()
        self._start_due([row.id for row in self._rows], now)
        if self._running:
            done, _ = wait(self._running, timeout=WAKE_SECONDS, return_when=FIRST_COMPLETED)
            self._retry_unreachable_soon(done)
            self._report(done, report)
            if done:
                self._mail_owner()
        else:
            soonest = min([self._list_at, *(self._due[row.id] for row in self._rows)])
            self._stop.wait(max(0.0, soonest - time.monotonic()))

    def _mail_owner(self) -> None:
        """Let the day's mail be made beside the runs, if it is due: it may plan every ledger."""
        if self._mailing is None or self._mailing.done():
            settled = not self._running
            self._mailing = self._pool.submit(
                mail_of_the_day, self._container, settled=settled, stop=self._stop.is_set
            )

    def _wait_for_store(self, error: ArsyncError) -> None:
        # Said once, not at each try.
        if str(error) != self._store_away:
            _LOG.error("%s Trying again until it is back.", error)
        self._store_away = str(error)
        self._stop.wait(self._store_pause)
        self._store_pause = min(2 * self._store_pause, STORE_PAUSE_SECONDS_MAX)
        self._list_at = 0.0

    def _store_is_back(self) -> None:
        if self._store_away:
            _LOG.warning("the store can be used again.")
        self._store_away, self._store_pause = "", STORE_PAUSE_SECONDS

    def _start_due(self, connection_ids: Sequence[int], now: float) -> None:
        for number in sorted(connection_ids, key=lambda number: self._due.get(number, 0.0)):
            if number in self._running.values() or self._due.get(number, 0.0) > now:
                continue
            # As it stands now: its mode may have been changed since the list was read.
            organisation = organisation_by_id(self._container, number)
            self._due[number] = now + self._every_seconds
            self._counts[number] = self._counts.get(number, 0) + 1
            self._tried_at[number] = now
            self._running[self._pool.submit(self._sync, organisation)] = number

    def _sync(self, organisation: OrganisationContext) -> RunResult:
        return sync(self._actor, organisation, RunWatch(stop=self._stop.is_set))

    def _retry_unreachable_soon(self, done: Collection[Future[RunResult]]) -> None:
        for future in done:
            number = self._running[future]
            if future.exception() is None and future.result().unreachable:
                soon = self._tried_at[number] + UNREACHED_SECONDS
                self._due[number] = min(self._due[number], soon)

    def _report(
        self, done: Collection[Future[RunResult]], report: Callable[[RunResult], None]
    ) -> None:
        """Tell of finished runs, from the one thread that prints."""
        for future in done:
            del self._running[future]
            if not future.cancelled():
                report(future.result())


def _threads(container: Container) -> ThreadPoolExecutor:
    # Opened here, once: afterwards several threads ask for it.
    assert container.store is not None
    return ThreadPoolExecutor(container.config.runs.parallel, thread_name_prefix="run")


STOPPING = "Stopping after the current action. A second Ctrl-C or signal ends at once.\n"
ENDED = "Ended at once: the next run looks up the action that was in progress.\n"


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Set the event on SIGTERM and SIGINT: the current actions are finished, then the run ends.

    A second signal ends the process there and then, as it would have without arsync.
    """
    stop = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            _tell(ENDED)
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        stop.set()
        _tell(STOPPING)

    old = {number: signal.signal(number, ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _tell(words: str) -> None:
    # Past Python's streams: the signal may have come while one of them was being written.
    with suppress(OSError):
        os.write(STANDARD_ERROR, words.encode())
