"""A mailbox is read only, from where it was left, and never longer than it may take."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.builders.certificates import self_signed
from tests.builders.imap_server import FakeMailbox, serving

from arsync.errors import RetryLater, UserMistake
from arsync.mail import mailbox as reading
from arsync.mail.mailbox import (
    MESSAGE_BYTES_MAX,
    MESSAGES_PER_READING_MAX,
    MailboxServer,
    mailbox_server,
    read_new,
)


@pytest.fixture
def box() -> Iterator[FakeMailbox]:
    with serving(FakeMailbox()) as served:
        yield served


def server(box: FakeMailbox, **fields: object) -> MailboxServer:
    return mailbox_server(box.url, box.folder)._replace(**fields)  # type: ignore[arg-type]


def test_a_mailbox_begins_at_its_end(box: FakeMailbox) -> None:
    box.add(b"Subject: old\n\n")
    first = read_new(server(box), 0, 0)
    assert (first.messages, first.uid_validity, first.last_uid) == ((), 1, 1)
    box.add(b"Subject: new\n\n")
    second = read_new(server(box), first.uid_validity, first.last_uid)
    assert second.messages == (b"Subject: new\r\n\r\n",)
    third = read_new(server(box), second.uid_validity, second.last_uid)
    assert (third.messages, third.last_uid) == ((), 2), "`3:*` names the last message"


def test_nothing_is_changed_in_it(box: FakeMailbox) -> None:
    box.add(b"Subject: a\n\n")
    read_new(server(box), 1, 0)
    words = {command.split("(")[0].strip() for command in box.commands}
    assert words == {
        "CAPABILITY",
        "LOGIN",
        'EXAMINE "INBOX"',
        'STATUS "INBOX"',
        "UID SEARCH UID 1:*",
        "UID FETCH 1",
        "LOGOUT",
    }


def test_messages_numbered_anew_are_all_new(box: FakeMailbox) -> None:
    box.add(b"Subject: a\n\n")
    again = read_new(server(box), 7, 99)
    assert (len(again.messages), again.uid_validity, again.last_uid) == (1, 1, 1)


def test_one_reading_takes_a_bounded_part(box: FakeMailbox) -> None:
    for _ in range(MESSAGES_PER_READING_MAX + 5):
        box.add(b"Subject: a\n\n")
    first = read_new(server(box), 1, 0)
    assert (len(first.messages), first.more) == (MESSAGES_PER_READING_MAX, True)
    second = read_new(server(box), 1, first.last_uid)
    assert (len(second.messages), second.more) == (5, False)


def test_of_a_huge_message_the_beginning_is_read(box: FakeMailbox) -> None:
    box.add(b"Subject: a\n\n" + b"x" * 3_000_000)
    (message,) = read_new(server(box), 1, 0).messages
    assert len(message) == MESSAGE_BYTES_MAX


def test_a_server_that_promises_too_much_is_left(
    box: FakeMailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.add(b"Subject: a\n\n" + b"x" * 90_000)
    box.announced_bytes = 2_000_000_000
    monkeypatch.setattr(reading, "CONVERSATION_BYTES_MAX", 50_000)
    with pytest.raises(RetryLater, match="broke off"):
        read_new(server(box), 1, 0)


def test_a_silent_server_is_given_up(box: FakeMailbox) -> None:
    box.silent_at = "STATUS"
    began = time.monotonic()
    with pytest.raises(RetryLater, match="no answer in time"):
        read_new(server(box, timeout_seconds=0.3, conversation_seconds=1.0), 1, 0)
    assert time.monotonic() - began < 10


def test_nonsense_is_no_answer(box: FakeMailbox) -> None:
    box.nonsense_at = "UID SEARCH"
    with pytest.raises(RetryLater, match="broke off"):
        read_new(server(box), 1, 0)


def test_nobody_there_is_tried_again() -> None:
    with pytest.raises(RetryLater, match="cannot be reached"):
        read_new(mailbox_server("imap://ann:pw@127.0.0.1:9", ""), 1, 0)


def test_a_wrong_password_or_folder_is_a_mistake(box: FakeMailbox) -> None:
    wrong = server(box, password="hush")
    with pytest.raises(UserMistake, match="refuses user 'ann'") as caught:
        read_new(wrong, 1, 0)
    assert "hush" not in str(caught.value)
    with pytest.raises(UserMistake, match="no folder 'Bounces'"):
        read_new(server(box, folder="Bounces"), 1, 0)


def test_a_password_goes_over_no_open_line() -> None:
    far = mailbox_server("imap://ann:pw@127.0.0.1", "")
    assert not far.secure
    assert mailbox_server("imaps://ann:pw@example.com", "").port == 993


def test_tls_is_checked(tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate)
    ours = ssl.create_default_context(cafile=str(certificate))
    with serving(FakeMailbox(host="localhost"), theirs) as box:
        box.add(b"Subject: a\n\n")
        secure = server(box, secure=True, context=ours)
        assert len(read_new(secure, 1, 0).messages) == 1
        with pytest.raises(UserMistake, match="certificate that does not hold"):
            read_new(server(box, secure=True), 1, 0)


@pytest.mark.parametrize(
    "url", ["mail.example.com", "imaps://mail.example.com", "pop://a:hush@b", "imaps://a:hush@b:x"]
)
def test_a_wrong_address_shows_no_password(url: str) -> None:
    with pytest.raises(UserMistake, match=r"\[mailbox\] url") as caught:
        mailbox_server(url, "INBOX")
    assert "hush" not in str(caught.value)


def test_two_mailboxes_have_two_names() -> None:
    server = mailbox_server("imaps://ann:pw@example.com", "INBOX")
    assert server.identity == server._replace(password="new").identity
    assert server.identity != server._replace(folder="Bounces").identity
    assert "ann" not in server.identity
    assert "pw" not in repr(server)
