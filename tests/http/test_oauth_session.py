"""Token calls: what each answer means, and that plain http stays on this computer."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from arsync.clock import SetClock
from arsync.connector_sdk import Token
from arsync.errors import NeedsReconnect, RetryLater, UserMistake
from arsync.http import PlatformSession, callback_parameters, is_loopback, oauth_session
from arsync.http.token_answers import TOKEN_SECONDS_MAX

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
OLD = Token("old-access", "old-refresh", NOW, scope="accounting.invoices")
GOOD = {
    "access_token": "new-access",
    "expires_in": 1800,
    "token_type": "Bearer",
    "refresh_token": "new-refresh",
    "scope": "another set",
}


@dataclass
class TokenServer:
    """Answers each POST alike, and remembers what came."""

    url: str = ""
    status: int = 200
    body: bytes = json.dumps(GOOD).encode()
    forms: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[TokenServer]:
    script = TokenServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if text.startswith("{"):
                script.forms.append(json.loads(text))
            else:
                script.forms.append({key: value[0] for key, value in parse_qs(text).items()})
            script.headers.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(script.status)
            self.send_header("Content-Length", str(len(script.body)))
            self.end_headers()
            self.wfile.write(script.body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        script.url = f"http://127.0.0.1:{listener.server_address[1]}/connect/token"
        yield script
        listener.shutdown()
        thread.join()


def a_session(**options: Any) -> PlatformSession:
    return oauth_session("my-app", label="Xero", clock=SetClock(NOW), **options)


def test_a_renewed_token_is_new_in_all_its_parts(server: TokenServer) -> None:
    token = a_session().renew(server.url, OLD)
    assert token == Token("new-access", "new-refresh", NOW + timedelta(minutes=30), "another set")
    assert server.forms == [
        {"grant_type": "refresh_token", "refresh_token": "old-refresh", "client_id": "my-app"}
    ]
    assert "authorization" not in server.headers[0]


def test_a_secret_travels_as_basic_authentication(server: TokenServer) -> None:
    a_session().renew(server.url, OLD, secret="s3cret")
    assert server.headers[0]["authorization"].startswith("Basic ")
    assert "client_id" not in server.forms[0]


def test_a_refresh_token_that_is_not_replaced_is_kept(server: TokenServer) -> None:
    server.body = json.dumps(
        {
            "access_token": "a",
            "expires_in": 3600,
            "token_type": "bearer",
            "x_refresh_token_expires_in": 8_640_000,
        }
    ).encode()
    token = a_session().renew(server.url, OLD)
    assert (token.refresh_token, token.scope) == ("old-refresh", "accounting.invoices")
    assert token.refresh_expires_at == NOW + timedelta(days=100)


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, b'{"error": "invalid_grant"}', NeedsReconnect, "run `arsync connect` again"),
        (400, b'{"error": "invalid_client"}', UserMistake, "Check client_id and client_secret"),
        (401, b'{"error": "invalid_client"}', UserMistake, "Check client_id and client_secret"),
        (400, b'{"error": "unauthorized_client"}', UserMistake, "Check client_id"),
        (400, b'{"error": "invalid_scope"}', UserMistake, "invalid_scope"),
        (404, b"<html>not found</html>", UserMistake, "Is the address right"),
        (500, b"oops", RetryLater, "answers 500"),
        (503, b"", RetryLater, "answers 503"),
        (429, b"", RetryLater, "answers 429"),
        (200, b"<html>", RetryLater, "not JSON"),
        (200, b"[]", RetryLater, "not JSON"),
        (200, b"{}", RetryLater, "access_token cannot be used"),
        (200, b'{"access_token": null}', RetryLater, "access_token cannot be used"),
        (200, b'{"access_token": ""}', RetryLater, "access_token cannot be used"),
        (200, b'{"access_token": 7}', RetryLater, "access_token cannot be used"),
        (200, b'{"access_token": "a\\nb"}', RetryLater, "access_token cannot be used"),
        (200, b'{"access_token": "a", "refresh_token": {}}', RetryLater, "refresh_token cannot"),
        (200, b"[" * 5_000, RetryLater, "not JSON"),
    ],
)
def test_a_refused_token_call_says_what_to_do(
    server: TokenServer, status: int, body: bytes, error: type[Exception], words: str
) -> None:
    server.status, server.body = status, body
    with pytest.raises(error, match=words):
        a_session().renew(server.url, OLD)


@pytest.mark.parametrize(
    ("lifetime", "seconds"),
    [
        ('"3600"', 3600),
        ("1800.5", 1800),
        ('"abc"', 0),
        ("[1]", 0),
        ("NaN", 0),
        ("1e400", 0),
        ("-5", 0),
        ("true", 0),
        ("null", 0),
        ('"²"', 0),
        ("1e12", TOKEN_SECONDS_MAX),
        ("9" * 5_000, TOKEN_SECONDS_MAX),
    ],
)
def test_an_odd_lifetime_renews_the_token_sooner(
    server: TokenServer, lifetime: str, seconds: int
) -> None:
    server.body = (
        f'{{"access_token": "new", "token_type": "bearer", "expires_in": {lifetime},'
        f' "x_refresh_token_expires_in": {lifetime}, "scope": 5}}'
    ).encode()
    token = a_session().renew(server.url, OLD)
    assert token.access_token == "new"
    assert token.expires_at == NOW + timedelta(seconds=seconds)
    assert token.scope == OLD.scope


def test_the_platforms_words_are_shown_without_our_secrets(server: TokenServer) -> None:
    server.status = 400
    server.body = json.dumps(
        {"error": "invalid_request", "error_description": "old-refresh\x1b[31m is s3cret-s3cret"}
    ).encode()
    with pytest.raises(UserMistake, match=r"\[secret\] \[31m is \[secret\]") as caught:
        a_session().renew(server.url, OLD, secret="s3cret-s3cret")
    assert str(caught.value).isprintable()


def test_a_refused_code_asks_for_a_new_authorisation(server: TokenServer) -> None:
    server.status, server.body = 400, b'{"error": "invalid_grant"}'
    with pytest.raises(UserMistake, match="works once"):
        a_session().exchange(server.url, code="c", redirect_uri="http://localhost:1/cb")


def test_a_code_is_exchanged_with_its_verifier(server: TokenServer) -> None:
    redirect = "http://localhost:1/cb"
    token = a_session().exchange(server.url, code="c", redirect_uri=redirect, verifier="v" * 43)
    assert token.access_token == "new-access"
    assert server.forms == [
        {
            "grant_type": "authorization_code",
            "code": "c",
            "client_id": "my-app",
            "redirect_uri": redirect,
            "code_verifier": "v" * 43,
        }
    ]


def test_client_credentials_need_no_browser(server: TokenServer) -> None:
    token = a_session(browser=False).client_credentials(
        server.url, scopes="accounting.invoices", secret="s3cret"
    )
    assert token.access_token == "new-access"
    assert server.forms == [{"grant_type": "client_credentials", "scope": "accounting.invoices"}]


def test_nobody_there_is_for_later() -> None:
    with pytest.raises(RetryLater, match="cannot be reached"):
        a_session().renew("http://127.0.0.1:9/token", OLD)


@pytest.mark.parametrize("as_json", [True, False])
def test_revoking_sends_the_token(server: TokenServer, as_json: bool) -> None:
    server.body = b""
    a_session().revoke(server.url, "old-refresh", secret="s3cret", as_json=as_json)
    assert server.forms == [{"token": "old-refresh"}]


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [(401, b'{"error": "invalid_client"}', UserMistake), (503, b"", RetryLater)],
)
def test_revoking_may_fail(
    server: TokenServer, status: int, body: bytes, error: type[Exception]
) -> None:
    server.status, server.body = status, body
    with pytest.raises(error):
        a_session().revoke(server.url, "old-refresh")


def test_a_dead_grant_is_revoked_already(server: TokenServer) -> None:
    server.status, server.body = 400, b'{"error": "invalid_grant"}'
    a_session().revoke(server.url, "old-refresh")


def test_the_consent_page_keeps_its_own_scheme() -> None:
    for base in ("http://127.0.0.1:5000", "https://login.xero.com"):
        url = a_session().authorisation_url(
            f"{base}/identity/connect/authorize",
            redirect_uri="http://localhost:1/cb",
            scopes="offline_access accounting.invoices",
            state="st",
            verifier="v" * 43,
        )
        assert url.startswith(f"{base}/identity/connect/authorize?")
        query = parse_qs(urlsplit(url).query)
        assert query["scope"] == ["offline_access accounting.invoices"]
        assert query["code_challenge_method"] == ["S256"]
        assert query["state"] == ["st"]


def test_plain_http_is_for_this_computer_only() -> None:
    with pytest.raises(UserMistake, match="must begin with https"):
        a_session().renew("http://identity.xero.com/connect/token", OLD)
    assert "OAUTHLIB_INSECURE_TRANSPORT" not in os.environ


@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("127.8.8.8", True),
        ("localhost.example.com", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_this_computer_is_known(host: str, here: bool) -> None:
    assert is_loopback(host) is here


def test_proxies_are_looked_up_once_for_each_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "near.example")
    session = a_session()

    def proxies(url: str, own: dict[str, str] | None = None) -> Any:
        return session.merge_environment_settings(url, own or {}, None, None, None)["proxies"]

    assert proxies("https://near.example/a") == {}
    far = proxies("https://far.example/a")
    assert far["https"] == "http://proxy.example:3128"
    far.clear()
    monkeypatch.setenv("https_proxy", "http://other.example:3128")
    assert proxies("https://far.example/b")["https"] == "http://proxy.example:3128"
    own = {"https": "http://mine.example:3128"}
    assert proxies("https://far.example/a", own)["https"] == "http://mine.example:3128"


def test_no_client_id_is_the_users_mistake() -> None:
    with pytest.raises(UserMistake, match="no client_id"):
        oauth_session("", label="Xero")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("code=c&state=other", "does not match"),
        ("code=c", "does not match"),
        ("error=access_denied&state=st", "access_denied"),
        ("error=x&error_description=TenantConsent+denied&state=st", "TenantConsent denied"),
        ("state=st", "holds no code"),
        ("error=x&error_description=a%1B%5D0%3Bb%07&state=st", r"given: a \]0;b\."),
    ],
)
def test_a_wrong_callback_is_the_users_mistake(query: str, words: str) -> None:
    with pytest.raises(UserMistake, match=words):
        callback_parameters(f"http://localhost:1/cb?{query}", state="st")


def test_what_the_platform_adds_to_the_callback_comes_along() -> None:
    url = "http://localhost:1/cb?code=c&state=st&realmId=934"
    assert callback_parameters(url, state="st") == {"code": "c", "state": "st", "realmId": "934"}


def test_logs_and_errors_never_contain_tokens_or_secrets(
    server: TokenServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    a_session().renew(server.url, OLD, secret="s3cret")
    server.status, server.body = 400, b'{"error": "invalid_grant"}'
    with pytest.raises(NeedsReconnect) as caught:
        a_session().renew(server.url, OLD, secret="s3cret")
    for secret in ("old-refresh", "new-access", "new-refresh", "s3cret"):
        assert secret not in caplog.text
        assert secret not in str(caught.value)
