"""What both platforms' authorisation servers promise."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from arsync_sandbox.oauth import CUSTOM_CLIENT, PKCE_CLIENT, WEB_CLIENT, signed_token
from arsync_sandbox.server import Sandbox
from arsync_sandbox.signing import key_set

VERIFIER = "v" * 64
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
BACK = "http://localhost:5999/back"


def authorise(sandbox: Sandbox, **changed: str | None) -> requests.Response:
    query = {
        "response_type": "code",
        "client_id": WEB_CLIENT.id,
        "redirect_uri": BACK,
        "scope": "offline invoices",
        "state": "s 1&2",
        "sandbox_consent": "allow",
    }
    parameters = {key: value for key, value in (query | changed).items() if value is not None}
    return requests.get(
        f"{sandbox.url}/little/auth", params=parameters, allow_redirects=False, timeout=5
    )


def came_back(answer: requests.Response) -> dict[str, str]:
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"].startswith(f"{BACK}?")
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return {key: value[0] for key, value in query.items()}


def ask(sandbox: Sandbox, **form: str) -> requests.Response:
    credentials = (WEB_CLIENT.id, WEB_CLIENT.secret)
    return requests.post(f"{sandbox.url}/little/token", data=form, auth=credentials, timeout=5)


def exchange(sandbox: Sandbox, **changed: str) -> dict[str, Any]:
    code = came_back(authorise(sandbox, **changed))["code"]
    answer = ask(sandbox, grant_type="authorization_code", code=code, redirect_uri=BACK)
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def refresh(sandbox: Sandbox, token: str) -> requests.Response:
    return ask(sandbox, grant_type="refresh_token", refresh_token=token)


def status(sandbox: Sandbox, access_token: str) -> int:
    headers = {"Authorization": f"Bearer {access_token}"}
    return requests.get(f"{sandbox.url}/little/mine", headers=headers, timeout=5).status_code


def later(sandbox: Sandbox, **step: int) -> None:
    sandbox.clock.set(sandbox.now() + timedelta(**step))


def test_the_redirect_carries_code_state_and_the_platform_additions(little: Sandbox) -> None:
    back = came_back(authorise(little))
    assert back["state"] == "s 1&2"
    assert back["organisations"] == "o1 o2"
    assert back["code"]


def test_a_person_sees_who_asks_for_what_and_chooses(little: Sandbox) -> None:
    page = authorise(little, sandbox_consent=None)
    assert page.status_code == 200
    for shown in ("arsync asks for access", "First &amp; Co", "<code>invoices</code>", "Refuse"):
        assert shown in page.text
    form = {"decision": "allow", "organisation": "o2"}
    answer = requests.post(page.url, data=form, allow_redirects=False, timeout=5)
    assert came_back(answer)["organisations"] == "o2"
    form["decision"] = "refuse"
    answer = requests.post(page.url, data=form, allow_redirects=False, timeout=5)
    assert came_back(answer) == {"error": "access_denied", "state": "s 1&2"}


def test_consent_can_be_given_by_header_query_or_setting(little: Sandbox, plane: Any) -> None:
    assert came_back(authorise(little, sandbox_consent="refuse"))["error"] == "access_denied"
    plane.settings(consent="allow")
    assert "code" in came_back(authorise(little, sandbox_consent=None))
    page = authorise(little, sandbox_consent=None).request
    answer = requests.get(
        str(page.url),
        headers={"X-Sandbox-Consent": "refuse"},
        allow_redirects=False,
        timeout=5,
    )
    assert came_back(answer)["error"] == "access_denied"


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "stranger"},
        {"client_id": CUSTOM_CLIENT.id},
        {"redirect_uri": "http://127.0.0.1:5999/back"},
        {"redirect_uri": "http://evil.example/"},
        {"redirect_uri": ""},
    ],
)
def test_an_unknown_client_sees_a_page_and_no_redirect(
    little: Sandbox, wrong: dict[str, str]
) -> None:
    answer = authorise(little, **wrong)
    assert answer.status_code == 400
    assert "cannot be let in" in answer.text


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "everything"}, "invalid_scope"),
        ({"client_id": PKCE_CLIENT.id}, "invalid_request"),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, "invalid_request"),
    ],
)
def test_a_wrong_request_is_sent_back_with_its_error(
    little: Sandbox, wrong: dict[str, str], error: str
) -> None:
    assert came_back(authorise(little, **wrong)) == {"error": error, "state": "s 1&2"}


def test_a_code_works_once_for_its_redirect_and_time(little: Sandbox) -> None:
    code = came_back(authorise(little))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
    assert ask(little, **form).status_code == 200
    assert ask(little, **form).json() == {"error": "invalid_grant"}
    form["code"] = came_back(authorise(little))["code"]
    later(little, minutes=6)
    assert ask(little, **form).json() == {"error": "invalid_grant"}
    form |= {"code": came_back(authorise(little))["code"], "redirect_uri": "https://else.example"}
    assert ask(little, **form).json() == {"error": "invalid_grant"}


def test_only_the_pkce_requester_can_exchange_the_code(little: Sandbox) -> None:
    for verifier, expected in (("w" * 64, 400), ("short", 400), (VERIFIER, 200)):
        back = came_back(
            authorise(
                little,
                client_id=PKCE_CLIENT.id,
                code_challenge=CHALLENGE,
                code_challenge_method="S256",
            )
        )
        form = {
            "grant_type": "authorization_code",
            "client_id": PKCE_CLIENT.id,
            "code": back["code"],
            "redirect_uri": BACK,
            "code_verifier": verifier,
        }
        answer = requests.post(f"{little.url}/little/token", data=form, timeout=5)
        assert answer.status_code == expected


def test_clients_prove_themselves_by_basic_or_body(little: Sandbox) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "none"}
    for credentials, error in (
        ({"client_id": WEB_CLIENT.id, "client_secret": WEB_CLIENT.secret}, "invalid_grant"),
        ({"client_id": WEB_CLIENT.id, "client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "stranger"}, "invalid_client"),
        ({}, "invalid_client"),
    ):
        answer = requests.post(f"{little.url}/little/token", data=form | credentials, timeout=5)
        assert answer.json()["error"] == error
    assert ask(little, grant_type="password").json() == {"error": "unsupported_grant_type"}


def test_an_access_token_expires_by_the_sandbox_clock(little: Sandbox) -> None:
    tokens = exchange(little)
    assert tokens["expires_in"] == 1800
    assert status(little, tokens["access_token"]) == 200
    later(little, minutes=30)
    assert status(little, tokens["access_token"]) == 401
    assert status(little, "nonsense") == 401


def test_every_refresh_gives_a_new_token_with_grace(little: Sandbox) -> None:
    first = exchange(little)["refresh_token"]
    second = refresh(little, first).json()["refresh_token"]
    assert second != first
    later(little, minutes=29)
    third = refresh(little, first).json()["refresh_token"]
    assert third not in {first, second}
    later(little, minutes=2)
    assert refresh(little, first).json()["error"] == "invalid_grant"
    assert refresh(little, third).status_code == 200


def test_an_unused_refresh_token_dies_after_its_days(little: Sandbox) -> None:
    token = exchange(little)["refresh_token"]
    later(little, days=61)
    assert refresh(little, token).json()["error"] == "invalid_grant"


def test_there_is_no_refresh_token_without_the_offline_scope(little: Sandbox) -> None:
    assert "refresh_token" not in exchange(little, scope="invoices")


def test_a_custom_connection_needs_no_browser(little: Sandbox) -> None:
    answer = requests.post(
        f"{little.url}/little/token",
        data={"grant_type": "client_credentials", "scope": "invoices"},
        auth=(CUSTOM_CLIENT.id, CUSTOM_CLIENT.secret),
        timeout=5,
    )
    assert "refresh_token" not in answer.json()
    assert status(little, answer.json()["access_token"]) == 200
    assert ask(little, grant_type="client_credentials").json() == {"error": "unauthorized_client"}


@pytest.mark.parametrize("as_json", [True, False])
def test_revoking_ends_every_token_of_the_consent(little: Sandbox, as_json: bool) -> None:
    tokens = exchange(little)
    second = exchange(little)
    token = {"token": tokens["refresh_token"]}
    answer = requests.post(
        f"{little.url}/little/revoke",
        json=token if as_json else None,
        data=None if as_json else token,
        auth=(WEB_CLIENT.id, WEB_CLIENT.secret),
        timeout=5,
    )
    assert answer.status_code == 200
    assert status(little, tokens["access_token"]) == 401
    assert refresh(little, tokens["refresh_token"]).status_code == 400
    assert status(little, second["access_token"]) == 200


def test_tokens_never_reach_the_journal(little: Sandbox, plane: Any) -> None:
    tokens = exchange(little)
    refresh(little, tokens["refresh_token"])
    status(little, tokens["access_token"])
    journal = json.dumps(plane.journal())
    assert tokens["access_token"] not in journal
    assert tokens["refresh_token"] not in journal
    assert [row["took_effect"] for row in plane.journal()] == [True, True, True, False]


def test_a_readable_token_is_proved_by_the_key_set() -> None:
    token = signed_token({"authentication_event_id": "e"})
    keys = jwt.PyJWKSet.from_json(key_set().get_data(as_text=True))
    key = keys[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["RS256"]) == {"authentication_event_id": "e"}
    other = signed_token({"authentication_event_id": "of somebody else"})
    forged = ".".join([*other.split(".")[:2], token.split(".")[2]])
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged, key, algorithms=["RS256"])


def test_only_so_many_tokens_are_remembered(little: Sandbox) -> None:
    book: Any = little.books["little"]
    book.oauth.tokens_max = book.oauth.grants_max = 2
    kept = [exchange(little)["access_token"] for _ in range(3)]
    assert [status(little, token) for token in kept] == [401, 200, 200]
