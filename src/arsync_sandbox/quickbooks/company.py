"""The company: its name and place, its preferences, and the contents of a new company."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from arsync_sandbox.platform import SandboxOrganisation
from arsync_sandbox.quickbooks.ledger import QuickBooksLedger
from arsync_sandbox.quickbooks.wire import ZERO, Doc, stamp

DEFAULT_REALM = "9341453000000001"
"""The realmId when none was asked for."""

UNDEPOSITED_FUNDS = "4"
"""The account that holds payments until they are deposited."""

READ_ONLY_STATUSES = frozenset({"RESTRICTED", "SUSPENDED", "EXPIRED", "CANCELLED"})
"""Subscription states in which writes are refused."""

_COUNTRIES = {
    "AU": "AUS",
    "CA": "CAN",
    "DE": "DEU",
    "FR": "FRA",
    "GB": "GBR",
    "IE": "IRL",
    "IN": "IND",
    "MX": "MEX",
    "NZ": "NZL",
    "US": "USA",
    "ZA": "ZAF",
}
_CURRENCIES = {
    "AUD": "Australian Dollar",
    "CAD": "Canadian Dollar",
    "CHF": "Swiss Franc",
    "EUR": "Euro",
    "GBP": "British Pound Sterling",
    "INR": "Indian Rupee",
    "JPY": "Japanese Yen",
    "NZD": "New Zealand Dollar",
    "USD": "United States Dollar",
}


def currency_ref(code: str) -> Doc:
    """A reference to a currency, with its name where it is a common one."""
    return {"value": code, "name": _CURRENCIES.get(code, code)}


class SandboxCompany:
    """One company's own documents, and the questions that other documents ask of it.

    Args:
        ledger: the books; the company's documents and first lists are put there.
        organisation: whose company it is.
    """

    def __init__(self, ledger: QuickBooksLedger, organisation: SandboxOrganisation) -> None:
        self.realm = organisation.id
        self._ledger = ledger
        self._known: dict[str, tuple[int, Doc]] = {}
        ledger.take("CompanyInfo", self._info(organisation))
        ledger.take("Preferences", self._preferences(organisation))
        for entity, docs in _FIRST_LISTS.items():
            for doc in docs:
                ledger.take(entity, self._whole(doc))

    def _whole(self, doc: Doc) -> Doc:
        now = stamp(self._ledger.moment())
        meta = {"CreateTime": now, "LastUpdatedTime": now}
        return {**doc, "domain": "QBO", "sparse": False, "SyncToken": "0", "MetaData": meta}

    def _info(self, organisation: SandboxOrganisation) -> Doc:
        country = _COUNTRIES.get(organisation.country, organisation.country)
        street, city, region, postcode = organisation.place
        address = {"Line1": street, "City": city, "PostalCode": postcode, "Country": country}
        if region:
            address["CountrySubDivisionCode"] = region
        return self._whole(
            {
                "Id": "1",
                "CompanyName": organisation.name,
                "LegalName": organisation.name,
                "CompanyAddr": {"Id": "1", **address},
                "CustomerCommunicationAddr": {"Id": "1", **address},
                "LegalAddr": {"Id": "1", **address},
                "PrimaryPhone": {"FreeFormNumber": organisation.phone},
                "Country": country,
                "Email": {"Address": organisation.email},
                "DefaultTimeZone": organisation.time_zone,
                "FiscalYearStartMonth": "January",
                "SupportedLanguages": "en",
                "NameValue": [
                    {"Name": "SubscriptionStatus", "Value": "SUBSCRIBED"},
                    {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
                ],
            }
        )

    def _preferences(self, organisation: SandboxOrganisation) -> Doc:
        home = {"value": organisation.currency}
        message = {
            "Subject": f"Invoice from {organisation.name}",
            "Message": "Please find your invoice attached. Thank you for your business.",
        }
        return self._whole(
            {
                "Id": "1",
                "AccountingInfoPrefs": {"CustomerTerminology": "Customers"},
                "SalesFormsPrefs": {
                    "CustomTxnNumbers": False,
                    "AutoApplyCredit": False,
                    "AutoApplyPayments": False,
                    "EmailCopyToCompany": False,
                    "ETransactionPaymentEnabled": False,
                    "CustomField": [],
                },
                "EmailMessagesPrefs": {"InvoiceMessage": message},
                "TaxPrefs": {"UsingSalesTax": False, "PartnerTaxEnabled": False},
                "CurrencyPrefs": {"MultiCurrencyEnabled": False, "HomeCurrency": home},
                "ReportPrefs": {"CalcAgingReportFromTxnDate": False},
                "OtherPrefs": {"NameValue": []},
            }
        )

    # Answers

    def info(self) -> Doc:
        """The CompanyInfo document."""
        return self._the("CompanyInfo")

    def preferences(self) -> Doc:
        """The Preferences document."""
        return self._the("Preferences")

    def _the(self, entity: str) -> Doc:
        return next(iter(self._ledger.tables[entity])).doc()

    def _read(self, entity: str) -> Doc:
        """The same, remembered while nothing changes: to read, not to keep."""
        table = self._ledger.tables[entity]
        remembered = self._known.get(entity)
        if remembered is None or remembered[0] != table.version:
            remembered = self._known[entity] = (table.version, self._the(entity))
        return remembered[1]

    def today(self) -> date:
        """The company's day."""
        zone = self._read("CompanyInfo").get("DefaultTimeZone") or "America/Los_Angeles"
        return self._ledger.now().astimezone(ZoneInfo(zone)).date()

    @property
    def home_currency(self) -> str:
        """The currency that the books are kept in."""
        code: str = self._read("Preferences")["CurrencyPrefs"]["HomeCurrency"]["value"]
        return code

    @property
    def multicurrency(self) -> bool:
        """Whether documents may be in other currencies."""
        return bool(self._read("Preferences")["CurrencyPrefs"].get("MultiCurrencyEnabled"))

    @property
    def custom_numbers(self) -> bool:
        """Whether users number documents themselves."""
        return bool(self._read("Preferences")["SalesFormsPrefs"].get("CustomTxnNumbers"))

    @property
    def closed_until(self) -> str:
        """The last closed day as a text, or nothing."""
        return str(self._read("Preferences")["AccountingInfoPrefs"].get("BookCloseDate") or "")

    @property
    def read_only(self) -> bool:
        """Whether the subscription has ended."""
        return any(
            pair["Name"] == "SubscriptionStatus" and pair["Value"] in READ_ONLY_STATUSES
            for pair in self._read("CompanyInfo").get("NameValue", ())
        )

    def invoice_message(self) -> tuple[str, str]:
        """Subject and text of the emails that carry invoices."""
        message = self._read("Preferences")["EmailMessagesPrefs"]["InvoiceMessage"]
        return message.get("Subject", ""), message.get("Message", "")

    # What a person changes in the settings

    def prefer(self, section: str, **values: object) -> None:
        """Change preferences as a person does in the company's settings."""
        doc = self.preferences()
        doc[section] = {**doc.get(section, {}), **values}
        self._ledger.change("Preferences", doc)

    def subscribe(self, status: str) -> None:
        """Change the state of the subscription."""
        doc = self.info()
        others = [pair for pair in doc["NameValue"] if pair["Name"] != "SubscriptionStatus"]
        doc["NameValue"] = [*others, {"Name": "SubscriptionStatus", "Value": status}]
        self._ledger.change("CompanyInfo", doc)


def _account(id_: str, name: str, kind: str, classification: str) -> Doc:
    return {
        "Id": id_,
        "Name": name,
        "FullyQualifiedName": name,
        "AccountType": kind,
        "Classification": classification,
        "Active": True,
        "SubAccount": False,
        "CurrentBalance": ZERO,
    }


def _item(id_: str, name: str, price: str) -> Doc:
    return {
        "Id": id_,
        "Name": name,
        "FullyQualifiedName": name,
        "Active": True,
        "Type": "Service",
        "UnitPrice": Decimal(price),
        "Taxable": False,
        "IncomeAccountRef": {"value": "82", "name": "Services"},
        "TrackQtyOnHand": False,
    }


def _tax_code(id_: str, name: str) -> Doc:
    return {
        "Id": id_,
        "Name": name,
        "Description": name,
        "Active": True,
        "Hidden": False,
        "Taxable": True,
        "TaxGroup": True,
        "SalesTaxRateList": {"TaxRateDetail": []},
        "PurchaseTaxRateList": {"TaxRateDetail": []},
    }


def term(name: str, days: int) -> Doc:
    """Payment terms of so many days after the invoice."""
    return {
        "Name": name,
        "Active": True,
        "Type": "Standard",
        "DueDays": days,
        "DiscountDays": 0,
        "DiscountPercent": ZERO,
    }


_FIRST_LISTS: dict[str, list[Doc]] = {
    "Account": [
        _account("4", "Undeposited Funds", "Other Current Asset", "Asset"),
        _account("35", "Checking", "Bank", "Asset"),
        _account("82", "Services", "Income", "Revenue"),
        _account("84", "Accounts Receivable (A/R)", "Accounts Receivable", "Asset"),
    ],
    "Item": [_item("1", "Services", "0"), _item("19", "Late fee", "25.00")],
    "PaymentMethod": [
        {"Id": "1", "Name": "Cash", "Active": True, "Type": "NON_CREDIT_CARD"},
        {"Id": "2", "Name": "Check", "Active": True, "Type": "NON_CREDIT_CARD"},
    ],
    "TaxCode": [
        _tax_code("2", "California"),
        _tax_code("3", "Tucson"),
    ],
    "Term": [
        {"Id": "1", **term("Due on receipt", 0)},
        {"Id": "2", **term("Net 15", 15)},
        {"Id": "3", **term("Net 30", 30)},
        {"Id": "4", **term("Net 60", 60)},
    ],
}
