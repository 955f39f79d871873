"""Reading from Xero's Accounting API: addresses, headers, refusals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from arsync.connector_sdk import HttpResponse, Transport
from arsync.connector_sdk.reading import whole_pdf
from arsync.errors import Rejected
from arsync_xero.documents import Document, Endpoint, Rows
from arsync_xero.errors import refusal
from arsync_xero.settings import LABEL

PATH = "/api.xro/2.0"
PAGE_SIZE = 1000
"""Rows of a page: the most Xero gives."""
IDS_PER_CALL = 40
"""Ids in one query; with about 52, the address exceeds Xero's limit."""

D = TypeVar("D", bound=Document)


class Api:
    """One organisation at Xero, as GET sees it."""

    def __init__(self, transport: Transport, tenant_id: str, api_url: str) -> None:
        """Remember where to ask; no call is made.

        Args:
            transport: authorised and paced.
            tenant_id: the organisation; empty for a custom connection, which has only one.
            api_url: `https://api.xero.com`, or a sandbox.
        """
        self.transport = transport
        self.tenant_id = tenant_id
        self.base_url = api_url.rstrip("/") + PATH
        self.server_time: datetime | None = None
        """Xero's moment, by its last answer."""

    def rows(
        self,
        endpoint: Endpoint[D],
        *,
        path: str = "",
        params: Mapping[str, str] | None = None,
        since: str = "",
    ) -> Rows[D]:
        """Read one page of a list.

        Args:
            endpoint: which list.
            path: where it is found, when not under its own name.
            params: the query.
            since: for If-Modified-Since, in UTC without an offset (which is added); empty for
                everything.

        Raises:
            Rejected: in Xero's words.
        """
        where = path or endpoint.path
        response = self.get(where, params, since=since)
        if response.status >= 400:
            raise refusal(response, f"reading {where}")
        rows = endpoint.rows(response.body)
        self.server_time = rows.server_time or self.server_time
        return rows

    def read_one(self, endpoint: Endpoint[D], path: str) -> Rows[D] | None:
        """Read one record; None when Xero no longer has it."""
        response = self.get(path)
        # Only the record's own address says that it is gone; a list may just have left it out.
        if response.status == 404:
            return None
        if response.status >= 400:
            raise refusal(response, f"reading {path}")
        return endpoint.rows(response.body)

    def pdf(self, path: str) -> bytes:
        """Read a document as Xero prints it.

        Raises:
            Rejected: in Xero's words, or it is too large. RetryLater: the answer is no PDF.
        """
        response = self.get(path, accept="application/pdf")
        if response.status >= 400:
            raise refusal(response, f"reading {path}")
        return whole_pdf(response.body, LABEL)

    def get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        since: str = "",
        accept: str = "application/json",
    ) -> HttpResponse:
        """Make a GET and note the server's time."""
        # Xero answers in XML unless JSON is asked for, and with 403 where the tenant is missing.
        headers = {"Accept": accept, "xero-tenant-id": self.tenant_id}
        if since:
            # As Xero's own SDK writes it: the specification asks for a date-time with its offset.
            headers["If-Modified-Since"] = f"{since}+00:00"
        response = self.transport.request(
            "GET", f"{self.base_url}/{path}", params=params, headers=headers
        )
        self.server_time = _date_header(response.headers) or self.server_time
        return response

    def now(self) -> datetime:
        """Return Xero's moment by its last answer.

        Raises:
            Rejected: no answer gave one.
        """
        # Never this computer's: a watermark by a clock that is ahead would skip what changed.
        if self.server_time is None:
            raise Rejected("Xero's answers do not report the time; nothing can be read safely.")
        return self.server_time


def _date_header(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers["date"])
    except (KeyError, ValueError):
        return None
