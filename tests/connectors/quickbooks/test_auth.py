"""Connecting to QuickBooks: what goes wrong is said so that a person can put it right."""

from __future__ import annotations

import subprocess
import sys
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from arsync.connector_sdk import Capability, platform
from arsync.errors import NeedsReconnect, UserMistake

REDIRECT = "http://localhost:8976/callback"
ASKED = {"redirect_uri": REDIRECT, "state": "s1", "verifier": "v" * 64}


def authoriser(bench: Any, **changed: str) -> Any:
    return platform("quickbooks").authoriser({**bench.settings, **changed})


def came_back(url: str, decision: str = "allow") -> str:
    answer = requests.get(
        url, headers={"X-Sandbox-Consent": decision}, allow_redirects=False, timeout=30
    )
    return answer.headers["Location"]


def test_authorisation_asks_for_the_accounting_scope_alone(quickbooks: Any) -> None:
    url = authoriser(quickbooks).authorisation_url(**ASKED)
    assert parse_qs(urlsplit(url).query) == {
        "client_id": ["sandbox-web-app"],
        "response_type": ["code"],
        "scope": ["com.intuit.quickbooks.accounting"],
        "redirect_uri": [REDIRECT],
        "state": ["s1"],
    }


def test_a_consent_opens_one_company_by_name(quickbooks: Any) -> None:
    client = authoriser(quickbooks)
    grant = client.exchange(came_back(client.authorisation_url(**ASKED)), **ASKED)
    (company,) = grant.organisations
    assert company.id == quickbooks.organisation_id
    assert company.name == quickbooks.connector().organisation().name
    assert grant.token.refresh_expires_at is not None
    assert grant.token.access_token not in repr(grant)


def test_a_refused_consent_says_so(quickbooks: Any) -> None:
    client = authoriser(quickbooks)
    callback = came_back(client.authorisation_url(**ASKED), "refuse")
    with pytest.raises(UserMistake, match=r"(?i)authorisation was not given"):
        client.exchange(callback, **ASKED)


def test_an_answer_to_another_question_is_not_taken(quickbooks: Any) -> None:
    client = authoriser(quickbooks)
    callback = came_back(client.authorisation_url(**ASKED))
    with pytest.raises(UserMistake, match="state does not match"):
        client.exchange(callback, **{**ASKED, "state": "s2"})


@pytest.mark.parametrize("realm", ["", "&realmId=", "&realmId=../etc"])
def test_an_address_without_company_is_asked_for_again(quickbooks: Any, realm: str) -> None:
    with pytest.raises(UserMistake, match="names no company"):
        authoriser(quickbooks).exchange(f"{REDIRECT}?code=c&state=s1{realm}", **ASKED)


@pytest.mark.parametrize("key", ["client_id", "client_secret"])
def test_an_empty_key_says_where_to_find_it(quickbooks: Any, key: str) -> None:
    with pytest.raises(UserMistake) as caught:
        authoriser(quickbooks, **{key: ""}).authorisation_url(**ASKED)
    assert f"[quickbooks] {key} is empty" in str(caught.value)
    assert "developer.intuit.com" in str(caught.value)
    assert f"ARSYNC_QUICKBOOKS_{key.upper()}" in str(caught.value)


@pytest.mark.parametrize("changed", [{"client_id": "nobody"}, {"client_secret": "wrong-secret"}])
def test_a_wrong_key_says_which_settings_to_check(quickbooks: Any, changed: dict[str, str]) -> None:
    callback = came_back(authoriser(quickbooks).authorisation_url(**ASKED))
    with pytest.raises(UserMistake, match="client_id and client_secret") as caught:
        authoriser(quickbooks, **changed).exchange(callback, **ASKED)
    assert "wrong-secret" not in str(caught.value)


@pytest.mark.parametrize("status", [401, 403])
def test_keys_of_the_other_environment_are_suspected(quickbooks: Any, status: int) -> None:
    client = authoriser(quickbooks)
    callback = came_back(client.authorisation_url(**ASKED))
    quickbooks.sandbox.faults.add({"path": "companyinfo", "status": status})
    with pytest.raises(UserMistake, match="environment is 'production'"):
        client.exchange(callback, **ASKED)


def test_a_company_without_a_name_shows_its_number(quickbooks: Any) -> None:
    client = authoriser(quickbooks)
    callback = came_back(client.authorisation_url(**ASKED))
    quickbooks.sandbox.faults.add({"path": "companyinfo", "status": 200, "body": "<html>"})
    (company,) = client.exchange(callback, **ASKED).organisations
    assert company.name == f"company {quickbooks.organisation_id}"


def test_a_refresh_brings_a_token_that_works(quickbooks: Any) -> None:
    renewed = quickbooks.tokens.authoriser.refresh(quickbooks.tokens.token)
    assert renewed.access_token != quickbooks.tokens.token.access_token
    quickbooks.tokens.token = renewed
    assert quickbooks.connector().organisation().name


def test_a_revoked_consent_needs_a_person(quickbooks: Any) -> None:
    quickbooks.tokens.authoriser.revoke(quickbooks.tokens.token)
    with pytest.raises(NeedsReconnect):
        quickbooks.connector().organisation()


def test_there_is_no_way_around_a_person(quickbooks: Any) -> None:
    client = authoriser(quickbooks)
    assert client.interactive
    with pytest.raises(UserMistake, match="by a person"):
        client.grant_directly()


def test_the_environment_chooses_the_address_and_the_limits(quickbooks: Any) -> None:
    pages: list[str] = []

    class Asked:
        def request(self, method: str, url: str, **_: Any) -> Any:
            pages.append(url)
            raise UserMistake("enough")

    for environment in ("production", "sandbox"):
        settings = {"environment": environment, "api_url": "", "late_fee_item": ""}
        connector = platform("quickbooks").open(Asked(), "123", settings)
        with pytest.raises(UserMistake):
            connector.organisation()
        assert connector.capabilities.emails_per_day_max == (40 if environment == "sandbox" else 0)
        assert Capability.LATE_FEE not in connector.capabilities.offers
    assert [url.split("/v3/")[0] for url in pages] == [
        "https://quickbooks.api.intuit.com",
        "https://sandbox-quickbooks.api.intuit.com",
    ]


def test_asking_what_the_platform_offers_imports_no_sdk() -> None:
    code = (
        "import sys; from arsync.connector_sdk import platform;"
        "assert platform('quickbooks').capabilities.offers;"
        "loaded = {'quickbooks', 'requests'} & sys.modules.keys();"
        "assert not loaded, loaded"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
