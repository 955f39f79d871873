"""Currencies that exist."""

from __future__ import annotations

from babel.numbers import list_currencies

from arsync.connector_sdk.reading import NO_CURRENCIES

CURRENCIES = list_currencies() - NO_CURRENCIES
"""Every code of ISO 4217, those that are no longer in use too: an old ledger may hold them.

CLDR is renewed with each release of Babel, so that a new currency needs no change here. The SDK's
own list lacks the newest five, and is slow to import.
"""
