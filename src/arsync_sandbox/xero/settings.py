"""The switches of the Xero half: kinds of organisation, and facts that nobody could verify."""

from __future__ import annotations

from arsync_sandbox.platform import SandboxSetting

SETTINGS: tuple[SandboxSetting, ...] = (
    SandboxSetting(
        "xero_tier", "core", "The app's tier; starter has 1,000 calls a day instead of 5,000."
    ),
    SandboxSetting(
        "xero_plan", "paying", "The organisation's plan, for the email cap: paying, trial, demo."
    ),
    SandboxSetting(
        "xero_period_lock_date", "", "PeriodLockDate; nothing on or before it can be edited."
    ),
    SandboxSetting("xero_end_of_year_lock_date", "", "EndOfYearLockDate, as above."),
    SandboxSetting(
        "xero_actions_not_allowed", "", "Names for Organisation/Actions, comma separated."
    ),
    SandboxSetting("xero_reminders_enabled", False, "What InvoiceReminders/Settings says."),
    SandboxSetting("xero_balances_less_credits", False, "Balances take unallocated credits off."),
    SandboxSetting("xero_odd_documents", False, "Some documents hold unknown enum values."),
    SandboxSetting(
        "xero_high_volume_rows", 100_000, "Rows above which a query is a HighVolumeException."
    ),
    SandboxSetting(
        "xero_rate_per_base", True, "CurrencyRate is foreign per base unit, not the reverse."
    ),
    SandboxSetting(
        "xero_limit_words_long", False, "X-Rate-Limit-Problem is `Minute limit`, `DayLimit`."
    ),
    SandboxSetting(
        "xero_key_store_down", False, "Xero's idempotency store is down: 500 for every key."
    ),
    SandboxSetting("xero_modified_since_inclusive", True, "If-Modified-Since means >=, not >."),
    SandboxSetting(
        "xero_lists_deleted", True, "An unfiltered list holds DELETED documents, as recorded."
    ),
    SandboxSetting(
        "xero_note_bumps_updated", False, "A note moves UpdatedDateUTC and fires a webhook."
    ),
    SandboxSetting(
        "xero_note_on_locked", True, "Notes on documents before the lock date are accepted."
    ),
    SandboxSetting(
        "xero_note_chars_max", 2500, "The longest note in characters (an old page says 250)."
    ),
    SandboxSetting("xero_history_on_payments", False, "Payments and over/prepayments take notes."),
    SandboxSetting("xero_email_marks_sent", True, "Emailing an invoice sets SentToContact."),
    SandboxSetting(
        "xero_email_writes_history", True, "Emailing an invoice writes a history entry."
    ),
    SandboxSetting(
        "xero_part_paid_edits",
        "",
        "Fields that a part-paid ACCREC invoice lets one edit, comma separated, of Reference, "
        "DueDate, ExpectedPaymentDate, SentToContact.",
    ),
    SandboxSetting(
        "xero_clears_expected_date", True, "An empty ExpectedPaymentDate takes the date off."
    ),
    SandboxSetting(
        "xero_group_bumps_contact", False, "Group membership moves Contact.UpdatedDateUTC."
    ),
    SandboxSetting(
        "xero_clears_omitted_terms", False, "PaymentTerms without Bills clears the Bills terms."
    ),
    SandboxSetting(
        "xero_terms_set_due_date", False, "An invoice without DueDate gets it from the terms."
    ),
    SandboxSetting("xero_payment_fires_webhook", True, "A payment fires INVOICE UPDATE."),
    SandboxSetting(
        "xero_attachment_megabytes_max", 10, "The largest attachment (another page says 25)."
    ),
    SandboxSetting(
        "xero_request_megabytes_max", 3.5, "The largest body of a batch (10 is quoted too)."
    ),
)
