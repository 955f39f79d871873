"""One thread records what came by webhook: a burst needs few transactions, a flood needs none.

Whoever delivers waits for the transaction, but not for a store that is busy: then it is told that
nothing was recorded, and delivers again.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import NamedTuple

from arsync.errors import ArsyncError
from arsync.store.admin.webhooks import ReceivedDelivery, WebhookOutcome, Webhooks

ANSWER_SECONDS_MAX = 2.0
"""A delivery is answered within this time: Intuit waits three seconds, Xero five."""

WAITING_MAX = 1_000
"""So many deliveries wait to be recorded; further ones are refused."""

GROUP_MAX = 200
"""So many deliveries are recorded in one transaction."""

GROUP_EVENTS_MAX = 20_000
"""A transaction with so many events takes no further delivery."""

COUNTS_SECONDS = 5.0
"""What is only counted is written this seldom."""

LOG_SECONDS = 60.0
"""The log has one line of each kind in this time, however many deliveries there are."""

_LOG = logging.getLogger(__name__)


class SparseLog:
    """Warnings about what strangers can cause as often as they like."""

    def __init__(self) -> None:
        """Have logged nothing yet."""
        self._lock = threading.Lock()
        self._logged_at: dict[str, float] = {}

    def warn(self, kind: str, message: str) -> None:
        """Log a message, unless one of its kind was logged of late; kinds are few."""
        now = time.monotonic()
        with self._lock:
            last = self._logged_at.get(kind)
            if last is not None and now - last < LOG_SECONDS:
                return
            self._logged_at[kind] = now
        _LOG.warning(message)


class _Waiting(NamedTuple):
    delivery: ReceivedDelivery
    outcome: Future[WebhookOutcome]


class WebhookWriter:
    """Records deliveries for any number of threads."""

    def __init__(
        self,
        webhooks: Callable[[], Webhooks],
        log: SparseLog,
        *,
        answer_seconds: float = ANSWER_SECONDS_MAX,
        counts_seconds: float = COUNTS_SECONDS,
    ) -> None:
        """Start nothing: the thread begins with the first delivery.

        Args:
            webhooks: opens the store's part.
            log: for what could not be recorded.
            answer_seconds: how long a delivery waits to be recorded.
            counts_seconds: how long counts wait.
        """
        self._webhooks = webhooks
        self._log = log
        self._answer_seconds = answer_seconds
        self._counts_seconds = counts_seconds
        self._waiting: queue.Queue[_Waiting | None] = queue.Queue(WAITING_MAX)
        self._lock = threading.Lock()
        self._tally: Counter[tuple[str, WebhookOutcome]] = Counter()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._writing_since: float | None = None
        self._held_up_since: float | None = None

    def record(self, delivery: ReceivedDelivery) -> WebhookOutcome:
        """Wait until a delivery is recorded, and return what became of it.

        `NOT_STORED`: it was not, in the time that its platform waits.
        """
        outcome = self._recorded(delivery)
        if outcome is None:
            outcome = WebhookOutcome.NOT_STORED
            self.count(delivery.platform, outcome)
        return outcome

    def count(self, platform: str, outcome: WebhookOutcome) -> None:
        """Count a delivery of which nothing is recorded."""
        with self._lock:
            self._tally[platform, outcome] += 1
        self._start()

    def close(self) -> None:
        """Record what waits and what was only counted, and end."""
        with self._lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            with suppress(queue.Full):
                self._waiting.put(None, timeout=self._answer_seconds)
            thread.join(self._answer_seconds)

    def _recorded(self, delivery: ReceivedDelivery) -> WebhookOutcome | None:
        """Return what became of a delivery; None: it was not recorded, and the log says why."""
        waiting = _Waiting(delivery, Future())
        # While the store holds the thread up, waiting for it would keep other requests out.
        if not self._is_held_up():
            try:
                self._waiting.put_nowait(waiting)
                self._start()
                return waiting.outcome.result(self._answer_seconds)
            except (ArsyncError, CancelledError):
                return None
            except (TimeoutError, queue.Full):
                waiting.outcome.cancel()
                self._held_up_since = self._writing_since
        self._log.warn("held up", _HELD_UP)
        return None

    def _is_held_up(self) -> bool:
        """Return whether somebody has waited in vain for the transaction that goes on now."""
        return self._writing_since is not None and self._writing_since == self._held_up_since

    def _start(self) -> None:
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        group: list[_Waiting | None] = []
        while None not in group:
            group = self._next_group()
            self._write([waiting for waiting in group if waiting is not None])

    def _next_group(self) -> list[_Waiting | None]:
        """Return what waits, up to the limits; None among it: the end was asked for."""
        group: list[_Waiting | None] = []
        events = 0
        with suppress(queue.Empty):
            latest = self._waiting.get(timeout=self._counts_seconds)
            group.append(latest)
            while latest is not None and len(group) < GROUP_MAX and events < GROUP_EVENTS_MAX:
                events += len(latest.delivery.events)
                latest = self._waiting.get_nowait()
                group.append(latest)
        return group

    def _write(self, group: Sequence[_Waiting]) -> None:
        # Those whose time is over were refused: their platform repeats them.
        group = [waiting for waiting in group if waiting.outcome.set_running_or_notify_cancel()]
        with self._lock:
            tally, self._tally = self._tally, Counter()
        if not group and not tally:
            return
        self._writing_since = time.monotonic()
        try:
            outcomes = self._webhooks().record([waiting.delivery for waiting in group], tally)
        except Exception as error:  # noqa: BLE001 - the thread serves what comes later, too
            self._fail(group, tally, error)
        else:
            for waiting, outcome in zip(group, outcomes, strict=True):
                waiting.outcome.set_result(outcome)
        finally:
            self._writing_since = None

    def _fail(
        self,
        group: Sequence[_Waiting],
        tally: Counter[tuple[str, WebhookOutcome]],
        error: Exception,
    ) -> None:
        with self._lock:
            self._tally.update(tally)
        if isinstance(error, ArsyncError):
            self._log.warn("failed", f"webhooks cannot be recorded, and will come again: {error}")
        else:
            _LOG.error("webhooks could not be recorded", exc_info=error)
            error = ArsyncError("a fault of arsync's, which its log shows")
        for waiting in group:
            waiting.outcome.set_exception(error)


_HELD_UP = (
    "the store is busy: webhooks are refused for now, and come again. The schedule reads what they "
    "are about in any case."
)
