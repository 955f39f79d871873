"""A small OpenID Connect provider over real HTTP, which signs with RS256 and checks PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

CLIENT_ID, CLIENT_SECRET = "arsync-desk", "provider-secret"


@dataclass
class OidcProvider:
    """Lets in whoever `claims` says; tests change what it answers."""

    now: float
    """The moment that its tokens are of, in seconds since 1970."""
    claims: dict[str, Any] = field(default_factory=dict)
    """Of the person who stands at its page; they override everything."""
    header: dict[str, Any] = field(default_factory=dict)
    signs_with: RSAKey | OctKey | None = None
    """Another key than it publishes."""
    refuses: bool = False
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
        self._codes: dict[str, dict[str, str]] = {}
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.answer(self)

            def do_POST(self) -> None:
                provider.answer(self)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        address = urlsplit(request.path)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.calls.append(address.path)
        if address.path == "/.well-known/openid-configuration":
            return _send(request, 200, self._configuration())
        if address.path == "/keys":
            return _send(request, 200, {"keys": [self.key.as_dict(private=False)]})
        if address.path == "/authorize":
            return self._authorize(request, query)
        if address.path == "/token":
            length = int(request.headers.get("Content-Length", 0))
            body = parse_qs(request.rfile.read(length).decode())
            return self._token(request, {name: values[0] for name, values in body.items()})
        return _send(request, 404, {"error": "not found"})

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
        }

    def _authorize(self, request: BaseHTTPRequestHandler, query: dict[str, str]) -> None:
        assert query["response_type"] == "code"
        assert query["client_id"] == CLIENT_ID
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self._codes[code] = query
        answer = {"error": "access_denied"} if self.refuses else {"code": code}
        request.send_response(302)
        back = urlencode(answer | {"state": query["state"]})
        request.send_header("Location", f"{query['redirect_uri']}?{back}")
        request.send_header("Content-Length", "0")
        request.end_headers()

    def _token(self, request: BaseHTTPRequestHandler, body: dict[str, str]) -> None:
        known = self._codes.pop(body.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        digest = hashlib.sha256(body.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            known is None
            or request.headers.get("Authorization") != f"Basic {basic}"
            or known["code_challenge"] != challenge
            or known["redirect_uri"] != body.get("redirect_uri")
        ):
            return _send(request, 400, {"error": "invalid_grant"})
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": "subject-1",
            "iat": int(self.now),
            "exp": int(self.now) + 300,
            "nonce": known["nonce"],
        } | self.claims
        header = {"alg": "RS256", "kid": "k1"} | self.header
        key = self.signs_with or self.key
        token = jwt.encode(header, claims, key, algorithms=[header["alg"]])
        return _send(
            request,
            200,
            {"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": token},
        )


def _send(request: BaseHTTPRequestHandler, status: int, value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)
