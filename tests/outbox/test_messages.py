"""Messages: clean headers, checked addresses, and the action's key in every one."""

from __future__ import annotations

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from arsync.core.ledger.mail_addresses import is_address
from arsync.errors import Rejected, UserMistake
from arsync.mail import KEY_HEADER, Letter, addresses, compose, message_id
from arsync.mail.message import MESSAGE_BYTES_MAX, RECIPIENTS_MAX, Outgoing

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
LETTER = Letter("Reminder: Ünpaid €", "Dear Zoë,\n\nplease pay.\n", "<p>Dear Zoë</p>\n")
KEY = "3f" * 16


def composed(
    *,
    sender: str = "Accounts <accounts@example.com>",
    to: tuple[str, ...] = ("jane@acme.example",),
    to_name: str = "Acme Ltd",
    copy_to: str = "",
    letter: Letter = LETTER,
) -> Outgoing:
    return compose(letter, key=KEY, sender=sender, to=to, to_name=to_name, now=NOW, copy_to=copy_to)


def as_read(outgoing: Outgoing) -> EmailMessage:
    return message_from_bytes(outgoing.content, policy=policy.default)


@pytest.mark.parametrize("length", range(60, 100, 3))
def test_no_subject_begins_on_the_next_line(length: int) -> None:
    words = "Second reminder: 3 invoices, GBP 3,880.00 overdue - Example Trading Ltd, London office"
    letter = Letter(f"{words} and more words"[:length].strip(), "text\n", "<p>x</p>\n")
    content = composed(letter=letter).content
    assert f"Subject: {letter.subject}\r\n".encode() in content


def test_a_message_holds_text_html_key_and_time() -> None:
    read = as_read(composed())
    assert read["Subject"] == "Reminder: Ünpaid €"
    assert read["From"] == "Accounts <accounts@example.com>"
    assert read["To"] == "Acme Ltd <jane@acme.example>"
    assert read["Date"].datetime == NOW
    assert read[KEY_HEADER] == KEY
    assert read["Message-ID"] == f"<arsync.{KEY}@example.com>" == message_id(KEY, "a@example.com")
    assert read["Auto-Submitted"] == "auto-generated"
    text, html = read.get_body(("plain",)), read.get_body(("html",))
    assert text is not None
    assert html is not None
    assert text.get_content().replace("\r\n", "\n") == LETTER.text
    assert html.get_content().replace("\r\n", "\n") == LETTER.html


def test_the_same_action_makes_the_same_message_id() -> None:
    assert composed().message["Message-ID"] == composed().message["Message-ID"]


@pytest.mark.parametrize(
    "name", ["A\r\nBcc: x@evil.example", "A\nB", "A\x00B\u2028C", "“Ä” <x@y>, Z"]
)
def test_a_name_cannot_add_a_header_or_a_recipient(name: str) -> None:
    read = as_read(composed(to_name=name))
    assert read["Bcc"] is None
    (to,) = read["To"].addresses
    assert to.addr_spec == "jane@acme.example"
    assert set(read.keys()) == set(as_read(composed()).keys())


def test_a_subject_is_one_line() -> None:
    letter = Letter("Pay\r\nBcc: x@evil.example", "x\n", "x\n")
    read = as_read(composed(letter=letter))
    assert read["Subject"] == "Pay Bcc: x@evil.example"
    assert read["Bcc"] is None


@pytest.mark.parametrize(
    "text",
    [
        "jane@acme.example",
        "a.b+c@x-y.co.uk",
        "o'brien@acme.example",
        "zoë@acme.example",
        "jane@büro.example",
    ],
)
def test_an_address_is_accepted(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jane",
        "jane@",
        "@acme.example",
        "a b@acme.example",
        "jane@acme.example\r\nx",
        "a@b@c.example",
        "<jane@acme.example>",
        ".jane@acme.example",
        "ja..ne@acme.example",
        "jane@-acme.example",
        f"{'x' * 65}@acme.example",
        f"a@{'x.' * 130}example",
        "a,b@acme.example",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    assert not is_address(text)


def test_a_field_may_hold_several_distinct_addresses() -> None:
    assert addresses(["a@x.example, b@x.example; A@x.example", "no address", "c@x.example"]) == (
        "a@x.example",
        "b@x.example",
        "c@x.example",
    )


def test_recipients_have_a_limit() -> None:
    many = tuple(f"a{n}@x.example" for n in range(RECIPIENTS_MAX + 5))
    assert len(composed(to=many).recipients) == RECIPIENTS_MAX


def test_the_copy_is_blind_and_never_doubles_the_customer() -> None:
    outgoing = composed(copy_to="boss@example.com")
    assert outgoing.copies == ("boss@example.com",)
    assert b"boss@example.com" not in outgoing.content
    assert composed(copy_to="JANE@acme.example").copies == ()


def test_a_customer_without_address_is_a_refusal_naming_them() -> None:
    with pytest.raises(Rejected, match="Acme Ltd has no valid mail address"):
        composed(to=("not an address",))


def test_a_wrong_sender_or_copy_is_the_users_mistake() -> None:
    with pytest.raises(UserMistake, match=r"\[smtp\] sender is 'Accounts'"):
        composed(sender="Accounts")
    with pytest.raises(UserMistake, match=r"\[smtp\] copy_to is 'boss'"):
        composed(copy_to="boss")


def test_a_message_larger_than_servers_take_is_refused() -> None:
    with pytest.raises(Rejected, match="larger than 10,000,000 bytes"):
        composed(letter=Letter("x", "x" * (MESSAGE_BYTES_MAX + 1), "x"))
