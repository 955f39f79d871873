"""Actions and their payloads."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, get_args

from msgspec import convert

from arsync.core.actions import ActionKind, Payload

PAYLOAD_TYPES = {payload.kind: payload for payload in get_args(Payload)}

_NEEDED: dict[ActionKind, dict[str, Any]] = {
    ActionKind.PROMISE: {"promised_on": date(2026, 12, 1)},
    ActionKind.LATE_FEE: {"amount": Decimal("12.50"), "currency": "GBP"},
    ActionKind.UNDO: {
        "undoes": "0" * 32,
        "generation": 1,
        "undone_kind": ActionKind.CREDIT_HOLD,
        "who": "Jane",
    },
}


def a_payload(kind: ActionKind, **fields: Any) -> Payload:
    """Return a payload of a kind; what it cannot do without has a default, a text is read."""
    payload: Payload = convert(
        {**_NEEDED.get(kind, {}), **fields}, PAYLOAD_TYPES[kind], strict=False
    )
    return payload
