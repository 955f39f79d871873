"""Checklist: OAuth with realmId in the callback, rolling refresh tokens, revocation."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
import requests

from .conftest import BASIC, REDIRECT


def refresh(company: Any, token: str) -> requests.Response:
    answer: requests.Response = company.token(grant_type="refresh_token", refresh_token=token)
    return answer


def assert_401(answer: requests.Response) -> None:
    body = answer.json()
    assert answer.status_code == 401
    assert "Fault" not in body
    assert body["cdcresponse"] == []
    assert body["intuitObject"] is None
    error = body["fault"]["error"][0]
    assert (error["code"], body["fault"]["type"]) == ("3200", "AUTHENTICATION")
    assert error["message"] == "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    assert isinstance(body["time"], int)
    assert body["time"] > 10**12


def test_the_callback_brings_state_and_realm(company: Any) -> None:
    back = company.consent(state="abc")
    assert (back["state"], back["realmId"]) == ("abc", company.realm)


def test_a_refusal_comes_back_as_access_denied(company: Any) -> None:
    back = company.consent(sandbox_consent="refuse")
    assert back == {"error": "access_denied", "state": "s-1"}


def test_a_code_works_once(company: Any) -> None:
    code = company.consent()["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
    assert company.token(**form).status_code == 200
    again = company.token(**form)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_the_token_answer_has_intuits_form(company: Any) -> None:
    assert company.tokens["token_type"] == "bearer"
    assert company.tokens["expires_in"] == 3600
    assert company.tokens["x_refresh_token_expires_in"] == 8726400
    assert "id_token" not in company.tokens
    assert "id_token" in company.sign_in(scope="openid com.intuit.quickbooks.accounting").tokens


def test_the_hard_expiry_is_told_when_asked_for(company: Any) -> None:
    assert "x_refresh_token_hard_expires_in" not in company.tokens
    answer = company.token(
        {"x-include-refresh-token-hard-expires-in": "true"},
        grant_type="refresh_token",
        refresh_token=company.tokens["refresh_token"],
    )
    five_years = 5 * 365 * 86400
    assert five_years - 60 < answer.json()["x_refresh_token_hard_expires_in"] <= five_years


def test_credentials_in_header_or_body_must_be_right(company: Any) -> None:
    url = f"{company.sandbox.url}/oauth2/v1/tokens/bearer"
    form = {"grant_type": "refresh_token", "refresh_token": company.tokens["refresh_token"]}
    in_body = {**form, "client_id": BASIC[0], "client_secret": BASIC[1]}
    assert requests.post(url, data=in_body, timeout=10).ok
    wrong = requests.post(url, data=form, auth=(BASIC[0], "wrong"), timeout=10)
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")


def test_an_access_token_lives_3600_seconds(company: Any) -> None:
    company.pass_time(seconds=3590)
    assert company.get("preferences").ok
    company.pass_time(seconds=20)
    assert_401(company.get("preferences"))


def test_an_id_token_is_proven_by_the_key_set(company: Any) -> None:
    company.sign_in(scope="openid email com.intuit.quickbooks.accounting")
    keys = jwt.PyJWKClient(f"{company.sandbox.url}/op/v1/jwks")
    token = company.tokens["id_token"]
    claims = jwt.decode(
        token,
        keys.get_signing_key_from_jwt(token).key,
        algorithms=["RS256"],
        audience=company.tokens.get("client_id", "sandbox-web-app"),
        issuer="https://oauth.platform.intuit.com/op/v1",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["realmid"] == company.realm
    person = company.session.get(f"{company.sandbox.url}/v1/openid_connect/userinfo", timeout=10)
    assert person.json()["email"] == "owner@example.com"


def test_missing_or_wrong_tokens_get_a_lower_case_401(company: Any) -> None:
    company.session.headers["Authorization"] = "Bearer nonsense"
    assert_401(company.get("preferences"))
    del company.session.headers["Authorization"]
    assert_401(company.get("preferences"))


def test_the_refresh_value_changes_daily_with_a_days_grace(
    company: Any,
) -> None:
    first = company.tokens["refresh_token"]
    company.pass_time(hours=2)
    assert refresh(company, first).json()["refresh_token"] == first
    company.pass_time(hours=23)
    second = refresh(company, first).json()["refresh_token"]
    assert second != first
    company.pass_time(hours=23)
    assert refresh(company, first).ok
    company.pass_time(hours=2)
    late = refresh(company, first)
    assert late.status_code == 400
    assert late.json() == {
        "error": "invalid_grant",
        "error_description": "Incorrect or invalid refresh token",
    }
    assert refresh(company, second).ok


def test_there_may_be_no_grace(company: Any) -> None:
    company.settings(quickbooks_refresh_grace=False)
    first = company.tokens["refresh_token"]
    company.pass_time(hours=25)
    assert refresh(company, first).ok
    company.pass_time(seconds=1)
    assert refresh(company, first).json()["error"] == "invalid_grant"


def test_an_unused_refresh_token_dies_after_a_hundred_days(company: Any) -> None:
    company.pass_time(days=102)
    assert refresh(company, company.tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_no_consent_outlives_five_years(company: Any) -> None:
    token = company.tokens["refresh_token"]
    for _ in range(19):
        company.pass_time(days=97)
        answer = refresh(company, token)
        if not answer.ok:
            break
        token = answer.json()["refresh_token"]
    assert answer.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("which", ["refresh_token", "access_token"])
def test_revocation_ends_both_tokens(company: Any, which: str) -> None:
    url = f"{company.sandbox.url}/v2/oauth2/tokens/revoke"
    answer = requests.post(url, json={"token": company.tokens[which]}, auth=BASIC, timeout=10)
    assert answer.status_code == 200
    assert_401(company.get("preferences"))
    assert refresh(company, company.tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_a_disconnected_company_shows_in_the_next_call(company: Any) -> None:
    company.book.disconnect()
    assert_401(company.get("preferences"))


def test_another_company_is_403_with_code_3100(company: Any) -> None:
    company.realm = "123"
    answer = company.get("preferences")
    error = answer.json()["Fault"]["Error"][0]
    assert (answer.status_code, error["code"]) == (403, "3100")
    assert "ApplicationAuthorizationFailed" in error["Message"]


def test_a_consent_without_the_accounting_scope_opens_nothing(company: Any) -> None:
    company.sign_in(scope="openid")
    assert company.get("preferences").status_code == 403


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", ["openid_configuration", "openid_sandbox_configuration"])
def test_the_discovery_document_leads_here(company: Any, name: str, slash: str) -> None:
    url = company.sandbox.url
    document = requests.get(f"{url}/.well-known/{name}{slash}", timeout=10).json()
    assert document["authorization_endpoint"] == f"{url}/connect/oauth2"
    assert document["token_endpoint"] == f"{url}/oauth2/v1/tokens/bearer"
    assert document["revocation_endpoint"] == f"{url}/v2/oauth2/tokens/revoke"
    assert "code_challenge_methods_supported" not in document
