"""The socket side: HTTP/1.1 with keep-alive on loopback, and connections that break on demand."""

from __future__ import annotations

import io
import ipaddress
import socket
import struct
import threading
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from werkzeug.serving import DechunkedInput, ThreadedWSGIServer, WSGIRequestHandler

BODY_BYTES_MAX = 64 * 1024 * 1024
"""The longest request body that is read; a longer one is answered with 413."""

LISTEN_BACKLOG = 128
"""How many connections may wait to be accepted."""

CUT_AFTER = "sandbox.cut_after"
"""WSGI environ key: the bytes of the body to send before closing (a truncated answer)."""

SAID_AT = "sandbox.said_at"
"""WSGI environ key: the moment for the `Date` header, which is the sandbox's, not ours."""

HELD_BACK_SECONDS = "sandbox.held_back_seconds"
"""WSGI environ key: how long the answer was held back on purpose."""


class DropConnection(Exception):
    """Raised inside the application to close the socket instead of answering."""


class _UnreadableBody(Exception):
    """The body is not read; the message is the status line to answer with."""


def is_loopback(host: str) -> bool:
    """Return whether a host name or address can only mean this computer."""
    if host in {"localhost", "localhost."}:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class SandboxHandler(WSGIRequestHandler):
    """Answers many requests on one connection.

    werkzeug's own handler closes the connection after each answer and waits 10 ms for late bytes;
    a client that pages through a ledger would measure that instead of the platform.
    """

    protocol_version = "HTTP/1.1"
    # A small answer would otherwise wait 40 ms for the client's acknowledgement.
    disable_nagle_algorithm = True
    server_version = "arsync-sandbox"
    sys_version = ""
    timeout = 120
    server: LoopbackServer

    def run_wsgi(self) -> None:
        """Read the whole request, call the application, send the answer in one write."""
        if self.headers.get("Expect", "").strip().lower() == "100-continue":
            # The client sends the body of a large upload only after this.
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.environ = environ = self.make_environ()
        try:
            body = self._read_body(environ)
        except _UnreadableBody as refusal:
            # What is left of the body would be taken for the next request.
            self.close_connection = True
            line = f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            self.wfile.write(line.encode())
            return
        environ["wsgi.input"] = io.BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        try:
            status, headers, answer = call_wsgi(self.server.app, environ)
        except DropConnection:
            self._drop()
            return
        self._send(environ, status, headers, answer)

    def _read_body(self, environ: dict[str, Any]) -> bytes:
        if environ.get("wsgi.input_terminated"):
            chunked: DechunkedInput = environ["wsgi.input"]
            body = chunked.read(BODY_BYTES_MAX + 1)
            if len(body) > BODY_BYTES_MAX:
                raise _UnreadableBody("413 Content Too Large")
            return body
        length = environ.get("CONTENT_LENGTH") or "0"
        if not length.isdecimal():
            raise _UnreadableBody("400 Bad Request")
        if int(length) > BODY_BYTES_MAX:
            raise _UnreadableBody("413 Content Too Large")
        return self.rfile.read(int(length))

    def _drop(self) -> None:
        # A zero linger time makes the kernel send a reset, which no client mistakes for an answer.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _send(
        self, environ: dict[str, Any], status: str, headers: list[tuple[str, str]], answer: bytes
    ) -> None:
        code = int(status.split(None, 1)[0])
        lines = [f"HTTP/1.1 {status}"]
        lines += [f"{name}: {value}" for name, value in headers]
        names = {name.lower() for name, _ in headers}
        if "date" not in names and SAID_AT in environ:
            lines.append(f"Date: {http_date(environ[SAID_AT])}")
        if "content-length" not in names and code >= 200 and code not in {204, 304}:
            lines.append(f"Content-Length: {len(answer)}")
        cut_after: int | None = environ.get(CUT_AFTER)
        if cut_after is not None:
            answer = answer[:cut_after]
            self.close_connection = True
        if self.close_connection:
            lines.append("Connection: close")
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
        if self.command == "HEAD" or code in {204, 304}:
            answer = b""
        self.wfile.write(head + answer)

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Log nothing: the journal is the log, and it never holds tokens."""


def http_date(moment: datetime) -> str:
    """Return a moment as HTTP headers write it."""
    return format_datetime(moment, usegmt=True)


def call_wsgi(
    app: Callable[..., Any], environ: dict[str, Any]
) -> tuple[str, list[tuple[str, str]], bytes]:
    """Call a WSGI application and return its whole answer."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(
        status: str, headers: list[tuple[str, str]], _exc_info: Any = None
    ) -> Callable[[bytes], object]:
        started[:] = [(status, headers)]
        raise_write: Callable[[bytes], object] = _no_write
        return raise_write

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[0]
    return status, headers, body


def _no_write(_data: bytes) -> None:
    raise NotImplementedError("answers are returned, not written")


class LoopbackServer(ThreadedWSGIServer):
    """A threaded server that only this computer can reach and that leaves no connection behind."""

    daemon_threads = True

    def __init__(self, host: str, port: int, app: Callable[..., Any]) -> None:
        if not is_loopback(host):
            raise ValueError(f"the sandbox listens on loopback only, not on {host!r}")
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        # werkzeug ends the process when a port is taken; a socket of our own raises OSError.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family, backlog=LISTEN_BACKLOG) as listener:
            super().__init__(host, port, app, SandboxHandler, fd=listener.fileno())

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, so that stopping can end it."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Forget a connection that ended by itself."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_connections(self) -> None:
        """End the connections that clients keep open, so that no thread waits for them."""
        with self._open_lock:
            connections = list(self._open)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:  # the client was faster
                continue
