"""Sending by SMTP: the server's answer decides whether a message left, did not, or may have."""

from __future__ import annotations

import io
import ipaddress
import smtplib
import socket
import ssl
import time
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from arsync.core.ledger.sanitising import one_line
from arsync.errors import HealsWhen, OutcomeUnknown, Rejected, RetryLater, UserMistake
from arsync.mail.message import Outgoing
from arsync.mail.returned_mail import address_is_at_fault
from arsync.timed_reading import TimedReader

SMTP_TIMEOUT_SECONDS = 30.0
"""A server that is silent for longer is given up."""

CONVERSATION_SECONDS_MAX = 180.0
"""All answers of one conversation together: a server may be slow, but not for ever."""

CONVERSATION_BYTES_MAX = 1_000_000
"""All answers of one conversation together; an ordinary one has some hundreds."""

ANSWER_CHARACTERS_MAX = 300
"""As much of a server's own words is shown."""

RETRY_SECONDS = 300.0
"""Greylisting servers want to be asked again after some minutes."""


class SmtpServer(NamedTuple):
    """Where mail is handed over. Never printed: `repr` hides the password."""

    host: str
    port: int
    secure: bool
    """TLS from the first byte (smtps)."""
    user: str = ""
    password: str = ""
    timeout_seconds: float = SMTP_TIMEOUT_SECONDS
    """How long it may be silent."""
    conversation_seconds: float = CONVERSATION_SECONDS_MAX
    """How long it may take for all its answers."""
    context: ssl.SSLContext | None = None
    """How certificates are checked; None means the system's way."""

    def __repr__(self) -> str:
        return f"SmtpServer({self.host}:{self.port})"


class Accepted(NamedTuple):
    """The server took the message."""

    answer: str
    refused: tuple[str, ...] = ()
    """Recipients it did not take, while it took others."""
    undeliverable: Mapping[str, str] = {}
    """Those of them that take no mail, each with the server's words."""


def smtp_server(url: str) -> SmtpServer:
    """Read the `smtp.url` setting.

    Raises:
        UserMistake: it is not a mail server's address. The message never holds the password.
    """
    hint = '\n    hint: url = "smtp://user:password@mail.example.com:587"'
    try:
        address = urlsplit(url)
        port = address.port
    except ValueError:
        raise UserMistake(f"[smtp] url is not a mail server's address.{hint}") from None
    if address.scheme not in {"smtp", "smtps"} or not address.hostname:
        raise UserMistake(f"[smtp] url must start with smtp:// or smtps:// and name a host.{hint}")
    secure = address.scheme == "smtps"
    return SmtpServer(
        host=address.hostname,
        port=port or (465 if secure else 587),
        secure=secure,
        user=unquote(address.username or ""),
        password=unquote(address.password or ""),
    )


def send(server: SmtpServer, outgoing: Outgoing) -> Accepted:
    """Hand one message over.

    Raises:
        RetryLater: not reached, or told to come back; nothing left.
        Rejected: every recipient, or the message, was refused for good.
        OutcomeUnknown: after the message was on its way the connection broke, or an answer came
            that says neither yes nor no.
        UserMistake: the settings are wrong: the login or the sender was refused.
    """
    smtp = _connected(server)
    try:
        refused = _envelope(smtp, server, outgoing)
        return _hand_over(smtp, server, outgoing, refused)
    finally:
        _leave(smtp)


def check_server(server: SmtpServer) -> None:
    """Connect and log in, and leave again: no mail is handed over.

    Raises:
        RetryLater: it cannot be reached now. UserMistake: the settings are wrong.
    """
    _leave(_connected(server))


class _Timed(smtplib.SMTP):
    """Reads all answers of the conversation within a time in all."""

    conversation_ends_at = 0.0
    sock: socket.socket | None
    file: io.BufferedIOBase | None

    def getreply(self) -> tuple[int, bytes]:
        # smtplib makes its reader anew after STARTTLS, on the encrypted socket.
        if self.file is None and self.sock is not None:
            seconds_left = self.conversation_ends_at - time.monotonic()
            self.file = io.BufferedReader(
                TimedReader(self.sock, seconds_left, bytes_max=CONVERSATION_BYTES_MAX)
            )
        return super().getreply()


class _TimedSsl(_Timed, smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""


@cache
def _systems_way() -> ssl.SSLContext:
    """Return how this computer checks certificates; to read all it trusts takes some 40 ms."""
    return ssl.create_default_context()


def _connected(server: SmtpServer) -> smtplib.SMTP:
    try:
        smtp: _Timed
        if server.secure:
            context = server.context or _systems_way()
            smtp = _TimedSsl(timeout=server.timeout_seconds, context=context)
        else:
            smtp = _Timed(timeout=server.timeout_seconds)
        smtp.conversation_ends_at = time.monotonic() + server.conversation_seconds
        # The name is needed for the certificate check of STARTTLS: connect() does not keep it.
        smtp._host = server.host  # type: ignore[attr-defined]  # noqa: SLF001
        code, answer = smtp.connect(server.host, server.port)
    except (OSError, smtplib.SMTPException) as error:
        raise _later(server, f"cannot be reached: {_words(error)}") from None
    if code != 220:
        _leave(smtp)
        raise _later(server, f"does not take mail now: {_text(code, answer)}")
    try:
        smtp.ehlo_or_helo_if_needed()
        encrypted = server.secure
        if not encrypted and smtp.has_extn("starttls"):
            smtp.starttls(context=server.context or _systems_way())
            smtp.ehlo()
            encrypted = True
        if server.user:
            _log_in(smtp, server, encrypted=encrypted)
    except ssl.SSLError as error:
        _leave(smtp)
        raise UserMistake(
            f"the mail server {server.host} shows a certificate that does not hold: "
            f"{_words(error)}."
        ) from None
    except (OSError, smtplib.SMTPException) as error:
        _leave(smtp)
        raise _later(server, f"broke off: {_words(error)}") from None
    except BaseException:
        _leave(smtp)
        raise
    return smtp


def _log_in(smtp: smtplib.SMTP, server: SmtpServer, *, encrypted: bool) -> None:
    if not encrypted and not is_loopback(server.host):
        raise UserMistake(
            f"the mail server {server.host} offers no encryption; the password is not sent."
            "\n    hint: use smtps:// or a server that offers STARTTLS"
        )
    try:
        smtp.login(server.user, server.password)
    except smtplib.SMTPAuthenticationError as error:
        if 400 <= error.smtp_code < 500:
            raise _later(server, f"puts the login off: {error.smtp_code}") from None
        raise UserMistake(
            f"the mail server {server.host} refuses user {server.user!r} ({error.smtp_code})."
            "\n    hint: check user and password in [smtp] url; special characters as %40"
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise UserMistake(
            f"the mail server {server.host} takes no login."
            "\n    hint: remove user and password from [smtp] url"
        ) from None


def _envelope(smtp: smtplib.SMTP, server: SmtpServer, outgoing: Outgoing) -> dict[str, str]:
    """Name sender and recipients; return those refused while others were accepted, and why."""
    refused: dict[str, str] = {}
    try:
        code, answer = smtp.mail(outgoing.sender, _mail_options(smtp, server, outgoing))
        if code in {552, 554} and b"size" in answer.lower():
            raise Rejected(f"the message is too large for {server.host}: {_text(code, answer)}.")
        # A refused sender is a wrong setting: it would be refused for every customer.
        if _refused(code):
            raise UserMistake(
                f"the mail server {server.host} refuses the sender {outgoing.sender}: "
                f"{_text(code, answer)}."
            )
        if not _taken(code):
            raise _later(server, _text(code, answer))
        for address in outgoing.recipients:
            code, answer = smtp.rcpt(address)
            if _refused(code):
                refused[address] = _text(code, answer)
            # Sending to some now and to all later would reach the first ones twice.
            elif not _taken(code):
                raise _later(server, f"puts {address} off: {_text(code, answer)}")
        if len(refused) == len(outgoing.recipients):
            raise Rejected(
                "; ".join(f"{address} was refused: {reason}" for address, reason in refused.items())
                + ".",
                heals_when=HealsWhen.RECORD,
                undeliverable=_at_fault(refused),
            )
        # A refused blind copy is no reason to withhold the customer's letter.
        for address in outgoing.copies:
            code, answer = smtp.rcpt(address)
            if not _taken(code):
                refused[address] = _text(code, answer)
    except (OSError, smtplib.SMTPException) as error:
        raise _later(server, f"broke off: {_words(error)}") from None
    return refused


def _mail_options(smtp: smtplib.SMTP, server: SmtpServer, outgoing: Outgoing) -> list[str]:
    everyone = (outgoing.sender, *outgoing.recipients, *outgoing.copies)
    options: list[str] = []
    if not all(address.isascii() for address in everyone):
        if not smtp.has_extn("smtputf8"):
            raise Rejected(
                f"the mail server {server.host} takes no address with accents.",
                heals_when=HealsWhen.RECORD,
            )
        options += ["SMTPUTF8", "BODY=8BITMIME"]
        smtp.command_encoding = "utf-8"
    if smtp.has_extn("size"):
        options.append(f"SIZE={len(outgoing.content)}")
    return options


def _hand_over(
    smtp: smtplib.SMTP, server: SmtpServer, outgoing: Outgoing, refused: Mapping[str, str]
) -> Accepted:
    try:
        code, answer = smtp.docmd("data")
    except (OSError, smtplib.SMTPException) as error:
        raise _later(server, f"broke off: {_words(error)}") from None
    if code != 354:
        if _refused(code):
            raise Rejected(f"{server.host} refuses the message: {_text(code, answer)}.")
        raise _later(server, _text(code, answer))
    try:
        # From here on the server may have the message: a broken connection is no refusal.
        smtp.send(_dotted(outgoing.content))
        code, answer = smtp.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise OutcomeUnknown(
            f"the mail server {server.host} broke off while it took the message: {_words(error)}."
        ) from None
    if _taken(code):
        return Accepted(_text(code, answer), tuple(refused), _at_fault(refused))
    if _refused(code):
        raise Rejected(f"{server.host} refuses the message: {_text(code, answer)}.")
    # A temporary refusal after the data means that the server did not keep the message.
    if _put_off(code):
        raise _later(server, _text(code, answer))
    # Anything else says neither that it was taken nor that it was not.
    raise OutcomeUnknown(
        f"the mail server {server.host} gave an answer that cannot be read: {_text(code, answer)}."
    )


def _at_fault(refused: Mapping[str, str]) -> Mapping[str, str]:
    return {address: reason for address, reason in refused.items() if address_is_at_fault(reason)}


# The first digit alone decides (RFC 5321, 4.2.1): 251 and 200 are as good as 250.
def _taken(code: int) -> bool:
    return 200 <= code < 300


def _put_off(code: int) -> bool:
    return 400 <= code < 500


def _refused(code: int) -> bool:
    return 500 <= code < 600


def _dotted(content: bytes) -> bytes:
    """Double leading dots and close with the lone dot (RFC 5321, 4.5.2)."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    if lines and not lines[-1]:
        lines.pop()
    return (
        b"\r\n".join(b"." + line if line.startswith(b".") else line for line in lines)
        + b"\r\n.\r\n"
    )


def _leave(smtp: smtplib.SMTP) -> None:
    # What the server says to QUIT changes nothing about what it has said before.
    try:
        smtp.quit()
    except (OSError, smtplib.SMTPException):
        smtp.close()


def _later(server: SmtpServer, reason: str) -> RetryLater:
    return RetryLater(f"the mail server {server.host} {reason}.", after_seconds=RETRY_SECONDS)


def is_loopback(host: str) -> bool:
    """Return whether a host is this computer."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _text(code: int, answer: bytes) -> str:
    words = " ".join(answer.decode("utf-8", "replace").split())
    # smtplib says -1 of an answer that begins with no number.
    return one_line(f"{code} {words}" if code >= 0 else words or "nothing")[:ANSWER_CHARACTERS_MAX]


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return one_line(" ".join(str(error).split()))[:ANSWER_CHARACTERS_MAX] or type(error).__name__
