"""Serving the application: waitress, with a limit on whatever a client may take of it."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias, cast

from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import create_server

from arsync.application.organisation.container import Container
from arsync.application.people.signing_in import first_link
from arsync.application.permissions import Actor, Permission, permit
from arsync.errors import UserMistake
from arsync.web.app import BODY_BYTES_MAX, make_app
from arsync.web.desk.desk_app import make_desk

REQUEST_SECONDS_MAX = 10
"""A request that has not arrived whole by then is cut off, however steadily its bytes drip in; so
is a connection on which nothing is asked."""

HEADER_BYTES_MAX = 16_000
"""Of all headers of a request."""

CONNECTIONS_MAX = 500
"""Further ones wait in the system's queue."""

WAITING_CONNECTIONS_MAX = 1024
"""How many wait there."""

DRAIN_SECONDS_MAX = 10
"""After a signal, requests that have begun are answered for so long."""

WAKE_SECONDS = 0.2
"""How soon a signal is noticed while nothing is asked."""

OPERATORS_PATHS = ("/webhooks/", "/metrics", "/healthz", "/readyz")
"""What the desk answers for machines as well, without asking who they are."""

Answering: TypeAlias = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
"""A WSGI application (PEP 3333)."""

_LOG = logging.getLogger(__name__)


class _TimedChannel(HTTPChannel):
    """A connection whose time runs from the beginning of a request, not from its latest byte.

    waitress reads without a thread, so a slow request costs little; but each takes one of the
    connections, and a byte every few seconds would keep it for ever.
    """

    def handle_read(self) -> None:
        was_arriving, began = self.request is not None, self.last_activity
        super().handle_read()
        if was_arriving and self.request is not None:
            self.last_activity = began


class WebServer:
    """A listening socket with the application behind it."""

    def __init__(
        self,
        app: Answering,
        *,
        host: str,
        port: int,
        threads: int,
        request_seconds: int = REQUEST_SECONDS_MAX,
    ) -> None:
        """Listen; nothing is answered before `run`.

        Args:
            app: what `make_app` or `desk_and_machines` returned.
            host: an address of this machine; 0.0.0.0 and :: are all of them.
            port: 0 takes a free one.
            threads: how many requests are answered at the same time.
            request_seconds: how long a request may take to arrive.

        Raises:
            UserMistake: the port is taken or may not be used, or the address is not this machine's.
        """
        self._sockets: dict[int, Any] = {}
        self._listener = _listening(host, port)
        server: object = create_server(
            app,
            map=self._sockets,
            sockets=[self._listener],
            threads=threads,
            ident=None,
            backlog=WAITING_CONNECTIONS_MAX,
            connection_limit=CONNECTIONS_MAX,
            channel_timeout=request_seconds,
            cleanup_interval=1,
            max_request_header_size=HEADER_BYTES_MAX,
            max_request_body_size=BODY_BYTES_MAX,
            log_socket_errors=False,
            # What proxies say is read as far as `[desk] proxies` trusts them, and by nobody else.
            clear_untrusted_proxy_headers=False,
        )
        # The stubs describe it in part, and the channels wrongly.
        self._server = cast("Any", server)
        self._server.channel_class = _TimedChannel
        # A burst is what the queue is for: no line for each request that waits a moment.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        at, bound, *_ = self._listener.getsockname()
        self.url = f"http://[{at}]:{bound}" if ":" in at else f"http://{at}:{bound}"
        """Where it listens."""

    def run(self, stop: threading.Event) -> None:
        """Answer until `stop` is set; then what has begun is answered still."""
        while not stop.is_set():
            self._turn()
        self._server.del_channel()
        self._listener.close()
        until = time.monotonic() + DRAIN_SECONDS_MAX
        while self._is_busy() and time.monotonic() < until:
            self._turn()
        self._server.task_dispatcher.shutdown(timeout=1)
        self._server.trigger.close()
        wasyncore.close_all(self._sockets)

    def _turn(self) -> None:
        # poll, because select takes no file descriptor above 1,023.
        wasyncore.loop(timeout=WAKE_SECONDS, use_poll=True, map=self._sockets, count=1)

    def _is_busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(
            channel.requests or channel.request is not None or channel.total_outbufs_len
            for channel in channels
        )


def serve(
    actor: Actor, container: Container, *, host: str = "", port: int | None = None
) -> WebServer:
    """Return a server of this installation, already listening.

    Args:
        actor: who starts it.
        container: the installation; `[web]` says where to listen.
        host: instead of `[web] host`.
        port: instead of `[web] port`.

    Raises:
        UserMistake: it cannot listen there, or the store cannot be used.
    """
    permit(actor, Permission.RUN)
    web = container.config.web
    # Opened here: a store that cannot be used is a mistake now, not an answer later.
    assert container.store is not None
    return WebServer(
        make_app(container),
        host=host or web.host,
        port=web.port if port is None else port,
        threads=web.threads,
    )


class Desk(NamedTuple):
    """A desk that listens."""

    server: WebServer
    url: str
    """Where people open it: `[desk] url`, or where it listens."""
    first_link: str
    """Where the first owner makes an account; empty: there is one."""


def serve_desk(
    actor: Actor, container: Container, *, host: str = "", port: int | None = None
) -> Desk:
    """Return the desk of this installation, already listening.

    Args:
        actor: who starts it.
        container: the installation.
        host: instead of `[web] host`.
        port: instead of `[web] port`.

    Raises:
        UserMistake: it cannot listen there, or the store cannot be used.
    """
    permit(actor, Permission.RUN)
    web = container.config.web
    token = first_link(actor, container)
    server = WebServer(
        desk_and_machines(container),
        host=host or web.host,
        port=web.port if port is None else port,
        threads=web.threads,
    )
    url = container.config.desk.url.rstrip("/") or server.url
    return Desk(server, url, f"{url}/first/{token}" if token else "")


def desk_and_machines(container: Container) -> Answering:
    """Return the desk, with webhooks, metrics and health checks beside its pages."""
    desk, machines = make_desk(container), make_app(container)

    def answering(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        is_machines = environ["PATH_INFO"].startswith(OPERATORS_PATHS)
        return (machines if is_machines else desk)(environ, start)

    return answering


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=WAITING_CONNECTIONS_MAX)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UserMistake(
            f"arsync cannot listen on {host} port {port}: {reason}."
            "\n    hint: choose others with --host and --port, or [web] host and port"
        ) from None
