"""Handing over: the server's words decide whether a message left, did not, or may have."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from tests.builders.certificates import self_signed
from tests.builders.mail_server import AnyPort, Sink

from arsync.errors import OutcomeUnknown, Rejected, RetryLater, UserMistake
from arsync.mail import KEY_HEADER, Letter, Outgoing, SmtpServer, compose, send, smtp_server

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
Script = dict[str, str | None]


def outgoing(*to: str, copy_to: str = "", sender: str = "Accounts <a@example.com>") -> Outgoing:
    letter = Letter("Reminder", ".Dear Zoë,\n.\n..please pay.\n", "<p>x</p>\n")
    return compose(
        letter,
        key="ab" * 16,
        sender=sender,
        to=to or ("jane@acme.example",),
        to_name="Acme Ltd",
        now=NOW,
        copy_to=copy_to,
    )


@pytest.fixture
def sink() -> Sink:
    return Sink()


def started(controller: Controller) -> Iterator[SmtpServer]:
    controller.start()
    try:
        assert controller.server is not None
        port = controller.server.sockets[0].getsockname()[1]
        yield SmtpServer("127.0.0.1", port, secure=False, timeout_seconds=5)
    finally:
        controller.stop()


@pytest.fixture
def server(sink: Sink) -> Iterator[SmtpServer]:
    yield from started(AnyPort(sink, hostname="127.0.0.1", port=0))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls"))


def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


class Scripted:
    """A server that follows a script: command -> answer; None breaks the connection off."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.heard: list[str] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def server(self) -> SmtpServer:
        return SmtpServer(
            "127.0.0.1", self._socket.getsockname()[1], secure=False, timeout_seconds=2
        )

    def close(self) -> None:
        self._socket.close()
        self._thread.join(2)

    def _serve(self) -> None:
        try:
            connection, _ = self._socket.accept()
        except OSError:
            return
        # A client that gives up leaves without a word.
        with connection, connection.makefile("rb") as lines, suppress(OSError):
            if not self._say(connection, self.script.get("connect", "220 ready")):
                return
            in_data = False
            for raw in lines:
                line = raw.rstrip(b"\r\n").decode("utf-8", "replace")
                if in_data and line != ".":
                    continue
                # Python 3.13 writes `rcpt to:` where 3.11 writes `rcpt TO:`; a server cannot tell.
                line = line.replace("rcpt TO:", "rcpt to:")
                word = "end of data" if in_data else line.split(" ")[0].split(":")[0].lower()
                in_data = False
                self.heard.append(line)
                answer = self.script.get(line, self.script.get(word, "250 ok"))
                if word == "data" and answer == "250 ok":
                    answer = "354 go on"
                in_data = word == "data" and str(answer).startswith("354")
                if not self._say(connection, answer):
                    return

    def _say(self, connection: socket.socket, answer: str | None) -> bool:
        if answer is None:
            return False
        connection.sendall(f"{answer}\r\n".encode())
        return True


@pytest.fixture
def scripted() -> Iterator[Callable[[Script], Scripted]]:
    scripteds: list[Scripted] = []

    def make(script: Script) -> Scripted:
        scripteds.append(Scripted(script))
        return scripteds[-1]

    yield make
    for server in scripteds:
        server.close()


def test_a_message_arrives_whole_with_its_blind_copy(server: SmtpServer, sink: Sink) -> None:
    accepted = send(server, outgoing("jane@acme.example", "jo@acme.example", copy_to="b@x.example"))
    assert accepted.answer == "250 2.0.0 queued as 42"
    (envelope,) = sink.envelopes
    assert envelope.mail_from == "a@example.com"
    assert envelope.rcpt_tos == ["jane@acme.example", "jo@acme.example", "b@x.example"]
    assert isinstance(envelope.content, bytes)
    read = message_from_bytes(envelope.content, policy=policy.default)
    assert read[KEY_HEADER] == "ab" * 16
    body = read.get_body(("plain",))
    assert body is not None
    assert body.get_content().splitlines() == [".Dear Zoë,", ".", "..please pay."]
    assert b"b@x.example" not in envelope.content


def test_starttls_is_used_with_login_where_offered(sink: Sink, certificate: Path) -> None:
    logins: list[LoginPassword] = []

    def login(_server: Any, session: Any, _envelope: Any, _how: str, data: Any) -> AuthResult:
        assert session.ssl is not None
        logins.append(data)
        return AuthResult(success=data.password == b"p@ss", handled=False)

    controller = AnyPort(
        sink,
        hostname="127.0.0.1",
        port=0,
        tls_context=tls(certificate),
        require_starttls=True,
        authenticator=login,
        auth_required=True,
    )
    trust = ssl.create_default_context(cafile=str(certificate))
    for plain in started(controller):
        url = f"smtp://jane%40x:p%40ss@localhost:{plain.port}"
        send(smtp_server(url)._replace(context=trust, timeout_seconds=5), outgoing())
        with pytest.raises(UserMistake, match=r"refuses user 'jane@x' \(535\)") as caught:
            send(smtp_server(url)._replace(context=trust, password="wr0ng"), outgoing())
        assert "wr0ng" not in str(caught.value)
    assert len(sink.envelopes) == 1
    assert logins[0].login == b"jane@x"


def test_an_invalid_certificate_stops_before_anything_is_sent(
    sink: Sink, certificate: Path
) -> None:
    controller = AnyPort(sink, hostname="127.0.0.1", port=0, tls_context=tls(certificate))
    for plain in started(controller):
        with pytest.raises(UserMistake, match="certificate that does not hold"):
            send(plain._replace(host="localhost"), outgoing())
    assert not sink.envelopes


def test_smtps_is_encrypted_from_the_first_byte(sink: Sink, certificate: Path) -> None:
    controller = AnyPort(sink, hostname="127.0.0.1", port=0, ssl_context=tls(certificate))
    trust = ssl.create_default_context(cafile=str(certificate))
    for plain in started(controller):
        server = smtp_server(f"smtps://localhost:{plain.port}")
        send(server._replace(context=trust, timeout_seconds=5), outgoing())
    assert len(sink.envelopes) == 1


def test_a_password_travels_in_clear_only_on_this_computer(
    scripted: Callable[[Script], Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    far = scripted({"ehlo": "250-hello\r\n250 AUTH PLAIN"})

    def lookup(*_: Any, **__: Any) -> Any:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", far.server.port))]

    server = far.server._replace(host="mail.example.com", user="jane", password="hunter-2-secret")
    with monkeypatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", lookup)
        with pytest.raises(UserMistake, match="offers no encryption; the password is not sent"):
            send(server, outgoing())
    assert not any(line.lower().startswith("auth") for line in far.heard)
    near = scripted({"ehlo": "250-hello\r\n250 AUTH PLAIN", "auth": "235 welcome"})
    send(near.server._replace(user="jane", password="hunter-2-secret"), outgoing())
    assert any(line.startswith("AUTH") for line in near.heard)


@pytest.mark.parametrize(
    ("script", "error", "words"),
    [
        ({"connect": None}, RetryLater, "cannot be reached|broke off"),
        ({"connect": "421 too busy"}, RetryLater, "421 too busy"),
        ({"connect": "554 go away"}, RetryLater, "554 go away"),
        ({"ehlo": None}, RetryLater, "broke off"),
        ({"mail": "451 try again"}, RetryLater, "451 try again"),
        ({"mail": "550 not your domain"}, UserMistake, "refuses the sender a@example.com: 550"),
        ({"mail": "552 message size exceeds"}, Rejected, "too large"),
        ({"mail": None}, RetryLater, "broke off"),
        ({"rcpt": "450 greylisted"}, RetryLater, "puts jane@acme.example off: 450 greylisted"),
        ({"rcpt": "550 no such user"}, Rejected, "jane@acme.example was refused: 550 no such"),
        ({"rcpt": None}, RetryLater, "broke off"),
        ({"data": "451 later"}, RetryLater, "451 later"),
        ({"data": "554 no"}, Rejected, "refuses the message: 554 no"),
        ({"data": None}, RetryLater, "broke off"),
        ({"end of data": "452 disk full"}, RetryLater, "452 disk full"),
        ({"end of data": "554 spam"}, Rejected, "refuses the message: 554 spam"),
        ({"end of data": None}, OutcomeUnknown, "broke off while it took the message"),
        ({"end of data": "300 more"}, OutcomeUnknown, "cannot be read: 300 more"),
        ({"end of data": "2.0.0 OK queued"}, OutcomeUnknown, "cannot be read"),
        ({"end of data": ""}, OutcomeUnknown, "cannot be read: nothing"),
        ({"end of data": "\xff\xfe"}, OutcomeUnknown, "cannot be read"),
        ({"end of data": "250 " + "x" * 9_000}, OutcomeUnknown, "Line too long"),
        ({"end of data": "700 what"}, OutcomeUnknown, "cannot be read: 700 what"),
        ({"rcpt": "300 what"}, RetryLater, "puts jane@acme.example off: 300 what"),
        ({"data": "250 go on"}, RetryLater, "250 go on"),
    ],
)
def test_each_answer_means_what_to_do_next(
    scripted: Callable[[Script], Scripted],
    script: Script,
    error: type[Exception],
    words: str,
) -> None:
    with pytest.raises(error, match=words):
        send(scripted(script).server, outgoing())


@pytest.mark.parametrize("answer", ["251 forwarded", "200 queued", "259 fine", "250-a\r\n250 b"])
def test_every_yes_of_a_server_is_a_yes(
    scripted: Callable[[Script], Scripted], answer: str
) -> None:
    server = scripted({"end of data": answer, "mail": answer, "rcpt": answer})
    accepted = send(server.server, outgoing())
    assert accepted.answer.startswith(answer[:3])
    assert not accepted.refused


def test_a_servers_words_cannot_command_the_terminal(
    scripted: Callable[[Script], Scripted],
) -> None:
    server = scripted({"data": "554 no\x1b]0;owned\x07 \x1b[31mred"})
    with pytest.raises(Rejected) as caught:
        send(server.server, outgoing())
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("step", "error"), [("banner", RetryLater), ("end of data", OutcomeUnknown)]
)
def test_a_server_that_trickles_is_given_up(step: str, error: type[Exception]) -> None:
    with trickling(after_data=step == "end of data") as port:
        server = SmtpServer(
            "127.0.0.1", port, secure=False, timeout_seconds=5, conversation_seconds=0.5
        )
        with pytest.raises(error, match="timed out"):
            send(server, outgoing())


def test_a_server_that_never_stops_talking_is_given_up(
    scripted: Callable[[Script], Scripted],
) -> None:
    server = scripted({"ehlo": "\r\n".join(["250-more"] * 120_000)})
    with pytest.raises(RetryLater, match="too long"):
        send(server.server, outgoing())


@contextmanager
def trickling(*, after_data: bool) -> Iterator[int]:
    """Serve one conversation and say its banner, or its last answer, one byte at a time."""
    given_up = threading.Event()

    def trickle(connection: socket.socket) -> None:
        with suppress(OSError):
            while not given_up.wait(0.05):
                connection.sendall(b"2")

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as lines, suppress(OSError):
            if after_data:
                connection.sendall(b"220 ready\r\n")
                for line in lines:
                    if line == b".\r\n":
                        break
                    data = line.lower().startswith(b"data")
                    if data or line[:4].lower() in {b"ehlo", b"mail", b"rcpt"}:
                        connection.sendall(b"354 go on\r\n" if data else b"250 ok\r\n")
            trickle(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        given_up.set()
        thread.join(2)


def test_a_failed_goodbye_does_not_undo_an_accepted_mail(
    scripted: Callable[[Script], Scripted],
) -> None:
    assert send(scripted({"quit": None}).server, outgoing()).answer == "250 ok"


def test_one_refused_recipient_does_not_keep_the_others_waiting(
    scripted: Callable[[Script], Scripted],
) -> None:
    server = scripted({"rcpt to:<gone@acme.example>": "550 gone"})
    accepted = send(server.server, outgoing("gone@acme.example", "jane@acme.example"))
    assert accepted.refused == ("gone@acme.example",)


def test_a_refused_copy_does_not_stop_the_letter(scripted: Callable[[Script], Scripted]) -> None:
    server = scripted({"rcpt to:<boss@example.com>": "450 busy"})
    assert send(server.server, outgoing(copy_to="boss@example.com")).refused == (
        "boss@example.com",
    )


def test_an_accented_address_needs_a_supporting_server(
    scripted: Callable[[Script], Scripted],
) -> None:
    with pytest.raises(Rejected, match="takes no address with accents"):
        send(scripted({}).server, outgoing("zoë@acme.example"))
    able = scripted({"ehlo": "250-hello\r\n250-8BITMIME\r\n250 SMTPUTF8"})
    send(able.server, outgoing("zoë@acme.example"))
    assert "rcpt to:<zoë@acme.example>" in able.heard


def test_nobody_listening_means_later() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(RetryLater, match="cannot be reached"):
        send(SmtpServer("127.0.0.1", port, secure=False, timeout_seconds=2), outgoing())


@pytest.mark.parametrize("url", ["http://x", "smtp://", "mail.example.com", "smtp://x:port"])
def test_a_wrong_url_is_named_without_its_password(url: str) -> None:
    with pytest.raises(UserMistake, match=r"\[smtp\] url"):
        smtp_server(url)


def test_a_server_never_shows_its_password() -> None:
    server = smtp_server("smtps://jane:hunter-2-secret@mail.example.com")
    assert (server.host, server.port, server.password) == (
        "mail.example.com",
        465,
        "hunter-2-secret",
    )
    assert "hunter-2-secret" not in repr(server) + str(server)
