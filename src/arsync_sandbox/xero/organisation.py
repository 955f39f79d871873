"""The organisation and what hangs on it: accounts, themes, currencies, settings, a report."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, request

from . import wire
from .api import XeroApi
from .errors import invalid, not_found
from .forms import Json
from .ledger import XeroLedger
from .limits import API_PATH
from .load import place_fields
from .reads import find_contact

FOUNDED = datetime(2019, 4, 1, tzinfo=UTC)
WINDOWS_ZONES = {
    "Europe/London": "GMTSTANDARDTIME",
    "Europe/Dublin": "GMTSTANDARDTIME",
    "Europe/Amsterdam": "WEUROPESTANDARDTIME",
    "Europe/Berlin": "WEUROPESTANDARDTIME",
    "Europe/Rome": "WEUROPESTANDARDTIME",
    "Europe/Zurich": "WEUROPESTANDARDTIME",
    "Europe/Madrid": "ROMANCESTANDARDTIME",
    "Europe/Brussels": "ROMANCESTANDARDTIME",
    "Europe/Paris": "ROMANCESTANDARDTIME",
    "Pacific/Auckland": "NEWZEALANDSTANDARDTIME",
    "Australia/Sydney": "AUSEASTERNSTANDARDTIME",
    "Australia/Perth": "WAUSTRALIASTANDARDTIME",
    "Australia/Melbourne": "AUSEASTERNSTANDARDTIME",
    "Australia/Brisbane": "EAUSTRALIASTANDARDTIME",
    "Asia/Singapore": "SINGAPORESTANDARDTIME",
    "Africa/Johannesburg": "SOUTHAFRICASTANDARDTIME",
    "America/New_York": "EASTERNSTANDARDTIME",
    "America/Chicago": "CENTRALSTANDARDTIME",
    "America/Denver": "MOUNTAINSTANDARDTIME",
    "America/Los_Angeles": "PACIFICSTANDARDTIME",
    "America/Toronto": "EASTERNSTANDARDTIME",
    "UTC": "UTC",
}
VERSIONS = {"GB": "UK", "US": "US", "AU": "AU", "NZ": "NZ"}

# Code, name, type, status, and whether customers may pay into it.
ACCOUNTS = (
    ("090", "Business Bank Account", "BANK", "ACTIVE", True),
    ("200", "Sales", "REVENUE", "ACTIVE", False),
    ("260", "Other Revenue", "REVENUE", "ACTIVE", False),
    ("270", "Interest Income", "REVENUE", "ACTIVE", False),
    ("299", "Old Sales", "REVENUE", "ARCHIVED", False),
    ("400", "Advertising", "EXPENSE", "ACTIVE", False),
    ("970", "Owner A Funds Introduced", "EQUITY", "ACTIVE", True),
)
TAX_RATES = {
    "OUTPUT": Decimal("0.15"),
    "OUTPUT2": Decimal("0.20"),
    "RROUTPUT": Decimal("0.05"),
}
"""Tax types with a rate; all others, NONE and the exempt ones, have none."""

ACTIONS = (
    "CreateInvoice",
    "CreateApprovedInvoice",
    "CreateDraftInvoice",
    "CreateRepeatingInvoice",
    "UseMulticurrency",
    "AttachFilesIntoInvoice",
    "AttachFilesIntoContact",
    "CreateInvoicePayment",
    "CreateCreditNote",
    "CreateContact",
)


def active_account(code: str) -> bool:
    """Whether lines can be coded to this account."""
    return any(row[0] == code and row[3] == "ACTIVE" for row in ACCOUNTS)


def takes_payments(code: str, account_id: str) -> str:
    """The code of the account, named by either, that customers may pay into; empty: none."""
    for row in ACCOUNTS:
        if row[4] and (row[0] == code or wire.mapped_guid("account", row[0]) == account_id):
            return row[0]
    return ""


def add_organisation(blueprint: Blueprint, api: XeroApi) -> None:
    """Serve what describes the organisation."""
    views = _Views(api)
    for path, view in (
        ("/Organisation", views.organisation),
        ("/Organisations", views.organisation),
        ("/Organisation/Actions", views.actions),
        ("/BrandingThemes", views.themes),
        ("/BrandingThemes/<theme_id>", views.themes),
        ("/Accounts", views.accounts),
        ("/Currencies", views.currencies),
        ("/TaxRates", views.tax_rates),
        ("/Users", views.users),
        ("/Users/<user_id>", views.users),
        ("/InvoiceReminders/Settings", views.reminders),
        ("/Reports/AgedReceivablesByContact", views.aged_receivables),
    ):
        blueprint.add_url_rule(f"{API_PATH}{path}", path, view, methods=["GET"])


class _Views:
    def __init__(self, api: XeroApi) -> None:
        self._api = api
        self._ledger: XeroLedger = api.ledger

    def organisation(self) -> Response:
        return self._api.answer("Organisations", [organisation_form(self._ledger)])

    def actions(self) -> Response:
        refused = {name.strip() for name in self._ledger.setting("actions_not_allowed").split(",")}
        rows = [
            {"Name": name, "Status": "NOT-ALLOWED" if name in refused else "ALLOWED"}
            for name in ACTIONS
        ]
        return self._api.answer("Actions", rows)

    def themes(self, theme_id: str = "") -> Response:
        rows = [
            {
                "BrandingThemeID": wire.mapped_guid("theme", name),
                "Name": name,
                "Type": "INVOICE",
                "SortOrder": order,
                "CreatedDateUTC": wire.ms_moment(FOUNDED),
            }
            for order, name in enumerate(("Standard", "Very orange invoice!"))
        ]
        guid = wire.guid(theme_id)
        rows = [row for row in rows if not theme_id or row["BrandingThemeID"] == guid]
        return self._api.answer("BrandingThemes", rows)

    def accounts(self) -> Response:
        rows = [
            {
                "AccountID": wire.mapped_guid("account", code),
                "Code": code,
                "Name": name,
                "Type": kind,
                "Status": status,
                "EnablePaymentsToAccount": payable,
                "UpdatedDateUTC": wire.ms_moment(FOUNDED),
            }
            for code, name, kind, status, payable in ACCOUNTS
        ]
        return self._api.answer("Accounts", rows)

    def currencies(self) -> Response:
        rows = [{"Code": code, "Description": code} for code in self._ledger.currencies]
        return self._api.answer("Currencies", rows)

    def tax_rates(self) -> Response:
        rows = [
            {
                "Name": name,
                "TaxType": tax_type,
                "CanApplyToAssets": True,
                "CanApplyToEquity": True,
                "CanApplyToExpenses": True,
                "CanApplyToLiabilities": True,
                "CanApplyToRevenue": True,
                "DisplayTaxRate": rate * 100,
                "EffectiveRate": rate * 100,
                "Status": "ACTIVE",
                "TaxComponents": [
                    {"Name": name, "Rate": rate * 100, "IsCompound": False}
                    | {"IsNonRecoverable": False}
                ],
            }
            for name, tax_type, rate in (
                *((f"Tax {code}", code, rate) for code, rate in TAX_RATES.items()),
                ("No tax", "NONE", Decimal("0.00")),
            )
        ]
        return self._api.answer("TaxRates", rows)

    def users(self, user_id: str = "") -> Response:
        row = {
            "UserID": wire.mapped_guid("user", "sandbox"),
            "EmailAddress": "owner@example.com",
            "FirstName": "Olive",
            "LastName": "Owner",
            "UpdatedDateUTC": wire.ms_moment(FOUNDED),
            "IsSubscriber": True,
            "OrganisationRole": "STANDARD",
        }
        if user_id and wire.guid(user_id) != row["UserID"]:
            raise not_found()
        return self._api.answer("Users", [row])

    def reminders(self) -> Response:
        enabled = self._ledger.setting("reminders_enabled")
        return self._api.answer("InvoiceReminders", [{"Enabled": enabled}])

    def aged_receivables(self) -> Response:
        contact_id = request.args.get("contactId") or request.args.get("contactID") or ""
        if not wire.guid(contact_id):
            raise invalid("The contactId parameter is required")
        contact = find_contact(self._ledger, contact_id)
        on = wire.read_day(request.args.get("date") or self._ledger.today)
        rows = []
        for invoice in contact.invoices:
            if invoice.type == "ACCREC" and invoice.status == "AUTHORISED" and invoice.due_on:
                values = [
                    wire.iso_day(invoice.issued_on or on),
                    invoice.number,
                    wire.iso_day(invoice.due_on),
                    str(max(0, (on - invoice.due_on).days)),
                    str(invoice.total),
                    str(invoice.paid),
                    str(invoice.credited),
                    str(invoice.due),
                ]
                rows.append({"RowType": "Row", "Cells": [{"Value": value} for value in values]})
        return self._api.answer("Reports", [_report(self._ledger, contact.name, on, rows)])


def _report(ledger: XeroLedger, name: str, on: date, rows: list[Json]) -> Json:
    titles = ("Date", "Number", "Due Date", "Overdue", "Total", "Paid", "Credited", "Due")
    header = {"RowType": "Header", "Cells": [{"Value": title} for title in titles]}
    return {
        "ReportID": "AgedReceivablesByContact",
        "ReportName": "Aged Receivables By Contact",
        "ReportType": "AgedReceivablesByContact",
        "ReportTitles": ["Invoices", name, f"To {on.day} {on:%B %Y}"],
        "ReportDate": f"{on.day} {on:%B %Y}",
        "UpdatedDateUTC": wire.ms_moment(ledger.frame.now()),
        "Rows": [header, {"RowType": "Section", "Title": "", "Rows": rows}],
    }


def organisation_form(ledger: XeroLedger) -> Json:
    """The organisation as GET /Organisation shows it."""
    owner = ledger.organisation
    out: dict[str, Any] = {
        "OrganisationID": owner.id,
        "APIKey": "SANDBOXAPIKEYNOTASECRETBUTTREATITSO",
        "Name": owner.name,
        "LegalName": owner.name,
        "PaysTax": True,
        "Version": VERSIONS.get(owner.country, "GLOBAL"),
        "OrganisationType": "COMPANY",
        "BaseCurrency": owner.currency,
        "CountryCode": owner.country,
        "IsDemoCompany": ledger.setting("plan") == "demo",
        "OrganisationStatus": "ACTIVE",
        "FinancialYearEndDay": 31,
        "FinancialYearEndMonth": 3,
        "SalesTaxBasis": "NONE",
        "SalesTaxPeriod": "NONE",
        "DefaultSalesTax": "Tax Exclusive",
        "DefaultPurchasesTax": "Tax Exclusive",
        "CreatedDateUTC": wire.ms_moment(FOUNDED),
        "OrganisationEntityType": "COMPANY",
        "Timezone": WINDOWS_ZONES.get(owner.time_zone, "UTC"),
        "ShortCode": "!sAndB",
        "Class": {"demo": "DEMO", "trial": "TRIAL"}.get(ledger.setting("plan"), "PREMIUM"),
        "Edition": "BUSINESS",
        "RegistrationNumber": owner.registration_number,
        "TaxNumber": owner.tax_number,
        "Addresses": [
            {
                "AddressType": kind,
                "AddressLine1": owner.place.street,
                **place_fields(*owner.place[1:], owner.country),
            }
            for kind in ("STREET", "POBOX")
        ],
        "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": owner.phone}],
        "ExternalLinks": [],
        "PaymentTerms": {},
    }
    for key, name in (
        ("PeriodLockDate", "period_lock_date"),
        ("EndOfYearLockDate", "end_of_year_lock_date"),
    ):
        if text := ledger.setting(name):
            out[key] = wire.ms_date(date.fromisoformat(text))
    out.update(ledger.organisation_fields)
    return out
