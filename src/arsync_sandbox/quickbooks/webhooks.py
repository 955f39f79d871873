"""What an app is told of changes: both formats, signed over the raw body."""

from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from collections.abc import Iterable
from datetime import datetime

from arsync_sandbox.platform import Frame
from arsync_sandbox.quickbooks.ledger import EntityChange
from arsync_sandbox.quickbooks.wire import Doc, encode

URL_SETTING = "quickbooks_webhook_url"
TOKEN_SETTING = "quickbooks_webhook_token"  # noqa: S105 - the name of a switch
SIGNATURE_HEADER = "intuit-signature"

SILENT = frozenset({"Attachable", "CompanyInfo", "CustomerType"})
"""Kinds that no webhook speaks of."""

_VERBS = {
    "Create": "created",
    "Update": "updated",
    "Delete": "deleted",
    "Merge": "merged",
    "Void": "void",
    "Emailed": "emailed",
}


def signature(body: bytes, verifier_token: str) -> str:
    """Sign a body: base64 of its HMAC-SHA256 by the verifier token."""
    digest = hmac.new(verifier_token.encode(), body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


def legacy_body(realm: str, changes: Iterable[EntityChange], at: datetime) -> bytes:
    """Write changes in the older format."""
    updated_at = at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    entities = []
    for change in changes:
        entity = {
            "name": change.entity,
            "id": change.id,
            "operation": change.operation,
            "lastUpdated": updated_at,
        }
        if change.deleted_id:
            entity["deletedId"] = change.deleted_id
        entities.append(entity)
    notification = {"realmId": realm, "dataChangeEvent": {"entities": entities}}
    return encode({"eventNotifications": [notification]})


def cloud_events_body(realm: str, changes: Iterable[EntityChange], at: datetime) -> bytes:
    """Write changes as CloudEvents: a list, times in nanoseconds."""
    events: list[Doc] = []
    for change in changes:
        verb = _VERBS[change.operation]
        events.append(
            {
                "specversion": "1.0",
                "id": str(uuid.uuid4()),
                "source": "intuit.c2FuZGJveA==",
                "type": f"qbo.{change.entity.lower()}.{verb}.v1",
                "datacontenttype": "application/json",
                "time": f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond:06d}000Z",
                "intuitentityid": change.id,
                "intuitaccountid": realm,
                "data": {"deletedid": change.deleted_id} if change.deleted_id else {},
            }
        )
    return encode(events)


def tell(frame: Frame, realm: str, changes: Iterable[EntityChange]) -> None:
    """Queue deliveries of changes, in the format or formats that are switched on."""
    notified = [change for change in dict.fromkeys(changes) if change.entity not in SILENT]
    if not notified or not frame.setting(URL_SETTING):
        return
    format_ = frame.setting("quickbooks_webhook_format")
    bodies = []
    if format_ in {"legacy", "both"}:
        bodies.append(legacy_body(realm, notified, frame.now()))
    if format_ in {"cloudevents", "both"}:
        bodies.append(cloud_events_body(realm, notified, frame.now()))
    for body in bodies:
        signed = signature(body, frame.setting(TOKEN_SETTING))
        headers = {"Content-Type": "application/json", SIGNATURE_HEADER: signed}
        frame.notify(URL_SETTING, body, headers)
