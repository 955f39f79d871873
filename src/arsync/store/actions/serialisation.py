"""Actions as JSON, for storing: they are read back equal, decimals and days included.

An action stored by an earlier version has `details`, a dictionary of texts, in place of its
payload; it is read all the same, so a backup of any age keeps its history.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import convert, to_builtins

from arsync.core.actions import Action, ActionKind


def via_in_json(via: str = "") -> str:
    """Return what occurs in an action's JSON only when it leaves in this way.

    Quotes within texts are escaped, so that none of them looks like it.
    """
    return f'"via": "{via}"' if via else '"via": "'


ALERT_IN_JSON = '"is_alert": true'
"""What occurs in the JSON of an alert's task alone."""

_EXACT = (Decimal, datetime, date)

# msgspec learns a type when it first meets it, and ends the process if two threads let it do so at
# once. Here it learns the action and all its payloads before there are threads.
msgspec.json.Decoder(Action)


def encode_action(action: Action) -> str:
    """Return an action as JSON."""
    tree = to_builtins(action, builtin_types=_EXACT, enc_hook=str)
    return json.dumps(tree, default=_tagged, ensure_ascii=False)


def decode_action(text: str) -> Action:
    """Return the action that `encode_action` wrote, in this version or an earlier one."""
    # A number with a point, too, is a Decimal: as a float it would not come back equal.
    tree = json.loads(text, object_hook=_untagged, parse_float=Decimal)
    if "payload" not in tree:
        tree = _upgraded(tree)
    return convert(tree, Action)


def _tagged(value: Any) -> Any:
    """Return a value that JSON does not know as an object with one name, its type."""
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$moment": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    # Other facts are shown and never computed with, so their text is enough.
    return str(value)


def _untagged(tree: dict[str, Any]) -> Any:
    if len(tree) == 1:
        [(tag, value)] = tree.items()
        if tag == "$decimal":
            return Decimal(value)
        if tag == "$moment":
            return datetime.fromisoformat(value)
        if tag == "$date":
            return date.fromisoformat(value)
    return tree


# -- what earlier versions kept -------------------------------------------------------------------


def _upgraded(tree: dict[str, Any]) -> dict[str, Any]:
    """Return an action of an earlier version in today's form."""
    kind, details = ActionKind(tree.pop("kind")), tree.pop("details", {})
    file, line, rule, facts = tree["because"]
    return tree | {
        "because": {"file": file, "line": line, "rule": rule, "facts": facts},
        "batch_id": tree.pop("moment", ""),
        "payload": {"kind": kind.value, **_PAYLOAD_OF.get(kind, _same)(details)},
    }


Details = Mapping[str, str]


def _same(details: Details) -> dict[str, Any]:
    return dict(details)


def _ids(details: Details) -> list[str]:
    children = (child.strip() for child in details.get("children", "").split(","))
    return [child for child in children if child]


def _hold(details: Details) -> dict[str, Any]:
    reasons = [reason for reason in details.get("reasons", "").split("; ") if reason]
    return {"reasons": reasons, "children": _ids(details)}


def _lift(details: Details) -> dict[str, Any]:
    return {"held_since": details.get("held_since") or None, "children": _ids(details)}


def _promise(details: Details) -> dict[str, Any]:
    return {"promised_on": details["promised_on"], "amount": details.get("amount") or None}


def _dispute(details: Details) -> dict[str, Any]:
    return {"reason": details.get("reason", ""), "settled_on": details.get("settled") or None}


def _undo(details: Details) -> dict[str, Any]:
    # Of a customer who was forgotten nothing but the fact is left.
    promise = details.get("promise", "")
    return {
        "undoes": details.get("undoes", ""),
        "generation": int(details.get("generation", 0)),
        "undone_kind": details.get("kind", ActionKind.NOTE.value),
        "who": details.get("who", ""),
        "promise_id": int(promise) if promise else None,
    }


_PAYLOAD_OF: Mapping[ActionKind, Callable[[Details], dict[str, Any]]] = {
    ActionKind.CREDIT_HOLD: _hold,
    ActionKind.LIFT_CREDIT_HOLD: _lift,
    ActionKind.PROMISE: _promise,
    ActionKind.DISPUTE: _dispute,
    ActionKind.UNDO: _undo,
}
