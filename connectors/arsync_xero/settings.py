"""What Xero offers, its limits, and where people see it."""

from __future__ import annotations

from collections.abc import Mapping

from arsync.connector_sdk import Capabilities, Capability, RateLimits

NAME = "xero"
LABEL = "Xero"
PAGES_URL = "https://go.xero.com"

NOTE_CHARACTERS_MAX = 2_500
"""Not in the specification: two recent sources have it, an old page of Xero's says 250."""
EMAILS_PER_DAY_MAX = 1_000
"""Of a paying organisation; a trial has 20 and the demo company none."""

CAPABILITIES = Capabilities(
    offers=frozenset(
        {
            Capability.NOTE_ON_INVOICE,
            Capability.NOTE_ON_CONTACT,
            Capability.EMAIL,
            Capability.CREDIT_HOLD,
            Capability.REMINDER_LEVEL,
            Capability.TERMS,
            Capability.MONTH_TERMS,
            # Not NO_TERMS: nobody could verify that Xero takes terms off through its API. Should it
            # prove to, this line and `PaymentTerms.own` are what changes.
            Capability.EXPECTED_DATE,
            Capability.ATTACHMENT,
            Capability.LATE_FEE,
            Capability.DRAFTS,
            Capability.CREDIT_NOTES,
            Capability.CONTACT_GROUPS,
            Capability.ONLINE_INVOICE,
            Capability.INVOICE_PDF,
            Capability.UNDO,
            Capability.NOTES_READ,
            Capability.BILLS,
            Capability.OWN_REMINDERS,
        }
    ),
    note_characters_max=NOTE_CHARACTERS_MAX,
    emails_per_day_max=EMAILS_PER_DAY_MAX,
)

LIMITS = RateLimits(
    # Xero's own are 60 and 5: a little less leaves room for another program of the same app.
    calls_per_minute=55,
    calls_at_once=4,
    # On Xero's free tier 1,000: the count that comes with each answer then ends the day earlier.
    calls_per_day=5_000,
    reserve_per_day=200,
    # Of 10,000.
    app_calls_per_minute=9_000,
)


def capabilities(settings: Mapping[str, str]) -> Capabilities:
    """Return what one configuration offers: late fees need an account to be booked to."""
    # Known before anything is sent: a rulebook with late fees then already fails in `rules check`.
    offers = CAPABILITIES.offers
    if not settings.get("late_fee_account"):
        offers -= {Capability.LATE_FEE}
    return CAPABILITIES._replace(offers=offers)
