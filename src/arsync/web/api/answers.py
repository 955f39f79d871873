"""Answers as JSON: the views that `--json` prints, without sums for whoever may not see them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask import Response
from msgspec import to_builtins

from arsync.application.json_values import KEPT_AS_THEY_ARE, scalar_text
from arsync.web.desk.reader_locale import without_sums

_OPEN = frozenset({"facts", "details", "conditions"})
"""Fields whose inside differs from kind to kind: a number in them that is a text is a sum."""

_TEXT_SUMS = frozenset({"amount"})
"""Fields in which a sum is a text already."""

_NUMBER = re.compile(r"-?\d+(\.\d+)?")


def json_response(value: Any, status: int = 200, *, sees_amounts: bool = True) -> Response:
    """Return a value as an answer of the API."""
    return Response(as_json(value, sees_amounts=sees_amounts), status, mimetype="application/json")


def as_json(value: Any, *, sees_amounts: bool = True) -> str:
    """Return the JSON text of a value.

    Args:
        value: of frozen Structs.
        sees_amounts: without, every sum is null and every sum in a sentence is left out.
    """
    tree = to_builtins(value, builtin_types=KEPT_AS_THEY_ARE, enc_hook=_whole)
    if not sees_amounts:
        tree = _without_amounts(tree)
    return json.dumps(tree, ensure_ascii=False, default=scalar_text)


def _whole(unknown: Any) -> Any:
    if isinstance(unknown, (Sequence, Iterator)) and not isinstance(unknown, str):
        return list(unknown)
    return dict(unknown) if isinstance(unknown, Mapping) else str(unknown)


def _without_amounts(tree: Any, *, is_open: bool = False) -> Any:
    if isinstance(tree, Decimal):
        return None
    if isinstance(tree, str):
        return None if is_open and _NUMBER.fullmatch(tree) else without_sums(tree)
    if isinstance(tree, dict):
        return {
            name: None
            if name in _TEXT_SUMS and isinstance(value, str)
            else _without_amounts(value, is_open=is_open or name in _OPEN)
            for name, value in tree.items()
        }
    if isinstance(tree, (list, tuple)):
        return [_without_amounts(value, is_open=is_open) for value in tree]
    return tree
