"""Signed webhooks, by Standard Webhooks 1.0 (https://www.standardwebhooks.com).

What is signed is `id.timestamp.body`, with HMAC-SHA256; the receiver drops what it has had, by id,
and what is old, by timestamp.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

from arsync.errors import UserMistake

SECRET_PREFIX = "whsec_"  # noqa: S105 - how a secret in base64 begins


def signed_headers(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Return the headers by which a receiver knows that a message is ours.

    Args:
        secret: `whsec_` and base64, or any other text.
        message_id: the same for each try of a message.
        at: when it is sent.
        body: as it is sent.

    Raises:
        UserMistake: the secret is not what it says.
    """
    seconds = str(int(at.timestamp()))
    signed = b".".join((message_id.encode(), seconds.encode(), body))
    digest = hmac.new(_key(secret), signed, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }


def _key(secret: str) -> bytes:
    if not secret.startswith(SECRET_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except binascii.Error:
        raise UserMistake(
            "[alerts] secret begins with whsec_, and is no base64 after it."
        ) from None
