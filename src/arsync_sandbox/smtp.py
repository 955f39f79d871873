"""An SMTP server that takes every letter and delivers none."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
import weakref
from collections.abc import Callable, Sequence
from datetime import datetime
from email.message import EmailMessage
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP, AuthResult

from .faults import ODD_ANSWERS, Faults
from .platform import SandboxEmail
from .returned import ReturnedMail, is_named
from .settings import Settings
from .transport import is_loopback

MESSAGE_BYTES_MAX = 32 * 1024 * 1024
"""The largest letter taken."""

STOP_SECONDS_MAX = 5.0
"""How long stopping waits for the thread."""


class ScriptedPost(Protocol):
    """What the sink needs of the sandbox."""

    lock: Any
    settings: Settings
    faults: Faults
    returned: ReturnedMail

    def now(self) -> datetime: ...

    def send_email(self, email: SandboxEmail) -> None: ...


class SmtpSink:
    """The sink: loopback only, no TLS, a login only where the settings ask for one."""

    def __init__(self, sandbox: ScriptedPost, *, host: str = "127.0.0.1", port: int = 0) -> None:
        if not is_loopback(host):
            raise ValueError(f"the SMTP sink listens on loopback only, not on {host!r}")
        self._sandbox = sandbox
        self.host, self.port = host, port
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._sessions: weakref.WeakSet[Any] = weakref.WeakSet()

    def start(self) -> None:
        """Listen; `port` tells where once this returns."""
        loop = self._loop = asyncio.new_event_loop()
        started: list[BaseException | None] = []
        ready = threading.Event()

        def run() -> None:
            try:
                server = loop.run_until_complete(
                    loop.create_server(self.session, self.host, self.port)
                )
            except OSError as error:
                started.append(error)
                ready.set()
                return
            self.port = server.sockets[0].getsockname()[1]
            started.append(None)
            ready.set()
            loop.run_forever()
            loop.run_until_complete(self._close(server))

        self._thread = threading.Thread(target=run, name="sandbox-smtp", daemon=True)
        self._thread.start()
        ready.wait()
        if started[0] is not None:
            self.stop()
            raise started[0]

    def stop(self) -> None:
        """Stop listening and end open sessions."""
        loop, self._loop = self._loop, None
        if loop is None or self._thread is None:
            return
        if self._thread.is_alive():
            loop.call_soon_threadsafe(loop.stop)
        self._thread.join(STOP_SECONDS_MAX)
        loop.close()

    async def _close(self, server: asyncio.Server) -> None:
        server.close()
        for session in list(self._sessions):
            if session.transport is not None:
                session.transport.abort()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def session(self) -> SMTP:
        """Return the server's side of one connection, for the loop that runs."""
        session = SMTP(
            _Handler(self._sandbox),
            hostname="sandbox.localhost",
            ident="arsync sandbox",
            data_size_limit=MESSAGE_BYTES_MAX,
            enable_SMTPUTF8=True,
            # aiosmtpd offers AUTH to clients only where it has an authenticator.
            authenticator=self._authenticate if self._sandbox.settings["smtp_user"] else None,
            auth_require_tls=False,
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session

    def _authenticate(
        self, _server: SMTP, _session: Any, _envelope: Any, _mechanism: str, login: Any
    ) -> AuthResult:
        settings = self._sandbox.settings
        expected = (settings["smtp_user"].encode(), settings["smtp_password"].encode())
        return AuthResult(success=(login.login, login.password) == expected, handled=False)


class _Handler:
    """aiosmtpd's hooks; each returns the line to answer with."""

    def __init__(self, sandbox: ScriptedPost) -> None:
        self._sandbox = sandbox

    async def handle_MAIL(
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        del server
        if self._sandbox.settings["smtp_user"] and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        del server, session
        match self._fault(("refuse", "later", "away"), address):
            case "refuse":
                return "550 5.1.1 No such mailbox here"
            case "later":
                return "451 4.3.0 Try again later"
            case "away":
                return "421 4.3.2 Shutting down"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        del session
        recipients = " ".join(envelope.rcpt_tos)
        fault = self._fault(("put off", "drop before", "drop after", *ODD_ANSWERS), recipients)
        if fault == "put off":
            return "451 4.3.1 Not taken, try again later"
        # "drop after" keeps the letter and loses the answer, which is how a letter goes out twice.
        if fault != "drop before":
            with self._sandbox.lock:
                self._take(envelope)
        if fault in ODD_ANSWERS:
            return ODD_ANSWERS[fault]
        if fault:
            server.transport.abort()
            # The lost connection cancels this session before the pause is over.
            await asyncio.sleep(STOP_SECONDS_MAX)
        return "250 OK: taken, and delivered to nobody"

    def _take(self, envelope: Any) -> None:
        """Keep a letter, and let come back what comes back."""
        sandbox, now = self._sandbox, self._sandbox.now()
        message, sender = _parsed(envelope), (envelope.mail_from or "").strip("<>")
        sandbox.send_email(as_email(message, envelope.rcpt_tos, now))
        for setting, kind in (("bouncing_addresses", "report"), ("replying_addresses", "reply")):
            named = sandbox.settings[setting]
            for address in envelope.rcpt_tos if named else ():
                if is_named(address, named):
                    sandbox.returned.answer(message, sender, address, kind, now)

    def _fault(self, kinds: tuple[str, ...], recipients: str) -> str:
        with self._sandbox.lock:
            return self._sandbox.faults.take_smtp(kinds, recipients)


def _parsed(envelope: Any) -> EmailMessage:
    message = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def as_email(message: EmailMessage, recipients: Sequence[str], at: datetime) -> SandboxEmail:
    """Return a letter as the mailbox keeps it; recipients are the envelope's, not the header's."""
    return SandboxEmail(
        at=at,
        origin="smtp",
        to=list(recipients),
        subject=str(message.get("Subject", "")),
        text=_part(message, "plain"),
        html=_part(message, "html"),
        headers={name: str(value) for name, value in message.items()},
    )


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    if body is None:
        return ""
    content: Callable[[], Any] = body.get_content
    return str(content())
