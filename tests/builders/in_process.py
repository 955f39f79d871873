"""HTTP to the sandbox without a socket: the same requests, answered in this very thread.

It takes half the time of a socket. And a process that is forked keeps its threads behind, so the
torture's sandbox must not need one. `InProcess` answers what `requests` would send over the wire,
byte for byte as the socket side would, and tells a watcher of the two moments that matter: before a
request leaves, and when it has taken effect.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3 import HTTPHeaderDict
from urllib3.exceptions import ProtocolError

from arsync_sandbox.server import Sandbox
from arsync_sandbox.transport import (
    CUT_AFTER,
    HELD_BACK_SECONDS,
    SAID_AT,
    DropConnection,
    call_wsgi,
    http_date,
)

Hearer = Callable[[str, int, list[tuple[str, str]], bytes], None]
"""Called with each answer: address, status, headers, body."""

Watcher = Callable[[str, str], None]
"""Called with `before` or `answer`, and the request in words: `PUT /api.xro/2.0/Invoices/...`."""


class InProcess:
    """Answers for one sandbox."""

    def __init__(self, sandbox: Sandbox, watcher: Watcher) -> None:
        self.sandbox = sandbox
        self.watcher = watcher
        self.hearer: Hearer = lambda *_: None
        self._adapter = HTTPAdapter()

    def send(
        self, request: requests.PreparedRequest, read_seconds: float = float("inf")
    ) -> requests.Response:
        """Answer a request; one that is held back for longer than the sender waits is not read.

        What the machine takes is not counted: the watcher may copy this process, and a busy machine
        is no slow platform.
        """
        words = f"{request.method} {urlsplit(str(request.url)).path}"
        self.watcher("before", words)
        environ = _environ(request)
        try:
            status, headers, body = call_wsgi(self.sandbox.wsgi, environ)
        except DropConnection:
            self.watcher("answer", words)
            broken = ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
            raise requests.ConnectionError(broken, request=request) from None
        self.watcher("answer", words)
        if environ.get(HELD_BACK_SECONDS, 0.0) > read_seconds:
            raise requests.ReadTimeout(f"silent for {read_seconds} s", request=request)
        plain = gzip.decompress(body) if ("Content-Encoding", "gzip") in headers else body
        self.hearer(str(request.url), int(status.split()[0]), headers, plain)
        return self._response(request, environ, status, headers, body)

    def _response(
        self,
        request: requests.PreparedRequest,
        environ: dict[str, Any],
        status: str,
        headers: list[tuple[str, str]],
        body: bytes,
    ) -> requests.Response:
        names = {name.lower() for name, _ in headers}
        if "date" not in names and SAID_AT in environ:
            headers = [*headers, ("Date", http_date(environ[SAID_AT]))]
        if "content-length" not in names:
            headers = [*headers, ("Content-Length", str(len(body)))]
        code, _, reason = status.partition(" ")
        answer = urllib3.HTTPResponse(
            body=io.BytesIO(body[: environ.get(CUT_AFTER, len(body))]),
            headers=HTTPHeaderDict(headers),
            status=int(code),
            reason=reason,
            preload_content=False,
            request_method=request.method,
        )
        return self._adapter.build_response(request, answer)


def _environ(request: requests.PreparedRequest) -> dict[str, Any]:
    address = urlsplit(str(request.url))
    body = request.body or b""
    body = body.encode() if isinstance(body, str) else body
    assert isinstance(body, bytes), "nothing is streamed"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(address.path).encode().decode("latin-1"),
        "QUERY_STRING": address.query,
        "SERVER_NAME": address.hostname,
        "SERVER_PORT": str(address.port),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": address.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": address.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        key = name.upper().replace("-", "_")
        environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = _text(value)
    environ["CONTENT_LENGTH"] = str(len(body))
    return environ


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


OVER_THE_WIRE = HTTPAdapter.send
"""As requests sends."""


def nowhere_else(_: HTTPAdapter, request: requests.PreparedRequest, **__: Any) -> Any:
    """Refuse a request to any address but the sandbox's."""
    raise AssertionError(f"{request.url} is not the sandbox")


@contextmanager
def in_process(
    sandbox: Sandbox,
    watcher: Watcher = lambda *_: None,
    *,
    elsewhere: Callable[..., Any] = nowhere_else,
) -> Iterator[InProcess]:
    """Answer every request of this process to the sandbox's address, inside `with`.

    As the libraries `responses` and `vcrpy` do: the library underneath is led elsewhere, none of
    the code under test. `elsewhere` answers requests to other addresses.
    """
    answering = InProcess(sandbox, watcher)

    def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> Any:
        if not str(request.url).startswith(sandbox.url):
            return elsewhere(adapter, request, **options)
        timeout = options.get("timeout")
        seconds = timeout[1] if isinstance(timeout, tuple) else timeout
        return answering.send(request, float("inf") if seconds is None else seconds)

    HTTPAdapter.send = send  # type: ignore[method-assign, assignment]
    try:
        yield answering
    finally:
        HTTPAdapter.send = OVER_THE_WIRE  # type: ignore[method-assign]
