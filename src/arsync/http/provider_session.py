"""HTTP to a provider that takes a name and a password with each call, as senders of texts do.

The rules are those of `transport`: time limits for all of an answer, no redirects, no cookies, http
only to this computer, and a change is never repeated after it may have arrived. Nothing is repeated
here at all: the outbox decides that.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from types import MappingProxyType, TracebackType
from typing import Self
from urllib.parse import urlsplit

import requests
from requests.auth import HTTPBasicAuth

from arsync import __version__
from arsync.connector_sdk import HttpResponse
from arsync.errors import OutcomeUnknown, Rejected, Unreachable, UserMistake
from arsync.http.adapters import TimedAdapter
from arsync.http.oauth_session import CONNECT_SECONDS, is_loopback
from arsync.http.responses import never_arrived, unreachable_words

READ_SECONDS = 30.0
"""How long a provider may be silent before its answer counts as lost."""

RESPONSE_SECONDS_MAX = 60.0
"""An answer that takes longer than this, its head included, is given up."""

RESPONSE_BYTES_MAX = 5_000_000

BUSY_WAIT_SECONDS = 60.0

_LOG = logging.getLogger("arsync.http")


class ProviderSession:
    """Calls one provider. Never printed: `repr` hides the password."""

    def __init__(
        self,
        label: str,
        user: str = "",
        password: str = "",
        *,
        read_seconds: float = READ_SECONDS,
    ) -> None:
        """Make a session; no call is made.

        Args:
            label: the provider's name, for messages.
            user: the account; empty: its calls bear no password.
            password: its token.
            read_seconds: how long the provider may be silent.
        """
        self._label = label
        self._read_seconds = read_seconds
        self._session = requests.Session()
        if user:
            self._session.auth = HTTPBasicAuth(user, password)
        # Neither a proxy nor a .netrc of this computer may be given the password.
        self._session.trust_env = False
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, TimedAdapter(RESPONSE_SECONDS_MAX, pool_maxsize=1))

    def __repr__(self) -> str:
        return f"ProviderSession({self._label})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._session.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | bytes | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> HttpResponse:
        """Make one call and return its answer, whatever its status.

        Args:
            method: GET or POST; a POST changes something.
            url: absolute.
            params: the query.
            form: the body, by fields or as it is.
            headers: further ones.

        Raises:
            Unreachable: not reached; nothing happened.
            OutcomeUnknown: a POST whose answer was lost. UserMistake: no address to call.
        """
        changes = method != "GET"
        _refuse_plain(url)
        try:
            with self._session.request(
                method,
                url,
                params=params,
                data=form,
                headers={
                    "User-Agent": f"arsync/{__version__}",
                    "Accept": "application/json",
                    **headers,
                },
                timeout=(CONNECT_SECONDS, self._read_seconds),
                allow_redirects=False,
                stream=True,
            ) as response:
                body = self._body(response, changes=changes)
        except requests.RequestException as error:
            raise self._lost(url, error, changes=changes) from None
        _LOG.info("%s %s: %s", method, urlsplit(url).netloc, response.status_code)
        answered = {name.lower(): value for name, value in response.headers.items()}
        return HttpResponse(response.status_code, answered, body)

    def _body(self, response: requests.Response, *, changes: bool) -> bytes:
        body = b""
        for chunk in response.iter_content(64 * 1024):
            body += chunk
            if len(body) > RESPONSE_BYTES_MAX:
                words = f"{self._label}: an answer of more than {RESPONSE_BYTES_MAX:,} bytes."
                raise OutcomeUnknown(words) if changes else Rejected(words)
        return body

    def _lost(self, url: str, error: requests.RequestException, *, changes: bool) -> Exception:
        if changes and not never_arrived(error):
            return OutcomeUnknown(
                f"{self._label}: the answer was lost ({type(error).__name__});"
                " it may have happened or not."
            )
        host = urlsplit(url).netloc
        return Unreachable(unreachable_words(host, error), after_seconds=BUSY_WAIT_SECONDS)


def _refuse_plain(url: str) -> None:
    address = urlsplit(url)
    if address.scheme == "https" or (
        address.scheme == "http" and is_loopback(address.hostname or "")
    ):
        return
    raise UserMistake(f"{url}: this must be an https address; nothing is sent.")
