"""The switches of the QuickBooks half, most of them for what nobody could verify."""

from __future__ import annotations

from arsync_sandbox.platform import SandboxSetting

SWITCHES: tuple[SandboxSetting, ...] = (
    SandboxSetting(
        "quickbooks_ids_as_text", False, "Id is compared and ordered as text, 10 before 9."
    ),
    SandboxSetting(
        "quickbooks_unsortable",
        "",
        "Properties that a query may not sort by, with commas: Id, MetaData.CreateTime.",
    ),
    SandboxSetting(
        "quickbooks_ignores_unsortable",
        False,
        "Sorting by one all the same is ignored, instead of refused (4001).",
    ),
    SandboxSetting(
        "quickbooks_unqueryable",
        "",
        "Properties that a query may not ask by, with commas: VendorCredit.Balance.",
    ),
    SandboxSetting(
        "quickbooks_vendor_credit_balance", True, "A new VendorCredit says its Balance."
    ),
    SandboxSetting(
        "quickbooks_total_count", True, "An answer that holds every row says totalCount."
    ),
    SandboxSetting(
        "quickbooks_cdc_cap", "total", "What the 1,000 rows of CDC limit: total or entity."
    ),
    SandboxSetting(
        "quickbooks_cdc_refuses_old", False, "CDC of more than 30 days ago is refused (4001)."
    ),
    SandboxSetting("quickbooks_cdc_rows_max", 1000, "Rows that one CDC answer holds at most."),
    SandboxSetting(
        "quickbooks_default_due_days", 30, "DueDate without terms is TxnDate plus this."
    ),
    SandboxSetting(
        "quickbooks_terms_move_due_date", False, "A new SalesTermRef recomputes DueDate."
    ),
    SandboxSetting(
        "quickbooks_private_note_max", 4000, "Longest Invoice.PrivateNote, in characters."
    ),
    SandboxSetting("quickbooks_customer_notes_max", 2000, "Longest Customer.Notes, in characters."),
    SandboxSetting("quickbooks_note_max", 2000, "Longest Attachable.Note, in characters."),
    SandboxSetting(
        "quickbooks_customer_type_writable", True, "Customer.CustomerTypeRef can be written."
    ),
    SandboxSetting(
        "quickbooks_void_keeps_quantity", False, "A voided line keeps Qty and UnitPrice."
    ),
    SandboxSetting(
        "quickbooks_currency_on_sparse", False, "Sparse updates need CurrencyRef as well."
    ),
    SandboxSetting("quickbooks_requestid_on_send", False, "requestid stops a second /send."),
    SandboxSetting("quickbooks_requestid_keeps_faults", False, "requestid repeats a refusal, too."),
    SandboxSetting("quickbooks_requestid_days", 0, "Days a requestid is remembered; 0: for ever."),
    SandboxSetting("quickbooks_send_bumps_sync_token", False, "/send raises SyncToken."),
    SandboxSetting("quickbooks_need_to_send_sends", False, "NeedToSend is sent at once by itself."),
    SandboxSetting(
        "quickbooks_emails_per_day", 40, "Emails a day before /send refuses; 0: no cap."
    ),
    SandboxSetting("quickbooks_invoice_link_always", False, "InvoiceLink comes without include."),
    SandboxSetting("quickbooks_retry_after", False, "A 429 says Retry-After: 60."),
    SandboxSetting(
        "quickbooks_throttle_body", "fault", "Body of a 429: fault, lower, html or empty."
    ),
    SandboxSetting("quickbooks_concurrent", False, "10 at a time is the limit, not 10 per second."),
    SandboxSetting("quickbooks_core_plus_quota", 500_000, "Metered reads a month before 429."),
    SandboxSetting(
        "quickbooks_batch_meter", "call", "What a batch of queries counts: call or items."
    ),
    SandboxSetting(
        "quickbooks_refresh_grace", True, "The previous refresh token works for 24 hours."
    ),
    SandboxSetting("quickbooks_webhook_format", "cloudevents", "cloudevents, legacy or both."),
    SandboxSetting(
        "quickbooks_einvoice_status_is_a_change", True, "EInvoiceStatus counts as a change."
    ),
    SandboxSetting(
        "quickbooks_cdc_false_deleted", False, "CDC calls a row Deleted that was updated."
    ),
)
"""Every switch with its default and meaning; `POST /_sandbox/settings` sets them."""
