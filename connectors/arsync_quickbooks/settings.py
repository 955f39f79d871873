"""What QuickBooks Online offers, its limits, and where it is reached."""

from __future__ import annotations

from collections.abc import Mapping

from arsync.connector_sdk import Capabilities, Capability, RateLimits
from arsync_quickbooks.fenced_text import ATTACHABLE_NOTE_CHARACTERS_MAX

NAME = "quickbooks"
LABEL = "QuickBooks Online"

_API_URLS = {
    "production": "https://quickbooks.api.intuit.com",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
}

SANDBOX_EMAILS_PER_DAY_MAX = 40
"""Intuit's sandbox companies send no more; real companies have no published cap."""

CAPABILITIES = Capabilities(
    offers=frozenset(
        {
            Capability.NOTE_ON_INVOICE,
            Capability.NOTE_ON_CONTACT,
            Capability.EMAIL,
            Capability.CREDIT_HOLD,
            Capability.REMINDER_LEVEL,
            Capability.TERMS,
            Capability.LONG_TERMS,
            Capability.NAMED_TERMS,
            Capability.NO_TERMS,
            Capability.ATTACHMENT,
            Capability.LATE_FEE,
            Capability.PARENTS,
            Capability.CONTACT_GROUPS,
            Capability.ONLINE_INVOICE,
            Capability.INVOICE_PDF,
            Capability.UNDO,
            Capability.NOTES_READ,
            Capability.BILLS,
        }
    ),
    note_characters_max=ATTACHABLE_NOTE_CHARACTERS_MAX,
    emails_per_day_max=0,
)
"""No EXPECTED_DATE: an invoice has no such field, so promises are kept in notes."""

LIMITS = RateLimits(
    calls_per_minute=450,
    calls_at_once=8,
    calls_per_second=8,
    reads_per_month=500_000,
    reads_reserve=25_000,
)
"""Of one company, except for the reads of a month. Intuit allows 500 a minute, and 10 a second or
at once: both are documented. A little less leaves room for calls that leave apart and arrive
together. Intuit's free tier allows an app 500,000 reads a month; no answer gives the count, so it
is kept here. Writes are not metered."""


def capabilities(settings: Mapping[str, str]) -> Capabilities:
    """Return what one configuration offers: late fees need an item to bill them with."""
    # Known before anything is sent: a rulebook with late fees then already fails in `rules check`.
    offers = CAPABILITIES.offers
    if not settings.get("late_fee_item"):
        offers -= {Capability.LATE_FEE}
    emails = SANDBOX_EMAILS_PER_DAY_MAX if is_sandbox(settings) else 0
    return CAPABILITIES._replace(offers=offers, emails_per_day_max=emails)


def is_sandbox(settings: Mapping[str, str]) -> bool:
    """Say whether the configuration is for Intuit's sandbox companies."""
    return settings.get("environment") == "sandbox"


def api_url(settings: Mapping[str, str]) -> str:
    """Return where the API is: as configured, else by the environment."""
    return settings.get("api_url") or _API_URLS["sandbox" if is_sandbox(settings) else "production"]


def pages_url(settings: Mapping[str, str]) -> str:
    """Return where people see the company in their browser."""
    return f"https://app{'.sandbox' if is_sandbox(settings) else ''}.qbo.intuit.com"
