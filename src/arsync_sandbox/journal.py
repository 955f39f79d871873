"""What was asked of the platforms: one line a request, without any secret."""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, fields
from typing import Any

JOURNAL_LENGTH_MAX = 100_000
"""How many requests are remembered; the oldest go first."""

PAGE_LENGTH_MAX = 10_000
"""How many requests one `GET /_sandbox/journal` returns."""

SECRET_PARAMETERS = re.compile(
    r"(?<![a-z_])(code|code_verifier|client_secret|token|access_token|refresh_token|id_token)=[^&]*"
)


@dataclass(slots=True)
class JournalEntry:
    """One request and what came of it."""

    number: int
    at: str
    platform: str
    method: str
    path: str
    """Path with query; codes and tokens in it are replaced by `***`."""
    status: int = 0
    """0: the connection was dropped without an answer."""
    idempotency_key: str = ""
    took_effect: bool = False
    bytes: int = 0
    """Length of the body as sent, after gzip."""
    fault: str = ""
    """What the fault injection did to it; empty: nothing."""


_NAMES = tuple(field.name for field in fields(JournalEntry))


class Journal:
    """The requests so far, of bounded length."""

    def __init__(self, length_max: int = JOURNAL_LENGTH_MAX) -> None:
        self._entries: deque[JournalEntry] = deque(maxlen=length_max)
        self._number = 0

    def open(self, environ: dict[str, Any], at: str, platform: str) -> JournalEntry:
        """Write down a request that has just come in."""
        self._number += 1
        query = environ.get("QUERY_STRING", "")
        path = environ["PATH_INFO"] + (f"?{SECRET_PARAMETERS.sub(_hide, query)}" if query else "")
        entry = JournalEntry(self._number, at, platform, environ["REQUEST_METHOD"], path)
        entry.idempotency_key = environ.get("HTTP_IDEMPOTENCY_KEY") or _requestid(query)
        self._entries.append(entry)
        return entry

    def page(self, since: int = 0, limit: int = PAGE_LENGTH_MAX) -> dict[str, Any]:
        """Return the requests numbered above `since`, oldest first."""
        rows = [entry for entry in self._entries if entry.number > since]
        shown = rows[: max(0, min(limit, PAGE_LENGTH_MAX))]
        return {
            "requests": [{name: getattr(entry, name) for name in _NAMES} for entry in shown],
            "next": shown[-1].number if shown else since,
            "more": len(rows) > len(shown),
        }


def _hide(match: re.Match[str]) -> str:
    return f"{match[1]}=***"


def _requestid(query: str) -> str:
    match = re.search(r"(?:^|&)requestid=([^&]*)", query)
    return match[1] if match else ""
