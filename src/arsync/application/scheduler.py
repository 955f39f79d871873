"""Many connections at the same time, and again and again: none waits for another."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, as_completed, wait
from contextlib import contextmanager, suppress
from types import FrameType

from arsync.application.container import Parts
from arsync.application.results import RunResult
from arsync.application.runs import Stop, Watch, not_begun, sync_one
from arsync.store.models import ConnectionRow

WAKE_SECONDS = 0.2
"""How soon a signal is noticed while runs are going on."""

UNREACHED_SECONDS = 300.0
"""Who could not reach the platform tries again this soon, however slow the pace: a token whose
renewal was lost has to be renewed again while the platform still takes the old one."""

STANDARD_ERROR = 2

_LOG = logging.getLogger(__name__)


def sync_all(
    parts: Parts,
    connections: Sequence[ConnectionRow],
    *,
    progress: Watch = None,
    stop: Stop = lambda: False,
    now: bool = False,
) -> Iterator[RunResult]:
    """Sync connections, several at a time; yields each result when it is there.

    Args:
        parts: the application's; `[runs] parallel` says how many at a time.
        connections: which.
        progress: is told of each page, from whichever thread reads it.
        stop: asked before each connection and within; True ends the runs in good order.
        now: also those that rest because their platform could not be reached.
    """

    def one(connection: ConnectionRow) -> RunResult:
        if stop():
            return not_begun(parts, connection, "sync")
        return _guarded(parts, connection, progress=progress, stop=stop, now=now)

    if len(connections) < 2:
        yield from map(one, connections)
        return

    with _threads(parts) as pool:
        running = [pool.submit(one, connection) for connection in connections]
        try:
            for future in as_completed(running):
                yield future.result()
        finally:
            for future in running:
                future.cancel()


def run_forever(
    parts: Parts,
    *,
    every_seconds: float,
    stop: threading.Event,
    names: Sequence[str] | None = None,
    report: Callable[[RunResult], None] = lambda _: None,
) -> int:
    """Sync all connections again and again, until `stop` is set; returns the number of rounds.

    Each connection goes by its own pace, so that a slow one holds no other back. One that takes
    longer than the pace begins anew at once. The list of connections is read anew each round.
    """
    due: dict[int, float] = {}
    rounds: dict[int, int] = {}
    running: dict[Future[RunResult], int] = {}
    tried_at: dict[int, float] = {}
    rows: list[ConnectionRow] = []
    look_at = 0.0
    with _threads(parts) as pool:
        while not stop.is_set():
            now = time.monotonic()
            if now >= look_at:
                every = parts.store.connections.all()
                rows = [row for row in every if not names or row.name in names]
                look_at = now + every_seconds
            for row in sorted(rows, key=lambda row: due.get(row.id, 0.0)):
                if row.id not in running.values() and due.get(row.id, 0.0) <= now:
                    # As it stands now: its mode may have been changed since the last look.
                    fresh = parts.store.connections.by_id(row.id)
                    due[row.id] = now + every_seconds
                    rounds[row.id] = rounds.get(row.id, 0) + 1
                    running[pool.submit(_started, parts, fresh, stop)] = row.id
                    tried_at[row.id] = now
            if running:
                done, _ = wait(running, timeout=WAKE_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    number = running[future]
                    if future.exception() is None and future.result().unreachable:
                        soon = tried_at[number] + UNREACHED_SECONDS
                        due[number] = min(due[number], soon)
                _report(done, running, report)
            else:
                soonest = min([look_at, *(due[row.id] for row in rows)])
                stop.wait(max(0.0, soonest - time.monotonic()))
        for future in running:
            future.cancel()
        done, _ = wait(running)
        _report(done, running, report)
    return max(rounds.values(), default=0)


def _started(parts: Parts, connection: ConnectionRow, stop: threading.Event) -> RunResult:
    return _guarded(parts, connection, progress=None, stop=stop.is_set, now=False)


def _report(
    done: set[Future[RunResult]],
    running: dict[Future[RunResult], int],
    report: Callable[[RunResult], None],
) -> None:
    """Tell of finished runs, from the one thread that prints."""
    for future in done:
        del running[future]
        if not future.cancelled():
            report(future.result())


def _threads(parts: Parts) -> ThreadPoolExecutor:
    # Opened here, once: afterwards several threads ask for it.
    assert parts.store is not None
    return ThreadPoolExecutor(parts.config.whole("runs", "parallel"), thread_name_prefix="run")


def _guarded(
    parts: Parts, connection: ConnectionRow, *, progress: Watch, stop: Stop, now: bool
) -> RunResult:
    try:
        return sync_one(parts, connection, progress=progress, stop=stop, now=now)
    except Exception as error:  # noqa: BLE001 - a bug met in one ledger must not stop the others
        _LOG.exception("%s: the run failed", connection.name)
        result = RunResult(connection.name, "sync", str(connection.mode), parts.clock.now())
        result.problems.append(f"an internal error ({type(error).__name__}), see the log.")
        result.broke = True
        return result


STOPPING = "Stopping: what is in hand is finished first. A second Ctrl-C or signal ends at once.\n"
ENDED = "Ended at once: the next run looks up what was in hand.\n"


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Set the event on SIGTERM and SIGINT: the actions in hand are finished, then the run ends.

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
