"""Answers of registers over HTTP: what each status means, and JSON that is what it should be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from arsync.connector_sdk import HttpResponse
from arsync.core.ledger.sanitising import cleaned
from arsync.errors import Rejected, RetryLater

BUSY_SECONDS = 60.0
"""After a refusal that names no time: both registers count calls by the minute, or by five."""

RETRY_SECONDS_MAX = 86_400.0

VALUE_CHARACTERS_MAX = 300


def checked_json(label: str, answer: HttpResponse) -> Mapping[str, Any]:
    """Return the object that an answer holds.

    Raises:
        RetryLater: too many calls, or trouble over there.
        Rejected: the key is wrong, the request is refused, or the answer cannot be read.
    """
    if answer.status == 429 or answer.status >= 500 or answer.status == 408:
        raise RetryLater(
            f"{label} answered {answer.status}: it was asked too often, or it is in trouble.",
            after_seconds=_after(answer.headers.get("retry-after", "")),
        )
    if answer.status in {401, 403}:
        raise Rejected(f"{label} refuses the key of [credit_data] ({answer.status}).")
    if answer.status != 200:
        raise Rejected(f"{label} refuses the question ({answer.status}).")
    try:
        tree = json.loads(answer.body)
    except ValueError:
        tree = None
    if not isinstance(tree, dict):
        raise Rejected(f"{label}: its answer cannot be read.")
    return tree


def _after(text: str) -> float:
    return min(float(text), RETRY_SECONDS_MAX) if text.isdecimal() else BUSY_SECONDS


def text_in(tree: Any, *path: str) -> str:
    """Return a text inside an answer, on one clean line; empty where there is none."""
    for name in path:
        tree = tree.get(name) if isinstance(tree, dict) else None
    return cleaned(tree)[:VALUE_CHARACTERS_MAX] if isinstance(tree, str) else ""


def day_in(tree: Any, *path: str) -> str:
    """Return a day inside an answer as `2020-03-31`; empty where there is none."""
    text = text_in(tree, *path)[:10]
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""
