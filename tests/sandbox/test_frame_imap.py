"""What comes back of letters, as the standard library, imap-tools and arsync's reader read it."""

from __future__ import annotations

import imaplib
import smtplib
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from imap_tools import MailBoxUnencrypted
from tests.sandbox.conftest import Control

from arsync.errors import UserMistake
from arsync.mail.mailbox import check_mailbox, mailbox_server, read_new
from arsync.mail.returned_mail import Came, Returned, returned_by
from arsync_sandbox.imap import LINE_BYTES_MAX, PASSWORD, ImapServer
from arsync_sandbox.server import Sandbox

US = "us@sandbox.example"
KEY = "3f9a" * 8
LETTER_ID = f"<arsync.{KEY}@sandbox.example>"
BOUNCES, AWAY = "Jo@acme.example", "ann@acme.example"


@pytest.fixture
def sandbox(start_little: Callable[..., Sandbox]) -> Sandbox:
    sandbox = start_little(imap_port=0)
    sandbox.change_settings({"bouncing_addresses": BOUNCES.lower(), "replying_addresses": AWAY})
    return sandbox


def send(sandbox: Sandbox, *to: str, sender: str = US) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = US, ", ".join(to), "Überfällig: INV-1"
    message["Message-ID"] = LETTER_ID
    message.set_content("Please pay.")
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=5) as client:
        client.send_message(message, from_addr=sender)


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[imaplib.IMAP4]:
    with imaplib.IMAP4("127.0.0.1", sandbox.imap_port, timeout=5) as client:
        client.login(US, PASSWORD)
        yield client


def test_reports_and_replies_come_back_to_the_sender(sandbox: Sandbox) -> None:
    send(sandbox, BOUNCES, AWAY, "pay@acme.example")
    report, reply = (message.content for message in sandbox.returned.messages_of(US.upper()))
    assert returned_by(report) == [
        Returned(KEY, Came.BACK, BOUNCES, "550 5.1.1 No such mailbox here", at_fault=True)
    ]
    assert returned_by(reply) == [
        Returned(KEY, Came.AUTOMATIC, reason="Automatic reply: Überfällig: INV-1")
    ]
    parsed = message_from_bytes(report, policy=policy.default)
    assert parsed.get_content_type() == "multipart/report"
    assert [part.get_content_type() for part in parsed.iter_parts()] == [
        "text/plain",
        "message/delivery-status",
        "text/rfc822-headers",
    ]
    assert parsed["Auto-Submitted"] == "auto-replied"


def test_the_control_plane_tells_what_came_back(sandbox: Sandbox) -> None:
    send(sandbox, BOUNCES)
    (told,) = Control(sandbox.url).state()["returned"]
    assert (told["to"], told["kind"], told["address"]) == (US, "report", BOUNCES)
    assert told["about"] == LETTER_ID


def test_nothing_comes_back_to_nobody(sandbox: Sandbox) -> None:
    """A report about a report would go on for ever."""
    send(sandbox, BOUNCES, sender="")
    assert sandbox.returned.as_json() == []
    assert len(sandbox.mailbox.emails) == 1


def test_our_reader_takes_what_is_new(sandbox: Sandbox) -> None:
    user = US.replace("@", "%40")
    server = mailbox_server(f"imap://{user}:{PASSWORD}@127.0.0.1:{sandbox.imap_port}", "")
    check_mailbox(server)
    first = read_new(server, 0, 0)
    assert first.messages == ()
    send(sandbox, BOUNCES)
    second = read_new(server, first.uid_validity, first.last_uid)
    assert [returned_by(message)[0].came for message in second.messages] == [Came.BACK]
    assert read_new(server, second.uid_validity, second.last_uid).messages == ()
    sandbox.reset()
    assert read_new(server, second.uid_validity, second.last_uid).uid_validity != (
        second.uid_validity
    )
    with pytest.raises(UserMistake, match="refuses user"):
        check_mailbox(server._replace(password="x"))


def test_the_standard_library_reads_it(sandbox: Sandbox, client: imaplib.IMAP4) -> None:
    assert client.list() == ("OK", [b'(\\HasNoChildren) "/" INBOX'])
    send(sandbox, BOUNCES)
    send(sandbox, AWAY)
    assert client.select() == ("OK", [b"2"])
    assert client.search(None, "ALL") == ("OK", [b"1 2"])
    assert client.uid("SEARCH", "UID 2:*", "UNSEEN") == ("OK", [b"2"])
    assert client.uid("SEARCH", "UID 9:*") == ("OK", [b"2"]), "the last one, by RFC 3501"
    whole, size, head = (
        client.fetch("1", items)[1] for items in ("(RFC822)", "RFC822.SIZE", "BODY[HEADER]")
    )
    assert isinstance(whole[0], tuple)
    assert isinstance(head[0], tuple)
    message = sandbox.returned.messages_of(US)[0]
    assert whole[0][1] == message.content
    assert size == [f"1 (RFC822.SIZE {len(message.content)})".encode()]
    assert message.content.startswith(head[0][1])
    part = client.fetch("1", "(BODY.PEEK[TEXT]<4.10>)")[1][0]
    assert isinstance(part, tuple)
    assert part[1] == message.content.partition(b"\r\n\r\n")[2][4:14]
    fields = client.fetch("2", "(BODY.PEEK[HEADER.FIELDS (SUBJECT IN-REPLY-TO)])")[1][0]
    assert isinstance(fields, tuple)
    assert f"In-Reply-To: {LETTER_ID}".encode() in fields[1]
    assert b"Date:" not in fields[1]


def test_a_well_known_library_reads_it(sandbox: Sandbox) -> None:
    send(sandbox, BOUNCES)
    with MailBoxUnencrypted("127.0.0.1", sandbox.imap_port).login(US, PASSWORD) as box:
        (message,) = box.fetch(mark_seen=False)
        assert message.subject == "Undelivered Mail Returned to Sender"
        assert message.uid == "1"
        assert box.folder.status()["MESSAGES"] == 1


def test_nothing_is_changed_and_nobody_elses_shown(sandbox: Sandbox, client: imaplib.IMAP4) -> None:
    send(sandbox, BOUNCES)
    client.select()
    client.fetch("1", "(RFC822)")
    assert client.fetch("1", "FLAGS")[1] == [b"1 (FLAGS ())"]
    assert client.store("1", "+FLAGS", "(\\Deleted)")[0] == "NO"
    assert client.expunge()[0] == "NO"
    with imaplib.IMAP4("127.0.0.1", sandbox.imap_port, timeout=5) as other:
        other.login("them@sandbox.example", PASSWORD)
        assert other.select() == ("OK", [b"0"])


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("SELECT INBOX", "a NO log in first"),
        ('LOGIN "us@x.example" "wrong"', "a NO [AUTHENTICATIONFAILED]"),
        ('LOGIN "us', "a BAD a quote is not closed"),
        ("", "a NO log in first"),
        ("x" * (LINE_BYTES_MAX + 1), "* BYE the line is too long"),
    ],
)
def test_nonsense_is_refused_in_words(sandbox: Sandbox, command: str, answer: str) -> None:
    import socket

    with socket.create_connection(("127.0.0.1", sandbox.imap_port), 5) as raw:
        lines = raw.makefile("rb")
        assert lines.readline().startswith(b"* OK")
        raw.sendall(f"a {command}\r\n".encode())
        assert lines.readline().decode().startswith(answer)


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("SEARCH SINCE 1-Jan-2026", "BAD it is not searched by SINCE here"),
        ("FETCH 1 ENVELOPE", "BAD ENVELOPE is not fetched here"),
        ("FETCH 1 BODY[1.2]", "BAD the part '1.2' is not fetched here"),
        ("FETCH one FLAGS", "BAD 'ONE' is no number"),
        ("IDLE", "BAD IDLE is not known here"),
        ("EXAMINE Sent", "NO there is one folder: INBOX"),
    ],
)
def test_what_it_does_not_know_is_said(
    sandbox: Sandbox, client: imaplib.IMAP4, command: str, answer: str
) -> None:
    send(sandbox, BOUNCES)
    client.select()
    client.send(f"z {command}\r\n".encode())
    assert client.readline().decode().strip().upper() == f"Z {answer}".upper()


def test_it_listens_to_this_computer_alone(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        ImapServer(sandbox, host="0.0.0.0")
