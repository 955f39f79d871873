"""Writes of several elements: one refused element refuses all, or only itself on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from flask import Response, g, request

from .api import XeroApi, took_effect
from .errors import Invalid, marked, validation
from .forms import Json


class Batch:
    """One call's elements, so that two of them cannot claim the same number or name."""

    def __init__(self, *, creates_only: bool, path_id: str = "") -> None:
        self.creates_only = creates_only
        self.path_id = path_id
        self.client_id: str = g.client_id
        self.places = 4 if request.args.get("unitdp") == "4" else 2
        self._claimed: set[tuple[str, str]] = set()

    def claim(self, kind: str, name: str, message: str) -> None:
        """Take a name that must be unique.

        Raises:
            Invalid: another element of this call has it.
        """
        if (kind, name) in self._claimed:
            raise Invalid(message)
        self._claimed.add((kind, name))

    def release(self) -> None:
        """Forget the claims of elements that are written by now."""
        self._claimed.clear()


Commit = Callable[[], Json]
"""Writes one element that was found valid and returns its form."""


class BatchWriter(NamedTuple):
    """How elements of one kind are written."""

    key: str
    prepare: Callable[[Json, Batch], Commit]
    error_flag: str = "HasErrors"


def run_batch(api: XeroApi, writer: BatchWriter, batch: Batch) -> Response:
    """Write the elements of the body.

    Raises:
        Refused: 400 with the elements that are invalid, unless `summarizeErrors=false`.
    """
    elements = api.elements(writer.key)
    if request.args.get("summarizeErrors", "").lower() == "false":
        rows = [_attempt(writer, element, batch) for element in elements]
        return api.answer(writer.key, rows)
    commits: list[Commit] = []
    refused: list[Json] = []
    for element in elements:
        try:
            commits.append(writer.prepare(element, batch))
        except Invalid as error:
            refused.append(marked(element, error))
    if refused:
        raise validation(refused)
    took_effect()
    return api.answer(writer.key, [commit() for commit in commits])


def _attempt(writer: BatchWriter, element: Json, batch: Batch) -> Json:
    try:
        commit = writer.prepare(element, batch)
    except Invalid as error:
        flags: dict[str, Any] = {"StatusAttributeString": "ERROR", writer.error_flag: True}
        return {**marked(element, error), **flags}
    took_effect()
    batch.release()
    return {**commit(), "StatusAttributeString": "OK"}
