"""The parts of OAuth: apps, the rules in which platforms differ, authorisations, tokens."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime

PKCE, CONFIDENTIAL, CUSTOM = "pkce", "confidential", "custom"


@dataclass(frozen=True)
class OAuthClient:
    """An app as registered at the platform."""

    id: str
    secret: str = ""
    name: str = "arsync"
    kind: str = CONFIDENTIAL
    """`pkce` (no secret), `confidential` (code and secret) or `custom` (client credentials)."""


PKCE_CLIENT = OAuthClient("sandbox-pkce-app", kind=PKCE)
WEB_CLIENT = OAuthClient("sandbox-web-app", "sandbox-web-secret")
CUSTOM_CLIENT = OAuthClient("sandbox-custom-connection", "sandbox-custom-secret", kind=CUSTOM)
CLIENTS = (PKCE_CLIENT, WEB_CLIENT, CUSTOM_CLIENT)
"""The apps that the sandbox knows from the start; the secrets guard nothing real."""


@dataclass(frozen=True)
class OAuthRules:
    """The rules in which the platforms differ."""

    platform: str
    """The name that people read, such as `Xero`."""
    access_token_seconds: int
    refresh_token_days: int
    refresh_grace_seconds: int
    """How long a refresh token that was replaced still works, for answers that were lost."""
    refresh_same_value_seconds: int = 0
    """A younger refresh token is handed out again, prolonged, instead of a new one."""
    refresh_hard_days: int | None = None
    """No refresh token of one consent lives longer than this."""
    offline_scope: str = ""
    """Only with this scope there is a refresh token at all; empty: always."""
    pkce: bool = True
    """Whether code challenges are understood; where not, they are ignored."""
    client_kinds: frozenset[str] = frozenset({PKCE, CONFIDENTIAL, CUSTOM})
    only_one_organisation: bool = False
    http_redirect_hosts: frozenset[str] = frozenset({"localhost"})
    """Hosts that may be redirected to without https."""
    scopes: frozenset[str] = frozenset()
    """All scopes there are; empty: any is taken."""
    invalid_client_status: int = 400
    unknown_token_status: int = 200
    """The answer to revoking an unknown token."""


@dataclass(eq=False)
class OAuthGrant:
    """One consent: which app may do what in which organisations."""

    client: OAuthClient
    scopes: tuple[str, ...]
    organisation_ids: tuple[str, ...]
    at: datetime
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    """Xero's `authentication_event_id`."""
    nonce: str = ""
    revoked: bool = False


class BadToken(Exception):
    """An API call came without a token that works; `expired_at` is set where it once did."""

    def __init__(self, reason: str, expired_at: datetime | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        """`missing`, `unknown`, `expired` or `revoked`."""
        self.expired_at = expired_at
