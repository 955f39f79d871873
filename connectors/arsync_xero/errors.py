"""What Xero says when it refuses, and what that means for the caller."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from arsync.connector_sdk import HttpResponse
from arsync.core.ledger.sanitising import one_line
from arsync.errors import ArsyncError, HealsWhen, OutcomeUnknown, Rejected

WORDS_LENGTH_MAX = 600
# The specification says Message; one of Xero's own samples says Description.
_MESSAGE_KEYS = ("Message", "Description")
_GENERAL = "A validation exception occurred"
_HIGH_VOLUME = 51
_KEY_REUSED = "idempotency key"
# Xero has no codes for these: what heals a refusal is read from its words.
_HEALS_BY_WORDS = (
    (
        re.compile(
            r"subscription|trial (?:has |is )?(?:ended|expired|over)|is read.only", re.IGNORECASE
        ),
        HealsWhen.SUBSCRIPTION,
    ),
    (
        re.compile(r"permission|not (?:authori[sz]ed|permitted|allowed) to", re.IGNORECASE),
        HealsWhen.PERMISSION,
    ),
    (
        re.compile(r"(?:email|e-mail) address|no email|\barchived\b", re.IGNORECASE),
        HealsWhen.RECORD,
    ),
    (
        re.compile(r"lock(?:ed)? date|period lock|account code|is not a valid code", re.IGNORECASE),
        HealsWhen.SETTING,
    ),
    (
        re.compile(r"being (?:edited|updated)|modified by another|please try again", re.IGNORECASE),
        HealsWhen.FREE,
    ),
)


class TooManyRows(Rejected):
    """The list has more rows than Xero lists, 100,000 (error 51): ask for a part of it."""


def refusal(response: HttpResponse, what: str) -> ArsyncError:
    """Return the error for an answer of 400 and above.

    Args:
        response: Xero's answer.
        what: the request, for the message: `a note on an invoice`.
    """
    message = words(response.body)
    if response.status == 400 and _KEY_REUSED in message.lower():
        # Another request went out under this key: what it did must be looked up.
        return OutcomeUnknown(f"Xero: {what}: {message}")
    # Refused for good: the same request would be refused again.
    if response.status == 404:
        return Rejected(f"Xero: {what}: there is no such record ({message or 'not found'}).")
    if _is_too_much(response.body):
        return TooManyRows(f"Xero refused {what}: {message}")
    return refused(what, message or f"status {response.status}")


def refused(what: str, message: str) -> Rejected:
    """Return the refusal of a request, with what heals it."""
    causes = (cause for pattern, cause in _HEALS_BY_WORDS if pattern.search(message))
    heals_when = next(causes, HealsWhen.NEVER)
    return Rejected(f"Xero refused {what}: {message}", heals_when=heals_when)


def _is_too_much(body: bytes) -> bool:
    tree = _tree(body)
    return isinstance(tree, dict) and tree.get("ErrorNumber") == _HIGH_VOLUME


def element_refusals(body: bytes) -> str:
    """Return the messages of elements that were refused inside an answer of 200, or nothing."""
    tree = _tree(body)
    messages = []
    for rows in tree.values() if isinstance(tree, dict) else ():
        for row in rows if isinstance(rows, list) else ():
            if isinstance(row, dict) and _is_error(row):
                messages += list(_messages(row)) or ["refused without a reason"]
    return _joined(messages)


def words(body: bytes) -> str:
    """Return the platform's own messages of a refusal, nested ones first."""
    tree = _tree(body)
    if not isinstance(tree, dict):
        text = body.decode("utf-8", "replace").strip()
        # A page of a gateway is not shown to people; Xero's own 404 and 503 are plain text.
        return "" if text.startswith(("<", "{", "[")) else one_line(text[:WORDS_LENGTH_MAX])
    # The outer message is mostly "A validation exception occurred"; the reason is in the elements,
    # which can be nested as deep as the document.
    nested = list(_messages(tree.get("Elements")))
    top = [str(tree[key]) for key in ("Message", "Detail", "Title") if tree.get(key)]
    message = _joined(nested or [text for text in top if text != _GENERAL][:1] or top[:1])
    number = tree.get("ErrorNumber")
    return f"{message} (error {one_line(str(number))})" if number and message else message


def _is_error(row: dict[str, Any]) -> bool:
    return row.get("StatusAttributeString") == "ERROR" or bool(row.get("ValidationErrors"))


def _messages(tree: Any) -> Iterator[str]:
    if isinstance(tree, list):
        for element in tree:
            yield from _messages(element)
    elif isinstance(tree, dict):
        for error in tree.get("ValidationErrors") or ():
            if isinstance(error, dict):
                yield from (str(error[key]) for key in _MESSAGE_KEYS if error.get(key))
        for key, value in tree.items():
            if key != "ValidationErrors" and isinstance(value, list | dict):
                yield from _messages(value)


def _joined(messages: list[str]) -> str:
    return one_line("; ".join(dict.fromkeys(messages))[:WORDS_LENGTH_MAX])


def _tree(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None
