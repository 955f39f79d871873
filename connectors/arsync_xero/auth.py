"""OAuth at Xero: PKCE and web apps with a browser, custom connections without one."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from arsync.connector_sdk import Grant, OrganisationRef, Token
from arsync.errors import NeedsReconnect, RetryLater, UserMistake
from arsync.http import PlatformSession, callback_parameters, oauth_session
from arsync_xero.settings import LABEL

# Apps that were made since March 2026 get granular scopes only; the classic ones end in September
# 2027. Until then an app has the one set or the other, so the configuration names it.
SCOPES: Mapping[str, str] = {
    "granular": (
        "accounting.invoices accounting.payments.read accounting.contacts"
        " accounting.settings.read accounting.attachments"
    ),
    "classic": (
        "accounting.transactions accounting.contacts accounting.settings.read"
        " accounting.attachments"
    ),
}
"""The least that arsync needs: it writes invoices, contacts and their notes, and reads the rest."""
OFFLINE = "offline_access"
"""Without this scope there is no refresh token, and the authorisation ends after half an hour."""


class XeroAuthoriser:
    """Xero's OAuth. Implements `arsync.connector_sdk.Authoriser`."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take the config section `xero`; no call is made.

        Raises:
            UserMistake: the client id, or a secret that the flow needs, is missing.
        """
        self._flow = settings["flow"]
        self.interactive = self._flow != "custom"
        self._client_id = settings["client_id"]
        # A PKCE app is a type of its own at Xero, and has no secret.
        self._secret = settings.get("client_secret", "") if self._flow != "pkce" else ""
        if self._flow != "pkce" and not self._secret:
            raise UserMistake(f"[xero] flow = {self._flow!r} needs a client_secret.")
        self._scopes = SCOPES[settings.get("scopes") or "granular"]
        self._authorise_url = settings["login_url"].rstrip("/") + "/identity/connect/authorize"
        identity = settings["identity_url"].rstrip("/") + "/connect"
        self._token_url, self._revoke_url = f"{identity}/token", f"{identity}/revocation"
        self._connections_url = settings["api_url"].rstrip("/") + "/connections"

    def authorisation_url(self, *, redirect_uri: str, state: str, verifier: str) -> str:
        """Return the address of the authorisation page."""
        return self._session().authorisation_url(
            self._authorise_url,
            redirect_uri=redirect_uri,
            scopes=f"{OFFLINE} {self._scopes}",
            state=state,
            verifier=verifier if self._flow == "pkce" else "",
        )

    def exchange(self, callback_url: str, *, redirect_uri: str, state: str, verifier: str) -> Grant:
        """Turn the address the browser came back to into tokens and organisations."""
        parameters = callback_parameters(callback_url, state=state)
        session = self._session()
        token = session.exchange(
            self._token_url,
            code=parameters["code"],
            redirect_uri=redirect_uri,
            verifier=verifier if self._flow == "pkce" else "",
            secret=self._secret,
        )
        if not token.refresh_token:
            raise UserMistake(
                "Xero gave no refresh token: the authorisation must include offline_access."
            )
        return Grant(token, self._organisations(session, token))

    def grant_directly(self) -> Grant:
        """Return a grant of a custom connection."""
        session = self._session()
        token = self._direct_token(session)
        return Grant(token, self._organisations(session, token))

    def refresh(self, token: Token) -> Token:
        """Return a new token; a custom connection simply asks for one."""
        session = self._session()
        if not self.interactive:
            return self._direct_token(session)
        if not token.refresh_token:
            raise NeedsReconnect("Xero: there is no refresh token; run `arsync connect` again.")
        return session.renew(self._token_url, token, secret=self._secret)

    def revoke(self, token: Token) -> None:
        """Withdraw the authorisation; a custom connection is ended in Xero by its owner."""
        # The refresh token, not the access token: revoking it removes the user's connections.
        if self.interactive and token.refresh_token:
            self._session().revoke(self._revoke_url, token.refresh_token, secret=self._secret)

    def _session(self) -> PlatformSession:
        return oauth_session(self._client_id, label=LABEL, browser=self.interactive)

    def _direct_token(self, session: PlatformSession) -> Token:
        return session.client_credentials(self._token_url, scopes=self._scopes, secret=self._secret)

    def _organisations(self, session: PlatformSession, token: Token) -> tuple[OrganisationRef, ...]:
        body = session.read_json(self._connections_url, access_token=token.access_token)
        try:
            rows = [row for row in json.loads(body) if isinstance(row, dict)]
        except (ValueError, TypeError):
            raise RetryLater("Xero's list of connections cannot be read.") from None
        organisations = [row for row in rows if row.get("tenantType") == "ORGANISATION"]
        event = _claims(token.access_token).get("authentication_event_id", "")
        # One user's authorisations share one list; those of this one come first. An authorisation
        # that added no organisation has none of its own: then all that the token opens are offered.
        just_authorised = [
            row for row in organisations if event and row.get("authEventId") == event
        ]
        return tuple(
            OrganisationRef(str(row["tenantId"]), str(row.get("tenantName") or row["tenantId"]))
            for row in just_authorised or organisations
            if row.get("tenantId")
        )


def _claims(access_token: str) -> dict[str, Any]:
    """Read the claims in a token, unchecked: they only sort a list that Xero itself has given."""
    try:
        payload = access_token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
