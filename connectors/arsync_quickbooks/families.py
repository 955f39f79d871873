"""Holds and terms of a family: the parent's change, made on each invoiced child as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

from msgspec.structs import replace

from arsync.connector_sdk import SAVED_CHILDREN, SAVED_TERMS, Receipt, Write
from arsync.core.actions import Action, RestoreTermsPayload
from arsync.errors import Rejected


class CustomerChange(Protocol):
    """A change of one customer."""

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Read what the change will alter or be recognised by."""
        ...

    def perform(self, write: Write) -> Receipt:
        """Make the change if it is not made yet."""
        ...

    def find(self, write: Write) -> Receipt | None:
        """Look whether the change is made."""
        ...


class Family:
    """A change of the parent and of its children."""

    def __init__(self, change: CustomerChange, *, ends: bool = False) -> None:
        """Wrap the change of one customer.

        Args:
            change: of one customer.
            ends: True for what gives something back: then each child matters as the parent does.
        """
        self._change = change
        self._ends = ends

    def prepare(self, action: Action) -> Mapping[str, str]:
        """Keep what stands at the parent, and at each child."""
        before = dict(self._change.prepare(action))
        children = {
            id_: dict(self._change.prepare(_about(action, id_)))
            for id_ in dict.fromkeys(action.payload.covered_contact_ids)
            if id_ != action.contact_id
        }
        return {**before, SAVED_CHILDREN: json.dumps(children)} if children else before

    def perform(self, write: Write) -> Receipt:
        """Change the parent, then each child.

        Raises:
            Rejected: the parent's change is refused, or a child's where something is given back.
        """
        receipt = self._change.perform(write)
        details = [receipt.detail]
        for child in writes_of_children(write):
            try:
                self._change.perform(child)
            except Rejected as refused:
                # The hold stands at the parent: without this child it is still a hold.
                if self._ends:
                    raise
                details.append(str(refused))
        return Receipt(receipt.reference, "; ".join(details))

    def find(self, write: Write) -> Receipt | None:
        """Look at the parent; the notes on the children, written last, tell of the rest."""
        return self._change.find(write)


def writes_of_children(write: Write) -> list[Write]:
    """Return the write as it is for each child of which `prepare` kept what stood there."""
    payload = write.action.payload
    kept = _read(write.before.get(SAVED_CHILDREN, ""))
    if not isinstance(payload, RestoreTermsPayload):
        return [
            write._replace(action=_about(write.action, id_), before={**write.before, **before})
            for id_, before in kept.items()
        ]
    # Only what was changed is given back, and only to what stood there.
    changed = _read(payload.saved_of_children)
    return [
        write._replace(
            action=_about(
                replace(write.action, payload=replace(payload, saved=changed[id_][SAVED_TERMS])),
                id_,
            ),
            before={**write.before, **before},
        )
        for id_, before in kept.items()
        if SAVED_TERMS in changed.get(id_, {})
    ]


def _about(action: Action, contact_id: str) -> Action:
    return replace(action, contact_id=contact_id, contact_name=contact_id)


def _read(text: str) -> dict[str, dict[str, str]]:
    try:
        kept = json.loads(text)
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) else {}
