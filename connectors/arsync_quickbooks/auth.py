"""OAuth of QuickBooks Online. Intuit does not offer PKCE: an application always has a secret."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from arsync.connector_sdk import Grant, OrganisationRef, Token
from arsync.errors import NeedsReconnect, UserMistake
from arsync.http import PlatformSession, callback_parameters, oauth_session
from arsync_quickbooks.api import MINOR_VERSION
from arsync_quickbooks.documents import CompanyInfoDoc
from arsync_quickbooks.settings import LABEL, api_url, is_sandbox

SCOPE = "com.intuit.quickbooks.accounting"


class _CompanyAnswer(msgspec.Struct, frozen=True):
    company: CompanyInfoDoc | None = msgspec.field(name="CompanyInfo", default=None)


# Made as the module is loaded: msgspec ends the process if two threads at once are the first to
# decode a type.
_COMPANY_ANSWERS = msgspec.json.Decoder(_CompanyAnswer)


class QuickBooksAuthoriser:
    """The OAuth client of one Intuit application."""

    interactive = True

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Make a client; no call is made.

        Args:
            settings: the config section `quickbooks`.
        """
        self._settings = settings

    def authorisation_url(self, *, redirect_uri: str, state: str, verifier: str) -> str:
        """Return the address of the authorisation page; the PKCE verifier is not used."""
        return self._session().authorisation_url(
            self._settings["authorize_url"], redirect_uri=redirect_uri, scopes=SCOPE, state=state
        )

    def exchange(self, callback_url: str, *, redirect_uri: str, state: str, verifier: str) -> Grant:
        """Turn the address the browser came back to into tokens of one company.

        Raises:
            UserMistake: authorisation was refused, the state does not match, the client id is
                wrong, or the keys belong to the other environment.
        """
        parameters = callback_parameters(callback_url, state=state)
        # The only place where QuickBooks names the company: no call lists what a token opens.
        realm_id = parameters.get("realmId", "")
        if not realm_id.isdigit():
            raise UserMistake(
                "The address that the browser came back to names no company (realmId). Choose a"
                " company on QuickBooks' page, and copy the whole address."
            )
        session = self._session()
        token = session.exchange(
            self._settings["token_url"],
            code=parameters["code"],
            redirect_uri=redirect_uri,
            secret=self._settings["client_secret"],
        )
        name = self._company_name(session, token, realm_id)
        return Grant(token, (OrganisationRef(realm_id, name),))

    def grant_directly(self) -> Grant:
        """QuickBooks has no client credentials: a person must authorise."""
        raise UserMistake("QuickBooks Online can only be connected by a person, in a browser.")

    def refresh(self, token: Token) -> Token:
        """Return a new token. Its refresh token may be a new one: only the newest stays valid."""
        return self._session().renew(
            self._settings["token_url"], token, secret=self._settings["client_secret"]
        )

    def revoke(self, token: Token) -> None:
        """Withdraw the authorisation at Intuit."""
        self._session().revoke(
            self._settings["revoke_url"],
            token.refresh_token,
            secret=self._settings["client_secret"],
            as_json=True,
        )

    def _session(self) -> PlatformSession:
        for key in ("client_id", "client_secret"):
            if not self._settings.get(key):
                raise UserMistake(
                    f"[quickbooks] {key} is empty. Copy it from developer.intuit.com, My Apps,"
                    f" Keys and credentials ({self._environment}), into config.toml or"
                    f" ARSYNC_QUICKBOOKS_{key.upper()}."
                )
        return oauth_session(self._settings["client_id"], label=LABEL)

    @property
    def _environment(self) -> str:
        return "sandbox" if is_sandbox(self._settings) else "production"

    def _company_name(self, session: PlatformSession, token: Token, realm_id: str) -> str:
        url = f"{api_url(self._settings).rstrip('/')}/v3/company/{realm_id}/companyinfo/{realm_id}"
        try:
            body = session.read_json(
                url,
                access_token=token.access_token,
                params={"minorversion": str(MINOR_VERSION)},
            )
        except NeedsReconnect:
            # Sandbox and production have the same OAuth endpoints, so a mix-up first shows here.
            raise UserMistake(
                f"QuickBooks does not open company {realm_id} to this application. Production and"
                " sandbox have keys of their own: [quickbooks] environment is"
                f" {self._environment!r}; is the client id from there?"
            ) from None
        try:
            company = _COMPANY_ANSWERS.decode(body).company
        except msgspec.DecodeError:
            company = None
        return (company and (company.company_name or company.legal_name)) or f"company {realm_id}"
