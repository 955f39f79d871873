"""Actions as JSON, for keeping: everything comes back equal, decimals and days too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from arsync.core.actions import Action, ActionKind, Because, InvoiceRef, Via


def action_json(action: Action) -> str:
    """Return an action as JSON."""
    because = action.because
    tree = {
        "kind": action.kind.value,
        "connection": action.connection,
        "contact_id": action.contact_id,
        "contact_name": action.contact_name,
        "because": [because.file, because.line, because.rule, dict(because.facts)],
        "invoices": [ref._asdict() for ref in action.invoices],
        "subject": action.subject,
        "episode": action.episode,
        "step": action.step,
        "via": action.via.value,
        "needs_approval": action.needs_approval,
        "not_before": action.not_before,
        "moment": action.moment,
        "note": action.note,
        "details": dict(action.details),
    }
    return json.dumps(tree, default=_tagged, ensure_ascii=False)


VIA_SMTP = f'"via": "{Via.SMTP.value}"'
"""Stands in an action's JSON only when it leaves by SMTP: quotes within texts are escaped."""


def action_from_json(text: str) -> Action:
    """Return the action that `action_json` wrote."""
    tree = json.loads(text, object_hook=_untagged, parse_float=Decimal)
    file, line, rule, facts = tree.pop("because")
    refs = tree.pop("invoices")
    return Action(
        **tree
        | {
            "kind": ActionKind(tree["kind"]),
            "via": Via(tree["via"]),
            "because": Because(file, line, rule, facts),
            "invoices": tuple(InvoiceRef(**ref) for ref in refs),
        }
    )


def _tagged(value: Any) -> Any:
    """Return what JSON cannot say as an object of one name that tells its type."""
    if isinstance(value, Decimal):
        return {"$decimal": str(value)}
    if isinstance(value, datetime):
        return {"$moment": value.isoformat()}
    if isinstance(value, date):
        return {"$date": value.isoformat()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    # Facts are shown, never computed with: their text will do.
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
