"""The signals that ask a command to stop, and what is said then."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

STANDARD_ERROR = 2

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
