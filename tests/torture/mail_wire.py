"""SMTP to the sandbox without a socket or a thread: the sandbox's own server, in this very thread.

As `wire` does for HTTP. A process that is forked keeps its threads behind; the mail server of a
copy of it is this one, which is made anew for each connection and ends with it.
"""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import Iterator
from contextlib import contextmanager

from aiosmtpd.smtp import SMTP

from arsync_sandbox.server import Sandbox
from arsync_sandbox.smtp import SmtpSink

STEPS_MAX = 10_000
"""Steps of the server's loop in which it must have answered."""


class _ToServer(asyncio.Transport):
    """What the server writes to, and closes."""

    def __init__(self, loop: asyncio.AbstractEventLoop, server: asyncio.BaseProtocol) -> None:
        super().__init__({"peername": ("127.0.0.1", 1)})
        self._loop = loop
        self._server = server
        self._is_closed = False
        self.said = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._is_closed:
            self.said += data

    def is_closing(self) -> bool:
        return self._is_closed

    def pause_reading(self) -> None:
        """Do nothing: the client waits for each answer."""

    def resume_reading(self) -> None:
        """Do nothing, as above."""

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._loop.call_soon(self._server.connection_lost, None)

    abort = close


class _Socket:
    """The client's end: what `smtplib` needs of a socket and of its file."""

    def __init__(self, sink: SmtpSink) -> None:
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(_made(sink))
        self._wire = _ToServer(self._loop, self._server)
        self._loop.call_soon(self._server.connection_made, self._wire)

    def makefile(self, _mode: str, buffering: int = -1) -> _Socket:
        assert buffering == 0, "lines are buffered by the client"
        return self

    def gettimeout(self) -> None:
        """Return none: nothing waits here."""

    def settimeout(self, _seconds: float | None) -> None:
        """Do nothing, as above."""

    def sendall(self, data: bytes) -> None:
        if self._wire.is_closing():
            raise ConnectionResetError(104, "reset")
        self._loop.call_soon(self._server.data_received, data)

    def readinto(self, buffer: memoryview) -> int:
        """Let the server go on until it has said a line; nothing when it has hung up."""
        line = self._line()
        buffer[: len(line)] = line
        return len(line)

    def _line(self) -> bytes:
        for _ in range(STEPS_MAX):
            line, end, unread = bytes(self._wire.said).partition(b"\n")
            if end or self._wire.is_closing():
                self._wire.said[:] = unread
                return line + end
            self._step()
        raise AssertionError("the mail server does not answer")

    def close(self) -> None:
        if self._loop.is_closed():
            return
        self._wire.close()
        while tasks := asyncio.all_tasks(self._loop):
            self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.close()

    def _step(self) -> None:
        self._loop.call_soon(self._loop.stop)
        self._loop.run_forever()


async def _made(sink: SmtpSink) -> SMTP:
    return sink.session()


@contextmanager
def mail_in_process(sandbox: Sandbox) -> Iterator[None]:
    """Answer every SMTP connection of this process, to whichever address, inside `with`."""
    sink = SmtpSink(sandbox)
    over_the_wire = smtplib.SMTP._get_socket  # type: ignore[attr-defined]
    smtplib.SMTP._get_socket = lambda *_: _Socket(sink)  # type: ignore[attr-defined]
    try:
        yield
    finally:
        smtplib.SMTP._get_socket = over_the_wire  # type: ignore[attr-defined]
