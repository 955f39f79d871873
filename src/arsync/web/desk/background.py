"""Work that takes longer than a page may: done beside the requests, its results kept for a while.

A ledger of thousands of invoices is added up in seconds. The first page that asks begins it and
says so; it may be left, and the next one finds the figures. Results are forgotten when the ledger
is read again, and when too many are kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from typing import Any, TypeVar

BACKGROUND = "arsync.background"
"""Under which an application knows its own."""

KEPT_MAX = 200
"""Results kept in one process; the longest unused one goes first."""

AT_ONCE_MAX = 2
"""So many are worked on at the same time: requests need the processor too."""

WAIT_SECONDS = 0.15
"""So long a page waits for its figures; small ledgers need less."""

Result = TypeVar("Result")


class Background:
    """Results by what they were made of."""

    def __init__(self, *, wait_seconds: float = WAIT_SECONDS) -> None:
        """Begin with none.

        Args:
            wait_seconds: how long `get` waits for what is not there yet.
        """
        self._wait_seconds = wait_seconds
        self._pool = ThreadPoolExecutor(AT_ONCE_MAX, thread_name_prefix="desk")
        self._kept: OrderedDict[Hashable, Future[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, make: Callable[[], Result]) -> Result | None:
        """Return a result; None: it is being made, and a later call finds it.

        What `make` raises is raised here, and the next call begins anew.
        """
        with self._lock:
            future = self._kept.get(key)
            if future is None:
                future = self._kept[key] = self._pool.submit(make)
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT_MAX:
                self._kept.popitem(last=False)
        try:
            result: Result = future.result(self._wait_seconds)
        except NotYet:
            return None
        except BaseException:
            with self._lock:
                self._kept.pop(key, None)
            raise
        return result

    def close(self) -> None:
        """Give up what has not begun."""
        self._pool.shutdown(wait=True, cancel_futures=True)
