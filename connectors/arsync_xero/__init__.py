"""The connector to Xero."""

from __future__ import annotations

from collections.abc import Mapping

from arsync.connector_sdk import Authoriser, Connector, Platform, Transport
from arsync.connector_sdk.webhooks import WebhookReader
from arsync.core.ledger.records import RecordKind
from arsync_xero.settings import CAPABILITIES, LABEL, LIMITS, NAME, PAGES_URL


class XeroPlatform:
    """Implements `arsync.connector_sdk.Platform`."""

    name = NAME
    label = LABEL
    capabilities = CAPABILITIES
    limits = LIMITS

    def authoriser(self, settings: Mapping[str, str]) -> Authoriser:
        """Return the OAuth client for the config section `xero`."""
        from arsync_xero.auth import XeroAuthoriser

        return XeroAuthoriser(settings)

    def record_page(
        self, kind: RecordKind, record_id: str, organisation_id: str, settings: Mapping[str, str]
    ) -> str:
        """Return Xero's page of a record, for people who are logged in there.

        Xero's own deep links may name the organisation by its ShortCode; without it the page opens
        in the organisation that was looked at last.
        """
        if kind == RecordKind.CONTACTS:
            return f"{PAGES_URL}/Contacts/View/{record_id}"
        if kind == RecordKind.INVOICES:
            return f"{PAGES_URL}/AccountsReceivable/View.aspx?InvoiceID={record_id}"
        return ""

    @property
    def webhook(self) -> WebhookReader:
        """What reads what Xero posts."""
        from arsync_xero.webhooks import XeroWebhooks

        return XeroWebhooks()

    def open(
        self, transport: Transport, organisation_id: str, settings: Mapping[str, str]
    ) -> Connector:
        """Return a connector to one organisation. Makes no call."""
        from arsync_xero.connector import XeroConnector

        return XeroConnector(transport, organisation_id, settings)


PLATFORM: Platform = XeroPlatform()
