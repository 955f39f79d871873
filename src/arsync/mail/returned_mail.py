"""What comes back of letters: delivery reports, automatic replies and answers of people.

A message is about a letter only by the letter's Message-ID, in the part of a report that returns
the original's headers, or in In-Reply-To or References. Nothing is guessed from subjects or texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage, Message
from email.parser import BytesHeaderParser, BytesParser
from enum import StrEnum
from typing import NamedTuple

from arsync.core.ledger.mail_addresses import is_address
from arsync.core.ledger.sanitising import one_line

REASON_CHARACTERS_MAX = 200
SUBJECT_CHARACTERS_MAX = 120
RECIPIENTS_MAX = 20
"""A report about more recipients than a letter can have is not about one of ours."""

PARTS_MAX = 50
"""A message of more parts is looked at as far as these."""

_LETTER = re.compile(r"<arsync\.([0-9a-f]{32})@[^<>\s]{1,255}>")

_STATUS = re.compile(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}")

_OURS = re.compile(r"[45]\.(1\.[78]|3\.[0-9]+|4\.6|5\.[0-9]+|6\.[0-9]+|7\.[0-9]+)")
"""Enhanced codes (RFC 3463) by which the receiver refuses the sender, the letter or its content,
and not the address: another letter may arrive there."""

_PLAIN_AT_FAULT = frozenset({"550", "551", "553"})
"""Of a server that gives no enhanced code."""


class Came(StrEnum):
    """What came of a letter."""

    BACK = "came back"
    LATE = "is delayed"
    AUTOMATIC = "automatic reply"
    ANSWER = "reply"


class Returned(NamedTuple):
    """One thing that a mailbox says of one letter."""

    key: str
    """The action's."""
    came: Came
    address: str = ""
    """Of a report: whom it is about, in the original recipient's words where they are told."""
    reason: str = ""
    """Of a report: the receiving server's own words. Of a reply: its subject."""
    at_fault: bool = False
    """Whether no letter arrives at the address, and not only this one, or none of this sender."""


def returned_by(content: bytes) -> list[Returned]:
    """Return what a message says of letters; nothing when it is about none.

    Args:
        content: the message, or its beginning.
    """
    try:
        message = BytesParser(policy=policy.compat32).parsebytes(content)
        return list(_returned(message))
    # Strangers write these: whatever the parser stumbles over is no report of a letter.
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return []


def address_is_at_fault(answer: str) -> bool:
    """Return whether a mail server's refusal is about the address: `550 5.1.1 no such user`."""
    code = answer.strip().partition(" ")[0]
    if not code.startswith("5"):
        return False
    enhanced = _STATUS.search(answer)
    if enhanced is not None:
        return _OURS.fullmatch(enhanced[0]) is None
    return code[:3] in _PLAIN_AT_FAULT


def _returned(message: Message) -> Iterator[Returned]:
    content_type = message.get_content_type()
    report = str(message.get_param("report-type", "")).lower()
    if content_type == "multipart/report" and report in {"delivery-status", ""}:
        key = _original_key(message) or _answered_key(message)
        if key:
            yield from _of_report(message, key)
        return
    key = _answered_key(message)
    if not key:
        return
    subject = one_line(_text(message.get("Subject")))[:SUBJECT_CHARACTERS_MAX]
    came = Came.AUTOMATIC if _is_automatic(message, content_type) else Came.ANSWER
    yield Returned(key, came, reason=subject)


# -- whose letter ---------------------------------------------------------------------------------


def _answered_key(message: Message) -> str:
    """Return the key of the newest letter that a message answers; empty: none of ours."""
    for header in ("In-Reply-To", "References"):
        keys = _LETTER.findall(_text(message.get(header)))
        if keys:
            return str(keys[-1])
    return ""


def _original_key(message: Message) -> str:
    """Return the key of the letter whose headers a report returns; empty: none of ours."""
    for section in _sections(message):
        if section.get_content_type() not in {"message/rfc822", "text/rfc822-headers", _SHORT}:
            continue
        inner = section.get_payload()
        if isinstance(inner, list):
            original = inner[0] if inner else None
        else:
            raw = section.get_payload(decode=True)
            original = BytesHeaderParser().parsebytes(raw) if isinstance(raw, bytes) else None
        if isinstance(original, Message):
            match = _LETTER.fullmatch(_text(original.get("Message-ID")).strip())
            if match:
                return match[1]
    return ""


_SHORT = "message/rfc822-headers"
"""What some servers call it."""


def _sections(message: Message) -> Iterator[Message]:
    sections = message.get_payload()
    if isinstance(sections, list):
        yield from (each for each in sections[:PARTS_MAX] if isinstance(each, Message))


# -- reports --------------------------------------------------------------------------------------


def _of_report(message: Message, key: str) -> Iterator[Returned]:
    for section in _sections(message):
        if section.get_content_type() != "message/delivery-status":
            continue
        blocks = section.get_payload()
        if not isinstance(blocks, list):
            continue
        for block in blocks[: RECIPIENTS_MAX + 1]:
            if not isinstance(block, Message):
                continue
            action = _text(block.get("Action")).strip().lower()
            if action == "failed":
                yield _recipient(block, key, Came.BACK)
            elif action == "delayed":
                yield _recipient(block, key, Came.LATE)


def _recipient(block: Message, key: str, came: Came) -> Returned:
    status = _STATUS.search(_text(block.get("Status")))
    diagnosis = _after_type(_text(block.get("Diagnostic-Code")))
    words = one_line(" ".join(diagnosis.split()))
    if status is not None and status[0] not in words:
        words = f"{words} ({status[0]})" if words else status[0]
    # A server that knows no better code (`5.0.0`) passes on the words of the one behind it.
    codes = [match for match in (status, _STATUS.search(diagnosis)) if match is not None]
    is_about_us = any(_OURS.fullmatch(code[0]) for code in codes)
    return Returned(
        key,
        came,
        _address(block),
        words[:REASON_CHARACTERS_MAX] or "no reason was given",
        came is Came.BACK and not is_about_us,
    )


def _address(block: Message) -> str:
    """Return whom a block is about: the original recipient's before the one it was passed on to."""
    for header in ("Original-Recipient", "Final-Recipient"):
        address = _after_type(_text(block.get(header))).strip().strip("<>")
        if is_address(address):
            return address
    return ""


def _after_type(text: str) -> str:
    """Return a field's value behind its type: `rfc822; jo@example.com`, `smtp; 550 no`."""
    return text.partition(";")[2].strip() if ";" in text else text.strip()


def _is_automatic(message: Message, content_type: str) -> bool:
    submitted = _text(message.get("Auto-Submitted")).partition(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    # Read receipts, and the programs that are older than RFC 3834 or do not know it.
    return (
        content_type == "multipart/report"
        or message.get("X-Autoreply") is not None
        or message.get("X-Autorespond") is not None
        or _text(message.get("Precedence")).strip().lower() in {"auto_reply", "bulk", "junk"}
        or _text(message.get("Return-Path")).strip() == "<>"
    )


def _text(value: object) -> str:
    """Return a header as text, its encoded words read."""
    if value is None:
        return ""
    header = EmailMessage(policy=policy.default)
    header["Subject"] = " ".join(str(value).split())
    return str(header["Subject"])
