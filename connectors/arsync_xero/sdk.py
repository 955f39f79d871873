"""Xero's official SDK builds the requests of writes; arsync's own session sends them.

The SDK's `ApiClient` hides retries, a token singleton and lost headers (a PUT over a dropped
connection goes out four times). This subclass keeps what builds a request and hands the result
over, so that a write is sent once and its outcome is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import msgspec
from xero_python.accounting import AccountingApi
from xero_python.api_client import ApiClient

from arsync.connector_sdk import HttpResponse
from arsync.errors import OutcomeUnknown
from arsync_xero.api import Api
from arsync_xero.dates import day_of
from arsync_xero.errors import element_refusals, refusal, refused

IDEMPOTENCY_KEY_MAX = 128

_ENCODE = msgspec.json.Encoder(decimal_format="number").encode
_MS_DATE = re.compile(r"/Date\(-?\d+[^)]*\)/")
_ADDED_BY_SDK = frozenset({"HasAttachments", "HasErrors", "HasValidationErrors"})
"""Read-only flags that the SDK's models put into every body with a default of their own."""


class HandedOver(ApiClient):  # type: ignore[misc]
    """The part of the SDK that builds requests, on top of our transport."""

    def __init__(self, api: Api) -> None:
        """Take the organisation to send to; the SDK's own set-up is left out on purpose."""
        # Its configuration is a hidden singleton: a second organisation would send the first one's
        # token.
        self._api = api
        self.configuration = SimpleNamespace(safe_chars_for_path_param="")
        self.default_headers: dict[str, str] = {}
        self.cookie = None
        self.file_type = ""
        """The media type of the next file: the SDK would call every file a stream of bytes."""

    def update_params_for_auth(self, headers: Any, querys: Any, auth_settings: Any) -> None:
        """Add nothing: the transport adds the token."""

    def request(
        self,
        method: str,
        url: str,
        *,
        query_params: Iterable[tuple[str, Any]] | None = None,
        headers: dict[str, str] | None = None,
        post_params: Any = None,
        body: Any = None,
        **_: Any,
    ) -> HttpResponse:
        """Send what the SDK built, with its known mistakes corrected."""
        sent = {**(headers or {}), "Accept": "application/json"}
        payload = None
        if isinstance(body, bytes):
            payload = body
            sent["Content-Type"] = self.file_type or "application/octet-stream"
        elif body is not None:
            payload = _ENCODE(_mended(body))
            sent["Content-Type"] = "application/json"
        return self._api.transport.request(
            method,
            url,
            params={name: _query_text(value) for name, value in query_params or ()},
            headers=sent,
            body=payload,
            changes=True,
        )


class SdkClient:
    """The SDK's methods that arsync uses, with refusals named."""

    def __init__(self, api: Api) -> None:
        """Make a client; no call is made."""
        self._tenant_id = api.tenant_id
        self._client = HandedOver(api)
        self._accounting = AccountingApi(self._client, base_url=api.base_url)

    def call(
        self,
        method: str,
        *arguments: Any,
        what: str,
        key: str = "",
        file_type: str = "",
        **options: Any,
    ) -> bytes:
        """Call a method of `AccountingApi` and return the body of its answer.

        Args:
            method: its name.
            arguments: what follows the tenant.
            what: the request, for messages.
            key: the Idempotency-Key, where the method takes one.
            file_type: the media type of a file among the arguments.
            options: further arguments by name.

        Raises:
            Rejected: refused, in Xero's words, whole or in an element.
            OutcomeUnknown: the answer cannot be read.
        """
        assert len(key) <= IDEMPOTENCY_KEY_MAX, "keys are made to fit"
        if key:
            options["idempotency_key"] = key
        self._client.file_type = file_type
        response: HttpResponse = getattr(self._accounting, method)(
            self._tenant_id, *arguments, _preload_content=False, **options
        )
        if response.status >= 400:
            raise refusal(response, what)
        if response.status >= 300:
            raise OutcomeUnknown(f"Xero: {what}: answered {response.status}")
        # An answer of 200 may still hold a refusal: each element of a batch has its own.
        if words := element_refusals(response.body):
            raise refused(what, words)
        return response.body


def _mended(value: Any) -> Any:
    """Correct what the SDK adds or writes wrongly in bodies."""
    if isinstance(value, dict):
        return {key: _mended(inner) for key, inner in value.items() if key not in _ADDED_BY_SDK}
    if isinstance(value, list | tuple):
        return [_mended(inner) for inner in value]
    if isinstance(value, float):
        # The SDK turns decimals into floats. A float's shortest text is the decimal it came from.
        return Decimal(repr(value))
    # Written as plain days: with an offset, Xero would read another day in zones ahead of UTC.
    if isinstance(value, str) and _MS_DATE.fullmatch(value):
        day = day_of(None, value)
        assert day is not None, "a matched date is a date"
        return day.isoformat()
    return value


def _query_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
