"""The switches of the QuickBooks half, most of them for what nobody could verify."""

from __future__ import annotations

from arsync_sandbox.platform import Setting

SWITCHES: tuple[Setting, ...] = (
    Setting("quickbooks_ids_as_text", False, "Id is compared and ordered as text, 10 before 9."),
    Setting("quickbooks_total_count", True, "An answer that holds every row says totalCount."),
    Setting("quickbooks_cdc_cap", "total", "What the 1,000 rows of CDC limit: total or entity."),
    Setting("quickbooks_cdc_rows_max", 1000, "Rows that one CDC answer holds at most."),
    Setting("quickbooks_default_due_days", 30, "DueDate without terms is TxnDate plus this."),
    Setting("quickbooks_terms_move_due_date", False, "A new SalesTermRef recomputes DueDate."),
    Setting("quickbooks_private_note_max", 4000, "Longest Invoice.PrivateNote, in characters."),
    Setting("quickbooks_customer_notes_max", 2000, "Longest Customer.Notes, in characters."),
    Setting("quickbooks_note_max", 2000, "Longest Attachable.Note, in characters."),
    Setting("quickbooks_customer_type_writable", True, "Customer.CustomerTypeRef can be written."),
    Setting("quickbooks_void_keeps_quantity", False, "A voided line keeps Qty and UnitPrice."),
    Setting("quickbooks_currency_on_sparse", False, "Sparse updates need CurrencyRef as well."),
    Setting("quickbooks_requestid_on_send", False, "requestid stops a second /send."),
    Setting("quickbooks_requestid_keeps_faults", False, "requestid repeats a refusal, too."),
    Setting("quickbooks_requestid_days", 0, "Days a requestid is remembered; 0: for ever."),
    Setting("quickbooks_send_bumps_sync_token", False, "/send raises SyncToken."),
    Setting("quickbooks_need_to_send_sends", False, "NeedToSend is sent at once by itself."),
    Setting("quickbooks_emails_per_day", 40, "Emails a day before /send refuses; 0: no cap."),
    Setting("quickbooks_invoice_link_always", False, "InvoiceLink comes without include."),
    Setting("quickbooks_retry_after", False, "A 429 says Retry-After: 60."),
    Setting("quickbooks_throttle_body", "fault", "Body of a 429: fault, lower, html or empty."),
    Setting("quickbooks_concurrent", False, "10 at a time is the limit, not 10 per second."),
    Setting("quickbooks_core_plus_quota", 500_000, "Metered reads a month before 429."),
    Setting("quickbooks_batch_meter", "call", "What a batch of queries counts: call or items."),
    Setting("quickbooks_refresh_grace", True, "The previous refresh token works for 24 hours."),
    Setting("quickbooks_webhook_format", "cloudevents", "cloudevents, legacy or both."),
    Setting("quickbooks_einvoice_status_is_a_change", True, "EInvoiceStatus counts as a change."),
    Setting("quickbooks_cdc_false_deleted", False, "CDC calls a row Deleted that was updated."),
)
"""Every switch with its default and meaning; `POST /_sandbox/settings` sets them."""
