"""Reading from a socket within a time in all: a timeout alone begins anew with every byte."""

from __future__ import annotations

import io
import socket
import time


class TimedReader(io.RawIOBase):
    """Reads from a socket until a moment; then it ends like a socket that was silent too long.

    A server that sends one byte in each timeout is never silent, and never done either.
    """

    def __init__(
        self,
        opened: socket.socket,
        seconds: float,
        *,
        bytes_max: int | None = None,
    ) -> None:
        """Begin to count.

        Args:
            opened: the socket; its own timeout, in seconds, still holds for each byte.
            seconds: how long all of the reading may take.
            bytes_max: how much may come in; None leaves that to the caller.
        """
        super().__init__()
        self._socket = opened
        self._raw = opened.makefile("rb", buffering=0)
        self._ends_at = time.monotonic() + seconds
        self._bytes_left = bytes_max

    def readable(self) -> bool:
        """Return true: it is for nothing else."""
        return True

    def readinto(self, buffer: memoryview) -> int | None:  # type: ignore[override]
        """Read what has come in, or wait for it.

        Raises:
            TimeoutError: nothing came in time, or the time in all is over. OSError: too much came.
        """
        if self._bytes_left is not None and self._bytes_left <= 0:
            raise OSError("the answer is too long")
        seconds_left = self._ends_at - time.monotonic()
        if seconds_left <= 0:
            raise TimeoutError("timed out: the answer came too slowly")
        silence = self._socket.gettimeout()
        self._socket.settimeout(seconds_left if silence is None else min(silence, seconds_left))
        try:
            size = self._raw.readinto(buffer)
        finally:
            self._socket.settimeout(silence)
        if self._bytes_left is not None:
            self._bytes_left -= size or 0
        return size

    def close(self) -> None:
        """Let go of the socket; whoever opened it closes it."""
        self._raw.close()
        super().close()
