"""What surrounds each call: tokens, tenants, scopes, limits and idempotency."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from arsync_sandbox.clock import SandboxClock

ACME = "11111111-1111-4111-8111-111111111111"
OPEN = "aaaaaaaa-0000-4000-8000-000000000001"
LATE = "aaaaaaaa-0000-4000-8000-000000000002"

VERIFIER = "v" * 64
GRANULAR = (
    "offline_access openid profile email accounting.invoices accounting.payments.read "
    "accounting.contacts accounting.settings.read"
)
CLASSIC = (
    "offline_access accounting.transactions accounting.contacts accounting.settings.read "
    "accounting.attachments"
)


def consent(xero: Any, scope: str, *, client: str = "sandbox-pkce-app", **more: str) -> Any:
    challenge = hashlib.sha256(VERIFIER.encode()).digest()
    params = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": "http://localhost:9/callback",
        "scope": scope,
        "state": "s1",
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "sandbox_consent": "allow",
        **more,
    }
    url = f"{xero.url}/identity/connect/authorize"
    return requests.get(url, params=params, allow_redirects=False, timeout=10)


def exchange(xero: Any, **form: str) -> requests.Response:
    form = {"client_id": "sandbox-pkce-app", **form}
    return requests.post(f"{xero.url}/connect/token", data=form, timeout=10)


def connect(xero: Any, scope: str = GRANULAR) -> dict[str, Any]:
    back = parse_qs(urlsplit(consent(xero, scope).headers["Location"]).query)
    assert back["state"] == ["s1"]
    answer = exchange(
        xero,
        grant_type="authorization_code",
        code=back["code"][0],
        redirect_uri="http://localhost:9/callback",
        code_verifier=VERIFIER,
    )
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    xero.session.headers["Authorization"] = f"Bearer {tokens['access_token']}"
    return tokens


def claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return read


def status(xero: Any, path: str, method: str = "GET", body: Any = None) -> int:
    answer: requests.Response = xero.call(method, path, body, check=False)
    return answer.status_code


def test_a_call_without_a_bearer_is_a_401(xero: Any) -> None:
    answer = xero.call("GET", "/Invoices", check=False, headers={"Authorization": ""})
    assert (answer.status_code, answer.json()["Title"]) == (401, "Unauthorized")


def test_access_tokens_expire_after_thirty_minutes(xero: Any) -> None:
    connect(xero)
    xero.sandbox.clock.set(xero.sandbox.now() + timedelta(minutes=29))
    assert status(xero, "/Invoices") == 200
    xero.sandbox.clock.set(xero.sandbox.now() + timedelta(minutes=2))
    answer = xero.call("GET", "/Invoices", check=False)
    assert answer.status_code == 401
    assert answer.json()["Detail"].startswith("TokenExpired: token expired at 03/02/2026 09:3")


def test_an_unknown_or_missing_tenant_is_a_403(xero: Any) -> None:
    connect(xero)
    for tenant in (ACME, ""):
        answer = xero.call("GET", "/Invoices", check=False, headers={"xero-tenant-id": tenant})
        assert answer.status_code == 403
        assert answer.json()["Detail"] == "AuthenticationUnsuccessful"


def test_a_custom_connection_needs_no_tenant(xero: Any) -> None:
    answer = xero.call("GET", "/Invoices", check=False, headers={"xero-tenant-id": ""})
    assert answer.status_code == 200


def test_connections_are_listed_by_consent_and_deleted(xero: Any) -> None:
    tokens = connect(xero)
    event = claims(tokens["access_token"])["authentication_event_id"]
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    url = f"{xero.url}/connections"
    rows = requests.get(url, params={"authEventId": event}, headers=header, timeout=10).json()
    assert rows[0]["tenantId"] == xero.tenant
    assert rows[0]["tenantType"] == "ORGANISATION"
    assert rows[0]["authEventId"] == event
    assert len(rows[0]["createdDateUtc"]) == len("2019-12-07T18:46:19.5165400")
    none = requests.get(url, params={"authEventId": ACME}, headers=header, timeout=10)
    assert none.json() == []
    url_of_row = f"{url}/{rows[0]['id']}"
    assert requests.delete(url_of_row, headers=header, timeout=10).status_code == 204
    assert requests.delete(url_of_row, headers=header, timeout=10).status_code == 404
    assert status(xero, "/Invoices") == 403


def test_a_code_works_once_within_minutes_with_its_verifier(xero: Any) -> None:
    def code() -> str:
        location = str(consent(xero, GRANULAR).headers["Location"])
        return parse_qs(urlsplit(location).query)["code"][0]

    def answer(value: str, verifier: str = VERIFIER) -> Any:
        return exchange(
            xero,
            grant_type="authorization_code",
            code=value,
            redirect_uri="http://localhost:9/callback",
            code_verifier=verifier,
        )

    used = code()
    assert answer(used).status_code == 200
    assert answer(used).json()["error"] == "invalid_grant"
    assert answer(code(), "w" * 64).json()["error"] == "invalid_grant"
    late = code()
    xero.sandbox.clock.set(xero.sandbox.now() + timedelta(minutes=6))
    assert answer(late).json()["error"] == "invalid_grant"


def test_http_redirects_go_to_localhost_only(xero: Any) -> None:
    assert consent(xero, GRANULAR, redirect_uri="http://127.0.0.1:9/cb").status_code == 400
    assert consent(xero, "accounting.everything").headers["Location"].count("invalid_scope")


def test_refresh_tokens_rotate_with_thirty_minutes_of_grace(xero: Any) -> None:
    first = connect(xero)["refresh_token"]

    def refresh(token: str) -> requests.Response:
        return exchange(xero, grant_type="refresh_token", refresh_token=token)

    second = refresh(first).json()["refresh_token"]
    assert second != first
    xero.sandbox.clock.set(xero.sandbox.now() + timedelta(minutes=20))
    assert refresh(first).status_code == 200
    xero.sandbox.clock.set(xero.sandbox.now() + timedelta(minutes=15))
    dead = refresh(first)
    assert (dead.status_code, dead.json()["error"]) == (400, "invalid_grant")
    xero.sandbox.clock.set(xero.sandbox.now() + timedelta(days=59))
    third = refresh(second).json()["refresh_token"]
    xero.sandbox.clock.set(xero.sandbox.now() + timedelta(days=60))
    assert refresh(third).json()["error"] == "invalid_grant"


def test_without_offline_access_there_is_no_refresh_token(xero: Any) -> None:
    tokens = connect(xero, "accounting.invoices.read")
    assert "refresh_token" not in tokens
    assert tokens["expires_in"] == 1800
    assert "id_token" not in tokens
    assert "id_token" in connect(xero, GRANULAR)


def test_openid_clients_find_everything_from_discovery(xero: Any) -> None:
    found = requests.get(f"{xero.url}/.well-known/openid-configuration", timeout=10).json()
    tokens = connect(xero, GRANULAR)
    keys = jwt.PyJWKSet.from_dict(requests.get(found["jwks_uri"], timeout=10).json())
    key = keys[jwt.get_unverified_header(tokens["id_token"])["kid"]]
    # By the sandbox's clock, which is not this computer's.
    claims = jwt.decode(
        tokens["id_token"],
        key,
        algorithms=["RS256"],
        audience="sandbox-pkce-app",
        issuer=found["issuer"],
        options={"verify_exp": False, "verify_iat": False},
    )
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    person = requests.get(found["userinfo_endpoint"], headers=bearer, timeout=10).json()
    assert person["sub"] == claims["sub"]
    assert requests.get(found["userinfo_endpoint"], timeout=10).status_code == 401


@pytest.mark.parametrize("kind", ["TaxRates", "Users", "Items", "BankTransactions"])
def test_what_other_clients_read_is_there(xero: Any, kind: str) -> None:
    xero.book.load_documents({"Items": [{"Code": "A"}], "BankTransactions": [{"Type": "SPEND"}]})
    body = xero.get(f"/{kind}", page=1)
    assert body[kind]
    assert ("pagination" in body) is (kind == "BankTransactions")


def test_the_organisation_has_two_names(xero: Any) -> None:
    one, other = xero.get("/Organisation"), xero.get("/Organisations")
    assert one["Organisations"] == other["Organisations"]


def test_revoking_takes_all_connections_along(xero: Any) -> None:
    tokens = connect(xero)
    form = {"token": tokens["refresh_token"], "client_id": "sandbox-pkce-app"}
    answer = requests.post(f"{xero.url}/connect/revocation", data=form, timeout=10)
    assert (answer.status_code, answer.content) == (200, b"")
    assert status(xero, "/Invoices") == 401
    again = exchange(xero, grant_type="refresh_token", refresh_token=tokens["refresh_token"])
    assert again.json()["error"] == "invalid_grant"


def test_a_person_disconnects_the_app(xero: Any) -> None:
    connect(xero)
    xero.book.disconnect()
    assert status(xero, "/Invoices") == 403


@pytest.mark.parametrize("scope", [GRANULAR, CLASSIC])
def test_scopes_are_enforced_under_both_names(xero: Any, scope: str) -> None:
    connect(xero, scope)
    for path in ("/Invoices", "/Payments", "/Prepayments", "/Contacts", "/Organisation"):
        assert status(xero, path) == 200
    note = {"HistoryRecords": [{"Details": "x"}]}
    assert status(xero, f"/Invoices/{OPEN}/History", "PUT", note) == 200
    assert status(xero, "/Reports/AgedReceivablesByContact") == 403
    attachments = status(xero, f"/Invoices/{OPEN}/Attachments")
    assert attachments == (200 if "attachments" in scope else 403)
    payment: dict[str, Any] = {"Payments": [{}]}
    assert status(xero, "/Payments", "PUT", payment) == (400 if scope == CLASSIC else 403)


def test_a_read_scope_does_not_write(xero: Any) -> None:
    connect(xero, "accounting.invoices.read accounting.contacts.read")
    assert status(xero, "/Invoices") == 200
    assert status(xero, f"/Invoices/{OPEN}/Email", "POST", {}) == 403
    assert status(xero, "/ContactGroups", "PUT", {}) == 403
    assert status(xero, "/Payments") == 403


def test_every_answer_tells_what_is_left(start_xero: Callable[..., Any]) -> None:
    xero = start_xero()
    answer = xero.call("GET", "/Invoices")
    assert answer.headers["X-MinLimit-Remaining"] == "59"
    assert answer.headers["X-DayLimit-Remaining"] == "4999"
    assert answer.headers["X-AppMinLimit-Remaining"] == "9999"
    assert xero.call("GET", f"/Invoices/{ACME}").headers["X-MinLimit-Remaining"] == "58"


def test_the_sixty_first_call_of_a_minute_waits(start_xero: Callable[..., Any]) -> None:
    xero = start_xero(limits=True)
    xero.sandbox.clock = SandboxClock(xero.sandbox.now(), elapsed=lambda: 0.0)
    codes = [xero.call("GET", "/Organisation", check=False).status_code for _ in range(60)]
    assert codes == [200] * 60
    limited = xero.call("GET", "/Organisation", check=False)
    assert (limited.status_code, limited.content) == (429, b"")
    assert limited.headers["X-Rate-Limit-Problem"] == "minute"
    assert limited.headers["X-MinLimit-Remaining"] == "0"
    xero.sandbox.change_settings({"xero_limit_words_long": True})
    longer = xero.call("GET", "/Organisation", check=False)
    assert longer.headers["X-Rate-Limit-Problem"] == "Minute limit"
    wait = int(limited.headers["Retry-After"])
    assert 0 < wait <= 60
    xero.sandbox.clock.set(xero.sandbox.now() + timedelta(seconds=wait))
    assert status(xero, "/Organisation") == 200


@pytest.mark.parametrize(("tier", "most"), [("core", 5000), ("starter", 1000)])
def test_the_day_limit_depends_on_the_tier(
    start_xero: Callable[..., Any], tier: str, most: int
) -> None:
    xero = start_xero(limits=True, xero_tier=tier)
    answer = xero.call("GET", "/Organisation")
    assert answer.headers["X-DayLimit-Remaining"] == str(most - 1)
    limits = xero.book.api.limits
    for (_, _, seconds), window in limits.windows.items():
        if seconds == 86_400:
            window.used = most
    limited = xero.call("GET", "/Organisation", check=False)
    assert limited.headers["X-Rate-Limit-Problem"] == "day"
    assert 0 < int(limited.headers["Retry-After"]) <= 86_400


def test_a_sixth_concurrent_call_is_refused_without_retry_after(
    start_xero: Callable[..., Any],
) -> None:
    xero = start_xero(limits=True)
    xero.sandbox.faults.add({"path": "Contacts$", "times": 5, "delay_seconds": 30})
    headers = dict(xero.session.headers)
    answers: list[int] = []

    def ask() -> None:
        url = f"{xero.url}/api.xro/2.0/Contacts"
        answers.append(requests.get(url, headers=headers, timeout=60).status_code)

    threads = [threading.Thread(target=ask) for _ in range(5)]
    for thread in threads:
        thread.start()
    while len(xero.sandbox.in_flight()) < 5 or xero.sandbox.faults.waiting:
        time.sleep(0.01)
    refused = xero.call("GET", "/Invoices", check=False)
    # The delays end as soon as the sandbox is told to stop.
    xero.sandbox.stopping.set()
    for thread in threads:
        thread.join()
    assert refused.status_code == 429
    assert refused.headers["X-Rate-Limit-Problem"] == "concurrent"
    assert "Retry-After" not in refused.headers
    assert answers == [200] * 5


def keyed(xero: Any, key: str, text: str, path: str = f"/Invoices/{OPEN}/History") -> Any:
    body = {"HistoryRecords": [{"Details": text}]}
    return xero.call("PUT", path, body, headers={"Idempotency-Key": key})


def notes(xero: Any) -> int:
    return len(xero.get(f"/Invoices/{OPEN}/History")["HistoryRecords"])


def test_the_same_key_answers_again_without_doing_again(xero: Any) -> None:
    first, second = keyed(xero, "k1", "a"), keyed(xero, "k1", "a")
    assert first.content == second.content
    assert notes(xero) == 1


def test_a_key_is_forgotten_after_six_minutes(xero: Any) -> None:
    keyed(xero, "k1", "a")
    xero.sandbox.clock.set(xero.sandbox.now() + timedelta(minutes=5, seconds=50))
    keyed(xero, "k1", "a")
    assert notes(xero) == 1
    xero.sandbox.clock.set(xero.sandbox.now() + timedelta(seconds=11))
    keyed(xero, "k1", "a")
    assert notes(xero) == 2


def test_a_key_used_with_another_request_is_refused(xero: Any) -> None:
    keyed(xero, "k1", "a")
    for wrong in (
        keyed(xero, "k1", "b"),
        keyed(xero, "k1", "a", f"/Invoices/{LATE}/History"),
    ):
        assert wrong.status_code == 400
        assert "Idempotency Key k1 is used with a different request" in wrong.text


def test_errors_are_replayed_too(xero: Any) -> None:
    assert keyed(xero, "k1", "x" * 2501).status_code == 400
    xero.sandbox.change_settings({"xero_note_chars_max": 5000})
    assert keyed(xero, "k1", "x" * 2501).status_code == 400
    assert keyed(xero, "k2", "x" * 2501).status_code == 200


def test_keys_have_at_most_128_characters_on_writes(xero: Any) -> None:
    assert keyed(xero, "k" * 128, "a").status_code == 200
    assert keyed(xero, "k" * 129, "a").status_code == 400
    header = {"Idempotency-Key": "k" * 200}
    assert xero.call("GET", "/Invoices", headers=header, check=False).status_code == 200


def test_a_lost_key_store_is_a_500(start_xero: Callable[..., Any]) -> None:
    xero = start_xero(xero_key_store_down=True)
    assert keyed(xero, "k1", "a").status_code == 500
    assert notes(xero) == 0


def test_the_journal_knows_what_took_effect(xero: Any) -> None:
    keyed(xero, "k1", "a")
    keyed(xero, "k1", "a")
    keyed(xero, "k2", "x" * 2501)
    entries = [row for row in xero.sandbox.journal.page()["requests"] if row["method"] == "PUT"]
    assert [row["took_effect"] for row in entries] == [True, False, False]
    assert [row["platform"] for row in entries] == ["xero"] * 3


def test_a_500_after_the_effect_is_replayed_too(xero: Any) -> None:
    xero.sandbox.faults.add({"path": "History", "method": "PUT", "status": 500, "effect": True})
    assert [keyed(xero, "k1", "a").status_code for _ in range(2)] == [500, 500]
    assert notes(xero) == 1
    xero.sandbox.faults.add({"path": "History", "method": "PUT", "status": 503})
    assert [keyed(xero, "k2", "b").status_code for _ in range(2)] == [503, 200]
    assert notes(xero) == 2


def test_a_dropped_answer_keeps_the_write_and_its_key(xero: Any) -> None:
    xero.sandbox.faults.add({"path": "History", "method": "PUT", "drop": "after"})
    with pytest.raises(requests.ConnectionError):
        keyed(xero, "k1", "a")
    assert keyed(xero, "k1", "a").status_code == 200
    assert notes(xero) == 1
