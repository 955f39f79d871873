"""From a letter to a message as it travels: addresses checked, headers clean, the key in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, parseaddr
from typing import NamedTuple

from arsync.core.ledger.sanitising import cleaned
from arsync.errors import HealsWhen, Rejected, UserMistake
from arsync.mail.letters import Letter

RECIPIENTS_MAX = 10
"""The most addresses that a message goes to."""

MESSAGE_BYTES_MAX = 10_000_000
"""A larger message is not sent: most servers would refuse it."""

# RFC 5321 allows a path of 256 characters, with its brackets.
ADDRESS_CHARACTERS_MAX = 254
NAME_CHARACTERS_MAX = 100

KEY_HEADER = "X-Arsync-Key"
"""The action's key travels with the message, so that a mailbox can be searched for it."""

# Narrower than RFC 5322: without quotes, comments and lists no address can smuggle in another.
_ADDRESS = re.compile(
    r"[^\s@<>()\[\],;:\\\"\x00-\x1f\x7f]{1,64}@"
    r"(?:[A-Za-z0-9\u0080-\U0010ffff](?:[A-Za-z0-9\u0080-\U0010ffff-]{0,61}[A-Za-z0-9\u0080-\U0010ffff])?\.)*"
    r"[A-Za-z0-9\u0080-\U0010ffff-]{2,63}"
)


_UNFOLDED = SMTP_POLICY.clone(max_line_length=998)
"""RFC 5322, 2.1.1: no line may be longer."""


class Outgoing(NamedTuple):
    """A message and the envelope it travels in."""

    message: EmailMessage
    sender: str
    recipients: tuple[str, ...]
    """Addresses it is for; the message is not sent when none of them can be reached."""
    copies: tuple[str, ...]
    """Addresses that get it besides, and do not show in it."""
    content: bytes


def addresses(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the valid addresses in these fields, each once, in order.

    A field may hold several, separated by commas or semicolons, as QuickBooks keeps them.
    """
    valid: dict[str, str] = {}
    for text in texts:
        for entry in re.split(r"[,;]", text):
            candidate = entry.strip()
            if is_address(candidate):
                valid.setdefault(candidate.lower(), candidate)
    return tuple(valid.values())


def is_address(text: str) -> bool:
    """Return whether a text is one plain mail address."""
    if len(text) > ADDRESS_CHARACTERS_MAX or not _ADDRESS.fullmatch(text):
        return False
    local = text.rpartition("@")[0]
    return not (local.startswith(".") or local.endswith(".") or ".." in local)


def clean_name(text: str) -> str:
    """Return a name as one short line without control characters: it goes into a header."""
    return cleaned(text)[:NAME_CHARACTERS_MAX]


def message_id(key: str, sender: str) -> str:
    """Return the Message-ID of an action's message: the same action, the same id."""
    return f"<arsync.{key}@{_ascii_domain(sender)}>"


def _ascii_domain(address: str) -> str:
    domain = address.rpartition("@")[2]
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return "localhost"


def compose(
    letter: Letter,
    *,
    key: str,
    sender: str,
    to: Sequence[str],
    to_name: str,
    now: datetime,
    copy_to: str = "",
    attachment: tuple[str, bytes] | None = None,
) -> Outgoing:
    """Make the message of one action.

    Args:
        letter: its subject and texts.
        key: the action's key.
        sender: the `smtp.sender` setting: `Accounts <accounts@example.com>`.
        to: the customer's address fields.
        to_name: the customer's name.
        now: when it is sent.
        copy_to: an address that gets a blind copy.
        attachment: a PDF's file name and bytes.

    Raises:
        UserMistake: the sender or the copy's address is not a mail address.
        Rejected: the customer has no valid address, or the message is too large.
    """
    sender_name, sender_address = parseaddr(" ".join(sender.split()))
    if not is_address(sender_address):
        raise UserMistake(
            f"[smtp] sender is {sender!r}; it must hold a mail address."
            '\n    hint: sender = "Accounts <accounts@example.com>"'
        )
    copies = addresses([copy_to])
    if copy_to and not copies:
        raise UserMistake(f"[smtp] copy_to is {copy_to!r}; it must be a mail address.")
    # An address list that somebody pasted whole must not turn one reminder into a mailing.
    recipients = addresses(to)[:RECIPIENTS_MAX]
    if not recipients:
        name = clean_name(to_name) or "the customer"
        raise Rejected(f"{name} has no valid mail address.", heals_when=HealsWhen.RECORD)
    message = EmailMessage(policy=SMTP_POLICY)
    message["Subject"] = cleaned(letter.subject)
    message["From"] = _address(sender_name, sender_address)
    message["To"] = [
        _address(to_name if number == 0 else "", address)
        for number, address in enumerate(recipients)
    ]
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(key, sender_address)
    message[KEY_HEADER] = key
    # RFC 3834: keeps out-of-office replies and mailing lists from answering a machine.
    message["Auto-Submitted"] = "auto-generated"
    # Quoted-printable keeps lines short enough for every server, and the source readable.
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", charset="utf-8", cte="quoted-printable")
    if attachment:
        message.add_attachment(
            attachment[1], maintype="application", subtype="pdf", filename=attachment[0]
        )
    # Folded at 78 characters, Python would begin some subjects on a line of their own, behind which
    # some mail programs show none. What has to be encoded is folded between its encoded words.
    plain = all(str(value).isascii() for value in message.values())
    content = message.as_bytes(policy=_UNFOLDED if plain else SMTP_POLICY)
    if len(content) > MESSAGE_BYTES_MAX:
        raise Rejected(f"the message is larger than {MESSAGE_BYTES_MAX:,} bytes.")
    # A recipient who is also the blind copy would get it twice.
    addressed = {recipient.lower() for recipient in recipients}
    blind_copies = tuple(copy for copy in copies if copy.lower() not in addressed)
    return Outgoing(message, sender_address, recipients, blind_copies, content)


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        domain = _ascii_domain(address)
    return Address(clean_name(name), username=local, domain=domain)
