"""The connector to QuickBooks Online."""

from __future__ import annotations

from collections.abc import Mapping

from arsync.connector_sdk import Authoriser, Connector, Platform, Transport
from arsync.connector_sdk.webhooks import WebhookReader
from arsync.core.ledger.records import RecordKind
from arsync_quickbooks.settings import CAPABILITIES, LABEL, LIMITS, NAME, pages_url


class QuickBooksOnline:
    """Implements `arsync.connector_sdk.Platform`."""

    name = NAME
    label = LABEL
    capabilities = CAPABILITIES
    limits = LIMITS

    def authoriser(self, settings: Mapping[str, str]) -> Authoriser:
        """Return the OAuth client for the config section `quickbooks`."""
        from arsync_quickbooks.auth import QuickBooksAuthoriser

        return QuickBooksAuthoriser(settings)

    def record_page(
        self, kind: RecordKind, record_id: str, organisation_id: str, settings: Mapping[str, str]
    ) -> str:
        """Return QuickBooks' page of a record, for people who are logged in there."""
        page = {RecordKind.CONTACTS: "customerdetail?nameId", RecordKind.INVOICES: "invoice?txnId"}
        if kind not in page:
            return ""
        return f"{pages_url(settings)}/app/{page[kind]}={record_id}&companyId={organisation_id}"

    @property
    def webhook(self) -> WebhookReader:
        """What reads what Intuit posts."""
        from arsync_quickbooks.webhooks import QuickBooksWebhooks

        return QuickBooksWebhooks()

    def open(
        self, transport: Transport, organisation_id: str, settings: Mapping[str, str]
    ) -> Connector:
        """Return a connector to one company. Makes no call."""
        from arsync_quickbooks.connector import QuickBooksConnector

        return QuickBooksConnector(transport, organisation_id, settings)


PLATFORM: Platform = QuickBooksOnline()
