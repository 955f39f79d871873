"""Which scope a call needs, under the granular names and under the classic ones."""

from __future__ import annotations

READ_METHODS = frozenset({"GET", "HEAD"})

GRANULAR = {
    "Invoices": "accounting.invoices",
    "CreditNotes": "accounting.invoices",
    "RepeatingInvoices": "accounting.invoices",
    "Payments": "accounting.payments",
    "BatchPayments": "accounting.payments",
    "Prepayments": "accounting.payments",
    "Overpayments": "accounting.payments",
    "Contacts": "accounting.contacts",
    "ContactGroups": "accounting.contacts",
    "BankTransactions": "accounting.banktransactions",
    "Items": "accounting.invoices",
    "Organisation": "accounting.settings",
    "Organisations": "accounting.settings",
    "TaxRates": "accounting.settings",
    "Users": "accounting.settings",
    "BrandingThemes": "accounting.settings",
    "Accounts": "accounting.settings",
    "Currencies": "accounting.settings",
    "InvoiceReminders": "accounting.settings",
}
CLASSIC = {
    "accounting.invoices": "accounting.transactions",
    "accounting.payments": "accounting.transactions",
    "accounting.banktransactions": "accounting.transactions",
    "accounting.reports.aged.read": "accounting.reports.read",
}
"""Granular names whose classic form has another name; the rest are the same in both."""

IDENTITY = frozenset({"offline_access", "openid", "profile", "email"})
_WRITABLE = {*GRANULAR.values(), "accounting.attachments", "accounting.transactions"}
KNOWN = frozenset(
    {
        *IDENTITY,
        *_WRITABLE,
        *(f"{scope}.read" for scope in _WRITABLE),
        "accounting.reports.read",
        "accounting.reports.aged.read",
        "accounting.journals.read",
    }
)
"""Every scope that the sandbox's consent page can give."""


def needed_scopes(path: str, method: str) -> set[str]:
    """The scopes of which a token needs one, for a path below `/api.xro/2.0`; empty: any token."""
    segments = path.strip("/").split("/")
    if segments[0] == "Reports":
        scope = "accounting.reports.aged.read"
        return {scope, CLASSIC[scope]}
    scope = GRANULAR.get(segments[0], "")
    if "Attachments" in segments:
        scope = "accounting.attachments"
    if not scope:
        return set()
    names = {scope, CLASSIC.get(scope, scope)}
    if method in READ_METHODS:
        names |= {f"{name}.read" for name in names}
    return names
