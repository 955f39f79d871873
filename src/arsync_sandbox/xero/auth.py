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
            "iss": "https://identity.xero.com",
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
                "iss": "https://identity.xero.com",
                "aud": grant.client.id,
                "iat": int(now.timestamp()),
                "exp": int((now + timedelta(seconds=ID_TOKEN_SECONDS)).timestamp()),
                "sub": self._user_id.replace("-", ""),
                "xero_userid": self._user_id,
                "email": "owner@example.com",
            }
            if grant.nonce:
                claims["nonce"] = grant.nonce
            answer["id_token"] = signed_token(claims)
        return answer

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
