"""Reading answers and failures: the reason, when to try again, whether the request arrived."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import requests
import urllib3.exceptions

from arsync.clock import Clock
from arsync.connector_sdk import HttpResponse
from arsync.core.ledger.sanitising import one_line

READ_BYTES_MAX = 256 * 1024
"""No refusal is longer; a longer answer is not searched for words."""
WAIT_SECONDS_MAX = 7 * 86_400
"""A platform that asks for more is asked again after a week."""
NUMBER_DIGITS_MAX = 18
"""A longer number is as large as can be."""
_WORD_KEYS = ("Detail", "detail", "Message", "message", "Title", "error_description", "error")
_WORDS_LENGTH_MAX = 300
_THROTTLE_WORDS = ("throttl", "rate limit", "ratelimit", "too many requests")


def never_arrived(error: BaseException) -> bool:
    """Return whether the connection itself failed, so that no byte of the request was sent."""
    # requests wraps urllib3, which wraps the socket's error: the cause is somewhere inside, in
    # chains that may be circular.
    visited: set[int] = set()
    queue: list[Any] = [error]
    while queue:
        cause = queue.pop()
        if not isinstance(cause, BaseException) or id(cause) in visited:
            continue
        visited.add(id(cause))
        if isinstance(
            cause,
            urllib3.exceptions.NewConnectionError
            | urllib3.exceptions.ConnectTimeoutError
            | ssl.SSLCertVerificationError,
        ):
            return True
        queue += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
    return False


def says_slower(answer: HttpResponse, clock: Clock) -> bool:
    """Return whether a refusal is about the pace of calls, whatever its status.

    A gateway in front of the platform may throttle with 403, which otherwise means that the
    authorisation is gone.
    """
    if answer.status == 429:
        return True
    if answer.status != 403:
        return False
    if answer.headers.get("x-rate-limit-problem"):
        return True
    # Nobody says when to come back to whom it has locked out.
    if retry_after(answer.headers, clock) is not None:
        return True
    text = answer.body[:READ_BYTES_MAX].decode("utf-8", "replace").lower()
    return any(word in text for word in _THROTTLE_WORDS)


def retry_after(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Read Retry-After: seconds, or a date."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    seconds = whole_number(text, WAIT_SECONDS_MAX)
    if seconds is not None:
        return float(seconds)
    moment = _moment(text)
    if moment is None:
        return None
    # By the server's own clock where it gives one: this computer's may be wrong by hours.
    wait = (moment - (dated(headers) or clock.now())).total_seconds()
    return min(max(0.0, wait), float(WAIT_SECONDS_MAX))


def whole_number(text: str, most: int) -> int | None:
    """Read a number that a server wrote in digits; None when the text is none.

    Args:
        text: as it came. `isdigit` alone would let `²` through, which is no number to `int`.
        most: a larger number becomes this one, however many digits it has.
    """
    if not (text.isascii() and text.isdigit()):
        return None
    return min(int(text), most) if len(text) <= NUMBER_DIGITS_MAX else most


def dated(headers: Mapping[str, str]) -> datetime | None:
    """Return the server's own moment of an answer; None when it gives none."""
    return _moment(headers.get("date", ""))


def _moment(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def words(answer: HttpResponse) -> str:
    """Return the platform's reason for a refusal, if there is one, for the end of a message."""
    try:
        tree = json.loads(answer.body[:READ_BYTES_MAX])
    except (ValueError, RecursionError):
        return ""
    for level in (tree, *_faults(tree)):
        if isinstance(level, dict):
            for key in _WORD_KEYS:
                if isinstance(level.get(key), str) and level[key]:
                    return f": {one_line(level[key][:_WORDS_LENGTH_MAX]).rstrip('.')}"
    return ""


def _faults(tree: Any) -> list[Any]:
    fault = tree.get("Fault") or tree.get("fault") if isinstance(tree, dict) else None
    errors = fault.get("Error") or fault.get("error") if isinstance(fault, dict) else None
    return errors if isinstance(errors, list) else []


def unreachable_words(host: str, error: requests.RequestException) -> str:
    """Return the reason why no answer came, for people."""
    if isinstance(error, requests.exceptions.SSLError):
        reason = "its certificate is not one that this computer trusts."
    elif isinstance(error, requests.exceptions.Timeout):
        reason = "no answer in time."
    else:
        reason = "no connection; is this computer online?"
    return f"{host} cannot be reached: {reason}"
