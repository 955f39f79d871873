"""What comes back of letters: delivery reports and automatic replies, in their senders' mailboxes.

A report has the form of RFC 3464: words for people, fields for programs, and the letter's headers.
A reply names the letter that it answers (RFC 3834), though that rule would have it say nothing to
a letter that no person wrote: many programs answer all the same, and arsync must know them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage, Message
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.utils import format_datetime
from hashlib import sha256
from typing import Any

RETURNED_MAX = 10_000
"""So many messages each mailbox keeps; when it is full, nothing more comes back to it."""

REPORTER = "sandbox.localhost"

NO_SUCH_MAILBOX = "550 5.1.1 No such mailbox here"
AWAY = "I am away until Monday. Your message was received and will be read then."


@dataclass(frozen=True)
class ReturnedMessage:
    """One message of a mailbox."""

    uid: int
    at: datetime
    kind: str
    """`report` or `reply`."""
    address: str
    """Of whom it tells."""
    about: str
    """The letter's Message-ID."""
    content: bytes


class ReturnedMail:
    """The mailboxes of those who sent letters, by their addresses."""

    def __init__(self, uid_validity: int) -> None:
        """Begin with none.

        Args:
            uid_validity: another one for each new beginning: the numbers of before mean nothing.
        """
        self.uid_validity = uid_validity
        self._boxes: dict[str, list[ReturnedMessage]] = {}

    def messages_of(self, sender: str) -> Sequence[ReturnedMessage]:
        """Return what came back to an address, the oldest first."""
        return self._boxes.get(sender.strip().casefold(), ())

    def answer(
        self, message: EmailMessage, sender: str, address: str, kind: str, at: datetime
    ) -> None:
        """Let a report or a reply come back of a letter.

        Args:
            message: the letter.
            sender: the envelope's; empty: nothing may come back (RFC 5321, 4.5.5).
            address: one to which it was sent.
            kind: `report` or `reply`.
            at: when.
        """
        if not sender:
            return
        box = self._boxes.setdefault(sender.strip().casefold(), [])
        if len(box) >= RETURNED_MAX:
            return
        make = _report if kind == "report" else _reply
        back = make(message, sender, address, at)
        about = str(message.get("Message-ID", ""))
        content = back.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        box.append(ReturnedMessage(len(box) + 1, at, kind, address, about, content))

    def as_json(self) -> list[dict[str, Any]]:
        """Return every message without its content, by mailbox."""
        return [
            {
                "to": sender,
                "at": message.at.isoformat(timespec="milliseconds"),
                "kind": message.kind,
                "address": message.address,
                "about": message.about,
            }
            for sender, box in self._boxes.items()
            for message in box
        ]


def is_named(address: str, setting: str) -> bool:
    """Return whether a switch that lists addresses names this one."""
    named = (entry.strip().casefold() for entry in setting.split(","))
    return address.strip().casefold() in named


def _report(message: EmailMessage, sender: str, address: str, at: datetime) -> Message:
    report = MIMEMultipart("report")
    report.set_param("report-type", "delivery-status")
    _begin(report, "Undelivered Mail Returned to Sender", f"MAILER-DAEMON@{REPORTER}", sender, at)
    report["Auto-Submitted"] = "auto-replied"
    words = f"This is the mail system at {REPORTER}.\n\n<{address}>: {NO_SUCH_MAILBOX}\n"
    report.attach(MIMEText(words, "plain", "us-ascii" if words.isascii() else "utf-8"))
    status = Message()
    status["Content-Type"] = "message/delivery-status"
    status.set_payload(
        [
            _fields({"Reporting-MTA": f"dns; {REPORTER}", "Arrival-Date": format_datetime(at)}),
            _fields(
                {
                    "Original-Recipient": f"rfc822; {address}",
                    "Final-Recipient": f"rfc822; {address}",
                    "Action": "failed",
                    "Status": "5.1.1",
                    "Diagnostic-Code": f"smtp; {NO_SUCH_MAILBOX}",
                }
            ),
        ]
    )
    report.attach(status)
    headers = "".join(f"{name}: {value}\n" for name, value in message.items())
    returned = MIMEText(headers, "rfc822-headers", "us-ascii" if headers.isascii() else "utf-8")
    report.attach(returned)
    return report


def _reply(message: EmailMessage, sender: str, address: str, at: datetime) -> Message:
    reply = MIMEText(AWAY, "plain", "us-ascii")
    _begin(reply, f"Automatic reply: {message.get('Subject', '')}", address, sender, at)
    reply["In-Reply-To"] = reply["References"] = str(message.get("Message-ID", ""))
    reply["Auto-Submitted"] = "auto-replied"
    return reply


def _begin(message: Message, subject: str, author: str, to: str, at: datetime) -> None:
    named = sha256(f"{subject}|{author}|{to}|{at.isoformat()}".encode()).hexdigest()[:24]
    message["Return-Path"] = "<>"
    message["From"], message["To"] = author, to
    message["Subject"] = subject
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{named}@{REPORTER}>"


def _fields(fields: Mapping[str, str]) -> Message:
    block = Message()
    for name, value in fields.items():
        block[name] = value
    return block
