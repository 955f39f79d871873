"""From a letter to a message as it travels: addresses checked, headers clean, the key in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from arsync.core.ledger.mail_addresses import is_address
from arsync.core.ledger.sanitising import cleaned, file_name
from arsync.errors import HealsWhen, Rejected, UserMistake
from arsync.mail.inline_pictures import InlinePicture, parted
from arsync.mail.letters import Letter
from arsync.mail.threads import is_message_id, shortened

RECIPIENTS_MAX = 10
"""The most addresses that a message goes to."""

MESSAGE_BYTES_MAX = 10_000_000
"""A larger message is not sent: most servers would refuse it."""

NAME_CHARACTERS_MAX = 100

KEY_HEADER = "X-Arsync-Key"
"""The action's key travels with the message, so that a mailbox can be searched for it."""

TEST_HEADER = "X-Arsync-Test"
"""A letter that somebody sends himself to look at: with the key that it would have had."""

TEST_MARK = "TEST: "

ATTACHMENTS_MAX = 20
"""A message with more files is refused."""

_MEDIA_TYPE = re.compile(r"[a-z]{1,30}/[a-z0-9.+-]{1,100}")

_LISTS_OF_IDS = frozenset({"message-id", "in-reply-to", "references"})


class _HeaderPolicy(EmailPolicy):
    """Folds Message-IDs between them: Python would encode a long one, and no program know it."""

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() in _LISTS_OF_IDS:
            folded = "\r\n ".join(str(value).split())
            return f"{name}: {folded}\r\n".encode("ascii")
        return super().fold_binary(name, value)


_FOLDED = _HeaderPolicy(linesep="\r\n")
_UNFOLDED = _FOLDED.clone(max_line_length=998)
"""RFC 5322, 2.1.1: no line may be longer."""


class Attachment(NamedTuple):
    """A file that goes along."""

    name: str
    content: bytes
    media_type: str = "application/pdf"


class Outgoing(NamedTuple):
    """A message and the envelope it travels in."""

    message: EmailMessage
    sender: str
    recipients: tuple[str, ...]
    """Addresses it is for; the message is not sent when none of them can be reached."""
    copies: tuple[str, ...]
    """Addresses that get it besides: those of `cc`, and those that do not show in it."""
    content: bytes
    cc: tuple[str, ...] = ()
    """Addresses that get a copy and show in it."""
    attachments: tuple[tuple[str, int], ...] = ()
    """The name and the bytes of each file that goes along."""


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
    cc: Sequence[str] = (),
    copy_to: str = "",
    reply_to: str = "",
    attachments: Sequence[Attachment] = (),
    continues: Sequence[str] = (),
    unsubscribe_at: str = "",
    is_test: bool = False,
) -> Outgoing:
    """Make the message of one action.

    Args:
        letter: its subject and texts.
        key: the action's key.
        sender: the `smtp.sender` setting: `Accounts <accounts@example.com>`.
        to: the customer's address fields.
        to_name: the customer's name.
        now: when it is sent.
        cc: address fields that get a copy and show in it.
        copy_to: addresses that get a blind copy.
        reply_to: where answers go; empty: to the sender.
        attachments: files that go along.
        continues: the Message-IDs of the conversation so far, the oldest first.
        unsubscribe_at: the address that takes requests for no more such mails; empty: none does.
        is_test: whether somebody looks at it himself: it is marked, and never found as the
            action's own.

    Raises:
        UserMistake: the sender, the copies' or the answers' address is not a mail address.
        Rejected: the customer has no valid address, or the message is too large.
    """
    sender_name, sender_address = _named_address(sender, "sender")
    copies = addresses([copy_to])
    if copy_to and not copies:
        raise UserMistake(f"[smtp] copy_to is {copy_to!r}; it must be a mail address.")
    # An address list that somebody pasted whole must not turn one reminder into a mailing.
    recipients = addresses(to)[:RECIPIENTS_MAX]
    if not recipients:
        name = clean_name(to_name) or "the customer"
        raise Rejected(f"{name} has no valid mail address.", heals_when=HealsWhen.RECORD)
    # A recipient who is also a copy would get it twice.
    shown_copies = _others(addresses(cc), recipients)[:RECIPIENTS_MAX]
    blind_copies = _others(copies, (*recipients, *shown_copies))
    message = EmailMessage(policy=_FOLDED)
    message["Subject"] = f"{TEST_MARK if is_test else ''}{cleaned(letter.subject)}"
    message["From"] = _address(sender_name, sender_address)
    message["To"] = [
        _address(to_name if number == 0 else "", address)
        for number, address in enumerate(recipients)
    ]
    if shown_copies:
        message["Cc"] = [_address("", address) for address in shown_copies]
    if reply_to:
        message["Reply-To"] = _address(*_named_address(reply_to, "reply_to"))
    message["Date"] = format_datetime(now)
    message["Message-ID"] = message_id(f"test.{key}" if is_test else key, sender_address)
    message[TEST_HEADER if is_test else KEY_HEADER] = key
    _name_conversation(message, continues)
    if unsubscribe_at:
        message["List-Unsubscribe"] = _unsubscribe(unsubscribe_at, key)
    # RFC 3834: keeps out-of-office replies and mailing lists from answering a machine.
    message["Auto-Submitted"] = "auto-generated"
    _fill(message, letter, attachments)
    content = _as_bytes(message)
    sizes = tuple((attached.name, len(attached.content)) for attached in attachments)
    every_copy = (*shown_copies, *blind_copies)
    return Outgoing(
        message, sender_address, recipients, every_copy, content, shown_copies, attachments=sizes
    )


def _named_address(text: str, setting: str) -> tuple[str, str]:
    name, address = parseaddr(" ".join(text.split()))
    if not is_address(address):
        raise UserMistake(
            f"[smtp] {setting} is {text!r}; it must hold a mail address."
            f'\n    hint: {setting} = "Accounts <accounts@example.com>"'
        )
    return name, address


def _others(candidates: Sequence[str], already: Sequence[str]) -> tuple[str, ...]:
    addressed = {address.lower() for address in already}
    return tuple(address for address in candidates if address.lower() not in addressed)


def _name_conversation(message: EmailMessage, continues: Sequence[str]) -> None:
    own = str(message["Message-ID"])
    message_ids = shortened([earlier for earlier in continues if is_message_id(earlier)])
    message_ids = tuple(earlier for earlier in message_ids if earlier != own)
    if message_ids:
        message["In-Reply-To"] = message_ids[-1]
        message["References"] = " ".join(message_ids)


def _unsubscribe(address: str, key: str) -> str:
    """Return RFC 2369's header: a mail that people read, so no promise of one click (RFC 8058)."""
    _, plain = _named_address(address, "reply_to")
    local, _, domain = plain.rpartition("@")
    return f"<mailto:{quote(local)}@{_ascii_domain(f'@{domain}')}?subject=unsubscribe%20{key}>"


def _fill(message: EmailMessage, letter: Letter, attachments: Sequence[Attachment]) -> None:
    # Quoted-printable keeps lines short enough for every server, and the source readable.
    message.set_content(letter.text, charset="utf-8", cte="quoted-printable")
    page, pictures = parted(letter.html)
    message.add_alternative(page, subtype="html", charset="utf-8", cte="quoted-printable")
    _show(message, pictures)
    if len(attachments) > ATTACHMENTS_MAX:
        raise Rejected(f"the message has more than {ATTACHMENTS_MAX} files.")
    for attached in attachments:
        media = attached.media_type
        if not _MEDIA_TYPE.fullmatch(media):
            media = "application/octet-stream"
        kind, _, form = media.partition("/")
        name = file_name(Path(attached.name).stem, Path(attached.name).suffix[:10])
        message.add_attachment(attached.content, maintype=kind, subtype=form, filename=name)


def _show(message: EmailMessage, pictures: Sequence[InlinePicture]) -> None:
    """Put the pictures beside the page that shows them: no file that a reader would be asked of."""
    page = message.get_body(("html",))
    for picture in pictures:
        assert page is not None, "it was added before"
        page.add_related(
            picture.content,
            maintype="image",
            subtype=picture.form,
            cid=f"<{picture.content_id}>",
            disposition="inline",
        )


def _as_bytes(message: EmailMessage) -> bytes:
    # Folded at 78 characters, Python would begin some subjects on a line of their own, behind which
    # some mail programs show none. What has to be encoded is folded between its encoded words.
    plain = all(str(value).isascii() for value in message.values())
    content = message.as_bytes(policy=_UNFOLDED if plain else _FOLDED)
    if len(content) > MESSAGE_BYTES_MAX:
        raise Rejected(f"the message is larger than {MESSAGE_BYTES_MAX:,} bytes.")
    return content


def _address(name: str, address: str) -> Address:
    local, _, domain = address.rpartition("@")
    if not domain.isascii():
        domain = _ascii_domain(address)
    return Address(clean_name(name), username=local, domain=domain)
