"""Mistakes as RFC 9457 has them: what happened, and what to do."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus

from flask import Response, g
from msgspec import UNSET, Struct, UnsetType, to_builtins

from arsync.web.desk.reader_locale import without_sums

TYPE = "application/problem+json"

REALM = "arsync"


class FieldMistake(Struct, frozen=True):
    """What is wrong with one field."""

    pointer: str
    """Where: a JSON Pointer into the body or the query, or the name of what stands elsewhere."""
    detail: str


class ProblemView(Struct, frozen=True):
    """Why nothing was done (RFC 9457)."""

    title: str
    status: int
    detail: str
    """What happened."""
    type: str = "about:blank"
    hint: str | UnsetType = UNSET
    """What to do; left out where there is nothing to say."""
    errors: tuple[FieldMistake, ...] | UnsetType = UNSET
    """Which fields, where it is about some."""
    number: str | UnsetType = UNSET
    """By which the log names a fault of ours."""


class FieldsRefused(Exception):
    """What was sent has fields that are not right."""

    def __init__(self, *mistakes: FieldMistake) -> None:
        """Keep which."""
        super().__init__(mistakes)
        self.mistakes = mistakes


class NoToken(Exception):
    """No token that holds came with the request."""

    def __init__(self, *, sent: bool) -> None:
        """Keep whether one came that does not hold."""
        super().__init__(sent)
        self.sent = sent


def problem(
    status: int,
    text: str,
    *,
    errors: Sequence[FieldMistake] = (),
    number: str = "",
    retry_after: float | None = None,
) -> Response:
    """Return a problem.

    Args:
        status: of HTTP.
        text: what happened; lines that begin with `hint:` say what to do.
        errors: which fields.
        number: of the log.
        retry_after: seconds after which the same request makes sense.
    """
    if not g.get("sees_amounts", True):
        text = without_sums(text)
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    hints = [line.removeprefix("hint: ") for line in lines if line.startswith("hint: ")]
    view = ProblemView(
        HTTPStatus(status).phrase,
        status,
        "\n".join(line for line in lines if not line.startswith("hint: ")),
        hint="\n".join(hints) or UNSET,
        errors=tuple(errors) or UNSET,
        number=number or UNSET,
    )
    text = json.dumps(to_builtins(view), ensure_ascii=False)
    response = Response(text, status, mimetype=TYPE)
    if retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(retry_after)))
    return response


def no_token(error: NoToken) -> Response:
    """Return that a token is missing, or holds no more."""
    if error.sent:
        words = "This token does not hold: it was revoked, it is over, or it never was one."
        how = f'Bearer realm="{REALM}", error="invalid_token"'
    else:
        words, how = "No token came with the request.", f'Bearer realm="{REALM}"'
    response = problem(
        401,
        f"{words}\nhint: make one on your own page of the desk (/me) and send it as"
        " `Authorization: Bearer arsync_...`",
    )
    response.headers["WWW-Authenticate"] = how
    return response


def fields_refused(error: FieldsRefused) -> Response:
    """Return which fields are not right."""
    words = "; ".join(f"{mistake.pointer}: {mistake.detail}" for mistake in error.mistakes)
    return problem(422, f"What was sent is not right: {words}", errors=error.mistakes)
