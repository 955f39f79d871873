"""Messages: conversations, copies, files and answers, and headers that nobody can add to."""

from __future__ import annotations

import string
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arsync.errors import Rejected, UserMistake
from arsync.mail import KEY_HEADER, Attachment, Letter, Outgoing, compose, message_id
from arsync.mail.message import ATTACHMENTS_MAX, MESSAGE_BYTES_MAX, TEST_HEADER
from arsync.mail.threads import REFERENCES_MAX

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LETTER = Letter("Reminder: Ünpaid €", "Dear Zoë,\n\nplease pay.\n", "<p>Dear Zoë</p>\n")
KEY = "3f" * 16
HEADERS = {
    "Subject",
    "From",
    "To",
    "Cc",
    "Reply-To",
    "Date",
    "Message-ID",
    KEY_HEADER,
    "In-Reply-To",
    "References",
    "List-Unsubscribe",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
}
ANYTHING = st.text(max_size=60) | st.sampled_from(
    ["A\r\nBcc: x@evil.example", "a@b.example\r\nBcc: x@evil.example", "\r\n\r\n<p>", '"', "<a@b>"]
)


def composed(letter: Letter = LETTER, **others: Any) -> Outgoing:
    usual: dict[str, Any] = {
        "key": KEY,
        "sender": "Accounts <accounts@example.com>",
        "to": ["jane@acme.example"],
        "to_name": "Acme Ltd",
        "now": NOW,
    }
    return compose(letter, **(usual | others))


def as_read(outgoing: Outgoing) -> EmailMessage:
    return message_from_bytes(outgoing.content, policy=policy.default)


def test_a_copy_shows_and_never_doubles_anybody() -> None:
    outgoing = composed(
        cc=["sam@acme.example; JANE@acme.example"], copy_to="sam@acme.example, boss@example.com"
    )
    assert as_read(outgoing)["Cc"] == "sam@acme.example"
    assert outgoing.cc == ("sam@acme.example",)
    assert outgoing.copies == ("sam@acme.example", "boss@example.com")
    assert b"boss@example.com" not in outgoing.content
    assert as_read(composed())["Cc"] is None


def test_answers_go_where_the_settings_say() -> None:
    assert as_read(composed(reply_to="Credit <credit@example.com>"))["Reply-To"] == (
        "Credit <credit@example.com>"
    )
    assert as_read(composed())["Reply-To"] is None
    with pytest.raises(UserMistake, match=r"\[smtp\] reply_to is 'credit'"):
        composed(reply_to="credit")


@pytest.mark.parametrize("subject", ["Reminder", "Mahnung über Rechnungen"])
def test_a_conversation_is_named_unbroken(subject: str) -> None:
    long_domain = ".".join(["x" * 60, "y" * 60, "example"])
    earlier = [message_id(f"{number:032x}", f"a@{long_domain}") for number in range(3)]
    read = as_read(composed(Letter(subject, "x\n", "x\n"), continues=earlier))
    assert read["In-Reply-To"] == earlier[-1]
    assert read["References"].split() == earlier
    assert max(len(line) for line in composed(continues=earlier).content.split(b"\r\n")) < 998


def test_a_long_conversation_names_its_first_and_latest() -> None:
    earlier = [message_id(f"{number:032x}", "a@example.com") for number in range(30)]
    read = as_read(composed(continues=earlier))
    assert read["References"].split() == [earlier[0], *earlier[-(REFERENCES_MAX - 1) :]]


def test_a_mail_never_continues_itself_or_nonsense() -> None:
    own = message_id(KEY, "accounts@example.com")
    read = as_read(composed(continues=[own, "no id", "<a@b>\r\nBcc: x@evil.example"]))
    assert read["In-Reply-To"] is None
    assert read["References"] is None


def test_unsubscribing_is_a_mail_that_people_read() -> None:
    read = as_read(composed(unsubscribe_at="Accounts <acc+ounts@example.com>"))
    assert read["List-Unsubscribe"] == (
        f"<mailto:acc%2Bounts@example.com?subject=unsubscribe%20{KEY}>"
    )
    assert read["List-Unsubscribe-Post"] is None
    assert as_read(composed())["List-Unsubscribe"] is None


def test_a_trial_is_marked_and_no_action_of_ours() -> None:
    read = as_read(composed(is_test=True))
    assert read["Subject"] == "TEST: Reminder: Ünpaid €"
    assert read[TEST_HEADER] == KEY
    assert read[KEY_HEADER] is None
    assert read["Message-ID"] != composed().message["Message-ID"]


def test_several_files_go_along_with_their_names() -> None:
    files = [
        Attachment("INV-1.pdf", b"%PDF-1"),
        Attachment("../../Rechnung Ä\r\nX: y.pdf", b"%PDF-2"),
        Attachment("account.csv", b"a;b\r\n", "text/csv"),
    ]
    outgoing = composed(attachments=files)
    attached = list(as_read(outgoing).iter_attachments())
    assert [part.get_filename() for part in attached] == [
        "INV-1.pdf",
        "Rechnung Ä X- y.pdf",
        "account.csv",
    ]
    assert [part.get_content_type() for part in attached] == [
        "application/pdf",
        "application/pdf",
        "text/csv",
    ]
    contents = [part.get_payload(decode=True) for part in attached]
    assert contents == [b"%PDF-1", b"%PDF-2", b"a;b\r\n"]
    assert outgoing.attachments[0] == ("INV-1.pdf", 6)


def test_files_are_few_and_small_enough_for_servers() -> None:
    with pytest.raises(Rejected, match=f"more than {ATTACHMENTS_MAX} files"):
        composed(attachments=[Attachment("a.pdf", b"x")] * (ATTACHMENTS_MAX + 1))
    with pytest.raises(Rejected, match="larger than"):
        composed(attachments=[Attachment("a.pdf", b"x" * MESSAGE_BYTES_MAX)])


@given(
    subject=ANYTHING,
    name=ANYTHING,
    sender_name=ANYTHING,
    copies=st.lists(ANYTHING, max_size=3),
    continues=st.lists(ANYTHING, max_size=3),
    file=ANYTHING,
    media=ANYTHING,
)
def test_nothing_from_outside_adds_a_header(
    subject: str,
    name: str,
    sender_name: str,
    copies: list[str],
    continues: list[str],
    file: str,
    media: str,
) -> None:
    letter = Letter(subject, "text\n", "<p>x</p>\n")
    try:
        outgoing = composed(
            letter,
            to_name=name,
            sender=f"{sender_name} <accounts@example.com>",
            cc=copies,
            continues=continues,
            attachments=[Attachment(file, b"x", media)],
        )
    except UserMistake as refusal:  # an odd sender
        refused = str(refusal)
        assert "[smtp] sender" in refused
        return
    read = as_read(outgoing)
    assert set(read.keys()) <= HEADERS
    assert read["Bcc"] is None
    assert [address.addr_spec for address in read["To"].addresses] == ["jane@acme.example"]
    assert [address.addr_spec for address in read["From"].addresses] == [outgoing.sender]
    assert all(line.isascii() for line in outgoing.content.split(b"\r\n\r\n")[0].split(b"\r\n"))


@given(st.text(alphabet=string.printable + "äöü€漢字🙂", max_size=300))
def test_a_subject_arrives_as_it_was_written(subject: str) -> None:
    letter = Letter(subject, "text\n", "<p>x</p>\n")
    assert as_read(composed(letter))["Subject"] == composed(letter).message["Subject"]
