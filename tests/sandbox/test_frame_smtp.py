"""What the SMTP sink promises to people who send letters."""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any

import pytest

from arsync_sandbox.server import Sandbox
from arsync_sandbox.smtp import MESSAGE_BYTES_MAX, SmtpSink


def letter(subject: str = "Invoice INV-1 is overdue", to: str = "pay@acme.example") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "us@sandbox.example", to, subject
    message["Message-ID"] = "<key-1@arsync>"
    message.set_content("Dear Zoë, please pay INV-1 of £5.")
    message.add_alternative("<p>Please pay</p>", subtype="html")
    return message


def send(sandbox: Sandbox, message: EmailMessage, login: tuple[str, str] | None = None) -> None:
    with smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=5) as client:
        if login:
            client.login(*login)
        client.send_message(message)


def test_a_letter_lands_in_the_mailbox_and_nowhere_else(little: Sandbox, plane: Any) -> None:
    send(little, letter())
    (email,) = plane.state()["emails"]
    assert email["at"].startswith("2026-06-01T12:")
    assert (email["origin"], email["to"]) == ("smtp", ["pay@acme.example"])
    assert email["subject"] == "Invoice INV-1 is overdue"
    assert "Zoë" in email["text"]
    assert "<p>" in email["html"]
    assert email["headers"]["Message-ID"] == "<key-1@arsync>"
    assert little.mailbox.letters_naming("INV-1") == 1
    assert little.mailbox.letters_naming("INV-10") == 0


def test_a_login_is_required_where_settings_say_so(little: Sandbox, plane: Any) -> None:
    plane.settings(smtp_user="me", smtp_password="secret")
    with pytest.raises(smtplib.SMTPSenderRefused, match="Authentication required"):
        send(little, letter())
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send(little, letter(), ("me", "wrong"))
    send(little, letter(), ("me", "secret"))
    assert len(plane.state()["emails"]) == 1


@pytest.mark.parametrize(("kind", "code"), [("refuse", 550), ("later", 451), ("away", 421)])
def test_a_recipient_can_be_refused(little: Sandbox, plane: Any, kind: str, code: int) -> None:
    plane.fault(smtp=kind, path="acme")
    send(little, letter(to="other@example.example"))
    with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
        send(little, letter())
    assert caught.value.recipients["pay@acme.example"][0] == code
    send(little, letter())
    assert len(plane.state()["emails"]) == 2


@pytest.mark.parametrize(("kind", "taken"), [("drop before", 0), ("drop after", 1)])
def test_the_connection_can_break_before_or_after_acceptance(
    little: Sandbox, plane: Any, kind: str, taken: int
) -> None:
    plane.fault(smtp=kind)
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        send(little, letter())
    assert len(plane.state()["emails"]) == taken


def test_a_text_can_be_put_off(little: Sandbox, plane: Any) -> None:
    plane.fault(smtp="put off")
    with pytest.raises(smtplib.SMTPDataError, match="Not taken"):
        send(little, letter())
    assert not plane.state()["emails"]


def test_letters_stay_on_this_computer(little: Sandbox) -> None:
    with pytest.raises(ValueError, match="loopback only"):
        SmtpSink(little, host="0.0.0.0")


def test_a_taken_smtp_port_is_the_callers_error(
    little: Sandbox, start_little: Callable[..., Sandbox]
) -> None:
    with pytest.raises(OSError, match="in use"):
        start_little(smtp_port=little.smtp_port)


def test_stopping_ends_open_sessions(start_little: Callable[..., Sandbox]) -> None:
    sandbox = start_little()
    client = smtplib.SMTP("127.0.0.1", sandbox.smtp_port, timeout=5)
    sandbox.stop()
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionError)):
        client.docmd("NOOP")
    client.close()


def test_a_letter_over_the_limit_is_refused(little: Sandbox, plane: Any) -> None:
    with smtplib.SMTP("127.0.0.1", little.smtp_port, timeout=5) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(MESSAGE_BYTES_MAX)
        code, _ = client.docmd(f"MAIL FROM:<a@b.example> SIZE={MESSAGE_BYTES_MAX + 1}")
    assert code == 552
    assert plane.state()["emails"] == []
