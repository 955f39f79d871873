"""The frame around every request: time, faults, journal, gzip; the platforms see none of it."""

from __future__ import annotations

import gzip
import json
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any, Protocol

from .faults import Faults, SandboxFault
from .journal import Journal, JournalEntry
from .settings import Settings
from .transport import CUT_AFTER, HELD_BACK_SECONDS, SAID_AT, DropConnection, call_wsgi, is_loopback

CONTROL_PATH = "/_sandbox"
"""Where the control plane begins; faults, delays and the journal leave it alone."""

TOOK_EFFECT = "sandbox.took_effect"
PLATFORM = "sandbox.platform"

INSTEAD = "sandbox.instead"
"""WSGI environ key: the answer that a fault gives instead; Xero remembers answers under a key."""

GZIP_BYTES_MIN = 1024
"""Shorter answers are not worth compressing."""

GZIP_LEVEL = 1
"""Platforms trade size for speed too, and a test's client sits on the same two cores."""

ERRORS_MAX = 100
"""How many tracebacks of the sandbox's own failures are kept."""

Headers = list[tuple[str, str]]


class Host(Protocol):
    """What the exchange needs of the sandbox around it."""

    lock: Any
    settings: Settings
    journal: Journal
    faults: Faults
    errors: deque[str]
    stopping: threading.Event

    def now(self) -> Any: ...

    def app_for(self, environ: dict[str, Any]) -> Any:
        """Return the WSGI application of the organisation that a request names."""
        ...

    def catch_up(self) -> None:
        """Play the days that have begun since the last request."""
        ...


class Exchange:
    """The WSGI application that the socket side calls."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._under_way: dict[int, dict[str, Any]] = {}

    def in_flight(self) -> list[dict[str, Any]]:
        """Return the environments of the platform requests being answered now."""
        return list(self._under_way.values())

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        if not is_loopback(_host_name(environ)):
            # A web page that a browser on this computer shows must not reach us by its own name.
            return _plain(start_response, 403, "The sandbox answers on loopback names only.\n")
        # Without faults and delays: a test must always be able to end what it has begun.
        if environ["PATH_INFO"].startswith(CONTROL_PATH):
            status, headers, body = self._control(environ)
        else:
            status, headers, body = self._platform(environ)
        start_response(status, headers)
        return [body]

    def _control(self, environ: dict[str, Any]) -> tuple[str, Headers, bytes]:
        with self._host.lock:
            self._host.catch_up()
            status, headers, body = call_wsgi(self._host.app_for(environ), environ)
        return status, *_compressed(environ, status, headers, body)

    def _platform(self, environ: dict[str, Any]) -> tuple[str, Headers, bytes]:
        host = self._host
        self._under_way[id(environ)] = environ
        try:
            with host.lock:
                host.catch_up()
                now = host.now()
                environ[SAID_AT] = now
                entry = host.journal.open(environ, now.isoformat(timespec="milliseconds"), "")
                fault = host.faults.take(environ["REQUEST_METHOD"], _path_and_query(environ))
                entry.fault = fault.says if fault else ""
                if fault and fault.drop == "before":
                    raise DropConnection
                status, headers, body = self._answer(environ, fault, entry)
            # Outside the lock: while one answer is late, others are given, as at a real platform.
            environ[HELD_BACK_SECONDS] = self._hold_back(fault)
            if fault and fault.drop == "after":
                raise DropConnection
            headers, body = _compressed(environ, status, headers, body)
            if fault and (fault.malformed or fault.truncated):
                headers, body = _broken(environ, fault, headers, body)
            entry.status = int(status.split(None, 1)[0])
            entry.bytes = len(body) if environ["REQUEST_METHOD"] != "HEAD" else 0
        finally:
            self._under_way.pop(id(environ), None)
        return status, headers, body

    def _answer(
        self, environ: dict[str, Any], fault: SandboxFault | None, entry: JournalEntry
    ) -> tuple[str, Headers, bytes]:
        instead = bool(fault and fault.status)
        # Before the view: Xero keeps the answer that the client got, not the one that was lost.
        if instead and fault:
            environ[INSTEAD] = _fault_answer(fault)
        if not instead or (fault and fault.effect):
            answer = self._view(environ)
            entry.took_effect = bool(environ.get(TOOK_EFFECT))
            entry.platform = environ.get(PLATFORM, "")
        if instead and fault:
            answer = _fault_answer(fault)
        return answer

    def _view(self, environ: dict[str, Any]) -> tuple[str, Headers, bytes]:
        try:
            return call_wsgi(self._host.app_for(environ), environ)
        except DropConnection:
            raise
        except Exception:  # noqa: BLE001 - the sandbox's own mistake must reach whoever runs it
            self._host.errors.append(traceback.format_exc())
            body = b"The sandbox failed; see errors in GET /_sandbox/state.\n"
            return "500 INTERNAL SERVER ERROR", [("Content-Type", "text/plain")], body

    def _hold_back(self, fault: SandboxFault | None) -> float:
        seconds = float(self._host.settings["answer_delay_seconds"])
        if fault:
            seconds += fault.delay_seconds
        if seconds > 0:
            self._host.stopping.wait(seconds)
        return seconds


def _host_name(environ: dict[str, Any]) -> str:
    host: str = environ.get("HTTP_HOST", "localhost")
    return host.partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def _path_and_query(environ: dict[str, Any]) -> str:
    path: str = environ["PATH_INFO"]
    query = environ.get("QUERY_STRING", "")
    return f"{path}?{query}" if query else path


def _plain(start_response: Callable[..., Any], code: int, text: str) -> list[bytes]:
    start_response(_status_line(code), [("Content-Type", "text/plain; charset=utf-8")])
    return [text.encode()]


def _status_line(code: int) -> str:
    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return f"{code} Unknown"


def _fault_answer(fault: SandboxFault) -> tuple[str, Headers, bytes]:
    headers = [(str(name), str(value)) for name, value in fault.headers.items()]
    if isinstance(fault.body, str):
        kind, body = "text/plain; charset=utf-8", fault.body.encode()
    else:
        kind, body = "application/json", json.dumps(fault.body).encode()
    if body and not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", kind))
    return _status_line(fault.status), headers, body


def _compressed(
    environ: dict[str, Any], status: str, headers: Headers, body: bytes
) -> tuple[Headers, bytes]:
    names = {name.lower() for name, _ in headers}
    if (
        len(body) <= GZIP_BYTES_MIN
        or "gzip" not in environ.get("HTTP_ACCEPT_ENCODING", "")
        or "content-encoding" in names
        or status.startswith(("204", "304"))
    ):
        return headers, body
    # mtime=0: the same answer is the same bytes.
    smaller = gzip.compress(body, compresslevel=GZIP_LEVEL, mtime=0)
    kept = [pair for pair in headers if pair[0].lower() != "content-length"]
    kept += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
    return kept, smaller


def _broken(
    environ: dict[str, Any], fault: SandboxFault, headers: Headers, body: bytes
) -> tuple[Headers, bytes]:
    # Cut after the headers are made: they promise more bytes than come.
    if fault.truncated:
        environ[CUT_AFTER] = len(body) // 2
        return headers, body
    if ("Content-Encoding", "gzip") in headers:
        headers = [pair for pair in headers if pair != ("Content-Encoding", "gzip")]
        body = gzip.decompress(body)
    kept = [pair for pair in headers if pair[0].lower() != "content-length"]
    return kept, body[: max(1, len(body) // 2)]
