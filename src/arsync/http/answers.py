"""Reading answers and failures: what a platform says, when to come back, whether it arrived."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import urllib3.exceptions

from arsync.clock import Clock
from arsync.connector import HttpResponse
from arsync.core.text import one_line

READ_BYTES_MAX = 256 * 1024
"""No refusal is longer; what is, is not read for its words."""
_WORD_KEYS = ("Detail", "detail", "Message", "message", "Title", "error_description", "error")
_WORDS_LENGTH_MAX = 300


def never_arrived(error: BaseException) -> bool:
    """Say whether the connection itself failed, so that no byte of the request was sent."""
    seen: set[int] = set()
    queue: list[Any] = [error]
    while queue:
        one = queue.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(
            one,
            urllib3.exceptions.NewConnectionError
            | urllib3.exceptions.ConnectTimeoutError
            | ssl.SSLCertVerificationError,
        ):
            return True
        queue += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return False


def retry_after(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Read Retry-After: seconds, or a date."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (aware - _server_now(headers, clock)).total_seconds())


def _server_now(headers: Mapping[str, str], clock: Clock) -> datetime:
    try:
        return parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return clock.now()


def words(answer: HttpResponse) -> str:
    """Return what the platform says about a refusal, as far as it is a sentence."""
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
