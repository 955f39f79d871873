"""The OAuth session: token calls, their errors, and the rule that http is for this computer only.

oauthlib refuses http addresses unless OAUTHLIB_INSECURE_TRANSPORT opens them for the whole
process. That is too wide. `PlatformSession` shows oauthlib an https address for a loopback host
and turns it back when the request is prepared; any other http address is refused.
"""

from __future__ import annotations

import ipaddress
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import parse_qs, urlsplit, urlunsplit

import requests
from oauthlib.oauth2 import BackendApplicationClient, Client, OAuth2Error
from oauthlib.oauth2.rfc6749.errors import (
    InvalidClientError,
    InvalidGrantError,
    UnauthorizedClientError,
)
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session

from arsync.clock import Clock, SystemClock
from arsync.connector_sdk import Token
from arsync.core.ledger.sanitising import one_line
from arsync.errors import NeedsReconnect, RetryLater, Unreachable, UserMistake
from arsync.http.adapters import TimedAdapter
from arsync.http.responses import unreachable_words
from arsync.http.token_answers import checked_answer, lifetime_seconds

CONNECT_SECONDS = 10.0
READ_SECONDS = 125.0
"""Longer than the 120 s after which Intuit's own server gives up."""
TOKEN_READ_SECONDS = 30.0
"""Shorter: other processes wait for a renewal, and it can be asked for again."""
RESPONSE_SECONDS_MAX = 300.0
"""An answer that takes longer than this, its head included, is given up."""
CONNECTIONS_MAX = 10
DESCRIPTION_CHARACTERS_MAX = 300
"""As much of a platform's own words is shown."""
SECRET_CHARACTERS_MIN = 6
"""A shorter text is no secret, and may be part of any word."""

_HTTP_OK_MAX = 299
_HTTP_SERVER_ERROR = 500
_HTTP_TOO_MANY = 429

for _name in ("requests_oauthlib", "oauthlib", "urllib3"):
    # At DEBUG these print tokens, client secrets and queries; `arsync.http` logs instead.
    logging.getLogger(_name).setLevel(logging.WARNING)


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this computer."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class PlatformSession(OAuth2Session):
    """An OAuth2Session that times out, keeps no cookies, follows no redirects, and names errors."""

    _client: Client

    def __init__(
        self,
        client_id: str,
        *,
        label: str,
        clock: Clock,
        client: Any = None,
        response_seconds: float = RESPONSE_SECONDS_MAX,
    ) -> None:
        """Make a session; no call is made.

        Args:
            client_id: the application's id at the platform.
            label: the platform's name, for messages.
            clock: gives the moment from which a token's seconds count.
            client: an oauthlib client, by default the one for authorisation codes.
            response_seconds: how long an answer may take in all.
        """
        # No scope is given to the session: oauthlib raises when the platform grants another set.
        super().__init__(client_id=client_id, client=client)
        self._label = label
        self._clock = clock
        self._plain_hosts: set[str] = set()
        self._settings_of: dict[tuple[Any, ...], Any] = {}
        self._never_shown: set[str] = set()
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("https://", "http://"):
            self.mount(scheme, TimedAdapter(response_seconds, pool_maxsize=CONNECTIONS_MAX))
        self.register_compliance_hook("access_token_response", self._checked)
        self.register_compliance_hook("refresh_token_response", self._checked)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> requests.Response:  # type: ignore[override]
        """Make a request, with a timeout and without redirects."""
        kwargs["timeout"] = kwargs.get("timeout") or (CONNECT_SECONDS, READ_SECONDS)
        # A redirect would send the token to an unchecked address, and would turn a POST into a GET.
        # `transport` decides what it means.
        kwargs["allow_redirects"] = False
        return super().request(method, self._shown_to_oauthlib(url), *args, **kwargs)

    def prepare_request(self, request: requests.Request) -> requests.PreparedRequest:
        """Prepare a request, giving a loopback address its http back."""
        address = urlsplit(str(request.url))
        if address.scheme == "https" and address.netloc in self._plain_hosts:
            request.url = urlunsplit(("http", *address[1:]))
        return super().prepare_request(request)

    def merge_environment_settings(
        self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any
    ) -> Any:
        """Return proxies and certificates, which requests looks up once for each host.

        For each request it would go through all variables of the process, several times.
        """
        settings_of = super().merge_environment_settings
        if proxies:
            return settings_of(url, proxies, stream, verify, cert)
        address = urlsplit(str(url))
        key = (address.scheme, address.netloc, stream, verify, cert)
        if key not in self._settings_of:
            self._settings_of[key] = settings_of(url, proxies, stream, verify, cert)
        settings = self._settings_of[key]
        return {**settings, "proxies": dict(settings["proxies"])}

    def authorisation_url(
        self,
        url: str,
        *,
        redirect_uri: str,
        scopes: str,
        state: str,
        verifier: str = "",
    ) -> str:
        """Return the address of the authorisation page.

        Args:
            url: the platform's authorisation endpoint.
            redirect_uri: where the browser comes back to.
            scopes: the requested scopes, separated by spaces.
            state: comes back with the browser, and must match.
            verifier: the PKCE verifier; empty for a platform without PKCE.
        """
        self.redirect_uri = redirect_uri
        extra: dict[str, Any] = {}
        if verifier:
            challenge = self._client.create_code_challenge(verifier, "S256")
            extra = {"code_challenge": challenge, "code_challenge_method": "S256"}
        page: str = self._client.prepare_request_uri(
            self._shown_to_oauthlib(url),
            redirect_uri=redirect_uri,
            scope=scopes.split(),
            state=state,
            **extra,
        )
        return urlunsplit((urlsplit(url).scheme, *urlsplit(page)[1:]))

    def exchange(
        self, url: str, *, code: str, redirect_uri: str, verifier: str = "", secret: str = ""
    ) -> Token:
        """Turn the code of an authorisation into a token.

        Raises:
            UserMistake: wrong client, or the code is old or used. RetryLater: not reachable.
        """
        self.redirect_uri = redirect_uri
        self._never_shown |= {code, verifier, secret}
        extra: dict[str, Any] = {"code_verifier": verifier} if verifier else {}
        try:
            with self._named_errors(url):
                answer = self.fetch_token(
                    self._shown_to_oauthlib(url),
                    code=code,
                    auth=self._basic(secret) or _no_auth,
                    include_client_id=not secret,
                    timeout=(CONNECT_SECONDS, TOKEN_READ_SECONDS),
                    **extra,
                )
                return self._token(answer)
        except NeedsReconnect as error:
            raise UserMistake(
                f"{self._label} refused the authorisation code ({error}). It lives a few minutes"
                " and works once: run `arsync connect` again."
            ) from None

    def client_credentials(self, url: str, *, scopes: str, secret: str) -> Token:
        """Return a token without a browser, for an application that serves one organisation.

        Raises:
            UserMistake: wrong client id or secret. RetryLater: not reachable.
        """
        self._never_shown.add(secret)
        extra: dict[str, Any] = {"scope": scopes.split()} if scopes else {}
        with self._named_errors(url):
            answer = self.fetch_token(
                self._shown_to_oauthlib(url),
                auth=self._basic(secret),
                timeout=(CONNECT_SECONDS, TOKEN_READ_SECONDS),
                **extra,
            )
            return self._token(answer)

    def renew(self, url: str, token: Token, *, secret: str = "") -> Token:
        """Return a new token for an old one, which is useless afterwards.

        Raises:
            NeedsReconnect: the grant is no longer valid. UserMistake: wrong client. RetryLater: not
                reachable.
        """
        self._never_shown |= {token.access_token, token.refresh_token, secret}
        extra: dict[str, Any] = {} if secret else {"client_id": str(self.client_id)}
        with self._named_errors(url):
            answer = self.refresh_token(
                self._shown_to_oauthlib(url),
                refresh_token=token.refresh_token,
                auth=self._basic(secret) or _no_auth,
                timeout=(CONNECT_SECONDS, TOKEN_READ_SECONDS),
                **extra,
            )
            return self._token(answer, old=token)

    def revoke(self, url: str, token: str, *, secret: str = "", as_json: bool = False) -> None:
        """Withdraw a grant. A grant that is no longer valid counts as withdrawn.

        Raises:
            UserMistake: wrong client. RetryLater: not reachable.
        """
        self._never_shown |= {token, secret}
        fields = {"token": token} if secret else {"token": token, "client_id": str(self.client_id)}
        kind = "application/json" if as_json else "application/x-www-form-urlencoded"
        with self._named_errors(url):
            response = self.request(
                "POST",
                url,
                data=json.dumps(fields) if as_json else fields,
                headers={"Accept": "application/json", "Content-Type": kind},
                auth=self._basic(secret) or _no_auth,
                timeout=(CONNECT_SECONDS, TOKEN_READ_SECONDS),
                withhold_token=True,
            )
            if response.status_code > _HTTP_OK_MAX and b"invalid_client" in response.content:
                raise InvalidClientError
            if response.status_code == _HTTP_TOO_MANY or response.status_code >= _HTTP_SERVER_ERROR:
                raise RetryLater(f"{self._label} answers {response.status_code}; try again later.")

    def read_json(
        self, url: str, *, access_token: str, params: Mapping[str, str] | None = None
    ) -> bytes:
        """Read a JSON answer with a token that is not saved yet, for the organisation's name.

        Raises:
            NeedsReconnect: the token is not accepted. RetryLater: not reachable.
        """
        with self._named_errors(url):
            response = self.request(
                "GET",
                url,
                params=params,
                headers={
                    "Accept": "application/json",
                    "Authorization": f"Bearer {access_token}",
                },
                timeout=(CONNECT_SECONDS, TOKEN_READ_SECONDS),
                withhold_token=True,
            )
        if response.status_code in {401, 403}:
            raise NeedsReconnect(f"{self._label} does not accept the new token.")
        if response.status_code > _HTTP_OK_MAX:
            raise RetryLater(f"{self._label} answers {response.status_code}; try again later.")
        return response.content

    def _shown_to_oauthlib(self, url: str) -> str:
        address = urlsplit(url)
        if address.scheme == "http" and is_loopback(address.hostname or ""):
            self._plain_hosts.add(address.netloc)
            return urlunsplit(("https", *address[1:]))
        if address.scheme != "https" or not address.hostname:
            raise UserMistake(
                f"{url}: a platform's address must begin with https://."
                " http:// is only for this computer (127.0.0.1, localhost)."
            )
        return url

    def _basic(self, secret: str) -> HTTPBasicAuth | None:
        return HTTPBasicAuth(str(self.client_id), secret) if secret else None

    def _token(self, answer: Mapping[str, Any], old: Token | None = None) -> Token:
        now = self._clock.now()
        scope = answer.get("scope", "")
        refresh_seconds = lifetime_seconds(answer, "x_refresh_token_expires_in")
        return Token(
            access_token=str(answer["access_token"]),
            # A renewal may leave out what stays the same.
            refresh_token=str(answer.get("refresh_token") or (old.refresh_token if old else "")),
            expires_at=now + timedelta(seconds=lifetime_seconds(answer, "expires_in")),
            scope=(scope if isinstance(scope, str) else " ".join(scope or ()))
            or (old.scope if old else ""),
            refresh_expires_at=now + timedelta(seconds=refresh_seconds)
            if refresh_seconds
            else None,
        )

    def _checked(self, response: requests.Response) -> requests.Response:
        """Refuse what oauthlib would misread: a busy server, a page instead of JSON, no token."""
        status = response.status_code
        if status == _HTTP_TOO_MANY or status >= _HTTP_SERVER_ERROR:
            error = RetryLater if status == _HTTP_TOO_MANY else Unreachable
            raise error(f"{self._label} answers {status} to a token call; try again later.")
        try:
            # oauthlib reads the body again, and trusts what it finds there.
            response._content = checked_answer(response.content)  # noqa: SLF001
        except ValueError as error:
            if status > _HTTP_OK_MAX:
                raise UserMistake(
                    f"{response.url}: answers {status} to a token call. Is the address right?"
                ) from None
            raise RetryLater(f"{self._label}: a token call got an answer {error}.") from None
        return response

    def _described(self, error: OAuth2Error) -> str:
        """Return the platform's words in brackets, without what we had sent it in confidence."""
        words = one_line(str(error.description or ""))[:DESCRIPTION_CHARACTERS_MAX]
        for secret in sorted(self._never_shown, key=len, reverse=True):
            if len(secret) >= SECRET_CHARACTERS_MIN:
                words = words.replace(secret, "[secret]")
        return f" ({words})" if words else ""

    @contextmanager
    def _named_errors(self, url: str) -> Iterator[None]:
        host = urlsplit(url).netloc
        try:
            yield
        except InvalidGrantError as error:
            raise NeedsReconnect(
                f"{self._label}: the authorisation is no longer valid{self._described(error)};"
                " run `arsync connect` again"
            ) from None
        except (InvalidClientError, UnauthorizedClientError) as error:
            raise UserMistake(
                f"{self._label} does not know this client id, or the secret is wrong"
                f"{self._described(error)}. Check client_id and client_secret in the configuration."
            ) from None
        except OAuth2Error as error:
            raise UserMistake(
                f"{self._label} refused the token call: {one_line(str(error.error))}"
                f"{self._described(error)}."
            ) from None
        except requests.exceptions.InvalidURL:
            raise UserMistake(f"{url}: this is not a web address.") from None
        except requests.RequestException as error:
            raise Unreachable(unreachable_words(host, error)) from None


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep requests and oauthlib from inventing a Basic header for a client without a secret."""
    return request


def oauth_session(
    client_id: str, *, label: str, clock: Clock | None = None, browser: bool = True
) -> PlatformSession:
    """Return the session for the token calls of one platform.

    Args:
        client_id: the application's id at the platform.
        label: the platform's name, for messages.
        clock: tells when tokens expire; by default the computer's.
        browser: False for client credentials.

    Raises:
        UserMistake: there is no client id.
    """
    if not client_id:
        raise UserMistake(f"{label}: there is no client_id in the configuration.")
    client = None if browser else BackendApplicationClient(client_id=client_id)
    return PlatformSession(client_id, label=label, clock=clock or SystemClock(), client=client)


def callback_parameters(callback_url: str, *, state: str) -> dict[str, str]:
    """Return what the browser brought back: `code` and the platform's own extras.

    Raises:
        UserMistake: authorisation was refused, or this is not the answer to our request.
    """
    # The state first: without it, somebody else's code could be passed to this browser, and their
    # organisation be connected in place of the user's.
    query = {name: values[0] for name, values in parse_qs(urlsplit(callback_url).query).items()}
    if not state or query.get("state") != state:
        raise UserMistake(
            "The address that the browser came back to belongs to another attempt (its state does"
            " not match). Run `arsync connect` again and use the newest page."
        )
    if "error" in query:
        words = one_line(query.get("error_description") or query["error"])
        raise UserMistake(
            f"Authorisation was not given: {words[:DESCRIPTION_CHARACTERS_MAX].rstrip('.')}."
        )
    if not query.get("code"):
        raise UserMistake(
            "The address that the browser came back to holds no code. Copy all of it."
        )
    return query
