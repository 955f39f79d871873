"""QuickBooks' refusals, in all their shapes, as arsync's errors.

A fault comes as `Fault` with status 400, inside an answer of status 200, in lower case from the
gateway, or as a page of HTML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import msgspec
from msgspec import Raw

from arsync.connector_sdk import HttpResponse
from arsync.core.ledger.sanitising import one_line
from arsync.errors import HealsWhen, NeedsReconnect, OutcomeUnknown, Rejected, RetryLater

Tree = dict[str, Raw]

# Codes are texts; the same one has come with different HTTP statuses, so only the code counts.
NOT_FOUND = "610"
INVALID_ID = "2030"
STALE = "5010"
DUPLICATE_NUMBER = "6140"
DUPLICATE_NAME = "6240"

CANNOT_ASK = frozenset({"4000", "4001"})
"""A query that cannot be read, or not be answered: perhaps for a property or an order in it."""

# 120: the user who connected is no longer an administrator. 3100: the company was disconnected, or
# belongs to the other environment. 3200: the token is not valid.
_RECONNECT = frozenset({"120", "3100", "3200"})
_THROTTLED = "3001"
# Intuit's own advice; whether a throttled answer has a Retry-After is not documented.
_THROTTLED_WAIT_SECONDS = 60.0
# From here on, and below zero, the codes are errors of QuickBooks' own servers: the work may have
# been done. Negative ones also come within the words of a 6000.
_SEVERE_FROM = 10_000
_CODE = re.compile(r"-?\d{1,9}")
_SEVERE_WORDS = re.compile(r"\(-\d{3,}\)|unexpected internal error|wrong on our end", re.IGNORECASE)
_BUSINESS = "6000"
# With 120 when QuickBooks' sign-in server fails: nobody has withdrawn anything.
_SIGN_IN_FAILED = "Unknown Error during Authentication"
_HEALS_WHEN = {
    STALE: HealsWhen.FREE,
    "5020": HealsWhen.PERMISSION,
    "6190": HealsWhen.SUBSCRIPTION,
    "6200": HealsWhen.SETTING,
    "6210": HealsWhen.SETTING,
    NOT_FOUND: HealsWhen.RECORD,
}
# A 6000 has its reason in words alone. The cap: reported for companies in trial and for sandboxes.
_HEALS_BY_WORDS = (
    (
        re.compile(r"\bemails?\b.*\b(?:a|per) day\b|\b(?:daily|limit)\b.*\bemail", re.IGNORECASE),
        HealsWhen.DAY,
    ),
    (
        re.compile(
            r"\b(?:same time|being edited|was editing|were editing|try again)\b", re.IGNORECASE
        ),
        HealsWhen.FREE,
    ),
    (
        re.compile(r"subscription|trial (?:period )?(?:has )?ended", re.IGNORECASE),
        HealsWhen.SUBSCRIPTION,
    ),
    (re.compile(r"permission|access rights|privilege", re.IGNORECASE), HealsWhen.PERMISSION),
)
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

    def __init__(
        self,
        message: str,
        codes: frozenset[str] = frozenset(),
        *,
        heals_when: HealsWhen = HealsWhen.NEVER,
    ) -> None:
        super().__init__(message, heals_when=heals_when)
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
    throttled = _THROTTLED in codes or "ThrottleExceeded" in reasons
    if throttled or _SIGN_IN_FAILED in reasons:
        raise RetryLater(message, after_seconds=_THROTTLED_WAIT_SECONDS)
    if codes & _RECONNECT:
        raise NeedsReconnect(f"{message}. Run `arsync connect` again.")
    if any(_is_severe(code, words) for code, words in errors):
        if changes:
            raise OutcomeUnknown(message)
        raise RetryLater(message, after_seconds=_THROTTLED_WAIT_SECONDS)
    raise QuickBooksRejected(message, codes, heals_when=_heals_when(errors))


def _is_severe(code: str, words: str) -> bool:
    if _CODE.fullmatch(code) and not 0 <= int(code) < _SEVERE_FROM:
        return True
    return code == _BUSINESS and bool(_SEVERE_WORDS.search(words))


def _heals_when(errors: list[tuple[str, str]]) -> HealsWhen:
    """Return what heals a refusal: what heals each of its errors, when that is the same."""
    causes = {_cause(code, words) for code, words in errors}
    return causes.pop() if len(causes) == 1 else HealsWhen.NEVER


def _cause(code: str, words: str) -> HealsWhen:
    if code != _BUSINESS:
        return _HEALS_WHEN.get(code, HealsWhen.NEVER)
    for pattern, heals_when in _HEALS_BY_WORDS:
        if pattern.search(words):
            return heals_when
    return HealsWhen.NEVER


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
