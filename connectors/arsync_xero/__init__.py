"""Xero for arsync. The entry point is `PLATFORM`; everything else is imported when it is used."""

from __future__ import annotations

from collections.abc import Mapping

from arsync.connector_sdk import Authoriser, Connector, RateLimits, Transport
from arsync.core.ledger.records import RecordKind
from arsync_xero.connector import CAPABILITIES, XeroConnector

PAGES_URL = "https://go.xero.com"

LIMITS = RateLimits(
    # Xero's own are 60 and 5: a little less leaves room for another program of the same app.
    calls_per_minute=55,
    calls_at_once=4,
    calls_per_day=5_000,
    reserve_per_day=200,
    # Of 10,000.
    app_calls_per_minute=9_000,
)


class XeroPlatform:
    """Xero. Implements `arsync.connector.Platform`."""

    name = "xero"
    label = "Xero"
    capabilities = CAPABILITIES
    limits = LIMITS

    def authoriser(self, settings: Mapping[str, str]) -> Authoriser:
        """Return the OAuth client."""
        from arsync_xero.auth import XeroAuthoriser

        return XeroAuthoriser(settings)

    def record_page(
        self, kind: RecordKind, record_id: str, organisation_id: str, settings: Mapping[str, str]
    ) -> str:
        """Return Xero's page of a contact or an invoice, for who is logged in there.

        Xero's own deep links may name the organisation by its ShortCode; without it the page opens
        in the organisation that was looked at last.
        """
        if kind == RecordKind.CONTACTS:
            return f"{PAGES_URL}/Contacts/View/{record_id}"
        if kind == RecordKind.INVOICES:
            return f"{PAGES_URL}/AccountsReceivable/View.aspx?InvoiceID={record_id}"
        return ""

    def open(
        self, transport: Transport, organisation_id: str, settings: Mapping[str, str]
    ) -> Connector:
        """Return a connector to one organisation."""
        return XeroConnector(transport, organisation_id, settings)


PLATFORM = XeroPlatform()
