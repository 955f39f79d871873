"""Signed webhooks: as the specification's examples, so that any receiver's library takes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arsync.errors import UserMistake
from arsync.http.signed_webhooks import signed_headers


@pytest.mark.parametrize(
    ("secret", "message_id", "seconds", "body", "signature"),
    [
        # Published with Standard Webhooks, and with the library it came from.
        (
            "whsec_plJ3nmyCDGBKInavdOK15jsl",
            "msg_loFOjxBNrRLzqYUf",
            1731705121,
            b'{"event_type":"ping","data":{"success":true}}',
            "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=",
        ),
        (
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1614265330,
            b'{"test": 2432232314}',
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        ),
    ],
)
def test_a_signature_is_that_of_the_specification(
    secret: str, message_id: str, seconds: int, body: bytes, signature: str
) -> None:
    headers = signed_headers(secret, message_id, datetime.fromtimestamp(seconds, UTC), body)
    assert headers["webhook-signature"] == signature
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == (message_id, str(seconds))


def test_any_text_but_broken_base64_is_a_secret() -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    plain = signed_headers("a secret", "id", at, b"{}")["webhook-signature"]
    assert plain != signed_headers("another", "id", at, b"{}")["webhook-signature"]
    with pytest.raises(UserMistake, match="no base64"):
        signed_headers("whsec_???", "id", at, b"{}")
