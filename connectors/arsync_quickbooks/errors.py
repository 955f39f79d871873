"""QuickBooks' refusals, in all their shapes, as arsync's errors.

A fault comes as `Fault` with status 400, inside an answer of status 200, in lower case from the
gateway, or as a page of HTML.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import msgspec
from msgspec import Raw

from arsync.connector_sdk import HttpResponse
from arsync.core.ledger.sanitising import one_line
from arsync.errors import NeedsReconnect, OutcomeUnknown, Rejected, RetryLater

Tree = dict[str, Raw]

# Codes are texts; the same one has come with different HTTP statuses, so only the code counts.
NOT_FOUND = "610"
INVALID_ID = "2030"
STALE = "5010"
DUPLICATE_NUMBER = "6140"
DUPLICATE_NAME = "6240"

# 120: the user who connected is no longer an administrator. 3100: the company was disconnected, or
# belongs to the other environment. 3200: the token is not valid.
_RECONNECT = frozenset({"120", "3100", "3200"})
_THROTTLED = "3001"
# Intuit's own advice; whether a throttled answer has a Retry-After is not documented.
_THROTTLED_WAIT_SECONDS = 60.0
# From here on the codes are errors of QuickBooks' own servers: the work may have been done.
_SEVERE_FROM = 10_000
_HINTS = {
    "6190": "the company's QuickBooks subscription has ended, so nothing can be written",
    "6200": "the books are closed for that day",
    "6210": "the books are closed for that day",
    "6540": "the payment is already deposited",
}
_WORDS_LENGTH_MAX = 300

_TREE = msgspec.json.Decoder(Tree)


UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""The errors of decoding an answer that has another shape, or is nested too deep."""


@contextmanager
def readable() -> Iterator[None]:
    """Turn the errors of decoding into one that says what to do; for reads alone.

    Raises:
        RetryLater: an answer is not shaped as QuickBooks' answers are.
    """
    try:
        yield
    except UNREADABLE as error:
        raise RetryLater(
            f"QuickBooks' answer cannot be read: {error}.", after_seconds=_THROTTLED_WAIT_SECONDS
        ) from None


class QuickBooksRejected(Rejected):
    """A refusal by QuickBooks, with its codes."""

    def __init__(self, message: str, codes: frozenset[str] = frozenset()) -> None:
        super().__init__(message)
        self.codes = codes


def tree_of(response: HttpResponse, *, changes: bool) -> Tree:
    """Return an answer's top-level keys, their values still undecoded.

    Args:
        response: QuickBooks' answer.
        changes: True when the call may have changed something.

    Raises:
        QuickBooksRejected: the request was refused for good.
        RetryLater, NeedsReconnect, OutcomeUnknown: as `Transport.request`.
    """
    try:
        tree = _TREE.decode(response.body)
    except UNREADABLE:
        _raise_unreadable(response, changes=changes)
    for key in ("Fault", "fault"):
        if key in tree and bytes(tree[key]) != b"null":
            raise_fault(msgspec.json.decode(tree[key]), changes=changes)
    if response.status >= 400:
        raise QuickBooksRejected(f"QuickBooks answers {response.status} and does not say why.")
    return tree


def raise_fault(fault: Any, *, changes: bool) -> NoReturn:
    """Raise the error that a fault means."""
    errors = list(_errors(fault))
    codes = frozenset(code for code, _ in errors)
    reasons = "; ".join(f"{words} (code {code})" if code else words for code, words in errors)
    message = f"QuickBooks refused: {reasons or 'it does not say why'}"
    hints = [_HINTS[code] for code in sorted(codes & _HINTS.keys())]
    if hints:
        message += f": {', '.join(hints)}"
    if codes & _RECONNECT:
        raise NeedsReconnect(f"{message}. Run `arsync connect` again.")
    if _THROTTLED in codes or "ThrottleExceeded" in reasons:
        raise RetryLater(message, after_seconds=_THROTTLED_WAIT_SECONDS)
    if any(code.isdigit() and int(code) >= _SEVERE_FROM for code in codes):
        if changes:
            raise OutcomeUnknown(message)
        raise RetryLater(message, after_seconds=_THROTTLED_WAIT_SECONDS)
    raise QuickBooksRejected(message, codes)


def _errors(fault: Any) -> Iterator[tuple[str, str]]:
    """Yield each error's code and words; both spellings of the keys are in use."""
    listed = _either(fault, "Error")
    for error in listed if isinstance(listed, list) else ():
        code = _either(error, "code")
        words = [_either(error, key) for key in ("Message", "Detail")]
        text = ": ".join(dict.fromkeys(word for word in words if isinstance(word, str) and word))
        # The gateway writes 003001 where the API writes 3001.
        yield one_line(str(code or "").lstrip("0")), one_line(text[:_WORDS_LENGTH_MAX])


def _either(node: Any, key: str) -> Any:
    if not isinstance(node, dict):
        return None
    value = node.get(key)
    return node.get(key.lower()) if value is None else value


def _raise_unreadable(response: HttpResponse, *, changes: bool) -> NoReturn:
    message = f"QuickBooks answers {response.status} with something that is not JSON."
    if response.status >= 400:
        raise QuickBooksRejected(message)
    if changes:
        raise OutcomeUnknown(message)
    raise RetryLater(message, after_seconds=_THROTTLED_WAIT_SECONDS)
