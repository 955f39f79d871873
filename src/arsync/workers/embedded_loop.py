"""Many connections at the same time, and again and again: none waits for another."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, as_completed, wait
from typing import NamedTuple

from arsync.application.connections.connection_changes import connections_to_run
from arsync.application.organisation.connection_choice import Chosen
from arsync.application.organisation.container import Container
from arsync.application.organisation.organisation_context import (
    OrganisationContext,
    organisation_by_id,
)
from arsync.application.overview.daily_mail import mail_of_the_day
from arsync.application.permissions import Actor, Permission, permit
from arsync.application.results import RunResult
from arsync.application.runs.pulling import UNWATCHED, RunWatch
from arsync.application.runs.runs import sync
from arsync.application.runs.scheduling import sync_if_due
from arsync.errors import ArsyncError, StoreGone

WAKE_SECONDS = 0.2
"""How soon a signal is noticed while runs are going on."""

WISH_LOOK_SECONDS = 5.0
"""How often the loop looks for what is wanted before its place: by a webhook, by `sync --soon`. A
ledger that another process works on is looked at again as often."""

LOOK_SECONDS_MIN = 1.0
"""So long the loop waits between two looks at least, as long as no run ends: among thousands of
ledgers one is due at any moment."""

KEEP_SECONDS = 60.0
"""How often the loop gives new connections their pace."""

NOT_BEGUN_SECONDS = 60.0
"""A ledger whose run could not begin at all is tried again this late: it is due all the time."""

STORE_PAUSE_SECONDS = 1.0
"""After the store could not be used it is tried again so soon; each further failure doubles it."""
STORE_PAUSE_SECONDS_MAX = 60.0

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
    every_seconds: int,
    stop: threading.Event,
    names: Sequence[str] | None = None,
    report: Callable[[RunResult], None] = lambda _: None,
    monotonic: Callable[[], float] = time.monotonic,
) -> int:
    """Sync whatever is due by the schedule, until `stop` is set; returns the number of rounds.

    Any number of processes may do so on one store: they share the ledgers. A store that is away for
    a while is waited for.

    Args:
        actor: the schedule.
        container: the installation; `[runs] parallel` says how many at a time.
        every_seconds: the pace of each connection; 1 or more.
        stop: see `stop_on_signals`.
        names: only these connections.
        report: is told of each result, in the calling thread.
        monotonic: measures its pauses, in seconds.

    Raises:
        StoreGone: the store was deleted or replaced meanwhile.
    """
    permit(actor, Permission.RUN)
    # One thread more: the day's mail, which may plan every ledger, keeps none of them waiting.
    with _threads(container, 1) as pool:
        loop = _Loop(actor, container, pool, _Pace(every_seconds, stop, monotonic))
        return loop.run(names, report)


class _Pace(NamedTuple):
    """When the loop does what, and until when."""

    every_seconds: int
    stop: threading.Event
    monotonic: Callable[[], float]


class _Loop:
    """Takes from the schedule in the store: never more than there are free threads.

    So what is wanted waits for one thread at most, and for no queue. Each connection goes by its
    own pace; one that takes longer than the pace begins again at once.
    """

    def __init__(
        self,
        actor: Actor,
        container: Container,
        pool: ThreadPoolExecutor,
        pace: _Pace,
    ) -> None:
        self._actor = actor
        self._container = container
        self._pool = pool
        self._every_seconds, self._stop, self._monotonic = pace
        self._connection_ids: list[int] | None = None
        self._counts = Counter[int]()
        self._running: dict[Future[RunResult | None], int] = {}
        self._left_until: dict[int, float] = {}
        self._mailing: Future[bool] | None = None
        self._keep_at = self._look_at = 0.0
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
                    self._turn(names, report)
                except StoreGone:
                    raise
                except ArsyncError as error:
                    # The database is away, or the disk is full: it comes back, or a signal comes.
                    self._wait_for_store(error)
        finally:
            for future in self._running:
                future.cancel()
            done, _ = wait(self._running)
            self._finished(done, report)
            if self._mailing is not None:
                wait([self._mailing])
        return max(self._counts.values(), default=0)

    def _turn(self, names: Sequence[str] | None, report: Callable[[RunResult], None]) -> None:
        """Start what is due, and wait for the next thing to happen."""
        if self._monotonic() >= self._keep_at:
            self._keep(names)
        if self._monotonic() >= self._look_at:
            self._start_due()
        if self._running:
            done, _ = wait(self._running, timeout=WAKE_SECONDS, return_when=FIRST_COMPLETED)
            self._finished(done, report)
            if done:
                self._mail_owner()
        else:
            self._stop.wait(max(0.0, min(self._keep_at, self._look_at) - self._monotonic()))

    def _keep(self, names: Sequence[str] | None) -> None:
        """Give new connections their pace, and learn which ones are served here."""
        store = self._container.store
        if names:
            chosen = frozenset(names)
            self._connection_ids = [row.id for row in store.connections.all() if row.name in chosen]
        store.schedules.keep(self._every_seconds, self._connection_ids)
        self._keep_at = self._monotonic() + KEEP_SECONDS
        self._store_is_back()

    def _start_due(self) -> None:
        free = self._container.config.runs.parallel - len(self._running)
        if free <= 0:
            return
        now = self._monotonic()
        schedules = self._container.store.schedules
        left_alone = {number for number, until in self._left_until.items() if until > now}
        due = schedules.due(
            rows_max=free,
            connection_ids=self._connection_ids,
            besides=left_alone.union(self._running.values()),
        )
        for ledger in due:
            # As it stands now: its mode may have been changed since it ran last.
            organisation = organisation_by_id(self._container, ledger.connection_id)
            self._running[self._pool.submit(self._sync, organisation)] = ledger.connection_id
        self._look_at = now + self._seconds_to_next_place()

    def _seconds_to_next_place(self) -> float:
        """Return when to look again, in seconds; a wish does not announce itself."""
        next_at = self._container.store.schedules.next_due_at(self._connection_ids)
        if next_at is None:
            return WISH_LOOK_SECONDS
        away = (next_at - self._container.clock.now()).total_seconds()
        return min(max(LOOK_SECONDS_MIN, away), WISH_LOOK_SECONDS)

    def _sync(self, organisation: OrganisationContext) -> RunResult | None:
        return sync_if_due(self._actor, organisation, RunWatch(stop=self._stop.is_set))

    def _finished(
        self, done: Collection[Future[RunResult | None]], report: Callable[[RunResult], None]
    ) -> None:
        """Tell of finished runs, from the one thread that prints, and let others begin."""
        for future in done:
            number = self._running.pop(future)
            self._look_at = 0.0
            if future.cancelled():
                continue
            result = future.result()
            if result is None or result.elsewhere:
                self._left_until[number] = self._monotonic() + WISH_LOOK_SECONDS
                continue
            if result.run_id is None:
                self._left_until[number] = self._monotonic() + NOT_BEGUN_SECONDS
            else:
                self._left_until.pop(number, None)
                self._counts[number] += 1
            report(result)

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
        self._keep_at = self._look_at = 0.0

    def _store_is_back(self) -> None:
        if self._store_away:
            _LOG.warning("the store can be used again.")
        self._store_away, self._store_pause = "", STORE_PAUSE_SECONDS


def _threads(container: Container, more: int = 0) -> ThreadPoolExecutor:
    # Opened here, once: afterwards several threads ask for it.
    assert container.store is not None
    return ThreadPoolExecutor(container.config.runs.parallel + more, thread_name_prefix="run")
