"""Signed tokens: RS256, with a key set at which clients check them, as both platforms have it."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from flask import Response

KEY_BITS, PUBLIC_EXPONENT = 2048, 65537
KEY_ID = "sandbox-1"


@cache
def _key() -> rsa.RSAPrivateKey:
    # One for each process, made when the first token is signed: it guards nothing real, and tests
    # start hundreds of sandboxes.
    return rsa.generate_private_key(public_exponent=PUBLIC_EXPONENT, key_size=KEY_BITS)


def signed_token(claims: dict[str, Any]) -> str:
    """Return claims as a JWT that `key_set` proves."""
    return jwt.encode(claims, _key(), algorithm="RS256", headers={"kid": KEY_ID})


def key_set() -> Response:
    """Return the public key as a JWKS document."""
    row = jwt.algorithms.RSAAlgorithm.to_jwk(_key().public_key(), as_dict=True)
    keys = {"keys": [{**row, "kid": KEY_ID, "use": "sig", "alg": "RS256"}]}
    return Response(json.dumps(keys), content_type="application/json")


def base64url(data: bytes) -> str:
    """Return bytes as JWT and PKCE write them."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
