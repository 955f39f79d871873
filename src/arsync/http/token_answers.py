"""Answers to token calls, checked before anybody trusts them.

A bad answer must never take the place of a good grant: without it the owner would have to connect
again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from arsync.http.responses import whole_number

TOKEN_CHARACTERS_MAX = 20_000
"""A longer token fits into no header."""
TOKEN_SECONDS_MAX = 10 * 365 * 86_400
"""A token that lives longer is taken to live ten years."""

# RFC 6750, 2.1, and what else fits into one header: no blank, no line break.
_TOKEN = re.compile(rf"[!-~]{{1,{TOKEN_CHARACTERS_MAX}}}")
_TOKENS = ("access_token", "refresh_token")
_LIFETIMES = ("expires_in", "x_refresh_token_expires_in")
_WORDS = ("token_type", "error", "error_description", "error_uri")


def checked_answer(content: bytes) -> bytes:
    """Return the part of an answer that is understood, as JSON.

    An access token must be there, unless the answer is an error. What else cannot be read is left
    out: a lifetime that is no number counts as none, and the token is renewed before its next use.

    Raises:
        ValueError: it holds no token that can be used; the message completes "an answer ...".
    """
    try:
        # Digits without end are no number to compute with.
        answer = json.loads(content, parse_int=_bounded, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise ValueError("that is not JSON")  # noqa: TRY004 - it is the content that is wrong
    kept: dict[str, Any] = {
        name: answer[name] for name in _WORDS if isinstance(answer.get(name), str)
    }
    kept |= {name: lifetime_seconds(answer, name) for name in _LIFETIMES if name in answer}
    for name in _TOKENS:
        token = answer.get(name)
        if isinstance(token, str) and _TOKEN.fullmatch(token):
            kept[name] = token
        # A renewal may leave the refresh token out; a spoilt one would be lost for good.
        elif token not in (None, "") or (name == "access_token" and "error" not in kept):
            raise ValueError(f"whose {name} cannot be used")
    scope = answer.get("scope")
    if isinstance(scope, list):
        scope = " ".join(word for word in scope if isinstance(word, str))
    if isinstance(scope, str):
        kept["scope"] = scope
    return json.dumps(kept).encode()


def lifetime_seconds(answer: Mapping[str, Any], name: str) -> int:
    """Return how long a token lives; 0 when the answer does not say so in a way to be read."""
    lifetime = answer.get(name)
    if isinstance(lifetime, bool):
        return 0
    if isinstance(lifetime, int):
        return min(max(lifetime, 0), TOKEN_SECONDS_MAX)
    return whole_number(str(lifetime).partition(".")[0], TOKEN_SECONDS_MAX) or 0


def _bounded(digits: str) -> int:
    return whole_number(digits, TOKEN_SECONDS_MAX) or 0
