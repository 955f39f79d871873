"""OAuth 2 as both platforms share it; each Book gives its rules and its own additions.

A Book subclasses `OAuth`, overrides the hooks it needs, and routes its paths to `authorise`,
`token` and `revoke`. Every call to its API is checked by `check`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import unquote_plus, urlencode, urlsplit

from flask import Response, g, redirect, request

from .consent import consent_page, problem_page
from .grants import (
    CLIENTS,
    CONFIDENTIAL,
    CUSTOM,
    CUSTOM_CLIENT,
    PKCE,
    PKCE_CLIENT,
    WEB_CLIENT,
    BadToken,
    OAuthClient,
    OAuthGrant,
    OAuthRules,
)
from .platform import Frame, SandboxOrganisation
from .signing import base64url, signed_token

__all__ = [
    "CLIENTS",
    "CONFIDENTIAL",
    "CUSTOM",
    "CUSTOM_CLIENT",
    "PKCE",
    "PKCE_CLIENT",
    "WEB_CLIENT",
    "BadToken",
    "OAuth",
    "OAuthClient",
    "OAuthGrant",
    "OAuthRules",
    "signed_token",
]

CODE_SECONDS = 300
"""How long an authorisation code can be exchanged."""

GRANTS_MAX = 10_000
"""How many authorisations one platform remembers; the oldest are forgotten first."""

TOKENS_MAX = 50_000
"""How many access and how many refresh tokens are remembered; the oldest are forgotten first."""

VERIFIER_LENGTHS = range(43, 129)
"""How long a PKCE code verifier may be, in characters."""


@dataclass(eq=False)
class _Code:
    grant: OAuthGrant
    redirect_uri: str
    challenge: str
    expires_at: datetime


@dataclass(eq=False)
class _Access:
    grant: OAuthGrant
    expires_at: datetime


@dataclass(eq=False)
class _Refresh:
    grant: OAuthGrant
    born_at: datetime
    expires_at: datetime
    replaced_at: datetime | None = None


class _Refused(Exception):
    """The token endpoint refuses; OAuth names the error."""

    def __init__(self, error: str, description: str = "", status: int = 400) -> None:
        super().__init__(error)
        self.error, self.description, self.status = error, description, status


ACCESS_PREFIX, REFRESH_PREFIX, CODE_PREFIX = "sandbox-access-", "sandbox-refresh-", "sandbox-code-"
"""Each token says what it is, so tests can search logs and files for it."""


class OAuth:
    """The authorisation server of one platform."""

    grants_max = GRANTS_MAX
    tokens_max = TOKENS_MAX

    def __init__(
        self, frame: Frame, rules: OAuthRules, clients: tuple[OAuthClient, ...] = CLIENTS
    ) -> None:
        self.frame = frame
        self.rules = rules
        self.clients = {row.id: row for row in clients if row.kind in rules.client_kinds}
        self.grants: dict[str, OAuthGrant] = {}
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, _Access] = {}
        self._refresh: dict[str, _Refresh] = {}

    # What a Book adds.

    def organisations(self) -> list[SandboxOrganisation]:
        """Return the organisations that a person can choose from, with the platform's ids."""
        raise NotImplementedError

    def callback_parameters(self, grant: OAuthGrant) -> dict[str, str]:
        """Return what else the redirect carries besides code and state (QuickBooks: realmId)."""
        del grant
        return {}

    def new_access_token(self, grant: OAuthGrant, expires_at: datetime) -> str:
        """Return a fresh access token; a platform with readable tokens makes its own."""
        del grant, expires_at
        return f"{ACCESS_PREFIX}{secrets.token_urlsafe(32)}"

    def token_answer(self, grant: OAuthGrant, answer: dict[str, Any]) -> dict[str, Any]:
        """Return the token endpoint's answer with the platform's own additions."""
        del grant
        return answer

    def granted(self, grant: OAuthGrant) -> None:
        """Take note of a new authorisation."""

    def was_revoked(self, grant: OAuthGrant) -> None:
        """Take note that an authorisation has ended."""

    # The endpoints.

    def authorise(self) -> Response:
        """Answer the authorise endpoint, GET and POST: consent page, or the redirect back."""
        client = self.clients.get(request.args.get("client_id", ""))
        uri = request.args.get("redirect_uri", "")
        if client is None or client.kind == CUSTOM:
            return self._problem("unauthorized_client", "Unknown client or client not enabled")
        if not self._may_redirect(uri):
            return self._problem("invalid_request", f"Invalid redirect_uri: {uri}")
        error = self._request_error(client)
        if error:
            return self._back(uri, {"error": error})
        decision = self._decision()
        if decision == "refuse":
            return self._back(uri, {"error": "access_denied"})
        if decision != "allow":
            return self._ask(client)
        return self._allow(client, uri)

    def token(self) -> Response:
        """Answer the token endpoint."""
        try:
            answer = self._token()
        except _Refused as refused:
            body = {"error": refused.error}
            if refused.description:
                body["error_description"] = refused.description
            return _json(body, refused.status)
        g.took_effect = True
        return _json(answer)

    def revoke(self) -> Response:
        """Answer the revocation endpoint, with the token in a form or in JSON."""
        try:
            self._authenticate()
        except _Refused as refused:
            return _json({"error": refused.error}, refused.status)
        fields = request.get_json(silent=True) if request.is_json else request.form
        value = (fields or {}).get("token", "")
        holder = self._refresh.get(value) or self._access.get(value)
        if holder is None:
            if self.rules.unknown_token_status == 200:
                return Response(status=200)
            return _json({"error": "invalid_token"}, self.rules.unknown_token_status)
        g.took_effect = True
        self.end(holder.grant)
        return Response(status=200)

    def check(self, authorization: str | None) -> OAuthGrant:
        """Return the authorisation behind an API call's `Authorization` header.

        Raises:
            BadToken: there is none, or it has ended.
        """
        kind, _, value = (authorization or "").partition(" ")
        if kind.lower() != "bearer" or not value:
            raise BadToken("missing")
        token = self._access.get(value.strip())
        if token is None:
            raise BadToken("unknown")
        if token.grant.revoked:
            raise BadToken("revoked")
        if token.expires_at <= self.frame.now():
            raise BadToken("expired", token.expires_at)
        return token.grant

    def end(self, grant: OAuthGrant) -> None:
        """Withdraw an authorisation: none of its tokens works any more."""
        if not grant.revoked:
            grant.revoked = True
            self.was_revoked(grant)

    def end_of(self, organisation_id: str) -> None:
        """Withdraw the authorisations of one organisation, as its owner does by disconnecting."""
        for grant in list(self.grants.values()):
            if organisation_id in grant.organisation_ids:
                self.end(grant)

    # Authorise.

    def _may_redirect(self, uri: str) -> bool:
        address = urlsplit(uri)
        if address.fragment or not address.hostname:
            return False
        return address.scheme == "https" or (
            address.scheme == "http" and address.hostname in self.rules.http_redirect_hosts
        )

    def _request_error(self, client: OAuthClient) -> str:
        if request.args.get("response_type") != "code":
            return "unsupported_response_type"
        scopes = _words(request.args.get("scope", ""))
        if not scopes or (self.rules.scopes and not set(scopes) <= self.rules.scopes):
            return "invalid_scope"
        if self.rules.pkce:
            challenge = request.args.get("code_challenge", "")
            method = request.args.get("code_challenge_method", "plain" if challenge else "")
            if (client.kind == PKCE and not challenge) or method not in {"", "S256"}:
                return "invalid_request"
        return ""

    def _decision(self) -> str:
        if request.method == "POST":
            return request.form.get("decision", "refuse")
        return (
            request.headers.get("X-Sandbox-Consent")
            or request.args.get("sandbox_consent")
            or str(self.frame.setting("consent"))
        )

    def _ask(self, client: OAuthClient) -> Response:
        page = consent_page(
            self.rules.platform,
            client.name,
            self.organisations(),
            _words(request.args.get("scope", "")),
            only_one=self.rules.only_one_organisation,
        )
        return Response(page, content_type="text/html; charset=utf-8")

    def _allow(self, client: OAuthClient, uri: str) -> Response:
        chosen = [row.id for row in self.organisations() if self._ticked(row)]
        if self.rules.only_one_organisation:
            chosen = chosen[:1]
        if not chosen:
            return self._back(uri, {"error": "access_denied"})
        grant = self._new_grant(client, _words(request.args.get("scope", "")), tuple(chosen))
        code = f"{CODE_PREFIX}{secrets.token_urlsafe(24)}"
        self._codes[code] = _Code(
            grant,
            uri,
            request.args.get("code_challenge", "") if self.rules.pkce else "",
            self.frame.now() + timedelta(seconds=CODE_SECONDS),
        )
        _forget_oldest(self._codes, self.grants_max)
        g.took_effect = True
        return self._back(uri, {"code": code} | self.callback_parameters(grant))

    def _ticked(self, organisation: SandboxOrganisation) -> bool:
        """Whether a person, or what stands in for one, lets the app into an organisation."""
        if request.method == "POST":
            return organisation.id in request.form.getlist("organisation")
        wanted = request.args.get("sandbox_organisation") or str(
            self.frame.setting("consent_organisations")
        )
        names = [name.strip() for name in wanted.split(",") if name.strip()]
        return not names or bool({organisation.id, organisation.name} & set(names))

    def _new_grant(
        self, client: OAuthClient, scopes: tuple[str, ...], organisation_ids: tuple[str, ...]
    ) -> OAuthGrant:
        grant = OAuthGrant(client, scopes, organisation_ids, self.frame.now())
        grant.nonce = request.args.get("nonce", "")
        self.grants[grant.id] = grant
        _forget_oldest(self.grants, self.grants_max)
        self.granted(grant)
        return grant

    def _back(self, uri: str, parameters: dict[str, str]) -> Response:
        if "state" in request.args:
            parameters["state"] = request.args["state"]
        glue = "&" if urlsplit(uri).query else "?"
        answer: Any = redirect(f"{uri}{glue}{urlencode(parameters)}", 302)
        assert isinstance(answer, Response)
        return answer

    def _problem(self, code: str, detail: str) -> Response:
        page = problem_page(self.rules.platform, code, detail)
        return Response(page, 400, content_type="text/html; charset=utf-8")

    # Token.

    def _authenticate(self) -> OAuthClient:
        client_id, secret = _basic_credentials(request.headers.get("Authorization", ""))
        client_id = client_id or request.form.get("client_id", "")
        secret = secret or request.form.get("client_secret", "")
        client = self.clients.get(client_id)
        # Public clients have an empty secret, so one comparison serves both kinds.
        if client is None or not hmac.compare_digest(client.secret.encode(), secret.encode()):
            raise _Refused("invalid_client", status=self.rules.invalid_client_status)
        return client

    def _token(self) -> dict[str, Any]:
        client = self._authenticate()
        match request.form.get("grant_type"):
            case "authorization_code":
                return self._tokens(self._exchange_code(client), first=True)
            case "refresh_token":
                return self._exchange_refresh(client)
            case "client_credentials" if client.kind == CUSTOM:
                organisation_ids = [row.id for row in self.organisations()]
                scopes = _words(request.form.get("scope", "")) or tuple(sorted(self.rules.scopes))
                return self._access_only(
                    self._new_grant(client, scopes, tuple(organisation_ids[:1]))
                )
            case "client_credentials":
                raise _Refused("unauthorized_client")
            case _:
                raise _Refused("unsupported_grant_type")

    def _exchange_code(self, client: OAuthClient) -> OAuthGrant:
        # A code is used up by the attempt, right or wrong: a stolen one cannot be guessed around.
        code = self._codes.pop(request.form.get("code", ""), None)
        if (
            code is None
            or code.grant.client.id != client.id
            or code.grant.revoked
            or code.expires_at <= self.frame.now()
            or code.redirect_uri != request.form.get("redirect_uri", "")
            or not _verified(code.challenge, request.form.get("code_verifier", ""))
        ):
            raise _Refused("invalid_grant")
        return code.grant

    def _exchange_refresh(self, client: OAuthClient) -> dict[str, Any]:
        now = self.frame.now()
        value = request.form.get("refresh_token", "")
        token = self._refresh.get(value)
        grace = timedelta(seconds=self.rules.refresh_grace_seconds)
        if (
            token is None
            or token.grant.client.id != client.id
            or token.grant.revoked
            or token.expires_at <= now
            or (token.replaced_at is not None and token.replaced_at + grace <= now)
        ):
            raise _Refused("invalid_grant", "Incorrect or invalid refresh token")
        # QuickBooks changes the value only once a day, and gives the same one again until then.
        same = timedelta(seconds=self.rules.refresh_same_value_seconds)
        if token.replaced_at is None and now - token.born_at < same:
            token.expires_at = self._refresh_until(token.grant)
            return self._access_only(token.grant, refresh=value)
        # From its first replacement: a client that keeps using the old one must not keep it alive.
        token.replaced_at = token.replaced_at or now
        return self._tokens(token.grant)

    def _refresh_until(self, grant: OAuthGrant) -> datetime:
        until = self.frame.now() + timedelta(days=self.rules.refresh_token_days)
        if self.rules.refresh_hard_days is None:
            return until
        return min(until, grant.at + timedelta(days=self.rules.refresh_hard_days))

    def _tokens(self, grant: OAuthGrant, *, first: bool = False) -> dict[str, Any]:
        needed = self.rules.offline_scope
        if first and needed and needed not in grant.scopes:
            return self._access_only(grant)
        value = f"{REFRESH_PREFIX}{secrets.token_urlsafe(32)}"
        self._refresh[value] = _Refresh(grant, self.frame.now(), self._refresh_until(grant))
        _forget_oldest(self._refresh, self.tokens_max)
        return self._access_only(grant, refresh=value)

    def _access_only(self, grant: OAuthGrant, refresh: str = "") -> dict[str, Any]:
        seconds = self.rules.access_token_seconds
        expires_at = self.frame.now() + timedelta(seconds=seconds)
        access = self.new_access_token(grant, expires_at)
        self._access[access] = _Access(grant, expires_at)
        _forget_oldest(self._access, self.tokens_max)
        answer: dict[str, Any] = {
            "access_token": access,
            "expires_in": seconds,
            "token_type": "Bearer",
        }
        if refresh:
            answer["refresh_token"] = refresh
        return self.token_answer(grant, answer)

    def refresh_seconds_left(self, value: str) -> tuple[int, int | None]:
        """Return how long a refresh token lives if unused, and its hard end where there is one."""
        token = self._refresh[value]
        now = self.frame.now()
        hard = None
        if self.rules.refresh_hard_days is not None:
            end = token.grant.at + timedelta(days=self.rules.refresh_hard_days)
            hard = int((end - now).total_seconds())
        return int((token.expires_at - now).total_seconds()), hard


def _verified(challenge: str, verifier: str) -> bool:
    if not challenge:
        return True
    if len(verifier) not in VERIFIER_LENGTHS:
        return False
    digest = hashlib.sha256(verifier.encode()).digest()
    return hmac.compare_digest(base64url(digest), challenge)


def _basic_credentials(header: str) -> tuple[str, str]:
    kind, _, value = header.partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return unquote_plus(user), unquote_plus(password)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _forget_oldest(table: dict[str, Any], length_max: int) -> None:
    while len(table) > length_max:
        del table[next(iter(table))]


def _json(body: dict[str, Any], status: int = 200) -> Response:
    answer = Response(json.dumps(body), status, content_type="application/json")
    answer.headers["Cache-Control"] = "no-store"
    return answer
