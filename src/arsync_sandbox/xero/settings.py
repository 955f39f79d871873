"""The switches of the Xero half: kinds of organisation, and facts that nobody could verify."""

from __future__ import annotations

from arsync_sandbox.platform import Setting

SETTINGS: tuple[Setting, ...] = (
    Setting("xero_tier", "core", "The app's tier; starter has 1,000 calls a day instead of 5,000."),
    Setting(
        "xero_plan", "paying", "The organisation's plan, for the email cap: paying, trial, demo."
    ),
    Setting("xero_period_lock_date", "", "PeriodLockDate; nothing on or before it can be edited."),
    Setting("xero_end_of_year_lock_date", "", "EndOfYearLockDate, as above."),
    Setting("xero_actions_not_allowed", "", "Names for Organisation/Actions, comma separated."),
    Setting("xero_reminders_enabled", False, "What InvoiceReminders/Settings says."),
    Setting("xero_balances_less_credits", False, "Balances take unallocated credits off."),
    Setting("xero_odd_documents", False, "Some documents hold unknown enum values."),
    Setting("xero_high_volume_rows", 100_000, "Rows above which a query is a HighVolumeException."),
    Setting("xero_rate_per_base", True, "CurrencyRate is foreign per base unit, not the reverse."),
    Setting("xero_limit_words_long", False, "X-Rate-Limit-Problem is `Minute limit`, `DayLimit`."),
    Setting("xero_key_store_down", False, "Xero's idempotency store is down: 500 for every key."),
    Setting("xero_modified_since_inclusive", True, "If-Modified-Since means >=, not >."),
    Setting("xero_lists_deleted", False, "An unfiltered list holds DELETED invoices."),
    Setting("xero_note_bumps_updated", False, "A note moves UpdatedDateUTC and fires a webhook."),
    Setting("xero_note_on_locked", True, "Notes on documents before the lock date are accepted."),
    Setting("xero_note_chars_max", 2500, "The longest note in characters (an old page says 250)."),
    Setting("xero_history_on_payments", False, "Payments and over/prepayments take notes."),
    Setting("xero_email_marks_sent", True, "Emailing an invoice sets SentToContact."),
    Setting("xero_email_writes_history", True, "Emailing an invoice writes a history entry."),
    Setting(
        "xero_part_paid_edits",
        "",
        "Fields that a part-paid ACCREC invoice lets one edit, comma separated, of Reference, "
        "DueDate, ExpectedPaymentDate, SentToContact.",
    ),
    Setting("xero_clears_expected_date", True, "An empty ExpectedPaymentDate takes the date off."),
    Setting("xero_group_bumps_contact", False, "Group membership moves Contact.UpdatedDateUTC."),
    Setting(
        "xero_clears_omitted_terms", False, "PaymentTerms without Bills clears the Bills terms."
    ),
    Setting("xero_terms_set_due_date", False, "An invoice without DueDate gets it from the terms."),
    Setting("xero_payment_fires_webhook", True, "A payment fires INVOICE UPDATE."),
    Setting("xero_attachment_megabytes_max", 10, "The largest attachment (another page says 25)."),
    Setting("xero_request_megabytes_max", 3.5, "The largest body of a batch (10 is quoted too)."),
)
