"""Connecting to the sandbox's Xero: three kinds of app, two sets of scopes, and the end of it."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from arsync.connector_sdk import Authoriser, Grant
from arsync.errors import NeedsReconnect, UserMistake
from arsync_sandbox.server import Sandbox
from arsync_xero import PLATFORM
from arsync_xero.auth import XeroAuthoriser

REDIRECT = "http://localhost:8976/callback"
VERIFIER = "v" * 64
CONFIDENTIAL = {
    "flow": "confidential",
    "client_id": "sandbox-web-app",
    "client_secret": "sandbox-web-secret",
}
CUSTOM = {
    "flow": "custom",
    "client_id": "sandbox-custom-connection",
    "client_secret": "sandbox-custom-secret",
}


def consent(authoriser: Authoriser, answer: str = "allow") -> str:
    """Return the address that the browser comes back to."""
    url = authoriser.authorisation_url(redirect_uri=REDIRECT, state="st", verifier=VERIFIER)
    headers = {"X-Sandbox-Consent": answer}
    reply = requests.get(url, headers=headers, allow_redirects=False, timeout=30)
    return reply.headers["Location"]


def exchanged(authoriser: Authoriser) -> Grant:
    callback = consent(authoriser)
    return authoriser.exchange(callback, redirect_uri=REDIRECT, state="st", verifier=VERIFIER)


@pytest.mark.parametrize("app", [{}, CONFIDENTIAL], ids=["pkce", "confidential"])
@pytest.mark.parametrize("scopes", ["granular", "classic"])
def test_a_browser_connects(
    sandbox: Sandbox, xero_settings: dict[str, str], app: dict[str, str], scopes: str
) -> None:
    settings = xero_settings | app | {"scopes": scopes}
    authoriser = PLATFORM.authoriser(settings)
    assert authoriser.interactive
    grant = exchanged(authoriser)
    assert [organisation.name for organisation in grant.organisations] == ["Sandbox Trading Ltd"]
    renewed = authoriser.refresh(grant.token)
    assert renewed.refresh_token not in {"", grant.token.refresh_token}
    assert renewed.access_token != grant.token.access_token


def test_a_custom_connection_needs_no_browser(
    sandbox: Sandbox, xero_settings: dict[str, str]
) -> None:
    authoriser = PLATFORM.authoriser(xero_settings | CUSTOM)
    assert not authoriser.interactive
    grant = authoriser.grant_directly()
    assert len(grant.organisations) == 1
    assert grant.token.refresh_token == ""
    assert authoriser.refresh(grant.token).access_token != grant.token.access_token
    authoriser.revoke(grant.token)


def test_no_more_scopes_are_asked_for_than_needed(xero_settings: dict[str, str]) -> None:
    authoriser = PLATFORM.authoriser(xero_settings)
    url = authoriser.authorisation_url(redirect_uri=REDIRECT, state="st", verifier=VERIFIER)
    assert set(parse_qs(urlsplit(url).query)["scope"][0].split()) == {
        "offline_access",
        "accounting.invoices",
        "accounting.payments.read",
        "accounting.contacts",
        "accounting.settings.read",
        "accounting.attachments",
    }


def test_a_verifier_travels_only_as_its_challenge(xero_settings: dict[str, str]) -> None:
    authoriser = PLATFORM.authoriser(xero_settings)
    url = authoriser.authorisation_url(redirect_uri=REDIRECT, state="st", verifier=VERIFIER)
    assert VERIFIER not in url
    confidential = PLATFORM.authoriser(xero_settings | CONFIDENTIAL)
    url = confidential.authorisation_url(redirect_uri=REDIRECT, state="st", verifier=VERIFIER)
    assert "code_challenge" not in url


def test_a_wrong_verifier_gets_nothing(sandbox: Sandbox, xero_settings: dict[str, str]) -> None:
    authoriser = PLATFORM.authoriser(xero_settings)
    callback = consent(authoriser)
    with pytest.raises(UserMistake):
        authoriser.exchange(callback, redirect_uri=REDIRECT, state="st", verifier="w" * 64)


def test_a_refused_consent_says_so(sandbox: Sandbox, xero_settings: dict[str, str]) -> None:
    authoriser = PLATFORM.authoriser(xero_settings)
    callback = consent(authoriser, "refuse")
    with pytest.raises(UserMistake, match="Authorisation was not given"):
        authoriser.exchange(callback, redirect_uri=REDIRECT, state="st", verifier=VERIFIER)


def test_an_unknown_app_is_the_users_mistake(
    sandbox: Sandbox, xero_settings: dict[str, str]
) -> None:
    authoriser = PLATFORM.authoriser(xero_settings | CUSTOM | {"client_secret": "wrong"})
    with pytest.raises(UserMistake, match="Check client_id and client_secret"):
        authoriser.grant_directly()


def test_a_flow_with_a_secret_needs_one(xero_settings: dict[str, str]) -> None:
    with pytest.raises(UserMistake, match="needs a client_secret"):
        XeroAuthoriser(xero_settings | {"flow": "custom"})


def test_a_revoked_consent_is_over(sandbox: Sandbox, xero_settings: dict[str, str]) -> None:
    authoriser = PLATFORM.authoriser(xero_settings)
    token = exchanged(authoriser).token
    authoriser.revoke(token)
    with pytest.raises(NeedsReconnect):
        authoriser.refresh(token)


def test_without_a_refresh_token_a_person_is_needed(xero_settings: dict[str, str]) -> None:
    from datetime import UTC, datetime

    from arsync.connector_sdk import Token

    token = Token("a", "", datetime(2026, 1, 1, tzinfo=UTC))
    with pytest.raises(NeedsReconnect):
        PLATFORM.authoriser(xero_settings).refresh(token)
