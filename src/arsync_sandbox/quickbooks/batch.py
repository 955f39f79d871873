"""Many requests in one: served one after the other, each with its own answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.entities import ENTITIES
from arsync_sandbox.quickbooks.wire import Doc

ITEMS_MAX = 30
"""The largest batch."""

KEY_WITH_REQUESTID_MAX = 10
"""The longest bId when the batch has a requestid, in characters."""

REQUESTID_IN_BATCH_MAX = 36
"""The longest requestid of a batch, in characters."""

OPERATIONS = frozenset({"create", "update", "delete", "void", "send"})


def run_batch(
    body: Any,
    request_id: str,
    write: Callable[[str, Any, str, str], Doc],
    read: Callable[[str, Doc], tuple[str, bytes]],
) -> list[Doc]:
    """Answer every item of a batch.

    Args:
        body: the decoded request.
        request_id: the batch's requestid, or nothing.
        write: carries out one write: kind, document, operation, options.
        read: answers a `Query` or `CDCQuery` item: its key and JSON.

    Raises:
        Refusal: when the batch as a whole cannot be served.
    """
    requests = body.get("BatchItemRequest") if isinstance(body, dict) else None
    if not isinstance(requests, list) or not all(isinstance(entry, dict) for entry in requests):
        raise faults.missing("BatchItemRequest")
    if len(requests) > ITEMS_MAX:
        raise faults.Refusal(
            "1040",
            "Batch size limit exceeded",
            f"The batch has {len(requests)} items; {ITEMS_MAX} is the maximum",
        )
    if request_id:
        _check_keys(requests, request_id)
    # Items cannot see what earlier ones did, so all reads come before all writes.
    answers = [_read(entry, read) for entry in requests]
    for place, entry in enumerate(requests):
        if answers[place] is None:
            answers[place] = _write(entry, write)
    return [
        {**(answer or {}), **({"bId": entry["bId"]} if "bId" in entry else {})}
        for answer, entry in zip(answers, requests, strict=True)
    ]


def _check_keys(items: list[Doc], request_id: str) -> None:
    if len(request_id) > REQUESTID_IN_BATCH_MAX:
        raise faults.too_long("requestid", REQUESTID_IN_BATCH_MAX, len(request_id))
    for entry in items:
        key = str(entry.get("bId", ""))
        if len(key) > KEY_WITH_REQUESTID_MAX:
            raise faults.too_long("bId", KEY_WITH_REQUESTID_MAX, len(key))


def _read(item: Doc, read: Callable[[str, Doc], tuple[str, bytes]]) -> Doc | None:
    for kind in ("Query", "CDCQuery"):
        if kind in item:
            try:
                key, raw = read(kind, item)
            except faults.Refusal as refusal:
                return {"Fault": refusal.fault()}
            return {key: msgspec.Raw(raw)}
    return None


def _write(item: Doc, write: Callable[[str, Any, str, str], Doc]) -> Doc:
    operation = str(item.get("operation", ""))
    try:
        unknown = set(item) - set(ENTITIES) - {"bId", "operation", "optionsData"}
        if unknown:
            raise faults.unknown_property(min(unknown), "BatchItemRequest")
        names = [name for name in item if name in ENTITIES]
        if len(names) != 1:
            raise faults.missing("IntuitObject")
        if operation not in OPERATIONS:
            raise faults.unsupported(f"Operation {operation} is not supported in a batch")
        options = str(item.get("optionsData") or "")
        include = options.removeprefix("include=")
        return {names[0]: write(names[0], item[names[0]], operation, include)}
    except faults.Refusal as refusal:
        return {"Fault": refusal.fault()}
