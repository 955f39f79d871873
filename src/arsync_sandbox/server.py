"""The server: one port, both platforms, one moment in time, one lock."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self

from flask import Flask, g, request
from werkzeug.routing import Rule

from .books import (
    PLATFORMS,
    MakeBook,
    NoSuchBook,
    chosen_keys,
    importable_platforms,
    make_books,
    platform_of,
)
from .clock import SandboxClock
from .control import control_blueprint
from .exchange import ERRORS_MAX, PLATFORM, TOOK_EFFECT, Exchange
from .faults import Faults
from .generate import generate
from .imap import ImapServer
from .journal import Journal
from .mailbox import Mailbox
from .platform import Book, SandboxEmail, SandboxOrganisation
from .registers import registers_blueprint
from .returned import ReturnedMail
from .settings import Settings
from .smtp import SmtpSink
from .text_messages import TextMessages
from .timeline import LoadedRows, Timeline
from .transport import LoopbackServer
from .webhooks import WebhookQueue

__all__ = ["PLATFORMS", "NoSuchBook", "Sandbox", "importable_platforms"]


_BUILDERS: dict[tuple[str, str, bool], Callable[..., tuple[str, str]]] = {}


class _Route(Rule):
    """A route that compiles how its address is built once in a process.

    That is most of what it takes to begin again, and of the routes of each further organisation.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (repr(self._trace), repr(self.defaults), append_unknown)
        if key not in _BUILDERS:
            _BUILDERS[key] = super()._compile_builder(append_unknown)
        return _BUILDERS[key]


class _Routes(Flask):
    url_rule_class = _Route


class Sandbox:
    """A local accounting server; the Frame that its Books run in.

    Use it as a context manager: inside, it serves on `url` from threads of this process.

    Args:
        platforms: which of `PLATFORMS` to serve.
        host: a loopback name or address.
        port: 0 takes a free one.
        smtp_port: where the SMTP sink listens; 0 takes a free one, None leaves it out.
        imap_port: where the mailboxes of senders are served; likewise.
        start: where the clock begins; None means now.
        seed: decides what the debtors do.
        organisations: whose ledgers these are; an app may be let into several.
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
        imap_port: int | None = None,
        start: date | None = None,
        seed: int = 1,
        organisations: Sequence[SandboxOrganisation] = (SandboxOrganisation(),),
        settings: Mapping[str, Any] | None = None,
        book_classes: Mapping[str, MakeBook] | None = None,
    ) -> None:
        # One request at a time: ledgers need no locks of their own, and failures are repeatable.
        self.lock = threading.RLock()
        self.stopping = threading.Event()
        self.settings = Settings()
        self.faults = Faults()
        self.errors: deque[str] = deque(maxlen=ERRORS_MAX)
        self._platforms = tuple(platforms)
        self._organisations = tuple(organisations)
        self._start, self._seed = start, seed
        self._first_settings = dict(settings or {})
        self._book_classes = dict(book_classes or {})
        self._address = (host, port)
        self._server: LoopbackServer | None = None
        self._thread: threading.Thread | None = None
        self._exchange = Exchange(self)
        self.webhooks = WebhookQueue(self)
        self._smtp = None if smtp_port is None else SmtpSink(self, port=smtp_port)
        self._imap = None if imap_port is None else ImapServer(self, port=imap_port)
        self._beginnings = 0
        self._first_rows: dict[str, LoadedRows] = {}
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
            self._beginnings += 1
            self.returned = ReturnedMail(self._beginnings)
            self.text_messages = TextMessages(self)
            self.webhooks.clear()
            self.books = make_books(self, self._platforms, self._organisations, self._book_classes)
            for name in self._platforms:
                self.settings.add(getattr(self.books[name], "settings", ()))
            # After the Books, whose debtors it makes; before the settings, which may start them.
            self.timeline = Timeline(self, seed=self._seed)
            self.change_settings(self._first_settings)
            self.app = self._build_app([self.books[name] for name in self._platforms])
            self.app.register_blueprint(control_blueprint(self))
            self._apps: dict[str, Flask] = {}
            for key, rows in self._first_rows.items():
                self.timeline.load(rows, [key])

    def app_for(self, environ: Mapping[str, Any]) -> Flask:
        """Return the routes of the organisation that a request names, else of the first one."""
        for name in self._platforms if len(self._organisations) > 1 else ():
            asked = self.books[name].asked_for(environ)
            if not asked or asked == self.books[name].organisation.id:
                continue
            for key, book in self.books.items():
                if platform_of(key) == name and book.organisation.id == asked:
                    # Built when it is first asked for: a sandbox of 300 clients starts at once.
                    return self._apps.get(key) or self._apps.setdefault(
                        key, self._build_app([book])
                    )
        return self.app

    def _build_app(self, books: Iterable[Book]) -> Flask:
        app = _Routes("arsync_sandbox", static_folder=None)
        # A traceback belongs into the sandbox's error list, not into a page of HTML.
        app.config["PROPAGATE_EXCEPTIONS"] = True
        app.before_request(_note_platform)
        app.teardown_request(_note_effect)
        for book in books:
            app.register_blueprint(book.blueprint())
        app.register_blueprint(self.text_messages.blueprint())
        app.register_blueprint(registers_blueprint())
        return app

    def load(self, rows: LoadedRows, organisation: str = "") -> None:
        """Give an organisation its ledger on every platform; `reset` comes back to it.

        Args:
            rows: the ledger.
            organisation: its name or id; empty: the first one.

        Raises:
            NoSuchBook: there is no such organisation.
        """
        keys = chosen_keys(self.books, None, organisation or self._organisations[0].name)
        with self.lock:
            self.timeline.load(rows, keys)
            self._first_rows.update(dict.fromkeys(keys, rows))

    def generate(self, *, contacts: int, invoices: int, days_ahead: int = 0) -> None:
        """Fill every platform with a generated ledger for each organisation, made from the seed.

        Args:
            contacts: how many customers each has.
            invoices: how many invoices of the past year.
            days_ahead: for how many days more invoices come as the clock moves.
        """
        for index, organisation in enumerate(self._organisations):
            rows = generate(
                seed=self._seed + index,
                contacts=contacts,
                invoices=invoices,
                today=self.now().date(),
                currency=organisation.currency,
                country=organisation.country,
                days_ahead=days_ahead,
                # A letter is told by the invoice numbers in it, so no two ledgers share a number.
                number_prefix="INV-" if index == 0 else f"INV{index + 1}-",
            )
            self.load(rows, organisation.name)

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
    def imap_port(self) -> int:
        """Where what came back of letters is read; 0 where it is not."""
        return 0 if self._imap is None else self._imap.port

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
        """Open the ports, so that `url` and the others are known; no request is answered yet.

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
            if self._imap is not None:
                self._imap.start()
        except OSError:
            self._stop_mail()
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
        self._stop_mail()
        server, self._server = self._server, None
        if server is None:
            return
        if self._thread is not None:
            server.shutdown()
            self._thread.join()
            self._thread = None
        server.close_connections()
        server.server_close()

    def _stop_mail(self) -> None:
        for served in (self._smtp, self._imap):
            if served is not None:
                served.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.stop()


def _note_platform() -> None:
    request.environ[PLATFORM] = (request.blueprint or "").split(".")[0]


def _note_effect(_error: BaseException | None) -> None:
    request.environ[TOOK_EFFECT] = bool(g.get("took_effect"))
