"""Work that takes longer than a page may: done beside the requests, and told on pages.

Figures of a large ledger are added up, rulebooks are played, a ledger is read for the first time.
Whoever asks first begins it, and whoever asks again finds it: how far it is, what it made, or why
it failed. The page may be left. With the process it ends.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import CancelledError, Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import ExitStack
from enum import Enum
from queue import SimpleQueue
from traceback import clear_frames
from typing import Any, Generic, NamedTuple, TypeVar

from arsync.core.ledger.records import Account
from arsync.errors import ArsyncError, RetryLater

KEPT_MAX = 200
"""Results kept in one process; the longest unused one goes first."""

ASK_AGAIN_SECONDS = 1.0
"""After so long a program asks again for what is being made."""

END_SECONDS_MAX = 10.0
"""So long the end of the process waits for what is being worked on."""

WORK_SECONDS, PAUSE_SECONDS = 0.005, 0.001
"""After so long of work others come first for so long: the same processor answers pages."""

_LOG = logging.getLogger(__name__)

Result = TypeVar("Result")


class Lane(Enum):
    """What is worked on beside what; the value says how much of it at the same time."""

    FIGURES = ("figures", 2)
    TRIES = ("tries", 1)
    READINGS = ("readings", 4)

    @property
    def at_once(self) -> int:
        """Return how many are worked on at the same time."""
        return self.value[1]


class NotWantedAnyMore(Exception):
    """It was cancelled, or the process ends."""


class StillAtWork(RetryLater):
    """What is asked for is being made."""

    def __init__(self) -> None:
        """Say after how long to ask again."""
        super().__init__("the figures are being added up.", after_seconds=ASK_AGAIN_SECONDS)


class WorkProgress(NamedTuple):
    """How far work is."""

    done: int = 0
    in_all: int = 0
    """0: nobody knows."""
    doing: str = ""
    """At what it is, where it is several things in turn."""


class LongJob(Generic[Result]):
    """One piece of long work."""

    def __init__(self, make: Callable[[LongJob[Result]], Result], ending: threading.Event) -> None:
        """Make something, until it is made or the process ends."""
        self._make = make
        self._ending = ending
        self._future: Future[Result] = Future()
        self.progress = WorkProgress()
        """How far it is, as it said last."""
        self.is_told = False
        """Whether somebody was told how it ended."""

    @property
    def is_open(self) -> bool:
        """Return whether it waits or is worked on."""
        return not self._future.done()

    @property
    def has_failed(self) -> bool:
        """Return whether it ended, and made nothing."""
        return not self.is_open and (
            self._future.cancelled() or self._future.exception() is not None
        )

    @property
    def problem(self) -> str:
        """Return why it failed, in a line; empty: it has not."""
        if self.is_open or self._future.cancelled():
            return ""
        error = self._future.exception()
        return f"{error}".split("\n", maxsplit=1)[0] if error is not None else ""

    def is_unwanted(self) -> bool:
        """Return whether the process ends."""
        return self._ending.is_set()

    def say(self, progress: WorkProgress) -> None:
        """Say how far it is."""
        self.progress = progress

    def watched(self, accounts: Iterator[Account], in_all: int) -> Iterator[Account]:
        """Hand customers on, count them, and let others have the processor in between.

        Raises:
            NotWantedAnyMore: the process ends.
        """
        self.say(WorkProgress(0, in_all))
        began = time.monotonic()
        for count, account in enumerate(accounts, start=1):
            yield account
            if time.monotonic() - began >= WORK_SECONDS:
                self.say(WorkProgress(count, in_all))
                if self._ending.wait(PAUSE_SECONDS):
                    raise NotWantedAnyMore
                began = time.monotonic()

    def wait(self, seconds: float) -> bool:
        """Wait for it to end; return whether it has."""
        try:
            self._future.exception(seconds)
        except NotYet:
            return False
        except CancelledError:
            return True
        return True

    def result(self) -> Result:
        """Return what it made; what it failed with is raised here."""
        self.is_told = True
        try:
            return self._future.result(0)
        except CancelledError:
            raise NotWantedAnyMore from None

    def work(self) -> None:
        """Make it, unless it was given up meanwhile."""
        if not self._future.set_running_or_notify_cancel():
            return
        try:
            result = self._make(self)
        except BaseException as error:  # noqa: BLE001 - whoever asks for the result gets it
            if not isinstance(error, ArsyncError | NotWantedAnyMore):
                _LOG.exception("long work failed")
            # Kept with what it read last, an open transaction on the store would be kept too.
            clear_frames(error.__traceback__)
            self._future.set_exception(error.with_traceback(None))
        else:
            self._future.set_result(result)

    def give_up(self) -> None:
        """Give it up where it has not begun."""
        self._future.cancel()


class LongWork:
    """All that this process works on beside its requests, by what it is made of."""

    def __init__(self, at_close: ExitStack) -> None:
        """Begin with nothing.

        Args:
            at_close: what ends this while the store is still open.
        """
        self._at_close = at_close
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._jobs: OrderedDict[Hashable, LongJob[Any]] = OrderedDict()
        self._queues: dict[Lane, SimpleQueue[LongJob[Any] | None]] = {}
        self._threads: list[threading.Thread] = []
        self._when_ended: dict[str, Callable[[], object]] = {}
        self.worker = secrets.token_hex(8)
        """By which the store knows what this process works on."""

    def begin(
        self,
        lane: Lane,
        key: Hashable,
        make: Callable[[LongJob[Result]], Result],
        *,
        again: bool = False,
    ) -> LongJob[Result]:
        """Begin to make something, unless it is made or was made already; return the work.

        What failed is begun anew when somebody was told so.

        Args:
            lane: what it waits for.
            key: what it is made of.
            make: makes it.
            again: somebody asks for another attempt at what failed, or for what was made.
        """
        with self._lock:
            job: LongJob[Result] | None = self._jobs.get(key)
            if job is None or (not job.is_open and (again or (job.has_failed and job.is_told))):
                job = self._jobs[key] = LongJob(make, self._ending)
                self._queue(lane).put(job)
            self._jobs.move_to_end(key)
            ended = (old for old, each in self._jobs.items() if not each.is_open and old != key)
            for old in list(ended)[: max(0, len(self._jobs) - KEPT_MAX)]:
                del self._jobs[old]
        return job

    def find(self, key: Hashable) -> LongJob[Any] | None:
        """Return work that was begun; None: it was not, or is forgotten."""
        with self._lock:
            return self._jobs.get(key)

    def wait_for_all(self, seconds: float) -> bool:
        """Wait until nothing is worked on; return whether that came in time."""
        until = time.monotonic() + seconds
        with self._lock:
            jobs = list(self._jobs.values())
        return all(job.wait(max(0.0, until - time.monotonic())) for job in jobs)

    def when_ended(self, name: str, act: Callable[[], object]) -> None:
        """Have something done, once for a name, when all has ended with the process."""
        self._when_ended[name] = act

    def end(self) -> None:
        """End with the process: what waits is given up, and what is worked on is told."""
        self._ending.set()
        with self._lock:
            for job in self._jobs.values():
                job.give_up()
            for lane, queue in self._queues.items():
                for _ in range(lane.at_once):
                    queue.put(None)
        until = time.monotonic() + END_SECONDS_MAX
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        for act in self._when_ended.values():
            act()

    def _queue(self, lane: Lane) -> SimpleQueue[LongJob[Any] | None]:
        if not self._queues:
            # Only now: the store is open, and what ends last began first.
            self._at_close.callback(self.end)
        queue = self._queues.get(lane)
        if queue is None:
            queue = self._queues[lane] = SimpleQueue()
            for number in range(lane.at_once):
                name = f"{lane.value[0]} {number + 1}"
                # As a daemon: a page that a platform does not answer keeps no process alive.
                thread = threading.Thread(target=_work, args=(queue,), name=name, daemon=True)
                self._threads.append(thread)
                thread.start()
        return queue


def _work(queue: SimpleQueue[LongJob[Any] | None]) -> None:
    while (job := queue.get()) is not None:
        job.work()
