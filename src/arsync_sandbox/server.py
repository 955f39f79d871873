"""The server: one port, both platforms, one moment in time, one lock."""

from __future__ import annotations

import importlib
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self

from flask import Flask, g, request

from .clock import SandboxClock
from .control import control_blueprint
from .exchange import ERRORS_MAX, PLATFORM, TOOK_EFFECT, Exchange
from .faults import Faults
from .generate import generate
from .journal import Journal
from .mailbox import Mailbox
from .platform import Book, Frame, SandboxEmail, SandboxOrganisation
from .settings import Settings
from .smtp import SmtpSink
from .timeline import LoadedRows, Timeline
from .transport import LoopbackServer
from .webhooks import WebhookQueue

BOOK_CLASSES = {
    "xero": ("arsync_sandbox.xero", "XeroBook"),
    "quickbooks": ("arsync_sandbox.quickbooks", "QuickBooksBook"),
}
PLATFORMS = tuple(BOOK_CLASSES)


class Sandbox:
    """A local accounting server; the Frame that its Books run in.

    Use it as a context manager: inside, it serves on `url` from threads of this process.

    Args:
        platforms: which of `PLATFORMS` to serve.
        host: a loopback name or address.
        port: 0 takes a free one.
        smtp_port: where the SMTP sink listens; 0 takes a free one, None leaves it out.
        start: where the clock begins; None means now.
        seed: decides what the debtors do.
        organisation: whose ledgers these are.
        settings: switches that differ from their defaults.
        book_classes: Books by name, in place of or besides the platforms' own.
    """

    def __init__(
        self,
        platforms: Iterable[str] = PLATFORMS,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        smtp_port: int | None = 0,
        start: date | None = None,
        seed: int = 1,
        organisation: SandboxOrganisation | None = None,
        settings: Mapping[str, Any] | None = None,
        book_classes: Mapping[str, Callable[[Frame, SandboxOrganisation], Book]] | None = None,
    ) -> None:
        # One request at a time: ledgers need no locks of their own, and failures are repeatable.
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.settings = Settings()
        self.faults = Faults()
        self.errors: deque[str] = deque(maxlen=ERRORS_MAX)
        self._platforms = tuple(platforms)
        self._organisation = organisation or SandboxOrganisation()
        self._start, self._seed = start, seed
        self._first_settings = dict(settings or {})
        self._book_classes = dict(book_classes or {})
        self._address = (host, port)
        self._server: LoopbackServer | None = None
        self._thread: threading.Thread | None = None
        self._exchange = Exchange(self)
        self.webhooks = WebhookQueue(self)
        self._smtp = None if smtp_port is None else SmtpSink(self, port=smtp_port)
        self._first_rows: LoadedRows | None = None
        self.reset()

    def reset(self) -> None:
        """Begin again: the first moment and ledger, no faults, journal, mail or tokens."""
        with self.lock:
            self.clock = SandboxClock(self._start)
            self.settings.clear()
            self.faults.clear()
            self.errors.clear()
            self.journal = Journal()
            self.mailbox = Mailbox()
            self.webhooks.clear()
            self.books: dict[str, Book] = {}
            for name in self._platforms:
                make = self._book_classes.get(name) or _book_class(name)
                book: Book = make(self, self._organisation)
                self.settings.add(getattr(book, "settings", ()))
                self.books[name] = book
            # After the Books, whose debtors it makes; before the settings, which may start them.
            self.timeline = Timeline(self, seed=self._seed)
            self.change_settings(self._first_settings)
            self.app = self._build_app()
            if self._first_rows is not None:
                self.timeline.load(self._first_rows)

    def _build_app(self) -> Flask:
        app = Flask("arsync_sandbox", static_folder=None)
        # A traceback belongs into the sandbox's error list, not into a page of HTML.
        app.config["PROPAGATE_EXCEPTIONS"] = True
        app.before_request(_note_platform)
        app.teardown_request(_note_effect)
        app.register_blueprint(control_blueprint(self))
        for book in self.books.values():
            app.register_blueprint(book.blueprint())
        return app

    def load(self, rows: LoadedRows) -> None:
        """Give a ledger to every platform; `reset` comes back to it."""
        with self.lock:
            self.timeline.load(rows)
            self._first_rows = rows

    def generate(self, *, contacts: int, invoices: int, days_ahead: int = 0) -> None:
        """Fill every platform with one generated ledger, made from the seed.

        Args:
            contacts: how many customers.
            invoices: how many invoices of the past year.
            days_ahead: for how many days more invoices come as the clock moves.
        """
        rows = generate(
            seed=self._seed,
            contacts=contacts,
            invoices=invoices,
            today=self.now().date(),
            currency=self._organisation.currency,
            country=self._organisation.country,
            days_ahead=days_ahead,
        )
        self.load(rows)

    def change_settings(self, values: Mapping[str, Any]) -> None:
        """Set switches and tell the Books which."""
        self.settings.set(values)
        for name in values:
            for book in self.books.values():
                changed = getattr(book, "setting_changed", None)
                if changed is not None:
                    changed(name)

    def now(self) -> datetime:
        """Return the sandbox's moment, aware, in UTC."""
        return self.clock.now()

    @property
    def limits_enforced(self) -> bool:
        """Whether rate limits and daily caps refuse calls."""
        return bool(self.settings["limits"])

    @property
    def url(self) -> str:
        """The server's own address, without a slash at the end."""
        host, port = self._address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}"

    @property
    def smtp_port(self) -> int:
        """Where the SMTP sink listens; 0 without one."""
        return 0 if self._smtp is None else self._smtp.port

    @property
    def wsgi(self) -> Callable[..., Iterable[bytes]]:
        """The whole of it as a WSGI application, for callers in this process without a socket."""
        return self._exchange

    def setting(self, name: str) -> Any:
        """Return a switch as it stands."""
        return self.settings[name]

    def in_flight(self) -> list[dict[str, Any]]:
        """Return the WSGI environments of the requests being answered now."""
        return self._exchange.in_flight()

    def send_email(self, email: SandboxEmail) -> None:
        """Put a message into the mailbox."""
        with self.lock:
            self.mailbox.put(email)

    def notify(self, url_setting: str, body: bytes, headers: dict[str, str]) -> None:
        """Queue a webhook delivery."""
        self.webhooks.queue(url_setting, body, headers)

    def catch_up(self) -> None:
        """Play the days that have begun since the last request."""
        self.timeline.catch_up()

    def listen(self) -> None:
        """Open the ports, so that `url` and `smtp_port` are known; no request is answered yet.

        Raises:
            OSError: a port is taken.
        """
        host, port = self._address
        self._server = LoopbackServer(host, port, self._exchange)
        self._address = (host, self._server.port)
        self.stopping.clear()
        try:
            if self._smtp is not None:
                self._smtp.start()
        except OSError:
            self._server.server_close()
            self._server = None
            raise
        self.webhooks.start()

    def start(self) -> Self:
        """Serve from a thread of this process."""
        self.listen()
        assert self._server is not None
        self._thread = threading.Thread(
            # werkzeug looks only twice a second whether it is to stop; tests start many sandboxes.
            target=self._server.serve_forever,
            args=(0.02,),
            name="arsync-sandbox",
            daemon=True,
        )
        self._thread.start()
        return self

    def serve_forever(self) -> None:
        """Serve until interrupted, then return; call `listen` before to know `url`."""
        if self._server is None:
            self.listen()
        assert self._server is not None
        try:
            # werkzeug's server takes an interrupt as the wish to stop.
            self._server.serve_forever()
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop serving, end open connections and wait for the threads."""
        self.stopping.set()
        self.webhooks.stop()
        if self._smtp is not None:
            self._smtp.stop()
        server, self._server = self._server, None
        if server is None:
            return
        if self._thread is not None:
            server.shutdown()
            self._thread.join()
            self._thread = None
        server.close_connections()
        server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()


def _book_class(name: str) -> Any:
    if name not in BOOK_CLASSES:
        raise ValueError(f"no platform {name!r}; there are: {', '.join(PLATFORMS)}")
    module, attribute = BOOK_CLASSES[name]
    return getattr(importlib.import_module(module), attribute)


def importable_platforms() -> tuple[str, ...]:
    """Return the platforms whose Book can be imported here."""
    # Each platform may be installed without the other: only the one that is served is imported.
    importable = []
    for name in PLATFORMS:
        try:
            _book_class(name)
        except (ImportError, AttributeError):
            continue
        importable.append(name)
    return tuple(importable)


def _note_platform() -> None:
    request.environ[PLATFORM] = (request.blueprint or "").split(".")[0]


def _note_effect(_error: BaseException | None) -> None:
    request.environ[TOOK_EFFECT] = bool(g.get("took_effect"))
