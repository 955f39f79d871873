"""Xero's OAuth 2: readable tokens, connections to tenants, and the app's scopes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, g, request

from arsync_sandbox.oauth import CUSTOM, BadToken, OAuth, OAuthGrant, OAuthRules, signed_token
from arsync_sandbox.platform import Frame, SandboxOrganisation

from . import wire
from .errors import forbidden, not_found, unauthorised
from .scopes import KNOWN

RULES = OAuthRules(
    platform="Xero",
    access_token_seconds=30 * 60,
    refresh_token_days=60,
    refresh_grace_seconds=30 * 60,
    offline_scope="offline_access",
    scopes=KNOWN,
)

ID_TOKEN_SECONDS = 300
"""How long an id_token is valid."""


@dataclass
class Connection:
    """An organisation that a person has connected to an app."""

    id: str
    client_id: str
    tenant_id: str
    event_id: str
    created: datetime
    updated: datetime


class XeroAuth(OAuth):
    """The authorisation server, with the connections that its consents made."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame, RULES)
        self.tenants: list[SandboxOrganisation] = []
        """Every organisation that a person can choose; each Book adds its own."""
        self.connections: dict[str, Connection] = {}
        self._user_id = wire.mapped_guid("user", "sandbox")

    def organisations(self) -> list[SandboxOrganisation]:
        """The tenants that a person can choose."""
        return self.tenants

    def new_access_token(self, grant: OAuthGrant, expires_at: datetime) -> str:
        """A JWT with the claims that Xero's have."""
        claims = {
            "nbf": int(self.frame.now().timestamp()),
            "exp": int(expires_at.timestamp()),
            "iss": self.issuer,
            "client_id": grant.client.id,
            "xero_userid": self._user_id,
            "authentication_event_id": grant.id,
            "jti": secrets.token_hex(16).upper(),
            "scope": list(grant.scopes),
        }
        return signed_token(claims)

    def token_answer(self, grant: OAuthGrant, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer with its scope, and an id_token where `openid` was asked for."""
        answer["scope"] = " ".join(grant.scopes)
        if "openid" in grant.scopes:
            now = self.frame.now()
            claims = {
                "iss": self.issuer,
                "aud": grant.client.id,
                "iat": int(now.timestamp()),
                "exp": int((now + timedelta(seconds=ID_TOKEN_SECONDS)).timestamp()),
                "auth_time": int(grant.at.timestamp()),
                **self._person(),
            }
            if grant.nonce:
                claims["nonce"] = grant.nonce
            answer["id_token"] = signed_token(claims)
        return answer

    @property
    def issuer(self) -> str:
        """The name under which tokens are issued; Xero's own is its identity host."""
        return self.frame.url

    def _person(self) -> dict[str, str]:
        return {
            "sub": self._user_id.replace("-", ""),
            "xero_userid": self._user_id,
            "preferred_username": "owner@example.com",
            "email": "owner@example.com",
            "given_name": "Olive",
            "family_name": "Owner",
            "name": "Olive Owner",
        }

    def discovery(self) -> Response:
        """GET /.well-known/openid-configuration."""
        url = self.frame.url
        document = {
            "issuer": self.issuer,
            "jwks_uri": f"{url}/.well-known/openid-configuration/jwks",
            "authorization_endpoint": f"{url}/identity/connect/authorize",
            "token_endpoint": f"{url}/connect/token",
            "userinfo_endpoint": f"{url}/connect/userinfo",
            "revocation_endpoint": f"{url}/connect/revocation",
            "scopes_supported": sorted(KNOWN),
            "claims_supported": sorted(self._person()),
            "grant_types_supported": [
                *("authorization_code", "client_credentials", "refresh_token"),
            ],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "token_endpoint_auth_methods_supported": [
                *("client_secret_basic", "client_secret_post"),
            ],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }
        return Response(wire.encode(document), content_type="application/json")

    def user_info(self) -> Response:
        """GET /connect/userinfo: who consented, for a token with `openid`."""
        grant = self.grant_of(request.headers.get("Authorization"))
        if "openid" not in grant.scopes:
            raise forbidden("AuthorizationUnsuccessful: insufficient_scope")
        return Response(wire.encode(self._person()), content_type="application/json")

    def granted(self, grant: OAuthGrant) -> None:
        """Connect the chosen organisations; connecting again keeps the connection's id."""
        for tenant_id in grant.organisation_ids:
            connection = self._connection(grant.client.id, tenant_id)
            now = self.frame.now()
            if connection:
                connection.event_id, connection.updated = grant.id, now
            else:
                new = Connection(wire.new_guid(), grant.client.id, tenant_id, grant.id, now, now)
                self.connections[new.id] = new

    def was_revoked(self, grant: OAuthGrant) -> None:
        """A revoked consent takes all connections of that user and app along."""
        # Revoking one refresh token at Xero ends all connections of that user with the app.
        for grant_of_app in list(self.grants.values()):
            if grant_of_app.client.id == grant.client.id:
                grant_of_app.revoked = True
        for row in list(self.connections.values()):
            if row.client_id == grant.client.id:
                del self.connections[row.id]

    def _connection(self, client_id: str, tenant_id: str) -> Connection | None:
        for row in self.connections.values():
            if (row.client_id, row.tenant_id) == (client_id, tenant_id):
                return row
        return None

    def grant_of(self, header: str | None) -> OAuthGrant:
        """The consent behind an `Authorization` header.

        Raises:
            Refused: 401 in Xero's shape.
        """
        try:
            return self.check(header)
        except BadToken as bad:
            if bad.expired_at:
                moment = bad.expired_at.strftime("%m/%d/%Y %H:%M:%S")
                raise unauthorised(f"TokenExpired: token expired at {moment}") from bad
            raise unauthorised("AuthenticationUnsuccessful") from bad

    def tenant_of(self, grant: OAuthGrant, tenant_id: str) -> str:
        """The tenant that a call means; a custom connection need not name it.

        Raises:
            Refused: 403 when it is missing or not connected.
        """
        # A custom connection has one organisation, so the header may be empty.
        if not tenant_id and grant.client.kind == CUSTOM:
            tenant_id = grant.organisation_ids[0]
        if not self._connection(grant.client.id, wire.guid(tenant_id)):
            raise forbidden()
        return tenant_id

    def list_connections(self) -> Response:
        """GET /connections, optionally of one authEventId."""
        grant = self.grant_of(request.headers.get("Authorization"))
        event_id = request.args.get("authEventId", "")
        names = {tenant.id: tenant.name for tenant in self.tenants}
        rows = [
            {
                "id": row.id,
                "authEventId": row.event_id,
                "tenantId": row.tenant_id,
                "tenantType": "ORGANISATION",
                "tenantName": names[row.tenant_id],
                "createdDateUtc": _seven_digits(row.created),
                "updatedDateUtc": _seven_digits(row.updated),
            }
            for row in self.connections.values()
            if row.client_id == grant.client.id and event_id in {"", row.event_id}
        ]
        return Response(wire.encode(rows), content_type="application/json")

    def delete_connection(self, connection_id: str) -> Response:
        """DELETE /connections/{id}."""
        grant = self.grant_of(request.headers.get("Authorization"))
        row = self.connections.get(connection_id)
        if row is None or row.client_id != grant.client.id:
            raise not_found()
        del self.connections[connection_id]
        g.took_effect = True
        return Response(status=204)

    def disconnect(self, tenant_id: str) -> None:
        """Remove every app from an organisation; tokens stay valid, but do not open it."""
        for row in list(self.connections.values()):
            if row.tenant_id == tenant_id:
                del self.connections[row.id]


def _seven_digits(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f0")
