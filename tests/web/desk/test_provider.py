"""Signing in by an identity provider, over real HTTP: only who is known and proved comes in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from joserfc.jwk import OctKey, RSAKey
from msgspec.structs import replace
from tests.builders.desk import DeskDriver
from tests.builders.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider
from werkzeug.test import TestResponse

from arsync.application.permissions import Role
from arsync.clock import SetClock
from arsync.store.people.users import UserRow

People = dict[Role, UserRow]


@pytest.fixture
def provider(desk: DeskDriver) -> Iterator[OidcProvider]:
    moment = desk.container.clock.now().timestamp()
    with OidcProvider(moment) as running:
        config = desk.container.config
        desk.container.config = replace(
            config,
            oidc=replace(
                config.oidc,
                issuer=running.issuer,
                client_id=CLIENT_ID,
                client_secret=CLIENT_SECRET,
                label="Example ID",
            ),
        )
        yield running


def callback(client: FlaskClient, then: str = "") -> str:
    """Go to the provider's page, and return where that sends the browser."""
    asked = client.get("/sign-in/provider", query_string={"then": then} if then else {})
    assert asked.status_code == 303, asked.text
    answer = requests.get(asked.headers["Location"], allow_redirects=False, timeout=10)
    target = urlsplit(answer.headers["Location"])
    return f"{target.path}?{target.query}"


def come_in(desk: DeskDriver, provider: OidcProvider, **claims: Any) -> TestResponse:
    """Sign in as whom the provider names, and return the answer to the browser."""
    provider.claims = claims
    client = desk.nobody()
    return client.get(callback(client))


TOM = {"email": "Tom@example.com", "email_verified": True, "sub": "tom-1"}


def test_a_known_address_comes_in(desk: DeskDriver, people: People, provider: OidcProvider) -> None:
    provider.claims = TOM
    client = desk.nobody()
    assert "Sign in with Example ID" in client.get("/sign-in").text
    answer = client.get(callback(client, "/me"))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/me")
    assert "tom@example.com" in client.get("/me").text
    user = desk.container.store.users.get(people[Role.CONTROLLER].id)
    assert user.oidc_subject == f"{provider.issuer} tom-1"


def test_the_subject_counts_before_the_address(
    desk: DeskDriver, people: People, provider: OidcProvider
) -> None:
    come_in(desk, provider, **TOM)
    moved = come_in(desk, provider, sub="tom-1", email="new@example.com", email_verified=False)
    assert moved.status_code == 303
    stolen = come_in(desk, provider, sub="tom-2", email="tom@example.com", email_verified=True)
    assert stolen.status_code == 422
    assert people


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "stranger@example.com", "email_verified": True},
        {"email": "tom@example.com", "email_verified": False},
        {"email": "tom@example.com"},
        {"email": "tom@example.com", "email_verified": "true"},
        {"email_verified": True},
    ],
)
def test_a_stranger_stays_outside(
    desk: DeskDriver, people: People, provider: OidcProvider, claims: dict[str, Any]
) -> None:
    answer = come_in(desk, provider, **claims)
    assert answer.status_code == 422
    assert "not known here" in answer.text
    assert desk.container.store.users.count() == len(people)


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"iss": "https://evil.example"},
        {"exp": 1},
        {"aud": ["another-client", "arsync-desk"], "azp": "another-client"},
    ],
)
def test_a_token_of_another_attempt_proves_nothing(
    desk: DeskDriver, people: People, provider: OidcProvider, claims: dict[str, Any]
) -> None:
    answer = come_in(desk, provider, **(TOM | claims))
    assert answer.status_code == 422
    assert "could not be proved" in answer.text
    assert people


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSAKey.generate_key(2048, {"kid": "k1"}), "RS256"),
        (OctKey.import_key(CLIENT_SECRET * 3, {"kid": "k1"}), "HS256"),
    ],
    ids=["another key", "our secret as a key"],
)
def test_a_token_signed_otherwise_proves_nothing(
    desk: DeskDriver, people: People, provider: OidcProvider, key: Any, algorithm: str
) -> None:
    provider.signs_with, provider.header = key, {"alg": algorithm}
    assert come_in(desk, provider, **TOM).status_code == 422
    assert people


def test_an_answer_counts_once_in_its_browser(
    desk: DeskDriver, people: People, provider: OidcProvider
) -> None:
    provider.claims = TOM
    client, other = desk.nobody(), desk.nobody()
    path = callback(client)
    assert other.get(path).status_code == 422
    assert client.get(path).status_code == 303
    assert client.get(path).status_code == 422
    assert client.get("/sign-in/provider/callback?state=x&code=y").status_code == 422
    assert people


def test_a_late_or_refused_answer_lets_nobody_in(
    desk: DeskDriver, people: People, provider: OidcProvider
) -> None:
    provider.refuses = True
    client = desk.nobody()
    assert "let nobody in" in client.get(callback(client)).text
    provider.refuses, provider.claims = False, TOM
    path = callback(client)
    clock = desk.container.clock
    assert isinstance(clock, SetClock)
    clock.moment += timedelta(minutes=11)
    assert "too long" in client.get(path).text
    assert people


def test_a_disabled_person_stays_outside(
    desk: DeskDriver, people: People, provider: OidcProvider
) -> None:
    come_in(desk, provider, **TOM)
    desk.container.store.users.set_disabled(people[Role.CONTROLLER].id, disabled=True)
    assert come_in(desk, provider, **TOM).status_code == 422


def test_the_provider_leads_nowhere_else(
    desk: DeskDriver, people: People, provider: OidcProvider
) -> None:
    provider.claims = TOM
    client = desk.nobody()
    answer = client.get(callback(client, "//evil.example"))
    assert answer.headers["Location"] == "/"
    assert people


def test_without_a_provider_none_is_offered(desk: DeskDriver) -> None:
    client = desk.nobody()
    assert "Sign in with" not in client.get("/sign-in").text
    assert client.get("/sign-in/provider").status_code == 422


def test_a_silent_provider_is_said(desk: DeskDriver, provider: OidcProvider) -> None:
    config = desk.container.config
    gone = replace(config.oidc, issuer="http://127.0.0.1:9")
    desk.container.config = replace(config, oidc=gone)
    answer = desk.nobody().get("/sign-in/provider")
    assert answer.status_code == 422
    assert "does not answer" in answer.text
    plain = replace(config.oidc, issuer="http://id.example.com")
    desk.container.config = replace(config, oidc=plain)
    assert "not reached over https" in desk.nobody().get("/sign-in/provider").text
    assert provider.calls == []
