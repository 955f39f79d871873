"""Intuit's OAuth 2: one company a consent, realmId in the callback, rolling refresh tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import request

from arsync_sandbox.oauth import CONFIDENTIAL, BadToken, OAuth, OAuthGrant, OAuthRules, signed_token
from arsync_sandbox.platform import Frame, SandboxOrganisation
from arsync_sandbox.quickbooks import faults
from arsync_sandbox.quickbooks.wire import Doc

ACCOUNTING_SCOPE = "com.intuit.quickbooks.accounting"
"""The scope that opens the accounting API."""

DAY_SECONDS = 86_400

ISSUER = "https://oauth.platform.intuit.com/op/v1"
"""The name under which tokens are issued: clients compare it, and do not call it."""

ID_TOKEN_SECONDS = 3600
"""How long an id token is valid."""

RULES = OAuthRules(
    platform="QuickBooks Online",
    access_token_seconds=3600,
    # The answers say 8,726,400 seconds, which is a day more than the 100 days of the manual.
    refresh_token_days=101,
    refresh_grace_seconds=DAY_SECONDS,
    refresh_same_value_seconds=DAY_SECONDS,
    refresh_hard_days=5 * 365,
    pkce=False,
    client_kinds=frozenset({CONFIDENTIAL}),
    only_one_organisation=True,
    scopes=frozenset(
        {
            ACCOUNTING_SCOPE,
            "com.intuit.quickbooks.payment",
            "openid",
            "profile",
            "email",
            "phone",
            "address",
        }
    ),
    invalid_client_status=401,
)

_WHY = {
    "missing": "Token missing: no bearer token in the request",
    "unknown": "Token unknown: it was not issued here",
    "expired": "Token expired: the access token is older than 3600 seconds",
    "revoked": "Token revoked: the consent was withdrawn",
}


class IntuitAuth(OAuth):
    """The authorisation server of QuickBooks Online.

    Args:
        frame: for the clock and the consent switches.
    """

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame, RULES)
        self.companies: list[SandboxOrganisation] = []
        """Every company that a person can choose one of; its id is the realmId."""

    def organisations(self) -> list[SandboxOrganisation]:
        """The companies."""
        return self.companies

    def callback_parameters(self, grant: OAuthGrant) -> dict[str, str]:
        """The realmId, which is told nowhere else."""
        return {"realmId": grant.organisation_ids[0]}

    def token_answer(self, grant: OAuthGrant, answer: dict[str, Any]) -> dict[str, Any]:
        """Intuit's additions: how long the refresh token lives, and who the user is."""
        answer |= {"token_type": "bearer"}
        if "refresh_token" in answer:
            seconds_left, hard = self.refresh_seconds_left(answer["refresh_token"])
            # Between issuing and asking a moment has passed that nobody wants to read about.
            full = RULES.refresh_token_days * DAY_SECONDS
            answer["x_refresh_token_expires_in"] = (
                full if full - seconds_left <= 1 else seconds_left
            )
            hard_expiry = request.headers.get("x-include-refresh-token-hard-expires-in", "")
            if hard is not None and hard_expiry.lower() == "true":
                answer["x_refresh_token_hard_expires_in"] = hard
        if "openid" in grant.scopes:
            answer["id_token"] = signed_token(
                {
                    "sub": grant.id,
                    "aud": [grant.client.id],
                    "iss": ISSUER,
                    "iat": int(self.frame.now().timestamp()),
                    "exp": int(self.frame.now().timestamp()) + ID_TOKEN_SECONDS,
                    "realmid": grant.organisation_ids[0],
                }
            )
        return answer

    def user_info(self) -> Doc | None:
        """Who consented, for a token with `openid`; None for any other token."""
        try:
            grant = self.check(request.headers.get("Authorization"))
        except BadToken:
            return None
        if "openid" not in grant.scopes:
            return None
        person: Doc = {"sub": grant.id}
        if "email" in grant.scopes:
            person |= {"email": "owner@example.com", "emailVerified": True}
        if "profile" in grant.scopes:
            person |= {"givenName": "Olive", "familyName": "Owner"}
        if "phone" in grant.scopes:
            person |= {"phoneNumber": "+1 4155550100", "phoneNumberVerified": False}
        return person

    def keep_grace(self, *, kept: bool) -> None:
        """Let a replaced refresh token live on for a day, or not at all."""
        seconds = DAY_SECONDS if kept else 0
        self.rules = replace(self.rules, refresh_grace_seconds=seconds)

    def discovery(self) -> Doc:
        """The discovery document."""
        url = self.frame.url
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{url}/connect/oauth2",
            "token_endpoint": f"{url}/oauth2/v1/tokens/bearer",
            "userinfo_endpoint": f"{url}/v1/openid_connect/userinfo",
            "revocation_endpoint": f"{url}/v2/oauth2/tokens/revoke",
            "jwks_uri": f"{url}/op/v1/jwks",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile", "address", "phone"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
        }

    def admit(self, realm: str) -> OAuthGrant:
        """Let an API call into a company.

        Raises:
            Refusal: 3200 without a working token, 3100 for a company that it does not open.
        """
        try:
            grant = self.check(request.headers.get("Authorization"))
        except BadToken as bad:
            raise faults.unauthenticated(_WHY[bad.reason]) from None
        if realm not in grant.organisation_ids or ACCOUNTING_SCOPE not in grant.scopes:
            raise faults.not_authorised(realm)
        return grant
