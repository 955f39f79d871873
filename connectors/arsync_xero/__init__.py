"""Xero for arsync. The entry point is `PLATFORM`; everything else is imported when it is used."""

from __future__ import annotations

from collections.abc import Mapping

from arsync.connector import Authoriser, Connector, RateLimits, Transport
from arsync_xero.connector import CAPABILITIES, XeroConnector

LIMITS = RateLimits(
    # Xero's own are 60 and 5: a little less leaves room for another program of the same app.
    calls_per_minute=55,
    calls_at_once=4,
    calls_per_day=5_000,
    reserve_per_day=200,
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

    def open(
        self, transport: Transport, organisation_id: str, settings: Mapping[str, str]
    ) -> Connector:
        """Return a connector to one organisation."""
        return XeroConnector(transport, organisation_id, settings)


PLATFORM = XeroPlatform()
